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
    last: Annotated[int | None, typer.Option("--to", min=0, help="Last sample of the timeline.")] = None,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Samples in the timeline; more than 40 are drawn as bands.")
    ] = None,
    systems: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Systems in the timeline, with commas [default: all].")
    ] = None,
    nodes: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Nodes in the timeline: 'camera*,edge' [default: all].")
    ] = None,
) -> None:
    """Draw a run's figures again."""
    from simnet.analysis.figures import draw_all
    from simnet.analysis.timeline.selection import Selection
    from simnet.results.run import read_run

    if None not in (first, last, samples):
        raise typer.BadParameter("give two of --from, --to and --samples", param_hint="--to")
    selection = Selection(first, samples, last, _names(systems), _names(nodes))
    drawn = draw_all(read_run(run_dir), out or run_dir / FIGURES, selection)
    for path in drawn.files:
        say(path)
    for note in drawn.notes:
        say(f"note: {note}")
    for problem in drawn.problems:
        say(f"error: {problem}", error=True)
    if drawn.problems:
        raise typer.Exit(2)


def _names(text: str | None) -> list[str]:
    """The names in a list with commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]
