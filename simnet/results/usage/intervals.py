"""Sums and maxima over intervals of time, in windows that follow each other.

`edges` are n + 1 ascending times, the ends of n windows; each window has its beginning in it and its end in the next,
the last its end, too. Times that differ by less than a picosecond are one: that sums of floats differ must not matter.
"""

from __future__ import annotations

import numpy as np

from simnet.results.steps import Floats, Numbers

PER_SECOND = 1e12
"""Picoseconds."""


def exact(times: Floats) -> Floats:
    """Times in s as whole picoseconds."""
    return np.asarray(np.rint(times * PER_SECOND))


def windows_of(times: Floats, edges: Floats) -> Numbers:
    """The window of each time."""
    return np.asarray(np.searchsorted(exact(edges[1:-1]), exact(times), side="right"))


def count(times: Floats, edges: Floats) -> Numbers:
    """How many of the times are in each window."""
    return np.bincount(windows_of(times, edges), minlength=len(edges) - 1)


def overlap(begin: Floats, end: Floats, edges: Floats, weights: Floats | None = None) -> Floats:
    """Length that the intervals from `begin` to `end` have in each window, together, each times its weight."""
    n = len(edges) - 1
    first = np.clip(np.searchsorted(edges, begin, side="right") - 1, 0, n - 1)
    last = np.clip(np.searchsorted(edges, end, side="left") - 1, first, n - 1)
    weight = np.ones(len(begin)) if weights is None else weights
    within = first == last
    head = np.where(within, end - begin, edges[first + 1] - begin) * weight
    tail = np.where(within, 0.0, end - edges[last]) * weight
    # Windows that an interval covers wholly: those behind its first and before its last.
    steps = np.bincount(first + 1, weight, n + 1) - np.bincount(np.maximum(last, first + 1), weight, n + 1)
    whole = np.cumsum(steps)[:n] * np.diff(edges)
    return np.asarray(np.bincount(first, head, n) + np.bincount(last, tail, n) + whole)


def greatest(begin: Floats, end: Floats, edges: Floats, weights: Floats | None = None) -> Floats:
    """The greatest sum of weights of intervals that there are at the same time, in each window.

    At an instant at which some end and others begin, the former are gone already.
    """
    n = len(edges) - 1
    lasting = exact(begin) < exact(end)
    weight = np.ones(len(begin))[lasting] if weights is None else weights[lasting]
    times, place = np.unique(exact(np.concatenate([begin[lasting], end[lasting]])), return_inverse=True)
    levels = np.append(0.0, np.cumsum(np.bincount(place, np.concatenate([weight, -weight]), len(times))))
    # levels[i] holds from the (i - 1)-th instant on. A window has the level at its beginning and all that come in it.
    start = np.searchsorted(times, exact(edges[:-1]), side="right")
    stop = np.searchsorted(times, exact(edges[1:]), side="left")
    return np.array([levels[start[k] : max(start[k], stop[k]) + 1].max() for k in range(n)])


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
