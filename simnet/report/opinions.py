"""What every exit and head said of every sample, packed for the page's script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simnet.report.packed import pack
from simnet.results.kept.words import floats

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 600_000
"""Answers of a system on a page; heads are left out where there are more."""


def opinions(table: pa.Table | None, exits: Sequence[str], shown: int) -> dict[str, Any] | None:
    """The answers of a system's exits and heads to its first `shown` samples, ready for JSON; None: none are known.

    Args:
        table: As ``scores.parquet``: all rows of an exit or head together, in order of samples, exits first.
        exits: The system's exits, in order.
        shown: How many samples.

    Returns:
        `heads`, name and number of the exit (None: a head that is none) of each, and their columns, packed, with the
        head's number behind their names: `p`, the answer + 1 or 0; `m`, the measure of the exit's rule, or a head's
        normalized entropy, as a half-precision float's bits; `a`, whether the system asked.
    """
    if table is None or not shown or not table.num_rows:
        return None
    sample = table.column("sample").to_numpy()
    starts = np.flatnonzero(sample == 0)
    every = int(starts[1] - starts[0]) if len(starts) > 1 else len(sample)
    firsts = {
        name: [column[at].as_py() for at in starts.tolist()]
        for name in ("exit", "segment", "copy", "view")
        for column in [table.column(name)]
    }
    prediction = np.nan_to_num(floats(table, "prediction"), nan=-1.0).astype(np.int64).reshape(-1, every) + 1
    measure = np.where(
        np.isnan(found := floats(table, "measure")), floats(table, "entropy"), found
    ).reshape(-1, every)  # fmt: skip
    asked = table.column("asked").to_numpy().astype(np.uint8).reshape(-1, every)
    heads, columns = [], dict[str, NDArray[Any]]()
    for number in range(min(len(starts), max(MOST // shown, len(exits)))):
        place, segment, copy, view = (firsts[name][number] for name in ("exit", "segment", "copy", "view"))
        name = place or (f"{segment}, view {view}" if view is not None else f"{segment} {copy + 1}")
        heads.append({"name": name, "exit": exits.index(place) if place in exits else None})
        columns[f"p{number}"] = prediction[number, :shown]
        with np.errstate(over="ignore"):
            columns[f"m{number}"] = measure[number, :shown].astype(np.float16).view(np.uint16)
        columns[f"a{number}"] = asked[number, :shown]
    return {"heads": heads, "columns": pack(columns)}
