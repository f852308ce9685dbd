"""What the figures of exits have in common: a sheet of panels, one row for each system, and a legend above."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simnet.analysis.exits.scores import Floats, Mask, Numbers
from simnet.analysis.style import INK, MUTED, TEXT, WIDTH, exit_colours, exit_legend, exit_markers, label
from simnet.results.run import Results
from simnet.statistics.proportions import wilson

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALL = TEXT
"""Points of what is written in panels and legends."""


def sheet(
    rows: Sequence[str], columns: int, height: float = 2.05, above: float = 0.5, **shared: Any
) -> tuple[Figure, Sequence[Sequence[Axes]]]:
    """A figure of text width with `columns` panels for each of `rows`, which are named at their first panel.

    `height` is that of a row with its labels, `above` the room for the legend, in inches.
    """
    from matplotlib.figure import Figure

    size = above + height * max(len(rows), 1)
    figure = Figure(figsize=(WIDTH, size))
    axes = figure.subplots(max(len(rows), 1), columns, squeeze=False, **shared)
    figure.subplots_adjust(
        left=0.08, right=0.985, top=1 - (above + 0.22) / size, bottom=0.46 / size, wspace=0.2, hspace=0.72 / 1.35
    )
    for ax in axes.ravel():
        ax.tick_params(length=0, labelsize=SMALL)
        ax.grid(linewidth=0.6)
    for row, name in enumerate(rows):
        axes[row, 0].set_title(label(name), fontsize=9.5, pad=5)
    return figure, axes


def exits_of(run: Results) -> list[Iterable[str]]:
    """The exits of all systems of a run: one exit has one colour in all of its figures."""
    return [system["exits"] for system in run.summary["systems"].values()]


def looks(run: Results) -> tuple[dict[str, str], dict[str, str]]:
    """Colour and marker of every exit."""
    return exit_colours(exits_of(run)), exit_markers(exits_of(run))


def axis(ax: Axes, x: str | None = None, y: str | None = None) -> None:
    """Name the axes, with their units."""
    if x is not None:
        ax.set_xlabel(x, color=MUTED, fontsize=SMALL, labelpad=2)
    if y is not None:
        ax.set_ylabel(y, color=MUTED, fontsize=SMALL, labelpad=3)


def legend(figure: Figure, run: Results, further: Iterable[Artist] = (), lines: bool = False) -> None:
    """The exits, as `lines` or by their markers alone, and what else there is, in the room above the panels."""
    from matplotlib.lines import Line2D

    colours, markers = looks(run)
    handles: list[Artist] = [
        Line2D(
            [],
            [],
            marker=marker,
            color=colour,
            linestyle="-" if lines else "",
            markersize=5,
            linewidth=1.6,
            label=label(names),
        )
        for marker, colour, names in exit_legend(colours, markers)
    ]  # fmt: skip
    handles += further
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), ncols=min(len(handles), 5), fontsize=SMALL,
        handlelength=1.7, columnspacing=1.3, borderpad=0.3, labelspacing=0.35,
    )  # fmt: skip


def remark(ax: Axes, words: str, y: float = 0.5) -> None:
    """Say in a panel what is not to be seen there."""
    ax.text(0.5, y, words, transform=ax.transAxes, ha="center", va="center", color=MUTED, fontsize=SMALL, zorder=6)


def below(figure: Figure, words: Sequence[str]) -> None:
    """Notes under the panels, a line each; the figure grows by them."""
    if not words:
        return
    before = figure.get_figheight()
    size = before + 0.16 * len(words) + 0.06
    bars = figure.subplotpars
    figure.set_figheight(size)
    figure.subplots_adjust(top=1 - (1 - bars.top) * before / size, bottom=(bars.bottom * before + size - before) / size)
    for number, text in enumerate(reversed(words)):
        figure.text(0.012, (0.07 + 0.16 * number) / size, text, color=INK, fontsize=SMALL - 0.5, va="bottom")


def intervals(count: Numbers, n: Numbers) -> tuple[Floats, Floats]:
    """Wilson's 95 % limits of `count` of `n`, in per cent; NaN of none."""
    found = [wilson(c, m) if m else (np.nan, np.nan) for c, m in zip(count.tolist(), n.tolist(), strict=True)]
    limits = 100 * np.array(found, float).reshape(-1, 2)
    return limits[:, 0], limits[:, 1]


def shares(count: Numbers, n: Numbers) -> Floats:
    """`count` of `n` in per cent; NaN of none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, 100 * count / np.maximum(n, 1), np.nan)


def curve(ax: Axes, x: Floats, count: Numbers, n: Numbers, where: Mask, colour: str, **style: Any) -> None:
    """A proportion in per cent along `x` with its band, where it is exact."""
    shown = where & (n > 0)
    low, high = intervals(count, n)
    ax.fill_between(x, low, high, where=shown, color=colour, alpha=0.18, linewidth=0)
    ax.plot(x, np.where(shown, shares(count, n), np.nan), color=colour, linewidth=1.6, **style)
