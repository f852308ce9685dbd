"""By how much two systems differ in accuracy, latency, bytes and energy, with 95 % intervals.

Of samples that are the same in both, the differences are taken in pairs; else each system's own interval is taken, and
the two are joined. The samples of one run are not independent: all intervals are those of `simnet.statistics` that know
of it. Of runs with repeats the repeats are the units, which are independent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from simnet.analysis.comparison.sides import Recorded, Side
from simnet.results.lives import Floats, Mask
from simnet.results.summary import different_of
from simnet.statistics.batches import Interval, of_mean, of_share, of_shares
from simnet.statistics.differences import Known, joined
from simnet.statistics.quantiles import of_quantiles
from simnet.statistics.student import t_interval, welch_interval

Unit = Literal["share", "s", "B", "J"]


class Measure(NamedTuple):
    """One quantity of two systems, in its unit: share in [0, 1], s, B or J.

    Attributes:
        name: What it is.
        unit: Its unit.
        first: The first system's; None: there is none.
        second: The second one's.
        difference: second − first.
        low: Lower limit of the difference's 95 % interval; None: there is none.
        high: Upper limit.
        reason: Why there is no interval.
    """

    name: str
    unit: Unit
    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    reason: str | None = None


class Values(NamedTuple):
    """A quantity, sample by sample, of each of two systems; of the same samples if they are paired."""

    name: str
    unit: Unit
    first: Any
    second: Any
    interval: Callable[[Any, Any], Interval]
    statistic: Callable[[Any], Any] = np.mean


ACCURACY, OF_CAPTURED, ANSWERED = "accuracy", "accuracy of all captured", "answered"
ENERGY = "energy caused by a sample"
QUANTILES = {"latency p50": 0.5, "latency p95": 0.95}


def of_samples(first: Recorded, second: Recorded, paired: bool) -> list[Measure]:
    """Accuracy and latency over the samples answered (by both systems, if paired), all else over all captured."""
    return [_measure(one) for one in _values(first, second, paired)]


def _values(first: Recorded, second: Recorded, paired: bool) -> Iterator[Values]:
    one, other = first.answered, second.answered
    if paired:
        one = other = one & other
    shares = partial(_shares, images=(first.image[one], second.image[other]), paired=paired)
    yield Values(ACCURACY, "share", first.correct[one], second.correct[other], shares)
    if not (first.answered.all() and second.answered.all()):
        shares = partial(_shares, images=(first.image, second.image), paired=paired)
        yield Values(OF_CAPTURED, "share", first.correct, second.correct, shares)
        shares = partial(_shares, images=None, paired=paired)
        yield Values(ANSWERED, "share", first.answered, second.answered, shares)
    means: Callable[[Any, Any], Interval] = partial(_means, paired=paired)
    yield Values("latency mean", "s", first.latency[one], second.latency[other], means)
    for name, share in QUANTILES.items():

        def quantiles(new: Floats, old: Floats, share: float = share) -> Interval:
            return of_quantiles(new, old, share, paired)

        statistic = partial(np.quantile, q=share)
        yield Values(name, "s", first.latency[one], second.latency[other], quantiles, statistic)
    yield Values("bytes of a sample", "B", first.bytes, second.bytes, means)
    if not (np.isnan(first.energy).any() or np.isnan(second.energy).any()):
        yield Values(ENERGY, "J", first.energy, second.energy, means)


def _measure(values: Values) -> Measure:
    known = [float(values.statistic(one)) if len(one) else None for one in (values.first, values.second)]
    old, new = known
    if old is None or new is None:
        return Measure(values.name, values.unit, old, new, None, None, None, "no samples")
    found = values.interval(values.second, values.first)
    return Measure(values.name, values.unit, old, new, new - old, found.low, found.high, found.reason)


def _shares(new: Mask, old: Mask, images: tuple[Any, Any] | None, paired: bool) -> Interval:
    """Interval of the difference of two shares; `images` of the first and second, where those that come again tell
    nothing new."""
    old_images, new_images = (None, None) if images is None else (different_of(one) for one in images)
    if paired:
        return of_shares(new, old, old_images)
    return _joined(new, old, of_share(new, new_images), of_share(old, old_images))


def _means(new: Floats, old: Floats, paired: bool) -> Interval:
    return of_mean(new - old) if paired else _joined(new, old, of_mean(new), of_mean(old))


def _joined(new: Any, old: Any, interval: Interval, other: Interval) -> Interval:
    if interval.low is None or interval.high is None:
        return interval
    if other.low is None or other.high is None:
        return other
    known = Known(float(new.mean()), interval.low, interval.high)
    return Interval(*joined(known, Known(float(old.mean()), other.low, other.high)))


Summary = Mapping[str, Any]


def _bytes(system: Summary) -> float | None:
    total = system["bytes"].get("total")
    return None if total is None or not system["captured"] else float(total / system["captured"])


def _answered(system: Summary) -> float | None:
    return system["finished"] / system["captured"] if system["captured"] else None


_OF_REPEATS: tuple[tuple[str, Unit, Callable[[Summary], float | None]], ...] = (
    (ACCURACY, "share", lambda system: system["accuracy"]),
    (OF_CAPTURED, "share", lambda system: system["accuracy_of_captured"]),
    (ANSWERED, "share", _answered),
    *((f"latency {key}", "s", lambda system, key=key: system["latency"][key]) for key in ("mean", "p50", "p95")),
    ("bytes of a sample", "B", _bytes),
    ("energy per answer", "J", lambda system: system.get("energy", {}).get("per_sample")),
)
"""What a repeat's summary has of a system."""


def common_seeds(first: Side, second: Side) -> list[int]:
    """The seeds of the repeats that both runs have."""
    others = {one["seed"] for one in second.run.repeats}
    return [one["seed"] for one in first.run.repeats if one["seed"] in others]


def of_repeats(first: Side, second: Side) -> list[Measure]:
    """Means over the repeats: of those with the same seeds the differences in pairs, with Student's interval; where
    fewer than two seeds are common, over all repeats, with Welch's."""
    seeds = common_seeds(first, second)
    found: dict[str, Measure] = {}
    for name, unit, value in _OF_REPEATS:
        old, new = (
            {one["seed"]: value(one["systems"][side.system]) for one in side.run.repeats} for side in (first, second)
        )
        if len(seeds) >= 2:
            both = [seed for seed in seeds if old[seed] is not None and new[seed] is not None]
            measure = _paired(name, unit, [old[seed] for seed in both], [new[seed] for seed in both])
        else:
            measure = _independent(
                name, unit, *([one for one in each.values() if one is not None] for each in (old, new))
            )
        if not measure.first is measure.second is None:
            found[name] = measure
    if found[ANSWERED].first == found[ANSWERED].second == 1:
        del found[ANSWERED], found[OF_CAPTURED]
    return list(found.values())


def _paired(name: str, unit: Unit, old: Sequence[Any], new: Sequence[Any]) -> Measure:
    if not old:
        return Measure(name, unit, None, None, None, None, None, "no repeats")
    first, second = float(np.mean(old)), float(np.mean(new))
    if len(old) < 2:
        return Measure(name, unit, first, second, second - first, None, None, "fewer than 2 repeats")
    mean, half = t_interval([one - other for one, other in zip(new, old, strict=True)])
    return Measure(name, unit, first, second, mean, mean - half, mean + half)


def _independent(name: str, unit: Unit, old: Sequence[Any], new: Sequence[Any]) -> Measure:
    means = [float(np.mean(values)) if values else None for values in (old, new)]
    first, second = means
    apart = None if first is None or second is None else second - first
    if min(len(old), len(new)) < 2:
        return Measure(name, unit, first, second, apart, None, None, "fewer than 2 repeats")
    if len(set(old)) == len(set(new)) == 1:  # no spread at all
        return Measure(name, unit, first, second, apart, apart, apart)
    mean, half = welch_interval(new, old)
    return Measure(name, unit, first, second, mean, mean - half, mean + half)
