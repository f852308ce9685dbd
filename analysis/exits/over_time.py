"""Where the samples left over time: shares of the exits in windows of the run, with its faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from simnet.analysis.exits.scores import Floats, Numbers, Scores, read_scores
from simnet.analysis.exits.sheet import SMALL, axis, below, curve, legend, looks, remark, sheet
from simnet.analysis.faults import Fault, faults_of
from simnet.analysis.style import FAULT, INK, MUTED, OTHERS, PAPER, label, look, readable
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENOUGH = 40
"""Samples that a window has on average, if there are as many: a share of fewer says little."""
MOST = 60
"""Windows."""
NAMED = 6
"""Faults that are named; of more only the shading is shown."""


def draw_over_time(run: Results) -> Figure:
    """Shares of the exits over the time of capture, and beside it the accuracy of the system with Wilson bands.

    Faults are shaded, each named once.

    Raises:
        RunError: a table is damaged, or the run kept no scores.
    """
    found = {name: read_scores(run, name) for name in run.systems}
    ends = [float(scores.captured[-1]) for scores in found.values() if len(scores)]
    begin = min((float(scores.captured[0]) for scores in found.values() if len(scores)), default=0.0)
    faults = together(faults_of(run), begin, max(ends, default=0.0))
    with look():
        figure, axes = sheet(run.systems, 2, sharex=True)
        for (left, right), scores in zip(axes, found.values(), strict=True):
            axis(left, "captured at, s", ("share of samples, %", "share, %"))
            axis(right, "captured at, s", "right answers, %")
            _system(left, right, run, scores)
            for ax in (left, right):
                ax.tick_params(labelbottom=True)
                _shade(ax, faults, named=ax is right)
        _legend(figure, run, faults)
        below(figure, [_named(number, each) for number, each in enumerate(faults)] if len(faults) <= NAMED else [])
        return readable(figure)


def windows(captured: Floats) -> Floats:
    """Edges of windows of equal length, from the first capture to the last; as many as have `ENOUGH` samples each."""
    count = int(min(MOST, max(1, len(captured) // ENOUGH)))
    return np.linspace(captured[0], np.nextafter(captured[-1], np.inf), count + 1)


def by_window(scores: Scores, edges: Floats) -> tuple[Numbers, Numbers, Numbers]:
    """Samples that were answered at each exit, last those without an answer, `[exits + 1, windows]`.

    Also those of them that were forced, and the right answers of the system, `[windows]`.
    """
    place = np.clip(np.searchsorted(edges, scores.captured, side="right") - 1, 0, len(edges) - 2)
    counts, forced = (np.zeros((len(scores.exits) + 1, len(edges) - 1), np.int64) for _ in range(2))
    np.add.at(counts, (scores.exit, place), 1)  # −1, without an answer, is the last row
    np.add.at(forced, (scores.exit, place), scores.forced)
    right = np.zeros(len(edges) - 1, np.int64)
    np.add.at(right, place[scores.correct], 1)
    return counts, forced, right


def together(faults: Sequence[Fault], begin: float, end: float) -> list[tuple[float, float, list[str]]]:
    """Faults between two times, those of the same time as one: from, to, and their names."""
    found: dict[tuple[float, float], dict[str, None]] = {}
    for fault in faults:
        if fault.overlaps(begin, end):
            found.setdefault((max(fault.start, begin), min(fault.end, end)), {})[fault.label] = None
    return [(start, stop, [*names]) for (start, stop), names in sorted(found.items())]


def _system(left: Axes, right: Axes, run: Results, scores: Scores) -> None:
    left.set_ylim(0, 100)
    if not len(scores):
        for ax in (left, right):
            remark(ax, "no sample")
        return
    colours: Mapping[str, str] = looks(run)[0]
    edges = windows(scores.captured)
    counts, forced, correct = by_window(scores, edges)
    total = counts.sum(axis=0)
    base = np.zeros(len(total))
    parts, held = 100 * counts / np.maximum(total, 1), 100 * forced / np.maximum(total, 1)
    for part, of_it, colour in zip(parts, held, [*(colours[name] for name in scores.exits), OTHERS], strict=True):
        left.stairs(base + part, edges, baseline=base, fill=True, facecolor=colour, edgecolor=PAPER, linewidth=0.3)
        left.stairs(base + of_it, edges, baseline=base, fill=True, facecolor="none", hatch="////", edgecolor=PAPER,
                    linewidth=0)  # fmt: skip
        base = base + part
    left.set_xlim(edges[0], edges[-1])
    answered = counts[:-1].sum(axis=0)
    curve(right, (edges[:-1] + edges[1:]) / 2, correct, answered, answered > 0, INK)
    if not answered.any():
        remark(right, "no sample was answered")
    low = 100 * float(np.min(correct[answered > 0] / answered[answered > 0], initial=1.0))
    right.set_ylim(max(-2.0, low - 15), 102)


def _shade(ax: Axes, faults: Sequence[tuple[float, float, list[str]]], named: bool) -> None:
    """Lines at both ends; where it is `named`, the fault's letter above the panel: nothing over what it is about."""
    across = ax.get_xaxis_transform()
    for number, (start, stop, _) in enumerate(faults):
        ax.axvspan(start, stop, facecolor=FAULT, alpha=0.09, linewidth=0, zorder=0)
        for at in (start, stop):
            ax.axvline(at, color=FAULT, linewidth=0.9, linestyle=(0, (3, 2)), zorder=4)
        if named and len(faults) <= NAMED:
            ax.text((start + stop) / 2, 1.015, _letter(number), transform=across, color=FAULT, fontsize=SMALL,
                    ha="center", va="bottom", fontweight="bold")  # fmt: skip


def _letter(number: int) -> str:
    return chr(ord("A") + number)


def _named(number: int, fault: tuple[float, float, list[str]]) -> str:
    start, stop, names = fault
    shown = ", ".join(label(name) for name in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"fault {_letter(number)}, {start:.4g} to {stop:.4g} s: {shown}"


def _legend(figure: Figure, run: Results, faults: Sequence[object]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    further = [
        Patch(facecolor=OTHERS, label="no answer"),
        Patch(facecolor=MUTED, hatch="////", edgecolor=PAPER, linewidth=0, label="forced"),
        Line2D([], [], color=INK, linewidth=1.6, label="system"),
        Patch(facecolor=MUTED, alpha=0.25, label="95 % interval"),
    ]
    if faults:
        further.append(Line2D([], [], color=FAULT, linewidth=0.9, linestyle=(0, (3, 2)), label="fault begins, ends"))
    legend(figure, run, further)
