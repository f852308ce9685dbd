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
Features = NDArray[np.float32]
"""What an exit's segment makes, `[n, ...]`; of one that makes none what it is given (see `FeatureRule`)."""


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

    A rule reads class scores; one that reads features, too, is derived from `FeatureRule`.
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


class FeatureRule(ExitRule):
    """An exit rule that reads the features of its exit, too.

    `features` `[n, ...]` (float32, read-only) are what the exit's segment makes (`features` of its `Output`), before
    any codec. Of a segment that makes none they are what it is given as it arrives, after the codec: of one sender
    `[n, ...]`, of k senders `[n, k, ...]`, zeros for one that did not arrive. None where it is given scores only, as a
    choice among devices is. Features are kept for no later run: with such a rule the network runs in every one.
    """

    @abstractmethod
    def measure(self, here: Scores, before: Sequence[Scores], features: Features | None = None) -> Floats:
        """As of `ExitRule`, with the exit's features."""

    def answers(self, here: Scores, before: Sequence[Scores], features: Features | None = None) -> Scores:
        """As of `ExitRule`, with the exit's features."""
        return here

    @classmethod
    def fit(
        cls,
        here: Scores,
        before: Sequence[Scores],
        labels: NDArray[np.int64],
        features: Features | None = None,
    ) -> Mapping[str, Any] | None:
        """As of `ExitRule`, with the exit's features of all validation data at once."""
        return None


def taken_exit(measures: Sequence[Floats], thresholds: Sequence[float], samples: int) -> NDArray[np.int64]:
    """Number of the exit that each sample takes, `[n]`: the first whose measure is below T (strict), else the last.

    `measures` has one `[n]` array per exit but the last, in order; `thresholds` one T for each.
    """
    taken = np.full(samples, len(measures), dtype=np.int64)
    for number in reversed(range(len(measures))):
        taken[measures[number] < thresholds[number]] = number
    return taken
