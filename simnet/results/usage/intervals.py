"""Sums and maxima over intervals of time, in windows that follow each other.

`edges` are n + 1 ascending times, the ends of n windows; each window has its beginning in it and its end in the next,
the last its end, too. Times that differ by less than a picosecond are one: that sums of floats differ must not matter.

Many series are counted at once: `row` says to which of `rows` a time or interval belongs, and the numbers of the
windows of the first row stand before those of the second.
"""

from __future__ import annotations

import numpy as np

from simnet.results.steps import Floats, Numbers

Rows = Numbers | int

PER_SECOND = 1e12
"""Picoseconds."""


def exact(times: Floats) -> Floats:
    """Times in s as whole picoseconds."""
    return np.asarray(np.rint(times * PER_SECOND))


def windows_of(times: Floats, edges: Floats) -> Numbers:
    """The window of each time."""
    return np.asarray(np.searchsorted(exact(edges[1:-1]), exact(times), side="right"))


def count(times: Floats, edges: Floats, row: Rows = 0, rows: int = 1) -> Numbers:
    """How many of the times are in each window."""
    n = len(edges) - 1
    return np.bincount(row * n + windows_of(times, edges), minlength=rows * n)


def overlap(
    begin: Floats, end: Floats, edges: Floats, weights: Floats | None = None, row: Rows = 0, rows: int = 1
) -> Floats:
    """Length that the intervals from `begin` to `end` have in each window, together, each times its weight."""
    n = len(edges) - 1
    first = np.clip(np.searchsorted(edges, begin, side="right") - 1, 0, n - 1)
    last = np.clip(np.searchsorted(edges, end, side="left") - 1, first, n - 1)
    weight = np.ones(len(begin)) if weights is None else weights
    within = first == last
    head = np.where(within, end - begin, edges[first + 1] - begin) * weight
    tail = np.where(within, 0.0, end - edges[last]) * weight
    # Windows that an interval covers wholly: those behind its first and before its last.
    size, place = rows * (n + 1), row * (n + 1)
    steps = np.bincount(place + first + 1, weight, size)
    steps -= np.bincount(place + np.maximum(last, first + 1), weight, size)
    whole = np.cumsum(steps.reshape(rows, n + 1), axis=1)[:, :n] * np.diff(edges)
    place, size = row * n, rows * n
    return np.asarray(np.bincount(place + first, head, size) + np.bincount(place + last, tail, size) + whole.ravel())


def greatest(
    begin: Floats, end: Floats, edges: Floats, weights: Floats | None = None, row: Rows = 0, rows: int = 1
) -> Floats:
    """The greatest sum of weights of intervals that there are at the same time, in each window.

    At an instant at which some end and others begin, the former are gone already. Weights are whole numbers: their sums
    are exact.
    """
    n, limits = len(edges) - 1, exact(edges)
    lasting = exact(begin) < exact(end)
    weight = np.ones(len(begin))[lasting] if weights is None else weights[lasting]
    whose = np.broadcast_to(row, len(begin))[lasting]
    whose, times = np.concatenate([whose, whose]), exact(np.concatenate([begin[lasting], end[lasting]]))
    order = np.lexsort((times, whose))
    whose, times = whose[order], times[order]
    other = np.ones(len(order), bool)
    other[1:] = (whose[1:] != whose[:-1]) | (times[1:] != times[:-1])
    place = np.empty(len(order), np.int64)
    place[order] = np.cumsum(other) - 1
    whose, times = whose[other], times[other]
    # The level from each instant on; each row's ends at 0, and so begins the next.
    levels = np.append(0.0, np.cumsum(np.bincount(place, np.concatenate([weight, -weight]), len(times))))
    # A window has the level at its beginning and all that come in it.
    before = np.searchsorted(limits[:-1], times, side="left")  # the first beginning that is not before an instant
    early = np.bincount(whose * (n + 1) + before, minlength=rows * (n + 1)).reshape(rows, n + 1)
    known = np.cumsum(early[:, :n], axis=1)
    start = np.append(0, np.cumsum(np.bincount(whose, minlength=rows)))[:-1]
    found = np.where(known > 0, levels[start[:, None] + known], 0.0).ravel()
    window = np.searchsorted(limits, times, side="left") - 1
    inside = (window >= 0) & (window < n)
    inside[inside] = times[inside] < limits[window[inside] + 1]
    np.maximum.at(found, whose[inside] * n + window[inside], levels[1:][inside])
    return found


def percentile(values: Floats, windows: Numbers, n: int, share: float) -> Floats:
    """The percentile `share` (0 to 1) of the values in each of `n` windows, linear between the two nearest."""
    order = np.lexsort((values, windows))
    ranked, counts = values[order], np.bincount(windows, minlength=n)
    found, there = np.full(n, np.nan), counts > 0
    if there.any():
        first = (np.cumsum(counts) - counts)[there]
        position = share * (counts[there] - 1)
        below = np.floor(position).astype(int)
        low, high = ranked[first + below], ranked[first + np.ceil(position).astype(int)]
        found[there] = low + (position - below) * (high - low)
    return found
