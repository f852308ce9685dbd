"""Values over time and times of captures: from a CSV or YAML file, or written in the scenario file itself.

A cell has a number and a unit, or the first line of CSV names the units: ``time_s,bandwidth_Mbit/s``. Lines of CSV
that are empty or start with ``#`` do not count. The first thing wrong with a trace is told, with its file and line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Annotated, Any

from pydantic import Field

from simnet.language import units
from simnet.language.checks import Checks
from simnet.language.errors import Path, Problem, ScenarioError, dotted, shown
from simnet.language.files import UnreadableError, text_of
from simnet.language.quantities import Model, Time
from simnet.language.schedule import Steps
from simnet.language.source import Source, parse


class TraceEntry(Model):
    """A value over time: `steps` is a list of pairs, or CSV as text; after `repeat` s it begins anew."""

    file: str | None = None
    """A CSV or YAML file, seen from the scenario's folder."""
    steps: Any = None
    """Pairs of a time and a value, or CSV as text."""
    repeat: Annotated[Time, Field(gt=0)] | None = None
    """After so long it begins anew."""


Table = list[tuple[float, ...]]
Tell = Callable[[int, str], Problem]
"""(row or line, what is wrong with it) to a problem."""
_HEADING = re.compile(r".*[\s_(\[]([^\s_()\[\]]+)[)\]]?")
"""A heading that ends in a unit: time_s, time (s), time [s]."""


@dataclass(frozen=True)
class Column:
    """What a column holds: how a cell is read (ValueError if it cannot be), its units, a good heading and value.

    `instead`: what may be written in place of a trace.
    """

    name: str
    read: Callable[[object], float]
    units: Mapping[str, object]
    heading: str
    example: str
    instead: str = ""


def _load(value: object) -> float:
    number = units.split(value) if isinstance(value, str) else None
    share = float(number[0]) if number is not None and not number[1] else units.parse_share(value)
    if not isinstance(share, int | float):
        raise ValueError(f"{shown(value)} is no share; write e.g. 0.1 or '10 %'")
    if not 0 <= share < 1:
        raise ValueError(f"{shown(value)} is out of range: a load is at least 0 and less than 1 (100 %)")
    return float(share)


def _bandwidth(value: object) -> float:
    bandwidth = units.BANDWIDTH.parse(value)
    if bandwidth <= 0:
        raise ValueError(f"{shown(value)} is out of range: a bandwidth is more than 0 (a fault takes a link down)")
    return bandwidth


TIME = Column("time", units.TIME.parse, units.TIME.readable, "time_s", "0 s")
LOAD = Column("load", _load, {"%": 1}, "load_%", "10 %", "a share such as 30 %, ")
BANDWIDTH = Column("bandwidth", _bandwidth, units.BANDWIDTH.readable, "bandwidth_Mbit/s", "10 Mbit/s")


class Traces:
    """Reads the traces of one scenario file; what is wrong with them is noted in `checks`."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._known: dict[tuple[str, str], Table | None] = {}  # six cameras may share a file

    def load(self, raw: object, path: Path) -> Steps | None:
        """A share below 1, constant or over time."""
        number = units.split(raw) if isinstance(raw, str) else None
        if isinstance(raw, dict | list) or (isinstance(raw, str) and (number is None or number[1] not in ("", "%"))):
            return self._steps(raw, LOAD, path)
        try:
            return Steps(times=(0.0,), values=(_load(raw),))
        except ValueError as error:
            self._checks.wrong(path, str(error))
            return None

    def bandwidth(self, raw: object, path: Path) -> Steps | None:
        """Bytes/s over time."""
        return self._steps(raw, BANDWIDTH, path)

    def captures(self, raw: object, path: Path) -> tuple[float, ...] | None:
        """Times in s, ascending."""
        table = self._table(raw, (TIME,), path)
        return None if table is None else tuple(time for (time,) in table)

    def _steps(self, raw: object, column: Column, path: Path) -> Steps | None:
        given: TraceEntry | None = TraceEntry(file=raw if isinstance(raw, str) else None)
        where = path
        if isinstance(raw, dict):
            given = self._checks.check(TraceEntry, raw, path)
            if given is None:
                return None
            if (given.file is None) == (given.steps is None):
                self._checks.wrong(path, "needs either 'file' or 'steps'")
                return None
            where = (*path, "steps" if given.file is None else "file")
            raw = given.steps if given.file is None else given.file
        table = self._table(raw, (TIME, column), where)
        if table is None or given is None:
            return None
        times, values = zip(*table, strict=True)
        if given.repeat is not None and given.repeat <= times[-1]:
            repeat, last = units.format_time(given.repeat), units.format_time(times[-1])
            self._checks.wrong((*path, "repeat"), f"repeat ({repeat}) must be later than the last time ({last})")
            return None
        return Steps(times=times, values=values, repeat=given.repeat)

    def _table(self, raw: object, columns: Sequence[Column], path: Path) -> Table | None:
        """The numbers of a trace, checked; None after noting what is wrong with it."""
        key = (raw, columns[-1].name) if isinstance(raw, str) else None
        if key is not None and key in self._known:
            return self._known[key]
        table = None
        try:
            table = _table(raw, columns, path, self._checks.source)
        except ScenarioError as error:
            self._checks.problems += error.problems
        if key is not None:
            self._known[key] = table
        return table


def _table(raw: object, columns: Sequence[Column], path: Path, source: Source) -> Table:
    """The numbers of a trace; raises ScenarioError with the first thing wrong with it."""
    if isinstance(raw, list):
        return _from_list(
            raw, columns, lambda row, text: source.problem((*path, row), text), source.problem(path, ""), shown
        )
    if isinstance(raw, str) and "\n" in raw:
        return _from_csv(raw, columns, lambda line, text: source.problem(path, f"line {line}: {text}"))
    kind = raw.rpartition(".")[2].lower() if isinstance(raw, str) else ""
    if not isinstance(raw, str) or kind not in ("csv", "yaml", "yml"):
        pair = ", ".join(column.example for column in columns)
        inline = f"[{pair}, …]" if len(columns) == 1 else f"{{steps: [[{pair}], …]}}"
        text = f"{shown(raw)} is no trace; write {columns[-1].instead}the name of a .csv or .yaml file, or {inline}"
        raise ScenarioError([source.problem(path, text)])
    file, text = read_beside(raw, source, path)

    def tell(line: int, text: str) -> Problem:
        return Problem(str(file), line, dotted(path), text)

    if kind == "csv":
        return _from_csv(text, columns, tell)
    lines = Source(str(file), secret=True)
    try:
        rows = parse(text, lines)
    except ScenarioError as error:
        raise ScenarioError([replace(problem, key=dotted(path)) for problem in error.problems]) from None
    if not isinstance(rows, list):
        raise ScenarioError([tell(1, f"a trace in YAML is a list of {_row(columns)}")])
    return _from_list(rows, columns, lambda row, text: tell(lines.lines[(row,)], text), tell(1, ""), _shown_of_file)


def read_beside(name: str, source: Source, path: Path) -> tuple[FilePath, str]:
    """The place and the text of a file that the scenario names at `path`, seen from the scenario's folder.

    Raises:
        ScenarioError: it is not there or no text.
    """
    file = source.folder / name
    try:
        return file, text_of(file, "utf-8-sig")
    except FileNotFoundError:
        there = sorted(other.name for other in file.parent.glob(f"*{file.suffix}")) if file.parent.is_dir() else []
        hint = (
            f" holds {', '.join(there)}" if there else f" holds no {file.suffix} file" if file.parent.is_dir() else ""
        )
        message = f"no such file: '{name}'" + (f"; {file.parent}{hint}" if hint else f", seen from {source.folder}")
    except IsADirectoryError:
        message = f"'{name}' is a directory"
    except UnreadableError as reason:
        message = f"'{name}' cannot be read: {reason}"
    raise ScenarioError([source.problem(path, message)])


def _row(columns: Sequence[Column]) -> str:
    return "times" if len(columns) == 1 else f"pairs [{', '.join(column.example for column in columns)}]"


def _shown_of_file(cell: object) -> str:
    """A cell of a file as messages show it: only what is a number with one of our units.

    Whoever names the wrong file must not find its first line, which may be a secret, in a log.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return shown(cell)
    found = units.split(cell) if isinstance(cell, str) else None
    return shown(cell) if found is not None and found[1] in _UNITS else "what stands there"


_UNITS = {"", "%", *units.TIME.readable, *units.BANDWIDTH.readable}


def _from_list(
    rows: list[object], columns: Sequence[Column], tell: Tell, empty: Problem, show: Callable[[object], str]
) -> Table:
    """Rows of YAML: lists of as many values as there are columns, or single values for one column."""
    check = _Check(columns, show)
    for index, row in enumerate(rows):
        cells = row if isinstance(row, list) else [row]
        if len(cells) != len(columns):
            found = f"{len(cells)} value{'' if len(cells) == 1 else 's'}" if show is _shown_of_file else show(row)
            raise ScenarioError([tell(index, f"a trace is a list of {_row(columns)}, found {found}")])
        check.add(cells, lambda text, index=index: tell(index, text))  # type: ignore[misc]
    if not check.table:
        raise ScenarioError([Problem(empty.file, empty.line, empty.key, "the trace has no rows")])
    return check.table


def _from_csv(text: str, columns: Sequence[Column], tell: Tell) -> Table:
    """Rows of CSV, after a first line that may name the columns and their units."""
    check, example = _Check(columns, _shown_of_file), ",".join(column.heading for column in columns)
    named: list[str] | None = None
    for line, cells in _lines(text, tell):
        if len(cells) != len(columns):
            found = f"{len(cells)} column{'' if len(cells) == 1 else 's'}"
            raise ScenarioError([tell(line, f"needs {len(columns)}, with commas ({example}), found {found}")])
        if named is None:
            headed = cells[0] != "" and units.split(cells[0]) is None
            named = [_unit(cell, column) if headed else "" for cell, column in zip(cells, columns, strict=True)]
            if headed:
                continue
        bare = [unit and (units.split(cell) or ("", "?"))[1] == "" for cell, unit in zip(cells, named, strict=True)]

        def refuse(text: str, line: int = line) -> Problem:
            hint = f"; or name the units in the first line: {example}" if "has no unit" in text else ""
            return tell(line, text + hint)

        check.add(
            [f"{cell} {unit}" if add else cell for cell, unit, add in zip(cells, named, bare, strict=True)], refuse
        )
    if not check.table:
        raise ScenarioError([tell(1, f"the trace has no rows; write e.g. {example} and below it numbers")])
    return check.table


def _unit(heading: str, column: Column) -> str:
    """The unit that a heading names; "" where it names none."""
    found = _HEADING.fullmatch(heading)
    return found[1] if found is not None and found[1] in column.units else ""


def _lines(text: str, tell: Tell) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line of CSV that counts."""
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if cells and not cells[0].startswith("#") and cells != [""]:
                yield reader.line_num, cells
    except csv.Error as error:
        raise ScenarioError([tell(reader.line_num, f"not CSV: {error}")]) from None


class _Check:
    """Reads rows one after another: no gaps, in range, times ascending (from 0, and never twice, beside values).

    `show` says how a cell is shown in messages.
    """

    def __init__(self, columns: Sequence[Column], show: Callable[[object], str]) -> None:
        self.columns, self.show = columns, show
        self.table: Table = []
        self._last = ""

    def add(self, cells: Sequence[object], tell: Callable[[str], Problem]) -> None:
        """One more row; raises ScenarioError with what is wrong with it."""
        values = []
        for cell, column in zip(cells, self.columns, strict=True):
            if cell is None or cell == "":
                raise ScenarioError([tell(f"a gap: there is no {column.name}")])
            try:
                values.append(column.read(cell))
            except ValueError as error:
                hidden = isinstance(cell, str) and self.show(cell) != shown(cell)
                message = f"this is no {column.name}; write e.g. '{column.example}'" if hidden else str(error)
                raise ScenarioError([tell(message)]) from None
        time, steps = values[0], len(values) > 1
        said = str(cells[0])  # it is a time
        if not self.table and steps and time != 0:
            raise ScenarioError([tell(f"the first time must be 0, found {said}")])
        if self.table and time <= self.table[-1][0] and (steps or time < self.table[-1][0]):
            again = time == self.table[-1][0]
            raise ScenarioError(
                [tell(f"times must ascend: {said} {'is there twice' if again else f'comes after {self._last}'}")]
            )
        self.table.append(tuple(values))
        self._last = said
