"""The faults of a run, as what a figure needs: when, where, and how to call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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


def together(faults: Iterable[Fault]) -> list[Fault]:
    """What struck at several places at once as one fault, with one label: `rain (loses 30 %, 6 links)`."""
    strikes: dict[tuple[str, str, float, float], list[Fault]] = {}
    for fault in faults:
        strikes.setdefault((fault.name, fault.what, fault.start, fault.end), []).append(fault)
    return [_one(those) for those in strikes.values()]


def _one(faults: Sequence[Fault]) -> Fault:
    places = frozenset(place for fault in faults for place in fault.places)
    links = {frozenset(place.split(LINK_ARROW)) for place in places if LINK_ARROW in place}
    nodes = {place for place in places if LINK_ARROW not in place}
    if len(places) == 1:
        return faults[0]
    first = faults[0]
    if len(links) == 1 and not nodes:  # both directions
        one, other = min(place.split(LINK_ARROW) for place in places)
        label = f"{one}–{other} {first.what}"
    else:
        counts = [f"{len(some)} {what}" for some, what in ((nodes, "nodes"), (links, "links")) if some]
        label = f"{first.name} ({first.what}, {', '.join(counts)})"
    return replace(first, places=places, label=label)
