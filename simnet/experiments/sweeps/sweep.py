"""A sweep from beginning to end: which runs there are, which are done, the network, the others, the table."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simnet.experiments.repeats import seeds_of
from simnet.experiments.sweeps import store
from simnet.experiments.sweeps.axes import settings_of
from simnet.experiments.sweeps.crew import Alone, Cluster, Crew, Processes, outcomes
from simnet.experiments.sweeps.spec import Asked
from simnet.experiments.sweeps.table import as_text as shown
from simnet.experiments.sweeps.table import table_of
from simnet.experiments.sweeps.work import Job, as_text, packed, scenario_of, told
from simnet.installation import __version__
from simnet.language.errors import ScenarioError
from simnet.results.run import RunError
from simnet.results.tables import ANY, misfits
from simnet.scenario import Scenario
from simnet.terminal.listener import Progress

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class How:
    """How a sweep is run, as opposed to what: none of it changes a result.

    Attributes:
        workers: Processes; None: as many as there are processors. 1 does all in this one.
        scheduler: Address of a Dask cluster's scheduler, whose workers do the runs.
        device: Where the network runs: auto, cpu or cuda.
        batch: Samples per batch of the network; None: 128, on a GPU 2,048.
        data_dir: Folder with data sets.
    """

    workers: int | None = None
    scheduler: str | None = None
    device: str = "auto"
    batch: int | None = None
    data_dir: Path | None = None


@dataclass
class Run:
    """One run of a sweep: the number of its point, the values there, its repeat and seed, and the name of its file."""

    point: int
    values: Sequence[Any]
    repeat: int
    seed: int
    name: str = ""
    problem: str | None = None
    """Why there is no such scenario."""


@dataclass(frozen=True)
class Results:
    """What a sweep has given.

    Attributes:
        path: Its folder; None: in memory only.
        about: As in ``sweep.json``.
        table: As in ``sweep.parquet``, see `simnet.experiments.sweeps.table.table_of`.
    """

    path: Path | None
    about: Mapping[str, Any]
    table: pa.Table

    @property
    def keys(self) -> tuple[str, ...]:
        """What was swept."""
        return tuple(self.about["over"])

    @property
    def failed(self) -> dict[str, int]:
        """Messages of the runs that failed, and how many have each."""
        found = defaultdict[str, int](int)
        for error in self.table["error"].to_pylist():
            if error is not None:
                found[error] += 1
        return dict(found)


@dataclass
class Plan:
    """All runs, and of those that are to be done their jobs and what the network may be asked.

    `refused` is what the first point is told that is no valid scenario; `valid` counts those that are.
    """

    runs: list[Run] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    asked: dict[str, tuple[Scenario, set[int]]] = field(default_factory=dict)
    refused: ScenarioError | None = None
    valid: int = 0


def sweep(
    asked: Asked, out: Path | None, how: How, command: Sequence[str], progress: Progress | None = None
) -> Results:
    """Do what is not done yet of a sweep, and gather all of it.

    Stopped by an exception, a signal's among them, it leaves the table of what is done.

    Args:
        asked: The sweep.
        out: Its folder; what is finished there is not done again, but for what failed. None: in memory only.
        how: With whom.
        command: The command line, for ``sweep.json``.
        progress: Hears how it gets on.

    Raises:
        ScenarioError: no point is a valid scenario; or see `Asked.values`.
        RunError: `out` cannot be written, or there are no workers.
        DeviceError: there is no such device.
    """
    hear = progress or Progress()
    points = asked.values()
    if how.device != "auto":
        from simnet.models.device import pick_device

        pick_device(how.device)
    kept = store.Store(out)
    hear.begun(f"checking {len(points):,} points")
    plan = planned(asked, points, kept, Inputs(how.data_dir), how)
    if plan.refused is not None and not plan.valid:
        raise plan.refused
    if out is not None:
        store.prepare(out)
        store.write_whole(out / store.BASE, asked.base.to_yaml().encode("utf-8", "backslashreplace"))
    with ExitStack() as stack:
        crew = stack.enter_context(crew_of(how, len(plan.jobs))) if plan.jobs else None
        try:
            do(asked, plan, kept, crew, how, progress)
        except BaseException:
            if out is not None:
                with suppress(RunError):  # a full disk has been told already
                    _gather(asked, out, plan, kept, command)
            raise
    return _gather(asked, out, plan, kept, command)


def do(
    asked: Asked,
    plan: Plan,
    kept: store.Store,
    crew: Crew | None,
    how: How,
    progress: Progress | None,
    before: tuple[int, int, int] = (0, 0, 0),
) -> None:
    """Do all that is not done yet, and keep it.

    Of what is done by parts, `before` counts runs that were done before these, that come after them, and that failed.
    """
    hear = progress or Progress()
    done = before[0] + len(plan.runs) - len(plan.jobs)
    most = before[0] + len(plan.runs) + before[1]
    failed = before[2] + sum(run.problem is not None for run in plan.runs)
    if crew is not None:
        _network(plan, how, progress)
    hear.played(done, most, failed)
    for job, outcome in outcomes(crew, plan.jobs) if crew is not None else ():
        kept.put(job.name, {**outcome, "about": _about(asked, plan.runs[job.number])})
        done, failed = done + 1, failed + ("error" in outcome)
        hear.played(done, most, failed)


def crew_of(how: How, jobs: int) -> Crew:
    """Who does the runs. Raises RunError."""
    if how.scheduler is not None:
        return Cluster(how.scheduler, how.workers)
    if how.workers is None:
        from loky import cpu_count

        workers = min(cpu_count(), jobs)
    else:
        workers = min(how.workers, jobs)
    return Alone() if workers == 1 else Processes(workers)


def planned(asked: Asked, points: Sequence[tuple[Any, ...]], kept: store.Store, inputs: Inputs, how: How) -> Plan:
    """All runs at these points, and which of them are not `kept`."""
    from simnet.experiments.sweeps.ahead import questions

    plan, base, to_do = Plan(), packed(asked.base), set[str]()
    for number, values in enumerate(points):
        changes = list(settings_of(asked.axes, values))
        try:
            scenario = scenario_of(asked.base, changes)
        except ScenarioError as error:
            plan.refused = plan.refused or error
            seeds = islice(seeds_of(asked.base.seed), asked.repeats)
            problem = told(error)
            plan.runs += [Run(number, values, repeat, seed, problem=problem) for repeat, seed in enumerate(seeds)]
            continue
        plan.valid += 1
        text, sums = as_text(scenario), inputs.of(scenario)
        for repeat, seed in enumerate(islice(seeds_of(scenario.seed), asked.repeats)):
            name = store.name_of(text, scenario.folder, seed, sums)
            run = Run(number, values, repeat, seed, name)
            plan.runs.append(run)
            known = kept.get(name)
            if (known is None or "error" in known) and name not in to_do:
                to_do.add(name)
                plan.jobs.append(Job(len(plan.runs) - 1, name, base, changes, seed, how.data_dir, how.device))
                plan.asked.setdefault(questions(scenario), (scenario, set()))[1].add(seed)
    return plan


class Inputs:
    """Checksums of weights and data, each found out once; `known` has them by what they are of."""

    def __init__(self, data_dir: Path | None) -> None:
        self._data_dir = data_dir
        self.known: dict[tuple[str, ...], str] = {}

    def of(self, scenario: Scenario) -> dict[str, str]:
        """Those of a scenario; of what cannot be read the reason, which its run will tell, too."""
        found = {}
        for spec in scenario.systems.values():
            found[f"weights {spec.weights}"] = self._sum(
                ("weights", str(spec.weights)), partial(_weights, spec.weights)
            )
        data, split = scenario.data.model_dump_json(), scenario.split
        found["data"] = self._sum(("data", data, split), partial(_data, scenario, self._data_dir))
        return found

    def _sum(self, what: tuple[str, ...], find: Callable[[], str]) -> str:
        if what not in self.known:
            try:
                self.known[what] = find()
            except Exception as problem:  # whatever a user's data set raises
                self.known[what] = told(problem)
        return self.known[what]


def _weights(name: str) -> str:
    from simnet.models.cards.card import file_sha256, read_card

    card = read_card(name)
    return f"{card.sha256} {file_sha256(card.path)}"


def _data(scenario: Scenario, data_dir: Path | None) -> str:
    from simnet.models.data import open_dataset

    data = open_dataset(scenario.data, scenario.split, data_dir, scenario.folder)
    return f"{data.checksum} {len(data)}"


def _network(plan: Plan, how: How, progress: Progress | None) -> None:
    """All that can be foreseen of what the network is asked, once, before anybody asks it."""
    from simnet.experiments.sweeps.ahead import answer_all
    from simnet.world.run import Options

    options = Options(device=how.device, batch=how.batch, data_dir=how.data_dir)
    for scenario, seeds in plan.asked.values():
        try:
            answer_all(scenario, sorted(seeds), options, progress)
        except Exception:  # it is the runs' own outcome, and told there
            continue


def _about(asked: Asked, run: Run) -> dict[str, Any]:
    """What a run's file says of it for whoever reads it alone."""
    settings = {one.key: value for one, value in zip(asked.axes, run.values, strict=True)}
    return {"settings": json.loads(json.dumps(settings, default=str)), "seed": run.seed}


def known_of(run: Run, kept: store.Store) -> Mapping[str, Any] | None:
    """What is known of a run: `summary` or `error`; None: it is not done."""
    return {"error": run.problem} if run.problem is not None else kept.get(run.name)


def _gather(asked: Asked, out: Path | None, plan: Plan, kept: store.Store, command: Sequence[str]) -> Results:
    rows = [(run.point, run.values, run.repeat, run.seed, known_of(run, kept)) for run in plan.runs]
    keys = [one.key for one in asked.axes]
    table = table_of(keys, rows)
    about = {
        "simnet": __version__,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(command),
        "name": asked.name,
        "scenario": asked.base.name,
        "over": {key: _different(run.values[number] for run in plan.runs) for number, key in enumerate(keys)},
        "method": asked.method,
        "points": len({run.point for run in plan.runs}),
        "repeats": asked.repeats,
        "runs": len(rows),
        "failed": sum(known is not None and "error" in known for *_, known in rows),
        "not_done": sum(known is None for *_, known in rows),
        "systems": list(dict.fromkeys(name for name in table["system"].to_pylist() if name is not None)),
        "revision": store.revision(),
    }
    if out is not None:
        from io import BytesIO

        from pyarrow import parquet

        sink = BytesIO()
        parquet.write_table(table, sink, compression="zstd")
        store.write_whole(out / store.TABLE, sink.getvalue())
        text = json.dumps(about, indent=2, ensure_ascii=False, default=str) + "\n"
        store.write_whole(out / store.ABOUT, text.encode("utf-8", "backslashreplace"))
    return Results(out, about, table)


def _different(values: Iterable[Any]) -> list[Any]:
    return list({shown(value): value for value in values}.values())


_FORM = {
    "name": str, "over": {ANY: list}, "method": str, "points": int, "repeats": int, "runs": int, "failed": int,
    "not_done": int, "systems": list,
}  # fmt: skip
"""What readers need of ``sweep.json``."""


def read(path: Path, kind: type[Results] = Results) -> Results:
    """A sweep that was written before. Raises RunError: there is none, or it is damaged."""
    if not (path / store.ABOUT).is_file():
        raise RunError(f"{path}: no folder of a sweep ({store.ABOUT} is missing)")
    try:
        about = json.loads((path / store.ABOUT).read_text(encoding="utf-8"))
        from pyarrow import ArrowException, parquet
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path / store.ABOUT}: damaged ({str(error).splitlines()[0]})") from error
    for place in misfits(about, _FORM, ""):
        raise RunError(f"{path / store.ABOUT}: damaged ({place or 'its content'} is missing or wrong)")
    try:
        with (path / store.TABLE).open("rb") as source:
            table = parquet.read_table(source)
    except (OSError, ArrowException) as error:
        raise RunError(f"{path / store.TABLE}: damaged ({str(error).splitlines()[0]})") from error
    if missing := [name for name in ("point", "system", "error", *about["over"]) if name not in table.column_names]:
        raise RunError(f"{path / store.TABLE}: damaged (no column {missing[0]})")
    return kind(path, about, table)
