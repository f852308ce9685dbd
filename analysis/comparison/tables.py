"""A comparison as CSV: one row for each difference, and in a second file one for each changed answer."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simnet.analysis.whole_file import whole

if TYPE_CHECKING:
    from simnet.analysis.comparison.found import Found, Pair

SIDES = ("first_run", "first_system", "second_run", "second_system")
MEASURES = (*SIDES, "over", "measure", "unit", "first", "second", "difference", "low", "high", "reason")
CHANGED = (
    *SIDES, "sample", "image", "label", "first_prediction", "second_prediction", "effect", "why", "detail",
    "first_exit", "second_exit", "first_outcome", "second_outcome", "first_views", "second_views",
    "first_latency", "second_latency",
)  # fmt: skip
"""Columns; latencies in s, views as bit masks, an empty cell where there is no value."""


def write_csv(found: Found, path: Path) -> list[Path]:
    """See `Comparison.save_csv`."""
    rows = [(*_sides(pair), pair.over, one.name, one.unit, *one[2:]) for pair in found.pairs for one in pair.measures]
    files = [_written(path, MEASURES, rows)]
    if any(pair.changes is not None for pair in found.pairs):
        changed = [
            (
                *_sides(pair), one.sample, one.image, one.label, *one.predictions, one.effect, one.why, one.detail,
                *one.exits, *one.outcomes, *one.views, *one.latencies,
            )
            for pair in found.pairs
            if pair.changes is not None
            for one in pair.changes.changed
        ]  # fmt: skip
        files.append(_written(path.with_name(f"{path.stem}-changed{path.suffix}"), CHANGED, changed))
    return files


def _sides(pair: Pair) -> tuple[str, str, str, str]:
    return pair.first.name, pair.first.system, pair.second.name, pair.second.system


def _written(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    with whole(path) as partial, partial.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return path
