"""The section `budget`: what thresholds followed, and what samples cost (docs/results.md defines every key)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from simnet.results.section import Played, Section
from simnet.results.tables import ANY, NUMBER

UNITS = {"bytes": "B", "flop": "FLOP", "energy": "J"}


class Budget(Section):
    """The limit, the mean cost, and T at the end and at their extremes; none where no budget is set."""

    name = "budget"
    form: ClassVar[Mapping[str, Any]] = {
        "measured": str, "limit": NUMBER, "mean": NUMBER, "steps": int, "above": int,
        "thresholds": {ANY: {"last": NUMBER, "least": NUMBER, "most": NUMBER}},
    }  # fmt: skip

    def of(self, run: Played) -> Mapping[str, Any] | None:
        """See the class."""
        return run.budget

    def rows(self, found: Mapping[str, Any]) -> dict[str, str]:
        """The mean cost beside the limit, and T at the end."""
        unit = UNITS.get(found["measured"], "")
        mean = "–" if found["mean"] is None else f"{found['mean']:.4g}"
        last = ", ".join(f"{name} {t['last']:.3g}" for name, t in found["thresholds"].items())
        return {"cost of a sample": f"{mean} of {found['limit']:.4g} {unit}", "T at the end": last}
