"""Normalized entropy, the rule of the papers (ADA-DDNN, eq. 3)."""

from __future__ import annotations

from collections.abc import Sequence

from simnet.models.rules.base import ExitRule, Floats, Scores, normalized_entropy


class Entropy(ExitRule):
    """Normalized entropy of the softmax of the scores."""

    def measure(self, here: Scores, before: Sequence[Scores]) -> Floats:
        """In [0, 1] for any number of classes."""
        return normalized_entropy(here)
