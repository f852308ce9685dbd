"""Values over time and times of captures: from a file as it was measured, or written in the scenario file itself."""

from __future__ import annotations

from simnet.language import units
from simnet.language.checks import Checks
from simnet.language.errors import Path, ScenarioError
from simnet.language.schedule import Steps
from simnet.language.traces.beside import read_beside
from simnet.language.traces.columns import Column
from simnet.language.traces.entries import InPlaceOf, TimesEntry, TraceEntry
from simnet.language.traces.reading import Trace, captures_of
from simnet.language.traces.values import BANDWIDTH, LOAD, RATE, load_of

__all__ = ("InPlaceOf", "TimesEntry", "TraceEntry", "Traces", "read_beside")


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
            return Steps(times=(0.0,), values=(load_of(raw),))
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
            return tuple(captures_of(raw, entry, path, self._checks.source))
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
            steps = Trace(raw, entry, column, path, self._checks.source).steps()
        except ScenarioError as error:
            self._checks.problems += error.problems
        if key is not None:
            self._known[key] = steps
        return steps
