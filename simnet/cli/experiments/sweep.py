"""`simnet sweep`: one scenario with many values, over processes or a cluster, kept and resumed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from simnet.cli.options import Samples, Seed, Set
from simnet.terminal import stopping
from simnet.terminal.output import console, say

if TYPE_CHECKING:
    from simnet.experiments.sweeps.spec import Asked

FAILED = 3
"""Exit status of a sweep of which some runs failed."""
SHOWN = 30
"""Points in the closing table, at most."""


def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP", help="Sweep file, or with --over a scenario (YAML).")],
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUES",
            help="Sweep a key: 'links.1.bandwidth=1 Mbit/s,10 Mbit/s', or KEY={from: 0.1, to: 0.9, steps: 9}; "
            "may be repeated.",
        ),
    ] = None,
    overrides: Set = None,
    samples: Samples = None,
    seed: Seed = None,
    repeats: Annotated[
        int | None, typer.Option(min=1, help="Runs of each point; the same seeds at all points.")
    ] = None,
    method: Annotated[
        Literal["grid", "random", "latin-hypercube"] | None,
        typer.Option(help="All combinations, or points that are drawn [default: grid]."),
    ] = None,
    points: Annotated[int | None, typer.Option(min=1, help="How many points are drawn.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the sweep [default: sweeps/<file's name>].")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine [default: one for each processor].")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Scheduler of a Dask cluster whose workers do the runs.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with data sets [default: SIMNET_DATA].")] = None,
    device: Annotated[str, typer.Option(help="Where the network runs: auto, cpu or cuda.")] = "auto",
    batch: Annotated[
        int | None, typer.Option(min=1, help="Samples per batch of the network [default: 128; on a GPU 2048].")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Simulate a scenario at many points; what is finished is kept, and not done again. Status 3 if runs failed."""
    with stopping.at_once():
        from simnet.analysis.compare import print_listing
        from simnet.analysis.sweeps.listing import listing
        from simnet.experiments.sweeps.sweep import How
        from simnet.experiments.sweeps.sweep import sweep as sweep_all
        from simnet.terminal.progress import watcher

        asked = _asked(file, over or (), overrides or (), samples, seed).drawn(method, points)
        asked = asked if repeats is None else replace(asked, repeats=repeats)
        asked.values()
    target = out or Path("sweeps") / file.stem
    terminal, told = console(quiet), console(quiet, error=True)
    told.print(f"results go to {target}", soft_wrap=True)
    how = How(workers, scheduler, device, batch, data_dir)
    try:
        with watcher(told) as progress:
            found = sweep_all(asked, target, how, ["simnet", *sys.argv[1:]], progress)
    except KeyboardInterrupt as stop:
        say(stopping.message(stop, f"what is finished is kept in {target}; the same command goes on"), error=True)
        raise typer.Exit(stopping.status(stop)) from None
    if found.about["systems"]:
        print_listing(listing(found, SHOWN), terminal)
    for message, count in found.failed.items():
        say(f"failed: {message}{f' ({count:,} runs)' if count > 1 else ''}", error=True)
    terminal.print(f"results: {target}", soft_wrap=True)
    terminal.print(f"figures: simnet plot {target}", soft_wrap=True)
    if found.failed:
        raise typer.Exit(FAILED)


def _asked(
    file: Path, over: list[str] | tuple[()], overrides: list[str] | tuple[()], samples: int | None, seed: int | None
) -> Asked:
    from simnet.experiments.sweeps.axes import written
    from simnet.experiments.sweeps.spec import Asked, is_sweep, read_sweep
    from simnet.scenario import load_scenario

    axes = {one.key: one for one in map(written, over)}
    if len(axes) < len(over):
        raise typer.BadParameter("a key is given twice", param_hint="--over")
    if is_sweep(file):
        return read_sweep(file, overrides, list(axes.values()), samples, seed)
    if not axes:
        text = "say what is swept, e.g. --over systems.ddnn.thresholds=0.2,0.4,0.6, or give a sweep file"
        raise typer.BadParameter(text, param_hint="--over")
    base = load_scenario(file, overrides, samples=samples, seed=seed)
    return Asked(file.stem, base, list(axes.values()))
