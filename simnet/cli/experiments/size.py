"""`simnet size`: the most, or the least, of a key with which a system keeps its limits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.cli.options import Samples, Seed, Set
from simnet.terminal import stopping
from simnet.terminal.output import console, say

if TYPE_CHECKING:
    from simnet.experiments.sizing.size import End, Sized
    from simnet.experiments.sweeps.axes import Axis

UNTOLD = 3
"""Exit status where no value surely keeps the limits."""


def size(
    file: Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file (YAML).")],
    subject: Annotated[
        list[str],
        typer.Option("--subject", metavar="LIMIT", help="What must be kept: 'latency.p95 < 100 ms'; may be repeated."),
    ],
    most: Annotated[
        str | None,
        typer.Option(metavar="KEY=VALUES", help="The most of a key: 'let.cameras={from: 1, to: 64}' or KEY=1,2,4,8."),
    ] = None,
    least: Annotated[str | None, typer.Option(metavar="KEY=VALUES", help="The least of a key.")] = None,
    system: Annotated[str | None, typer.Option(help="Which system, where the scenario has several.")] = None,
    repeats: Annotated[int, typer.Option(min=2, help="Runs of a value, at most.")] = 24,
    overrides: Set = None,
    samples: Samples = None,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(help="Folder of what was played [default: sizes/<file's name>].")] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the evidence: a .png, .svg or .pdf file.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine [default: one for each processor].")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Scheduler of a Dask cluster whose workers do the runs.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with data sets [default: SIMNET_DATA].")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but the answer and errors.")] = False,
) -> None:
    """Find the most, or the least, of a key with which a system keeps its limits; status 3 if nothing surely does."""
    with stopping.at_once():
        from simnet.experiments.sizing.limits import Limit
        from simnet.experiments.sizing.size import size as find
        from simnet.experiments.sweeps.sweep import How
        from simnet.scenario import load_scenario
        from simnet.terminal.progress import watcher

        end, axis = _axis(most, least)
        limits = [Limit.read(one) for one in subject]
        if figure is not None:
            from simnet.analysis.style import check_format

            check_format(figure)
        base = load_scenario(file, overrides or (), samples=samples, seed=seed)
    target = out or Path("sizes") / file.stem
    told = console(quiet or as_json, error=True)
    how = How(workers, scheduler, data_dir=data_dir)
    command = ["simnet", *sys.argv[1:]]
    try:
        with watcher(told) as progress:
            found = find(base, axis, end, limits, target, how, command, system, repeats, progress)
    except KeyboardInterrupt as stop:
        say(stopping.message(stop, f"what is finished is kept in {target}; the same command goes on"), error=True)
        raise typer.Exit(stopping.status(stop)) from None
    _tell(found, as_json, quiet, figure)
    if not as_json and not quiet:
        say(f"results: {target}")
    if found.answer is None:
        raise typer.Exit(UNTOLD)


def _axis(most: str | None, least: str | None) -> tuple[End, Axis]:
    from simnet.experiments.sweeps.axes import written

    if (most is None) == (least is None):
        raise typer.BadParameter("give one of them: the most, or the least, of a key", param_hint="--most / --least")
    return ("most", written(most, "--most ")) if most is not None else ("least", written(str(least), "--least "))


def _tell(found: Sized, as_json: bool, quiet: bool, figure: Path | None) -> None:
    import json

    from simnet.analysis.compare import print_listing
    from simnet.analysis.sweeps.sized import draw_sized, sized_listing

    if figure is not None:
        from simnet.analysis.style import save

        save(draw_sized(found), figure)
    if as_json:
        say(json.dumps(found.as_json(), indent=1))
        return
    if not quiet:
        print_listing(sized_listing(found), console(False))
    say(found.sentence())
