"""A mapping from Python as a file would give it: text keys, lists, single values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path as FilePath
from typing import Any

from simnet.language.errors import Path, Problem, ScenarioError, dotted, shown
from simnet.language.scalars import MOST_DIGITS

_DEPTH = 30


def plain(value: Any, origin: str, place: Path = ()) -> Any:
    """A copy of `value` in a file's own types; `origin` and `place` say in messages where it stands.

    Numbers of numpy become Python's, paths texts, tuples lists; a number that is a key becomes text.

    Raises:
        ScenarioError: something that no file can hold, a key twice, or nesting without end.
    """

    def refused(message: str) -> ScenarioError:
        return ScenarioError([Problem(origin, None, dotted(place), message)])

    if len(place) > _DEPTH:
        raise ScenarioError([Problem(origin, None, dotted(place[:1]), "nested without end")])
    if isinstance(value, Mapping):
        result: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise refused(f"a key must be text, found {shown(key)}")
            if str(key) in result:
                raise refused(f"'{key}' is given twice")
            result[str(key)] = plain(item, origin, (*place, str(key)))
        return result
    if isinstance(value, list | tuple):
        return [plain(item, origin, (*place, index)) for index, item in enumerate(value)]
    if isinstance(value, FilePath):
        return str(value)
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return plain(value.tolist(), origin, place)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise refused(f"{shown(value)} has half of a pair that makes a character") from None
        return value
    if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
        raise refused(f"a number of more than {MOST_DIGITS} digits is too long")
    if value is None or isinstance(value, bool | int | float | date):
        return value
    allowed = "text, a number, true or false, a list or keys and values"
    raise refused(f"must be {allowed}, found {shown(value)} ({type(value).__name__})")
