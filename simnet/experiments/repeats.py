"""Repeats of a run with other seeds, and Student's intervals over them.

Unlike samples of one run, runs with different seeds are independent, so that the interval of the mean over repeats
needs no assumption on what happens within a run (independent replications; A. M. Law, Simulation Modeling and Analysis,
5th ed. 2015, chapter 9). It is of the value that a run of this length has on average.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from simnet.experiments.target import Target
from simnet.statistics.student import t_interval
from simnet.streams import derived

LEAST = 5
"""Repeats before a target can end them: of fewer the spread is hardly known (our choice)."""
MOST = 50
"""Repeats at most where only a target is given (our choice)."""

_NO_MEASURE = ("thresholds", "intervals")
Summary = Mapping[str, Any]


def seeds_of(seed: int) -> Iterator[int]:
    """The scenario's own seed, then one for each further repeat: a function of the scenario's and the number."""
    yield seed
    number = 2
    while True:
        yield derived(seed, f"repeat {number}")
        number += 1


def repeat(play: Callable[[int], Summary], seed: int, most: int, target: Target | None = None) -> list[Summary]:
    """Summaries of `most` runs, or of as many, `LEAST` at least, as it takes until the target is met.

    Args:
        play: A run with this seed.
        seed: The scenario's.
        most: Runs at most.
        target: What shall be known how precisely; looked at after each run from the fifth on.

    Raises:
        RunError: the summaries have no such value.
    """
    found: list[Summary] = []
    for one in islice(seeds_of(seed), most):
        found.append(play(one))
        if target is not None:
            statistics = across(found)
            target.of(statistics)  # a wrong key is told after the first run
            if len(found) >= LEAST and target.met(statistics):
                break
    return found


def across(summaries: Sequence[Summary]) -> dict[str, Any]:
    """Statistics over the summaries of repeats: of every number in it, by its dotted key.

    Returns:
        ``systems`` → name → key and ``paired`` → pair → key (``latency.mean``, ``accuracy.mean``, counts) → `mean`, the
        95 % limits `low` and `high` (None below two values), and `n`, the repeats in which the value exists.
    """
    systems = {name: [one["systems"][name] for one in summaries] for name in summaries[0]["systems"]}
    pairs = {name: [_measures(one["paired"][name]) for one in summaries] for name in summaries[0]["paired"]}
    return {
        "systems": {name: _statistics(found) for name, found in systems.items()},
        "paired": {name: _statistics(found) for name, found in pairs.items()},
    }


def report(summaries: Sequence[Summary], target: Target | None = None) -> dict[str, Any]:
    """The key `repeats` of the summary: their count, seeds, statistics, and whether the target was met."""
    statistics = across(summaries)
    asked = None if target is None else {"text": target.text, "met": len(summaries) >= LEAST and target.met(statistics)}
    return {"count": len(summaries), "seeds": [one["seed"] for one in summaries], "target": asked, **statistics}


def _measures(pair: Summary) -> dict[str, Any]:
    """A pair without its intervals within one run."""
    own = {key: {"mean": pair[key]["mean"]} for key in ("latency", "accuracy")}
    return {**{key: value for key, value in pair.items() if key != "p_value"}, **own}


def _statistics(found: Sequence[Summary]) -> dict[str, dict[str, Any]]:
    values: dict[str, list[float]] = {}
    for one in found:
        for key, value in numbers(one):
            values.setdefault(key, [])
            if value is not None:
                values[key].append(value)
    return {key: _statistic(those) for key, those in values.items()}


def _statistic(values: Sequence[float]) -> dict[str, Any]:
    if len(values) < 2:
        return {"mean": values[0] if values else None, "low": None, "high": None, "n": len(values)}
    mean, half = t_interval(values)
    return {"mean": mean, "low": mean - half, "high": mean + half, "n": len(values)}


def numbers(content: Summary, place: str = "") -> Iterator[tuple[str, float | None]]:
    """Every number, or None in the place of one, with its dotted key."""
    for key, value in content.items():
        if not place and key in _NO_MEASURE:
            continue
        if isinstance(value, Mapping):
            yield from numbers(value, f"{place}{key}.")
        elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            yield f"{place}{key}", value
