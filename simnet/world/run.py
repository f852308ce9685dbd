"""From a checked scenario to results: plays every system in a world of its own, collects the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simnet.clock import ProtocolError, seconds
from simnet.inference.answers import Answers, memo_folder
from simnet.models.data import open_dataset, options_of
from simnet.models.data.base import DataError, Dataset, DatasetOptions
from simnet.models.device import kind_of, pick_device
from simnet.network.strict import is_users
from simnet.registry import blaming
from simnet.results.kept.recorded import Recorded
from simnet.results.ledger import Ledger
from simnet.results.lives import Lives
from simnet.results.result import SystemResult
from simnet.results.section import Played, sections_of
from simnet.scenario import Scenario
from simnet.systems.contract import report_of
from simnet.terminal.listener import Progress
from simnet.world.aftermath import notes_of, used
from simnet.world.again.without import Without, too_late, without_each
from simnet.world.asked import Asked, Teller
from simnet.world.captures import Captures, alike, captures, images_of
from simnet.world.plan import Plan, check_classes, check_shape, plans_of
from simnet.world.recording import (
    bytes_of,
    incidents_table,
    samples_of,
    samples_views,
    scores_of,
    spans_of,
    usage_table,
    views_of,
    without_table,
)
from simnet.world.scored import scores_rows
from simnet.world.world import World


@dataclass(frozen=True)
class Options:
    """How to run, as opposed to what: none of it changes a result (the batch size within float rounding)."""

    device: str = "auto"
    batch: int | None = None
    """Samples of a batch of the network; None: as the device likes it."""
    data_dir: Path | None = None
    forced: bool = False
    memo: bool = True
    """Keep the network's answers on disk for later runs."""
    again: bool = True
    """Play the run again without each fault; else nothing is told of what would have been without it."""
    network: bool = True
    """Let the network run; else a question whose answer is not known yet raises UnknownAnswerError."""


@blaming()
def run_system(
    scenario: Scenario,
    plan: Plan,
    data: Dataset,
    options: Options,
    progress: Progress | None = None,
    make: Callable[..., World] = World,
    captured: Captures | None = None,
    teller: Callable[[Answers], Teller] | None = None,
) -> SystemResult:
    """Play one system of the scenario, in the world that `make` makes, and return its tables.

    `captured` are the scenario's samples, where they are known already. What `teller` makes of the network's answers is
    asked in their place.

    Raises DataError or WeightsError when images or weights turn out to be damaged or break their contract,
    ProtocolError when the system does, DeviceError without the device.
    """
    name, card = plan.name, plan.card
    captured = captures(scenario) if captured is None else captured
    warm_up = captured.before(scenario)
    rows = images_of(scenario, len(captured), len(data))
    answers = answers_of(plan, data, alike(scenario, captured, plan.seeing), rows, options, progress)
    labels = data.labels[rows]
    asked = Asked(answers, None if teller is None else teller(answers))
    world = make(scenario, plan, asked.get, captured, asked.opinions, labels.tolist())
    asked.clock = world.env
    try:
        end = scenario.duration or float(captured.times[-1])
        if options.forced:
            arrives = complete_of(world)
            answers.complete = np.array([arrives[site] for site in captured.site.tolist()], object)
        if progress is not None:
            progress.simulated(name, 0.0, end)
        world.play(None if progress is None else lambda time: progress.simulated(name, min(time, end), end))
        without, untold = dict[str, Without](), list[str]()
        if options.again:
            if progress is not None and scenario.faults:
                progress.begun(f"playing {name} without each fault")
            without, untold = without_each(scenario, plan, answers, captured, labels, rows, world)
        complete = answers.complete
        forced = None if complete is None else answers.forced_accuracy(complete)
        scores = scores_of(scores_rows(asked, plan.graph, plan.exits, labels, complete))
        inference = answers.report()
    finally:
        answers.save()
        answers.rest()
    if progress is not None:
        progress.simulated(name, end, end)
    recorded = Recorded(world.network.spans, world.network.joined)
    if any(is_users(type(system)) for systems in world.systems for system in systems):
        check_samples(plan.options.system, recorded, len(captured))
    cut_off = {name: battery.cut_off for name, battery in world.network.batteries.items()}
    up_times = {node.name: node.up_time for node in world.network.nodes.values()}
    ledger = Ledger(scenario.nodes, recorded, up_times, len(captured), cut_off, world.network.slept)
    lives = Lives.of(captured, labels, world.endings, world.env.now, rows)
    energy = ledger.samples if ledger.nodes else None
    views, sizes = samples_views(world.endings, views_of(plan.graph)), bytes_of(recorded, len(captured))
    counted = lives.since(warm_up)
    usage = used(scenario, world.network, recorded, captured, seconds(world.env.now))
    played = Played(
        name=name,
        system=plan.options.system,
        exits=plan.exits,
        thresholds=plan.thresholds,
        scenario=scenario,
        lives=counted,
        recorded=recorded,
        incidents=world.incidents,
        ledger=ledger,
        empty_at={node: battery.empty_at for node, battery in world.network.batteries.items()},
        budget=None if world.budget is None else world.budget.report(),
        policies=[report_of(system) for systems in world.systems for system in systems],
        end=seconds(world.env.now),
        warm_up=warm_up,
        warm_answers=int(lives.answered[:warm_up].sum()),
        without={fault: others.lives.since(warm_up) for fault, others in without.items()},
        usage=usage,
    )
    sections, notes = sections_of(played)
    notes += notes_of(plan, lives, views, usage)
    return SystemResult(
        name=name,
        system=plan.options.system,
        exits=plan.exits,
        codec=plan.codec,
        lives=counted,
        samples=samples_of(lives, views, sizes, energy),
        spans=spans_of(recorded),
        forced=forced,
        raw_sample_bytes={place.site: len(place.views) * plan.graph.raw_view for place in plan.places},
        thresholds=dict(plan.thresholds),
        inference=inference,
        weights={"name": card.name, "sha256": card.sha256},
        simulated_time=seconds(world.env.now),
        hops=world.network.hops,
        sections=sections,
        notes=[*untold, *notes],
        incidents=incidents_table(world.incidents) if scenario.faults else None,
        warm_up=warm_up,
        usage=usage_table(usage),
        seen=data.checksum if plan.options.data else None,
        scores=scores,
        without=without_table(lives, sizes, without) if scenario.faults else None,
    )


def check_samples(system: str, recorded: Recorded, count: int) -> None:
    """Raise ProtocolError where a user's system has worked for a sample that was never captured."""
    for part in recorded.parts():
        if len(part.sample) and (last := int(part.sample.max())) >= count:
            raise ProtocolError(f"system {system!r}: sends or computes for sample {last}, of {count} from 0 on")


def answers_of(
    plan: Plan,
    data: Dataset,
    alike: NDArray[np.int64],
    rows: NDArray[np.int64],
    options: Options,
    progress: Progress | None = None,
) -> Answers:
    """What the network of a system answers; `alike`: see `Answers`; `rows` is each sample's number in the data."""
    zero_input = getattr(plan.options, "missing", None) == "zero input"
    device = kind_of(options.device)
    return Answers(
        plan.card,
        data,
        plan.exits,
        plan.thresholds,
        alike,
        rows=rows,
        rules=plan.rules,
        instead=plan.instead,
        codec=plan.codec,
        zero_input=zero_input,
        device=options.device,
        batch=options.batch,
        memo=memo_folder(plan.card, data, plan.codec, zero_input, device) if options.memo else None,
        system=plan.name,
        progress=progress,
        network=options.network,
    )


def complete_of(world: World) -> list[int]:
    """What arrives upstream of a sample of each site if nothing is lost."""
    found = []
    for system, *_ in world.systems:
        views = sum(1 << view for view in system.setting.place.views.values())
        found.append(system.graph.of_views(views) | system.coded)
    return found


def seen_by(scenario: Scenario, plans: Mapping[str, Plan], data: Dataset, options: Options) -> dict[str, Dataset]:
    """The data of every system: the scenario's, or as its own keys have them, with the same samples in the same order.

    Raises DataError where they are others.
    """
    opened: list[tuple[DatasetOptions, Dataset]] = [(options_of(scenario.data, scenario.folder), data)]
    found: dict[str, Dataset] = {}
    for name, plan in plans.items():
        mine = next((there for asked, there in opened if asked == plan.data), None)
        if mine is None:
            mine = open_dataset(plan.data, scenario.split, options.data_dir, scenario.folder)
            opened.append((plan.data, mine))
            if not np.array_equal(mine.labels, data.labels) or mine.class_names != data.class_names:
                keys = ", ".join(plan.options.data)
                raise DataError(
                    f"data set {data.name}: with the keys of system '{name}' ({keys}) it has other samples or labels"
                )
        found[name] = mine
    return found


@blaming()
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
    seen = seen_by(scenario, plans, data, options)
    for name, plan in plans.items():
        check_shape(scenario, name, plan.card, plan.graph, seen[name].views, seen[name].view_shape)
        check_classes(scenario, name, plan.card, plan.graph, data.name, data.class_names)
    captured = captures(scenario)
    results = [
        run_system(scenario, plan, seen[name], options, progress, captured=captured) for name, plan in plans.items()
    ]
    if told := too_late(scenario, results):
        results[-1].notes.append(told)
    return results, data
