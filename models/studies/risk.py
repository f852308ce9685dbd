"""Risk control: how often its promise holds for the weights' own scores, over draws of the validation data.

Validation and test data together, on none of which a network was trained, stand for all samples to come. A draw takes
as many of them as the validation split has, with replacement, so that they are independent, as the promise asks; the
thresholds found on the draw have a risk that is then known exactly, over all of them (our choice).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simnet.models.cards.card import Card
from simnet.models.cards.weights import load_network
from simnet.models.data.base import Dataset
from simnet.models.evaluation.alternatives import stand_ins
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.risk import DELTA, EPSILON, UnkeepableError, controlled, losses_of
from simnet.models.evaluation.scores import exit_scores, segment_scores
from simnet.models.rules import taken_exit
from simnet.statistics.proportions import wilson


@dataclass(frozen=True)
class Kept:
    """What the thresholds of many draws did; `risks` (shares of all samples) and `early` have one entry a draw."""

    risks: tuple[float, ...]
    early: tuple[float, ...]
    """Shares of samples that leave before the last exit."""

    def told(self, epsilon: float) -> dict[str, Any]:
        """Share of the draws whose risk is at most `epsilon`, with its 95 % interval; mean risk and mean share."""
        draws, kept = len(self.risks), sum(risk <= epsilon for risk in self.risks)
        return {
            "draws": draws,
            "kept": kept,
            "interval": list(wilson(kept, draws)),
            "risk": float(np.mean(self.risks)),
            "greatest_risk": max(self.risks),
            "early": float(np.mean(self.early)),
        }


def drawn(exits: Exits, size: int, draws: int, epsilon: float, delta: float, seed: int = 1) -> Kept:
    """Find thresholds on `draws` draws of `size` samples of `exits`, and what they do to all of them.

    Raises UnkeepableError where draws of this size cannot give the promise.
    """
    random, number = np.random.default_rng(seed), exits.correct.shape[1]
    risks, early = [], []
    for _ in range(draws):
        rows = random.integers(number, size=size)
        chosen = controlled(exits.measures[:, rows], exits.correct[:, rows], epsilon, delta)
        risks.append(float(losses_of(exits.measures, exits.correct, chosen).mean()))
        taken = taken_exit(list(exits.measures[:-1]), chosen, number)
        early.append(float((taken < len(exits.names) - 1).mean()))
    return Kept(tuple(risks), tuple(early))


def run(
    card: Card,
    validation: Dataset,
    test: Dataset,
    draws: int,
    seed: int = 1,
    epsilon: float = EPSILON,
    delta: float = DELTA,
) -> dict[str, Any]:
    """The study of the card's weights: an entry for its exits, and one for each segment that can stand in at one.

    `entries` is empty, and `unkeepable` tells why, where the validation split is too small; it is also empty where
    there is one exit only.
    """
    network = load_network(card)
    splits = [segment_scores(network, data) for data in (validation, test)]
    labels = np.concatenate([validation.labels, test.labels])
    scores = {name: np.concatenate([split[name] for split in splits]) for name in splits[0]}
    values: dict[str, Any] = {
        "weights": card.name,
        "sha256": card.values["sha256"],
        "data": card.values["data"],
        "samples": len(labels),
        "drawn": len(validation),
        "seed": seed,
        "epsilon": epsilon,
        "delta": delta,
        "entries": [],
    }
    for instead in stand_ins(network.graph) if len(network.graph.exits) > 1 else ():
        exits = Exits(exit_scores(network, scores, card.temperatures, instead), labels)
        try:
            found = drawn(exits, len(validation), draws, epsilon, delta, seed)
        except UnkeepableError as problem:
            values["unkeepable"] = str(problem)
            break
        values["entries"].append({"instead": instead, **found.told(epsilon)})
    return values


def rows(study: Mapping[str, Any]) -> Iterator[str]:
    """Rows of the table in `docs/validation.md`."""
    name, sizes = f"`{study['weights']}`", f"{study['drawn']:,} of {study['samples']:,}"
    for entry in study["entries"]:
        low, high = entry["interval"]
        answers = "".join(f", {segment}" for segment in entry["instead"].values())
        yield (
            f"| {name}{answers} | {sizes} | {entry['kept']} of {entry['draws']}: {entry['kept'] / entry['draws']:.1%} "
            f"({low:.1%}–{high:.1%}) | {entry['risk']:.2%}, {entry['greatest_risk']:.2%} | {entry['early']:.1%} |"
        ).replace("%", " %")
    if "unkeepable" in study:
        yield f"| {name} | {sizes} | too few samples | – | – |"
