"""Check, simulate or execute a scenario, and what that gives."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from simnet.api.given import Described, scenario_of, watched
from simnet.language.errors import unknown
from simnet.language.names import FIGURES, REPORT
from simnet.results.run import Results, RunError, collect, read_run, summary_of
from simnet.scenario import Scenario

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simnet.analysis.comparison.compare_runs import Comparison
    from simnet.experiments.target import Target
    from simnet.models.data.base import Dataset
    from simnet.results.result import SystemResult
    from simnet.terminal.listener import Progress
    from simnet.world.plan import Plan

FigureKind = Literal[
    "timeline",
    "exits",
    "latency",
    "exit_probability",
    "exits_over_time",
    "exit_entropy",
    "exit_reliability",
    "exit_fronts",
    "faults",
    "fault_effects",
]


class Run(Results):
    """A finished run: tables, summary and manifest, in memory or read from its folder; figures of them."""

    @property
    def notes(self) -> list[str]:
        """What a reader of the numbers should know; those of `check`, and what was only known afterwards."""
        return list(self.manifest.get("notes", ()))

    def figure(
        self,
        kind: FigureKind,
        *,
        first: int | None = None,
        samples: int | None = None,
        last: int | None = None,
        systems: Sequence[str] = (),
        nodes: Sequence[str] = (),
        faults: Sequence[str] = (),
    ) -> Figure:
        """A matplotlib figure: "timeline", "exits" (shares and accuracies), "latency", one of what the exits said, or
        "faults" and "fault_effects", what faults did beside the same run without them.

        Args:
            kind: Which one.
            first: First sample of the timeline; None looks for a telling one.
            samples: Samples in the timeline; None takes as many as stay readable. More than 40 are drawn as bands.
            last: Last sample of the timeline, instead of `samples`.
            systems: Systems in the timeline, or of faults; none: all.
            nodes: Nodes in the timeline, by name or pattern (``camera*``); none: all.
            faults: Faults, by name or pattern; none: those that changed most samples.

        Raises:
            RunError: there is no such figure, the run has no such samples, systems, nodes, scores or faults, or a table
                is damaged.
        """
        from simnet.analysis.exits.shares import draw_exits
        from simnet.analysis.figures import EXITS, FAULTS
        from simnet.analysis.latency import draw_latency
        from simnet.analysis.timeline.figure import draw_timeline
        from simnet.analysis.timeline.selection import Selection

        if faults and kind not in FAULTS:
            raise RunError(f"the figure '{kind}' takes no faults; 'faults' and 'fault_effects' do")
        if kind in FAULTS:
            if (first, samples, last, *nodes) != (None, None, None):
                raise RunError(f"the figure '{kind}' takes faults and systems; samples and nodes are of 'timeline'")
            return FAULTS[kind](self, faults, systems)
        if kind == "timeline":
            return draw_timeline(self, Selection(first, samples, last, systems, nodes))
        drawings = {"exits": draw_exits, "latency": draw_latency, **EXITS}
        if kind not in drawings:
            raise RunError(unknown("figure", kind, ["timeline", *drawings, *FAULTS]))
        if (first, samples, last, *systems, *nodes) != (None, None, None):
            raise RunError(f"the figure '{kind}' shows all; only 'timeline' takes samples, systems and nodes")
        return drawings[kind](self)

    def compare(self, *others: Results, systems: Sequence[str] = ()) -> Comparison:
        """Set other runs against this one, or without any the systems of this one against each other.

        Differences are those of the second side of each pair less the first, which is of this run.

        Args:
            others: Other runs.
            systems: Which systems are compared: `NAME` in every run, `FIRST=OTHER` this run's and the others'. None:
                all that have the same name.

        Raises:
            RunError: a run has no such system, the runs are of different data sets, or a table is damaged.
        """
        from simnet.analysis.comparison.compare_runs import compare_runs

        return compare_runs([self, *others], systems)

    def report(self, path: str | Path | None = None, *, views: int = 0, data_dir: str | Path | None = None) -> Path:
        """Write the run as one page that holds all that it shows, and return its path.

        Args:
            path: The file; None: ``report.html`` in the run's folder.
            views: Of how many samples it shows what the cameras saw, the slowest and wrong ones first.
            data_dir: Folder with data sets, for `views`; None: the environment variable SIMNET_DATA.

        Raises:
            RunError: a table is damaged, the run is in memory only and `path` is None, or its views cannot be shown.
            DataError: the data set is not there.
        """
        from simnet.report.report import write_report

        if path is None and self.path is None:
            raise RunError("the run is in memory only: give the report a path, or save the run")
        target = (self.path or Path()) / REPORT if path is None else Path(path)
        return write_report([self], target, views, None if data_dir is None else Path(data_dir))

    def save(self, path: str | Path, *, figures: bool = False, report: bool = False) -> Path:
        """Write the run folder that ``simnet run --out`` writes, and return its path; a former run there is replaced.

        Args:
            path: The folder.
            figures: Draw the figures into it, too; one that cannot be drawn is a warning, and a note of the run.
            report: Write ``report.html`` into it, too.

        Raises:
            RunError: something else is there, or nothing can be written there.
        """
        from simnet.results.folder import write_run

        had = len(self.notes)
        written = write_run(Path(path), self, self._extras(figures, report))
        for note in written.get("notes", [])[had:]:
            warnings.warn(note, stacklevel=2)
        return Path(path)

    def _extras(self, figures: bool, report: bool) -> Callable[[Path], list[str]] | None:
        """What makes the figures and the report of a run folder, and returns what is to be noted; None: nothing."""
        if not figures and not report:
            return None

        def made(folder: Path) -> list[str]:
            notes = self._draw(folder) if figures else []
            if report:
                told = {**self.manifest, "notes": [*self.notes, *notes]} if notes else self.manifest
                try:
                    replace(self, manifest=told).report(folder / REPORT)
                except Exception as error:  # it can be made again, the run cannot
                    notes.append(f"the report is missing: {type(error).__name__}: {error}")
            return notes

        return made

    def _draw(self, folder: Path) -> list[str]:
        """Draw the figures into a run folder, and return what is to be noted; whatever fails costs figures only."""
        try:
            from simnet.analysis.figures import draw_all

            drawn = draw_all(self, folder / FIGURES)
        except Exception as error:
            return [f"the figures are missing: {type(error).__name__}: {error}"]
        return [*drawn.problems, *drawn.notes]

    def _repr_html_(self) -> str:
        """What a notebook shows: the table of the systems, and of the paired differences."""
        from simnet.analysis.compare import listings
        from simnet.report.html import join
        from simnet.report.tables import listed

        tables = listings(self.summary)
        return str(join(*(listed(one) for part in ("systems", "paired") for one in tables.get(part, ()))))

    def __repr__(self) -> str:
        size = f"{self.summary['samples']:,} samples"
        if self.repeats:
            size = f"{len(self.repeats)} repeats of {size}"
        where = "in memory" if self.path is None else f"in {self.path}"
        return f"<Run {self.summary['scenario']!r}: {size}, {', '.join(self.systems)}; {where}>"


def check(scenario: Described) -> list[str]:
    """Check that a scenario's weights fit it, as ``simnet check`` does, and return what one should know beforehand.

    Raises:
        ScenarioError: weights that are missing, damaged or for something else; a segment that does not fit its node.
    """
    from simnet.world.plan import plans_of, remarks

    loaded = scenario_of(scenario)
    return remarks(loaded, plans_of(loaded))


def run(
    scenario: Described,
    *,
    out: str | Path | None = None,
    device: str = "auto",
    batch: int | None = None,
    data_dir: str | Path | None = None,
    forced: bool = False,
    figures: bool = False,
    report: bool = False,
    repeats: int | None = None,
    until: str | None = None,
    progress: Progress | bool | None = None,
    command: Sequence[str] | None = None,
) -> Run:
    """Simulate a scenario, once or, with `repeats` or `until`, several times with different seeds.

    Of repeats the first has the scenario's own seed; its tables and figures are the result's. The summary has the
    statistics over all of them under ``repeats``, and `Run.repeats` their summaries.

    Args:
        scenario: A scenario, or what `load` makes one of.
        out: Folder for the results, as ``simnet run`` writes them; None: nothing is written, the results are in memory.
        device: Where the network runs: auto, cpu or cuda.
        batch: Samples per batch of the network; None: 128, on a GPU 2,048.
        data_dir: Folder with data sets; None: the environment variable SIMNET_DATA.
        forced: Evaluate every sample at every exit, too.
        figures: Draw the figures into `out`.
        report: Write ``report.html`` into `out`.
        repeats: How many runs, or with `until` how many at most (None: 50).
        until: How precisely a value shall be known: after five runs, and then after each, it is looked whether the
            half width of its 95 % interval is as small, for instance ``"latency.p95 ± 2 %"`` (or ``+-``).
        progress: True: bars on stderr, or lines where it is no terminal; an object derived
            from `simnet.Progress` is told how it goes on.
        command: What the manifest calls the command; None: that of this process.

    Raises:
        ScenarioError: the scenario, or its weights for it, have a mistake.
        RunError: `out` must not be replaced, or cannot be written; `until` asks for what there is not.
        DataError, WeightsError, DeviceError: images, weights or the device are not there.
        PluginError: a kind that the scenario names cannot be had.
    """
    if batch is not None and batch < 1:
        raise ValueError(f"batch must be 1 or more, found {batch!r}")
    if repeats is not None and (type(repeats) is not int or repeats < 1):
        raise ValueError(f"repeats must be a whole number from 1 on, found {repeats!r}")
    if until is not None and not isinstance(until, str):
        raise ValueError(f"until must be a text such as 'latency.p95 ± 2 %', found {until!r}")
    if figures and out is None:
        raise ValueError("figures go into the results' folder: give 'out', or draw them with Run.figure")
    if report and out is None:
        raise ValueError("the report goes into the results' folder: give 'out', or write it with Run.report")
    loaded = scenario_of(scenario)
    target = None if until is None else _target(until, loaded, repeats)

    from simnet.experiments.repeats import MOST, repeat
    from simnet.experiments.repeats import report as statistics
    from simnet.results.target import check_target
    from simnet.world import run as engine
    from simnet.world.plan import plans_of

    if out is not None:
        check_target(Path(out), loaded.systems)
    plans = plans_of(loaded)
    options = engine.Options(
        device=device, batch=batch, data_dir=None if data_dir is None else Path(data_dir), forced=forced
    )
    with ExitStack() as stack:
        told = watched(progress, stack)
        done = _collected(loaded, plans, *engine.run(loaded, options, told, plans), command)
        if repeats is not None or target is not None:

            def again(seed: int) -> Mapping[str, Any]:
                if seed == loaded.seed:
                    return done.summary
                other = loaded.model_copy(update={"seed": seed})
                return summary_of(loaded.name, done.scenario, engine.run(other, options, told, plans)[0], seed)

            summaries = repeat(again, loaded.seed, repeats or MOST, target)
            done = replace(done, summary={**done.summary, "repeats": statistics(summaries, target)}, repeats=summaries)
        if out is None:
            return done
        from simnet.results.folder import write_run

        if told is not None:
            told.begun("writing tables and drawing figures" if figures else "writing tables")
        written = write_run(Path(out), done, done._extras(figures, report))
    return replace(done, path=Path(out), manifest=written)


def live(
    scenario: Described,
    *,
    out: str | Path | None = None,
    compute: Literal["model", "network"] = "model",
    data_dir: str | Path | None = None,
    report: bool = False,
    progress: Progress | bool | None = None,
    command: Sequence[str] | None = None,
) -> Run:
    """Execute a scenario on real processes and sockets, in real time, as ``simnet live`` does.

    Args:
        scenario: A scenario, or what `load` makes one of.
        out: Folder for the results; None: nothing is written, the results are in memory.
        compute: Nodes are busy for the modelled time ("model"), or run their segments on one thread ("network").
        data_dir: Folder with data sets; None: the environment variable SIMNET_DATA.
        report: Write ``report.html`` into `out`.
        progress: As for `run`.
        command: What the manifest calls the command; None: that of this process.

    Raises:
        RunError: this machine cannot do it; another execution is under way; `out` must not be replaced.
        ScenarioError: the scenario, or its weights for it, have a mistake, or it has what only a simulation can do.
        DataError, WeightsError, PluginError: as for `run`.
    """
    from simnet.results.target import check_target
    from simnet.testbed.execute import execute
    from simnet.world.plan import plans_of
    from simnet.world.run import Options

    if compute not in ("model", "network"):
        raise ValueError(f"compute is 'model' or 'network', found {compute!r}")
    loaded = scenario_of(scenario)
    if out is not None:
        check_target(Path(out), loaded.systems)
    plans = plans_of(loaded)
    options = Options(data_dir=None if data_dir is None else Path(data_dir))
    with ExitStack() as stack:
        told = watched(progress, stack)
        results, data, about = execute(loaded, plans, options, compute, told)
    done = _collected(loaded, plans, results, data, command, about)
    if out is None:
        return done
    from simnet.results.folder import write_run

    return replace(done, path=Path(out), manifest=write_run(Path(out), done, done._extras(False, report)))


def _collected(
    scenario: Scenario,
    plans: Mapping[str, Plan],
    results: Sequence[SystemResult],
    data: Dataset,
    command: Sequence[str] | None,
    live: Mapping[str, Any] | None = None,
) -> Run:
    """Results as one run, with its certificate; `live`: on what it was executed."""
    from simnet.results.manifest import manifest
    from simnet.world.plan import constant_times, remarks

    text = scenario.to_yaml()
    described = {"name": data.name, "split": data.split, "samples": len(data), "sha256": data.checksum}
    weights = {result.weights["name"]: result.weights["sha256"] for result in results}
    certificate = manifest(text, scenario.seed, described, weights, sys.argv if command is None else command)
    certificate["notes"] = [*remarks(scenario, plans, len(data)), *constant_times(scenario, plans)]
    if live is not None:
        certificate["live"] = dict(live)
    return collect(scenario.name, text, results, certificate, Run)


def _target(until: str, scenario: Scenario, repeats: int | None) -> Target:
    """What `until` asks for, as far as can be told before anything runs."""
    from simnet.experiments.repeats import LEAST
    from simnet.experiments.target import Target
    from simnet.metrics import SECTIONS
    from simnet.results.section import OWN_KEYS

    target = Target.read(until)
    if not any(":" in metric for metric in scenario.metrics):  # what such a one is called, only its class knows
        target.check(scenario.systems, [*OWN_KEYS, *SECTIONS, *scenario.metrics])
    if repeats is not None and repeats < LEAST:
        raise RunError(f"until '{until}': looks after {LEAST} repeats at the earliest; allow more than {repeats}")
    return target


def load_run(path: str | Path) -> Run:
    """A run that was written before; its tables are read when they are asked for.

    Raises:
        RunError: there is no run, or one of its files is damaged.
    """
    return read_run(Path(path), Run)
