"""The faults of a resolved scenario, as what a figure needs: when, where, and how to call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf
from typing import Any

from simnet.scenario.units import TIME

ARROW = "→"


@dataclass(frozen=True)
class Fault:
    """One fault, from `start` to `end` seconds (infinite if it stays), at a node or at a link."""

    start: float
    end: float
    targets: tuple[str, ...]
    label: str

    def hits(self, place: str) -> bool:
        """Whether this fault is at `place`, a node's name or a link's ``source→target`` in either direction."""
        ends = place.split(ARROW)
        if len(ends) != len(self.targets):
            return False
        orders = (ends, ends[::-1])
        return any(all(map(fnmatchcase, order, self.targets)) for order in orders)

    def overlaps(self, start: float, end: float) -> bool:
        """Whether the fault is in effect somewhere between `start` and `end`, in seconds."""
        return self.start < end and start < self.end


def read_faults(scenario: Mapping[str, Any]) -> list[Fault]:
    """Faults of a resolved scenario in order of their start.

    Raises:
        ValueError: a time is no time.
    """
    faults = [_fault(entry) for entry in scenario.get("faults") or []]
    return sorted(faults, key=lambda fault: fault.start)


def _fault(entry: Mapping[str, Any]) -> Fault:
    start = TIME.parse(entry["at"])
    duration = entry.get("for")
    targets = (str(entry["node"]),) if entry.get("node") else tuple(map(str, entry["link"]))
    what = [str(entry["is"])] if entry.get("is") else []
    # whatever else is set says what the place is reduced to: bandwidth, latency, speed ...
    known = {"at", "for", "node", "link", "is"}
    what += [f"{value}" for key, value in entry.items() if key not in known and value is not None]
    return Fault(
        start=start,
        end=inf if duration is None else start + TIME.parse(duration),
        targets=targets,
        label=f"{ARROW.join(targets)} {', '.join(what)}".strip(),
    )
