"""Markdown tables of weights' cards, for `docs/models.md`; every figure comes from a card. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from models.cards import FLOAT, Card

START, END = "<!-- cards -->", "<!-- end of cards -->"
"""Marks around the tables in a page."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def _layers(widths: Sequence[int], pools: Sequence[int]) -> str:
    """Channels per ResLayer, an arrow where 2x2 pooling follows."""
    return ", ".join(f"{width}{' ↓' if n in pools else ''}" for n, width in enumerate(widths, start=1))


def _architecture(card: Card) -> list[str]:
    arch = card.values["architecture"]
    edge, cloud = (_layers(arch[f"{tier}_widths"], arch[f"{tier}_pools"]) for tier in ("edge", "cloud"))
    if arch["system"] == "ddnn":  # algorithm 1 has the edge's layers in the cloud
        edge, cloud = "–", f"{edge}, {cloud}"
    height, width = arch["view"]
    device = _layers(arch["device_widths"], arch["device_pools"])
    return [f"`{card.name}`", f"3×{height}×{width}", device, arch["fusion"], edge, cloud]


def _cost(card: Card, name: str) -> list[str]:
    segment = card.segments[name]
    shape = segment["features"]
    sent = ["×".join(map(str, shape)), f"{FLOAT * prod(shape):,}"] if shape else ["–", "–"]
    return [
        f"`{card.name}`",
        name,
        f"{segment['parameters']:,}",
        f"{segment['flop']:,}",
        *sent,
        f"{segment['memory']:,}",
    ]


def _percent(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {100 * value:.2f}" for name, value in values.items())


def _result(card: Card) -> list[str]:
    values: dict[str, Any] = card.values
    chosen = values["calibration"]["test"]
    return [
        f"`{card.name}`",
        str(values["epochs"]),
        f"{values['duration_seconds'] / 60:.0f} min",
        _percent(values["forced_accuracy"]["test"]),
        ", ".join(f"{name} {t:g}" for name, t in card.thresholds.items()),
        _percent(chosen["shares"]),
        f"{100 * chosen['system_accuracy']:.2f}",
    ]


def markdown(cards: Sequence[Card]) -> str:
    """Three tables: layers, cost of the segments for one sample (one view, on a device), training and accuracy."""
    architecture = _table(("weights", "view", "each device", "fusion", "edge", "cloud"), map(_architecture, cards))
    cost = _table(
        ("weights", "segment", "parameters", "FLOP", "sends on", "bytes as fp32", "memory, bytes"),
        (_cost(card, name) for card in cards for name in ("device", "edge", "cloud")),
    )
    result = _table(
        ("weights", "epochs", "trained", "forced accuracy, test %", "calibrated T", "shares, test %", "system, test %"),
        map(_result, cards),
    )
    return f"{architecture}\n\n{cost}\n\n{result}\n"
