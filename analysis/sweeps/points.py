"""A sweep's values at its points: means over repeats with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from simnet.experiments.sweeps.sweep import Results
from simnet.language.errors import unknown
from simnet.results.run import RunError
from simnet.statistics.student import t_interval


class Value(NamedTuple):
    """A mean with its interval; None where there is none."""

    mean: float | None
    low: float | None
    high: float | None


class Point(NamedTuple):
    """A point: its number, the values of the keys there, and the rows of a system, one for each repeat."""

    number: int
    at: tuple[Any, ...]
    rows: Sequence[dict[str, Any]]

    def value(self, metric: str) -> Value:
        """Over repeats Student's interval; of one run the interval within it."""
        found = [row[metric] for row in self.rows if row[metric] is not None]
        if not found:
            return Value(None, None, None)
        if len(found) == 1:
            return Value(found[0], self.rows[0].get(f"{metric}.low"), self.rows[0].get(f"{metric}.high"))
        mean, half = t_interval(found)
        return Value(mean, mean - half, mean + half)


def points_of(sweep: Results, system: str) -> list[Point]:
    """The points at which a system has results, in order."""
    found: dict[int, Point] = {}
    for row in sweep.table.to_pylist():
        if row["system"] == system:
            at = tuple(row[key] for key in sweep.keys)
            found.setdefault(row["point"], Point(row["point"], at, [])).rows.append(row)  # type: ignore[attr-defined]
    return list(found.values())


def metrics_of(sweep: Results) -> list[str]:
    """The numbers that the table has of systems."""
    names: list[str] = sweep.table.column_names
    known = {"point", "repeat", "seed", "system", "error", *sweep.keys}
    return [name for name in names if name not in known and not name.endswith((".low", ".high", " [SI]"))]


def check_metric(sweep: Results, metric: str) -> str:
    """The metric, if there is one of this name. Raises RunError."""
    if metric not in (known := metrics_of(sweep)):
        raise RunError(unknown("metric", metric, known))
    return metric


def systems_of(sweep: Results) -> list[str]:
    """The systems with results, as the scenario has them."""
    return list(dict.fromkeys(name for name in sweep.table["system"].to_pylist() if name is not None))
