"""Oracle: the exits of a system, taken by who knows the right answer. Not implementable: an upper bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simnet.systems.ada_ddnn import AdaDdnn
from simnet.systems.base import Decision, System

RIGHT, WRONG = 0.0, 1.0


class Knowing(System):
    """Before a system in a class's bases: each sample leaves at its first exit whose answer is right, else the last.

    The measure of a decision is 0 where its answer is right, 1 where it is wrong. What the protocol sends, computes and
    does about limits stays as it is.
    """

    omniscient = True

    @classmethod
    def idle_keys(cls, options: Any) -> Mapping[str, str]:
        """No score is tested."""
        why = "here: a sample leaves where its answer is right"
        return {**super().idle_keys(options), **dict.fromkeys(("thresholds", "rule", "budget", "latency_target"), why)}

    def decide(self, exit_name: str, sample: int, upstream: int, coded: int | None = None) -> Decision:
        """What the network answers, and whether that is right."""
        made = super().decide(exit_name, sample, upstream, coded)
        return made._replace(measure=RIGHT if made.prediction == self.setting.truth[sample] else WRONG)

    def leaves(self, decision: Decision) -> bool:
        """Whether it is right."""
        return decision.measure == RIGHT


class Oracle(Knowing, AdaDdnn):
    """ADA-DDNN whose samples leave where the answer is right: no threshold can do better."""

    forgets = True
    usual_weights = "ada-ddnn"
