"""What differs between the scenarios of two runs, key by key, and between what played them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from simnet.language.errors import shown
from simnet.results.cells import NONE
from simnet.results.run import Results

_SAID = ("name", "description")
"""Keys that change nothing."""
_NOTHING = object()


class Setting(NamedTuple):
    """A key that differs: dotted, as in `--set`; what it was and what it is, as a reader writes it."""

    key: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.key}: {self.old} → {self.new}"


def changed_settings(first: Results, second: Results) -> list[Setting]:
    """What differs in the scenarios as resolved, then in data, weights and program; the same change of several nodes
    or links once."""
    old, new = ({key: value for key, value in run.scenario.items() if key not in _SAID} for run in (first, second))
    found = [Setting(key, _told(was), _told(now)) for key, was, now in _changes(old, new, "")]
    return _gathered(found) + list(_of_manifests(first.manifest, second.manifest))


def _changes(old: Any, new: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            below = f"{place}.{key}" if place else str(key)
            yield from _changes(old.get(key, _NOTHING), new.get(key, _NOTHING), below)
    elif isinstance(old, Sequence) and isinstance(new, Sequence) and not isinstance(old, str) | isinstance(new, str):
        yield from _of_lists(old, new, place)
    elif old is _NOTHING or new is _NOTHING or old != new or type(old) is not type(new):
        yield place, old, new


def _of_lists(old: Sequence[Any], new: Sequence[Any], place: str) -> Iterator[tuple[str, Any, Any]]:
    """Entry by entry where there are as many; else the entries that only one of them has."""
    if len(old) == len(new):
        for number, pair in enumerate(zip(old, new, strict=True)):
            yield from _changes(*pair, f"{place}.{number}")
        return
    before, after = ([repr(entry) for entry in entries] for entries in (old, new))
    for what, begin, end, start, stop in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            yield from ((f"{place}.{number}", old[number], _NOTHING) for number in range(begin, end))
            yield from ((f"{place}.{number}", _NOTHING, new[number]) for number in range(start, stop))


def _told(value: Any) -> str:
    return NONE if value is _NOTHING else "null" if value is None else shown(value, bare=True)


def _gathered(found: Sequence[Setting]) -> list[Setting]:
    """Keys that differ in one name below `nodes`, `links` … only, and change alike, are one."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for one in found:
        top, _, rest = one.key.partition(".")
        name, _, below = rest.partition(".")
        groups.setdefault((top, below if name else "", one.old, one.new), []).append(name)
    return [
        Setting(".".join(part for part in (top, _names(names), below) if part), old, new)
        for (top, below, old, new), names in groups.items()
    ]


def _names(names: Sequence[str]) -> str:
    """One name as it is; several as a range where their numbers follow each other, else all in braces."""
    if len(names) == 1:
        return names[0]
    parts = [re.fullmatch(r"(\D*)(\d+)", name) for name in names]
    if all(parts):
        stems, numbers = {part[1] for part in parts if part}, [int(part[2]) for part in parts if part]
        if len(stems) == 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            return f"{stems.pop()}[{numbers[0]}..{numbers[-1]}]"
    return "{" + ", ".join(names) + "}"


def _of_manifests(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Setting]:
    """Files and program: of equal names other contents, by the beginnings of their checksums."""
    old, new = (one.get("data", {}).get("sha256") for one in (first, second))
    if old != new:
        yield Setting("data (checksum)", _short(old), _short(new))
    weights = [one.get("weights", {}) for one in (first, second)]
    for name in weights[0]:
        if name in weights[1] and weights[0][name] != weights[1][name]:
            yield Setting(f"weights {name} (checksum)", _short(weights[0][name]), _short(weights[1][name]))
    if first.get("simnet") != second.get("simnet"):
        yield Setting("simnet", _told(first.get("simnet")), _told(second.get("simnet")))
    sources = [_source(one.get("source")) for one in (first, second)]
    if sources[0] != sources[1]:
        yield Setting("source revision", *sources)


def _short(checksum: Any) -> str:
    return NONE if checksum is None else str(checksum)[:12]


def _source(found: Any) -> str:
    if not isinstance(found, Mapping):
        return NONE
    return f"{_short(found.get('revision'))}{' and changes' if found.get('dirty') else ''}"
