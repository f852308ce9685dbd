"""Many names written as one: ranges (`camera[1..6]`) and globs (`camera*`)."""

from __future__ import annotations

import re
from collections.abc import Iterable

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
LINK_ARROW = "→"
"""Stands between the ends in the place of a link, in tables and figures: ``edge→cloud``."""
FIGURES = "figures"
"""A run folder's own folder beside those of its systems, so no system may be called so."""
_RANGE = re.compile(r"\[(\d+)\.\.(\d+)\]")
_DEVICES = frozenset(("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))))
_MOST = 1000  # a typing error such as [1..60000000] must not fill the memory


def reserved(name: str) -> bool:
    """Whether Windows keeps a file's name for a device: `con`, `nul`, also with a suffix."""
    return name.partition(".")[0].strip().lower() in _DEVICES


def expand(text: str) -> list[str]:
    """`camera[1..3]` → camera1, camera2, camera3; a name without a range stands for itself.

    A first number with leading zeros fixes the width: `cam[01..10]` → cam01 … cam10.

    Raises:
        ValueError: the range runs backwards or is unreasonably long.
    """
    found = _RANGE.search(text)
    if found is None:
        return [text]
    first, last = int(found[1]), int(found[2])
    if not first <= last < first + _MOST:
        raise ValueError(f"range {found[0]} must run upwards and hold at most {_MOST} names")
    width = len(found[1]) if found[1].startswith("0") else 0
    head, tail = text[: found.start()], text[found.end() :]
    return [name for number in range(first, last + 1) for name in expand(f"{head}{number:0{width}d}{tail}")]


def match(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that `pattern` stands for, in the order of `names`; ranges, `*` and `?` are understood.

    Raises:
        ValueError: see `expand`.
    """
    # fnmatch is no use here: it would read the brackets of a range as a character class.
    globs = [re.escape(part).replace(r"\*", ".*").replace(r"\?", ".") for part in expand(pattern)]
    wanted = re.compile("|".join(globs))
    return [name for name in names if wanted.fullmatch(name)]
