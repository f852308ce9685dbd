"""Numbers as they stand in the tables of a comparison, and such a table before it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simnet.language.units import format_time

NONE = "–"


@dataclass
class Listing:
    """A table: the title, the columns' names, and the rows; an empty row is a line between two groups.

    The caption stands below it. On a narrow terminal the first column's cells are broken (`long_names`), or all others.
    """

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    caption: str = ""
    long_names: bool = True

    def without_empty(self) -> Listing:
        """The same without columns that hold dashes and nothing else; the first one stays. A row may be shorter."""
        cells = [{row[at] for row in self.rows if at < len(row)} - {""} for at in range(len(self.columns))]
        kept = [at for at, found in enumerate(cells) if not at or found != {NONE}]
        rows: list[Sequence[str]] = [[row[at] for at in kept if at < len(row)] for row in self.rows]
        return replace(self, columns=[self.columns[at] for at in kept], rows=rows)


def percent(share: float | None) -> str:
    """A share in [0, 1] as per cent."""
    return NONE if share is None else f"{100 * share:.1f} %"


def limits(found: Mapping[str, Any] | None, cell: Callable[[float], str]) -> str:
    """An interval as `cell` writes its ends."""
    if found is None or found["low"] is None or found["high"] is None:
        return NONE
    return f"{cell(found['low'])} to {cell(found['high'])}"


def time(seconds: float | None) -> str:
    """Seconds in the unit that suits them."""
    return NONE if seconds is None else format_time(seconds, 3)


def long(seconds: float | None) -> str:
    """The same, from two hours or two days on in these."""
    for unit, length in (("days", 86400), ("h", 3600)):
        if seconds is not None and seconds >= 2 * length:
            return f"{float(f'{seconds / length:.3g}'):,.10g} {unit}"
    return time(seconds)
