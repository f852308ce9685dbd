"""Columns of numbers in CSV: where they are, in which units, and the first thing that is wrong with them.

A file of measurements may have a hundred thousand rows: whole columns are read at once. Only where something is odd
(units in the cells, a gap, a wrong number) is it read row by row, with the same result or a message about one cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, DecimalException
from fractions import Fraction
from itertools import pairwise
from math import inf, isfinite
from typing import NamedTuple

from simnet.language import units
from simnet.language.errors import Problem, ScenarioError, nearest

Tell = Callable[[int, str], Problem]
"""(row or line, what is wrong with it) to a problem."""
Table = list[tuple[float, ...]]
Worth = Decimal | Fraction
"""Of a unit, in the SI unit."""
Spot = str | int
"""A column: its heading, or its number from 1."""

_HEADING = re.compile(r"(?:.*[\s_(\[])?([^\s_()\[\]]+)[)\]]?")
"""A heading that ends in a unit: time_s, time (s), time [s]; or is one: bytes."""
_STAMP = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        name: What a message calls it.
        read: How a cell with a unit is read; ValueError if it cannot be.
        units: The worth of each unit in the SI unit.
        heading: A good heading.
        example: A good cell.
        above, below: What every value must be more than, and less than.
        instead: What may be written in place of a trace.
        spelled: How headings of measurements spell units.
        amounts: Units of what passes in an interval, which the length of the interval makes a rate.
    """

    name: str
    read: Callable[[object], float]
    units: Mapping[str, Worth]
    heading: str
    example: str
    above: float = -1.0
    below: float = inf
    instead: str = ""
    spelled: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, Worth] = field(default_factory=dict)

    @property
    def known(self) -> list[str]:
        """All units that a heading or the key `unit` may name."""
        return [unit for unit in (*self.units, *self.amounts, *self.spelled) if unit]

    def unit_in(self, heading: str) -> str:
        """The unit that a heading ends in; "" where it names none."""
        found = _HEADING.fullmatch(heading)
        return self.unit(found[1]) if found is not None and found[1] in self.known else ""

    def unit(self, name: str) -> str:
        """A known unit by the name that cells use."""
        return self.spelled.get(name, name)

    def is_number(self, cell: object) -> bool:
        """Whether a cell is a number, alone or with a unit that this column may have."""
        number = units.split(cell) if isinstance(cell, str) else None
        return isinstance(cell, int | float) or (number is not None and number[1] in ("", *self.known))

    def cell(self, text: object, unit: str) -> float:
        """The value of a cell whose column has this unit, or "" where each cell has its own.

        Raises:
            ValueError: it is none; the message quotes it.
        """
        if not isinstance(text, str) or not unit:
            return self.read(text)
        number = units.split(text)
        if number is None or number[1]:
            if unit in self.amounts:
                raise ValueError(f"{text!r} is no number of {unit}")
            return self.read(text)
        if unit not in self.amounts:
            return self.read(f"{text} {unit}")
        amount = float(Decimal(number[0]) * _decimal(self.amounts[unit]))
        if not 0 <= amount < inf:
            raise ValueError(f"'{text} {unit}' is {'negative' if amount < 0 else 'too large'}")
        return amount


class Layout(NamedTuple):
    """How a CSV text is laid out.

    Attributes:
        spots: Of each column sought its place; where there are none, the text has these columns and no others.
        units: Of each column sought the unit, where the key says it; "" where heading or cells do.
        delimiter: What stands between cells; a space stands for any white space.
        keys: Of each column sought the key that says its unit, for messages.
    """

    spots: Sequence[Spot] = ()
    units: Sequence[str] = ()
    delimiter: str = ","
    keys: Sequence[str] = ()


class Columns(NamedTuple):
    """What was found: the columns' values, with the unit of each ("" where cells have their own)."""

    values: list[list[float]]
    units: list[str]


class Rows:
    """Reads rows one after another: no gaps, in range, times ascending (and never twice, beside values)."""

    def __init__(
        self, columns: Sequence[Column], moments: bool, units: Sequence[str] = (), hidden: bool = False
    ) -> None:
        """`moments`: the first column has times; `units`: those of whole columns.

        `hidden`: of what is wrong only a number with one of our units is shown. Whoever names the wrong file must not
        find its lines, which may be secret, in a log.
        """
        self.table: Table = []
        self._columns, self._moments, self._hidden = columns, moments, hidden
        self._units = units or [""] * len(columns)
        self._last: object = ""
        self._first: datetime | None = None

    def add(self, cells: Sequence[object], tell: Callable[[str], Problem]) -> None:
        """One more row; raises ScenarioError with what is wrong with it."""
        values = []
        for number, (cell, column, unit) in enumerate(zip(cells, self._columns, self._units, strict=True)):
            if cell is None or cell == "":
                raise ScenarioError([tell(f"a gap: there is no {column.name}")])
            stamp = self._moments and not number and isinstance(cell, str) and is_stamp(cell)
            try:
                values.append(self._since(str(cell)) if stamp else column.cell(cell, unit))
            except ValueError as error:
                plain = not self._hidden or stamp or column.is_number(cell)
                said = str(error) if plain else f"this is no {column.name}; write e.g. '{column.example}'"
                raise ScenarioError([tell(said)]) from None
        if self._moments:
            shown, time = _said(cells[0], self._units[0]), values[0]
            before = self.table[-1][0] if self.table else -inf
            if time < before or (time == before and len(values) > 1):
                again = f"{shown} is there twice" if time == before else f"{shown} comes after {self._last}"
                raise ScenarioError([tell(f"times must ascend: {again}")])
            self._last = shown
        self.table.append(tuple(values))

    def _since(self, cell: str) -> float:
        """Seconds from the first time stamp to this one."""
        stamp = stamp_of(cell)
        self._first = self._first or stamp
        try:
            return (stamp - self._first).total_seconds()
        except TypeError:
            raise ValueError("time stamps must all have a zone, or none") from None


def _said(cell: object, unit: str) -> object:
    """A cell with the unit that its column has."""
    number = units.split(cell) if isinstance(cell, str) else None
    return f"{cell} {unit}" if unit and number is not None and not number[1] else cell


def is_stamp(cell: str) -> bool:
    """Whether a cell is meant as a time stamp of ISO 8601."""
    return _STAMP.match(cell) is not None


def stamp_of(cell: str) -> datetime:
    """A time stamp of ISO 8601; one without a zone is of the same zone as all others, and that has no summer time."""
    try:
        return datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError("this is no time stamp; write e.g. 2024-05-01T12:00:00") from None


def read_columns(text: str, columns: Sequence[Column], moments: bool, layout: Layout, tell: Tell) -> Columns:
    """The columns of a CSV text, after a first line that may name them and their units.

    Args:
        text: What the file holds.
        columns: What is sought.
        moments: The first column sought has times, which ascend; they may be time stamps of ISO 8601, which count
            from the first.
        layout: Where the columns are.
        tell: Makes a problem of a line and what is wrong there.

    Raises:
        ScenarioError: the first thing that is wrong, with its line.
    """
    rows = list(_lines(text, layout.delimiter, tell))
    example = ",".join(column.heading for column in columns)
    if not rows:
        raise ScenarioError([tell(1, f"the trace has no rows; write e.g. {example} and below it numbers")])
    line, first = rows[0]
    places = [_place(spot, first, lambda said: tell(line, said)) for spot in layout.spots] or list(range(len(columns)))
    most = max(places) + 1
    for line, cells in rows:
        if len(cells) < most or (len(cells) > most and not layout.spots):
            found = f"{len(cells)} column{'' if len(cells) == 1 else 's'}"
            between = "commas" if layout.delimiter == "," else f"{layout.delimiter!r} as delimiter"
            wanted = f"{most} columns" if layout.spots else f"{most}, with {between} ({example})"
            raise ScenarioError([tell(line, f"needs {wanted}, found {found}")])
    named = any(isinstance(spot, str) for spot in layout.spots)
    known = list(layout.units or [""] * len(columns))
    if named or (first[places[0]] and units.split(first[places[0]]) is None):  # names, for there is no number
        said = [column.unit_in(first[place]) for column, place in zip(columns, places, strict=True)]
        known = [mine or its for mine, its in zip(known, said, strict=True)]
        del rows[0]
    if not rows:
        raise ScenarioError([tell(1, f"the trace has no rows; write e.g. {example} and below it numbers")])
    values = _at_once(rows, places, columns, known, moments)
    if values is None:
        values = _one_by_one(rows, places, columns, known, moments, layout, tell)
    return Columns(values, known)


def _place(spot: Spot, first: Sequence[str], tell: Callable[[str], Problem]) -> int:
    """The column's number from 0."""
    if isinstance(spot, int):
        return spot - 1
    if first.count(spot) == 1:
        return first.index(spot)
    how = "names two columns" if spot in first else "names no column"
    close = nearest(spot, first) if spot not in first else ""
    raise ScenarioError([tell(f"the first line {how} '{spot}'{close}")])


def _lines(text: str, delimiter: str, tell: Tell) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line of CSV that counts."""
    if delimiter == " ":
        for number, line in enumerate(text.splitlines(), start=1):
            cells = line.split()
            if cells and not cells[0].startswith("#"):
                yield number, cells
        return
    reader = csv.reader(text.splitlines(keepends=True), strict=True, delimiter=delimiter)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if cells and not cells[0].startswith("#") and cells != [""]:
                yield reader.line_num, cells
    except csv.Error as error:
        raise ScenarioError([tell(reader.line_num, f"not CSV: {error}")]) from None


_Found = Sequence[tuple[int, list[str]]]


def _at_once(
    rows: _Found, places: Sequence[int], columns: Sequence[Column], known: Sequence[str], moments: bool
) -> list[list[float]] | None:
    """The columns, each as a whole; None where that cannot be done."""
    result = []
    for number, (place, column, unit) in enumerate(zip(places, columns, known, strict=True)):
        cells = [row[place] for _, row in rows]
        if moments and not number and is_stamp(cells[0]):
            values = _stamps(cells)
        else:
            worth = column.units.get(unit) or column.amounts.get(unit)
            values = None if worth is None else _numbers(cells, _decimal(worth))
        if values is None or min(values) < 0 or not all(column.above < value < column.below for value in values):
            return None
        if moments and not number and any(b < a or (b == a and len(columns) > 1) for a, b in pairwise(values)):
            return None
        result.append(values)
    return result


def _decimal(worth: Worth) -> Decimal:
    """A worth as a decimal, of 28 digits where it has no end."""
    above, below = worth.as_integer_ratio()
    return Decimal(above) / Decimal(below)


def _numbers(cells: Sequence[str], worth: Decimal) -> list[float] | None:
    """Cells that are plain numbers, times what one is worth; None where one is not."""
    try:
        values = [float(Decimal(cell) * worth) for cell in cells]
    except (DecimalException, OverflowError):
        return None
    odd = any("_" in cell for cell in cells) or not all(isfinite(value) for value in values)
    return None if odd else values


def _stamps(cells: Sequence[str]) -> list[float] | None:
    try:
        stamps = [datetime.fromisoformat(cell) for cell in cells]
        return [(stamp - stamps[0]).total_seconds() for stamp in stamps]
    except (ValueError, TypeError):
        return None


def _one_by_one(
    rows: _Found,
    places: Sequence[int],
    columns: Sequence[Column],
    known: Sequence[str],
    moments: bool,
    layout: Layout,
    tell: Tell,
) -> list[list[float]]:
    """The same row by row; raises ScenarioError with the first thing that is wrong."""
    check, example = Rows(columns, moments, known, hidden=True), ",".join(column.heading for column in columns)
    keys = [f"'{key}'" for key, unit in zip(layout.keys, known, strict=False) if not unit]
    for line, cells in rows:

        def refuse(text: str, line: int = line) -> Problem:
            hint = f"; or name the units in the first line: {example}" if "has no unit" in text else ""
            return tell(line, text + hint + (f", or by {' and '.join(keys)}" if hint and keys else ""))

        check.add([cells[place] for place in places], refuse)
    return [list(column) for column in zip(*check.table, strict=True)]
