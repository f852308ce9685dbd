"""One look for all figures: a palette that colour-blind readers can tell apart, and one colour per exit."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, GRID, PAPER = "#1F2933", "#6B7785", "#E3E7EB", "#FFFFFF"
BAND = "#F5F7F9"  # every other lane
FAULT = "#D7263D"
OTHERS = "#C9D0D6"  # what is shown only because it was in the way

# Samples take turns; hues after P. Tol's "bright" scheme, without its red, which is kept for what went wrong.
SAMPLES = ("#4477AA", "#EE9B33", "#228833", "#AA3377", "#2BA8C9", "#8C6D46")

# Exits from the last one back: dark to light, so that they differ in grey too (viridis, but for the fourth).
_EXITS = (
    ("#414487", "D"),
    ("#22A884", "s"),
    ("#7AD151", "o"),
    ("#F2B134", "v"),
    ("#B5651D", "^"),
    ("#FDE725", "P"),
    ("#2A788E", "p"),
    ("#7A1F5C", "h"),
)

_RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so the same everywhere
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": GRID,
    "legend.frameon": False,
    "hatch.linewidth": 0.9,
    "savefig.dpi": 150,
    "figure.facecolor": PAPER,
}


@contextmanager
def look() -> Iterator[None]:
    """The project's matplotlib settings, in effect inside the ``with`` block only."""
    import matplotlib

    with matplotlib.rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
        yield


def exit_colours(systems: Iterable[Iterable[str]]) -> dict[str, str]:
    """Colour of each exit of some systems, whose exits are given in order; the first exits come first.

    It goes by how many exits come after one, so that what is alike looks alike in every figure of every run.
    """
    return {name: _EXITS[after % len(_EXITS)][0] for name, after in _ranks(systems).items()}


def exit_markers(systems: Iterable[Iterable[str]]) -> dict[str, str]:
    """Marker of each exit; says the same as the colour."""
    return {name: _EXITS[after % len(_EXITS)][1] for name, after in _ranks(systems).items()}


def _ranks(systems: Iterable[Iterable[str]]) -> dict[str, int]:
    """How many exits come after each one at most; most first, else as they are given."""
    orders = [list(exits) for exits in systems]
    ranks = {name: 0 for exits in orders for name in exits}
    for _ in ranks:  # one round for each exit is enough, unless two systems disagree about an order
        for exits in orders:
            for name, following in pairwise(exits):
                ranks[name] = max(ranks[name], ranks[following] + 1)
    return dict(sorted(ranks.items(), key=lambda item: -item[1]))


def dark(colour: str) -> bool:
    """Whether white is read better on it than black; `colour` as "#RRGGBB"."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 102  # of 255: how bright it seems


def exit_legend(colours: Mapping[str, str], markers: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Marker, colour and label of each kind of exit; exits that look alike share one entry."""
    alike: dict[tuple[str, str], list[str]] = {}
    for name, colour in colours.items():
        alike.setdefault((markers[name], colour), []).append(name)
    return [(marker, colour, " or ".join(names)) for (marker, colour), names in alike.items()]


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG whose bytes depend on the picture alone: no date, no program version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", metadata={"Software": None})
    return path
