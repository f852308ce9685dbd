"""The faults of a run, as what a figure needs: when, where, and how to call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from simnet.language.names import LINK_ARROW
from simnet.language.units import TIME, format_bandwidth
from simnet.results.run import Results


@dataclass(frozen=True)
class Fault:
    """One fault, from `start` to `end` seconds (infinite if it stays), at some places; `down` if it is an outage."""

    start: float
    end: float
    places: frozenset[str]
    label: str
    down: bool

    def hits(self, place: str) -> bool:
        """Whether this fault is at `place`: a node's name, or ``source→target`` of a link."""
        return place in self.places

    def overlaps(self, start: float, end: float) -> bool:
        """Whether the fault is in effect somewhere between `start` and `end`, in seconds."""
        return self.start < end and start < self.end


def faults_of(run: Results) -> list[Fault]:
    """What faults did in a run, in order of their beginning; what an older run's scenario says they would.

    Raises:
        ValueError: a time in the scenario is no time.
        RunError: the table of incidents is damaged.
    """
    longest = max(run.systems, key=lambda name: run.summary["systems"][name].get("simulated_time") or 0.0)
    incidents = run.incidents(longest)
    return read_faults(run.scenario) if incidents is None else [_incident(row) for row in incidents.to_pylist()]


def _incident(row: Mapping[str, Any]) -> Fault:
    action, value = row["action"], row["value"]
    if action == "slow":
        what = f"{value:g}× slower"
    elif action == "bandwidth":
        what = f"at {format_bandwidth(value)}"
    else:
        what = f"loses {100 * value:g} %" if action == "loss" else action
    end = inf if row["ended"] is None else row["ended"]
    return Fault(row["began"], end, frozenset({row["target"]}), f"{row['target']} {what}", down=action == "down")


def read_faults(scenario: Mapping[str, Any]) -> list[Fault]:
    """Faults of a resolved scenario in order of their start; an "up" ends the outages of its target and nothing else.

    Raises:
        ValueError: a time is no time.
    """
    entries = sorted(scenario.get("faults") or [], key=lambda entry: TIME.parse(entry["at"]))
    faults: list[Fault] = []
    for entry in entries:
        fault = _fault(entry)
        if entry.get("is") != "up":
            faults.append(fault)
            continue
        for number, other in enumerate(faults):
            if other.down and other.end > fault.start and other.places <= fault.places:
                faults[number] = replace(other, end=fault.start)
    return [fault for fault in faults if fault.end > fault.start]


def _fault(entry: Mapping[str, Any]) -> Fault:
    start = TIME.parse(entry["at"])
    lasts = entry.get("for")
    if entry.get("node") is not None:
        name = str(entry["node"])
        places = {name}
    else:
        here, there = map(str, entry["link"])
        ways = {"up": (here, there), "down": (there, here)}
        places = {LINK_ARROW.join(way) for side, way in ways.items() if entry.get("direction") in (None, side)}
        name = min(places) if len(places) == 1 else f"{here}–{there}"
    if entry.get("slow") is not None:
        what = f"{entry['slow']:g}× slower"
    else:
        what = f"at {entry['bandwidth']}" if entry.get("bandwidth") is not None else str(entry.get("is"))
    end = inf if lasts is None else start + TIME.parse(lasts)
    return Fault(start, end, frozenset(places), f"{name} {what}", down=entry.get("is") == "down")
