"""What every exit rule is: a measure of an exit's scores, to be compared with a threshold. numpy only.

A sample leaves at the first exit at which the rule's measure is below T, strictly; low means sure.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

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
    and must not change what it is given; `T` of a scenario's `thresholds` is in its own range. A rule that learns
    from validation data writes `fit`, too; what that gives is kept in the weights' card and is `parameters` here.

    A rule reads class scores. Who wants to judge features gives the network a segment that makes scores of them.
    """

    reads_earlier: ClassVar[bool] = False
    """Whether it wants the scores of earlier exits, too; else `before` may be empty."""
    parameters: Mapping[str, Any] = MappingProxyType({})
    """What `fit` found for the exit that this object judges; empty for a rule that learns nothing."""
    least: ClassVar[float] = 0.0
    most: ClassVar[float] = 1.0
    """Thresholds that make sense: at `least` no sample leaves, at `most` nearly all do."""

    @abstractmethod
    def measure(self, here: Scores, before: Sequence[Scores]) -> Floats:
        """The measure `[n]` of class scores `[n, classes]` (before any softmax); low means sure.

        `before` are those of the exits that the samples have passed, in order. Scores that are no numbers may give a
        measure that is none; finite scores must give a number.
        """

    def answers(self, here: Scores, before: Sequence[Scores]) -> Scores:
        """The scores `[n, classes]` with whose largest the exit answers; by default its own."""
        return here

    @classmethod
    def fit(cls, here: Scores, before: Sequence[Scores], labels: NDArray[np.int64]) -> Mapping[str, Any] | None:
        """What the rule learns for an exit from validation data, as plain values (a card is JSON); None: nothing."""
        return None

    def grid(self, step: float = 0.01) -> Floats:
        """Thresholds worth trying, ascending."""
        return np.asarray(np.arange(self.least, self.most + step / 2, step).round(6))


def taken_exit(measures: Sequence[Floats], thresholds: Sequence[float], samples: int) -> NDArray[np.int64]:
    """Number of the exit that each sample takes, `[n]`: the first whose measure is below T (strict), else the last.

    `measures` has one `[n]` array per exit but the last, in order; `thresholds` one T for each.
    """
    taken = np.full(samples, len(measures), dtype=np.int64)
    for number in reversed(range(len(measures))):
        taken[measures[number] < thresholds[number]] = number
    return taken
