"""Figures 3 and 4 of the ADA-DDNN paper, with our runs: loss and accuracy over the epochs, from the cards' logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.style import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from models.cards import Card

_COLOURS = {"ada-ddnn": "#4477AA", "ddnn": "#EE9B33"}
_NAMES = {"ada-ddnn": "ADA-DDNN", "ddnn": "DDNN (algorithm 1)"}
_DASHES: dict[str, Any] = {"edge": "-", "cloud": (0, (4, 2))}


def draw_loss(cards: Sequence[Card], published: Mapping[tuple[str, str], float]) -> Figure:
    """Training loss of edge and cloud exits; `published` maps (system, tier) to the paper's last value, a tick."""
    return _draw(cards, published, "loss", "training loss (cross-entropy)", 1.0)


def draw_accuracy(cards: Sequence[Card], published: Mapping[tuple[str, str], float]) -> Figure:
    """Forced accuracy of edge and cloud exits on the validation split, in percent."""
    return _draw(cards, published, "validation_accuracy", "validation accuracy, every sample at that exit (%)", 100.0)


def _draw(
    cards: Sequence[Card], published: Mapping[tuple[str, str], float], key: str, label: str, scale: float
) -> Figure:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    for card in cards:
        system = card.values["system"]
        log = card.values["log"]
        for tier in ("edge", "cloud"):
            name = next(n for n in (tier, "edge-2") if n in log[-1][key])
            values = [scale * line[key][name] for line in log]
            epochs = [line["epoch"] for line in log]
            axes.plot(epochs, values, color=_COLOURS[system], linestyle=_DASHES[tier], linewidth=1.6)
            axes.annotate(
                f"{_NAMES[system]} {tier} {values[-1]:.{2 if scale == 1 else 1}f}",
                (epochs[-1], values[-1]),
                (5, 0),
                textcoords="offset points",
                va="center",
                color=_COLOURS[system],
                fontsize=8,
            )
    _paper(axes, published)
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.grid(axis="y")
    _spread(axes, figure.get_figheight())
    return figure


def _paper(axes: Axes, published: Mapping[tuple[str, str], float]) -> None:
    """Ticks at the right edge where the paper's curves end."""
    for (system, tier), value in published.items():
        axes.axhline(value, xmin=0.97, color=_COLOURS[system], linestyle=_DASHES[tier], linewidth=3)
    axes.plot([], [], color=MUTED, linewidth=3, label="where the paper's curve ends")
    axes.plot([], [], color=INK, linestyle=_DASHES["edge"], label="edge")
    axes.plot([], [], color=INK, linestyle=_DASHES["cloud"], label="cloud")
    axes.legend(loc="best", fontsize=8)


def _spread(axes: Axes, inches: float) -> None:
    """Room for the labels at the right, and these at least a line apart."""
    left, right = axes.get_xlim()
    axes.set_xlim(left, right + 0.32 * (right - left))
    labels = sorted((text for text in axes.texts), key=lambda text: text.xy[1])  # type: ignore[attr-defined]
    low, high = axes.get_ylim()
    points = inches * 72 * 0.8
    last = -1e9
    for text in labels:
        place = (text.xy[1] - low) / (high - low) * points  # type: ignore[attr-defined]
        moved = max(place, last + 11)
        text.set_position((5, moved - place))
        last = moved
