"""From what the engine appends while it runs to the tables of the results (columns: docs/results.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simnet.models.graph import Graph, Part
from simnet.network.faults.incidents import Incident
from simnet.results.kept.endings import DROPPED, Ending, Endings
from simnet.results.kept.recorded import Recorded
from simnet.results.kept.stored import MOST_ROWS, StoredTable
from simnet.results.kept.words import coded, encoded, indices_of
from simnet.results.lives import Lives
from simnet.results.steps import Steps
from simnet.results.tables import (
    incidents_schema,
    samples_schema,
    scores_schema,
    spans_schema,
    usage_schema,
    without_schema,
)
from simnet.results.usage.usage import Usage
from simnet.systems.base import Decision
from simnet.world.scored import Block, Rows

MOST_SAMPLES = 1 << 16
"""Of a table in memory, and of a row group (our choice): rows with so many columns are long."""


def samples_table(
    lives: Lives,
    endings: Sequence[Ending | None],
    steps: Steps | Recorded,
    energy: NDArray[np.float64] | None = None,
    views_of: Callable[[Decision], int] = lambda decision: decision.upstream,
) -> pa.Table:
    """One row per captured sample. Bytes are summed over its transfers; `energy` is in J, None where no node has a
    power model. `views_of` tells which views (bit mask) a decision is of,
    by its exit and what had arrived.

    Messages that belong to no sample (heartbeats) have number −1 and count nowhere here.
    """
    views = samples_views(Endings.of(endings), views_of)
    return _samples(lives, views, bytes_of(steps, len(lives)), energy, slice(None))


def samples_of(
    lives: Lives, views: NDArray[np.uint32], sizes: NDArray[np.int64], energy: NDArray[np.float64] | None
) -> pa.Table | StoredTable:
    """The samples' table, of their views and bytes; of many, in a file."""
    if len(lives) <= MOST_SAMPLES:
        return _samples(lives, views, sizes, energy, slice(None))
    some = (slice(begin, begin + MOST_SAMPLES) for begin in range(0, len(lives), MOST_SAMPLES))
    return StoredTable(samples_schema(), (_samples(lives, views, sizes, energy, those) for those in some))


def _samples(
    every: Lives,
    views: NDArray[np.uint32],
    sizes: NDArray[np.int64],
    energy: NDArray[np.float64] | None,
    those: slice,
) -> pa.Table:
    lives, (first, last, _) = every.some(those), those.indices(len(every))
    unanswered = ~lives.answered
    columns: dict[str, Any] = {
        "sample": np.arange(first, last),
        "image": lives.image,
        "label": lives.label,
        "prediction": (lives.prediction, unanswered),
        "correct": (lives.correct, unanswered),
        "outcome": lives.outcome,
        "exit": lives.exit,
        "reason": lives.reason,
        "captured_at": lives.captured,
        "finished_at": (lives.left, unanswered),
        "ended_at": (lives.left, ~np.isfinite(lives.left)),
        "latency": (lives.latency, unanswered),
        "entropy": (lives.measure, unanswered),
        "views": views[those],
        "bytes": sizes[those],
        "site": lives.site,
        "class": lives.kind,
        "deadline": (lives.deadline, ~lives.due),
        "energy": pa.nulls(len(lives), pa.float64()) if energy is None else energy[those],
    }
    return _table(columns, samples_schema())


def samples_views(endings: Endings, views_of: Callable[[Decision], int]) -> NDArray[np.uint32]:
    """The views of each sample's answer, asked for once of each exit and what arrived; 0 without an answer."""
    found, those = np.zeros(len(endings), np.uint32), np.flatnonzero(endings.how > DROPPED)
    alike = endings.word[those].astype(np.int64) * max(len(endings.upstreams), 1) + endings.upstream[those]
    _, first, which = np.unique(alike, return_index=True, return_inverse=True)
    asked = [one.decision for one in map(endings.__getitem__, those[first].tolist()) if one is not None]
    views = np.array([0 if one is None else views_of(one) for one in asked], np.uint32)
    found[those] = views[which] if len(those) else 0
    return found


def bytes_of(steps: Steps | Recorded, count: int) -> NDArray[np.int64]:
    """Bytes that each of `count` samples had put on links."""
    sizes = np.zeros(count, np.int64)
    for part in Recorded.of(steps).parts():
        those = part.transfers & (part.sample >= 0)
        np.add.at(sizes, part.sample[those], part.size[those])
    return sizes


def without_table(lives: Lives, sizes: NDArray[np.int64], without: Mapping[str, tuple[Lives, Any]]) -> pa.Table:
    """One row for each fault and each sample that without it would not have been exactly as it was.

    `sizes` are bytes of each sample; `without` has by a fault's name lives and bytes without it.
    """
    columns: dict[str, list[Any]] = {name: [] for name in without_schema().names}
    for fault, (other, sent) in without.items():
        late = (lives.latency == other.latency) | (np.isnan(lives.latency) & np.isnan(other.latency))
        same = late & (sizes == sent)
        for one in ("outcome", "exit", "prediction"):
            same &= np.asarray(getattr(lives, one) == getattr(other, one), bool)
        those = np.flatnonzero(~same)
        answered = other.answered[those]
        columns["fault"] += [fault] * len(those)
        columns["sample"] += those.tolist()
        columns["outcome"] += other.outcome[those].tolist()
        columns["exit"] += other.exit[those].tolist()
        for name in ("prediction", "correct", "latency"):
            values = getattr(other, name)[those].tolist()
            columns[name] += [value if there else None for value, there in zip(values, answered, strict=True)]
        columns["bytes"] += sent[those].tolist()
    return _table(columns, without_schema())


def views_of(graph: Graph) -> Callable[[Decision], int]:
    """A function that tells which views (bit mask) took part in a decision."""
    known: dict[tuple[str, int], int] = {}

    def views(decision: Decision) -> int:
        key = decision.exit, decision.upstream
        if key not in known:
            known[key] = graph.views_of(Part(graph.exits[decision.exit].name), decision.upstream)
        return known[key]

    return views


def spans_of(recorded: Recorded) -> pa.Table | StoredTable:
    """The spans' table; of many, in a file."""
    if recorded.single:
        return spans_table(recorded.whole)
    return StoredTable(spans_schema(), map(spans_table, recorded.parts()))


def spans_table(steps: Steps) -> pa.Table:
    """One row per step of a sample's life, in the order in which the steps ended."""
    sent = steps.transfers
    several = sent & (steps.message >= 0)
    messages = np.where(several, steps.message + len(steps.places), steps.place)
    columns: dict[str, Any] = {
        "sample": pa.array(steps.sample),
        "place": _words(steps.place, steps.places),
        "kind": _words(steps.kind, steps.kinds),
        "queued_at": pa.array(steps.queued),
        "started_at": pa.array(steps.started),
        "ended_at": pa.array(steps.ended),
        "bytes": pa.array(np.where(sent, steps.size, 0)),
        "status": _words(steps.status, steps.statuses),
        "message": _words(messages, (*steps.places, *steps.ends), ~sent),
    }
    return _table(columns, spans_schema())


def _words(numbers: NDArray[Any], names: Sequence[str], without: NDArray[np.bool_] | None = None) -> pa.Array:
    """Names by their numbers, but for those `without` one; the dictionary has those that occur, the first one first."""
    used = numbers if without is None else numbers[~without]
    first = np.full(len(names), -1)
    first[used[::-1]] = np.arange(len(used))[::-1]  # of several, numpy keeps what is put there last
    occurring = np.flatnonzero(first >= 0)
    ranked = occurring[np.argsort(first[occurring])]
    code = np.zeros(len(names), np.int32)
    code[ranked] = np.arange(len(ranked))
    indices = pa.array(code[numbers], pa.int32(), mask=without)
    return pa.DictionaryArray.from_arrays(indices, pa.array([names[n] for n in ranked.tolist()], pa.string()))


def usage_table(usage: Usage) -> pa.Table:
    """One row for each place and window."""
    schema = usage_schema()
    arrays: dict[str, Any] = {name: [] for name in schema.names}
    for name, values in usage.columns.items():
        arrays[name] = values if isinstance(values, list) else (values, np.isnan(values))
    return _table(arrays, schema)


def scores_of(rows: Rows) -> pa.Table | StoredTable:
    """The scores' table; of many, in a file, the rows of one exit after those of the other."""
    if len(rows) * len(rows.labels) <= MOST_ROWS:
        return scores_table([*rows], rows.labels)
    return StoredTable(scores_schema(), _a_part_at_a_time(rows))


def _a_part_at_a_time(rows: Rows) -> Iterator[pa.Table]:
    for block in rows:
        for begin in range(0, len(rows.labels), MOST_SAMPLES):
            those = slice(begin, begin + MOST_SAMPLES)
            yield scores_table([block.some(those)], rows.labels[those], begin)


def scores_table(rows: Sequence[Block], labels: NDArray[np.int64], first: int = 0) -> pa.Table:
    """One row for each sample from number `first` on and each exit or head, all of one exit together."""
    n, parts = len(labels), len(rows)
    each = np.repeat(np.arange(parts), n)

    def joined(values: Iterable[NDArray[Any]], dtype: type) -> NDArray[Any]:
        return np.concatenate([np.empty(0, dtype), *values])

    def words(values: Iterable[str | None]) -> pa.Array:
        found = encoded(values)
        return coded(indices_of(found)[each], found.dictionary.to_pylist())

    def small(values: Sequence[int | None]) -> tuple[Any, Any]:
        none = np.array([value is None for value in values], bool)
        return np.array([value or 0 for value in values], np.int16)[each], none[each]

    asked_at, prediction = joined((one.at for one in rows), float), joined((one.prediction for one in rows), np.int64)
    floats = {
        name: joined((getattr(one, name) for one in rows), float) for name in ("measure", "entropy", "confidence")
    }
    columns = {
        "sample": np.tile(np.arange(first, first + n), parts),
        "exit": words(one.exit for one in rows),
        "segment": words(one.part.segment for one in rows),
        "copy": small([one.part.copy for one in rows]),
        "view": small([one.view for one in rows]),
        "asked": ~np.isnan(asked_at),
        "asked_at": (asked_at, np.isnan(asked_at)),
        "prediction": (prediction, prediction < 0),
        "correct": (prediction == np.tile(labels, parts), prediction < 0),
        **{name: (values, np.isnan(values)) for name, values in floats.items()},
        "views": joined((one.views for one in rows), np.uint32),
    }
    return _table(columns, scores_schema())


def incidents_table(incidents: Sequence[Incident]) -> pa.Table:
    """One row for each incident, in the order in which they began."""
    columns: dict[str, Any] = {
        "fault": [one.name for one in incidents],
        "target": [one.target for one in incidents],
        "action": [one.fault.action for one in incidents],
        "value": [one.fault.value for one in incidents],
        "began": [one.began for one in incidents],
        "ended": [one.ended for one in incidents],
    }
    return _table(columns, incidents_schema())


def _table(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    """Of columns as Arrow, numpy or Python has them; of a pair, the second says where there is nothing."""
    arrays = []
    for field in schema:
        values, none = given if isinstance(given := columns[field.name], tuple) else (given, None)
        if isinstance(values, pa.Array):
            arrays.append(values if values.type == field.type else values.cast(field.type))
        elif pa.types.is_dictionary(field.type):
            arrays.append(encoded(values))
        else:
            arrays.append(pa.array(values, field.type, mask=none))
    return pa.Table.from_arrays(arrays, schema=schema)
