"""Changes to a scenario in its file form: `nodes.camera*.workers=2`, from the command line or from Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy, deepcopy
from typing import Any, NamedTuple

from simnet.language import names
from simnet.language.errors import Path, Problem, ScenarioError, dotted, shown, unknown
from simnet.language.source import Source, parse
from simnet.network.links.presets import LINK_PRESETS
from simnet.network.nodes.presets import NODE_PRESETS
from simnet.registry import blaming
from simnet.scenario.let import LET, put_in, uses
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
    notes: dict[Path, str] = {}  # noqa: RUF012 - read only


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
                origin = f"override {key}={shown(value)}"
                found.append(Change(_key(str(key), origin, option), plain(value, origin), origin))
        else:
            raise _refused(f"override {shown(one)}", f"is no override; write {_example(option)}")
    for name, number in (("samples", samples), ("seed", seed)):
        if number is not None:
            origin = f"--{name} {number}" if option else f"{name}={number}"
            found.append(Change(name, plain(number, origin), origin))
    return found


def change(key: str, value: Any, origin: str, notes: Mapping[Path, str] | None = None) -> Change:
    """One change, of which messages say that it comes from `origin`, such as a file's line.

    Raises:
        ScenarioError: a key without a word between two dots, or a value that no file can hold.
    """
    return Change(_key(key, origin, ""), plain(value, origin), origin, dict(notes or {}))


def _written(text: str, origin: str, option: str) -> Change:
    key, equals, value = text.partition("=")
    if not equals:
        raise _refused(origin, f"write {_example(option)}")
    key = _key(key, origin, option)
    place = Source()
    try:
        return Change(key, parse(value, place), origin, place.notes)
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


@blaming()
def applied(found: Sequence[Change], data: dict[str, Any], source: Source) -> Scenario:
    """The scenario that `data` (changed in place) describes after all changes, which see ranges expanded.

    Setting one of `samples` and `duration` drops the other.

    Raises:
        ScenarioError: anything wrong with the data, a change or the result.
    """
    given = None
    if LET in data or any(_of_let(change) for change in found):
        found = [*source.changes, *found]
        for change in filter(_of_let, found):
            _known(change, data)
            _apply(change, data, source)
        found = source.changes = [change for change in found if not _of_let(change)]
        given = deepcopy(data)  # another value of `let` may give other nodes, so what is kept is the file, and the rest
    data = expand_names(put_in(data, source), source)
    for change in found:
        _apply(change, data, source)
    data = expand_names(data, source)
    scenario = resolve(data, source)
    source.folder = source.folder.absolute()  # whoever looks for a file later may be elsewhere
    scenario._given = data if given is None else given
    scenario._as_given = {name: copy(value) for name, value in scenario.__dict__.items()}
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
    return changed_by(scenario, changes(overrides, samples, seed))


def changed_by(scenario: Scenario, wanted: Sequence[Change]) -> Scenario:
    """See `changed`."""
    source = scenario._source.copy()
    if scenario._given is not None and scenario._as_given == scenario.__dict__:
        return applied(wanted, deepcopy(scenario._given), source)
    source.lines.clear()  # of a file that says something else
    source.overrides.clear()
    source.changes.clear()
    return applied(wanted, parse(scenario.to_yaml(), Source()), source)


def _known(change: Change, data: Mapping[str, Any]) -> None:
    """See that the file has, and uses, what a change of `let` sets: else nothing would change."""
    let, (_, *name) = data.get(LET), _parts(change.key)
    there = list(let) if isinstance(let, Mapping) else []
    if name and name not in [[one] for one in there]:
        raise _refused(change.origin, unknown(f"name of '{LET}'", ".".join(name), there))
    if name and not uses({key: value for key, value in data.items() if key != LET}, name[0]):
        raise _refused(change.origin, f"'${name[0]}' stands nowhere in the scenario, so nothing would change")


def _of_let(change: Change) -> bool:
    return _parts(change.key)[0] == LET


def _apply(change: Change, data: dict[str, Any], source: Source) -> None:
    """Change `data` in place."""

    def refuse(message: str) -> ScenarioError:
        return _refused(change.origin, message)

    *inner, last = _parts(change.key)
    parents: list[tuple[Path, Any]] = [((), data)]
    for part in inner:
        parents = [child for parent in parents for child in _children(parent, part, source, change.origin)]
    for place, parent in parents:
        for target in _targets(parent, last, place, refuse):
            parent[target] = deepcopy(change.value)  # of one change to several places, one may be changed again
            source.override((*place, target), change.origin, change.notes)
            if not place and target in ("samples", "duration"):
                data.pop({"samples": "duration", "duration": "samples"}[str(target)], None)


def _children(parent: tuple[Path, Any], part: str, source: Source, origin: str) -> list[tuple[Path, Any]]:
    """The mappings or lists that `part` names inside `parent`; empty ones are made usable."""
    place, holder = parent

    def refuse(message: str) -> ScenarioError:
        return _refused(origin, message)

    found = _targets(holder, part, place, refuse)
    result = []
    for key in found:
        if isinstance(holder, dict) and key not in holder:
            if not _may_begin(place, part):
                raise refuse(f"{_inside(place)}{unknown('key', part, list(holder))}")
            holder[key] = _of_preset(place, holder, part)
            source.override((*place, key), origin)
        if holder[key] is None:  # "ddnn:" with nothing after it
            holder[key] = {}
        result.append(((*place, key), holder[key]))
    return result


_SECTIONS = ("network", "sites", "workload")
"""What is made at the top of a file if something below it is set."""
_NAMED = ("nodes", "systems", "links", "faults")
"""Sections of entries that have names or places of their own: no entry begins by setting a key of it."""
_PRESETS = {"nodes": NODE_PRESETS, "links": LINK_PRESETS}


def _may_begin(place: Path, key: str) -> bool:
    """Whether a mapping that a file does not have may begin with a key below it; what no entry has is found later."""
    return key in _SECTIONS if not place else len(place) > 1 or place[0] not in _NAMED


def _of_preset(place: Path, entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What the preset of an entry says of a key below which something is set."""
    presets = _PRESETS.get(str(place[0]), {}) if len(place) == 2 else {}
    chosen = entry.get("preset")
    preset = presets.get(chosen) if isinstance(chosen, str) else None
    value = None if preset is None else preset.values.get(key)
    return deepcopy(dict(value)) if isinstance(value, Mapping) else {}


def _targets(holder: Any, part: str, place: Path, refuse: Refuse) -> list[Any]:
    """The keys of a mapping or the positions of a list that `part` (a name, range, glob or number) means."""
    if isinstance(holder, list):
        if not re.fullmatch(r"0|[1-9][0-9]{0,8}", part) or int(part) >= len(holder):
            raise refuse(f"{_inside(place)}no entry {shown(part)}: it has {len(holder)}, counted from 0")
        return [int(part)]
    if not isinstance(holder, dict):
        raise refuse(f"{dotted(place)} is {shown(holder)} and has no keys")
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
