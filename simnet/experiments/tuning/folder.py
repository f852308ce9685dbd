"""A tuning's folder: tables of its trials and of their runs, what was found, and the best point as a scenario.

Finished runs lie beside them in `points/`, as those of a sweep.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simnet.experiments.sweeps import store
from simnet.experiments.sweeps.axes import in_si
from simnet.experiments.sweeps.table import SI, column, table_of
from simnet.experiments.tuning.player import Row
from simnet.experiments.tuning.tuned import Tuned
from simnet.results.run import RunError

if TYPE_CHECKING:
    import pyarrow as pa

ABOUT, TRIALS, RUNS, BEST = "tune.json", "trials", "runs.parquet", "best.yaml"


def trials_table(tuned: Tuned) -> pa.Table:
    """A row for each trial.

    Returns:
        Columns `trial`, one for each key (and its values in SI units where they have a unit), `repeats`, each metric of
        goal and limits with ``.low`` and ``.high`` of its 95 % interval, `kept` (all limits, as the search counts
        it), `verdict` (by the intervals), `missed` (by how much, as shares of the bounds), `best` (the goal's metric at
        the best trial so far) and `error`.
    """
    import pyarrow as pa

    trials = tuned.trials
    columns: dict[str, Any] = {"trial": pa.array([one.number for one in trials], pa.int64())}
    for number, key in enumerate(tuned.keys):
        there = [one.values[number] for one in trials]
        columns[key] = column(there)
        if (worth := in_si(there)) is not None:
            columns[f"{key}{SI}"] = pa.array(worth, pa.float64())
    columns["repeats"] = pa.array([one.repeats for one in trials], pa.int64())
    for key in dict.fromkeys([*tuned.goal.keys, *(name for one in trials for name in one.estimates)]):
        found = [one.estimates.get(key) for one in trials]
        for end, part in (("", "mean"), (".low", "low"), (".high", "high")):
            values = [None if one is None else getattr(one, part) for one in found]
            columns[f"{key}{end}"] = pa.array(values, pa.float64())
    columns["kept"] = pa.array([one.kept for one in trials], pa.bool_())
    columns["verdict"] = pa.array([one.verdict for one in trials], pa.string())
    columns["missed"] = pa.array([None if one.error else one.missed for one in trials], pa.float64())
    columns["best"] = pa.array(best_so_far(tuned), pa.float64())
    columns["error"] = pa.array([one.error for one in trials], pa.string())
    return pa.table(columns)


def best_so_far(tuned: Tuned) -> list[float | None]:
    """The goal's metric at the best trial up to each one; None before any keeps the limits."""
    found: list[float | None] = []
    best: float | None = None
    for one in tuned.trials:
        if one.kept and (best is None or tuned.goal.better(tuned.goal.value(one), best)):
            best = tuned.goal.value(one)
        found.append(best)
    return found


def runs_table(keys: Sequence[str], rows: Sequence[Row]) -> pa.Table:
    """A row for each run, as a sweep's table, with the columns `split` and `trial` in place of `point`.

    The scenario as it was has no trial, and null at all keys.
    """
    import pyarrow as pa

    nothing = (None,) * len(keys)
    told = [
        (number, row.run.values or nothing, row.run.repeat, row.run.seed, row.known) for number, row in enumerate(rows)
    ]
    table = table_of(keys, told)
    of = table["point"].to_pylist()
    table = table.drop_columns(["point"])
    table = table.add_column(0, "trial", pa.array([rows[number].trial for number in of], pa.int64()))
    return table.add_column(0, "split", pa.array([rows[number].split for number in of], pa.string()))


def write(out: Path, tuned: Tuned, rows: Sequence[Row]) -> None:
    """Tables and ``tune.json``. Raises RunError where they cannot be written."""
    from pyarrow import csv, parquet

    table = trials_table(tuned)
    for name, content in ((f"{TRIALS}.parquet", table), (RUNS, runs_table(tuned.keys, rows))):
        sink = BytesIO()
        parquet.write_table(content, sink, compression="zstd")
        store.write_whole(out / name, sink.getvalue())
    sink = BytesIO()
    csv.write_csv(table, sink)
    store.write_whole(out / f"{TRIALS}.csv", sink.getvalue())
    text = json.dumps(tuned.as_json(), indent=1, ensure_ascii=False, default=str) + "\n"
    store.write_whole(out / ABOUT, text.encode("utf-8", "backslashreplace"))


def read(path: Path) -> Tuned:
    """A tuning that was written before. Raises RunError: there is none, or it is damaged."""
    if not (path / ABOUT).is_file():
        raise RunError(f"{path}: no folder of a tuning ({ABOUT} is missing)")
    try:
        return Tuned.from_json(path, json.loads((path / ABOUT).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RunError(f"{path / ABOUT}: damaged ({why})") from error
