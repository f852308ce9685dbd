"""What the exit's rule measured of right and of wrong answers: how well T can tell them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simnet.analysis.exits.scores import Floats, Numbers, Scores, read_scores
from simnet.analysis.exits.sheet import SMALL, axis, below, crowded, legend, looks, panels_of, remark, roomy, sheet
from simnet.analysis.style import INK, MUTED, label, look, readable
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 25


def draw_histograms(run: Results) -> Figure:
    """Histograms of the measure (normalized entropy, unless the scenario says another rule) at every exit.

    Filled: right answers; hatched: wrong ones; dotted: T in force. Counted are the samples whose exit was asked.

    Raises:
        RunError: a table is damaged, or the run kept no scores.
    """
    found = {name: read_scores(run, name) for name in run.systems}
    with look():
        shown = [panels_of(scores, crowded(len(found))) for scores in found.values()]
        figure, axes = sheet(run.systems, [max(len(some), 1) for some in shown])
        for row, scores, some in zip(axes, found.values(), shown, strict=True):
            axis(row[0], y=("samples (log scale)", "samples (log)"))
            for number, ax in zip(some, row, strict=False):
                _panel(ax, run, scores, number)
            if not some:
                remark(row[0], "no sample was asked")
        _legend(figure, run)
        below(figure, ["Counted at each exit are the samples for which it was asked, or is known (run with --forced)."])
        return readable(figure)


def counts(scores: Scores, number: int, edges: Floats) -> tuple[Numbers, Numbers]:
    """How many right and how many wrong answers of an exit have a measure in each bin."""
    known = scores.known[number]
    right = scores.right[number]
    found = (np.histogram(scores.measure[number, known & which], edges)[0] for which in (right, ~right))
    one, other = found
    return one, other


def _panel(ax: Axes, run: Results, scores: Scores, number: int) -> None:
    name = scores.exits[number]
    colour = looks(run)[0][name]
    measured = scores.measure[number, scores.known[number]]
    measured = measured[np.isfinite(measured)]
    quantity = "normalized entropy" if number == len(scores.exits) - 1 else scores.quantity
    axis(ax, (f"{quantity} at {label(name)}", f"{quantity.removeprefix('normalized ')} at {label(name)}"))
    if not measured.size:
        remark(ax, "no sample was asked here")
        ax.set_yticks([])
        return
    low, high = min(0.0, float(measured.min())), max(1.0, float(measured.max()))
    edges = np.linspace(low, high, BINS + 1)
    right, wrong = counts(scores, number, edges)
    ax.stairs(right, edges, fill=True, facecolor=colour, alpha=0.9, linewidth=0)
    ax.stairs(wrong, edges, fill=True, facecolor="none", edgecolor=INK, hatch="/////", linewidth=1.0)
    ax.set_yscale("symlog", linthresh=1.0)
    top = float(max(right.max(), wrong.max()))
    words = f"{right.sum():,} right, {wrong.sum():,} wrong"
    lines = words if roomy(ax, words) else words.replace(", ", ",\n")
    ceiling = (3.2 if lines == words else 12) * top  # room for them above the bars
    ax.set_ylim(0, ceiling)
    ticks = [0, *(10**power for power in range(9) if 10**power <= 1.05 * top)]
    ax.set_yticks(ticks, [f"{tick:,}" for tick in ticks], minor=False)
    ax.minorticks_off()
    ax.set_xlim(low, high)
    ax.text(0.97, 0.965, lines, transform=ax.transAxes, ha="right", va="top", fontsize=SMALL - 0.5, color=INK)
    if np.isfinite(at := scores.in_force[number]):
        ax.axvline(at, color=INK, linewidth=1.3, linestyle=":")


def _legend(figure: Figure, run: Results) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    legend(figure, run, [
        Patch(facecolor="none", edgecolor=INK, hatch="/////", label="wrong answers"),
        Patch(facecolor=MUTED, label="right answers, in the exit's colour"),
        Line2D([], [], color=INK, linewidth=1.3, linestyle=":", label="T in force"),
    ])  # fmt: skip
