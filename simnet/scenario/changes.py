"""Changes to a scenario in its file form: `nodes.camera*.workers=2`, from the command line or from Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy, deepcopy
from typing import Any, NamedTuple

from simnet.language import names
from simnet.language.errors import Path, Problem, ScenarioError, dotted, unknown
from simnet.language.source import Source, parse
from simnet.scenario.plain import plain
from simnet.scenario.resolve import expand_names, resolve
from simnet.scenario.scenario import Scenario

Overrides = str | Mapping[str, Any]
"""``"nodes.edge.workers=4"``, as on the command line, or ``{"nodes.edge.workers": 4}``; of a mapping all its keys."""
Refuse = Callable[[str], ScenarioError]


class Change(NamedTuple):
    """A value to be set: under a dotted key, in which ranges and globs may stand; `origin` names it in messages."""

    key: str
    value: Any
    origin: str


def changes(
    overrides: Overrides | Iterable[Overrides], samples: int | None = None, seed: int | None = None, option: str = ""
) -> list[Change]:
    """What `overrides`, and last `samples` and `seed`, ask for.

    `option` is "--set " where the user wrote them on the command line.

    Raises:
        ScenarioError: an override without key or value, or with a value that no file can hold.
    """
    found: list[Change] = []
    for one in (overrides,) if isinstance(overrides, str | Mapping) else overrides:
        if isinstance(one, str):
            found.append(_written(one, f"{option or 'override '}{one}", option))
        elif isinstance(one, Mapping):
            for key, value in one.items():
                origin = f"override {key}={value!r}"
                found.append(Change(_key(str(key), origin, option), plain(value, origin), origin))
        else:
            raise _refused(f"override {one!r}", f"is no override; write {_example(option)}")
    for name, number in (("samples", samples), ("seed", seed)):
        if number is not None:
            origin = f"--{name} {number}" if option else f"{name}={number}"
            found.append(Change(name, plain(number, origin), origin))
    return found


def _written(text: str, origin: str, option: str) -> Change:
    key, equals, value = text.partition("=")
    if not equals:
        raise _refused(origin, f"write {_example(option)}")
    key = _key(key, origin, option)
    try:
        return Change(key, parse(value, Source()), origin)
    except ScenarioError as error:
        raise _refused(origin, error.problems[0].message) from None


def _key(key: str, origin: str, option: str) -> str:
    if "" in _parts(key):
        raise _refused(origin, f"write {_example(option)}")
    return key


def _example(option: str) -> str:
    example = f"{option}links.0.bandwidth='1 Mbit/s'" if option else "'links.0.bandwidth=1 Mbit/s'"
    return f"KEY=VALUE with a dotted key, e.g. {example}"


def _parts(key: str) -> list[str]:
    """Dots inside brackets belong to a range: nodes.camera[1..3].workers."""
    return re.split(r"\.(?![^\[]*\])", key.strip())


def _refused(origin: str, message: str) -> ScenarioError:
    return ScenarioError([Problem(origin, None, "", message)])


def applied(found: Sequence[Change], data: dict[str, Any], source: Source) -> Scenario:
    """The scenario that `data` (changed in place) describes after all changes, which see ranges expanded.

    Setting one of `samples` and `duration` drops the other.

    Raises:
        ScenarioError: anything wrong with the data, a change or the result.
    """
    data = expand_names(data, source)
    for change in found:
        _apply(change, data, source)
    data = expand_names(data, source)
    scenario = resolve(data, source)
    source.folder = source.folder.absolute()  # whoever looks for a file later may be elsewhere
    scenario._given, scenario._as_given = data, {name: copy(value) for name, value in scenario.__dict__.items()}
    return scenario


def changed(
    scenario: Scenario, overrides: Iterable[Overrides], samples: int | None = None, seed: int | None = None
) -> Scenario:
    """A copy of `scenario` with `overrides`, which act on what its file says: a preset can be changed, too.

    One that was made or changed in Python acts on the file that `to_yaml` would give.

    Raises:
        ScenarioError: an override that cannot be carried out, or anything wrong with the result.
        ValueError: see `Scenario.to_yaml`.
    """
    wanted = changes(overrides, samples, seed)
    source = scenario._source.copy()
    if scenario._given is not None and scenario._as_given == scenario.__dict__:
        return applied(wanted, deepcopy(scenario._given), source)
    source.lines.clear()  # of a file that says something else
    source.overrides.clear()
    return applied(wanted, parse(scenario.to_yaml(), Source()), source)


def _apply(change: Change, data: dict[str, Any], source: Source) -> None:
    """Change `data` in place."""

    def refuse(message: str) -> ScenarioError:
        return _refused(change.origin, message)

    *inner, last = _parts(change.key)
    parents: list[tuple[Path, Any]] = [((), data)]
    for part in inner:
        parents = [child for parent in parents for child in _children(parent, part, refuse)]
    for place, parent in parents:
        for target in _targets(parent, last, place, refuse):
            parent[target] = deepcopy(change.value)  # of one change to several places, one may be changed again
            source.override((*place, target), change.origin)
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
