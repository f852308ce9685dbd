"""What the page's script needs of a run to show every step of every sample: `assets/timeline.js` draws it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simnet.analysis.faults import Fault
from simnet.analysis.timeline.lanes import Lane, lay_out
from simnet.language.names import LINK_ARROW
from simnet.report.opinions import opinions
from simnet.report.packed import pack
from simnet.results.kept.words import floats, numbered
from simnet.results.run import SAMPLES, SCORES, SPANS, Results

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SPANS = 300_000
"""Steps on a page; with more it would be too large to open quickly. The samples that come first are shown."""
MOST_LANES = 60
"""Rows of a system; those with most steps are shown."""
_COLUMNS = [
    "captured_at", "ended_at", "correct", "exit", "label", "prediction", "entropy", "views", "bytes", "outcome",
    "reason", "site", "class", "energy", "deadline",
]  # fmt: skip
"""Of the samples."""
FINEST = 1e-12
"""Seconds: the resolution of simulated time."""


def timeline(
    run: Results, faults: Sequence[Fault], places: Mapping[str, int], most: int = MOST_SPANS
) -> dict[str, Any]:
    """Samples and spans of all systems, packed, with the lanes in which they are drawn; ready for JSON.

    Args:
        run: The run.
        faults: What faults did in it.
        places: The colour of each exit.
        most: Steps in all at most.

    Raises:
        RunError: a table is damaged.
    """
    tables = {name: _joined(run.parts(name, SAMPLES, _COLUMNS)) for name in run.systems}
    total = max((table.num_rows for table in tables.values()), default=0)
    steps, counts, hops = np.zeros(total, np.int64), Counter[str](), set[tuple[str, str]]()
    for part in (part for name in run.systems for part in run.parts(name, SPANS, ["sample", "place", "message"])):
        sample = part.column("sample").to_numpy()
        steps += np.bincount(sample[sample >= 0], minlength=total)[:total]
        place, words = numbered(part, "place")
        found = np.bincount(place, minlength=len(words)).tolist()
        counts.update({word: number for word, number in zip(words, found, strict=True) if number})
        message, ends = numbered(part, "message")
        pairs = np.unique((place.astype(np.int64) * max(len(ends), 1) + message)[message >= 0])
        hops.update((words[pair // len(ends)], ends[pair % len(ends)]) for pair in pairs.tolist())
    shown = _first(steps, most)
    lanes = _lanes(run, counts, hops, faults)
    known = {
        place: number for number, place in enumerate(dict.fromkeys([*counts, *(p for f in faults for p in f.places)]))
    }
    end = max((system.get("simulated_time") or 0.0 for system in run.summary["systems"].values()), default=0.0)
    return {
        "systems": [
            {
                **_system(
                    name,
                    run.summary["systems"][name],
                    tables[name],
                    _Spans(_joined(run.parts(name, SPANS), shown)),
                    shown,
                    known,
                    places,
                ),
                "scores": opinions(
                    _joined(run.parts(name, SCORES), shown) if run.has(name, SCORES) else None,
                    list(run.summary["systems"][name]["exits"]),
                    shown,
                ),
            }
            for name in run.systems
        ],
        "places": list(known),
        "lanes": [{"label": lane.label, "parts": _parts(lane, known)} for lane in lanes],
        "faults": [
            {
                "label": fault.label,
                "start": fault.start,
                "end": fault.end if math.isfinite(fault.end) else None,
                "places": [known[place] for place in sorted(fault.places)],
            }
            for fault in faults
        ],
        "end": end,
        "total": total,
        "shown": shown,
        "places_in_all": len(counts),
    }


class _Spans:
    """Columns of ``spans.parquet`` as arrays; words as numbers and their lists."""

    def __init__(self, table: pa.Table) -> None:
        self.sample, self.queued, self.started, self.ended, self.size = (
            table.column(name).to_numpy() for name in ("sample", "queued_at", "started_at", "ended_at", "bytes")
        )
        self.place, self.places = numbered(table, "place")
        self.status, self.statuses = numbered(table, "status")
        self.message, self.messages = numbered(table, "message")


def _joined(parts: Iterable[pa.Table], shown: int | None = None) -> pa.Table:
    """One table of all parts; `shown`: of the first samples only, and of what is no sample's."""
    import pyarrow as pa

    tables = []
    for part in parts:
        if shown is not None and not (those := part.column("sample").to_numpy() < shown).all():
            part = part.filter(pa.array(those))
        tables.append(part)
    return tables[0] if len(tables) == 1 else pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _first(steps: NDArray[np.int64], most: int) -> int:
    """How many samples, from the first on, have at most so many steps together; one at least."""
    return min(len(steps), max(int(np.searchsorted(np.cumsum(steps), most, side="right")), 1))


def _lanes(run: Results, counts: Mapping[str, int], hops: set[tuple[str, str]], faults: Sequence[Fault]) -> list[Lane]:
    busiest = sorted(counts, key=lambda place: -counts[place])[: 2 * MOST_LANES]
    nodes = {end for place in busiest for end in place.split(LINK_ARROW)}
    if len(run.scenario["nodes"]) <= MOST_LANES:
        nodes |= set(run.scenario["nodes"])
    lanes = lay_out(run.scenario, counts, faults, nodes=nodes, hops=hops)
    if len(lanes) <= MOST_LANES:
        return lanes
    often = {lane.label: sum(counts.get(place, 0) for place in lane.places) for lane in lanes}
    kept = set(sorted(often, key=lambda label: -often[label])[:MOST_LANES])
    return [lane for lane in lanes if lane.label in kept]


def _parts(lane: Lane, known: Mapping[str, int]) -> list[list[int]]:
    """A lane's places in rows: nodes above their uplinks."""
    there = sorted(place for place in lane.places if place in known)
    rows = [[known[place] for place in there if (LINK_ARROW in place) == link] for link in (False, True)]
    return [row for row in rows if row]


def _system(
    name: str,
    system: Mapping[str, Any],
    table: pa.Table,
    spans: _Spans,
    shown: int,
    known: Mapping[str, int],
    places: Mapping[str, int],
) -> dict[str, Any]:
    captured = table.column("captured_at").to_numpy()
    keep = np.flatnonzero(spans.sample < shown)
    keep = keep[np.lexsort((spans.queued[keep], spans.place[keep], spans.sample[keep]))]
    sample = spans.sample[keep]
    heartbeat = sample < 0
    queued = spans.queued[keep]
    base = captured[np.maximum(sample, 0)] if len(captured) else np.zeros(len(keep))
    base = np.where(heartbeat, np.concatenate([[0.0], queued])[: len(queued)], base)
    delays = [queued - base, spans.started[keep] - queued, spans.ended[keep] - spans.started[keep]]
    lasted = table.column("ended_at").to_numpy() - captured
    tick = _tick(delays, [np.diff(captured, prepend=0.0), lasted])
    exits = list(system["exits"])
    samples, words = _samples(table.slice(0, shown), tick, exits)
    placed = np.array([known.get(place, 0) for place in spans.places] or [0])
    same = _same(spans)[keep]
    columns = {
        "sample": np.diff(sample, prepend=-1),
        "place": placed[spans.place[keep]],
        "status": spans.status[keep],
        "message": np.where(same, 0, spans.message[keep] + 1),
        "bytes": np.minimum(spans.size[keep], 2**32 - 1),
        **dict(zip(("delay", "wait", "work"), (_ticks(values, tick) for values in delays), strict=True)),
    }
    return {
        "name": name,
        "exits": exits,
        "colours": [places[place] for place in exits],
        "thresholds": [system["thresholds"].get(place) for place in exits],
        "tick": tick,
        "samples": pack(samples),
        "spans": pack(columns),
        "words": {**words, "status": spans.statuses, "message": spans.messages},
    }


def _same(spans: _Spans) -> NDArray[np.bool_]:
    """Spans whose message has no other ends than their place, or that have none."""
    ends = np.array([spans.places.index(word) if word in spans.places else -2 for word in spans.messages] or [-2])
    return np.asarray((spans.message < 0) | (ends[spans.message] == spans.place))


def _samples(
    table: pa.Table, tick: float, exits: Sequence[str]
) -> tuple[dict[str, NDArray[Any]], dict[str, list[str]]]:
    """The columns of the samples, and the words that some of them number; 0 there is none."""
    captured = table.column("captured_at").to_numpy()
    ended = table.column("ended_at").to_numpy() - captured
    right = floats(table, "correct")
    exit_of, names = numbered(table, "exit")
    order = np.array([*(exits.index(name) + 1 for name in names), 0])
    columns: dict[str, NDArray[Any]] = {
        "captured": _ticks(np.diff(captured, prepend=0.0), tick),
        "lasted": _ticks(np.where(np.isnan(ended), 0.0, ended), tick),
        "over": (~np.isnan(ended)).astype(np.int64),
        "exit": order[exit_of],
        "right": np.where(np.isnan(right), 0, right + 1).astype(np.int64),
        "label": table.column("label").to_numpy(),
        "prediction": np.nan_to_num(floats(table, "prediction"), nan=-1.0).astype(np.int64) + 1,
        "measure": table.column("entropy").to_numpy(),
        "views": table.column("views").to_numpy(),
        "bytes": np.minimum(table.column("bytes").to_numpy(), 2**32 - 1),
    }
    words: dict[str, list[str]] = {}
    for name in ("outcome", "reason", "site", "class"):
        numbers, words[name] = numbered(table, name)
        columns[name] = numbers + 1
    for name in ("energy", "deadline"):
        if table.column(name).null_count < len(table):
            columns[name] = table.column(name).to_numpy()
    return columns, words


def _tick(delays: Iterable[NDArray[np.float64]], others: Iterable[NDArray[np.float64]]) -> float:
    """A power of ten of seconds: a thousandth of what is usual, unless the longest would not fit into 31 bits."""
    delays = list(delays)
    positive = np.concatenate([values[values > 0] for values in delays]) if delays else np.zeros(0)
    longest = max((float(np.nanmax(values)) for values in (*delays, *others) if np.isfinite(values).any()), default=0.0)
    usual = float(np.percentile(positive, 50)) if len(positive) else 1.0  # median imports numpy.ma
    fine = max(usual / 1000, longest / 2**30, FINEST)
    return float(10.0 ** math.ceil(math.log10(fine) - 1e-9))


def _ticks(seconds: NDArray[np.float64], tick: float) -> NDArray[np.int64]:
    return np.rint(seconds / tick).astype(np.int64)
