"""How often the 95 % intervals of one run hold the truth: of series whose mean is known, and of whole scenarios.

Of a scenario the truth is the mean over the other seeds' runs, so that no run is judged by itself. A run whose interval
is refused, with its reason, is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log, sqrt
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np

from simnet.results.run import summary_of
from simnet.scenario import load_scenario
from simnet.statistics.batches import Floats, of_mean
from simnet.statistics.quantiles import of_quantiles
from simnet.statistics.student import LEVEL
from simnet.streams import stream
from simnet.validation.base import Check, Result, Settings, Unavailable
from simnet.world import run as engine
from simnet.world.plan import plans_of

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SEEDS = 60
LENGTH = 1000
"""Values in a series, as many as the scenarios have samples."""
SERIES, SERIES_FULL = 400, 2000
WARM_UP = 500
"""Waits until a queue that began empty no longer knows of it."""
ALLOWED = 0.15
"""By so much the share of a scenario's intervals that hold may miss 95 %: few rush hours, few seeds (our choice)."""


class Judged(NamedTuple):
    """An interval and the truth that it should hold; without an interval both ends are None."""

    low: float | None
    high: float | None
    truth: float


def held(what: str, judged: Sequence[Judged], allowed: float) -> Result:
    """The share of the intervals given that hold the truth beside 95 %; how many are given stands in the text."""
    given = [one.low <= one.truth <= one.high for one in judged if one.low is not None and one.high is not None]
    share = fmean(given) if given else float("nan")
    return Result(f"{what}: {len(given):,} of {len(judged):,} have one", "", share, LEVEL, allowed)


def against_the_others(found: Sequence[Mapping[str, Any]]) -> list[Judged]:
    """Intervals (`mean`, `low`, `high`) of independent runs, each with the mean over all others as its truth."""
    total = sum(one["mean"] for one in found)
    return [Judged(one["low"], one["high"], (total - one["mean"]) / (len(found) - 1)) for one in found]


def autoregressive(random: np.random.Generator, runs: int, phi: float) -> Floats:
    """Stationary series xₜ = φ xₜ₋₁ + normal noise around 0, one in each row."""
    values, now = np.empty((runs, LENGTH)), random.normal(size=runs) / sqrt(1 - phi * phi)
    for step in range(LENGTH):
        values[:, step] = now
        now = phi * now + random.normal(size=runs)
    return values


def waits(random: np.random.Generator, runs: int, rho: float) -> Floats:
    """Waiting times in M/M/1, in mean service times, by Lindley's recursion from equilibrium: ρ/(1 − ρ) on average."""
    values = np.empty((runs, LENGTH))
    now = np.where(random.random(runs) < rho, random.exponential(1 / (1 - rho), runs), 0.0)
    for step in range(LENGTH):
        values[:, step] = now
        now = np.maximum(0.0, now + random.exponential(1.0, runs) - random.exponential(1 / rho, runs))
    return values


def series(settings: Settings) -> list[Result]:
    """Batch means of independent and of correlated values; three standard errors of the count are allowed."""
    runs = SERIES_FULL if settings.full else SERIES
    cases: list[tuple[str, Callable[[np.random.Generator, int, float], Floats], float, float]] = [
        ("independent normal values", autoregressive, 0.0, 0.0),
        ("AR(1), φ = 0.9", autoregressive, 0.9, 0.0),
        ("waits in M/M/1, ρ = 0.5", waits, 0.5, 1.0),
    ]
    allowed = 3 * sqrt(LEVEL * (1 - LEVEL) / SERIES)
    return [
        held(what, [_judged(one, truth) for one in make(stream(settings.seed, what), runs, parameter)], allowed)
        for what, make, parameter, truth in cases
    ]


def percentiles(settings: Settings) -> list[Result]:
    """Differences of p50 and p95 between two series, of the same units and of others."""
    if not settings.full:
        raise Unavailable("draws 400 batches anew for 4,800 pairs of series; ask for it with --full")
    results = []
    for what, phi in (("independent normal values", 0.0), ("AR(1), φ = 0.9", 0.9), ("waits in M/M/1", None)):
        random = stream(settings.seed, f"percentiles, {what}")
        first, second = _queues(random) if phi is None else _alike(random, phi)
        for share in (0.5, 0.95):
            truth = 0.0 if phi is not None else _quantile_of_wait(share, 0.6, 1.2) - _quantile_of_wait(share, 0.5, 1.0)
            for how, others, paired in (("paired", second, True), ("unpaired", np.roll(second, 1, axis=0), False)):
                found = [of_quantiles(*pair, share, paired) for pair in zip(first, others, strict=True)]
                judged = [Judged(one.low, one.high, truth) for one in found]
                results.append(held(f"{what}: p{100 * share:.0f}, {how}", judged, ALLOWED))
    return results


def _alike(random: np.random.Generator, phi: float) -> tuple[Floats, Floats]:
    """Two autoregressive series of the same distribution in each row, whose noise is correlated by 0.8."""
    first = autoregressive(random, SERIES, phi)
    return first, 0.8 * first + 0.6 * autoregressive(random, SERIES, phi)


def _queues(random: np.random.Generator) -> tuple[Floats, Floats]:
    """Waits in two M/M/1 queues with the same arrivals and work, of which the first is slower: ρ = 0.6 and 0.5."""
    size = (SERIES, WARM_UP + LENGTH)
    work, gaps = random.exponential(1.0, size), random.exponential(2.0, size)
    found = []
    for slower in (1.2, 1.0):
        values, now = np.empty(size), np.zeros(SERIES)
        for step in range(size[1]):
            values[:, step] = now
            now = np.maximum(0.0, now + slower * work[:, step] - gaps[:, step])
        found.append(values[:, WARM_UP:])
    return found[0], found[1]


def _quantile_of_wait(share: float, rho: float, service: float) -> float:
    """In M/M/1: P(W > x) = ρ exp(−(1 − ρ) x / service)."""
    return max(0.0, service * log(rho / (1 - share)) / (1 - rho))


def _judged(values: Floats, truth: float) -> Judged:
    found = of_mean(values)
    return Judged(found.low, found.high, truth)


def scenarios(settings: Settings) -> list[Result]:
    """Of 60 runs of `two_sites` and of `deadlines`, with seeds of their own."""
    if not settings.full:
        raise Unavailable("plays two scenarios 60 times each; ask for it with --full")
    if not SCENARIOS.is_dir():
        raise Unavailable("the scenarios of a checkout are not installed")
    return [
        result for name in ("two_sites", "deadlines") for result in of_scenario(SCENARIOS / f"{name}.yaml", settings)
    ]


def of_scenario(file: Path, settings: Settings, seeds: int = SEEDS) -> list[Result]:
    """Coverage of each system's mean latency and accuracy, and of their paired differences."""
    first = settings.seed * 1000
    runs = [_played(file, seed) for seed in range(first, first + seeds)]
    found: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        for pair, difference in run["paired"].items():
            for what in ("latency", "accuracy"):
                found.setdefault(f"{what}, {pair}", []).append(difference[what])
        for name, system in run["systems"].items():
            for what, mean in (("latency.mean", system["latency"]["mean"]), ("accuracy", system["accuracy"])):
                interval = {"mean": mean, **system["intervals"][what]}
                found.setdefault(f"{what.removesuffix('.mean')}, {name}", []).append(interval)
    return [held(f"{file.stem}: {what}", against_the_others(those), ALLOWED) for what, those in found.items()]


def _played(file: Path, seed: int) -> dict[str, Any]:
    scenario = load_scenario(file, seed=seed)
    results, _ = engine.run(scenario, engine.Options(), None, plans_of(scenario))
    return summary_of(scenario.name, {}, results, seed)


REFERENCE = "intervals that hold"
CHECKS = [
    Check("coverage", REFERENCE, "95 % intervals of series whose mean is known", "Law, Simulation Modeling and "
          "Analysis (5th ed. 2015), ch. 9", series),
    Check("coverage-percentiles", REFERENCE, "95 % intervals of differences of percentiles", "quantiles of the normal "
          "distribution and of waits in M/M/1", percentiles),
    Check("coverage-scenarios", REFERENCE, "95 % intervals of whole runs", "the mean over the other seeds", scenarios),
]  # fmt: skip
