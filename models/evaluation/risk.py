"""Risk control: thresholds with a promise (learn-then-test: Angelopoulos et al. 2021; early exits: Jazbec et al. 2024).

The loss of a sample is 1 if its early answer is wrong *and* the last exit's is right. The promise: with probability
1 − δ over the validation data, at most a share ε of all samples to come has this loss. It needs samples to come that
are drawn as those of validation are, and nothing of the network or its scores.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simnet.models.rules import taken_exit

EPSILON, DELTA = 0.01, 0.1
"""Usual excess risk and chance of a broken promise (our choice)."""
STEPS = 200
"""Strictness levels that are tried (our choice)."""


class UnkeepableError(ValueError):
    """A promise that so few samples cannot give."""


def needed(epsilon: float, delta: float) -> int:
    """Validation samples, none of them with a loss, that a promise takes at least: (1 − ε)ⁿ ≤ δ."""
    return math.ceil(math.log(delta) / math.log1p(-epsilon))


def tail(losses: int, samples: int, epsilon: float) -> float:
    """P(Bin(n, ε) ≤ k): how likely so few losses are where the risk is ε, the p-value of 'the risk is above ε'."""
    k = np.arange(losses + 1)
    logs = np.array([math.lgamma(samples + 1) - math.lgamma(i + 1) - math.lgamma(samples - i + 1) for i in k.tolist()])
    logs += k * math.log(epsilon) + (samples - k) * math.log1p(-epsilon)
    return min(1.0, float(np.exp(logs).sum()))


def most_losses(samples: int, epsilon: float, delta: float) -> int:
    """The greatest k with P(Bin(n, ε) ≤ k) ≤ δ; −1 where there is none."""
    k = -1
    while tail(k + 1, samples, epsilon) <= delta:
        k += 1
    return k


def path(measures: NDArray[np.float64], steps: int = STEPS) -> NDArray[np.float64]:
    """Thresholds `[steps + 1, early exits]` from strict to loose: at each step all at one quantile of their measures.

    `measures` is `[exits, n]`. The first lets nobody leave.
    """
    shares = np.linspace(0, 1, steps + 1)
    finite = np.where(np.isfinite(measures[:-1]), measures[:-1], np.inf)
    found = np.quantile(finite, shares, axis=1, method="lower")
    found[0] = -np.inf
    return np.asarray(np.maximum.accumulate(found, axis=0))


def losses_of(
    measures: NDArray[np.float64], correct: NDArray[np.bool_], thresholds: Sequence[float]
) -> NDArray[np.bool_]:
    """The loss of each sample, `[n]`: wrong where it leaves, though the last exit would have been right."""
    taken = taken_exit(list(measures[:-1]), thresholds, measures.shape[1])
    right = correct[taken, np.arange(len(taken))]
    return np.asarray(~right & correct[-1])


def controlled(
    measures: NDArray[np.float64],
    correct: NDArray[np.bool_],
    epsilon: float = EPSILON,
    delta: float = DELTA,
    least: float = 0.0,
) -> tuple[float, ...]:
    """The loosest thresholds of the path that keep the promise, for `measures` and `correct` `[exits, n]`.

    Fixed-sequence testing: from strict to loose, up to the first step at which 'the risk is above ε' cannot be
    rejected at level δ. `least` stands for a threshold at which nobody leaves. Raises UnkeepableError where not even no
    loss at all would do.
    """
    samples = measures.shape[1]
    if samples < needed(epsilon, delta):
        raise UnkeepableError(
            f"a risk of at most {epsilon:g} with probability {1 - delta:g} takes {needed(epsilon, delta):,} validation "
            f"samples at least; there are {samples:,}"
        )
    allowed = most_losses(samples, epsilon, delta)
    found = path(measures)
    kept = found[0]
    for thresholds in found[1:]:
        if losses_of(measures, correct, thresholds.tolist()).sum() > allowed:
            break
        kept = thresholds
    return tuple(max(least, float(t)) if np.isfinite(t) else least for t in kept)
