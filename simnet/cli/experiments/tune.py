"""`simnet tune`: the values of some keys with which a metric is best while others keep their limits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from simnet.cli.options import Samples, ScenarioFile, Seed, Set
from simnet.terminal import stopping
from simnet.terminal.output import console, say

if TYPE_CHECKING:
    from simnet.experiments.tuning.goal import Goal
    from simnet.experiments.tuning.tuned import Tuned

NO_ANSWER = 3
"""Exit status where no trial keeps all limits, or the best one has no results on test data."""


def tune(
    file: ScenarioFile,
    over: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=VALUES",
            help="Tune a key: 'systems.ddnn.codec=fp32,int8', or KEY={from: 0.1, to: 0.9}; may be repeated.",
        ),
    ],
    minimise: Annotated[
        str | None, typer.Option("--minimise", "--minimize", metavar="METRIC", help="What shall be low: latency.p95.")
    ] = None,
    maximise: Annotated[
        str | None, typer.Option("--maximise", "--maximize", metavar="METRIC", help="What shall be high: accuracy.")
    ] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", metavar="LIMIT", help="What must be kept: 'accuracy >= 95 %'; may be repeated."),
    ] = None,
    surely: Annotated[
        bool, typer.Option("--surely", help="Limits must be kept by the whole 95 % interval, not by the mean alone.")
    ] = False,
    system: Annotated[str | None, typer.Option(help="Which system, where the scenario has several.")] = None,
    method: Annotated[
        Literal["tpe", "grid"] | None,
        typer.Option(help="Optuna's TPE, or all points [default: all where they are no more than the trials]."),
    ] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Points at most [default: 60, or all of a grid].")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Runs of each point; the same seeds at all points.")] = 1,
    at_once: Annotated[
        int, typer.Option(min=1, help="Trials that are asked for together: what comes next depends on it.")
    ] = 4,
    overrides: Set = None,
    samples: Samples = None,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results [default: tunings/<file's name>].")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine [default: one for each processor].")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Scheduler of a Dask cluster whose workers do the runs.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with data sets [default: SIMNET_DATA].")] = None,
    device: Annotated[str, typer.Option(help="Where the network runs: auto, cpu or cuda.")] = "auto",
    batch: Annotated[int, typer.Option(min=1, help="Samples per batch of the network.")] = 256,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but the answer and errors.")] = False,
) -> None:
    """Find what is best on validation data under limits, and tell it on test data; status 3 if nothing keeps them."""
    with stopping.at_once():
        from simnet.experiments.sweeps.axes import written
        from simnet.experiments.sweeps.sweep import How
        from simnet.experiments.tuning.tune import Task
        from simnet.experiments.tuning.tune import tune as find
        from simnet.scenario import load_scenario
        from simnet.terminal.progress import watcher

        axes = {one.key: one for one in map(written, over)}
        if len(axes) < len(over):
            raise typer.BadParameter("a key is given twice", param_hint="--over")
        goal = _goal(minimise, maximise, subject or (), surely)
        base = load_scenario(file, overrides or (), samples=samples, seed=seed)
        task = Task(file.stem, base, list(axes.values()), goal, system, method, trials, at_once, repeats)
    target = out or Path("tunings") / file.stem
    told = console(quiet or as_json, error=True)
    how = How(workers, scheduler, device, batch, data_dir)
    try:
        with watcher(told) as progress:
            found = find(task, target, how, ["simnet", *sys.argv[1:]], progress)
    except KeyboardInterrupt as stop:
        say(stopping.message(stop, f"what is finished is kept in {target}; the same command goes on"), error=True)
        raise typer.Exit(stopping.status(stop)) from None
    _tell(found, as_json, quiet)
    if not as_json and not quiet:
        say(f"results: {target}")
        say(f"figures: simnet plot {target}")
    if found.tested is None or found.tested.error is not None:
        raise typer.Exit(NO_ANSWER)


def _goal(minimise: str | None, maximise: str | None, subject: list[str] | tuple[()], surely: bool) -> Goal:
    from simnet.experiments.sizing.limits import Limit
    from simnet.experiments.tuning.goal import Goal

    if (minimise is None) == (maximise is None):
        raise typer.BadParameter(
            "give one of them: a metric that shall be low, or high", param_hint="--minimise / --maximise"
        )
    limits = [Limit.read(one) for one in subject]
    if minimise is not None:
        return Goal("minimise", minimise.strip(), limits, surely)
    return Goal("maximise", str(maximise).strip(), limits, surely)


def _tell(found: Tuned, as_json: bool, quiet: bool) -> None:
    import json

    from simnet.analysis.compare import print_listing
    from simnet.analysis.sweeps.tuned import result_listing, trials_listing

    if as_json:
        say(json.dumps(found.as_json(), indent=1, default=str))
        return
    if not quiet:
        print_listing(trials_listing(found), console(False))
        if found.tested is not None:
            print_listing(result_listing(found), console(False))
    for sentence in found.sentences():
        say(sentence)
    for message, count in found.failed.items():
        say(f"failed: {message}{f' ({count:,} trials)' if count > 1 else ''}", error=True)
