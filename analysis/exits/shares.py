"""Where the samples left, and how good the answers were there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

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
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_exits(run: Results) -> Figure:
    """Exit shares of every system beside its accuracies: per exit, forced where known, and of the system."""
    from matplotlib.figure import Figure

    names = run.systems
    with look():
        size = 1.6 + 0.62 * len(names)
        figure = Figure(figsize=(11.0, size))
        shares, accuracy = figure.subplots(1, 2, sharey=True, width_ratios=(1.25, 1))
        left = min(max(0.1, 0.02 + 0.0075 * max(map(len, names), default=0)), 0.4)  # about the width of a character
        figure.subplots_adjust(left=left, right=0.98, top=1 - 0.42 / size, bottom=0.98 / size, wspace=0.09)
        _shares(shares, run)
        _accuracies(accuracy, run)
        shares.set_yticks(range(len(names)), [label(name) for name in names])
        shares.set_ylim(len(names) - 0.45, -0.55)
        for ax in (shares, accuracy):
            ax.tick_params(length=0)
            ax.spines["left"].set_visible(False)
        for tick in shares.get_yticklabels():
            tick.set_color(INK)
        _legend(figure, run)
        return readable(figure)


def _exits(run: Results) -> list[Iterable[str]]:
    return [system["exits"] for system in run.summary["systems"].values()]


def _shares(ax: Axes, run: Results) -> None:
    colours = exit_colours(_exits(run))
    for row, system in enumerate(run.summary["systems"].values()):
        left = 0.0
        for name, numbers in system["exits"].items():
            width = 100 * (numbers["share"] or 0.0)
            ax.barh(row, width, left=left, height=0.62, color=colours[name], edgecolor=PAPER, linewidth=1.2)
            if width >= 4:
                text = f"{label(name)}\n{width:.1f} %" if width >= 9 else f"{width:.0f}"
                ax.text(left + width / 2, row, text, ha="center", va="center", fontsize=8.5,
                        color=PAPER if dark(colours[name]) else INK, linespacing=1.15)  # fmt: skip
            left += width
        if not system["finished"]:
            ax.text(1, row, "no sample finished", va="center", color=MUTED)
    ax.set_xlim(0, 100)
    ax.set_title("exit shares")
    ax.set_xlabel("share of the finished samples, %", color=MUTED)


def _accuracies(ax: Axes, run: Results) -> None:
    colours, markers = exit_colours(_exits(run)), exit_markers(_exits(run))
    shown: list[float] = []
    for row, system in enumerate(run.summary["systems"].values()):
        if system["accuracy"] is not None:
            shown.append(100 * system["accuracy"])
            ax.plot([shown[-1]] * 2, [row - 0.32, row + 0.32], color=INK, linewidth=2, zorder=2)
        for name, numbers in system["exits"].items():
            look_of: dict[str, Any] = {"marker": markers[name], "linestyle": "", "zorder": 3, "markersize": 8}
            if numbers["accuracy"] is not None:
                shown.append(100 * numbers["accuracy"])
                ax.plot(shown[-1], row - 0.13, color=colours[name], markeredgecolor=PAPER, **look_of)
            if numbers["forced_accuracy"] is not None:
                shown.append(100 * numbers["forced_accuracy"])
                ax.plot(shown[-1], row + 0.15, markerfacecolor="none", markeredgecolor=colours[name],
                        markeredgewidth=1.6, **look_of)  # fmt: skip
    low = min(*shown, 95.0) if shown else 0.0  # a few points at least: no ticks of a fraction, or above 100 %
    ax.set_xlim(max(0.0, low - 0.12 * (100 - low) - 0.5), 100 + 0.03 * (100 - low))
    ax.grid(axis="x")
    ax.set_title("accuracies")
    ax.set_xlabel("right answers, %", color=MUTED)


def _legend(figure: Figure, run: Results) -> None:
    from matplotlib.lines import Line2D

    colours, markers = exit_colours(_exits(run)), exit_markers(_exits(run))
    handles = [
        Line2D([], [], marker=marker, color=colour, linestyle="", markersize=7, label=label(names))
        for marker, colour, names in exit_legend(colours, markers)
    ]
    handles.append(Line2D([], [], color=INK, linewidth=2, label="system accuracy"))
    systems = run.summary["systems"].values()
    if any(numbers["forced_accuracy"] is not None for system in systems for numbers in system["exits"].values()):
        handles.append(
            Line2D([], [], marker="o", linestyle="", markerfacecolor="none", markeredgecolor=MUTED,
                   markeredgewidth=1.6, label="hollow: accuracy of all samples")
        )  # fmt: skip
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), fontsize=8.5, columnspacing=1.6,
                  handletextpad=0.4, borderpad=0.2)  # fmt: skip
