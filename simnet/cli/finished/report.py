"""`simnet report`: runs as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simnet.language.names import REPORT
from simnet.terminal.output import say


def report(
    run_dirs: Annotated[list[Path], typer.Argument(metavar="RUN_DIR...", help="Folders that runs have written.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The page's file [default: RUN_DIR/report.html; of several runs ./report.html]."),
    ] = None,
    views: Annotated[
        int, typer.Option(min=0, help="Show what the cameras saw of so many samples, slowest and wrong ones first.")
    ] = 0,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with data sets, for --views [default: SIMNET_DATA].")
    ] = None,
) -> None:
    """Write runs as one page, with all that it needs in it, to be read in a browser."""
    from simnet.report.report import write_report
    from simnet.results.run import Results, read_run

    runs: list[Results] = [read_run(folder) for folder in run_dirs]
    default = run_dirs[0] / REPORT if len(run_dirs) == 1 else Path(REPORT)
    say(write_report(runs, out or default, views, data_dir))
