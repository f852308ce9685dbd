"""Exit rules: what is measured of an exit's scores, to be compared with a threshold. numpy only.

A sample leaves at the first exit at which the rule's measure is below T, strictly; low means sure. The papers' rule is
the normalized entropy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simnet.registry import Registry

Floats = NDArray[np.float64]
Scores = NDArray[np.floating]


def probabilities(scores: NDArray[np.floating]) -> Floats:
    """Softmax of class scores `[..., classes]`."""
    with np.errstate(invalid="ignore"):
        shifted = np.exp(scores.astype(np.float64) - scores.max(axis=-1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def normalized_entropy(scores: NDArray[np.floating]) -> Floats:
    """Normalized entropy of softmax(scores): `[..., classes]` to `[...]` in [0, 1] (ADA-DDNN, eq. 3).

    Needs at least two classes. Scores that are not finite give NaN, which is below no threshold.
    """
    p = probabilities(scores)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p == 0, 0.0, p * np.log(p))
    return np.asarray(np.clip(-terms.sum(axis=-1) / np.log(scores.shape[-1]), 0.0, 1.0))


class ExitRule(ABC):
    """How sure an exit is, as one number for each sample.

    To add a kind: derive from this class in a file of your own, write `measure`, and name it in a scenario (``rule:
    module:Name``) or register it as an entry point of the group ``simnet.exit_rules``. It must treat every sample alone
    and must not change what it is given; `T` of a scenario's `thresholds` is in its own range.
    """

    reads_earlier: ClassVar[bool] = False
    """Whether it wants the scores of earlier exits, too; else `before` may be empty."""
    least: ClassVar[float] = 0.0
    most: ClassVar[float] = 1.0
    """Thresholds that make sense: at `least` no sample leaves, at `most` nearly all do."""

    @abstractmethod
    def measure(self, here: Scores, before: Sequence[Scores]) -> Floats:
        """The measure `[n]` of class scores `[n, classes]` (before any softmax); low means sure.

        `before` are those of the exits that the samples have passed, in order. A measure that is not a number is below
        no threshold.
        """

    def grid(self, step: float = 0.01) -> Floats:
        """Thresholds worth trying, ascending."""
        return np.asarray(np.arange(self.least, self.most + step / 2, step).round(6))


class Entropy(ExitRule):
    """Normalized entropy (ADA-DDNN, eq. 3)."""

    def measure(self, here: Scores, before: Sequence[Scores]) -> Floats:
        """In [0, 1] for any number of classes."""
        return normalized_entropy(here)


class MaxProbability(ExitRule):
    """1 − the largest probability."""

    def measure(self, here: Scores, before: Sequence[Scores]) -> Floats:
        """In [0, 1 − 1 / classes]."""
        return np.asarray(1 - probabilities(here).max(axis=-1))


RULES: Registry[ExitRule] = Registry(
    "simnet.exit_rules",
    "exit rule",
    "simnet.models.rules:ExitRule",
    {"entropy": "simnet.models.rules:Entropy", "max": "simnet.models.rules:MaxProbability"},
)


def taken_exit(measures: Sequence[Floats], thresholds: Sequence[float], samples: int) -> NDArray[np.int64]:
    """Number of the exit that each sample takes, `[n]`: the first whose measure is below T (strict), else the last.

    `measures` has one `[n]` array per exit but the last, in order; `thresholds` one T for each.
    """
    taken = np.full(samples, len(measures), dtype=np.int64)
    for number in reversed(range(len(measures))):
        taken[measures[number] < thresholds[number]] = number
    return taken
