"""Where samples leave over T, and how good the answers are there: the run's decisions replayed with one T for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simnet.analysis.exits.replay import Replay, grid_of, otherwise, replay
from simnet.analysis.exits.scores import Scores, read_scores
from simnet.analysis.exits.sheet import axis, below, curve, legend, looks, remark, shares, sheet
from simnet.analysis.style import INK, MUTED, OTHERS, label, look, readable
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEAST = 10
"""Fewer answers than so many give no accuracy that is worth a line."""


def draw_probability(run: Results) -> Figure:
    """Exit probability of every exit over T, and beside it the accuracy of the exits and of the system.

    One T for all exits but the last. Bands are Wilson's 95 % intervals; dotted: T in force in the run. Grey: samples
    that would go on to an exit which nobody asked.

    Raises:
        RunError: a table is damaged, or the run kept no scores.
    """
    found = {name: read_scores(run, name) for name in run.systems}
    alone = [name for name, scores in found.items() if len(scores.exits) < 2]
    found = {name: scores for name, scores in found.items() if name not in alone} or found
    with look():
        figure, axes = sheet([*found], 2)
        hidden = [label(name) for name in alone if name not in found]
        notes = [f"Not shown, since they have one exit only: {', '.join(hidden)}"] if hidden else []
        for (left, right), scores in zip(axes, found.values(), strict=True):
            for ax in (left, right):
                ax.set_ylim(-2, 102)
            words = (f"T, one for all exits ({scores.quantity})", f"T ({scores.quantity})", "T")
            axis(left, words, ("samples that leave there, %", "leave there, %"))
            axis(right, words, "right answers, %")
            notes += _system(left, right, run, scores)
        _legend(figure, run)
        below(figure, notes)
        return readable(figure)


def _system(left: Axes, right: Axes, run: Results, scores: Scores) -> list[str]:
    colours, markers = looks(run)
    grid = grid_of(scores)
    found = replay(scores, grid)
    for ax in (left, right):
        ax.set_xlim(grid[0], grid[-1])
    if not found.n:
        for ax in (left, right):
            remark(ax, "no sample was answered")
        return []
    all_samples = np.full(len(grid), found.n)
    for number, name in enumerate(scores.exits):
        exact = found.unknown[:, number] == 0
        style = {"marker": markers[name], "markevery": (2 + 5 * number, 20), "markersize": 3.8}
        curve(left, grid, found.left[:, number], all_samples, exact, colours[name], **style)
        enough = exact & (found.left[:, number] >= LEAST)
        curve(right, grid, found.right[:, number], found.left[:, number], enough, colours[name], **style)
        if np.isfinite(at := scores.in_force[number]) and grid[0] <= at <= grid[-1]:
            for ax in (left, right):
                ax.axvline(at, color=colours[name], linewidth=1.3, linestyle=":", zorder=1)
    _unknown(left, right, found)
    low = np.nanmin([*shares(found.right[:, :].ravel(), found.left.ravel())[found.left.ravel() >= LEAST], 90.0])
    right.set_ylim(max(-2.0, low - 12), 101.5)
    return _notes(scores, found)


def _unknown(left: Axes, right: Axes, found: Replay) -> None:
    """What is not known, and the system's accuracy, which has bounds there."""
    grid, some = found.grid, found.lost > 0
    right_all = found.right.sum(axis=1)
    everyone = np.full(len(grid), found.n)
    left.fill_between(
        grid, 0, shares(found.lost, everyone), where=some, color=OTHERS, alpha=0.55, linewidth=0, zorder=0
    )
    right.fill_between(
        grid, shares(right_all, everyone), shares(right_all + found.lost, everyone), where=some, color=OTHERS,
        alpha=0.55, linewidth=0, zorder=0,
    )  # fmt: skip
    curve(right, grid, right_all, everyone, ~some, INK)


def _notes(scores: Scores, found: Replay) -> list[str]:
    notes, name = [], label(scores.system)
    if found.lost.any():
        last = int(np.flatnonzero(found.lost)[-1])
        where = f"from T = {found.grid[last + 1]:.2f} on" if last + 1 < len(found.grid) else "nowhere"
        notes.append(
            f"{name}: exact {where}; grey: samples that would go on to exits which nobody asked (run with --forced)"
        )
    if own := int((scores.exit >= 0).sum()) - found.n:
        notes.append(f"{name}: {own:,} samples more were answered without asking an exit; they are left out")
    if other := otherwise(scores):
        notes.append(f"{name}: T in force does not tell where {other:,} samples left (it varied, or does not decide)")
    return notes


def _legend(figure: Figure, run: Results) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    legend(figure, run, [
        Line2D([], [], color=INK, linewidth=1.6, label="system"),
        Line2D([], [], color=MUTED, linewidth=1.3, linestyle=":", label="T in force"),
        Patch(facecolor=MUTED, alpha=0.25, label="95 % interval"),
        Patch(facecolor=OTHERS, alpha=0.55, label="not known: was not asked"),
    ], lines=True)  # fmt: skip
