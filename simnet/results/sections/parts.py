"""Sections with the numbers of each part of the samples apart, such as its classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from simnet.results.cells import NONE, Listing, percent, time
from simnet.results.lives import Lives, Places, Words, latency_of, mean_of, places_of
from simnet.results.section import Played, Section
from simnet.results.sections.deadlines import FORM, deadlines_of
from simnet.results.tables import ANY, NUMBER


class Parts(Section):
    """Each part's samples, accuracy, latency, exits and deadlines, by its name; none where no sample has a part."""

    one: ClassVar[str]
    """What a part is called in a table's heading."""
    form: ClassVar[Mapping[str, Any]] = {
        ANY: {
            **dict.fromkeys(("captured", "answered"), int),
            "accuracy": NUMBER,
            "latency": dict.fromkeys(("mean", "p95"), NUMBER),
            "exits": {ANY: {"share": NUMBER}},
            "deadlines?": FORM,
        }
    }

    @abstractmethod
    def parts(self, lives: Lives) -> Words:
        """The part of each sample; None without."""

    def of(self, run: Played) -> dict[str, Any] | None:
        """See the class; parts are in order of the alphabet: that of the first sample would depend on chance."""
        group = places_of(self.parts(run.lives))
        group.pop(None, None)
        return {name: _part(run.lives, group[name], run.exits) for name in sorted(group)} or None

    def rows(self, found: Mapping[str, Any]) -> dict[str, str]:
        """None: they have a table."""
        return {}

    def table(self, found: Mapping[str, Mapping[str, Any]]) -> Listing:
        """The parts of each system."""
        timed = any("deadlines" in part for parts in found.values() for part in parts.values())
        heads = ["system", self.one, "answers", "accuracy", "mean", "p95", *["missed"] * timed, "exits, %"]
        listing = Listing(self.name, heads)
        for name, parts in found.items():
            listing.rows += [_row(name if not n else "", *one, timed) for n, one in enumerate(parts.items())]
            listing.rows.append(())
        return listing


def _part(lives: Lives, those: Places, exits: Sequence[str]) -> dict[str, Any]:
    answered = those[lives.answered[those]]
    times = latency_of(lives.latency[answered])
    found: dict[str, Any] = {
        "captured": len(those),
        "answered": len(answered),
        "accuracy": mean_of(lives.correct[answered]),
        "accuracy_of_captured": mean_of(lives.correct[those]),
        "latency": {key: times[key] for key in ("mean", "p50", "p95", "p99")},
        "exits": lives.exits(exits, those),
    }
    if lives.due[those].any():
        found["deadlines"] = deadlines_of(lives, those)
    return found


def _row(system: str, place: str, part: Mapping[str, Any], timed: bool) -> list[str]:
    shares = [of["share"] for of in part["exits"].values()]
    return [
        system,
        place,
        f"{part['answered']:,}/{part['captured']:,}",
        percent(part["accuracy"]),
        *(time(part["latency"][key]) for key in ("mean", "p95")),
        *[percent(part.get("deadlines", {}).get("miss_rate"))] * timed,
        "/".join(NONE if share is None else f"{100 * share:.0f}" for share in shares),
    ]
