"""What a sample costs in joules that leaves at each exit, measured in a scenario's own network: costs for a budget."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import numpy as np

from simnet.models.data.base import Dataset
from simnet.results.ledger import Ledger
from simnet.results.steps import Steps
from simnet.scenario import Scenario
from simnet.world.captures import alike, captures, images_of
from simnet.world.plan import Plan
from simnet.world.run import Options, answers_of
from simnet.world.world import World

SAMPLES = 100
"""So many samples, or as many as the scenario has, are made to leave at each exit (our choice)."""


class NoJoulesError(ValueError):
    """No cost in joules can be told of an exit; the message says why."""


def joules_until(scenario: Scenario, plan: Plan, data: Dataset, options: Options) -> Mapping[str, float]:
    """Mean joules of a sample that leaves at each exit, in order: computing, sending and receiving, not idling.

    The scenario is played once for each exit, without its faults, and all of its samples are made to leave there.
    Raises NoJoulesError where no node has a power model, or no sample gets there.
    """
    if not any(node.power for node in scenario.nodes.values()):
        raise NoJoulesError("no node has a 'power' model: nothing is measured")
    sound = scenario.model_copy(update={"faults": []})
    captured = captures(sound)
    rows = images_of(sound, len(captured), len(data))
    opinions = answers_of(plan, data, alike(sound, captured, plan.seeing), rows, options).opinions
    found = {}
    for chosen in plan.exits:

        def ask(exit_name: str, sample: int, upstream: int, chosen: str = chosen) -> tuple[int, float]:
            return 0, -inf if exit_name == chosen else inf

        world = World(sound, plan, ask, captured, opinions, data.labels[rows].tolist())
        world.play()
        up_times = {node.name: node.up_time for node in world.network.nodes.values()}
        network = world.network
        ledger = Ledger(sound.nodes, Steps.of(network.spans, network.joined), up_times, len(captured))
        decisions = [None if one is None else one.decision for one in world.endings]
        left = np.array([one is not None and one.exit == chosen and not one.forced for one in decisions])
        if not left.any():
            raise NoJoulesError(f"no sample leaves at {chosen} there, whatever T is")
        found[chosen] = float(ledger.samples[left].mean())
    return found
