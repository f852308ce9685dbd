"""`simnet run`: `simnet.api.run`, with bars, tables and notes on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer

from simnet.cli.options import Samples, ScenarioFile, Seed, Set
from simnet.language.names import FIGURES, REPORT
from simnet.terminal import stopping
from simnet.terminal.output import console, say

FAILED = 3
"""Exit status of a run that went well and found what `--fail-on` names."""


class FailOn(StrEnum):
    """What makes a run fail."""

    SATURATION = "saturation"
    UNFINISHED = "unfinished"


def run(
    scenario: ScenarioFile,
    out: Annotated[Path | None, typer.Option(help="Where the results go [default: runs/<scenario>].")] = None,
    samples: Samples = None,
    seed: Seed = None,
    overrides: Set = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with data sets (cifar10/test.parquet) [default: SIMNET_DATA].")
    ] = None,
    device: Annotated[str, typer.Option(help="Where the network runs: auto, cpu or cuda.")] = "auto",
    batch: Annotated[
        int | None, typer.Option(min=1, help="Samples per batch of the network [default: 128; on a GPU 2048].")
    ] = None,
    forced: Annotated[bool, typer.Option("--forced", help="Evaluate every sample at every exit, too.")] = False,
    repeats: Annotated[
        int | None,
        typer.Option(min=1, help="Run so often, with different seeds [with --until at most; default: 50]."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="'KEY ± HALF'", help="Repeat until a value is so precise: 'latency.p95 +- 2 %'."),
    ] = None,
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option(help="End with status 3 if some place is saturated, or samples are unfinished; repeatable."),
    ] = None,
    figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Draw figures, too, as simnet plot does afterwards.")
    ] = False,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no report.html.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Simulate a scenario and write tables, summary and a report."""
    with stopping.at_once():  # nothing is begun yet, and imports do not like to be interrupted
        from simnet import api
        from simnet.analysis.compare import print_comparison
        from simnet.results.target import check_target, default_target
        from simnet.scenario import load_scenario
        from simnet.terminal.progress import watcher
        from simnet.world.plan import plans_of

        loaded = load_scenario(scenario, overrides or (), samples=samples, seed=seed)
        target = out or default_target(scenario)
        check_target(target, loaded.systems)
        plans_of(loaded)  # what is wrong with the weights comes before the first word
    terminal, told = console(quiet), console(quiet, error=True)
    told.print(_where(target, figures), soft_wrap=True)
    try:
        with watcher(told) as progress:
            made = api.run(
                loaded,
                out=target,
                device=device,
                batch=batch,
                data_dir=data_dir,
                forced=forced,
                figures=figures,
                report=not no_report,
                repeats=repeats,
                until=until,
                progress=progress,
                command=["simnet", *sys.argv[1:]],
            )
    except KeyboardInterrupt as stop:  # a former run stays as it was
        say(stopping.message(stop, "nothing was written"), error=True)
        raise typer.Exit(stopping.status(stop)) from None
    if not quiet:  # of a thousand sites it takes seconds
        print_comparison(made.summary, terminal)
    for name, system in made.manifest["systems"].items():
        terminal.print(_inference(name, system["inference"]), soft_wrap=True)
    for note in made.notes:
        terminal.print(f"note: {note}", soft_wrap=True)
    terminal.print(f"results: {target}", soft_wrap=True)
    if (target / REPORT).is_file():
        terminal.print(f"report: {target / REPORT}", soft_wrap=True)
    drawn = target / FIGURES
    words = drawn if drawn.is_dir() else f"simnet plot {quote(str(target))}"
    terminal.print(f"figures: {words}", soft_wrap=True)
    if failures := [failure for what in dict.fromkeys(fail_on or ()) for failure in _failures(made.summary, what)]:
        for failure in failures:
            say(f"failed: {failure}", error=True)
        raise typer.Exit(FAILED)


def _failures(summary: Mapping[str, Any], what: FailOn) -> Iterator[str]:
    """What `--fail-on` finds in the results, one line for each system and place."""
    from simnet.results.usage.usage import SATURATED

    for name, system in summary["systems"].items():
        if what is FailOn.SATURATION:
            for place, numbers in system["usage"]["places"].items():
                if numbers["verdict"] == SATURATED:
                    yield f"{name}: {place} is saturated, offered load {numbers['offered_load']:.2f}"
        elif system["unfinished"]:
            yield f"{name}: {system['unfinished']:,} of {system['captured']:,} samples unfinished"


def _where(target: Path, figures: bool) -> str:
    """What will be where, and what will no longer be."""
    from simnet.results.run import MANIFEST

    if not (target / MANIFEST).is_file():
        return f"results go to {target}"
    text = f"results go to {target} and replace the run that is there"
    return (
        text
        if figures or not (target / FIGURES).exists()
        else f"{text}, its figures included (--figures draws them again)"
    )


def _inference(name: str, report: Mapping[str, Any]) -> str:
    recalled = f"{report['recalled']} answers known from earlier runs"
    if not report["batches"]:
        return f"{name}: no batch of the network was run; {recalled}"
    mean = f"{report['mean_batch']:.0f}"
    return f"{name}: {report['batches']} batches of {mean} samples on average, on {report['device']}; {recalled}"
