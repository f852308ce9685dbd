"""All weights at a glance, for `python -m models list` and `docs/models.md`, from their cards alone. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from simnet.models.cards.card import HOTTEST, Card, WeightsError
from simnet.models.cards.markdown import table
from simnet.models.graph import Segment
from simnet.models.rules import USUAL

if TYPE_CHECKING:
    from rich.table import Table

Sent = Callable[[Card], Mapping[str, int]]
"""Bytes that one copy of each segment sends of a sample; what is sent is the protocol's business, so it is told."""


def _shown(card: Card, sent: Mapping[str, int]) -> dict[str, Segment]:
    """The card's segments, but for those that cost nothing and send nothing (the surest of several devices)."""
    return {
        name: segment
        for name, segment in card.graph.segments.items()
        if segment.flop or segment.parameters or segment.memory or sent.get(name)
    }


T = TypeVar("T")


def _told(make: Callable[[Card], T]) -> Callable[[Card], T]:
    """`make`, with one message for a card that lacks what it wants, or has it otherwise."""

    def made(card: Card) -> T:
        try:
            return make(card)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
            raise WeightsError(f"{card.path}: the card is not complete: {problem}") from problem

    return made


def overview(card: Card, sent: Sent) -> dict[str, Any]:
    """What `list --json` prints of one card: FLOP and bytes sent are of one sample, of one copy of a segment.

    Raises WeightsError for a card that lacks any of it.
    """
    return _told(lambda card: _overview(card, sent(card)))(card)


def _overview(card: Card, by_segment: Mapping[str, int]) -> dict[str, Any]:
    values = card.values
    if type(values["parameters"]) is not int:
        raise TypeError("parameters must be a whole number")
    for numbers in (values["forced_accuracy"]["test"].values(), [values["calibration"]["test"]["system_accuracy"]]):
        if not all(type(number) in (int, float) and 0 <= number <= 1 for number in numbers):
            raise TypeError("accuracies must be numbers from 0 to 1")
    return {
        "name": card.name,
        "data": values["data"],
        "parameters": values["parameters"],
        "segments": {
            name: {"parameters": s.parameters, "flop": s.flop, "bytes_sent": by_segment.get(name, 0)}
            for name, s in _shown(card, by_segment).items()
        },
        "forced_accuracy": values["forced_accuracy"]["test"],
        "system_accuracy": values["calibration"]["test"]["system_accuracy"],
        "thresholds": card.thresholds,
    }


def overview_table(cards: Sequence[Card], sent: Sent) -> Table:
    """The same for the terminal; fits 80 columns with names of up to 29 characters."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title="per sample; on a device, of one view")
    made.add_column("weights", overflow="fold")
    made.add_column("segment", no_wrap=True)
    for heading in ("parameters", "MFLOP", "bytes sent"):
        made.add_column(heading.replace(" ", "\n"), justify="right", no_wrap=True)
    made.add_column("forced and\nsystem, test %", justify="right", no_wrap=True)
    for card in cards:
        values = overview(card, sent)
        segments = values["segments"].values()
        accuracies = {**values["forced_accuracy"], "system": values["system_accuracy"]}
        made.add_row(
            f"{card.name}\n{values['data']}",
            "\n".join((*values["segments"], "all")),
            "\n".join(f"{n:,}" for n in (*(s["parameters"] for s in segments), values["parameters"])),
            "\n".join(f"{s['flop'] / 1e6:.3f}" for s in segments),
            "\n".join(f"{s['bytes_sent']:,}" for s in segments),
            "\n".join(f"{name} {100 * accuracy:.2f}" for name, accuracy in accuracies.items()),
            end_section=True,
        )
    return made


def _architecture(card: Card) -> list[str]:
    height, width = card.graph.view[1:]
    layers = card.layers
    told = [layers.get(part, "–") for part in ("device", "fusion", "edge", "cloud")]
    codec = "1 bit a value" if card.codec == "binary" else card.codec
    return [f"`{card.name}`", f"3×{height}×{width}", *told, codec]


def _costs(card: Card, sent: Mapping[str, int]) -> list[list[str]]:
    return [
        [
            f"`{card.name}`",
            name,
            f"{segment.parameters:,}",
            f"{segment.flop:,}",
            "–" if segment.operations is None else f"{segment.operations:,}",
            "–" if segment.traffic is None else f"{segment.traffic:,}",
            "×".join(map(str, segment.sends or ())) or "–",
            f"{sent[name]:,}" if name in sent else "–",
            f"{segment.memory:,}",
        ]
        for name, segment in _shown(card, sent).items()
    ]


def _percent(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {100 * value:.2f}" for name, value in values.items())


def _thresholds(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {t:g}" for name, t in values.items())


def _result(card: Card) -> list[str]:
    values: dict[str, Any] = card.values
    chosen = values["calibration"]["test"]
    return [
        f"`{card.name}`",
        str(values["epochs"]),
        f"{values['duration_seconds'] / 60:.0f} min",
        _percent(values["forced_accuracy"]["test"]),
        _thresholds(card.thresholds),
        _percent(chosen["shares"]),
        f"{100 * chosen['system_accuracy']:.2f}",
    ]


def _rules(card: Card) -> list[list[str]]:
    calibration = card.values["calibration"]
    return [
        [
            f"`{card.name}`",
            f"**{rule}**" if rule == calibration["rule"] else rule,
            _thresholds(found["thresholds"]),
            f"{100 * found['validation']['system_accuracy']:.2f}",
            _percent(found["test"]["shares"]),
            _percent({name: a for name, a in found["test"]["exit_accuracies"].items() if a is not None}),
            f"{100 * found['test']['system_accuracy']:.2f}",
            f"{found['test']['bytes']:,.0f}",
        ]
        for rule, found in calibration.get("rules", {}).items()
    ]


def _exit_rules(card: Card) -> list[list[str]]:
    """Each exit rule, with T by the rule of calibration that counts."""
    calibration = card.values["calibration"]
    usual = {"exit_rule": USUAL, **calibration["rules"][calibration["rule"]]} if "rules" in calibration else None
    others = [entry for entry in calibration.get("alternatives", ()) if "instead" not in entry]
    return [
        [
            f"`{card.name}`",
            entry["exit_rule"],
            _thresholds(entry["thresholds"]),
            f"{100 * entry['validation']['system_accuracy']:.2f}",
            _percent(entry["test"]["shares"]),
            f"{100 * entry['test']['system_accuracy']:.2f}",
        ]
        for entry in ([usual, *others] if usual is not None and others else ())
    ]


def temperature_told(fitted: float) -> str:
    """A fitted temperature; – where the search ended at its limit, so that there is no best one.

    That is so where every validation sample is right: any cooler one would fit better still.
    """
    return "–" if fitted >= 0.99 * HOTTEST or fitted <= 1.01 / HOTTEST else f"{fitted:.2f}"


def _reliability(card: Card) -> list[list[str]]:
    return [
        [
            f"`{card.name}`",
            name,
            *(f"{100 * entry['ece'][split]:.2f}" for split in ("validation", "test")),
            temperature_told(entry["scaled"]["temperature"]),
            *(f"{100 * entry['scaled']['ece'][split]:.2f}" for split in ("validation", "test")),
            "yes" if card.temperatures else "no",
        ]
        for name, entry in card.values.get("reliability", {}).items()
    ]


def _provenance(card: Card) -> str:
    values = card.values
    samples = ", ".join(f"{name} {n:,}" for name, n in values.get("samples", {}).items())
    told = {
        "data": f"{values['data']}; {values['data_licence']}" + (f"; {n}" if (n := values.get("data_note")) else ""),
        "samples": samples,
        "command": f"`{values['command']}`",
        "machine": f"{values['hardware']}, torch {values['torch']}",
        "SHA-256": f"`{card.sha256}`",
    }
    return f"**`{card.name}`**\n\n" + "\n".join(f"* {key}: {value}" for key, value in told.items())


def markdown(cards: Sequence[Card], sent: Sent, data: Mapping[str, str]) -> str:
    """Of all cards layers, costs of one sample (one view, on a device), training, calibration, reliability, origin.

    `data` is what is told of each data set, by its name.
    """
    architecture = table(
        ("weights", "view", "each device", "fusion", "edge", "cloud", "features as"), map(_told(_architecture), cards)
    )
    cost = table(
        (
            "weights",
            "segment",
            "parameters",
            "FLOP",
            "operations",
            "traffic, bytes",
            "sends on",
            "bytes sent",
            "memory, bytes",
        ),
        (row for card in cards for row in _told(lambda card: _costs(card, sent(card)))(card)),
    )
    result = table(
        ("weights", "epochs", "trained", "forced accuracy, test %", "calibrated T", "shares, test %", "system, test %"),
        map(_told(_result), cards),
    )
    rules = table(
        ("weights", "rule", "T", "system, validation %", "shares, test %", "exit accuracy, test %", "system, test %",
         "bytes a sample"),
        (row for card in cards for row in _told(_rules)(card)),
    )  # fmt: skip
    exit_rules = table(
        ("weights", "exit rule", "T", "system, validation %", "shares, test %", "system, test %"),
        (row for card in cards for row in _told(_exit_rules)(card)),
    )
    reliability = table(
        ("weights", "exit", "ECE, validation %", "ECE, test %", "fitted temperature", "then: validation %", "test %",
         "in force"),
        (row for card in cards for row in _told(_reliability)(card)),
    )  # fmt: skip
    origins = "\n\n".join(map(_told(_provenance), cards))
    parts = (
        ("What the data give away", "\n".join(f"* **{name}**: {told}" for name, told in data.items())),
        ("Layers", architecture),
        ("Cost of one sample", cost),
        ("Training and accuracy", result),
        ("Calibration by every rule", rules),
        ("Calibration of every exit rule", exit_rules),
        ("Reliability", reliability),
        ("Origin", origins),
    )
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in parts) + "\n"
