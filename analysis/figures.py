"""All figures of one run, drawn from its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from simnet.analysis.exits import draw_exits
from simnet.analysis.latency import draw_latency
from simnet.analysis.style import look, save
from simnet.analysis.timeline import draw_timeline
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_all(run: Results, folder: Path, first: int | None = None, count: int | None = None) -> list[Path]:
    """Draw ``timeline.png``, ``exit_shares.png`` and ``latency.png``; a run without samples has no timeline.

    Args:
        run: The run.
        folder: Where the figures go; made if need be.
        first: First sample of the timeline; None chooses.
        count: Samples in the timeline; None chooses.

    Returns:
        The files written.

    Raises:
        RunError: a table is damaged, or the run has no such samples.
    """
    drawings: dict[str, Callable[[], Figure]] = {
        "timeline": lambda: draw_timeline(run, first, count),
        "exit_shares": lambda: draw_exits(run),
        "latency": lambda: draw_latency(run),
    }
    if not run.summary["samples"]:
        del drawings["timeline"]
    with look():
        return [save(draw(), folder / f"{name}.png") for name, draw in drawings.items()]
