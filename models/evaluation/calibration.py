"""Calibration: the thresholds that a rule finds best on a grid. numpy only.

Call it on validation data, never on test data (the papers search on the test set). All combinations on the grid are
counted at once: a histogram of where on the grid each sample's entropies lie, summed up along its axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from simnet.models.evaluation.budget import within_budget
from simnet.models.evaluation.outcome import Exits, Outcome
from simnet.models.evaluation.risk import DELTA, EPSILON, controlled

Rule = Literal["accuracy", "early", "bytes", "risk", "budget"]
RULES: tuple[Rule, ...] = get_args(Rule)
"""`accuracy`: best system accuracy. `early`: largest share that leaves before the cloud, with a system accuracy within
`TOLERANCE` of the cloud's forced accuracy. `bytes`: least bytes sent per sample, within the same. `risk`: the loosest
that keep a promise, see `risk`. `budget`: for a mean cost of at most so much, see `budget`."""
GRID_RULES: tuple[Rule, ...] = RULES[:3]
"""Those that search a grid of thresholds."""
DEFAULT_RULE: Rule = "early"
TOLERANCE = 0.005
"""Half a point of accuracy (our choice)."""
STEP = 0.01
"""Grid of thresholds, 0 to 1 (our choice)."""
MOST = 2_000_000
"""Combinations that are counted: with four exits and more before the last the grid is coarser (our choice)."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Aims:
    """What the rules `risk` and `budget` aim at.

    Attributes:
        epsilon: Most excess risk.
        delta: Most chance that the promise is broken.
        budget: Most cost of a sample, on average; None: there is no such rule.
        costs: Cost of a sample that leaves at each exit.
        of: What is counted, for the card (`bytes`, `FLOP`, `J`).
    """

    epsilon: float = EPSILON
    delta: float = DELTA
    budget: float | None = None
    costs: Sequence[float] = ()
    of: str = ""

    def told(self, rule: Rule, exits: Sequence[str]) -> dict[str, Any]:
        """For the card: what a rule aimed at, with what a sample costs at each of the `exits`."""
        if rule == "risk":
            return {"epsilon": self.epsilon, "delta": self.delta}
        if rule != "budget":
            return {}
        costs = {"costs": dict(zip(exits, self.costs, strict=True))} if self.costs else {}
        return {"budget": self.budget, "of": self.of, **costs}


def grid_counts(
    entropies: NDArray[np.float64], correct: NDArray[np.bool_], grid: NDArray[np.float64]
) -> tuple[Counts, Counts]:
    """How many samples leave, and how many of them are right, for every combination of thresholds.

    `grid` is `[g]`, or `[exits - 1, g]` where exits differ. `entropies` (or what another rule measures) and `correct`
    are `[exits, n]`; a sample leaves at the first exit whose entropy is below its T, at last at the last. Both results
    are `[exits, g, g, …]` with one axis of `g` per exit but the last.
    """
    early = len(entropies) - 1
    grids = np.broadcast_to(grid, (early, np.shape(grid)[-1]))
    places = [np.searchsorted(one, of_exit, side="right") for one, of_exit in zip(grids, entropies[:-1], strict=True)]
    first, steps = np.array(places), grids.shape[1]  # the first T above; NaN is above every one
    size = (steps + 1,) * early

    def counted(weights: NDArray[np.bool_] | None) -> Counts:
        flat = np.ravel_multi_index(tuple(first), size)
        counts = np.bincount(flat, weights, minlength=int(np.prod(size)))
        return counts.astype(np.int64).reshape(size)

    def leaving(counts: Counts, at: int) -> Counts:
        for axis in range(early):
            below = counts.cumsum(axis)
            if axis < at:
                counts = below.take([-1], axis) - below  # went past this exit
            elif axis == at:
                counts = below
            else:
                counts = below.take([-1], axis)  # never saw this exit
            if axis <= at:
                counts = counts.take(range(steps), axis)
        return np.broadcast_to(counts, (steps,) * early)

    return (
        np.stack([leaving(counted(None), at) for at in range(early + 1)]),
        np.stack([leaving(counted(correct[at]), at) for at in range(early + 1)]),
    )


def best_thresholds(
    entropies: NDArray[np.float64],
    correct: NDArray[np.bool_],
    rule: Rule = DEFAULT_RULE,
    sent: Sequence[int] | None = None,
    step: float = STEP,
    grids: NDArray[np.float64] | None = None,
    aims: Aims = Aims(),
) -> tuple[float, ...]:
    """The thresholds on a grid of `step` that are best by `rule`, for `entropies` and `correct` `[exits, n]`.

    `grids` `[exits - 1, g]` are those of exits whose rule measures something else than entropy. Of more than `MOST`
    combinations as many points of every grid are left out, evenly. The rules `risk` and `budget` need no grid; they
    have `aims`.

    `sent` are the bytes sent for a sample that leaves at each exit, which the rule `bytes` needs. Among equals the
    more accurate win, then those that leave earlier, then the lower T. Raises ValueError for an unknown rule.
    """
    early_exits = len(entropies) - 1
    if not early_exits:
        return ()
    if rule == "risk":
        return controlled(entropies, correct, aims.epsilon, aims.delta)
    if rule == "budget":
        if aims.budget is None:
            raise ValueError("the rule 'budget' needs a budget")
        return within_budget(entropies, aims.costs, aims.budget)
    usual = np.arange(0.0, 1.0 + step / 2, step).round(6)
    grid = np.broadcast_to(usual, (early_exits, len(usual))) if grids is None else grids
    fewer = max(2, int(MOST ** (1 / early_exits) + 1e-9))
    if grid.shape[1] > fewer:
        grid = grid[:, np.linspace(0, grid.shape[1] - 1, fewer).round().astype(np.int64)]
    left, right = (counts.reshape(len(counts), -1) for counts in grid_counts(entropies, correct, grid))
    accurate, early = right.sum(0), left[:-1].sum(0)
    good = accurate >= correct[-1].sum() - TOLERANCE * correct.shape[1] - 1e-6  # or rounding would decide
    match rule:
        case "accuracy":
            wanted, good = (accurate, early), np.ones_like(good)
        case "early":
            wanted = (early, accurate)
        case "bytes":
            if sent is None:
                raise ValueError("the rule 'bytes' needs the bytes sent until each exit")
            wanted = (-np.asarray(sent) @ left, accurate)
        case _:
            raise ValueError(f"unknown rule {rule!r}; known: {', '.join(RULES)}")
    allowed = np.flatnonzero(good)  # never empty: T = 0 everywhere leaves all to the cloud
    keys = (*wanted, *left[:-1])
    order = np.lexsort([-allowed, *(key[allowed] for key in reversed(keys))])
    place = np.unravel_index(allowed[order[-1]], (grid.shape[1],) * early_exits)
    return tuple(float(one[index]) for one, index in zip(grid, place, strict=True))


def calibrated(
    exits: Exits,
    rule: Rule = DEFAULT_RULE,
    sent: Sequence[int] | None = None,
    step: float = STEP,
    aims: Aims = Aims(),
) -> Outcome:
    """The outcome of the thresholds that `rule` finds best for these exits; on validation data only.

    `sent` are the bytes sent for a sample that leaves at each exit, which the rule `bytes` needs.
    """
    return exits.outcome(best_thresholds(exits.measures, exits.correct, rule, sent, step, aims=aims))


def outcome_values(outcome: Outcome, names: Sequence[str], sent: Mapping[str, int]) -> dict[str, Any]:
    """An outcome for the card: shares, accuracies (None where no sample left) and expected bytes per sample."""
    return {
        "shares": dict(zip(names, outcome.shares, strict=True)),
        "exit_accuracies": {
            name: None if accuracy != accuracy else accuracy
            for name, accuracy in zip(names, outcome.exit_accuracies, strict=True)
        },
        "system_accuracy": outcome.system_accuracy,
        "bytes": sum(share * sent[name] for name, share in zip(names, outcome.shares, strict=True)),
    }


def calibration(
    validation: Exits,
    test: Exits,
    sent: Mapping[str, int],
    rule: Rule = DEFAULT_RULE,
    temperatures: Mapping[str, float] | None = None,
    aims: Aims = Aims(),
) -> dict[str, Any]:
    """What a card says of calibration: thresholds by every rule, found on `validation`, with what they do on both.

    A rule that does not count is left out where it cannot be kept: `risk` of too few samples, `budget` without one.

    `rule` gives the thresholds that count; `temperatures` are those that both exits were made with; `sent` is the bytes
    sent for a sample that leaves at each exit.
    """
    rules = {}
    for name in RULES:
        try:
            chosen = calibrated(validation, name, [sent[exit_name] for exit_name in validation.names], aims=aims)
        except ValueError:
            if name == rule:
                raise
            continue
        rules[name] = {
            **aims.told(name, validation.names),
            "thresholds": dict(zip(validation.names, chosen.thresholds, strict=False)),
            "validation": outcome_values(chosen, validation.names, sent),
            "test": outcome_values(test.outcome(chosen.thresholds), test.names, sent),
        }
    return {
        "rule": rule,
        "thresholds": rules[rule]["thresholds"],
        "temperatures": dict(temperatures or {}),
        "rules": rules,
        "test": rules[rule]["test"],
    }
