"""What a run cost in operations: the section `flop`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from simnet.results.section import Played, Section
from simnet.results.tables import ANY, NUMBER


class Flop(Section):
    """FLOP that nodes did for the samples that count: in all, for each captured sample, and by node.

    Of a call that was interrupted the part that was done by then; decisions and whatever else belongs to no sample are
    not in it.
    """

    name = "flop"
    beside = "costs"
    form: ClassVar[Mapping[str, Any]] = {"per_sample": NUMBER, "nodes": {ANY: int}}

    def of(self, run: Played) -> dict[str, Any]:
        """See the class."""
        nodes: dict[str, int] = {}
        for steps in run.recorded.parts():
            those = steps.computing & (steps.sample >= run.warm_up)
            place, done = steps.place[those], np.zeros(len(steps.places), np.int64)
            np.add.at(done, place, steps.size[those])
            calls = np.bincount(place, minlength=len(steps.places)).tolist()
            for name, n, some in zip(steps.places, done.tolist(), calls, strict=True):
                if some:
                    nodes[name] = nodes.get(name, 0) + n
        total, captured = sum(nodes.values()), len(run.lives)
        ordered = {name: nodes[name] for name in run.scenario.nodes if name in nodes}
        return {"total": total, "per_sample": total / captured if captured else None, "nodes": ordered}

    def rows(self, found: Mapping[str, Any]) -> dict[str, str]:
        """FLOP for each captured sample."""
        per_sample = found["per_sample"]
        return {} if per_sample is None else {"FLOP per sample": f"{per_sample / 1e6:.3g} M"}
