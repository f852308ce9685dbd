"""Criteria that compare a stage of a network with the one before it, and when a sample leaves by them. numpy only.

DistrEE (Fei et al. 2025) leaves when the difference of the features of two stages is small, and compares itself with
Last-exit, Random and Similarity [S]; the formulas are ours [I]. A sample leaves after a stage whose measure is below
T, strictly; the first stage has no predecessor and is never left by itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.models.rules import normalized_entropy, probabilities

Floats = NDArray[np.float64]
STEPS = 20
"""The grid of thresholds has this many equal steps in quantiles of the measure."""
TOLERANCE = 0.01
"""Accuracy that leaving early may cost on validation, of one (our choice: one point)."""


class Stage(NamedTuple):
    """What is known of n samples after a stage: class scores `[n, classes]`, features in the common space `[n, D]`."""

    scores: NDArray[np.floating]
    aligned: NDArray[np.floating]


class Criterion(ABC):
    """How much a stage differs from the one before it, as one number a sample; low: go no further."""

    reads_features: ClassVar[bool] = False
    """Whether it needs `Stage.aligned`, which costs the source a map of the features."""

    @abstractmethod
    def measure(self, here: Stage, before: Stage) -> Floats:
        """The measure `[n]`."""


class FeatureDifference(Criterion):
    """1 − cos(Ŝ_e, Ŝ_{e−1}) of the features in the common space."""

    reads_features = True

    def measure(self, here: Stage, before: Stage) -> Floats:
        """In [0, 2]."""
        return _apart(here.aligned, before.aligned)


class RelativeDifference(Criterion):
    """‖Ŝ_e − Ŝ_{e−1}‖₂ / ‖Ŝ_e‖₂."""

    reads_features = True

    def measure(self, here: Stage, before: Stage) -> Floats:
        """From 0; infinite where the features are zero."""
        now, then = here.aligned.astype(np.float64), before.aligned.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.linalg.norm(now - then, axis=-1) / np.linalg.norm(now, axis=-1)
        return np.asarray(np.nan_to_num(found, nan=np.inf, posinf=np.inf))


class Similarity(Criterion):
    """1 − cos(σ(s_e), σ(s_{e−1})) of the predictions, softmax of the class scores."""

    def measure(self, here: Stage, before: Stage) -> Floats:
        """In [0, 1]."""
        return _apart(probabilities(here.scores), probabilities(before.scores))


class Entropy(Criterion):
    """Normalized entropy of the prediction alone (ours, for comparison)."""

    def measure(self, here: Stage, before: Stage) -> Floats:
        """In [0, 1]."""
        return normalized_entropy(here.scores)


CRITERIA: Mapping[str, Criterion] = {
    "feature-difference": FeatureDifference(),
    "relative-difference": RelativeDifference(),
    "similarity": Similarity(),
    "entropy": Entropy(),
}
RANDOM, NEVER = "random", "last-exit"
DRAWN_AS = "feature-difference"
"""The criterion whose shares the policy `random` draws exits with."""


def _apart(one: NDArray[np.floating], other: NDArray[np.floating]) -> Floats:
    """1 − cosine along the last axis; of a vector of zeros there is no direction: 1."""
    one, other = one.astype(np.float64), other.astype(np.float64)
    norms = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = (one * other).sum(-1) / norms
    return np.asarray(1 - np.clip(np.where(norms > 0, cosine, 0.0), -1, 1))


def measures(criterion: Criterion, stages: Sequence[Stage]) -> Floats:
    """The measure of every stage but the last, `[stages − 1, n]`; of the first, which is never left, infinite."""
    first = np.full(len(stages[0].scores), np.inf)
    pairs = zip(stages[1:-1], stages, strict=False)
    return np.stack([first, *(criterion.measure(here, before) for here, before in pairs)])


def left_at(found: Floats, thresholds: Sequence[float]) -> NDArray[np.int64]:
    """Number of the stage (from 0) after which each sample leaves, for `measures` and one T for each."""
    taken = np.full(found.shape[1], len(found), np.int64)
    for number in reversed(range(len(found))):
        taken[found[number] < thresholds[number]] = number
    return taken


def settings(found: Floats) -> list[tuple[float, ...]]:
    """Every combination of thresholds on the grid of quantiles; T = 0 for the first stage, and "never" for all."""
    levels = np.linspace(0, 1, STEPS + 1)
    grids = [(0.0,), *(tuple(np.quantile(one, levels).tolist()) for one in found[1:])]
    return [tuple(chosen) for chosen in product(*grids)]


class Tried(NamedTuple):
    """What thresholds do to a data set: mean cost, system accuracy, shares of the exits."""

    thresholds: tuple[float, ...]
    cost: float
    accuracy: float
    shares: tuple[float, ...]


def tried(found: Floats, right: NDArray[np.bool_], costs: Sequence[float], thresholds: Sequence[float]) -> Tried:
    """`right` `[stages, n]` says whether each stage's prediction is; `costs` are of a sample that leaves after each."""
    taken = left_at(found, thresholds)
    count = np.bincount(taken, minlength=len(right)) / len(taken)
    accuracy = float(right[taken, np.arange(len(taken))].mean())
    return Tried(tuple(thresholds), float(count @ np.asarray(costs)), accuracy, tuple(count.tolist()))


def cheapest(found: Floats, right: NDArray[np.bool_], costs: Sequence[float]) -> Tried:
    """The thresholds on the grid with least mean cost among those within `TOLERANCE` of the last exit's accuracy.

    On validation data only. Among equals the more accurate. Where none is within it, nobody leaves early.
    """
    enough = right[-1].mean() - TOLERANCE - 1e-9
    never = tried(found, right, costs, (0.0,) * len(found))
    good = [one for one in (tried(found, right, costs, each) for each in settings(found)) if one.accuracy >= enough]
    return min(good, key=lambda one: (one.cost, -one.accuracy), default=never)


def leaving_rates(shares: Sequence[float]) -> tuple[float, ...]:
    """For each exit but the last the share of those that come so far which leaves there.

    A sample that leaves where a uniform draw of its own is below it leaves at each exit with these shares.
    """
    rates, left = [], 1.0
    for share in shares[:-1]:
        rates.append(min(share / left, 1.0) if left > 0 else 0.0)
        left -= share
    return tuple(rates)


def auc(measure: Floats, right: NDArray[np.bool_]) -> float:
    """Probability that a right answer's measure is below a wrong one's, ties half: the area under the ROC curve.

    NaN where all answers are right, or all wrong. By ranks (Mann and Whitney 1947).
    """
    good, bad = int(right.sum()), int((~right).sum())
    if not good or not bad:
        return float("nan")
    _, place, count = np.unique(measure, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[~right].sum() - bad * (bad + 1) / 2) / (good * bad))


def auc_error(area: float, good: int, bad: int) -> float:
    """Standard error of an area under the ROC curve (Hanley and McNeil 1982)."""
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (bad - 1) * (one - area**2) + (good - 1) * (two - area**2)
    return float(np.sqrt(max(spread, 0.0) / (good * bad)))


def thresholds_of(card: Mapping[str, Any], policy: str) -> dict[str, float]:
    """What a card says of a policy; nothing where it says nothing that can be used."""
    said = card.get("policies")
    found = said.get(policy) if isinstance(said, dict) else None
    limits = found.get("thresholds") if isinstance(found, dict) else None
    if not isinstance(limits, dict):
        return {}
    return {name: float(t) for name, t in limits.items() if type(t) in (int, float)}
