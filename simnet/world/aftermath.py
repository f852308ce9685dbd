"""What is told of a run when it is over: how much of the network was used, and notes for who reads its numbers."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from simnet.network.topology import Topology
from simnet.results.kept.recorded import Recorded
from simnet.results.lives import Lives
from simnet.results.notes import load_notes, unfinished_note, view_notes
from simnet.results.usage.stations import places_of
from simnet.results.usage.usage import Usage, usage_of
from simnet.scenario import Scenario
from simnet.world.captures import Captures
from simnet.world.plan import Plan


def used(scenario: Scenario, network: Topology, steps: Recorded, captured: Captures, end: float) -> Usage:
    """How much of every place was used; `steps` are all of the run, which ended at `end` (s)."""
    there = places_of(scenario.nodes, scenario.links, network.links, network.bandwidths)
    return usage_of(there, steps, end, captured_for(scenario, captured))


def captured_for(scenario: Scenario, captured: Captures) -> float | None:
    """Seconds in which samples are captured: the scenario's duration, or from the first to the last and one mean
    interval; None with one sample only."""
    count = len(captured)
    if scenario.duration is not None or count < 2:
        return scenario.duration
    return float(captured.times[-1] - captured.times[0]) * count / (count - 1)


def notes_of(plan: Plan, lives: Lives, views: NDArray[Any], usage: Usage) -> list[str]:
    """Notes on one system; `views` has the mask of the views in each sample's answer."""
    name, seen = plan.name, {place.site: place.views for place in plan.places}
    return [
        *load_notes(name, usage),
        *unfinished_note(name, lives),
        *view_notes(name, lives, views, seen),
    ]
