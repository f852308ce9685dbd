"""The figure of a comparison: differences with their intervals, latencies overlaid, exit shares side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simnet.analysis.comparison.listings import scale
from simnet.analysis.comparison.sides import Side
from simnet.analysis.distributions import overlay, scaled, side_colours
from simnet.analysis.style import (
    INK,
    MUTED,
    PAPER,
    dark,
    exit_colours,
    exit_legend,
    exit_markers,
    label,
    look,
    readable,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simnet.analysis.comparison.compare_runs import Comparison, Pair

WIDTH, COLUMNS = 11.0, 4


def draw_comparison(found: Comparison) -> Figure:
    """A panel for each measure, with a line for each pair; below, latency of all sides in one axis, and their exits."""
    from matplotlib.figure import Figure

    pairs, sides = found.pairs, _sides(found.pairs)
    names = list(dict.fromkeys(one.name for pair in pairs for one in pair.measures))
    rows = -(-len(names) // COLUMNS)
    with look():
        tall, low = 0.85 + 0.34 * len(pairs), 1.1 + max(2.6, 0.36 * len(sides))
        size = rows * tall + low + 0.4
        figure = Figure(figsize=(WIDTH, size))
        left = min(max(0.07, 0.02 + 0.0068 * max(len(pair.title) for pair in pairs)), 0.35)
        above = figure.add_gridspec(
            rows, COLUMNS, left=left, right=0.985, top=1 - 0.35 / size, bottom=(low + 0.55) / size,
            wspace=0.12, hspace=0.95 / (tall - 0.6),
        )  # fmt: skip
        for number, name in enumerate(names):
            ax = figure.add_subplot(above[divmod(number, COLUMNS)])
            _differences(ax, pairs, name, first=number % COLUMNS == 0)
        height = (low - 1.35) / size
        lines = figure.add_axes((0.07, 0.5 / size, 0.5, height))
        _latencies(lines, sides)
        space = min(0.1 + 0.0068 * max(map(len, sides)), 0.25)
        bars = figure.add_axes((0.57 + space, 0.5 / size, 0.415 - space, height))
        _exits(bars, sides)
        return readable(figure)


def _sides(pairs: Sequence[Pair]) -> dict[str, Side]:
    """All sides by what they are called, each once, in the order in which they come."""
    found: dict[str, Side] = {}
    several = len({pair.first.system for pair in pairs} | {pair.second.system for pair in pairs}) > 1
    runs = len({side.name for pair in pairs for side in (pair.first, pair.second)}) > 1
    for side in (side for pair in pairs for side in (pair.first, pair.second)):
        words = [side.name] * runs + [side.system] * (several or not runs)
        found.setdefault(": ".join(words), side)
    return found


def _differences(ax: Axes, pairs: Sequence[Pair], name: str, first: bool) -> None:
    """One measure: a dot for the difference of each pair, filled where its interval leaves out 0, and that interval."""
    found = {number: one for number, pair in enumerate(pairs) for one in pair.measures if one.name == name}
    ends = [abs(end) for one in found.values() for end in (one.difference, one.low, one.high) if end is not None]
    unit = next(iter(found.values())).unit
    size, word = scale(unit, max(ends, default=0.0))
    ax.axvline(0, color=MUTED, linewidth=0.9)
    for number, one in found.items():
        if one.difference is None:
            continue
        at = one.difference / size
        if one.low is None or one.high is None:
            ax.plot(at, number, marker="x", color=INK, markersize=6, linestyle="none")
            continue
        ax.plot([one.low / size, one.high / size], [number, number], color=INK, linewidth=1.6)
        decided = one.low > 0 or one.high < 0
        ax.plot(at, number, "o", markersize=5.5, color=INK, markerfacecolor=INK if decided else PAPER)
    ax.set_title(name, fontsize=9.5)
    ax.set_xlabel(word, color=MUTED, labelpad=1)
    ax.set_ylim(len(pairs) - 0.4, -0.6)
    ax.set_yticks(range(len(pairs)), [label(pair.title) for pair in pairs] if first else [])
    ax.tick_params(length=0, labelsize=8.5)
    ax.tick_params(axis="y", labelcolor=INK)
    ax.margins(x=0.12)
    if not any(ends):
        ax.set_xlim(-1, 1)
    ax.xaxis.set_major_locator(_few())
    ax.grid(axis="x")


def _few() -> object:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _latencies(ax: Axes, sides: dict[str, Side]) -> None:
    latencies = {name: 1e3 * _answers(side) for name, side in sides.items()}
    overlay(ax, latencies)
    scaled(ax, [end for values in latencies.values() if len(values) for end in (values.min(), values.max())])
    ax.set_title("latency of all answers")
    ax.legend(loc="lower right", fontsize=8, borderpad=0.3, frameon=True, framealpha=0.9, edgecolor="none")


def _answers(side: Side) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    recorded = side.recorded.part(side.warm_up, len(side.recorded))
    return recorded.latency[recorded.answered]


def _exits(ax: Axes, sides: dict[str, Side]) -> None:
    """A bar for each side, cut into the shares of its exits."""
    from matplotlib.patches import Patch

    orders = [list(side.summary["exits"]) for side in sides.values()]
    colours, named = exit_colours(orders), side_colours(list(sides))
    for number, side in enumerate(sides.values()):
        begin = 0.0
        for place, numbers in side.summary["exits"].items():
            share = 100 * (numbers["share"] or 0.0)
            ax.barh(number, share, 0.62, left=begin, color=colours[place])
            if share >= 8:
                ink = PAPER if dark(colours[place]) else INK
                ax.text(begin + share / 2, number, f"{share:.0f}", ha="center", va="center", fontsize=8, color=ink)
            begin += share
    ax.set_title("where the samples left")
    ax.set_xlabel("share of answers, %", color=MUTED)
    ax.set_xlim(0, 100)
    ax.set_ylim(len(sides) - 0.4, -0.6)
    ax.set_yticks(range(len(sides)), [label(name) for name in sides])
    for tick, name in zip(ax.get_yticklabels(), sides, strict=True):
        tick.set_color(named[name])
    ax.tick_params(length=0, labelsize=8.5)
    entries = [Patch(color=colour, label=label(words)) for _, colour, words in exit_legend(colours, exit_markers(orders))]
    ax.legend(handles=entries, loc="lower left", bbox_to_anchor=(-0.02, -0.42), ncols=4, fontsize=8, borderpad=0.2)
