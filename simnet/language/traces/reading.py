"""One trace, from what the scenario says of it to steps or times.

A cell has a number and a unit, or the first line of CSV or a key names the units: ``time_s,bandwidth_Mbit/s``. Lines of
CSV that are empty or start with ``#`` do not count. The first thing wrong with a trace is told, with its file and line;
of the file no more is shown than the number that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from simnet.language import units
from simnet.language.errors import Path, Problem, ScenarioError, dotted, shown, unknown
from simnet.language.schedule import Steps
from simnet.language.source import Source, parse
from simnet.language.traces import measured
from simnet.language.traces.beside import read_beside
from simnet.language.traces.columns import Column, Layout, Rows, Tell, read_columns
from simnet.language.traces.entries import FILES, KEYS_OF, LOOPED, Place, TimesEntry, TraceEntry
from simnet.language.traces.measured import Series
from simnet.language.traces.values import BANDWIDTH, INTERVAL, TIME, interval_of

_PENSIEVE = Layout((), ("s", "Mbit/s"), " ")


class Trace:
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
        if entry.format in LOOPED:
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
        try:
            return Steps(times=tuple(series.times), values=tuple(series.values), repeat=repeat)
        except ValueError:
            raise self._wrong("", "some of its times are too close to one another to be told apart") from None

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
            raise self._wrong(
                "file", f"the end of {shown(entry.file)} tells no format; write format: {', '.join(FILES)}"
            )
        if kind is None:
            raise ScenarioError([_no_trace(self._raw, columns, self._where, self._source)])
        self._refuse(kind)
        file, text = read_beside(entry.file, self._source, self._where)

        def tell(line: int, text: str) -> Problem:
            return Problem(str(file), line, dotted(self._where), text)

        if kind in LOOPED:
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
            takers = [name for name, keys in KEYS_OF.items() if key in keys]
            if takers and kind not in takers and getattr(self._entry, key) is not None:
                raise self._wrong(key, f"goes with format {' or '.join(takers)}, not with {kind}")

    def _of_csv(self, text: str, tell: Tell) -> Series:
        """By columns or by intervals, rates or amounts."""
        entry, column = self._entry, self._column
        own, its = (self._unit(key, one) for key, one in (("unit", column), ("time_unit", TIME)))
        if entry.time is not None and entry.interval is not None:
            raise self._wrong("interval", "give either 'time' or 'interval': with an interval rows follow one another")
        length = fixed_length(entry.interval)
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


def fixed_length(interval: Place | None) -> float | None:
    """The time that an interval is, if it names no column."""
    number = units.split(interval) if isinstance(interval, str) else None
    return interval_of(interval) if number is not None and number[1] in units.TIME.units else None


def captures_of(raw: object, entry: TimesEntry | None, path: Path, source: Source) -> list[float]:
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
    text = f"{shown(raw)} is no trace; write {columns[-1].instead}the name of a .csv or .yaml file, or {inline}"
    return source.problem(path, text)


def _inline(raw: object, columns: Sequence[Column], path: Path, source: Source) -> list[list[float]]:
    """The columns of what stands in the scenario itself: values over time begin at 0 there."""

    def begins(times: list[float], problem: Callable[[str], Problem]) -> None:
        if len(columns) > 1 and times[0] != 0:
            raise ScenarioError([problem(f"the first time must be 0, found {units.format_time(times[0])}")])

    if isinstance(raw, list):
        found = _from_list(
            raw, columns, lambda row, text: source.problem((*path, row), text), source.problem(path, ""), hidden=False
        )
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
    lines = Source(file, secret=True)
    try:
        rows = parse(text, lines)
    except ScenarioError as error:
        raise ScenarioError([replace(problem, key=dotted(path)) for problem in error.problems]) from None
    if not isinstance(rows, list):
        raise ScenarioError([tell(1, f"a trace in YAML is a list of {_row(columns)}")])
    return _from_list(rows, columns, lambda row, text: tell(lines.lines[(row,)], text), tell(1, ""), hidden=True)


def _row(columns: Sequence[Column]) -> str:
    return "times" if len(columns) == 1 else f"pairs [{', '.join(column.example for column in columns)}]"


def _from_list(
    rows: list[object], columns: Sequence[Column], tell: Tell, empty: Problem, hidden: bool
) -> list[list[float]]:
    """Rows of YAML: lists of as many values as there are columns, or single values for one column."""
    check = Rows(columns, moments=True, hidden=hidden)
    for index, row in enumerate(rows):
        cells = row if isinstance(row, list) else [row]
        if len(cells) != len(columns):
            found = f"{len(cells)} value{'' if len(cells) == 1 else 's'}" if hidden else shown(row)
            raise ScenarioError([tell(index, f"a trace is a list of {_row(columns)}, found {found}")])
        check.add(cells, lambda text, index=index: tell(index, text))  # type: ignore[misc]
    if not check.table:
        raise ScenarioError([Problem(empty.file, empty.line, empty.key, "the trace has no rows")])
    return [list(column) for column in zip(*check.table, strict=True)]
