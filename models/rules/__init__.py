"""Exit rules: one file per kind. The papers' rule is the normalized entropy."""

from __future__ import annotations

from simnet.models.rules.base import ExitRule, FeatureRule, normalized_entropy, probabilities, taken_exit
from simnet.models.rules.entropy import Entropy
from simnet.registry import Registry

RULES: Registry[ExitRule] = Registry(
    "simnet.exit_rules",
    "exit rule",
    "simnet.models.rules:ExitRule",
    {
        "entropy": "simnet.models.rules.entropy:Entropy",
        "max": "simnet.models.rules.max_probability:MaxProbability",
        "margin": "simnet.models.rules.margin:Margin",
        "patience": "simnet.models.rules.patience:Patience",
        "recycling": "simnet.models.rules.recycling:Recycling",
    },
)
USUAL = "entropy"

__all__ = ["RULES", "USUAL", "Entropy", "ExitRule", "FeatureRule", "normalized_entropy", "probabilities", "taken_exit"]
