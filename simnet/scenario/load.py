"""Reading a scenario file and applying what the command line changes in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path as FilePath
from typing import Any

from simnet.language import names
from simnet.language.errors import Path, Problem, ScenarioError, dotted, unknown
from simnet.language.source import Source, parse, read
from simnet.scenario.resolve import expand_names, resolve
from simnet.scenario.scenario import Scenario

Refuse = Callable[[str], ScenarioError]


def load_scenario(
    path: FilePath, overrides: Sequence[str] = (), samples: int | None = None, seed: int | None = None
) -> Scenario:
    """The scenario in the file at `path`, with `overrides` (`nodes.camera*.workers=2`, …) applied in order.

    Overrides see ranges expanded and globs not: nodes have their own names, links and faults the places they
    have in the file, from 0. Setting one of `samples` and `duration` drops the other; `samples` and `seed`
    come last.

    Raises:
        ScenarioError: anything wrong with the file, an override or the result.
    """
    data, source = read(path)
    if data.get("name") is None:
        data["name"] = path.stem
    data = expand_names(data, source)
    for override in overrides:
        _apply(override, data, source)
    for key, value in (("samples", samples), ("seed", seed)):
        if value is not None:
            _apply(f"{key}={value}", data, source, option=f"--{key} {value}")
    return resolve(expand_names(data, source), source)


def _apply(override: str, data: dict[str, Any], source: Source, option: str | None = None) -> None:
    """Change `data` in place; `option` is how the user wrote it, where that was not `--set`."""
    origin = option or f"--set {override}"

    def refuse(message: str) -> ScenarioError:
        return ScenarioError([Problem(origin, None, "", message)])

    key, equals, text = override.partition("=")
    # Dots inside brackets belong to a range: nodes.camera[1..3].workers
    parts = re.split(r"\.(?![^\[]*\])", key.strip())
    if not equals or "" in parts:
        raise refuse("write KEY=VALUE with a dotted key, e.g. --set links.0.bandwidth='1 Mbit/s'")
    try:
        value = parse(text, Source())
    except ScenarioError as error:
        raise refuse(error.problems[0].message) from None

    parents: list[tuple[Path, Any]] = [((), data)]
    for part in parts[:-1]:
        parents = [child for parent in parents for child in _children(parent, part, refuse)]
    for place, parent in parents:
        for target in _targets(parent, parts[-1], place, refuse):
            parent[target] = value
            source.override((*place, target), origin)
            if not place and target in ("samples", "duration"):
                data.pop({"samples": "duration", "duration": "samples"}[str(target)], None)


def _children(parent: tuple[Path, Any], part: str, refuse: Refuse) -> list[tuple[Path, Any]]:
    """The mappings or lists that `part` names inside `parent`; empty ones are made usable."""
    place, holder = parent
    found = _targets(holder, part, place, refuse)
    result = []
    for key in found:
        if isinstance(holder, dict) and key not in holder:
            raise refuse(f"{_inside(place)}{unknown('key', part, list(holder))}")
        if holder[key] is None:  # "ddnn:" with nothing after it
            holder[key] = {}
        result.append(((*place, key), holder[key]))
    return result


def _targets(holder: Any, part: str, place: Path, refuse: Refuse) -> list[Any]:
    """The keys of a mapping or the positions of a list that `part` (a name, range, glob or number) means."""
    if isinstance(holder, list):
        if not part.isdecimal() or int(part) >= len(holder):
            raise refuse(f"{_inside(place)}no entry {part!r}: it has {len(holder)}, counted from 0")
        return [int(part)]
    if not isinstance(holder, dict):
        raise refuse(f"{dotted(place)} is {holder!r} and has no keys")
    if re.search(r"[*?\[]", part):
        try:
            found = names.match(part, holder)
        except ValueError as error:
            raise refuse(str(error)) from None
        if not found:
            raise refuse(f"{_inside(place)}{unknown('key', part, list(holder))}")
        return found
    return [part]


def _inside(place: Path) -> str:
    return f"in {dotted(place)}: " if place else ""
