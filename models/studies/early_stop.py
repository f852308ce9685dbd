"""DistrEE: what each policy saves and costs in accuracy, over its whole range, beside Random at the same shares.

The paper reports 27.6 % less computation at comparable accuracy, and its policy before Similarity before Random [S].
One point proves nothing: where most samples leave one stage early, Random saves as much. So thresholds are chosen on
validation for a row of savings, and judged on test with intervals, paired with Random at the same shares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.models.cards.card import Card, WeightsError
from simnet.models.cards.weights import load_network
from simnet.models.criteria import (
    CRITERIA,
    NEVER,
    RANDOM,
    Criterion,
    Stage,
    auc,
    auc_error,
    left_at,
    measures,
    settings,
    tried,
)
from simnet.models.data.base import Dataset
from simnet.models.networks.students.stages import costs, stages_of, unaligned
from simnet.statistics.proportions import wilson

SAVINGS = tuple(round(0.05 * step, 2) for step in range(1, 10))
"""Shares of the last exit's computation that thresholds are to save on validation."""
USEFUL = 0.55
"""Area under the curve above which a criterion is worth its stage (our choice)."""
SHARES = 20
"""Random's own shares are sought in steps of one of this many parts."""
Z = 1.959964
"""Of a two-sided interval of 95 %."""


class Split(NamedTuple):
    """A network on a data set: its stages, and whether the prediction of each is right, `[stages, n]`."""

    stages: Sequence[Stage]
    right: NDArray[np.bool_]


def run(card: Card, test: Dataset, validation: Dataset) -> dict[str, Any]:
    """The study of the card's weights. Raises WeightsError for a network without stages that are compared."""
    if "aligned-1" not in card.graph.segments:
        raise WeightsError(f"{card.path}: the study is of networks whose stages have a common space")
    network = load_network(card)
    seen = [
        Split(stages, np.stack([stage.scores.argmax(-1) == data.labels for stage in stages]))
        for data in (validation, test)
        for stages in [stages_of(network, data)]
    ]
    return {
        "weights": card.name,
        "sha256": card.values["sha256"],
        "data": card.values["data"],
        "samples": {"validation": len(validation), "test": len(test)},
        **judged(seen[0], seen[1], card),
        "unaligned": {
            name: areas(CRITERIA[name], raw, list(card.graph.exits))
            for raw in [Split(unaligned(network, validation), seen[0].right)]
            for name, criterion in CRITERIA.items()
            if criterion.reads_features
        },
    }


def judged(validation: Split, test: Split, card: Card) -> dict[str, Any]:
    """Forced accuracies, areas under the curve, curves of all policies, and what the card's thresholds do on test."""
    plain, mapped = (costs(card.graph, reads) for reads in (False, True))
    exits = list(card.graph.exits)
    return {
        "costs": dict(zip(exits, plain, strict=True)),
        "forced": {name: _share(right) for name, right in zip(exits, test.right, strict=True)},
        "auc": {
            name: {split: areas(criterion, seen, exits) for split, seen in (("validation", validation), ("test", test))}
            for name, criterion in CRITERIA.items()
        },
        "curves": {
            **{
                name: list(_curve(criterion, validation, test, mapped if criterion.reads_features else plain, plain))
                for name, criterion in CRITERIA.items()
            },
            RANDOM: list(_random_curve(validation, test, plain)),
        },
        "calibrated": {
            name: _point(
                measures(criterion, test.stages),
                [card.values["policies"][name]["thresholds"][exit_name] for exit_name in exits[:-1]],
                test,
                mapped if criterion.reads_features else plain,
                plain,
            )
            for name, criterion in CRITERIA.items()
        },
        NEVER: _share(test.right[-1]),
    }


def areas(criterion: Criterion, seen: Split, exits: Sequence[str]) -> dict[str, dict[str, float]]:
    """For each stage that can be left by itself how well the measure tells right from wrong, and its standard error."""
    found = {}
    for number, measure in enumerate(measures(criterion, seen.stages)):
        if number:
            right = seen.right[number]
            area, good = auc(measure, right), int(right.sum())
            found[exits[number]] = {"auc": area, "error": auc_error(area, good, len(right) - good)}
    return found


def _curve(
    criterion: Criterion, validation: Split, test: Split, its: Sequence[float], plain: Sequence[float]
) -> Iterator[dict[str, Any]]:
    """For each saving the most accurate thresholds on validation that save as much, on test."""
    found = measures(criterion, validation.stages)
    grid = [tried(found, validation.right, its, each) for each in settings(found)]
    on_test = measures(criterion, test.stages)
    for saving in SAVINGS:
        enough = [one for one in grid if one.cost <= (1 - saving) * plain[-1]]
        if enough:
            best = max(enough, key=lambda one: (one.accuracy, -one.cost))
            yield {"wanted": saving, **_point(on_test, best.thresholds, test, its, plain)}


def _point(
    found: NDArray[np.float64],
    thresholds: Sequence[float],
    test: Split,
    its: Sequence[float],
    plain: Sequence[float],
) -> dict[str, Any]:
    """What thresholds do on test; differences are of the same samples."""
    taken = left_at(found, thresholds)
    places = np.arange(len(taken))
    right = test.right[taken, places]
    shares = np.bincount(taken, minlength=len(test.right)) / len(taken)
    at_random = shares @ test.right
    return {
        "thresholds": list(thresholds),
        "shares": shares.tolist(),
        "saving": _mean(1 - np.asarray(its)[taken] / plain[-1]),
        "accuracy": _share(right),
        "over_last": _mean(right.astype(float) - test.right[-1]),
        "over_random": _mean(right - at_random),
    }


def _random_curve(validation: Split, test: Split, plain: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Random with shares of its own: the best that it can do for each saving. Expected values, nothing is drawn."""
    last = len(plain) - 1
    parts = [
        (0, *chosen, SHARES - sum(chosen))
        for chosen in product(range(SHARES + 1), repeat=last - 1)
        if sum(chosen) <= SHARES
    ]
    grid = np.array(parts) / SHARES
    accuracy, cost = grid @ validation.right.mean(1), grid @ np.asarray(plain)
    for saving in SAVINGS:
        enough = np.flatnonzero(cost <= (1 - saving) * plain[-1] + 1e-6)
        if len(enough):
            shares = grid[enough[np.lexsort((-cost[enough], accuracy[enough]))[-1]]]
            right = shares @ test.right
            yield {
                "wanted": saving,
                "shares": shares.tolist(),
                "saving": {"mean": float(1 - shares @ np.asarray(plain) / plain[-1]), "low": None, "high": None},
                "accuracy": _mean(right),
                "over_last": _mean(right - test.right[-1]),
            }


def _share(right: NDArray[np.bool_]) -> dict[str, float]:
    low, high = wilson(float(right.sum()), len(right))
    return {"mean": float(right.mean()), "low": low, "high": high}


def _mean(values: NDArray[np.floating]) -> dict[str, float]:
    """Mean with its interval of 95 % over samples."""
    mean, half = float(values.mean()), Z * float(values.std(ddof=1)) / sqrt(len(values))
    return {"mean": mean, "low": mean - half, "high": mean + half}


def useless(study: Mapping[str, Any], policy: str) -> list[str]:
    """The stages at which a policy's criterion does not tell right from wrong on validation, see `USEFUL`."""
    found = study["auc"][policy]["validation"]
    return [name for name, entry in found.items() if not entry["auc"] > USEFUL]
