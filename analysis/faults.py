"""The faults of a run, as what a figure needs: when, where, and how to call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from simnet.language.names import LINK_ARROW
from simnet.language.units import format_bandwidth
from simnet.results.run import Results


@dataclass(frozen=True)
class Fault:
    """One fault, from `start` to `end` seconds (infinite if it stays), at some places; `down` if it is an outage.

    `name` is what the scenario calls it, `what` what it does.
    """

    start: float
    end: float
    places: frozenset[str]
    label: str
    down: bool
    name: str = ""
    what: str = ""

    def hits(self, place: str) -> bool:
        """Whether this fault is at `place`: a node's name, or ``source→target`` of a link."""
        return place in self.places

    def overlaps(self, start: float, end: float) -> bool:
        """Whether the fault is in effect somewhere between `start` and `end`, in seconds."""
        return self.start < end and start < self.end


def faults_of(run: Results) -> list[Fault]:
    """What faults did in a run, in order of their beginning.

    Raises:
        RunError: the table of incidents is damaged.
    """
    longest = max(run.systems, key=lambda name: run.summary["systems"][name].get("simulated_time") or 0.0)
    incidents = run.incidents(longest)
    return [] if incidents is None else [_incident(row) for row in incidents.to_pylist()]


def _incident(row: Mapping[str, Any]) -> Fault:
    action, value = row["action"], row["value"]
    if action == "slow":
        what = f"{value:g}× slower"
    elif action == "bandwidth":
        what = f"at {format_bandwidth(value)}"
    else:
        what = f"loses {100 * value:g} %" if action == "loss" else action
    end = inf if row["ended"] is None else row["ended"]
    label = f"{row['target']} {what}"
    return Fault(row["began"], end, frozenset({row["target"]}), label, action == "down", row["fault"], what)


@dataclass(frozen=True)
class Group:
    """What one fault of the scenario did, at all its places and times: `spells` are from when to when, in s."""

    label: str
    places: frozenset[str]
    spells: tuple[tuple[float, float], ...]


def together(faults: Iterable[Fault]) -> list[Group]:
    """Faults of one name and effect as one, with one label: `rain (loses 30 %, 6 links)`; in order of their begin."""
    same: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        same.setdefault((fault.name, fault.what or fault.label), []).append(fault)
    return [
        Group(
            _label(those),
            frozenset(place for fault in those for place in fault.places),
            tuple(sorted({(fault.start, fault.end) for fault in those})),
        )
        for those in same.values()
    ]


def _label(faults: Sequence[Fault]) -> str:
    """What they are called: by the place, if it is one node, link or connection."""
    first, places = faults[0], sorted({place for fault in faults for place in fault.places})
    links = {frozenset(place.split(LINK_ARROW)) for place in places if LINK_ARROW in place}
    nodes = [place for place in places if LINK_ARROW not in place]
    if len(places) == 1 or not first.what:
        return first.label
    if len(links) == 1 and not nodes:  # both directions
        return f"{places[0].replace(LINK_ARROW, '–')} {first.what}"
    counts = [f"{len(some)} {what}" for some, what in ((nodes, "nodes"), (links, "links")) if some]
    return f"{first.name} ({first.what}, {', '.join(counts)})"
