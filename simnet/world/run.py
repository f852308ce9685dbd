"""From a checked scenario to results: builds the world, plays every system in it, collects the tables."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from types import GeneratorType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simnet.clock import Clock, Life, Lost, Occurrence, Order, ProtocolError, Signal, seconds, ticks
from simnet.inference.answers import Answers, memo_folder
from simnet.language.units import format_time
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset
from simnet.models.device import kind_of, pick_device
from simnet.models.graph import Graph, Part
from simnet.network.faults import schedule as faults
from simnet.network.faults.incidents import Incident, name_of
from simnet.network.nodes.plain import Node
from simnet.network.topology import Topology
from simnet.registry import PluginError, blamed
from simnet.results.ledger import Ledger
from simnet.results.lives import Ending, Lives
from simnet.results.result import SystemResult
from simnet.results.section import Played, sections_of
from simnet.results.steps import in_seconds
from simnet.scenario import Scenario
from simnet.streams import stream
from simnet.systems.base import Ask, Decision, Opinions, Setting, System
from simnet.systems.contract import fault_of
from simnet.world.aftermath import notes_of, used
from simnet.world.captures import Captures, captures
from simnet.world.plan import Plan, plans_of
from simnet.world.recording import incidents_table, samples_table, spans_table, usage_table
from simnet.world.sites import skews_of


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


_CAPTURE = int(Order.CAPTURE)
MOST_AGAIN = 100_000
"""Samples that are played again, all faults together, to see what would have been without each (our choice)."""


class World:
    """One system in a scenario's network: plays the life of every sample and notes how it ended.

    Every site has an instance of the system of its own, with its cameras and its edge; they meet in the network.
    """

    def __init__(
        self, scenario: Scenario, plan: Plan, ask: Ask, captured: Captures, opinions: Opinions | None = None
    ) -> None:
        self.env = Clock()
        priorities = captured.priority.tolist() if captured.priority.any() else ()
        self.network = Topology(
            self.env,
            scenario.nodes,
            scenario.links,
            scenario.network,
            lossy=faults.lossy_links(scenario.faults),
            seed=scenario.seed,
            weights=plan.card.name,
            priorities=priorities,
        )
        skews, say = skews_of(scenario), opinions or _none
        self.systems: list[list[System]] = []
        """For each of the sites that `captured` names: who plays, and who stands in, in order."""
        self._needed: list[list[list[Node]]] = []
        """Of each of them the nodes that must be up, where one stands in for another."""
        replaced = {name for name, node in scenario.nodes.items() if node.fallback is not None}
        replaced |= {str(scenario.nodes[name].fallback) for name in replaced}
        for place, others in zip(plan.places, plan.stand_ins, strict=True):
            settings = [
                Setting(self.network, one, plan.graph, ask, say, plan.thresholds, plan.options, plan.codec, skews)
                for one in (place, *others)
            ]
            self.systems.append([plan.kind(setting) for setting in settings])
            playing = [[name for names in one.nodes.values() for name in names] for one in (place, *others)]
            self._needed.append([[self.network.nodes[n] for n in names if n in replaced] for names in playing])
        self.endings: list[Ending | None] = [None] * len(captured)
        self.incidents: list[Incident] = []
        self._captured, self._site = captured.ticks, captured.site.tolist()
        self._scenario, self._exits, self._graph = scenario, plan.exits, plan.graph
        self._classes, self._everything = plan.graph.classes, plan.graph.all
        self._left = len(captured)
        self._next = 0
        self._on_capture: list[Callable[[Any], None]] = [self._capture]
        self._over = Event(self.env)
        self._tell: Callable[[float], None] = lambda time: None

    def play(self, tell: Callable[[float], None] | None = None, without: str | None = None) -> None:
        """Run to the scenario's end: its duration, or until every sample has an outcome.

        `tell` hears of progress: the time in s. `without` names a fault that does not strike; nothing that others do,
        and nothing drawn, depends on that.
        """
        if tell is not None:
            self._tell = tell
        scenario = self._scenario
        script = [fault for fault in scenario.faults if without is None or name_of(fault) != without]
        self.incidents = faults.schedule(self.network, script, scenario.nodes, scenario.seed)
        self._await_capture()
        with _no_garbage_collection():
            try:
                self.env.run(until=self._over if scenario.duration is None else ticks(scenario.duration))
            except RuntimeError as problem:  # SimPy's word for a clock on which nothing is left
                if self.env.peek() < np.inf or not self._left or problem.__cause__ is not None:
                    raise
                raise self._endless() from None
            finally:
                self.env.close()
        self.network.close()

    def _endless(self) -> ProtocolError:
        """What to say when nothing is left to happen, and samples have no outcome."""
        sample = self.endings.index(None)
        return ProtocolError(
            f"{_called(self.systems[self._site[sample]][0])}.classify never ends for {self._left} of "
            f"{len(self.endings)} samples, first for sample {sample}: it waits for a signal that nobody fires"
        )

    def _await_capture(self) -> None:
        """Put the next capture on the clock."""
        if self._next < len(self._captured):
            Occurrence(self.env, self._captured[self._next], _CAPTURE, self._on_capture)

    def _capture(self, _: Event) -> None:
        sample = self._next
        self._next += 1
        self._await_capture()
        Life(self.env, self._live(sample))

    def _live(self, sample: int) -> Generator[Signal, Any, None]:
        site = self._site[sample]
        choice = self.systems[site]
        system = choice[0] if len(choice) == 1 else self._up(choice, self._needed[site])
        life = system.classify(sample)
        if type(life) is not GeneratorType:
            raise ProtocolError(
                f"{_called(system)}.classify is no generator: it must yield signals and return a Decision"
            )
        try:
            decision = yield from life
            if type(decision) is not Decision:
                raise ProtocolError(
                    f"{_called(system)}.classify returned {decision!r} for sample {sample}, no Decision (see `decide`)"
                )
            exit_name, prediction, measure, upstream, _ = decision
            if not (  # in this order, since this is asked for every sample
                type(prediction) is int is type(upstream)
                and type(measure) is float
                and 0 <= prediction < self._classes
                and 0 <= upstream <= self._everything
                and exit_name in self._exits
            ) and (fault := fault_of(decision, self._exits, self._graph)):
                raise ProtocolError(f"{_called(system)}.classify: decision of sample {sample}: {fault}")
            if system.ways_back[exit_name]:  # the answer is there with the last message that arrives
                yield system.deliver(sample, decision, partial(self._answered, sample, decision))
            else:
                self._answered(sample, decision)
        except Lost as lost:
            self.endings[sample] = Ending(self.env.now, None, lost.reason)
        except PluginError:
            raise
        except Exception as problem:  # whatever a user's code raises
            if (told := blamed(problem)) is None:
                raise
            raise ProtocolError(f"{told}, at sample {sample}") from problem
        self._left -= 1
        if not self._left % 64:
            self._tell(seconds(self.env.now))
        if not self._left:
            self.env.stop(self._over)

    def _answered(self, sample: int, decision: Decision) -> None:
        self.endings[sample] = Ending(self.env.now, decision)

    @staticmethod
    def _up(choice: Sequence[System], needed: Sequence[Sequence[Node]]) -> System:
        """The first whose nodes are up, cameras apart; that a site knows at capture which are is our choice."""
        for system, nodes in zip(choice, needed, strict=True):
            if all(node.up for node in nodes):
                return system
        return choice[0]


def _none(segment: str, sample: int, upstream: int) -> Mapping[int, NDArray[np.float32]]:
    """Opinions of a network that has none."""
    return {}


def _called(system: System) -> str:
    return f"{type(system).__module__}.{type(system).__qualname__}"


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
    scenario: Scenario, plan: Plan, data: Dataset, options: Options, progress: Progress | None = None
) -> SystemResult:
    """Play one system of the scenario and return its tables.

    Raises DataError or WeightsError when images or weights turn out to be damaged or break their contract,
    ProtocolError when the system does, DeviceError without the device.
    """
    name, card = plan.name, plan.card
    captured = captures(scenario)
    warm_up = captured.before(scenario)
    zero_input = getattr(plan.options, "missing", None) == "zero input"
    folder = memo_folder(card, data, plan.codec, zero_input, kind_of(options.device)) if options.memo else None
    rows = images_of(scenario, len(captured), len(data))
    answers = Answers(
        card,
        data,
        plan.exits,
        plan.thresholds,
        alike(scenario, captured),
        rows=rows,
        rules=plan.rules,
        codec=plan.codec,
        zero_input=zero_input,
        device=options.device,
        batch=options.batch,
        memo=folder,
        tell=None if progress is None else lambda samples: progress.evaluated(name, samples),
    )
    world = World(scenario, plan, answers.get, captured, answers.opinions)
    try:
        end = scenario.duration or float(captured.times[-1])
        if progress is not None:
            progress.simulated(name, 0.0, end)
        world.play(None if progress is None else lambda time: progress.simulated(name, min(time, end), end))
        without, untold = _without_each(scenario, plan, answers, captured, data.labels[rows], rows, world.incidents)
        forced = answers.forced_accuracy(_complete(world, captured)) if options.forced else None
    finally:
        answers.save()
    if progress is not None:
        progress.simulated(name, end, end)
    spans = in_seconds(world.network.spans)
    cut_off = {name: battery.cut_off for name, battery in world.network.batteries.items()}
    up_times = {node.name: node.up_time for node in world.network.nodes.values()}
    ledger = Ledger(scenario.nodes, world.network.spans, up_times, len(captured), world.network.joined, cut_off)
    lives = Lives.of(captured, data.labels[rows], world.endings, world.env.now, rows)
    energy = ledger.samples if ledger.nodes else None
    samples = samples_table(lives, world.endings, spans, energy, views_of(plan.graph))
    counted = lives.since(warm_up)
    usage = used(scenario, world.network, spans, captured, seconds(world.env.now))
    played = Played(
        name=name,
        system=plan.options.system,
        exits=plan.exits,
        thresholds=plan.thresholds,
        scenario=scenario,
        lives=counted,
        spans=spans,
        incidents=world.incidents,
        ledger=ledger,
        empty_at={node: battery.empty_at for node, battery in world.network.batteries.items()},
        policies=[system.policy_report() for systems in world.systems for system in systems],
        end=seconds(world.env.now),
        warm_up=warm_up,
        warm_answers=int(lives.answered[:warm_up].sum()),
        without={fault: others.since(warm_up) for fault, others in without.items()},
        usage=usage,
    )
    sections, notes = sections_of(played)
    notes += notes_of(plan, lives, samples["views"].to_numpy(), usage)
    return SystemResult(
        name=name,
        system=plan.options.system,
        exits=plan.exits,
        codec=plan.codec,
        lives=counted,
        samples=samples,
        spans=spans_table(spans),
        forced=forced,
        raw_sample_bytes={place.site: len(place.views) * plan.graph.raw_view for place in plan.places},
        thresholds=dict(plan.thresholds),
        inference=answers.report(),
        weights={"name": card.name, "sha256": card.sha256},
        simulated_time=seconds(world.env.now),
        hops=world.network.hops,
        sections=sections,
        notes=[*untold, *notes],
        incidents=incidents_table(world.incidents) if scenario.faults else None,
        warm_up=warm_up,
        usage=usage_table(usage),
    )


def _without_each(
    scenario: Scenario,
    plan: Plan,
    answers: Answers,
    captured: Captures,
    labels: NDArray[np.int64],
    images: NDArray[np.int64],
    incidents: Sequence[Incident],
) -> tuple[dict[str, Lives], list[str]]:
    """What became of the same samples without each fault that struck, by its name, and a note on those left out.

    Everything else is as it was: every fault, message and sample draws for itself, and links are of the same kind. At
    most `MOST_AGAIN` samples are played again in all, for the first faults of the scenario.
    """
    struck = {one.name for one in incidents}
    names = [name for name in dict.fromkeys(map(name_of, scenario.faults)) if name in struck]
    chosen = names[: MOST_AGAIN // max(len(captured), 1)]
    found, notes = {}, []
    for name in chosen:
        world = World(scenario, plan, answers.get, captured, answers.opinions)
        try:
            world.play(without=name)
        except ProtocolError as problem:  # of a user's system, where only the fault hid it: the run itself is good
            notes.append(f"{plan.name}: not compared with a run without fault '{name}': {problem}")
            continue
        found[name] = Lives.of(captured, labels, world.endings, world.env.now, images)
    if left := names[len(chosen) :]:
        said = f"{', '.join(left[:3])}{' …' if len(left) > 3 else ''}"
        notes.append(
            f"{plan.name}: {len(left)} of {len(names)} faults are not compared with a run without them ({said}): "
            f"at most {MOST_AGAIN:,} samples are played again"
        )
    return found, notes


def images_of(scenario: Scenario, samples: int, available: int) -> NDArray[np.int64]:
    """Which image of the data set each sample is: in a random order, or in its own; all, before any comes again."""
    rounds = -(-samples // max(available, 1))
    if scenario.data.order == "file":
        return np.resize(np.arange(available), samples)
    draw = stream(scenario.seed, "images")
    return np.concatenate([np.zeros(0, np.int64), *(draw.permutation(available) for _ in range(rounds))])[:samples]


def _complete(world: World, captured: Captures) -> NDArray[np.object_]:
    """What arrives upstream of each sample if nothing is lost."""
    found = np.empty(len(captured), object)
    for number, (system, *_) in enumerate(world.systems):
        views = sum(1 << view for view in system.setting.place.views.values())
        found[captured.site == number] = system.graph.of_views(views) | system.coded
    return found


def views_of(graph: Graph) -> Callable[[Decision], int]:
    """A function that tells which views (bit mask) took part in a decision."""
    known: dict[tuple[str, int], int] = {}

    def views(decision: Decision) -> int:
        key = decision.exit, decision.upstream
        if key not in known:
            known[key] = graph.views_of(Part(graph.exits[decision.exit].name), decision.upstream)
        return known[key]

    return views


def alike(scenario: Scenario, captured: Captures) -> NDArray[np.int64]:
    """For each sample the number of its group: of one site, and captured while the script leaves the same things down.

    A guess at which samples meet the same, for batches; what happens at random is not in it.
    """
    changes: list[tuple[float, int, tuple[object, int]]] = []
    for number, fault in enumerate(scenario.faults):
        if fault.mtbf is None and fault.action == "down":
            target = fault.node or fault.link
            warm_up = 0.0 if fault.node is None else scenario.nodes[fault.node].warm_up
            ups = [one.at for one in scenario.faults if one.action == "up" and (one.node or one.link) == target]
            lasts = np.inf if fault.lasts is None else fault.lasts
            end = min([fault.at + lasts, *(at for at in ups if at > fault.at)])
            changes += [(fault.at, 1, (target, number)), (end + warm_up, -1, (target, number))]
    changes.sort(key=lambda change: change[:2])
    times = np.array([change[0] for change in changes])
    states: dict[frozenset[object], int] = {frozenset(): 0}
    down: set[tuple[object, int]] = set()
    numbers = [0]
    for _, step, what in changes:
        (down.add if step > 0 else down.discard)(what)
        numbers.append(states.setdefault(frozenset(target for target, _ in down), len(states)))
    state = np.array(numbers)[np.searchsorted(times, captured.times, side="right")]
    return np.asarray(state * len(captured.sites) + captured.site)


def run(
    scenario: Scenario,
    options: Options,
    progress: Progress | None = None,
    plans: Mapping[str, Plan] | None = None,
) -> tuple[list[SystemResult], Dataset]:
    """Play every system of the scenario, each in a world of its own with the same arrivals and faults.

    `plans` are those of `simnet.world.plan.plans_of`, where they have been asked for already.
    """
    if options.device != "auto":
        pick_device(options.device)  # refuse it before anything runs; `auto` asks for torch only when it must
    plans = plans_of(scenario) if plans is None else plans
    data = open_dataset(scenario.data, scenario.split, options.data_dir, scenario.folder)
    for name, plan in plans.items():
        if (data.views, data.view_shape) != (plan.graph.views, plan.graph.view):
            its, there = (f"{n} view{'s' * (n != 1)} of {'×'.join(map(str, shape))}" for n, shape in (
                (plan.graph.views, plan.graph.view), (data.views, data.view_shape)
            ))  # fmt: skip
            raise scenario.error(
                ("systems", name, "weights"), f"{plan.card.name} is for {its}; {data.name} has {there}"
            )
        if len(data.class_names) != plan.graph.classes:
            its, there = f"{plan.graph.classes} classes", f"{data.name} has {len(data.class_names)}"
            raise scenario.error(("systems", name, "weights"), f"{plan.card.name} is for {its}; {there}")
    results = [run_system(scenario, plan, data, options, progress) for plan in plans.values()]
    if told := _too_late(scenario, results):
        results[-1].notes.append(told)
    return results, data


def _too_late(scenario: Scenario, results: Sequence[SystemResult]) -> str:
    """What to say of faults that would begin when the run of every system is over; "" if there are none."""
    end = max(result.simulated_time for result in results)
    begins = {name_of(fault): inf for fault in scenario.faults}
    for fault in scenario.faults:
        begins[name_of(fault)] = min(fault.at, begins[name_of(fault)])
    late = [f"'{name}' at {format_time(first)}" for name, first in begins.items() if first > end]
    if not late:
        return ""
    said = f"{', '.join(late[:3])}{' …' if len(late) > 3 else ''}"
    return f"{len(late)} of {len(begins)} faults would begin after the end of the run at {format_time(end, 4)}: {said}"
