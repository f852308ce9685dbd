"""Utilisation, throughput, queues, waiting times and offered load of every place (docs/results.md defines them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

import numpy as np

from simnet.results.steps import Floats, Steps
from simnet.results.usage.intervals import count, greatest, overlap, percentile, windows_of
from simnet.results.usage.stations import NODE, Places, Station, stations_of

MOST_WINDOWS = 100
"""In a run (our choice): fine enough for a figure, and a small table however long the run was."""
BUSY = 0.9
"""Utilisation from which on a place is called busy: queues of random arrivals are ten times a service and more then
(M/M/1: ρ / (1 − ρ) = 9 wait at 0.9)."""
ROUNDING = 1e-9
"""Part by which sums of the same times may differ."""
SATURATED, FULL, WELL = "saturated", "busy", "ok"

Column = Floats | list[str]


@dataclass(frozen=True, eq=False)
class Usage:
    """Of a run: the windows' length in s, each place's numbers over all of it, and the columns of its windows."""

    window: float
    places: dict[str, dict[str, Any]]
    columns: dict[str, Column]


def usage_of(places: Places, steps: Steps, end: float, captured: float | None) -> Usage:
    """How much of each place was used until the run's `end` (s); `captured` is how long samples were captured, in s."""
    window = window_for(end)
    number = max(1, ceil(end / window - ROUNDING))
    edges = np.append(np.arange(number) * window, end)
    whole = np.array([0.0, end])
    found: dict[str, dict[str, Any]] = {}
    parts: list[dict[str, Column]] = []
    for station in stations_of(places, steps, end) if end > 0 else ():
        over_time = numbers_of(station, edges)
        found[station.name] = _summary(station, numbers_of(station, whole), end, captured)
        same = {"place": [station.name] * number, "kind": [station.kind] * number}
        parts.append({**same, "began": edges[:-1], "ended": edges[1:], **over_time})
    columns: dict[str, Column] = {}
    for key in parts[0] if parts else ():
        each = [part[key] for part in parts]
        columns[key] = [w for words in each for w in words] if key in ("place", "kind") else np.concatenate(each)
    return Usage(window, found, columns)


def window_for(end: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten, in s, of which at most `MOST_WINDOWS` make a run."""
    if end <= 0:
        return 1.0
    least = end / MOST_WINDOWS
    power = floor(log10(least)) - 1
    steps = (float(f"{digit}e{power + more}") for more in range(4) for digit in (1, 2, 5))
    return next(step for step in steps if step >= least * (1 - ROUNDING))


def numbers_of(station: Station, edges: Floats) -> dict[str, Floats]:
    """What there was in each window between `edges`, by column of the table; not a number: not known."""
    length, n = np.diff(edges), len(edges) - 1
    unknown = np.full(n, np.nan)
    queued, started, began = station.queued, station.started, station.began
    used = unknown
    if station.served is not None:
        busy = overlap(started[station.alone], station.served[station.alone], edges)
        used = busy / (station.servers * length)
    done = count(station.ended[station.ok], edges).astype(float)
    waiting = dict.fromkeys(("queue_bytes_mean", "queue_bytes_max"), unknown)
    if station.size is not None:
        sizes = _sizes(station)
        waiting["queue_bytes_mean"] = overlap(queued, started, edges, sizes) / length
        waiting["queue_bytes_max"] = greatest(queued, started, edges, sizes)
    waits, when = started[began] - queued[began], windows_of(started[began], edges)
    return {
        "utilisation": used,
        "throughput": (done if station.kind == NODE else _carried(station, edges)) / length,
        "arrivals": count(queued, edges).astype(float),
        "done": done,
        "dropped": count(queued[station.dropped], edges).astype(float),
        "queue_mean": overlap(queued, started, edges) / length,
        "queue_max": greatest(queued, started, edges),
        **waiting,
        "wait_p50": percentile(waits, when, n, 0.50),
        "wait_p95": percentile(waits, when, n, 0.95),
    }


def _carried(station: Station, edges: Floats) -> Floats:
    """Bytes that left in each window; not a number where messages share a link."""
    if station.links:
        return np.asarray(np.sum([_carried(link, edges) for link in station.links], axis=0))
    if station.served is None or station.capacity is None:
        return np.full(len(edges) - 1, np.nan)
    level = station.capacity.until
    return overlap(level(station.started), level(station.served), level(edges))


def _sizes(station: Station) -> Floats:
    """Bytes of each message in the queue. Of one that did not get through, its span has only those that had left: it
    counts as the mean of those that did, at least."""
    assert station.size is not None
    sizes = station.size.astype(float)
    if station.ok.any():
        typical = np.rint(sizes[station.ok].mean())
        sizes = np.where(station.ok, sizes, np.maximum(sizes, typical))
    return sizes


def _summary(station: Station, over_all: Mapping[str, Floats], end: float, captured: float | None) -> dict[str, Any]:
    """One place's numbers over the whole run."""
    found = {key: _plain(values[0]) for key, values in over_all.items()}
    if station.kind != NODE and station.size is not None:
        found["throughput"] = float(station.size.sum()) / end
        if station.served is None and station.capacity is not None:
            found["utilisation"] = float(station.size.sum() / station.capacity.bytes[-1])
    offered = _offered_load(station, end, captured)
    used = found["utilisation"]
    verdict = WELL
    if offered is not None and offered >= 1 - ROUNDING:
        verdict = SATURATED
    elif used is not None and used >= BUSY - ROUNDING:
        verdict = FULL
    counts = {key: int(over_all[key][0]) for key in ("arrivals", "done", "dropped")}
    counts |= {key: int(getattr(station, key).sum()) for key in ("lost", "unfinished")}
    first = {"kind": station.kind, "verdict": verdict, "utilisation": used, "offered_load": offered}
    return {**first, **found, **counts}


def _offered_load(station: Station, end: float, captured: float | None) -> float | None:
    """Work that arrived ÷ work that could have been done while it arrived; None where too little is known.

    Work that was not done counts, for each call or message, as much as what was. It arrives while samples are captured,
    or longer behind a bottleneck: from the first arrival to the last, and one mean interval between samples. What is no
    sample's (heartbeats) adds its utilisation. A medium has the sum of its links.
    """
    if station.links:
        loads = [_offered_load(link, end, captured) for link in station.links]
        known = [load for load in loads if load is not None]
        return sum(known) if known else None
    if station.served is not None:
        work, able = np.where(station.alone, station.served - station.started, 0.0), station.servers * end
    elif station.size is not None and station.capacity is not None:
        work, able = station.size.astype(float), float(station.capacity.bytes[-1])
    ours = station.sample >= 0
    samples = len(np.unique(station.sample[ours]))
    times = station.queued[ours]
    spread = float(times.max() - times.min()) * samples / (samples - 1) if samples > 1 else 0.0
    period = max(spread, captured or 0.0)
    whole = ours & (station.ok if (ours & station.ok).any() else station.began)
    if not period or not whole.any():
        return None
    each = float(work[whole].sum()) / int(whole.sum())
    return each * int(ours.sum()) / (able * period / end) + float(work[~ours].sum()) / able


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
