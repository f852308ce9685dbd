"""Measured values over time as steps: files of Mahimahi, bytes per interval, parts of a trace, lines between points."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from simnet.language.errors import ScenarioError
from simnet.language.traces.columns import Tell

OPPORTUNITY = 1500
"""Bytes that may pass at each time of a Mahimahi file (Netravali et al. 2015, MTU of its link shell)."""
MOST_STEPS = 1_000_000
"""Steps that a trace may become (our choice)."""


class Series(NamedTuple):
    """`values[i]` holds from `times[i]` s on, ascending; `end` is when the last one ends, where that is known."""

    times: list[float]
    values: list[float]
    end: float | None = None


def from_zero(times: list[float]) -> list[float]:
    """Times in s, counted from the first."""
    return times if times[0] == 0 else less(times, times[0])


def less(times: list[float], start: float, later: float = 0.0) -> list[float]:
    """Times in s, counted from `start` and `later` than they are, without the rounding of sums of floats."""
    begin = Decimal(repr(start)) - Decimal(repr(later))
    return [float(Decimal(repr(time)) - begin) for time in times]


def opportunities(text: str, width: int, tell: Tell) -> Series:
    """A file of Mahimahi as bytes/s in bins of `width` ms from 0 on; bins without an opportunity have 0.

    Each line is the millisecond at which `OPPORTUNITY` bytes may pass, ascending; a line that is there twice counts
    twice. Here they pass evenly within the bin that begins with, or around, that millisecond. The series ends with the
    millisecond after the last, and so does the last bin, so that no bytes are added or lost.

    Raises:
        ScenarioError: a line that is no whole number, or less than the one before it; no lines.
    """
    counts: Counter[int] = Counter()
    last = -1
    for number, line in enumerate(text.splitlines(), start=1):
        word = line.strip()
        if not word.isdecimal() or len(word) > 15:
            if not word or word.startswith("#"):
                continue
            raise ScenarioError([tell(number, "this is no line of Mahimahi, a whole number of milliseconds")])
        time = int(word)
        if time < last:
            raise ScenarioError([tell(number, f"times must ascend: {time} comes after {last}")])
        counts[time // width] += 1
        last = time
    if last < 0:
        raise ScenarioError([tell(1, "the trace has no rows; each is a whole number of milliseconds")])
    times, values = [], []
    end = last + 1
    for place in sorted({0, *counts, *(place + 1 for place in counts)}):
        begin, length = place * width, min(width, end - place * width)
        if length > 0:
            times.append(begin / 1000)
            values.append(counts[place] * OPPORTUNITY * 1000 / length)
    return merged(Series(times, values, end / 1000))


def merged(series: Series) -> Series:
    """The same without steps to the value that holds already."""
    stays = [True, *(before != after for before, after in pairwise(series.values))]
    kept = [(time, value) for time, value, new in zip(series.times, series.values, stays, strict=True) if new]
    return Series([time for time, _ in kept], [value for _, value in kept], series.end)


def until(series: Series) -> Series:
    """Each value holds from the time before its own until its own; the first row is only the beginning."""
    return Series(series.times[:-1], series.values[1:], series.times[-1])


def in_turn(lengths: list[float], values: list[float]) -> Series:
    """Values that follow one another, each for its length in s."""
    ends, end = [], Decimal(0)
    for length in lengths:
        ends.append(end)
        end += Decimal(repr(length))
    return Series([float(time) for time in ends], values, float(end))


def as_rates(amounts: Series) -> Series:
    """Amounts per interval as rates; the last interval, where its end is not known, is as long as the one before it.

    Raises:
        ValueError: there is one row, and no end.
    """
    times, end = amounts.times, amounts.end
    if end is None:
        if len(times) < 2:
            raise ValueError("one row of an amount says no interval: give 'interval' or 'repeat'")
        end = float(2 * Decimal(repr(times[-1])) - Decimal(repr(times[-2])))
    lengths = [float(Decimal(repr(b)) - Decimal(repr(a))) for a, b in pairwise([*times, end])]
    return Series(times, [value / length for value, length in zip(amounts.values, lengths, strict=True)], end)


def begun_at(series: Series, offset: float, repeat: float | None) -> Series:
    """The series as it is from `offset` s on; with `repeat` what was before comes at the end of each round.

    Raises:
        ValueError: nothing is left.
    """
    end = series.times[-1] if repeat is None else repeat
    if offset > end or (repeat is not None and offset == end):
        raise ValueError("lies after the end of the trace")
    first = bisect_right(series.times, offset)
    times = [0.0, *less(series.times[first:], offset)]
    values = series.values[first - 1 :]
    if repeat is not None:
        behind = first if series.times[first - 1] < offset else first - 1
        times += less(series.times[:behind], offset, later=repeat)
        values = values + series.values[:behind]
    return merged(Series(times, values))


def on_lines(series: Series, width: float) -> Series:
    """Straight lines between the points of a series, in equal steps of at most `width` s between two points.

    Each step has the mean of the line over it, so that what passes between two points is that of the line.

    Raises:
        ValueError: that would be more steps than a trace may have.
    """
    points = list(zip(series.times, series.values, strict=True))
    counts = [max(1, ceil((later[0] - time) / width - 1e-9)) for (time, _), later in pairwise(points)]
    if sum(counts) > MOST_STEPS:
        raise ValueError(f"makes {sum(counts)} steps of the trace; at most {MOST_STEPS}")
    times, values = [], []
    for ((time, value), (later, other)), count in zip(pairwise(points), counts, strict=True):
        times += [time + (later - time) * number / count for number in range(count)]
        values += [value + (other - value) * (number + 0.5) / count for number in range(count)]
    return merged(Series([*times, series.times[-1]], [*values, series.values[-1]], series.end))
