"""A sweep's results as one table: a row for each run and system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simnet.experiments.repeats import numbers
from simnet.experiments.sweeps.axes import in_si

if TYPE_CHECKING:
    import pyarrow as pa

SI = " [SI]"
"""Behind a key: the column with its values in SI units, where they have a unit."""
FIRST = ("point", "repeat", "seed", "system", "error")
"""Columns beside those of the keys and of metrics."""
_MAIN = ("accuracy", "latency", "bytes", "energy", "exits", "captured", "finished", "forced", "dropped", "unfinished")
_PLACES = ("usage.places.", "energy.nodes.", "flop.nodes.", "faults.", "sites.", "bytes.sent.")
"""What there is of each place, fault or way: in the files of the runs, not in the table."""


def table_of(
    keys: Sequence[str], rows: Sequence[tuple[int, Sequence[Any], int, int, Mapping[str, Any] | None]]
) -> pa.Table:
    """The table of some runs.

    Args:
        keys: What was swept.
        rows: Of each run the number of its point, the values of the keys there, number of the repeat, seed, and what
            is known of it: `summary` or `error`; None: it is not done.

    Returns:
        Columns `point` and `repeat` (from 0), one for each key, `seed`, `system`, every number of a system's summary by
        its dotted key, with ``.low`` and ``.high`` of its 95 % interval within the run where it has one, and `error`. A
        run without a summary has one row, without a system.
    """
    import pyarrow as pa

    found: list[dict[str, Any]] = []
    for point, values, repeat, seed, known in rows:
        begin = {"point": point, "values": values, "repeat": repeat, "seed": seed}
        if known is None or "error" in known:
            error = "not done" if known is None else str(known["error"])
            found.append({**begin, "system": None, "error": error, "numbers": {}})
            continue
        for name, system in known["summary"]["systems"].items():
            found.append({**begin, "system": name, "error": None, "numbers": dict(metrics_of(system))})
    columns: dict[str, Any] = {"point": pa.array([row["point"] for row in found], pa.int64())}
    for number, key in enumerate(keys):
        there = [row["values"][number] for row in found]
        columns[key] = column(there)
        if (worth := in_si(there)) is not None:
            columns[f"{key}{SI}"] = pa.array(worth, pa.float64())
    for name in ("repeat", "seed"):
        columns[name] = pa.array([row[name] for row in found], pa.int64())
    columns["system"] = pa.array([row["system"] for row in found], pa.string())
    for name in sorted(dict.fromkeys(key for row in found for key in row["numbers"]), key=_rank):
        columns[name] = pa.array([row["numbers"].get(name) for row in found], pa.float64())
    columns["error"] = pa.array([row["error"] for row in found], pa.string())
    return pa.table(columns)


def metrics_of(system: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """Every number of a system's summary that the table has, and the ends of its interval where it has one."""
    intervals = system.get("intervals", {})
    for key, value in numbers(system):
        if key.startswith(_PLACES):
            continue
        yield key, None if value is None else float(value)
        if key in intervals:
            yield f"{key}.low", intervals[key]["low"]
            yield f"{key}.high", intervals[key]["high"]


def _rank(name: str) -> int:
    """Main numbers first; else in their order."""
    section = name.partition(".")[0]
    return _MAIN.index(section) if section in _MAIN else len(_MAIN)


def column(values: Sequence[Any]) -> pa.Array:
    """Values of one kind as they are, others as text."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool} or kinds <= {int} or kinds <= {int, float}:
        kind = pa.bool_() if kinds == {bool} else pa.int64() if kinds == {int} else pa.float64()
        if kinds == {int} and any(abs(value) >= 2**63 for value in values if value is not None):
            kind = pa.float64()
        return pa.array(values, kind) if kinds else pa.nulls(len(values), pa.string())
    return pa.array([None if value is None else as_text(value) for value in values], pa.string())


def as_text(value: Any) -> str:
    """A value as a file has it."""
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
