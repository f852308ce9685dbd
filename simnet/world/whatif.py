"""What if: the same run again with one thing changed, and what becomes of a sample then.

Captures, images, faults and all random draws are the same, and the network's answers are known or asked for: the replay
is exact. A change of one sample can reach others, through queues; how many is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from simnet.models.data.base import Dataset
from simnet.network.faults.spec import Fault
from simnet.results.lives import Lives
from simnet.results.steps import Steps
from simnet.scenario import Scenario
from simnet.systems.base import Ask
from simnet.world.captures import alike, captures, images_of
from simnet.world.plan import Plan
from simnet.world.recording import samples_table, views_of
from simnet.world.run import Options, answers_of
from simnet.world.world import World

Row = dict[str, Any]
"""A sample: the columns of `samples.parquet`."""


class NoChangeError(ValueError):
    """What is asked for is no change of this run."""


@dataclass(frozen=True)
class Exit:
    """A sample leaves at this exit, whatever its measure says."""

    sample: int
    name: str

    def asking(self, ask: Ask, exits: Sequence[str]) -> Ask:
        """Answers as ever, but for how sure the sample is at this exit and the others."""

        def changed(exit_name: str, sample: int, upstream: int) -> tuple[int, float]:
            prediction, measure = ask(exit_name, sample, upstream)
            if sample == self.sample:
                measure = -inf if exit_name == self.name else inf
            return prediction, measure

        return changed


def played(scenario: Scenario, plan: Plan, data: Dataset, options: Options, leaving: Exit | None = None) -> list[Row]:
    """All samples of a system, in order; with `leaving` as if one left at another exit."""
    captured = captures(scenario)
    rows = images_of(scenario, len(captured), len(data))
    answers = answers_of(plan, data, alike(scenario, captured, plan.seeing), rows, options)
    ask = answers.get if leaving is None else leaving.asking(answers.get, plan.exits)
    labels = data.labels[rows]
    world = World(scenario, plan, ask, captured, answers.opinions, labels.tolist())
    try:
        world.play()
    finally:
        answers.save()
    lives = Lives.of(captured, labels, world.endings, world.env.now, rows)
    table = samples_table(lives, world.endings, Steps.of(world.network.spans), None, views_of(plan.graph))
    return list(table.to_pylist())


def with_node(scenario: Scenario, node: str, up: bool) -> Scenario:
    """The scenario with a node that never fails, or that is down from the beginning to the end.

    Raises NoChangeError for a node that there is not, or that never fails.
    """
    if node not in scenario.nodes:
        raise NoChangeError(f"there is no node {node!r} in the run (there are {', '.join(scenario.nodes)})")
    others = [fault for fault in scenario.faults if not (fault.node == node and fault.action == "down")]
    if up and len(others) == len(scenario.faults):
        raise NoChangeError(f"{node} is never down in the run")
    down = [] if up else [Fault(name=f"{node} down", node=node, action="down")]
    return scenario.model_copy(update={"faults": [*others, *down]})


def with_threshold(scenario: Scenario, system: str, threshold: float) -> Scenario:
    """The scenario with one T for every exit but the last of a system."""
    spec = scenario.systems[system].model_copy(update={"thresholds": threshold})
    return scenario.model_copy(update={"systems": {**scenario.systems, system: spec}})


def changed(before: Sequence[Row], after: Sequence[Row], sample: int) -> int:
    """How many other samples ended otherwise: at another exit, with another answer or at another time."""
    keys = ("outcome", "exit", "prediction", "latency")
    pairs = zip(before, after, strict=True)
    return sum(n != sample and any(a[key] != b[key] for key in keys) for n, (a, b) in enumerate(pairs))
