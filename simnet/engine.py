"""From a checked scenario to results: builds the world, plays every system in it, collects the tables."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from simpy import Environment, Event

from models.cards import Card, WeightsError, read_card
from models.data import open_dataset
from models.data.base import VIEWS, ViewDataset
from simnet.events import Lost, Signal
from simnet.inference.answers import Answers, memo_folder
from simnet.inference.cost import Cost
from simnet.network import faults
from simnet.network.topology import Network
from simnet.recording import Ending, samples_table, spans_table
from simnet.results import SystemResult
from simnet.scenario import Scenario
from simnet.scenario.units import format_size
from simnet.systems import SYSTEMS
from simnet.systems.base import Ask, Camera, Place, System
from simnet.workload import arrivals

Progress = Callable[[str, int, int], None]
"""(system, samples with an outcome, samples captured in all)."""


@dataclass(frozen=True)
class Options:
    """How to run, as opposed to what: none of it changes a result (the batch size within float rounding)."""

    device: str = "auto"
    batch: int = 256
    data_dir: Path | None = None
    forced: bool = False
    memo: bool = True
    """Keep the network's answers on disk for later runs."""


def cards_of(scenario: Scenario) -> dict[str, Card]:
    """The card of every system's weights, once it is sure that they fit the scenario.

    Raises ScenarioError when weights are missing, belong to another system or data set, have no calibrated thresholds
    although these are asked for, or a segment does not fit into its node's memory.
    """
    cards = {}
    for name, spec in scenario.systems.items():
        where = ("systems", name, "weights")
        try:
            card = read_card(spec.weights)
        except WeightsError as problem:
            raise scenario.error(where, str(problem)) from None
        for key, wanted in (("system", spec.system), ("data", scenario.data)):
            if card.values[key] != wanted:
                raise scenario.error(where, f"{card.name} is for {key} {card.values[key]!r}, not {wanted!r}")
        memory = Cost(card).memory
        for node_name, node in scenario.nodes.items():
            if node.memory is not None and node.tier in memory and memory[node.tier] > node.memory:
                needed, there = format_size(memory[node.tier]), format_size(node.memory)
                raise scenario.error(
                    ("nodes", node_name, "memory"), f"the {node.tier} segment of {name} needs {needed}, not {there}"
                )
        cards[name] = card
    return cards


def thresholds_of(scenario: Scenario, name: str, card: Card) -> dict[str, float]:
    """T of every exit but the last, as the scenario says: calibrated (the card's), one for all, or each by name."""
    spec = scenario.systems[name]
    exits = SYSTEMS[spec.system].exits[:-1]
    if isinstance(spec.thresholds, float):
        return dict.fromkeys(exits, spec.thresholds)
    given = {} if spec.thresholds == "calibrated" else dict(spec.thresholds)
    return {exit_name: given.get(exit_name, card.thresholds[exit_name]) for exit_name in exits}


def cameras_of(scenario: Scenario) -> list[tuple[str, int]]:
    """Name and view (0-based) of every device, in the scenario's order."""
    devices = [(name, node) for name, node in scenario.nodes.items() if node.tier == "device"]
    return [(name, (node.view or number) - 1) for number, (name, node) in enumerate(devices, start=1)]


class World:
    """One system in a scenario's network: plays the life of every sample and notes how it ended."""

    def __init__(
        self,
        scenario: Scenario,
        name: str,
        ask: Ask,
        cost: Cost,
        thresholds: dict[str, float],
        captured: NDArray[np.float64],
    ) -> None:
        self.env = Environment()
        self.network = Network(self.env, scenario)
        edge, cloud = self.network.tier("edge")[0], self.network.tier("cloud")[0]
        cameras = [
            Camera(self.network.nodes[device], view, self.network.route(self.network.nodes[device], edge))
            for device, view in cameras_of(scenario)
        ]
        spec = scenario.systems[name]
        place = Place(self.env, cameras, edge, cloud, self.network.route(edge, cloud))
        self.system: System = SYSTEMS[spec.system](place, ask, cost, thresholds, spec.wait, spec.cloud_limit)
        self.endings: list[Ending | None] = [None] * len(captured)
        self._captured = captured.tolist()
        self._scenario = scenario
        self._left = len(captured)
        self._over = Signal(self.env)
        self._tell: Callable[[int], None] = lambda done: None

    def play(self, tell: Callable[[int], None] | None = None) -> None:
        """Run to the scenario's end: its duration, or until every sample has an outcome; `tell` hears of progress."""
        if tell is not None:
            self._tell = tell
        faults.schedule(self.network, self._scenario)
        self.env.process(self._capture())
        self.env.run(until=self._over if self._scenario.duration is None else self._scenario.duration)
        self.network.close()

    def _capture(self) -> Generator[Event, Any, None]:
        env = self.env
        for sample, at in enumerate(self._captured):
            if at > env.now:
                yield env.timeout(at - env.now)
            env.process(self._live(sample))

    def _live(self, sample: int) -> Generator[Event, Any, None]:
        try:
            decision = yield from self.system.classify(sample)
            self.endings[sample] = Ending(self.env.now, decision)
        except Lost as lost:
            self.endings[sample] = Ending(self.env.now, None, lost.reason)
        self._left -= 1
        if not self._left % 64:
            self._tell(len(self.endings) - self._left)
        if not self._left:
            self._over.succeed()


def run_system(
    scenario: Scenario, name: str, card: Card, data: ViewDataset, options: Options, progress: Progress | None = None
) -> SystemResult:
    """Play one system of the scenario and return its tables.

    Raises DataError or WeightsError when images or weights turn out to be damaged.
    """
    spec = scenario.systems[name]
    kind = SYSTEMS[spec.system]
    captured = arrivals(scenario)
    thresholds = thresholds_of(scenario, name, card)
    cameras = cameras_of(scenario)
    answers = Answers(
        card,
        data,
        kind.segment_exits,
        thresholds,
        np.array([faults.views_up(scenario, cameras, at) for at in captured.tolist()], np.int64),
        device=options.device,
        batch=options.batch,
        memo=memo_folder(card, data) if options.memo else None,
    )
    cost = Cost(card)
    world = World(scenario, name, answers.get, cost, thresholds, captured)
    try:
        world.play(None if progress is None else lambda done: progress(name, done, len(captured)))
        forced = answers.forced_accuracy(kind.exits) if options.forced else None
    finally:
        answers.save()
    if progress is not None:
        progress(name, len(captured), len(captured))
    spans = world.network.spans
    labels = data.labels[np.arange(len(captured)) % len(data)]
    return SystemResult(
        name=name,
        system=spec.system,
        exits=kind.exits,
        samples=samples_table(captured, labels, world.endings, spans),
        spans=spans_table(spans),
        forced=forced,
        raw_sample_bytes=VIEWS * cost.raw_view,
        thresholds=thresholds,
        inference=answers.report(),
        weights={"name": card.name, "sha256": card.sha256},
        simulated_time=world.env.now,
        hops=world.network.hops,
    )


def run(
    scenario: Scenario, options: Options, progress: Progress | None = None
) -> tuple[list[SystemResult], ViewDataset]:
    """Play every system of the scenario, each in a world of its own with the same arrivals and faults."""
    cards = cards_of(scenario)
    data = open_dataset(scenario.data, scenario.split, options.data_dir)
    results = [run_system(scenario, name, card, data, options, progress) for name, card in cards.items()]
    return results, data
