"""The part of `docs/reproduction.md` on DistrEE: what each policy saves and costs, from the stored study. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simnet.models.cards.markdown import table

PUBLISHED_SAVING = 27.6
"""Percent of computation that the paper saves on average "at comparable accuracy" [S]."""


def _percent(figure: Mapping[str, Any], signed: bool = False) -> str:
    """A mean with its interval of 95 %, in percent."""
    form = "+.2f" if signed else ".2f"
    mean = f"{100 * figure['mean']:{form}}"
    if figure["low"] is None:
        return mean
    return f"{mean} ({100 * figure['low']:{form}} to {100 * figure['high']:{form}})"


def _shares(shares: list[float]) -> str:
    return " / ".join(f"{100 * share:.1f}" for share in shares)


def parts(study: Mapping[str, Any], card: Mapping[str, Any]) -> dict[str, str]:
    """The tables by the names of their marks; `card` are the values of the weights' card."""
    return {
        "distree trained": trained(card),
        "distree forced": forced(study),
        "distree areas": areas(study),
        "distree curves": curves(study),
        "distree calibrated": calibrated(study),
    }


def trained(card: Mapping[str, Any]) -> str:
    """How long, with whom, and whether the accuracy still rose at the end."""
    before, last = (line["validation_accuracy"] for line in card["log"][-2:])
    rise = ", ".join(f"{name} {100 * (last[name] - before[name]):+.2f}" for name in last)
    return (
        f"Trained for {card['epochs']} epochs with {card['recipe']['teacher']} as teacher. Over the last epoch, at a "
        f"learning rate that falls to 0, the accuracy on validation changed by (points): {rise}."
    )


def forced(study: Mapping[str, Any]) -> str:
    """Accuracy of every stage when all samples leave there, and what that saves."""
    full = list(study["costs"].values())[-1]
    rows = [
        (name, f"{study['costs'][name] / 1e6:.2f}", f"{100 * (1 - study['costs'][name] / full):.1f}", _percent(figure))
        for name, figure in study["forced"].items()
    ]
    return table(("exit", "MFLOP until it, all nodes", "saves, %", "forced accuracy, test, % (95 %)"), rows)


def areas(study: Mapping[str, Any]) -> str:
    """Area under the curve of each criterion, ± its standard error."""
    rows = [
        (
            policy,
            *(f"{entry['auc']:.3f} ± {entry['error']:.3f}" for split in found.values() for entry in split.values()),
        )
        for policy, found in study["auc"].items()
    ]
    rows += [
        (
            f"{policy}, features not aligned",
            *(f"{entry['auc']:.3f} ± {entry['error']:.3f}" for entry in found.values()),
            *["–"] * len(found),
        )
        for policy, found in study["unaligned"].items()
    ]
    first = next(iter(study["auc"].values()))
    heads = [f"{name}, {split}" for split, entries in first.items() for name in entries]
    return table(("policy", *heads), rows)


def curves(study: Mapping[str, Any]) -> str:
    """Every policy at every saving."""
    rows = [
        (
            f"{100 * one['wanted']:.0f}",
            policy,
            _shares(one["shares"]),
            _percent(one["saving"]),
            _percent(one["accuracy"]),
            _percent(one["over_last"], signed=True),
            _percent(one["over_random"], signed=True) if "over_random" in one else "–",
        )
        for wanted in sorted({one["wanted"] for points in study["curves"].values() for one in points})
        for policy, points in study["curves"].items()
        for one in points
        if one["wanted"] == wanted
    ]
    return table(
        ("to save, %", "policy", "shares of the exits, %", "saves on test, %", "accuracy, %", "over Last-exit, points",
         "over Random at the same shares, points"),
        rows,
    )  # fmt: skip


def by_nodes(studies: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> str:
    """Networks for other numbers of nodes, with the thresholds in their cards: values of each card, and its study."""
    rows = []
    for card, study in sorted(studies, key=lambda pair: int(pair[0]["architecture"]["nodes"])):
        full, last = list(study["costs"].values())[-1], list(study["forced"].values())[-1]
        for policy, one in study["calibrated"].items():
            rows.append(
                (
                    str(card["architecture"]["nodes"]),
                    str(card["epochs"]),
                    f"{full / 1e6:.2f}",
                    _percent(last),
                    policy,
                    " / ".join(f"{found['auc']:.3f}" for found in study["auc"][policy]["test"].values()),
                    _percent(one["saving"]),
                    _percent(one["over_last"], signed=True),
                    _percent(one["over_random"], signed=True),
                )
            )
    return table(
        ("nodes", "epochs", "MFLOP to the last exit", "forced there, %", "policy", "area under the curve, exits 2 / 3",
         "saves, %", "over Last-exit, points", "over Random at the same shares, points"),
        rows,
    )  # fmt: skip


def calibrated(study: Mapping[str, Any]) -> str:
    """What the thresholds in the card do on test."""
    rows = [
        (
            policy,
            _shares(one["shares"]),
            _percent(one["saving"]),
            _percent(one["accuracy"]),
            _percent(one["over_last"], signed=True),
            _percent(one["over_random"], signed=True),
        )
        for policy, one in study["calibrated"].items()
    ]
    return table(
        ("policy", "shares of the exits, %", f"saves, % (published: {PUBLISHED_SAVING})", "accuracy, %",
         "over Last-exit, points", "over Random at the same shares, points"),
        rows,
    )  # fmt: skip
