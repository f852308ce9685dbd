"""`simnet plot`: the figures of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.options import RunDir
from simnet.language.names import FIGURES
from simnet.terminal.output import say


def plot(
    run_dir: RunDir,
    out: Annotated[Path | None, typer.Option(help="Where the figures go [default: RUN_DIR/figures].")] = None,
    first: Annotated[int | None, typer.Option("--from", min=0, help="First sample of the timeline.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Samples in the timeline.")] = None,
) -> None:
    """Draw a run's figures again."""
    from simnet.analysis.figures import draw_all
    from simnet.results.run import read_run

    drawn = draw_all(read_run(run_dir), out or run_dir / FIGURES, first, samples)
    for path in drawn.files:
        say(path)
    for note in drawn.notes:
        say(f"note: {note}")
    for problem in drawn.problems:
        say(f"error: {problem}", error=True)
    if drawn.problems:
        raise typer.Exit(2)
