"""Figures 3 and 4 of the ADA-DDNN paper, with our runs: loss and accuracy over the epochs, from the cards' logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simnet.analysis.style import INK, MUTED, SAMPLES, SMALL, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simnet.models.cards.card import Card

_COLOURS = {"ada-ddnn": SAMPLES[0], "ddnn": SAMPLES[1]}
_NAMES = {"ada-ddnn": "ADA-DDNN", "ddnn": "DDNN (algorithm 1)"}
_DASHES: dict[str, Any] = {"edge": "-", "cloud": (0, (4, 2))}


def draw_loss(cards: Sequence[Card], published: Mapping[tuple[str, str], float]) -> Figure:
    """Training loss of edge and cloud exits; `published` maps (system, tier) to the paper's last value, a tick."""
    return _draw(cards, published, "loss", "training loss (cross-entropy)", 1.0)


def draw_accuracy(cards: Sequence[Card], published: Mapping[tuple[str, str], float]) -> Figure:
    """Forced accuracy of edge and cloud exits on the validation split, in percent."""
    return _draw(cards, published, "validation_accuracy", "validation accuracy, every sample at that exit, %", 100.0)


def _draw(
    cards: Sequence[Card], published: Mapping[tuple[str, str], float], key: str, label: str, scale: float
) -> Figure:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(WIDTH, 3.1))
    figure.subplots_adjust(left=0.07, right=0.635, top=0.97, bottom=0.125)
    digits = 2 if scale == 1 else 1
    labels: list[tuple[float, str, str]] = []
    for card in cards:
        system, log = card.network, card.values["log"]
        for tier, dashes in _DASHES.items():
            name = next(n for n in (tier, "edge-2") if n in log[-1][key])
            values = [scale * line[key][name] for line in log]
            colour, paper = _COLOURS[system], published[system, tier]
            axes.plot([line["epoch"] for line in log], values, color=colour, linestyle=dashes, linewidth=1.3)
            axes.axhline(paper, xmin=0.96, color=colour, linestyle=dashes, linewidth=3)
            words = f"{_NAMES[system]}, {tier}: {values[-1]:.{digits}f} (paper {paper:.{digits}f})"
            labels.append((values[-1], words, colour))
    axes.plot([], [], color=INK, linestyle=_DASHES["edge"], label="edge")
    axes.plot([], [], color=INK, linestyle=_DASHES["cloud"], label="cloud")
    axes.plot([], [], color=MUTED, linewidth=3, label="where the paper's curve ends")
    axes.legend(loc="best")
    axes.set_xlim(0, max(len(card.values["log"]) for card in cards) * 1.03)
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.grid(axis="y")
    _write_beside(axes, labels)
    return figure


def _write_beside(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Write words right of the axes at the height of their value, at least a line apart."""
    low, high = axes.get_ylim()
    last = -1.0
    for value, words, colour in sorted(labels):
        place = max((value - low) / (high - low), last + 0.055)
        axes.text(1.015, place, words, transform=axes.transAxes, va="center", color=colour, fontsize=SMALL)
        last = place
