"""Accuracy against latency, bytes and energy: what a looser T would have saved, and cost in right answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simnet.analysis.exits.costs import Costs, costs_of
from simnet.analysis.exits.replay import UNKNOWN, counted, grid_of, otherwise, taken
from simnet.analysis.exits.scores import Floats, Scores, read_scores
from simnet.analysis.exits.sheet import above_panels, axis, below, remark, sheet
from simnet.analysis.style import INK, PAPER, SAMPLES, label, look, readable
from simnet.analysis.words import fitted
from simnet.results.run import Results
from simnet.statistics.proportions import wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
"""Systems differ in line and marker, too."""
MARKERS = "osD^vP*X"


class Front(NamedTuple):
    """For each floor of T: accuracy with Wilson's limits (1), and means of latency (s), bytes (B) and energy (J).

    NaN where a sample's exit or costs are not known.
    """

    floor: Floats
    accuracy: Floats
    low: Floats
    high: Floats
    latency: Floats
    bytes: Floats
    energy: Floats


def draw_fronts(run: Results) -> Figure:
    """Accuracy against mean latency, bytes and energy of a sample, all systems in the same axes.

    Each curve begins at the run itself (big marker) and goes on with every T raised to at least so much, to where all
    samples leave at the first exit.

    Raises:
        RunError: a table is damaged, or the run kept no scores.
    """
    systems = {name: read_scores(run, name) for name in run.systems}
    fronts = {name: front(scores, costs_of(run, scores)) for name, scores in systems.items()}
    with look():
        figure, (axes,) = sheet([""], 3, height=2.75, above=0.2, sharey=True)
        figure.subplots_adjust(right=0.965)  # room for the half of a number
        axes = list(axes)
        axis(axes[0], "mean latency, ms", "right answers, %")
        axis(axes[1], "mean bytes sent for a sample, kB")
        axis(axes[2], "mean energy of a sample, J")
        for number, (name, found) in enumerate(fronts.items()):
            for ax, values in zip(axes, (1e3 * found.latency, found.bytes / 1e3, found.energy), strict=True):
                _curve(ax, values, found, number, choice=len(systems[name].exits) > 1)
        for ax in axes:
            if not ax.lines:
                energy = ax is axes[2] and any(len(scores) for scores in systems.values())
                remark(ax, "no node has a power model" if energy else "no sample was answered")
                ax.set_xticks([])
            else:
                ax.margins(x=0.08)
                ax.locator_params(axis="x", nbins=4)
        _legend(figure, run.systems)
        below(figure, _notes(systems))
        return readable(figure)


def front(scores: Scores, costs: Costs, points: int = 101) -> Front:
    """The replay with every T in force raised to at least each of a grid, the first entry being the run itself."""
    grid = grid_of(scores, points)
    grid = np.concatenate([[grid[0] - 1.0], grid])  # below every measure: T in force alone
    those = np.flatnonzero(counted(scores))
    columns = np.full((7, len(grid)), np.nan)
    columns[0] = grid
    recorded = (scores.latency, scores.bytes, scores.energy)
    for row, floor in enumerate(grid):
        thresholds = np.maximum(scores.in_force, floor)
        found = taken(scores, thresholds)[0] if row else scores.exit  # the run as it was, whatever T did
        here = found[those]
        if not len(those) or (here == UNKNOWN).any():
            continue
        right = int(scores.right[here, those].sum())
        columns[1, row] = right / len(those)
        columns[2:4, row] = wilson(right, len(those))
        stays = scores.forced[those] & (here == scores.exit[those])  # and waits in vain, as it did
        stays &= ~(scores.measure[here, those] < thresholds[here]) | (row == 0)
        for column, each in enumerate((costs.latency, costs.bytes, costs.energy)):
            columns[4 + column, row] = np.where(stays, recorded[column][those], each[here, those]).mean()
    return Front(*columns)


def _curve(ax: Axes, values: Floats, found: Front, number: int, choice: bool) -> None:
    """One system's; without a choice of exits it is a point."""
    known = ~np.isnan(values)
    if not known.any():
        return
    colour, marker = SAMPLES[number % len(SAMPLES)], MARKERS[number % len(MARKERS)]
    accuracy = 100 * found.accuracy
    ax.plot(values[known], accuracy[known], color=colour, linewidth=1.5, linestyle=LINES[number % len(LINES)], zorder=3)
    first, last = np.flatnonzero(known)[[0, -1]]
    for place, size in ((first, 8.0), (last, 4.0)) if choice else ((first, 8.0),):
        limits = [[accuracy[place] - 100 * found.low[place]], [100 * found.high[place] - accuracy[place]]]
        ax.errorbar(
            values[place], accuracy[place], yerr=limits, color=colour, marker=marker, markersize=size,
            markeredgecolor=PAPER, markeredgewidth=0.8, elinewidth=1.0, zorder=4,
        )  # fmt: skip


def _notes(systems: dict[str, Scores]) -> list[str]:
    notes = [
        "Big marker: the run; small: all samples leave at the first exit; between them every T is raised step by step."
        " Bars: 95 % intervals.",
        "Exits and answers are exact; latencies with the queues as they were in the run, which would be shorter.",
    ]
    for name, scores in systems.items():
        if other := otherwise(scores):
            notes.append(
                f"{label(name)}: T does not tell where {other:,} samples left (it varied, or does not decide)."
            )
    return notes


def _legend(figure: Figure, systems: tuple[str, ...]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=SAMPLES[number % len(SAMPLES)], linestyle=LINES[number % len(LINES)], linewidth=1.5,
               marker=MARKERS[number % len(MARKERS)], markersize=5, label=fitted(name, 1.7))
        for number, name in enumerate(systems)
    ]  # fmt: skip
    above_panels(figure, handles, rows=1, handlelength=2.6, labelcolor=INK)
