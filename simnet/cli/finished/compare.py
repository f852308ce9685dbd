"""`simnet compare`: the tables of a run again, or runs set against each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.terminal.output import console, say

if TYPE_CHECKING:
    from simnet.analysis.comparison.compare_runs import Comparison


def compare(
    run_dirs: Annotated[
        list[Path], typer.Argument(metavar="RUN_DIR...", help="Folders that runs have written, the older first.")
    ],
    system: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Only this system of each run; FIRST=OTHER: the first run's and the others'. May be repeated.",
        ),
    ] = None,
    changed: Annotated[int, typer.Option(min=0, help="Changed answers that are listed for each pair.")] = 10,
    csv: Annotated[Path | None, typer.Option(help="Write the differences here, changed answers beside it.")] = None,
    latex: Annotated[Path | None, typer.Option(help="Write a LaTeX table (booktabs).")] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the differences: a .png, .svg or .pdf file.")] = None,
) -> None:
    """Print a run's systems side by side, or set runs against the first one: differences with intervals.

    Of a single run, --system, --csv, --latex and --figure set its systems against each other.
    """
    from simnet.analysis.compare import print_comparison
    from simnet.analysis.style import check_format
    from simnet.results.run import Results, read_run

    if figure is not None:
        check_format(figure)
    runs: list[Results] = [read_run(folder) for folder in run_dirs]
    if len(runs) == 1 and not system:
        print_comparison(runs[0].summary, console())
        if csv is latex is figure is None:
            return
    from simnet.analysis.comparison.compare_runs import compare_runs
    from simnet.analysis.comparison.listings import print_comparison_of_runs

    found = compare_runs(runs, system or ())
    if len(runs) > 1 or system:
        print_comparison_of_runs(found, console(), changed)
    _write(found, csv, latex, figure)


def _write(found: Comparison, csv: Path | None, latex: Path | None, figure: Path | None) -> None:
    """The files that were asked for, each named when it is there."""
    if csv is not None:
        for path in found.save_csv(csv):
            say(path)
    if latex is not None:
        from simnet.analysis.comparison.latex import write_latex

        say(write_latex(found, latex))
    if figure is not None:
        from simnet.analysis.style import save, unreadable

        drawn = found.figure()
        say(save(drawn, figure))
        if signs := unreadable(drawn):
            say(f"note: no font on this machine has {signs}: boxes stand for them in the figure")
