"""The largest probability, the usual measure of confidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simnet.models.rules.base import ExitRule, Floats, Scores, probabilities


class MaxProbability(ExitRule):
    """1 − the largest probability."""

    def measure(self, here: Scores, before: Sequence[Scores]) -> Floats:
        """In [0, 1 − 1 / classes]."""
        return np.asarray(1 - probabilities(here).max(axis=-1))
