"""How far an exit's confidence can be believed, drawn from what a card says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simnet.analysis.style import (
    HEADING,
    INK,
    MUTED,
    OTHERS,
    PAPER,
    SMALL,
    WIDTH,
    exit_colours,
    exit_markers,
    label,
    look,
    readable,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW = 20
"""Bins with fewer samples are drawn faintly: their accuracy is mostly chance."""


def draw_reliability(name: str, reliability: Mapping[str, Any], split: str = "test") -> Figure:
    """Reliability diagram of every exit: accuracy over confidence, plain and with the fitted temperature.

    Args:
        name: Name of the weights, for the title.
        reliability: The card's block of that name: per exit `ece` and `bins` by split, and `scaled` with the same.
        split: `test` or `validation`.

    Returns:
        One column per exit: the diagram, and below it where the samples are.
    """
    from simnet.analysis.drawing import Drawing

    colours, markers = exit_colours([reliability]), exit_markers([reliability])
    with look():
        figure = Drawing(figsize=(WIDTH, 3.9))
        axes = figure.subplots(2, len(reliability), sharex=True, sharey="row", squeeze=False, height_ratios=(3.4, 1))
        figure.subplots_adjust(left=0.5 / WIDTH, right=0.985, top=0.83, bottom=0.1, wspace=0.1, hspace=0.1)
        wide = WIDTH / len(reliability) > 1.9  # inches
        for column, (exit_name, entry) in enumerate(reliability.items()):
            _diagram(axes[0, column], wide, entry, split, colours[exit_name], markers[exit_name])
            axes[0, column].set_title(label(exit_name))
            _histogram(axes[1, column], entry, split, colours[exit_name])
        axes[0, 0].set_ylabel("accuracy, %", color=MUTED)
        axes[1, 0].set_ylabel("samples, %", color=MUTED)
        heading = f"{label(name)}, {split} data: confidence and accuracy at every exit"
        figure.suptitle(heading, x=0.012, y=0.985, ha="left", color=INK, fontsize=HEADING)
        figure.text(
            0.012, 0.905, f"all samples count at all exits; faint: bins of fewer than {FEW}; ECE: calibration error",
            color=MUTED, fontsize=SMALL, va="center",
        )  # fmt: skip
        return readable(figure)


def _diagram(ax: Axes, wide: bool, entry: Mapping[str, Any], split: str, colour: str, marker: str) -> None:
    scaled, gap = entry["scaled"], " " if wide else "\n"
    ax.plot([0, 100], [0, 100], color=OTHERS, linewidth=1.2, zorder=1)
    for found, hollow in ((entry, False), (scaled, True)):
        _points(ax, found["bins"][split], colour, marker, hollow)
    ax.text(
        0.04, 0.965,
        f"filled: as trained,{gap}ECE {100 * entry['ece'][split]:.1f} %\n"
        f"hollow: temperature {scaled['temperature']:.2f},{gap}ECE {100 * scaled['ece'][split]:.1f} %",
        transform=ax.transAxes, va="top", fontsize=SMALL, color=INK, linespacing=1.3,
    )  # fmt: skip
    ax.set_xlim(0, 101.5)
    ax.set_ylim(-4, 128 if wide else 155)  # room for the text above
    ax.set_yticks(range(0, 101, 20))
    ax.grid(axis="y")
    ax.tick_params(length=0)


def _points(ax: Axes, bins: Mapping[str, Any], colour: str, marker: str, hollow: bool) -> None:
    shown = [
        (100 * confidence, 100 * accuracy, count)
        for confidence, accuracy, count in zip(bins["confidence"], bins["accuracy"], bins["count"], strict=True)
        if count
    ]
    solid = [(x, y) for x, y, count in shown if count >= FEW]
    face = PAPER if hollow else colour
    line = ":" if hollow else "-"
    ax.plot([x for x, _ in solid], [y for _, y in solid], color=colour, linewidth=1.2, linestyle=line, zorder=2)
    for x, y, count in shown:
        ax.plot(
            x, y, marker=marker, markersize=4.5, markerfacecolor=face, markeredgecolor=colour, markeredgewidth=1,
            linestyle="", alpha=1 if count >= FEW else 0.3, zorder=4 if hollow else 3,
        )  # fmt: skip


def _histogram(ax: Axes, entry: Mapping[str, Any], split: str, colour: str) -> None:
    for found, hollow in ((entry, False), (entry["scaled"], True)):
        counts = found["bins"][split]["count"]
        width, total = 100 / len(counts), sum(counts)
        ax.stairs(
            [100 * count / total for count in counts],
            [width * edge for edge in range(len(counts) + 1)],
            fill=not hollow, facecolor=colour, edgecolor=INK, alpha=1 if hollow else 0.55,
            linewidth=1.1, linestyle=":" if hollow else "-",
        )  # fmt: skip
    ax.set_xlabel("confidence (largest probability), %", color=MUTED)
    ax.tick_params(length=0)
