"""From what the engine appends while it runs to the tables of the results (columns: docs/results.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simnet.network.faults.incidents import Incident
from simnet.network.line import Span
from simnet.results.result import Ending
from simnet.results.tables import incidents_schema, samples_schema, spans_schema
from simnet.systems.base import Decision
from simnet.world.captures import Captures


def samples_table(
    captured: Captures,
    labels: NDArray[np.int64],
    endings: Sequence[Ending | None],
    spans: Sequence[Span],
    energy: NDArray[np.float64] | None = None,
    views_of: Callable[[Decision], int] = lambda decision: decision.upstream,
) -> pa.Table:
    """One row per captured sample; one without an ending is `unfinished`. Bytes are summed over its transfers;
    `energy` is in J, None where no node has a power model. `views_of` tells which views (bit mask) a decision is of.

    Messages that belong to no sample (heartbeats) have number −1 and count nowhere here.
    """
    decisions = [None if e is None else e.decision for e in endings]
    sizes = np.zeros(len(captured), np.int64)
    if spans:
        numbers, amounts = (np.array([span[field] for span in spans], np.int64) for field in (0, 6))
        np.add.at(sizes, numbers[numbers >= 0], amounts[numbers >= 0])
    times = captured.times.tolist()
    kinds = (*captured.classes, None)  # number −1 is that of none
    finished = [None if d is None or e is None else e.at for e, d in zip(endings, decisions, strict=True)]
    columns: dict[str, Any] = {
        "sample": range(len(captured)),
        "label": labels,
        "prediction": [None if d is None else d.prediction for d in decisions],
        "correct": [
            None if d is None else bool(d.prediction == label) for d, label in zip(decisions, labels, strict=True)
        ],
        "outcome": ["unfinished" if e is None else e.outcome for e in endings],
        "exit": [None if d is None else d.exit for d in decisions],
        "reason": [None if e is None else e.reason for e in endings],
        "captured_at": captured.times,
        "finished_at": finished,
        "latency": [None if f is None else f - c for f, c in zip(finished, times, strict=True)],
        "entropy": [None if d is None else d.measure for d in decisions],
        "views": [0 if d is None else views_of(d) for d in decisions],
        "bytes": sizes,
        "site": [captured.sites[number] for number in captured.site.tolist()],
        "class": [kinds[number] for number in captured.kind.tolist()],
        "deadline": pa.array(captured.deadline, mask=np.isnan(captured.deadline)),
        "energy": pa.nulls(len(captured), pa.float64()) if energy is None else energy,
    }
    return _table(columns, samples_schema())


def spans_table(spans: Sequence[Span]) -> pa.Table:
    """One row per step of a sample's life, in the order in which the steps ended."""
    schema = spans_schema()
    columns = zip(*spans, strict=True) if spans else ((),) * len(schema.names)
    return _table(dict(zip(schema.names, columns, strict=True)), schema)


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
    arrays = []
    for field in schema:
        values = columns[field.name]
        if pa.types.is_dictionary(field.type):
            arrays.append(pa.array(values, pa.string()).dictionary_encode())
        else:
            arrays.append(pa.array(values, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)
