"""Runs of a few samples that are written by hand."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from simnet.results.run import Results
from simnet.results.tables import samples_schema

RIGHT, WRONG, OTHER = 3, 8, 5
"""The class of every sample, and two others."""


def sample(
    prediction: int | None = RIGHT, exit_name: str | None = "edge", latency: float | None = 0.1, **more: Any
) -> dict:
    """What a row has, but for its number and times."""
    outcome = more.pop("outcome", "finished")
    row = {
        "prediction": prediction,
        "exit": exit_name,
        "latency": latency,
        "outcome": outcome,
        "views": 63,
        "bytes": 100,
    }
    return {**row, "label": RIGHT, "correct": None if prediction is None else prediction == RIGHT, **more}


NO_ANSWER = {"prediction": None, "exit_name": None, "latency": None, "views": 0}


def run_of(systems: dict[str, list[dict]], seed: int = 1, data: str = "plaza", **scenario: Any) -> Results:
    """A run in memory; sample *n* is captured at *n* s and has image 10·*n*, unless a row says otherwise."""
    tables = {}
    for name, rows in systems.items():
        whole = [{"sample": n, "image": 10 * n, "captured_at": float(n), **row} for n, row in enumerate(rows)]
        columns = [{key: row.get(key) for key in samples_schema().names} for row in whole]
        tables[name] = {"samples.parquet": pa.Table.from_pylist(columns, schema=samples_schema())}
    exits = {"edge": {"share": 0.5}, "cloud": {"share": 0.5}}
    summary = {
        "scenario": "by hand",
        "seed": seed,
        "samples": max(map(len, systems.values())),
        "warm_up": 0,
        "systems": {name: {"exits": exits, "latency": {}} for name in systems},
    }
    manifest = {"data": {"name": data, "sha256": "a" * 64}, "weights": {}, "simnet": "0.1.0", "source": None}
    return Results(None, summary, manifest, {"seed": seed, "nodes": {}, **scenario}, "", tables)


FIRST = [
    sample(),
    sample(exit_name="cloud", latency=0.2),
    sample(WRONG, latency=0.5, outcome="forced"),
    sample(),
    sample(),
    sample(WRONG),
]
SECOND = [
    sample(),
    sample(**NO_ANSWER, outcome="dropped", reason="edge down"),
    sample(exit_name="cloud", latency=0.3, bytes=200),
    sample(WRONG, views=59),
    sample(exit_name="cloud", latency=0.2, bytes=200),
    sample(OTHER),
]
"""Sample 0 is as before; the others differ each for a reason of its own."""
