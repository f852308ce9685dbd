"""Utilisation, throughput, queues, waiting times and offered load of every place (docs/results.md defines them)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

import numpy as np

from simnet.results.kept.recorded import Recorded
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
AT_ONCE, MOST_AT_ONCE = 1 << 17, 1 << 11
"""Steps, and places, that are counted together: it bounds the memory."""
SATURATED, FULL, WELL = "saturated", "busy", "ok"

Column = Floats | list[str]


@dataclass(frozen=True, eq=False)
class Usage:
    """Of a run: the windows' length in s, each place's numbers over all of it, and the columns of its windows."""

    window: float
    places: dict[str, dict[str, Any]]
    columns: dict[str, Column]


def usage_of(places: Places, steps: Steps | Recorded, end: float, captured: float | None) -> Usage:
    """How much of each place was used until the run's `end` (s); `captured` is how long samples were captured, in s."""
    window = window_for(end)
    number = max(1, ceil(end / window - ROUNDING))
    edges = np.append(np.arange(number) * window, end)
    whole = np.array([0.0, end])
    found: dict[str, dict[str, Any]] = {}
    parts: list[dict[str, Column]] = []
    for stations in _some(stations_of(places, Recorded.of(steps), end)) if end > 0 else ():
        over_time, over_all = numbers_of(stations, edges), numbers_of(stations, whole)
        for row, station in enumerate(stations):
            found[station.name] = _summary(station, {key: one[row] for key, one in over_all.items()}, end, captured)
        same: dict[str, Column] = {
            "place": [station.name for station in stations for _ in range(number)],
            "kind": [station.kind for station in stations for _ in range(number)],
            "began": np.tile(edges[:-1], len(stations)),
            "ended": np.tile(edges[1:], len(stations)),
        }
        parts.append({**same, **{key: one.ravel() for key, one in over_time.items()}})
    columns: dict[str, Column] = {}
    for key in parts[0] if parts else ():
        each = [part[key] for part in parts]
        columns[key] = [w for words in each for w in words] if key in ("place", "kind") else np.concatenate(each)
    return Usage(window, found, columns)


def _some(stations: Iterable[Station]) -> Iterator[list[Station]]:
    """As many at once as pays: what is computed for each of them apart takes a millisecond, however little it has."""
    found: list[Station] = []
    steps = 0
    for station in stations:
        found.append(station)
        steps += len(station.sample)
        if steps > AT_ONCE or len(found) == MOST_AT_ONCE:
            yield found
            found, steps = [], 0
    if found:
        yield found


def window_for(end: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten, in s, of which at most `MOST_WINDOWS` make a run."""
    if end <= 0:
        return 1.0
    least = end / MOST_WINDOWS
    power = floor(log10(least)) - 1
    steps = (float(f"{digit}e{power + more}") for more in range(4) for digit in (1, 2, 5))
    return next(step for step in steps if step >= least * (1 - ROUNDING))


def numbers_of(stations: Sequence[Station], edges: Floats) -> dict[str, Floats]:
    """What there was at each station in each window between `edges`, by column of the table, `[stations, windows]`.

    Not a number: not known.
    """
    length, n, rows = np.diff(edges), len(edges) - 1, len(stations)
    numbers = np.repeat(np.arange(rows), [len(station.sample) for station in stations])

    def all_of(key: str) -> Any:
        return _joined(stations, key)

    def shaped(values: Any) -> Floats:
        return np.asarray(values.reshape(rows, n))

    queued, started, began, ok = all_of("queued"), all_of("started"), all_of("began"), all_of("ok")
    used = np.full((rows, n), np.nan)
    if timed := [row for row, station in enumerate(stations) if station.served is not None]:
        known = [stations[row] for row in timed]
        alone = _joined(known, "alone")
        begins, ends = (_joined(known, key)[alone] for key in ("started", "served"))
        whose = np.repeat(np.arange(len(known)), [len(one.sample) for one in known])[alone]
        busy = overlap(begins, ends, edges, row=whose, rows=len(known)).reshape(len(known), n)
        used[timed] = busy / (np.array([one.servers for one in known])[:, None] * length)
    done = shaped(count(all_of("ended")[ok], edges, numbers[ok], rows)).astype(float)
    bytes_mean, bytes_max = np.full((rows, n), np.nan), np.full((rows, n), np.nan)
    if wired := [row for row, station in enumerate(stations) if station.size is not None]:
        known = [stations[row] for row in wired]
        begins, ends = (_joined(known, key) for key in ("queued", "started"))
        sizes = np.concatenate([_sizes(one) for one in known])
        whose = np.repeat(np.arange(len(known)), [len(one.sample) for one in known])
        bytes_mean[wired] = overlap(begins, ends, edges, sizes, whose, len(known)).reshape(len(known), n) / length
        bytes_max[wired] = greatest(begins, ends, edges, sizes, whose, len(known)).reshape(len(known), n)
    through = np.array(
        [done[row] if one.kind == NODE else _carried(one, edges) for row, one in enumerate(stations)]
    ).reshape(rows, n)
    waited, when = started[began] - queued[began], numbers[began] * n + windows_of(started[began], edges)
    dropped = all_of("dropped")
    return {
        "utilisation": used,
        "throughput": through / length,
        "arrivals": shaped(count(queued, edges, numbers, rows)).astype(float),
        "done": done,
        "dropped": shaped(count(queued[dropped], edges, numbers[dropped], rows)).astype(float),
        "queue_mean": shaped(overlap(queued, started, edges, None, numbers, rows)) / length,
        "queue_max": shaped(greatest(queued, started, edges, None, numbers, rows)),
        "queue_bytes_mean": bytes_mean,
        "queue_bytes_max": bytes_max,
        "wait_p50": shaped(percentile(waited, when, rows * n, 0.50)),
        "wait_p95": shaped(percentile(waited, when, rows * n, 0.95)),
    }


def _joined(stations: Sequence[Station], key: str) -> Any:
    """An array of all stations, one after the other."""
    each = [getattr(station, key) for station in stations]
    return each[0] if len(each) == 1 else np.concatenate(each)


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
