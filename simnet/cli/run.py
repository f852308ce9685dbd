"""`simnet run`: `simnet.api.run`, with bars, tables and notes on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from simnet.cli.options import Samples, ScenarioFile, Seed, Set, console

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
    batch: Annotated[int, typer.Option(min=1, help="Samples per batch of the network.")] = 256,
    forced: Annotated[bool, typer.Option("--forced", help="Evaluate every sample at every exit, too.")] = False,
    fail_on: Annotated[
        list[FailOn] | None,
        typer.Option(help="End with status 3 if some place is saturated, or samples are unfinished; repeatable."),
    ] = None,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw no figures.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Simulate a scenario and write tables, summary and figures."""
    with _stoppable():
        from simnet.scenario import load_scenario

        loaded = load_scenario(scenario, overrides or (), samples=samples, seed=seed)
        target = out or Path("runs") / scenario.stem

        from simnet import api
        from simnet.analysis.compare import print_comparison
        from simnet.progress import Bars

        replaced = " (in place of a former run)" if target.exists() else ""
        terminal = console(quiet)
        with Bars(terminal) as bars:
            made = api.run(
                loaded,
                out=target,
                device=device,
                batch=batch,
                data_dir=data_dir,
                forced=forced,
                figures=not no_figures,
                progress=bars,
                command=["simnet", *sys.argv[1:]],
            )
    print_comparison(made.summary, terminal)
    for name, system in made.manifest["systems"].items():
        terminal.print(_inference(name, system["inference"]), highlight=False, soft_wrap=True)
    for note in made.notes:
        terminal.print(f"note: {note}", highlight=False, soft_wrap=True)
    terminal.print(f"results: {target}{replaced}", highlight=False, soft_wrap=True)
    if failures := [failure for what in dict.fromkeys(fail_on or ()) for failure in _failures(made.summary, what)]:
        for failure in failures:
            print(f"failed: {failure}", file=sys.stderr)
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


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C before the results are in place ends with one line and status 130; a former run stays as it was."""
    try:
        yield
    except KeyboardInterrupt:  # caught here, since typer turns it into a silent exit
        print("stopped; nothing was written", file=sys.stderr)
        raise typer.Exit(130) from None


def _inference(name: str, report: Mapping[str, Any]) -> str:
    recalled = f"{report['recalled']} answers known from earlier runs"
    if not report["batches"]:
        return f"{name}: no batch of the network was run; {recalled}"
    mean = f"{report['mean_batch']:.0f}"
    return f"{name}: {report['batches']} batches of {mean} samples on average, on {report['device']}; {recalled}"
