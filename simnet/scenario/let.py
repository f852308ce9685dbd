"""`let: {cameras: 6}`: values that stand elsewhere in a file as ``$cameras``, so that one key changes them all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from simnet.language.errors import Path, ScenarioError, listed, nearest, shown
from simnet.language.source import Source

LET = "let"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_USE = re.compile(r"\$(\$|[A-Za-z][A-Za-z0-9_]*)?")
Number = int | float
Wrong = Callable[[Path, str], None]


def put_in(data: Mapping[str, Any], source: Source) -> dict[str, Any]:
    """The file's data without `let`, and with its values wherever a text or a key has ``$name``.

    A text that is nothing but ``$name`` becomes the value itself, a number; ``$$`` is a dollar sign. Without `let`,
    dollars are letters like others.

    Raises:
        ScenarioError: `let` is no mapping of names to numbers or texts, or a name that is used is not there.
    """
    if LET not in data:
        return dict(data)
    problems = []

    def wrong(path: Path, message: str) -> None:
        problems.append(source.problem(path, message))

    values = _values(data[LET], wrong)
    if problems:
        raise ScenarioError(problems)
    made = {key: _put(value, (key,), values, source, wrong) for key, value in data.items() if key != LET}
    if problems:
        raise ScenarioError(problems)
    return made


def uses(value: Any, name: str) -> bool:
    """Whether a text or key in file data has ``$name``."""
    if isinstance(value, str):
        return any(found[1] == name for found in _USE.finditer(value))
    if isinstance(value, dict):
        return any(uses(one, name) for pair in value.items() for one in pair)
    return isinstance(value, list) and any(uses(one, name) for one in value)


def _values(let: Any, wrong: Wrong) -> dict[str, Number | str]:
    if not isinstance(let, dict):
        wrong((LET,), f"must be a mapping of names to values, such as {{cameras: 6}}, not {shown(let)}")
        return {}
    for name, value in let.items():
        if not _NAME.fullmatch(name):
            wrong((LET, name), f"{shown(name)} is no name: letters, digits and _, beginning with a letter")
        if type(value) not in (int, float, str):
            wrong((LET, name), f"must be a number or a text, not {shown(value)}")
    return let


def _put(value: Any, path: Path, values: Mapping[str, Number | str], source: Source, wrong: Wrong) -> Any:
    if isinstance(value, str):
        return _text(value, path, values, wrong)
    if isinstance(value, list):
        return [_put(one, (*path, number), values, source, wrong) for number, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for key, one in value.items():
        name = str(_text(key, (*path, key), values, wrong)) if isinstance(key, str) else key
        if name in made:
            wrong((*path, key), f"'{name}' is given twice")
        if name != key and path == ("nodes",):
            source.alias(name, key)
        made[name] = _put(one, (*path, key), values, source, wrong)
    return made


def _text(text: str, path: Path, values: Mapping[str, Number | str], wrong: Wrong) -> Any:
    if "$" not in text:
        return text

    def put(found: re.Match[str]) -> str:
        name = found[1]
        if name == "$":
            return "$"
        if name is None or name not in values:
            why = "a dollar sign needs a name behind it, or another one" if name is None else f"no ${name} in 'let'"
            hint = "" if name is None else f"{nearest(name, values)} (there: {listed(list(values)) or 'none'})"
            wrong(path, f"{why}{hint}")
            return found[0]
        return str(values[name])

    whole = _USE.fullmatch(text)
    if whole and whole[1] in values:
        return values[whole[1]]
    return _USE.sub(put, text)
