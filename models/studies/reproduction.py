"""The page `docs/reproduction.md`: each published number beside ours, from cards and stored evaluations. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from simnet.models.cards.card import Card
from simnet.models.cards.markdown import table
from simnet.statistics.proportions import wilson

PUBLISHED = {
    ("ada-ddnn", "edge"): 84.70,
    ("ada-ddnn", "cloud"): 86.62,
    ("ddnn", "edge"): 67.41,
    ("ddnn", "cloud"): 86.57,
}
"""Test accuracy in percent that the paper's curves approach (ADA-DDNN, section 4.3.2) [S]."""

PUBLISHED_LOSS = {
    ("ada-ddnn", "edge"): 0.45,
    ("ada-ddnn", "cloud"): 0.17,
    ("ddnn", "edge"): 1.01,
    ("ddnn", "cloud"): 0.18,
}
"""Training loss that the paper's curves approach (section 4.3.1) [S]."""


@dataclass(frozen=True)
class Measured:
    """A proportion of a number of samples."""

    accuracy: float
    samples: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval over samples (Wilson), in percent."""
        low, high = wilson(round(self.accuracy * self.samples), self.samples)
        return 100 * low, 100 * high

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.accuracy:.2f} ({low:.1f}–{high:.1f})"

    def verdict(self, published: float) -> str:
        """`reproduced` where the published percentage lies within the interval, else ours is `higher` or `lower`."""
        low, high = self.interval
        return "higher" if published < low else "lower" if published > high else "reproduced"


def tier_of(exit_name: str) -> str:
    """`edge` for every exit on the edge, else the exit's own name."""
    return "edge" if exit_name.startswith("edge") else exit_name


def exit_accuracy(card: Card, tier: str) -> tuple[Measured, float]:
    """Accuracy among the test samples that left at any exit of `tier` at the calibrated T, and their share."""
    test = card.values["calibration"]["test"]
    samples = card.values["samples"]["test"]
    names = [name for name in test["shares"] if tier_of(name) == tier]
    share = sum(test["shares"][name] for name in names)
    right = sum(test["shares"][name] * (test["exit_accuracies"][name] or 0.0) for name in names)
    return Measured(right / share if share else 0.0, round(share * samples)), share


def accuracies(cards: Sequence[Card]) -> str:
    """The paper's four accuracies beside forced and exit accuracy of every network."""
    rows = []
    for card in cards:
        samples = card.values["samples"]["test"]
        forced = card.values["forced_accuracy"]["test"]
        for tier in ("edge", "cloud"):
            published = PUBLISHED[card.network, tier]
            last = [name for name in forced if tier_of(name) == tier][-1]
            whole = Measured(forced[last], samples)
            left, share = exit_accuracy(card, tier)
            rows.append(
                (
                    f"`{card.name}`",
                    tier,
                    f"{published:.2f}",
                    str(whole),
                    whole.verdict(published),
                    f"{left} of {100 * share:.1f} %",
                    left.verdict(published) if left.samples else "–",
                )
            )
    head = ("weights", "exit", "paper, %", "forced, % (95 %)", "", "exit accuracy at T, % (95 %)", "")
    return table(head, rows)


def losses(cards: Sequence[Card]) -> str:
    """Final training losses."""
    rows = []
    for card in cards:
        last = card.values["log"][-1]["loss"]
        for tier in ("edge", "cloud"):
            published = PUBLISHED_LOSS[card.network, tier]
            rows.append((f"`{card.name}`", tier, f"{published:.2f}", f"{last[tier]:.2f}"))
    return table(("weights", "exit", "paper", "ours"), rows)


def one_missing(studies: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Forced accuracies with each camera missing (Fig. 5); `studies` maps a label to entries of one mode."""
    rows, cameras = [], sorted({n for entries in studies.values() for e in entries for n in e["missing"]})
    for label, entries in studies.items():
        for name in entries[0]["forced"]:
            by = {tuple(e["missing"]): 100 * e["forced"][name] for e in entries if len(e["missing"]) < 2}
            rows.append((label, name, *(f"{by[key]:.1f}" for key in sorted(by))))
    return table(("weights", "exit", "none", *(f"camera {n}" for n in cameras)), rows)


def many_missing(studies: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Forced accuracies with n cameras missing (Fig. 6): mean over all subsets, least and greatest in brackets."""
    numbers = sorted({len(e["missing"]) for entries in studies.values() for e in entries})
    rows = []
    for label, entries in studies.items():
        for name in (*entries[0]["forced"], "system"):
            cells = []
            for n in numbers:
                values = [
                    100 * (e["system"] if name == "system" else e["forced"][name])
                    for e in entries
                    if len(e["missing"]) == n
                ]
                spread = f" ({min(values):.0f}–{max(values):.0f})" if len(values) > 1 else ""
                cells.append(f"{fmean(values):.1f}{spread}")
            rows.append((label, name, *cells))
    return table(("weights", "exit", *(f"{n} missing" for n in numbers)), rows)


def flattening(modes: Mapping[str, tuple[Sequence[Mapping[str, Any]], ...]], cards: tuple[Card, Card]) -> str:
    """What cameras missing cost with plain training and with view dropout, and what view dropout costs (cloud exit).

    `modes` maps a mode to the entries of the plain network and of the one with view dropout; `cards` are of the same
    two: with all cameras present the whole test split counts.
    """

    def loss(entries: Sequence[Mapping[str, Any]], n: int) -> float:
        none, some = (fmean(e["forced"]["cloud"] for e in entries if len(e["missing"]) == k) for k in (0, n))
        return 100 * (none - some)

    falls = (
        f"{mode}: " + ", ".join(f"{n} missing {loss(plain, n):.1f} → {loss(dropout, n):.1f}" for n in (1, 2, 3))
        for mode, (plain, dropout) in modes.items()
    )
    before, after = (100 * card.values["forced_accuracy"]["test"]["cloud"] for card in cards)
    samples = cards[0].values["samples"]["test"]
    return (
        f"points of cloud accuracy that missing cameras cost, plain → view dropout, with {'; with '.join(falls)}. "
        f"With all cameras present: {before:.2f} → {after:.2f} % of {samples:,} test samples."
    )


def missing_samples(samples: Mapping[str, int]) -> str:
    """On how many samples each study ran, and how wide an interval over so few is at most."""
    fewest = min(samples.values())
    low, high = wilson(fewest // 2, fewest)
    counts = "; ".join(f"{label}: {n:,}" for label, n in samples.items())
    return f"{counts}. The 95 % interval of such an accuracy is at most ±{50 * (high - low):.1f} points."


def codecs(studies: Iterable[Mapping[str, Any]]) -> str:
    """Accuracy against bytes for every codec, with and without fine-tuning for it."""
    rows = []
    for study in studies:
        for codec, entry in study["codecs"].items():
            sizes = entry["bytes"]
            rows.append(
                (
                    f"`{study['weights']}`",
                    study["trained_for"],
                    codec,
                    f"{sizes['device_to_edge']:,}",
                    f"{sizes['edge_to_cloud']:,}",
                    f"{sizes['expected']:,.0f}",
                    f"{sizes['raw_views'] / sizes['expected']:.2f}",
                    ", ".join(f"{name} {100 * value:.2f}" for name, value in entry["forced"].items()),
                    f"{100 * entry['system']:.2f}",
                )
            )
    head = (
        "weights",
        "trained for",
        "codec",
        "devices→edge, B",
        "edge→cloud, B",
        "expected, B",
        "raw ÷ expected",
        "forced, %",
        "system, %",
    )
    return table(head, rows)


def fine_tuned(studies: Iterable[Mapping[str, Any]]) -> str:
    """Forced accuracies of fine-tuned networks over seeds, all cameras present."""
    rows = []
    for study in studies:
        runs = study["runs"]
        for name in runs[0]["forced"]:
            each = [run["forced"][name] for run in runs]
            rows.append((f"`{study['weights']}`", _seeds(runs), name, over_seeds(each, study["samples"])))
    return table(("weights", "seeds", "exit", "forced, % (95 %) [seeds]"), rows)


def fine_tuned_missing(studies: Iterable[Mapping[str, Any]]) -> str:
    """Points of cloud accuracy that missing cameras cost networks trained with view dropout, over seeds."""
    numbers = (1, 2, 3)
    rows = []
    for study in studies:
        for mode in study["runs"][0].get("cloud_missing", ()):
            accuracies = [run["cloud_missing"][mode] for run in study["runs"]]
            lost = [[100 * (by[0] - by[n]) for by in accuracies] for n in numbers]
            cells = (f"{fmean(each):.1f} [{min(each):.1f} – {max(each):.1f}]" for each in lost)
            rows.append((f"`{study['weights']}`", mode, *cells))
    return table(("weights", "mode", *(f"{n} missing, points [seeds]" for n in numbers)), rows)


def _seeds(runs: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(run["seed"]) for run in runs)


def over_seeds(accuracies: Sequence[float], samples: int) -> str:
    """Mean over seeds with its interval over samples, in percent; least and greatest seed in square brackets."""
    least, greatest = (100 * pick(accuracies) for pick in (min, max))
    return f"{Measured(fmean(accuracies), samples)} [{least:.1f}–{greatest:.1f}]"


def ablation(study: Mapping[str, Any]) -> str:
    """Short runs with one thing changed at a time: mean over seeds, and the difference to ours, paired by seed.

    In square brackets least and greatest difference, in points.
    """
    by: dict[str, list[Mapping[str, Any]]] = {}
    for run in study["runs"]:
        by.setdefault(run["variant"], []).append(run)
    base = {(r["epochs"], r["seed"]): r["validation_accuracy"] for r in by["ours"]}
    rows = []
    for variant, runs in by.items():
        cells = []
        for name in ("edge-1", "edge-2", "cloud"):
            mean = 100 * fmean(r["validation_accuracy"][name] for r in runs)
            apart = [100 * (r["validation_accuracy"][name] - base[r["epochs"], r["seed"]][name]) for r in runs]
            spread = f" ({fmean(apart):+.1f} [{min(apart):+.1f} – {max(apart):+.1f}])" if variant != "ours" else ""
            cells.append(f"{mean:.1f}{spread}")
        rows.append((variant, _seeds(runs), f"{runs[0]['parameters']:,}", *cells))
    head = ("changed", "seeds", "parameters", "edge-1, %", "edge-2, %", "cloud, %")
    return table(head, rows)
