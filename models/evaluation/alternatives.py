"""Calibration of what a scenario can choose in place of the usual: other exit rules, other segments at an exit.

T of the entropy is none of the margin, and T of the surest device none of a vote. So a card has thresholds for each of
these choices, found on validation data as the usual ones are, and with them what a rule has learned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.models.evaluation.calibration import Aims, Rule, best_thresholds, outcome_values
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import Scores, exit_scores
from simnet.models.graph import Graph
from simnet.models.networks.base import Network
from simnet.models.rules import RULES, USUAL, ExitRule
from simnet.models.rules.checked import grid_of, learned

Split = tuple[Scores, NDArray[np.int64]]
"""Scores of every segment, and the labels."""


def stand_ins(graph: Graph) -> list[dict[str, str]]:
    """Segments that answer at exits in place of their own, by exit: none of them, or one at a time."""
    return [{}, *({one.instead: one.name} for one in graph.segments.values() if one.instead)]


def fitted_rules(name: str, scores: Mapping[str, NDArray[np.floating]], labels: NDArray[np.int64]) -> list[ExitRule]:
    """The rule `name` for every exit but the last, with what it learns of validation `scores` `[n, classes]`."""
    kind, at = RULES[name], list(scores.values())
    made = []
    for number, here in enumerate(at[:-1]):
        rule = kind()
        rule.parameters = learned(kind, here, at[:number], labels)
        made.append(rule)
    return made


def alternatives(
    network: Network,
    validation: Split,
    test: Split,
    sent: Mapping[str, int],
    rule: Rule,
    temperatures: Mapping[str, float],
    exit_rules: Iterable[str] = (),
    aims: Aims = Aims(),  # noqa: B008 - frozen
) -> Iterator[dict[str, Any]]:
    """An entry of the card for each of our exit rules, and `exit_rules`, with each of the segments that stand in.

    `rule` chooses the thresholds; `sent` is the bytes sent for a sample that leaves at each exit. What is usual is left
    out. A network without an early exit has nothing to choose.
    """
    for instead in stand_ins(network.graph):
        held_out, tested = (exit_scores(network, scores, temperatures, instead) for scores, _ in (validation, test))
        names = list(held_out)
        for exit_rule in dict.fromkeys([*RULES, *exit_rules]) if len(names) > 1 else ():
            if exit_rule == USUAL and not instead:
                continue
            rules = dict(zip(names, fitted_rules(exit_rule, held_out, validation[1]), strict=False))
            on_validation = Exits(held_out, validation[1], rules)
            chosen = on_validation.outcome(
                best_thresholds(
                    on_validation.measures, on_validation.correct, rule, [sent[name] for name in names],
                    grids=np.stack([grid_of(one) for one in rules.values()]), aims=aims,
                )
            )  # fmt: skip
            on_test = Exits(tested, test[1], rules)
            learned = {name: dict(one.parameters) for name, one in rules.items() if one.parameters}
            yield {
                "exit_rule": exit_rule,
                **({"instead": instead} if instead else {}),
                "thresholds": dict(zip(names, chosen.thresholds, strict=False)),
                **({"parameters": learned} if learned else {}),
                "forced_accuracy": {"test": on_test.forced_accuracies},
                "validation": outcome_values(chosen, names, sent),
                "test": outcome_values(on_test.outcome(chosen.thresholds), names, sent),
            }


def in_force(fitted: Mapping[str, float], graph: Graph, all_of_them: bool) -> dict[str, float]:
    """Of fitted temperatures those that count: of segments that stand in always, of others where it was asked for."""
    return {name: t for name, t in fitted.items() if all_of_them or graph.segments[name].instead}
