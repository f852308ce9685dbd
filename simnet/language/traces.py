"""Values over time and times of captures: from a file as it was measured, or written in the scenario file itself.

A cell has a number and a unit, or the first line of CSV or a key names the units: ``time_s,bandwidth_Mbit/s``. Lines of
CSV that are empty or start with ``#`` do not count. The first thing wrong with a trace is told, with its file and line;
of the file no more is quoted than the cell that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from simnet.language import measured, units
from simnet.language.checks import Checks
from simnet.language.columns import LONGEST, Column, Layout, Rows, Tell, read_columns
from simnet.language.errors import Path, Problem, ScenarioError, dotted, unknown
from simnet.language.measured import Series
from simnet.language.quantities import Model, Time
from simnet.language.schedule import Steps
from simnet.language.source import Source, parse


def _spot(value: object) -> object:
    if not (value if isinstance(value, str) else type(value) is int and value >= 1):
        raise ValueError(f"must be a column's name, or its number from 1, found {value!r}")
    return value


def _delimiter(value: object) -> object:
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n':
        raise ValueError(f"must be one character, or ' ' for any white space, found {value!r}")
    return value


def _width(value: object) -> object:
    if value is True:
        raise ValueError("say how long the steps are that make a line; write e.g. interpolate: 100 ms")
    return None if value is False else value


def _whole(value: float) -> float:
    if value != round(value, 3):
        raise ValueError(f"must be whole milliseconds, found {units.format_time(value)}")
    return value


Place = Annotated[str | int, BeforeValidator(_spot)]
"""A column's name, or its number from 1."""
Format = Literal["csv", "yaml", "mahimahi", "pensieve"]


class TimesEntry(Model):
    """Times from a file: what a mapping says in their place."""

    file: str | None = None
    """A file, seen from the scenario's folder."""
    time: Place | None = None
    """CSV: the column of times, by its name or its number from 1; by default the first one."""
    time_unit: str | None = None
    """CSV: the unit of times and intervals that neither a heading nor the cells name."""
    delimiter: Annotated[str, BeforeValidator(_delimiter)] = ","
    """CSV: what stands between two cells; a space stands for any white space."""
    offset: Time | None = None
    """How long after the first time of the trace the run begins."""


class TraceEntry(TimesEntry):
    """A value over time: `steps` is a list of pairs, or CSV as text; after `repeat` it begins anew."""

    steps: Any = None
    """Pairs of a time and a value, or CSV as text."""
    format: Format | None = None
    """What the file is; by default as its name ends, in .csv, .yaml or .yml."""
    value: Place | None = None
    """CSV: the column of values, by its name or its number from 1."""
    interval: Place | None = None
    """CSV: the column that says how long each row's value holds, or that time; the rows then follow one another."""
    unit: str | None = None
    """CSV: the unit of values that neither a heading nor the cells name."""
    bin: Annotated[Time, Field(gt=0), AfterValidator(_whole)] | None = None
    """Mahimahi: over how long its packets are spread, a whole number of ms; 1 ms by default."""
    scale: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Every value is multiplied by this."""
    interpolate: Annotated[
        Annotated[Time, Field(gt=0)] | None,
        BeforeValidator(_width),
        WithJsonSchema({"type": ["string", "number", "boolean"], "examples": ["100 ms"]}, mode="validation"),
    ] = None
    """Values change on a line from one to the next, in steps of this time; no: each holds until the next."""
    repeat: Annotated[Time, Field(gt=0)] | None = None
    """After so long it begins anew."""


_COLUMNS = ("time", "value", "interval", "unit", "time_unit", "delimiter")
_FOR = {
    "csv": (*_COLUMNS, "interpolate"),
    "yaml": ("interpolate",),
    "steps": ("interpolate",),
    "mahimahi": ("bin",),
    "pensieve": (),
}
"""Keys that not every format takes."""
_FILES = [name for name in _FOR if name != "steps"]


class InPlaceOf:
    """In a JSON Schema, what a file may say in place of the values of a trace."""

    def __init__(self, entry: type[TimesEntry]) -> None:
        self._entry = entry

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A file's name or CSV as text, a list, or the keys of the entry."""
        return {
            "anyOf": [
                {"type": ["string", "array"]},
                self._entry.__get_pydantic_json_schema__(self._entry.__pydantic_core_schema__, handler),
            ]
        }


_LOOPED = ("mahimahi", "pensieve")
"""Formats whose own tools begin a file anew when it is over, as is done here."""
_PENSIEVE = Layout((), ("s", "Mbit/s"), " ")


def _load(value: object) -> float:
    number = units.split(value) if isinstance(value, str) else None
    share = float(number[0]) if number is not None and not number[1] else units.parse_share(value)
    if not isinstance(share, int | float):
        raise ValueError(f"{value!r} is no share; write e.g. 0.1 or '10 %'")
    if not 0 <= share < 1:
        raise ValueError(f"{value!r} is out of range: a load is at least 0 and less than 1 (100 %)")
    return float(share)


def _interval(value: object) -> float:
    interval = units.TIME.parse(value)
    if not interval:
        raise ValueError(f"{value!r} is no interval: it must be more than 0")
    return interval


_BITS = {f"{p}bps": f"{p}bit/s" for p in ("", "k", "M", "G")} | {"Kbps": "kbit/s"}
_BYTES = {f"{p}Bps": f"{p}B/s" for p in ("", "k", "M", "G")}
_AMOUNTS = {**units.SIZE.units, "bytes": Decimal(1), **{f"{p}bit": Decimal(f"{w}e-3") * 125 for p, w in (
    ("", 1), ("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000),
)}}  # fmt: skip
TIME = Column("time", units.TIME.parse, units.TIME.units, "time_s", "0 s")
INTERVAL = Column("interval", _interval, units.TIME.units, "interval_ms", "1 s", above=0)
LOAD = Column(
    "load", _load, {"%": Decimal("0.01"), "": Decimal(1)}, "load_%", "10 %", below=1, instead="a share such as 30 %, "
)
BANDWIDTH = Column(
    "bandwidth", units.BANDWIDTH.parse, units.BANDWIDTH.units, "bandwidth_Mbit/s", "10 Mbit/s",
    spelled=_BITS | _BYTES, amounts=_AMOUNTS,
)  # fmt: skip
RATE = Column("rate", units.RATE.parse, units.RATE.units, "rate_/s", "5 /s", amounts={"count": Decimal(1)})


class Traces:
    """Reads the traces of one scenario file; what is wrong with them is noted in `checks`."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._known: dict[tuple[str, TraceEntry], Steps | None] = {}  # six cameras may share a file

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
        """Bytes/s over time; 0 where the link pauses."""
        return self._steps(raw, BANDWIDTH, path)

    def rate(self, raw: object, path: Path) -> Steps | None:
        """Captures per second over time."""
        return self._steps(raw, RATE, path)

    def captures(self, raw: object, path: Path) -> tuple[float, ...] | None:
        """Times in s, ascending."""
        entry = self._checks.check(TimesEntry, raw, path) if isinstance(raw, dict) else None
        if isinstance(raw, dict) and entry is None:
            return None
        try:
            return tuple(_captures(raw, entry, path, self._checks.source))
        except ScenarioError as error:
            self._checks.problems += error.problems
            return None

    def _steps(self, raw: object, column: Column, path: Path) -> Steps | None:
        entry: TraceEntry | None = None
        if isinstance(raw, dict):
            entry = self._checks.check(TraceEntry, raw, path)
            if entry is None:
                return None
            if (entry.file is None) == (entry.steps is None):
                self._checks.wrong(path, "needs either 'file' or 'steps'")
                return None
        elif isinstance(raw, str) and "\n" not in raw:
            entry = TraceEntry(file=raw)
        key = None if entry is None or entry.file is None else (column.name, entry)
        if key is not None and key in self._known:
            return self._known[key]
        steps = None
        try:
            steps = _Trace(raw, entry, column, path, self._checks.source).steps()
        except ScenarioError as error:
            self._checks.problems += error.problems
        if key is not None:
            self._known[key] = steps
        return steps


class _Trace:
    """A value over time, as a file gives it; what is wrong with it is a ScenarioError with one problem."""

    def __init__(self, raw: object, entry: TraceEntry | None, column: Column, path: Path, source: Source) -> None:
        self._entry = TraceEntry(steps=raw) if entry is None else entry
        self._raw, self._column, self._path, self._source = raw, column, path, source
        self._where = path
        if isinstance(raw, dict):
            self._where = (*path, "steps" if self._entry.file is None else "file")
        self._between = False
        """Whether values are of moments, so that there is something between two of them."""

    def _wrong(self, key: str, text: str) -> ScenarioError:
        """A problem with one of the entry's keys."""
        return ScenarioError([self._source.problem((*self._path, key) if key else self._path, text)])

    def steps(self) -> Steps:
        """All of it: read, made rates, scaled, put between, begun at its offset."""
        entry = self._entry
        series = self._series()
        if entry.scale is not None:
            series = series._replace(values=[value * entry.scale for value in series.values])
            if max(series.values) >= self._column.below:
                raise self._wrong("scale", f"{entry.scale:g} makes a {self._column.name} of {max(series.values):g}")
        if entry.interpolate is not None:
            if not self._between:
                raise self._wrong("interpolate", "this trace has what passed in intervals, and nothing between them")
            try:
                series = measured.on_lines(series, entry.interpolate)
            except ValueError as error:
                raise self._wrong("interpolate", str(error)) from None
        repeat = entry.repeat
        if entry.format in _LOOPED:
            assert series.end is not None  # these formats say when they are over
            repeat = repeat or series.end
            if entry.format == "mahimahi" and repeat > series.end:
                series = series._replace(times=[*series.times, series.end], values=[*series.values, 0.0])
        if repeat is not None:
            self._check_repeat(repeat, series)
        if entry.offset:
            try:
                series = measured.begun_at(series, entry.offset, repeat)
            except ValueError as error:
                raise self._wrong("offset", f"offset ({units.format_time(entry.offset)}) {error}") from None
        return Steps(times=tuple(series.times), values=tuple(series.values), repeat=repeat)

    def _check_repeat(self, repeat: float, series: Series) -> None:
        if repeat <= series.times[-1]:
            said, last = units.format_time(repeat), units.format_time(series.times[-1])
            raise self._wrong("repeat", f"repeat ({said}) must be later than the last time ({last})")

    def _series(self) -> Series:
        """What the file or the scenario says, from time 0 on."""
        entry, columns = self._entry, (TIME, self._column)
        if entry.file is None:
            self._refuse("steps")
            self._between = True
            raw = entry.steps if isinstance(self._raw, dict) else self._raw
            times, values = _inline(raw, columns, self._where, self._source)
            return Series(times, values)
        kind = _format_of(entry.file, entry.format)
        if kind is None and isinstance(self._raw, dict):
            raise self._wrong("file", f"the end of {entry.file!r} tells no format; write format: {', '.join(_FILES)}")
        if kind is None:
            raise ScenarioError([_no_trace(self._raw, columns, self._where, self._source)])
        self._refuse(kind)
        file, text = read_beside(entry.file, self._source, self._where)

        def tell(line: int, text: str) -> Problem:
            return Problem(str(file), line, dotted(self._where), text)

        if kind in _LOOPED:
            if self._column is not BANDWIDTH:
                raise self._wrong("format", f"a file of {kind} has bandwidths, no {self._column.name}")
            if kind == "mahimahi":
                return measured.opportunities(text, round((entry.bin or 0.001) * 1000), tell)
            times, values = read_columns(text, columns, True, _PENSIEVE, tell).values
            if len(times) < 2:
                raise ScenarioError([tell(1, "one row of pensieve says no interval")])
            return measured.until(Series(measured.from_zero(times), values))
        if kind == "csv":
            return self._of_csv(text, tell)
        self._between = True
        times, values = _of_yaml(text, columns, str(file), self._where, tell)
        return Series(measured.from_zero(times), values)

    def _refuse(self, kind: str) -> None:
        """See that the entry has no key that this format does not take."""
        for key in self._entry.model_fields_set:
            takers = [name for name, keys in _FOR.items() if key in keys]
            if takers and kind not in takers and getattr(self._entry, key) is not None:
                raise self._wrong(key, f"goes with format {' or '.join(takers)}, not with {kind}")

    def _of_csv(self, text: str, tell: Tell) -> Series:
        """By columns or by intervals, rates or amounts."""
        entry, column = self._entry, self._column
        own, its = (self._unit(key, one) for key, one in (("unit", column), ("time_unit", TIME)))
        if entry.time is not None and entry.interval is not None:
            raise self._wrong("interval", "give either 'time' or 'interval': with an interval rows follow one another")
        length = _fixed(entry.interval)
        if length is not None:
            sought, spots, known, keys = [column], [entry.value], [own], ["unit"]
        else:
            first = entry.time if entry.interval is None else entry.interval
            sought = [TIME if entry.interval is None else INTERVAL, column]
            spots, known = ([first or 1, entry.value or 2] if first or entry.value else [None, None]), [its, own]
            keys = ["time_unit", "unit"]
        layout = Layout([spot for spot in spots if spot is not None], known, entry.delimiter, keys)
        found = read_columns(text, sought, entry.interval is None, layout, tell)
        values = found.values[-1]
        amounts = found.units[-1] in column.amounts
        self._between = entry.interval is None and not amounts
        if entry.interval is not None:
            lengths = [length] * len(values) if length is not None else found.values[0]
            series = measured.in_turn(lengths, values)
        else:
            series = Series(measured.from_zero(found.values[0]), values)
        if entry.repeat is not None:
            self._check_repeat(entry.repeat, series)
        if not amounts:
            return series
        try:
            return measured.as_rates(series if series.end is not None else series._replace(end=entry.repeat))
        except ValueError as error:
            raise self._wrong("", str(error)) from None

    def _unit(self, key: str, column: Column) -> str:
        """The unit that a key names; "" where it is not there."""
        name = getattr(self._entry, key)
        return "" if name is None else _known_unit(name, column, (*self._path, key), self._source)


def _known_unit(name: str, column: Column, path: Path, source: Source) -> str:
    if name not in column.known:
        raise ScenarioError([source.problem(path, unknown("unit", name, column.known))])
    return column.unit(name)


def _fixed(interval: Place | None) -> float | None:
    """The time that an interval is, if it names no column."""
    number = units.split(interval) if isinstance(interval, str) else None
    return _interval(interval) if number is not None and number[1] in units.TIME.units else None


def _captures(raw: object, entry: TimesEntry | None, path: Path, source: Source) -> list[float]:
    """Times of captures, as they are written; time stamps count from the first, and so do all from an offset on."""
    columns = (TIME,)
    if entry is None:
        if not isinstance(raw, str) or "\n" in raw:
            return _inline(raw, columns, path, source)[0]
        entry = TimesEntry(file=raw)
        if _format_of(raw, None) is None:
            raise ScenarioError([_no_trace(raw, columns, path, source)])
    elif entry.file is None:
        raise ScenarioError([source.problem(path, "needs a 'file'")])
    else:
        path = (*path, "file")
    assert entry.file is not None
    file, text = read_beside(entry.file, source, path)

    def tell(line: int, text: str) -> Problem:
        return Problem(str(file), line, dotted(path), text)

    if _format_of(entry.file, None) == "yaml":
        (times,) = _of_yaml(text, columns, str(file), path, tell)
    else:
        unit = "" if entry.time_unit is None else _known_unit(entry.time_unit, TIME, (*path[:-1], "time_unit"), source)
        layout = Layout(() if entry.time is None else (entry.time,), (unit,), entry.delimiter, ["time_unit"])
        (times,) = read_columns(text, columns, True, layout, tell).values
    if entry.offset is None:
        return times
    counted = Series(measured.from_zero(times), times)
    if entry.offset > counted.times[-1]:
        text = f"offset ({units.format_time(entry.offset)}) lies after the end of the trace"
        raise ScenarioError([source.problem((*path[:-1], "offset"), text)])
    left = [time for time in counted.times if time >= entry.offset]
    return measured.less(left, entry.offset)


def _format_of(name: str, given: str | None) -> str | None:
    """The format that an entry or the end of a file's name says; None where neither does."""
    ending = name.rpartition(".")[2].lower()
    return given or {"csv": "csv", "yaml": "yaml", "yml": "yaml"}.get(ending)


def _no_trace(raw: object, columns: Sequence[Column], path: Path, source: Source) -> Problem:
    pair = ", ".join(column.example for column in columns)
    inline = f"[{pair}, …]" if len(columns) == 1 else f"{{steps: [[{pair}], …]}}"
    text = f"{raw!r} is no trace; write {columns[-1].instead}the name of a .csv or .yaml file, or {inline}"
    return source.problem(path, text)


def _inline(raw: object, columns: Sequence[Column], path: Path, source: Source) -> list[list[float]]:
    """The columns of what stands in the scenario itself: values over time begin at 0 there."""

    def begins(times: list[float], problem: Callable[[str], Problem]) -> None:
        if len(columns) > 1 and times[0] != 0:
            raise ScenarioError([problem(f"the first time must be 0, found {units.format_time(times[0])}")])

    if isinstance(raw, list):
        found = _from_list(raw, columns, lambda row, text: source.problem((*path, row), text), source.problem(path, ""))
        begins(found[0], lambda text: source.problem((*path, 0), text))
        return found
    if isinstance(raw, str) and "\n" in raw:
        found = read_columns(
            raw, columns, True, Layout(), lambda line, text: source.problem(path, f"line {line}: {text}")
        ).values
        begins(found[0], lambda text: source.problem(path, text))
        return found
    raise ScenarioError([_no_trace(raw, columns, path, source)])


def _of_yaml(text: str, columns: Sequence[Column], file: str, path: Path, tell: Tell) -> list[list[float]]:
    lines = Source(file)
    try:
        rows = parse(text, lines)
    except ScenarioError as error:
        raise ScenarioError([replace(problem, key=dotted(path)) for problem in error.problems]) from None
    if not isinstance(rows, list):
        raise ScenarioError([tell(1, f"a trace in YAML is a list of {_row(columns)}")])
    return _from_list(rows, columns, lambda row, text: tell(lines.lines[(row,)], text), tell(1, ""))


def _row(columns: Sequence[Column]) -> str:
    return "times" if len(columns) == 1 else f"pairs [{', '.join(column.example for column in columns)}]"


def _from_list(rows: list[object], columns: Sequence[Column], tell: Tell, empty: Problem) -> list[list[float]]:
    """Rows of YAML: lists of as many values as there are columns, or single values for one column."""
    check = Rows(columns, moments=True)
    for index, row in enumerate(rows):
        cells = row if isinstance(row, list) else [row]
        if len(cells) != len(columns):
            raise ScenarioError([tell(index, f"a trace is a list of {_row(columns)}, found {_short(row)}")])
        check.add(cells, lambda text, index=index: tell(index, text))  # type: ignore[misc]
    if not check.table:
        raise ScenarioError([Problem(empty.file, empty.line, empty.key, "the trace has no rows")])
    return [list(column) for column in zip(*check.table, strict=True)]


def _short(row: object) -> str:
    said = repr(row)
    return said if len(said) <= LONGEST else type(row).__name__


def read_beside(name: str, source: Source, path: Path) -> tuple[FilePath, str]:
    """The place and the text of a file that the scenario names at `path`, seen from the scenario's folder.

    Raises:
        ScenarioError: it is not there or no text.
    """
    file = source.folder / name
    try:
        return file, file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        there = sorted(other.name for other in file.parent.glob(f"*{file.suffix}")) if file.parent.is_dir() else []
        hint = (
            f" holds {', '.join(there)}" if there else f" holds no {file.suffix} file" if file.parent.is_dir() else ""
        )
        message = f"no such file: '{name}'" + (f"; {file.parent}{hint}" if hint else f", seen from {source.folder}")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        message = f"'{name}' cannot be read: {reason}"
    raise ScenarioError([source.problem(path, message)])
