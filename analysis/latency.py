"""How long the answers took: the empirical distribution of latency, of all systems in one axis, and per exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simnet.analysis.distributions import MARKED, line, overlay, scaled, steps, told
from simnet.analysis.exits.sheet import looks
from simnet.analysis.style import COLUMN, INK, MUTED, SMALL, TITLE, WIDTH, exit_legend, look, readable
from simnet.analysis.words import fitted, legend_columns
from simnet.results.lives import ANSWERED
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, RIGHT, APART = 0.46, 0.1, 0.16  # inches
ALL, PANEL = 1.75, 1.2  # heights of the axis with all systems and of a system's
TITLED, LABELLED, KEY = 0.24, 0.36, 0.145  # what a title, an axis' numbers and name, and a row of a legend take
FEW = 4
"""Systems that stand two in a row; of more, three do."""


def draw_latency(run: Results) -> Figure:
    """Share of answers given within a time: of several systems all in one axis, then a panel for each with its exits.

    All axes have the same scale. A single system's is one column of a paper wide, several are two.
    """
    from simnet.analysis.drawing import Drawing

    names = run.systems
    several = len(names) > 1
    columns = 1 if not several else 2 if len(names) <= FEW else 3
    width = WIDTH if several else COLUMN
    rows = -(-max(len(names), 1) // columns)
    every = {name: _answers(run, name) for name in names}
    with look():
        latencies = {name: latency for name, (latency, _) in every.items()}
        handles = _exits(run, {place for _, exits in every.values() for place in exits})
        below = legend_columns([str(handle.get_label()) for handle in handles], width - 0.1)
        across = legend_columns([told(name, values) for name, values in latencies.items()], width - LEFT)
        above = -(-len(names) // across) * several  # rows of the legend of all systems
        size = several * (TITLED + KEY * above + ALL + LABELLED)
        first_row = size + TITLED
        size += rows * (TITLED + PANEL) + LABELLED + KEY * -(-len(handles) // below) + 0.06
        figure = Drawing(figsize=(width, size))
        wide = (width - LEFT - RIGHT - (columns - 1) * APART) / columns

        def place(left: float, top: float, inches: float, high: float) -> tuple[float, float, float, float]:
            return left / width, 1 - (top + high) / size, inches / width, high / size

        whole: Axes | None = None
        if several:
            top = TITLED + KEY * above
            whole = figure.add_axes(place(LEFT, top, width - LEFT - RIGHT, ALL))
            overlay(whole, latencies, {name: line(number, number) for number, name in enumerate(names)})
            whole.set_title("all answers", pad=72 * KEY * above + 3)
            whole.legend(loc="lower left", bbox_to_anchor=(-0.007, 0.99), ncols=across, borderpad=0.1,
                         handlelength=2.4, labelspacing=0.25, columnspacing=1.0)  # fmt: skip
        for number, name in enumerate(names):
            row, column = divmod(number, columns)
            box = place(LEFT + column * (wide + APART), first_row + row * (TITLED + PANEL), wide, PANEL)
            ax = figure.add_axes(box, sharex=whole, sharey=whole)
            _panel(ax, run, *every[name])
            ax.set_title(fitted(name, wide, TITLE, bold=True))
            last = number + columns >= len(names)
            ax.tick_params(labelleft=column == 0, labelbottom=last)
            if column == 0:
                ax.set_ylabel("answers given, %", color=MUTED)
            if last:
                ax.set_xlabel("latency, ms", color=MUTED)
            whole = whole or ax
        if whole is not None:
            scaled(whole, [end for values in latencies.values() if len(values) for end in (values.min(), values.max())])
        figure.legend(handles=handles, loc="lower center", ncols=below, borderpad=0.2,
                      handlelength=1.8, labelspacing=0.25, columnspacing=1.2)  # fmt: skip
        return readable(figure)


def _answers(run: Results, name: str) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Latency in ms and exit of each answer, without those of the warm-up."""
    table = run.samples(name).slice(run.summary.get("warm_up", 0))
    answered = np.isin(table.column("outcome").cast("string").to_numpy(), ANSWERED)
    exits = table.column("exit").cast("string").to_numpy()[answered]
    return 1e3 * table.column("latency").to_numpy()[answered], exits


def _panel(ax: Axes, run: Results, latency: NDArray[np.float64], exits: NDArray[np.object_]) -> None:
    """Draw one system: its exits, and all its answers."""
    ax.grid()
    ax.tick_params(length=0, which="both")
    if not len(latency):
        ax.text(0.5, 0.5, "no sample finished", transform=ax.transAxes, ha="center", color=MUTED, fontsize=SMALL)
        return
    for place, colour in looks(run)[0].items():
        here = latency[exits == place]
        if len(here):
            steps(ax, here, color=colour, linewidth=1.5)
    steps(ax, latency, color=INK, linewidth=0.9, linestyle=(0, (4, 2)))
    ax.plot([np.percentile(latency, level) for level in MARKED.values()], [*MARKED.values()], "o", color=INK,
            markersize=2.5)  # fmt: skip


def _exits(run: Results, there: set[object]) -> list[Artist]:
    """What the panels' lines are: the exits that gave answers, and all together."""
    from matplotlib.lines import Line2D

    colours, markers = looks(run)
    shown = {name: colour for name, colour in colours.items() if name in there}
    return [
        *(
            Line2D([], [], color=colour, linewidth=1.5, label=fitted(names, 2.2))
            for _, colour, names in exit_legend(shown, markers)
        ),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 2)), marker="o", markersize=2.5,
               label=f"all, with {', '.join(MARKED)}"),
    ]  # fmt: skip
