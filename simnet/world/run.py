"""From a checked scenario to results: builds the world, plays every system in it, collects the tables."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from simpy import Environment, Event

from simnet.clock import Life, Lost, Signal
from simnet.inference.answers import Answers, memo_folder
from simnet.inference.cost import Cost
from simnet.models.cards.card import Card
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset
from simnet.models.device import pick_device
from simnet.network.faults import schedule as faults
from simnet.network.faults.incidents import Incident
from simnet.network.topology import Network
from simnet.results.result import Ending, SystemResult
from simnet.results.sections.demand import demand_report
from simnet.results.sections.energy import Ledger, energy_report
from simnet.results.sections.outages import fault_report
from simnet.scenario import Scenario
from simnet.systems import SYSTEMS
from simnet.systems.base import Ask, Setting, System
from simnet.systems.policies.policy import policy_report
from simnet.world.captures import Captures, captures
from simnet.world.plan import cards_of, codec_of, edges_of, thresholds_of
from simnet.world.recording import incidents_table, samples_table, spans_table
from simnet.world.sites import cameras_of, edge_of, skews_of


class Progress(Protocol):
    """Who wants to hear how a run gets on."""

    def simulated(self, system: str, time: float, end: float) -> None:
        """Simulated time has reached `time`; the last sample is captured, or the run ends, at `end` (seconds)."""

    def evaluated(self, system: str, samples: int) -> None:
        """The network's segments have run on `samples` samples so far (each segment counts)."""


@dataclass(frozen=True)
class Options:
    """How to run, as opposed to what: none of it changes a result (the batch size within float rounding)."""

    device: str = "auto"
    batch: int = 256
    data_dir: Path | None = None
    forced: bool = False
    memo: bool = True
    """Keep the network's answers on disk for later runs."""


class World:
    """One system in a scenario's network: plays the life of every sample and notes how it ended.

    Every site has an instance of the system of its own, with its cameras and its edge; they meet in the network.
    `edges` has the views of each edge, for a system with several; `weights` names the network's weights.
    """

    def __init__(
        self,
        scenario: Scenario,
        name: str,
        ask: Ask,
        cost: Cost,
        thresholds: dict[str, float],
        captured: Captures,
        edges: Sequence[Sequence[int]] = (),
        weights: str = "",
    ) -> None:
        self.env = Environment()
        priorities = captured.priority.tolist() if captured.priority.any() else ()
        self.network = Network(self.env, scenario, weights, priorities)
        spec = scenario.systems[name]
        setting = Setting(self.network, (), ask, cost, thresholds, spec, edges, skews=skews_of(scenario))
        self.systems: list[System] = []
        """One for each of the sites that `captured` names."""
        for site in captured.sites:
            edge = edge_of(scenario, site)
            place = None if edge is None else self.network.nodes[edge]
            here = setting._replace(cameras=cameras_of(scenario, site), edge=place)
            self.systems.append(SYSTEMS[spec.system](here))
        self.endings: list[Ending | None] = [None] * len(captured)
        self.incidents: list[Incident] = []
        self._captured, self._site = captured.times.tolist(), captured.site.tolist()
        self._scenario = scenario
        self._left = len(captured)
        self._over = Signal(self.env)
        self._tell: Callable[[float], None] = lambda time: None

    def play(self, tell: Callable[[float], None] | None = None) -> None:
        """Run to the scenario's end: its duration, or until every sample has an outcome; `tell` hears of progress."""
        if tell is not None:
            self._tell = tell
        self.incidents = faults.schedule(self.network, self._scenario)
        self.env.process(self._capture())
        with _no_garbage_collection():
            self.env.run(until=self._over if self._scenario.duration is None else self._scenario.duration)
        self.network.close()

    def _capture(self) -> Generator[Event, Any, None]:
        env = self.env
        for sample, at in enumerate(self._captured):
            if at > env.now:
                yield env.timeout(at - env.now)
            Life(self._live(sample))

    def _live(self, sample: int) -> Generator[Signal, Any, None]:
        try:
            decision = yield from self.systems[self._site[sample]].classify(sample)
            self.endings[sample] = Ending(self.env.now, decision)
        except Lost as lost:
            self.endings[sample] = Ending(self.env.now, None, lost.reason)
        self._left -= 1
        if not self._left % 64:
            self._tell(self.env.now)
        if not self._left:
            self._over.succeed()


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A run keeps what it makes and makes no reference cycles: looking for some would cost a fifth of its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def run_system(
    scenario: Scenario, name: str, card: Card, data: Dataset, options: Options, progress: Progress | None = None
) -> SystemResult:
    """Play one system of the scenario and return its tables.

    Raises DataError or WeightsError when images or weights turn out to be damaged, DeviceError without the device.
    """
    spec = scenario.systems[name]
    kind = SYSTEMS[spec.system]
    captured = captures(scenario)
    thresholds = thresholds_of(scenario, name, card)
    cameras = [cameras_of(scenario, site) for site in captured.sites]
    expected = np.zeros(len(captured), np.int64)
    for number, there in enumerate(cameras):
        mine = captured.site == number
        expected[mine] = faults.views_up(scenario, there, captured.times[mine])
    codec, zero_input = codec_of(spec, card), spec.missing == "zero input"
    answers = Answers(
        card,
        data,
        kind.steps_of(spec.tiers),
        thresholds,
        expected,
        codec=codec,
        zero_input=zero_input,
        device=options.device,
        batch=options.batch,
        memo=memo_folder(card, data, codec, zero_input) if options.memo else None,
        tell=None if progress is None else lambda samples: progress.evaluated(name, samples),
    )
    cost, exits = Cost(card, codec), kind.exits_of(spec.tiers)
    world = World(scenario, name, answers.get, cost, thresholds, captured, edges_of(card), card.name)
    try:
        end = scenario.duration or float(captured.times[-1])
        world.play(None if progress is None else lambda time: progress.simulated(name, min(time, end), end))
        everyone = np.array([system.all_views for system in world.systems])[captured.site]
        forced = answers.forced_accuracy(exits, everyone) if options.forced else None
    finally:
        answers.save()
    if progress is not None:
        progress.simulated(name, end, end)
    spans = world.network.spans
    up_times = {node.name: node.up_time for node in world.network.nodes.values()}
    ledger = Ledger(scenario.nodes, spans, up_times, len(captured), world.network.joined)
    answered = sum(e is not None and e.decision is not None for e in world.endings)
    empty_at = {name: battery.empty_at for name, battery in world.network.batteries.items()}
    reports = energy_report(scenario, ledger, answered, empty_at)
    labels = data.labels[np.arange(len(captured)) % len(data)]
    samples = samples_table(captured, labels, world.endings, spans, ledger.samples if ledger.nodes else None)
    reports |= demand_report(samples, exits, world.env.now)
    reports |= policy_report(system.policy for system in world.systems)
    reports |= fault_report(scenario, exits, samples, world.endings, world.incidents, world.env.now)
    return SystemResult(
        name=name,
        system=spec.system,
        exits=exits,
        codec=codec,
        samples=samples,
        spans=spans_table(spans),
        forced=forced,
        raw_sample_bytes={s: len(c) * cost.raw_view for s, c in zip(captured.sites, cameras, strict=True)},
        thresholds=thresholds,
        inference=answers.report(),
        weights={"name": card.name, "sha256": card.sha256},
        simulated_time=world.env.now,
        hops=world.network.hops,
        reports=reports,
        incidents=incidents_table(world.incidents) if scenario.faults else None,
    )


def run(
    scenario: Scenario,
    options: Options,
    progress: Progress | None = None,
    cards: Mapping[str, Card] | None = None,
) -> tuple[list[SystemResult], Dataset]:
    """Play every system of the scenario, each in a world of its own with the same arrivals and faults.

    `cards` are those of `simnet.deployment.cards_of`, where they have been asked for already.
    """
    if options.device != "auto":
        pick_device(options.device)  # refuse it before anything runs; `auto` asks for torch only when it must
    cards = cards_of(scenario) if cards is None else cards
    data = open_dataset(scenario.data, scenario.split, options.data_dir)
    results = [run_system(scenario, name, card, data, options, progress) for name, card in cards.items()]
    return results, data
