"""What training minimizes for a kind of network that is not trained by the joint loss of its exits alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

ITSELF = "itself"
"""In the place of a teacher's weights: the network's own last exit teaches the others."""

Plain = Callable[[], Iterator[Tensor]]
"""Prepared views `[n, views, 3, h, w]` of the training split in order, batch by batch, without augmentation."""


class Objective(ABC):
    """A loss of a kind's own, made by `Network.objective` before the first step, and again when training resumes.

    It holds no state of its own that a checkpoint would have to keep.
    """

    @abstractmethod
    def loss(self, views: Tensor, labels: Tensor, random: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """What one step minimizes, and its parts by name, for prepared views `[n, views, 3, h, w]`, labels `[n]`."""

    def conclude(self, network: Any, plain: Plain) -> None:  # noqa: B027 - most have nothing to fit
        """Fit what of `network`, the result in eval mode, no gradient has; called once after the last epoch."""
