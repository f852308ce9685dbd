"""A run's repeats as tables for the terminal: means over the repeats with their 95 % intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simnet.language.units import format_energy, format_size
from simnet.results.cells import NONE, Listing, time

if TYPE_CHECKING:
    Statistic = Mapping[str, Any]
    Cell = Callable[[float], str]


ROUNDING = 1e-9
"""Share of a mean by which the same value may differ between repeats, since sums of floats are rounded."""


def _points(share: float) -> str:
    return f"{100 * share:.2f} %"


def _count(number: float) -> str:
    return f"{number:,.1f}".removesuffix(".0")


def _size(size: float) -> str:
    return format_size(size, 3)


def _energy(joules: float) -> str:
    return format_energy(joules, 3)


_ROWS: tuple[tuple[str, str, Cell], ...] = (
    ("system accuracy", "accuracy", _points),
    *((f"latency {key}", f"latency.{key}", time) for key in ("mean", "p50", "p95", "p99")),
    ("sent in all", "bytes.total", _size),
    ("energy per sample", "energy.per_sample", _energy),
    ("finished", "finished", _count),
    ("  of these forced", "forced", _count),
    ("dropped", "dropped", _count),
    ("unfinished", "unfinished", _count),
    ("deadlines missed", "deadlines.miss_rate", _points),
)
"""Label, key and how its numbers are written; rows of what no system has are left out."""


def repeat_tables(summary: Mapping[str, Any]) -> list[Listing]:
    """Systems, exits and pairs of a summary with the key `repeats` (docs/results.md)."""
    repeats, systems = summary["repeats"], summary["repeats"]["systems"]
    title = (
        f"{summary['scenario']}: {repeats['count']} repeats of {summary['samples']:,} samples, seed {summary['seed']} "
    )
    title += f"and others, mean ± half of the 95 % interval{_ended(repeats['target'])}"
    rows = [row for row in _ROWS if any(row[1] in found for found in systems.values())]
    main = Listing(title, ("", *systems), [
        [label, *(_cell(found.get(key), write) for found in systems.values())] for label, key, write in rows
    ])  # fmt: skip
    exits = Listing("exits", ("system", "exit", "share", "exit accuracy"))
    for name, system in summary["systems"].items():
        for number, place in enumerate(system["exits"]):
            cells = [_cell(systems[name].get(f"exits.{place}.{key}"), _points) for key in ("share", "accuracy")]
            exits.rows.append((name if not number else "", place, *cells))
        exits.rows.append(())
    return [main, exits, *_pairs(repeats["paired"])]


def _pairs(pairs: Mapping[str, Any]) -> Sequence[Listing]:
    if not pairs:
        return ()
    table = Listing("paired differences, first − second", ("systems", "latency, ms", "accuracy, points"))
    for name, found in pairs.items():
        latency = _cell(found.get("latency.mean"), lambda seconds: f"{1e3 * seconds:.2f}", "+")
        table.rows.append((name, latency, _cell(found.get("accuracy.mean"), lambda share: f"{100 * share:.2f}", "+")))
    return (table,)


def _ended(target: Mapping[str, Any] | None) -> str:
    return "" if target is None else f"; {target['text']}: {'reached' if target['met'] else 'not reached'}"


def _cell(found: Statistic | None, write: Cell, sign: str = "") -> str:
    if found is None or (mean := found["mean"]) is None:
        return NONE
    text = (sign if mean >= 0 else "") + write(mean)
    if found["high"] is None:
        return text
    half = found["high"] - mean
    return f"{text} ± {write(half if half > ROUNDING * abs(mean) else 0.0)}"
