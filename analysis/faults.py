"""The faults of a run, as what a figure needs: when, where, and how to call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from simnet.language.units import format_bandwidth
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
    return Fault(row["began"], end, frozenset({row["target"]}), f"{row['target']} {what}", down=action == "down")
