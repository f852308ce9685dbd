"""A sweep's points as a table for the terminal."""

from __future__ import annotations

from collections.abc import Callable

from simnet.analysis.sweeps.points import Value, points_of, systems_of
from simnet.experiments.sweeps.sweep import Results
from simnet.experiments.sweeps.table import as_text
from simnet.language.units import format_energy, format_size
from simnet.results.cells import NONE, Listing, percent, time

_COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("accuracy", "accuracy", percent),
    ("latency mean", "latency.mean", time),
    ("p95", "latency.p95", time),
    ("sent", "bytes.total", lambda size: format_size(size, 3)),
    ("energy/sample", "energy.per_sample", lambda joules: format_energy(joules, 3)),
)


def listing(sweep: Results, most: int) -> Listing:
    """The first points, each with its main numbers, means over its repeats with half of the interval's width."""
    columns = [one for one in _COLUMNS if one[1] in sweep.table.column_names]
    systems = systems_of(sweep)
    rows: list[tuple[int, list[str]]] = []
    for system in systems:
        for point in points_of(sweep, system)[:most]:
            cells = [_cell(point.value(key), write) for _, key, write in columns]
            rows.append((point.number, [f"{point.number}", *map(as_text, point.at), system, *cells]))
    rows.sort(key=lambda row: row[0])
    about = sweep.about
    repeats = f" with {about['repeats']} repeats each" if about["repeats"] > 1 else ""
    title = f"{about['name']}: {about['points']:,} points{repeats}"
    found = Listing(title, ("point", *sweep.keys, "system", *(head for head, _, _ in columns)))
    found.rows += [cells for _, cells in rows[: most * max(len(systems), 1)]]
    if about["points"] > most:
        found.caption = f"the first {most} points; all are in sweep.parquet"
    return found


def _cell(value: Value, write: Callable[[float], str]) -> str:
    if value.mean is None:
        return NONE
    if value.low is None or value.high is None:
        return write(value.mean)
    return f"{write(value.mean)} ± {write((value.high - value.low) / 2)}"
