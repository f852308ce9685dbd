"""Evaluation of a trained network: forced accuracy, exit shares and accuracies over thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from simnet.models.data.base import VIEWS, Dataset, check_pixels
from simnet.models.evaluation.calibration import DEFAULT_RULE, STEP, Rule, best_thresholds
from simnet.models.networks.early_exit import Network, normalize
from simnet.models.rules import exit_scores, normalized_entropy, taken_exit

Scores = dict[str, NDArray[np.floating]]


@torch.inference_mode()
def classifier_scores(
    network: Network,
    data: Dataset,
    batch: int = 500,
    present: Sequence[bool] | None = None,
    codec: str | None = None,
) -> Scores:
    """Class scores of every classifier over a whole data set (float32, eval mode).

    `present` tells for each of the six views whether it arrives (all of them); what a device that does not report
    would have said is NaN. Features travel with `codec`, by default the network's own.
    """
    network.eval()
    device = next(network.parameters()).device
    there = torch.tensor([True] * VIEWS if present is None else list(present), device=device)
    parts: dict[str, list[NDArray[np.floating]]] = {}
    for start in range(0, len(data), batch):
        views = torch.from_numpy(check_pixels(data, np.arange(start, min(start + batch, len(data)))))
        found = network(normalize(views.to(device)), there.expand(len(views), -1), codec)
        for name, scores in found.items():
            parts.setdefault(name, []).append(scores.float().cpu().numpy())
    whole = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    if "device" in whole:
        whole["device"][:, ~there.cpu().numpy()[list(network.arch.devices)]] = np.nan
    return whole


def camera_accuracy(scores: Scores, labels: NDArray[np.int64]) -> list[float] | None:
    """Accuracy of each device's own classifier over all samples; None where devices do not classify, NaN if missing."""
    if "device" not in scores:
        return None
    right = (scores["device"].argmax(axis=-1) == labels[:, None]).mean(axis=0)
    return [float(a) for a in np.where(np.isnan(scores["device"]).all(axis=(0, 2)), np.nan, right)]


@dataclass(frozen=True)
class Outcome:
    """What a set of thresholds does to a data set; one entry per exit, in order. Accuracy is NaN where none left."""

    thresholds: tuple[float, ...]
    shares: tuple[float, ...]
    exit_accuracies: tuple[float, ...]
    system_accuracy: float


class Exits:
    """Entropy and correctness of every sample at every exit: all that thresholds can be tried on.

    `temperatures` divide the classifiers' scores first, see `simnet.models.rules.exit_scores`.
    """

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

    def calibrate(self, rule: Rule = DEFAULT_RULE, sent: Sequence[int] | None = None, step: float = STEP) -> Outcome:
        """The outcome of the thresholds that `rule` finds best here, see `calibration.py`; on validation data only.

        `sent` are the bytes sent for a sample that leaves at each exit, which the rule `bytes` needs.
        """
        return self.outcome(best_thresholds(self.entropies, self.correct, rule, sent, step))
