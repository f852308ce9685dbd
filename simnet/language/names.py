"""Many names written as one: ranges (`camera[1..6]`) and globs (`camera*`)."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Iterable
from functools import cached_property
from itertools import product
from math import prod

from simnet.language.errors import shown

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
LINK_ARROW = "→"
"""Stands between the ends in the place of a link, in tables and figures: ``edge→cloud``."""
FIGURES = "figures"
"""A run folder's own folder beside those of its systems, so no system may be called so."""
REPORT = "report.html"
"""A run folder's page, beside its systems, too; no scenario can call a system so."""
CALIBRATION = "calibration.json"
"""In the folder of an execution: its latencies as simulated before it was calibrated, and after."""
_RANGE = re.compile(r"\[([0-9]+)\.\.([0-9]+)\]")
_DEVICES = frozenset(("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))))
_MOST, _MOST_TOGETHER = 1000, 10_000  # a typing error such as [1..60000000] must not fill the memory
_MOST_DIGITS = 9
LONGEST = 200
"""Letters of a name."""


def reserved(name: str) -> bool:
    """Whether Windows keeps a file's name for a device: `con`, `nul`, also with a suffix."""
    return name.partition(".")[0].strip().lower() in _DEVICES


def expand(text: str) -> list[str]:
    """`camera[1..3]` → camera1, camera2, camera3; a name without a range stands for itself.

    A first number with leading zeros fixes the width: `cam[01..10]` → cam01 … cam10.

    Raises:
        ValueError: a range runs backwards, or a range or all of them together are unreasonably long.
    """
    if len(text) > LONGEST:
        raise ValueError(f"{shown(text)} is no name: at most {LONGEST} letters")
    parts = _RANGE.split(text)
    if len(parts) == 1:
        return [text]
    numbers = [_numbers(first, last) for first, last in zip(parts[1::3], parts[2::3], strict=True)]
    if prod(map(len, numbers)) > _MOST_TOGETHER:
        raise ValueError(f"the ranges of {shown(text)} must hold at most {_MOST_TOGETHER:,} names together")
    head, *between = parts[::3]
    return [
        head + "".join(number + text for number, text in zip(chosen, between, strict=True))
        for chosen in product(*numbers)
    ]


def ranges(text: str) -> list[str]:
    """The ranges of a name, as they are written."""
    return [f"[{first}..{last}]" for first, last in _RANGE.findall(text)]


def _numbers(first: str, last: str) -> list[str]:
    """The numbers of a range, as they stand in names."""
    long = max(len(first), len(last)) > _MOST_DIGITS
    if long or not int(first) <= int(last) < int(first) + _MOST:
        text = shown(f"[{first}..{last}]", bare=True)
        raise ValueError(f"range {text} must run upwards and hold at most {_MOST} names")
    width = len(first) if first.startswith("0") else 0
    return [f"{number:0{width}d}" for number in range(int(first), int(last) + 1)]


class Known(tuple[str, ...]):
    """Names in their order, among which many patterns are looked for: none of them is held against every name."""

    @cached_property
    def places(self) -> dict[str, int]:
        """The place of each name."""
        return {name: place for place, name in enumerate(self)}

    @cached_property
    def ascending(self) -> list[str]:
        """The names by the alphabet, so that those that begin alike stand together."""
        return sorted(self)

    def beginning(self, text: str) -> list[str]:
        """Those that begin with a text."""
        first = bisect_left(self.ascending, text)
        last = bisect_left(self.ascending, text + chr(sys.maxunicode), lo=first)
        return self.ascending[first:last]


def match(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that `pattern` stands for, in the order of `names`; ranges, `*` and `?` are understood.

    Raises:
        ValueError: see `expand`.
    """
    known = names if isinstance(names, Known) else Known(names)
    globs: dict[str, list[str]] = {}
    found: dict[str, None] = {}
    for text in expand(pattern):
        if (begins := _PLAIN.match(text)) is not None and begins.end() < len(text):
            globs.setdefault(begins.group(), []).append(_glob(text))
        elif text in known.places:
            found[text] = None
    for begin, alternatives in globs.items():
        wanted = re.compile("|".join(alternatives))
        found |= dict.fromkeys(name for name in known.beginning(begin) if wanted.fullmatch(name))
    return sorted(found, key=known.places.__getitem__)


_PLAIN = re.compile(r"[^*?]*")


def _glob(text: str) -> str:
    """A glob as a regular expression that never goes back: what stands between two stars is taken where it comes first.

    fnmatch, which does the same, would read the brackets of a range as a character class.
    """
    first, *others = (re.escape(part).replace(r"\?", ".") for part in re.sub(r"\*+", "*", text).split("*"))
    if not others:
        return first
    return first + "".join(f"(?>.*?{part})" for part in others[:-1]) + ".*" + others[-1]
