"""How far the first class is ahead of the second."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simnet.models.rules.base import ExitRule, Floats, Scores, probabilities


class Margin(ExitRule):
    """1 − (the largest probability − the second largest)."""

    def measure(self, here: Scores, before: Sequence[Scores]) -> Floats:
        """In [0, 1]."""
        second, first = np.moveaxis(np.sort(probabilities(here), axis=-1)[..., -2:], -1, 0)
        return np.asarray(1 - (first - second))
