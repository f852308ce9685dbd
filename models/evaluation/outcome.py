"""What thresholds do to a data set: exit shares, accuracies of the exits and of the system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simnet.models.rules import Entropy, ExitRule, taken_exit
from simnet.models.rules.base import Features
from simnet.models.rules.checked import judged


@dataclass(frozen=True)
class Outcome:
    """What a set of thresholds does to a data set; one entry per exit, in order. Accuracy is NaN where none left."""

    thresholds: tuple[float, ...]
    shares: tuple[float, ...]
    exit_accuracies: tuple[float, ...]
    system_accuracy: float


class Exits:
    """Measure and correctness of every sample at every exit: all that thresholds can be tried on.

    Args:
        scores: Exit → class scores `[n, classes]`, in order.
        labels: The classes, `[n]`.
        rules: The rule of an exit; entropy for those that are not named.
        features: Exit → what a `FeatureRule` reads there, `[n, ...]`.
    """

    def __init__(
        self,
        scores: Mapping[str, NDArray[np.floating]],
        labels: NDArray[np.int64],
        rules: Mapping[str, ExitRule] | None = None,
        features: Mapping[str, Features | None] | None = None,
    ) -> None:
        self.names = tuple(scores)
        at = list(scores.values())
        chosen = [(rules or {}).get(name, Entropy()) for name in self.names]
        read, everyone = features or {}, range(len(labels))
        found = [
            judged(rule, s, at[:number], f"exit rule {type(rule).__name__} at exit {name!r}", everyone, read.get(name))
            for number, (name, rule, s) in enumerate(zip(self.names, chosen, at, strict=True))
        ]
        self.measures = np.stack([measures for _, measures in found])
        self.correct = np.stack([answered.argmax(axis=-1) == labels for answered, _ in found])

    @property
    def forced_accuracies(self) -> dict[str, float]:
        """Accuracy of each exit when every sample leaves there."""
        return dict(zip(self.names, self.correct.mean(axis=1).tolist(), strict=True))

    def outcome(self, thresholds: Sequence[float]) -> Outcome:
        """Shares and accuracies with one threshold for each exit but the last."""
        taken = taken_exit(list(self.measures[:-1]), thresholds, len(self.correct[0]))
        right = self.correct[taken, np.arange(len(taken))]
        masks = [taken == number for number in range(len(self.names))]
        return Outcome(
            tuple(thresholds),
            tuple(float(m.mean()) for m in masks),
            tuple(float(right[m].mean()) if m.any() else float("nan") for m in masks),
            float(right.mean()),
        )
