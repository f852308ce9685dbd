"""How far the confidence of an exit can be believed, of the samples of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simnet.analysis.exits.scores import Floats, Mask, Numbers, Scores, read_scores
from simnet.analysis.exits.sheet import (
    SMALL,
    axis,
    below,
    crowded,
    intervals,
    legend,
    looks,
    panels_of,
    remark,
    shares,
    sheet,
)
from simnet.analysis.style import INK, OTHERS, label, look, readable
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = 10


@dataclass(frozen=True)
class Bins:
    """Samples in bins of confidence of equal width, open below: how many, how many right, mean confidence (NaN)."""

    count: Numbers
    right: Numbers
    confidence: Floats

    @property
    def error(self) -> float:
        """Expected calibration error in [0, 1] (Guo et al. 2017); NaN of no sample."""
        off = np.abs(self.right - np.nan_to_num(self.confidence) * self.count)
        return float(off.sum() / self.count.sum()) if self.count.any() else float("nan")


def draw_confidence(run: Results) -> Figure:
    """Reliability diagrams: accuracy over confidence (the largest class probability) at every exit, with intervals.

    Raises:
        RunError: a table is damaged, or the run kept no scores.
    """
    found = {name: read_scores(run, name) for name in run.systems}
    with look():
        shown = [panels_of(scores, crowded(len(found))) for scores in found.values()]
        figure, axes = sheet(run.systems, [max(len(some), 1) for some in shown], sharey=True)
        for row, scores, some in zip(axes, found.values(), shown, strict=True):
            axis(row[0], y="right answers, %")
            for number, ax in zip(some, row, strict=False):
                _panel(ax, run, scores, number)
            if not some:
                remark(row[0], "no sample was asked")
        legend(figure, run)
        below(figure, [
            "Bars: Wilson's 95 % intervals; the area of a point tells how many samples it stands for. ECE: expected"
            " calibration error.",
            "Counted at each exit are the samples for which it was asked, or is known (run with --forced):"
            " the harder ones at later exits.",
        ])  # fmt: skip
        return readable(figure)


def bins_of(confidence: Floats, right: Mask) -> Bins:
    """Bins of `confidence` in [0, 1] and whether the answers are right, both `[n]`."""
    place = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1).astype(np.int64)
    count = np.bincount(place, minlength=BINS)
    sums = np.bincount(place, confidence, minlength=BINS)
    with np.errstate(invalid="ignore"):
        means = sums / np.where(count, count, np.nan)
    return Bins(count, np.bincount(place, right, minlength=BINS).astype(np.int64), means)


def _panel(ax: Axes, run: Results, scores: Scores, number: int) -> None:
    colours, markers = looks(run)
    name, known = scores.exits[number], scores.known[number]
    ax.set_xlim(0, 102)
    ax.set_ylim(-3, 104)
    axis(ax, (f"confidence at {label(name)}, %", f"confidence, {label(name)}, %"))
    if not known.any():
        remark(ax, "no sample was asked here")
        return
    found = bins_of(scores.confidence[number, known], scores.right[number, known])
    low, high = intervals(found.right, found.count)
    some = found.count > 0
    x, y = 100 * found.confidence[some], shares(found.right, found.count)[some]
    ax.plot([0, 100], [0, 100], color=OTHERS, linewidth=1.2, zorder=1)
    ax.vlines(x, low[some], high[some], color=colours[name], linewidth=1.1, zorder=2)
    size = 6 + 70 * found.count[some] / found.count.max()
    ax.scatter(
        x, y, s=size, marker=markers[name], color=colours[name], edgecolor=INK, linewidth=0.5, zorder=3, clip_on=False
    )
    words = f"n = {found.count.sum():,}\nECE {100 * found.error:.1f} %"
    ax.text(0.97, 0.04, words, transform=ax.transAxes, ha="right", fontsize=SMALL - 0.5, color=INK, linespacing=1.3)
