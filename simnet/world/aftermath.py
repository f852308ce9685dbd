"""What is told of a run when it is over: how much of the network was used, and notes for who reads its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Any

import networkx as nx
from numpy.typing import NDArray

from simnet.models.graph import Part
from simnet.network.topology import Topology
from simnet.results.lives import Lives
from simnet.results.notes import load_notes, unfinished_note, view_notes, way_back_note
from simnet.results.steps import Step
from simnet.results.usage.columns import Steps
from simnet.results.usage.stations import places_of
from simnet.results.usage.usage import Usage, usage_of
from simnet.scenario import Scenario
from simnet.world.captures import Captures
from simnet.world.plan import Plan


def used(scenario: Scenario, network: Topology, spans: Sequence[Step], captured: Captures, end: float) -> Usage:
    """How much of every place was used; `spans` are all of the run, which ended at `end` (s)."""
    there = places_of(scenario.nodes, scenario.links, network.links, network.bandwidths)
    return usage_of(there, Steps.of(spans, network.joined), end, captured_for(scenario, captured))


def captured_for(scenario: Scenario, captured: Captures) -> float | None:
    """Seconds in which samples are captured: the scenario's duration, or from the first to the last and one mean
    interval; None with one sample only."""
    count = len(captured)
    if scenario.duration is not None or count < 2:
        return scenario.duration
    return float(captured.times[-1] - captured.times[0]) * count / (count - 1)


def notes_of(scenario: Scenario, plan: Plan, lives: Lives, views: NDArray[Any], usage: Usage) -> list[str]:
    """Notes on one system; `views` has the mask of the views in each sample's answer."""
    name, seen = plan.name, {place.site: place.views for place in plan.places}
    back = ways_back(scenario, plan)
    return [
        *load_notes(name, usage),
        *unfinished_note(name, lives),
        *view_notes(name, lives, views, seen),
        *(note for exit_name, seconds in back for note in way_back_note(name, lives, exit_name, seconds)),
    ]


def ways_back(scenario: Scenario, plan: Plan) -> Iterator[tuple[str, float]]:
    """Exits that another node asks for an answer, with the s that its way back would take at least.

    They are those whose segment runs elsewhere than that of the exit before.
    """
    latencies = nx.DiGraph()
    latencies.add_nodes_from(scenario.nodes)
    latencies.add_weighted_edges_from((link.source, link.target, link.latency) for link in scenario.links)
    for before, exit_name in pairwise(plan.exits):
        found = []
        for place in plan.places:
            hosts = plan.kind.hosts(plan.graph, place, plan.options)
            asking, asked = (
                {node for node, parts in hosts.items() if Part(plan.graph.exits[one].name) in parts}
                for one in (before, exit_name)
            )
            for source, target in product(asked - asking, asking - asked):
                if nx.has_path(latencies, source, target):
                    found.append(float(nx.dijkstra_path_length(latencies, source, target)))
        if found:
            yield exit_name, min(found)
