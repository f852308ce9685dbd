"""Calibration of what a scenario can choose in place of the usual: other exit rules, other segments at an exit.

T of the entropy is none of the margin, and T of the surest device none of a vote. So a card has thresholds for each of
these choices, found on validation data as the usual ones are, and with them what a rule has learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.models.evaluation.calibration import Aims, Rule, best_thresholds, outcome_values
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import Scores, exit_scores
from simnet.models.graph import Graph
from simnet.models.networks.base import Network
from simnet.models.rules import RULES, USUAL, ExitRule, FeatureRule
from simnet.models.rules.base import Features
from simnet.models.rules.checked import grid_of, learned, learns


class Split(NamedTuple):
    """What a network says of a split: scores of every segment, the labels, and what a `FeatureRule` reads, if any does.

    Features are those of every segment that can answer at an exit (`exit_features`).
    """

    scores: Scores
    labels: NDArray[np.int64]
    features: Mapping[str, Features | None] = MappingProxyType({})

    def features_at(self, graph: Graph, instead: Mapping[str, str]) -> dict[str, Features | None]:
        """Those of the segment that answers at each exit."""
        return {name: self.features.get(graph.answering(name, instead.get(name)).name) for name in graph.exits}


def stand_ins(graph: Graph) -> list[dict[str, str]]:
    """Segments that answer at exits in place of their own, by exit: none of them, or one at a time."""
    return [{}, *({one.instead: one.name} for one in graph.segments.values() if one.instead)]


Kinds = Mapping[str, type[ExitRule]]
"""Exit rules of a user's own by the name that the card has of them."""
NONE: Kinds = MappingProxyType({})


def reads_features(exit_rules: Kinds) -> bool:
    """Whether one of these rules does."""
    return any(issubclass(kind, FeatureRule) for kind in exit_rules.values())


def fitted_rules(
    kind: type[ExitRule],
    scores: Mapping[str, NDArray[np.floating]],
    labels: NDArray[np.int64],
    features: Mapping[str, Features | None] = MappingProxyType({}),
) -> list[ExitRule]:
    """A rule for every exit but the last, with what it learns of validation `scores` `[n, classes]`."""
    at, exits = list(scores.values()), list(scores)
    made = []
    for number, here in enumerate(at[:-1]):
        rule = kind()
        rule.parameters = learned(kind, here, at[:number], labels, features.get(exits[number]))
        made.append(rule)
    return made


def alternatives(
    network: Network,
    validation: Split,
    test: Split,
    sent: Mapping[str, int],
    rule: Rule,
    temperatures: Mapping[str, float],
    exit_rules: Kinds = NONE,
    aims: Aims = Aims(),  # noqa: B008 - frozen
) -> Iterator[dict[str, Any]]:
    """An entry of the card for each of our exit rules, and `exit_rules`, with each of the segments that stand in.

    `rule` chooses the thresholds; `sent` is the bytes sent for a sample that leaves at each exit. What is usual is left
    out. A network without an early exit has nothing to choose.
    """
    for instead in stand_ins(network.graph):
        held_out, tested = (exit_scores(network, one.scores, temperatures, instead) for one in (validation, test))
        seen, seen_on_test = (one.features_at(network.graph, instead) for one in (validation, test))
        names, kinds = list(held_out), {**{name: RULES[name] for name in RULES}, **exit_rules}
        for exit_rule, kind in kinds.items() if len(names) > 1 else ():
            if exit_rule == USUAL and not instead:
                continue
            rules = dict(zip(names, fitted_rules(kind, held_out, validation.labels, seen), strict=False))
            on_validation = Exits(held_out, validation.labels, rules, seen)
            chosen = on_validation.outcome(
                best_thresholds(
                    on_validation.measures, on_validation.correct, rule, [sent[name] for name in names],
                    grids=np.stack([grid_of(one) for one in rules.values()]), aims=aims,
                )
            )  # fmt: skip
            on_test = Exits(tested, test.labels, rules, seen_on_test)
            parameters = {name: dict(one.parameters) for name, one in rules.items()} if learns(kind) else {}
            yield {
                "exit_rule": exit_rule,
                **({"instead": instead} if instead else {}),
                "thresholds": dict(zip(names, chosen.thresholds, strict=False)),
                **({"parameters": parameters} if parameters else {}),
                "forced_accuracy": {"test": on_test.forced_accuracies},
                "validation": outcome_values(chosen, names, sent),
                "test": outcome_values(on_test.outcome(chosen.thresholds), names, sent),
            }


def in_force(fitted: Mapping[str, float], graph: Graph, all_of_them: bool) -> dict[str, float]:
    """Of fitted temperatures those that count: of segments that stand in always, of others where it was asked for."""
    return {name: t for name, t in fitted.items() if all_of_them or graph.segments[name].instead}
