"""Evaluation of a trained network: forced accuracy, exit shares and accuracies over thresholds, calibration of T."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.data.base import ViewDataset
from models.exits import exit_scores, normalized_entropy, taken_exit
from models.networks import EarlyExitNetwork, normalize

Scores = dict[str, NDArray[np.floating]]


@torch.inference_mode()
def classifier_scores(network: EarlyExitNetwork, data: ViewDataset, batch: int = 500) -> Scores:
    """Class scores of every classifier over a whole data set, with all views present (float32, eval mode)."""
    network.eval()
    device = next(network.parameters()).device
    parts: dict[str, list[NDArray[np.floating]]] = {}
    for start in range(0, len(data), batch):
        views = torch.from_numpy(data.views(np.arange(start, min(start + batch, len(data)))))
        for name, scores in network(normalize(views.to(device))).items():
            parts.setdefault(name, []).append(scores.float().cpu().numpy())
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def camera_accuracy(scores: Scores, labels: NDArray[np.int64]) -> list[float] | None:
    """Accuracy of each camera's own classifier over all samples, `[6]`; None where devices do not classify."""
    if "device" not in scores:
        return None
    return [float(a) for a in (scores["device"].argmax(axis=-1) == labels[:, None]).mean(axis=0)]


@dataclass(frozen=True)
class Outcome:
    """What a set of thresholds does to a data set; one entry per exit, in order. Accuracy is NaN where none left."""

    thresholds: tuple[float, ...]
    shares: tuple[float, ...]
    exit_accuracies: tuple[float, ...]
    system_accuracy: float


class Exits:
    """Entropy and correctness of every sample at every exit: all that thresholds can be tried on."""

    def __init__(
        self,
        system: str,
        scores: Mapping[str, NDArray[np.floating]],
        labels: NDArray[np.int64],
        temperatures: Mapping[str, float] | None = None,
    ) -> None:
        at = exit_scores(system, scores, temperatures)
        self.names = tuple(at)
        self.correct = np.stack([s.argmax(axis=-1) == labels for s in at.values()])
        self.entropies = np.stack([normalized_entropy(s) for s in at.values()])

    @property
    def forced_accuracies(self) -> dict[str, float]:
        """Accuracy of each exit when every sample leaves there."""
        return dict(zip(self.names, self.correct.mean(axis=1).tolist(), strict=True))

    def outcome(self, thresholds: Sequence[float]) -> Outcome:
        """Shares and accuracies with one threshold for each exit but the last."""
        taken = taken_exit(list(self.entropies[:-1]), thresholds)
        right = self.correct[taken, np.arange(len(taken))]
        masks = [taken == number for number in range(len(self.names))]
        return Outcome(
            tuple(thresholds),
            tuple(float(m.mean()) for m in masks),
            tuple(float(right[m].mean()) if m.any() else float("nan") for m in masks),
            float(right.mean()),
        )

    def calibrate(self, tolerance: float = 0.002, step: float = 0.02) -> Outcome:
        """The thresholds with the largest early share whose system accuracy is within `tolerance` of the best one's.

        The paper searches a range of T for the most accurate, on its test set; call this on validation data only. The
        tolerance is our choice: the last tenths of a point are noise, and cost a large early share. Every combination
        on a grid of `step` is tried; among equals the one that leaves earlier wins.
        """
        grid = np.arange(0.0, 1.0 + step / 2, step).round(6).tolist()
        combinations = np.stack(np.meshgrid(*[grid] * (len(self.names) - 1), indexing="ij"), -1)
        outcomes = [self.outcome(tuple(c)) for c in combinations.reshape(-1, len(self.names) - 1).tolist()]
        floor = max(o.system_accuracy for o in outcomes) - tolerance - 1e-12  # or rounding would decide at the floor
        return max(
            (o for o in outcomes if o.system_accuracy >= floor),
            key=lambda o: (1 - o.shares[-1], o.system_accuracy, o.shares),
        )
