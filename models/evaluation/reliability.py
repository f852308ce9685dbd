"""Reliability: how far an exit's confidence can be believed, and temperature scaling.

Expected calibration error and temperature scaling after Guo et al. 2017, "On Calibration of Modern Neural Networks":
samples in equal-width bins of confidence (the largest probability); the error is the mean over samples of the distance
between a bin's accuracy and its mean confidence. Every sample counts at every exit, as for forced accuracy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.models.cards.card import HOTTEST
from simnet.models.evaluation.scores import exit_scores
from simnet.models.networks.base import Network
from simnet.models.rules import probabilities

BINS = 15

Scores = Mapping[str, NDArray[np.floating]]
Labels = NDArray[np.int64]


def bins(scores: NDArray[np.floating], labels: Labels) -> dict[str, list[Any]]:
    """Reliability diagram of scores `[n, classes]`: `count`, mean `confidence`, `accuracy` (None if empty) per bin."""
    p = probabilities(scores)
    confidence, right = p.max(axis=-1), p.argmax(axis=-1) == labels
    place = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1).astype(np.int64)  # bins are open below, closed above
    count = np.bincount(place, minlength=BINS)
    sums = (np.bincount(place, weights, minlength=BINS) for weights in (confidence, right))
    means = [[round(float(s / n), 6) if n else None for s, n in zip(of_bin, count, strict=True)] for of_bin in sums]
    return {"count": count.tolist(), "confidence": means[0], "accuracy": means[1]}


def expected_calibration_error(found: Mapping[str, list[Any]]) -> float:
    """Expected calibration error, in [0, 1], of what `bins` found."""
    off: float = sum(
        n * abs(accuracy - confidence)
        for n, confidence, accuracy in zip(found["count"], found["confidence"], found["accuracy"], strict=True)
        if n
    )
    return round(off / float(sum(found["count"])), 6)


def negative_log_likelihood(scores: NDArray[np.floating], labels: Labels) -> float:
    """Mean of −log of the probability of the true class (natural logarithm)."""
    s = scores.astype(np.float64)
    s = s - s.max(axis=-1, keepdims=True)
    return float((np.log(np.exp(s).sum(axis=-1)) - s[np.arange(len(s)), labels]).mean())


def fitted_temperatures(network: Network, scores: Scores, labels: Labels) -> dict[str, float]:
    """One temperature for the segment that scales each exit, which minimizes the exit's negative log-likelihood.

    Call it on validation data. Where that segment is another one than the exit's (for ADA-DDNN's edge exit 1 the
    devices), what it chooses with that temperature is what is fitted (our choice). A grid of 21 temperatures is
    narrowed down four times.
    """
    found: dict[str, float] = {}
    graph = network.graph
    stand_ins = [(segment.instead, segment) for segment in graph.segments.values() if segment.instead]
    for exit_name, segment in (*graph.exits.items(), *stand_ins):
        scale, instead = segment.scale or segment.name, {exit_name: segment.name}

        def loss(log_t: float, exit_name: str = exit_name, scale: str = scale, instead: Any = instead) -> float:
            at = exit_scores(network, scores, {scale: float(np.exp(log_t))}, instead)[exit_name]
            return negative_log_likelihood(at, labels)

        low, high = -np.log(HOTTEST), np.log(HOTTEST)
        for _ in range(4):
            tried = np.linspace(low, high, 21)
            best = int(np.argmin([loss(t) for t in tried]))
            low, high = tried[max(best - 1, 0)], tried[min(best + 1, 20)]
        found[scale] = round(float(np.exp(tried[best])), 4)
    return found


def reliability(
    network: Network, splits: Mapping[str, tuple[Scores, Labels]], temperatures: Mapping[str, float]
) -> dict[str, Any]:
    """What a card says of reliability, per exit: `ece` and `bins` of each split; in `scaled` with `temperatures`.

    `splits` maps the name of a split to the segments' scores and the labels.
    """

    def measured(used: Mapping[str, float]) -> dict[str, dict[str, Any]]:
        entries: dict[str, dict[str, Any]] = {}
        for split, (scores, labels) in splits.items():
            for name, at in exit_scores(network, scores, used).items():
                entry = entries.setdefault(name, {"ece": {}, "bins": {}})
                entry["bins"][split] = bins(at, labels)
                entry["ece"][split] = expected_calibration_error(entry["bins"][split])
        return entries

    plain, scaled = measured({}), measured(temperatures)
    for name, segment in network.graph.exits.items():
        plain[name]["scaled"] = {"temperature": temperatures[segment.scale or segment.name], **scaled[name]}
    return plain
