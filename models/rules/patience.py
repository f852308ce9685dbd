"""Patience: leave when the last exits agree (PABEE: Zhou et al., NeurIPS 2020)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simnet.models.rules.base import ExitRule, Floats, Scores


class Patience(ExitRule):
    """1 ÷ (1 + how many exits directly before this one answer with its class); T = 1 / P asks for P of them.

    That the count becomes a measure to compare with T is our choice. At the first exit nobody leaves, whatever T is.
    """

    reads_earlier = True

    def measure(self, here: Scores, before: Sequence[Scores]) -> Floats:
        """1, 1/2, 1/3 … for none, one, two exits that agree; NaN where the scores are no numbers."""
        said = here.argmax(axis=-1)
        agreeing, still = np.zeros(said.shape), np.ones(said.shape, dtype=bool)
        for earlier in reversed(before):
            still &= earlier.argmax(axis=-1) == said
            agreeing += still
        return np.where(np.isnan(here).any(axis=-1), np.nan, 1 / (1 + agreeing))

    def grid(self, step: float = 0.01) -> Floats:
        """Nobody leaves; 1 / P for patience of three to one."""
        return np.array([0.0, 1 / 3, 1 / 2, 1.0])
