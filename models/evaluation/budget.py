"""Budget: the least error for a mean cost of at most B (MSDNet: Huang et al. 2018; EENet: Ilhan et al. 2024).

The share of samples that leaves at exit k is proportional to rᵏ, with r such that the mean cost is B (by bisection). T
of an exit is the quantile of its measure among the validation samples that reach it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HALVINGS = 100


class UnaffordableError(ValueError):
    """A budget below what the cheapest exit costs."""


def shares_for(costs: Sequence[float], budget: float) -> NDArray[np.float64]:
    """Share of samples for each exit, such that the mean of `costs` (of a sample that leaves there) is `budget`.

    Costs ascend. More than the last exit costs lets all go on to it. Raises UnaffordableError for less than the first
    does.
    """
    each = np.asarray(costs, dtype=np.float64)
    if budget < each.min():
        raise UnaffordableError(f"a budget of {budget:g} is less than the {each.min():g} of the cheapest exit")
    if budget >= each[-1]:
        return np.asarray(np.eye(len(each))[-1])

    def shares(log_r: float) -> NDArray[np.float64]:
        powers = log_r * np.arange(len(each))
        found = np.exp(powers - powers.max())
        return np.asarray(found / found.sum())

    low, high = -700.0, 700.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if shares(middle) @ each <= budget else (low, middle)
    return shares(low)


def within_budget(
    measures: NDArray[np.float64], costs: Sequence[float], budget: float, least: float = 0.0
) -> tuple[float, ...]:
    """T of every exit but the last for `measures` `[exits, n]`, with which the mean cost is at most `budget`.

    Of samples with equal measures all leave, if one must. `least` stands for a threshold at which nobody
    leaves. Raises UnaffordableError as `shares_for`.
    """
    samples = measures.shape[1]
    wanted = shares_for(costs, budget)
    here, thresholds = np.ones(samples, dtype=bool), []
    for number in range(len(measures) - 1):
        left = measures[number][here]
        leaving = min(len(left), int(np.ceil(wanted[number] * samples - 1e-9)))
        ordered = np.sort(left)
        if leaving == 0:
            t = least
        elif leaving < len(ordered) and ordered[leaving] > ordered[leaving - 1]:
            t = float(ordered[leaving])
        else:
            t = float(np.nextafter(ordered[leaving - 1], np.inf))
        thresholds.append(max(least, t))
        here &= ~(measures[number] < t)
    return tuple(thresholds)
