"""Recycling: an exit judges and answers with what all exits so far have said (Zero Time Waste: Wołczyk et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.models.rules.base import ExitRule, Floats, Scores, normalized_entropy

STEPS = 300
"""Of gradient descent (our choice; it ends before where no step helps)."""


class Recycling(ExitRule):
    """Entropy of q ∝ exp(b + Σⱼ wⱼ·log pⱼ) over the exits j so far, w ≥ 0; b and w are fitted on validation data.

    The geometric ensemble of the paper, with one weight for each exit and one bias for each class.
    """

    reads_earlier = True

    def measure(self, here: Scores, before: Sequence[Scores]) -> Floats:
        """In [0, 1]."""
        return normalized_entropy(self.answers(here, before))

    def answers(self, here: Scores, before: Sequence[Scores]) -> Scores:
        """log q, but for a constant; NaN of a sample whose exit has no numbers."""
        logs = _logs([*before, here])
        weights = self.parameters.get("weights", np.eye(len(logs))[-1])  # without any, the exit alone
        return _joined(logs, np.asarray(weights), np.asarray(self.parameters.get("bias", 0.0)))

    @classmethod
    def fit(cls, here: Scores, before: Sequence[Scores], labels: NDArray[np.int64]) -> Mapping[str, Any]:
        """Weights (from 0 on) and biases of least negative log-likelihood.

        The loss is convex: gradient descent that halves its step until it goes down, and begins with this exit alone.
        """
        logs, rows = _logs([*before, here]), np.arange(len(labels))
        weights, bias = np.eye(len(logs))[-1], np.zeros(here.shape[-1])

        def log_q(weights: Floats, bias: Floats) -> Floats:
            q = _joined(logs, weights, bias)
            q = q - q.max(axis=-1, keepdims=True)
            return np.asarray(q - np.log(np.exp(q).sum(axis=-1, keepdims=True)))

        step, said = 1.0, log_q(weights, bias)
        for _ in range(STEPS):
            off = np.exp(said)
            off[rows, labels] -= 1
            slopes = np.tensordot(logs, off, 2) / len(rows), off.mean(axis=0)
            step *= 2
            while step > 1e-9:
                tried = np.maximum(0.0, weights - step * slopes[0]), bias - step * slopes[1]
                new = log_q(*tried)
                if new[rows, labels].sum() > said[rows, labels].sum():
                    break
                step /= 2
            else:
                break
            (weights, bias), said = tried, new
        return {"weights": weights.round(6).tolist(), "bias": bias.round(6).tolist()}


def _logs(scores: Sequence[Scores]) -> Floats:
    """log p of several exits, `[exits, n, classes]`."""
    each = np.stack([one.astype(np.float64) for one in scores])
    each = each - each.max(axis=-1, keepdims=True)
    return np.asarray(each - np.log(np.exp(each).sum(axis=-1, keepdims=True)))


def _joined(logs: Floats, weights: Floats, bias: Floats) -> Floats:
    return np.asarray(np.tensordot(weights, logs, 1) + bias)
