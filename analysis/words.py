"""How much room words take in a figure, and names that are longer than theirs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from simnet.analysis.style import FONT, SMALL, label
from simnet.terminal.output import shown

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

FINE = 720
"""Dots per inch at which words are measured: no hinting worth the name."""
HINTED = 1.05
"""Words are so much wider at most where their signs are fitted to the pixels of a screen."""


def width_of(words: str, points: float = SMALL, *, bold: bool = False) -> float:
    """Inches that a line of words takes in the figures' font. Of signs that it lacks, the width of a box counts."""
    font = _font(bold)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        font.set_size(points, FINE)
        font.set_text(words)
    return HINTED * float(font.get_width_height()[0]) / 64 / FINE


def widest(lines: Iterable[str], points: float = SMALL, *, bold: bool = False) -> float:
    """Inches of the widest line; 0 of none."""
    return max((width_of(line, points, bold=bold) for line in lines), default=0.0)


def fitted(words: object, inches: float, points: float = SMALL, *, bold: bool = False) -> str:
    """A user's words as `label` writes them; what is wider than `inches` has an ellipsis in its middle."""
    text = shown(words)
    if width_of(text, points, bold=bold) <= inches:
        return label(text)
    kept = _most(len(text) - 1, lambda count: width_of(_cut(text, count), points, bold=bold) <= inches)
    return label(_cut(text, kept))


def legend_columns(labels: Sequence[str], inches: float, further: float = 0.47) -> int:
    """Columns of a legend that is no wider than so many inches; `further` is what an entry takes beside its words."""
    every = [further + width_of(words) for words in labels]
    for columns in range(len(every), 1, -1):
        rest, rows = len(every) % columns, len(every) // columns  # the first columns have one more, as in matplotlib
        ends = [number * rows + min(number, rest) for number in range(columns + 1)]
        if sum(max(every[begin:end]) for begin, end in pairwise(ends)) <= inches:
            return columns
    return 1


def _cut(text: str, count: int) -> str:
    """`count` signs of a text, two thirds of them from its begin: names often differ at their end."""
    tail = count // 3
    return f"{text[: count - tail]}…{text[len(text) - tail :]}"


def _most(high: int, fits: Callable[[int], bool]) -> int:
    """The largest of 1 to `high` that fits, if 1 does; else 1."""
    low = 1
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


@cache
def _font(bold: bool) -> FT2Font:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return get_font(findfont(FontProperties(family=[FONT], weight="bold" if bold else "normal")))
