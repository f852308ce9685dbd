"""The figure of a comparison: differences with their intervals, latencies overlaid, exit shares side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simnet.analysis.comparison.listings import scale
from simnet.analysis.comparison.sides import Side
from simnet.analysis.distributions import Line, line, overlay, scaled
from simnet.analysis.style import (
    INK,
    MUTED,
    PAPER,
    SMALL,
    TEXT,
    WIDTH,
    dark,
    exit_colours,
    exit_legend,
    exit_markers,
    look,
    readable,
)
from simnet.analysis.words import fitted, legend_columns, widest, width_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simnet.analysis.comparison.found import Found, Pair

COLUMNS = 4
MOST_TITLE, MOST_NAME = 2.2, 1.3  # inches that pairs and sides may take beside the axes
HEAD, APART, PLOT, FOOT, KEY = 0.5, 0.62, 1.7, 0.36, 0.15  # inches
EXPLAINED = "differences along the arrows, with 95 % interval; filled: it leaves out 0; ×: no interval"


def draw_comparison(found: Found) -> Figure:
    """A panel for each measure, with a line for each pair; below, latency of all sides in one axis, and their exits."""
    from simnet.analysis.drawing import Drawing

    pairs, sides = found.pairs, _sides(found.pairs)
    names = list(dict.fromkeys(one.name for pair in pairs for one in pair.measures))
    rows = -(-len(names) // COLUMNS)
    with look():
        panel = 0.2 + 0.15 * len(pairs)
        keys = KEY * max(len(sides), 3) + 0.1  # for the legends
        size = HEAD + rows * (panel + APART) + 0.1 + PLOT + FOOT + keys
        figure = Drawing(figsize=(WIDTH, size))
        left = min(max(widest(pair.title for pair in pairs), 0.4), MOST_TITLE) + 0.12
        above = figure.add_gridspec(
            rows, COLUMNS, left=left / WIDTH, right=1 - 0.12 / WIDTH, top=1 - HEAD / size, wspace=0.15,
            hspace=APART / panel, bottom=1 - (HEAD + rows * panel + (rows - 1) * APART) / size,
        )  # fmt: skip
        wide = (WIDTH - left - 0.12) / COLUMNS
        for number, name in enumerate(names):
            ax = figure.add_subplot(above[divmod(number, COLUMNS)])
            _differences(ax, pairs, name, wide, first=number % COLUMNS == 0)
        figure.text(1 - 0.12 / WIDTH, 1 - 0.1 / size, EXPLAINED, ha="right", va="center", fontsize=SMALL, color=MUTED)
        bottom, height = (FOOT + keys) / size, PLOT / size
        space = min(widest(sides), MOST_NAME) / WIDTH + 0.04
        lines = _lines(sides)
        _latencies(figure.add_axes((0.065, bottom, 0.5, height)), sides, lines)
        _exits(figure.add_axes((0.565 + space, bottom, 0.415 - space, height)), sides, lines)
        return readable(figure)


def _sides(pairs: Sequence[Pair]) -> dict[str, Side]:
    """All sides by what they are called, each once, in the order in which they come."""
    found: dict[str, Side] = {}
    several = len({pair.first.system for pair in pairs} | {pair.second.system for pair in pairs}) > 1
    runs = len({side.name for pair in pairs for side in (pair.first, pair.second)}) > 1
    every = [side for pair in pairs for side in (pair.first, pair.second)]
    systems = list(dict.fromkeys(side.system for side in every))
    for side in sorted(every, key=lambda one: systems.index(one.system)):
        words = [side.name] * runs + [side.system] * (several or not runs)
        found.setdefault(": ".join(words), side)
    return found


def _differences(ax: Axes, pairs: Sequence[Pair], name: str, wide: float, first: bool) -> None:
    """One measure: a dot for the difference of each pair, filled where its interval leaves out 0, and that interval."""
    from matplotlib.ticker import MaxNLocator

    found = {number: one for number, pair in enumerate(pairs) for one in pair.measures if one.name == name}
    ends = [abs(end) for one in found.values() for end in (one.difference, one.low, one.high) if end is not None]
    unit = next(iter(found.values())).unit
    size, word = scale(unit, max(ends, default=0.0))
    ax.axvline(0, color=MUTED, linewidth=0.6)
    for number, one in found.items():
        if one.difference is None:
            continue
        at = one.difference / size
        if one.low is None or one.high is None:
            ax.plot(at, number, marker="x", color=INK, markersize=4.5, linestyle="none")
            continue
        ax.plot([one.low / size, one.high / size], [number, number], color=INK, linewidth=1.1)
        decided = one.low > 0 or one.high < 0
        ax.plot(at, number, "o", markersize=4, color=INK, markerfacecolor=INK if decided else PAPER)
    ax.set_title(_two_lines(name, wide), fontsize=TEXT, pad=3, linespacing=1.05)
    ax.set_xlabel(word, color=MUTED, labelpad=1)
    ax.set_ylim(len(pairs) - 0.4, -0.6)
    ax.set_yticks(range(len(pairs)), [fitted(pair.title, MOST_TITLE) for pair in pairs] if first else [])
    ax.tick_params(length=0)
    ax.tick_params(axis="y", labelcolor=INK)
    ax.margins(x=0.12)
    if not any(ends):
        ax.set_xlim(-1, 1)
    ax.xaxis.set_major_locator(MaxNLocator(3))
    ax.grid(axis="x")


def _two_lines(words: str, inches: float) -> str:
    """Words in two lines of about the same length, where one is too wide."""
    if width_of(words, TEXT, bold=True) <= inches or " " not in words:
        return words
    spaces = [at for at, sign in enumerate(words) if sign == " "]
    middle = min(spaces, key=lambda at: abs(at - len(words) / 2))
    return f"{words[:middle]}\n{words[middle + 1 :]}"


def _lines(sides: dict[str, Side]) -> dict[str, Line]:
    """A colour for each run and dashes for each system; of a single run a colour for each system, too."""
    runs, systems = (list(dict.fromkeys(getattr(side, key) for side in sides.values())) for key in ("name", "system"))
    alone = len(runs) == 1
    return {
        name: line(systems.index(side.system) if alone else runs.index(side.name), systems.index(side.system))
        for name, side in sides.items()
    }


def _latencies(ax: Axes, sides: dict[str, Side], lines: dict[str, Line]) -> None:
    latencies = {name: 1e3 * _answers(side) for name, side in sides.items()}
    overlay(ax, latencies, lines)
    scaled(ax, [end for values in latencies.values() if len(values) for end in (values.min(), values.max())])
    ax.set_title("latency of all answers")
    _legend(ax, None)


def _legend(ax: Axes, entries: list[Artist] | None, columns: int = 1) -> None:
    """Below the axis and its name."""
    ax.legend(
        handles=entries, loc="upper left", bbox_to_anchor=(-0.02, -(FOOT - 0.02) / PLOT), ncols=columns, borderpad=0.2,
        labelspacing=0.3, columnspacing=1.2, handlelength=2.2,
    )  # fmt: skip


def _answers(side: Side) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    recorded = side.recorded.part(side.warm_up, len(side.recorded))
    return recorded.latency[recorded.answered]


def _exits(ax: Axes, sides: dict[str, Side], lines: dict[str, Line]) -> None:
    """A bar for each side, cut into the shares of its exits."""
    from matplotlib.patches import Patch

    orders = [list(side.summary["exits"]) for side in sides.values()]
    colours = exit_colours(orders)
    for number, side in enumerate(sides.values()):
        begin = 0.0
        for place, numbers in side.summary["exits"].items():
            share = 100 * (numbers["share"] or 0.0)
            ax.barh(number, share, 0.62, left=begin, color=colours[place])
            if share >= 8:
                ink = PAPER if dark(colours[place]) else INK
                ax.text(begin + share / 2, number, f"{share:.0f}", ha="center", va="center", fontsize=SMALL, color=ink)
            begin += share
    ax.set_title("where the samples left")
    ax.set_xlabel("share of answers, %", color=MUTED)
    ax.set_xlim(0, 100)
    ax.set_ylim(len(sides) - 0.4, -0.6)
    ax.set_yticks(range(len(sides)), [fitted(name, MOST_NAME) for name in sides])
    for tick, name in zip(ax.get_yticklabels(), sides, strict=True):
        tick.set_color(lines[name].colour)
    ax.tick_params(length=0)
    left_at = {place for side in sides.values() for place, one in side.summary["exits"].items() if one["count"]}
    shown = {name: colour for name, colour in colours.items() if name in left_at}
    entries: list[Artist] = [
        Patch(color=colour, label=fitted(words, 1.6)) for _, colour, words in exit_legend(shown, exit_markers(orders))
    ]
    inches = ax.get_position().width * WIDTH
    _legend(ax, entries, legend_columns([str(one.get_label()) for one in entries], inches))
