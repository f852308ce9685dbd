"""One look for all figures: a palette that colour-blind readers can tell apart, and one colour per exit."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
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

# Exits from the device upward: light to dark, so that they differ in grey too (viridis, but for the device).
_EXIT_COLOURS = {
    "device": "#F2B134",
    "local": "#F2B134",
    "edge-1": "#7AD151",
    "edge": "#22A884",
    "edge-2": "#22A884",
    "cloud": "#414487",
}
_SPARE = ("#B5651D", "#FDE725", "#2A788E", "#7A1F5C")
_EXIT_MARKERS = {"device": "v", "local": "v", "edge-1": "o", "edge": "s", "edge-2": "s", "cloud": "D"}
_SPARE_MARKERS = ("^", "P", "p", "h")

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


def exit_colours(exits: Iterable[str]) -> dict[str, str]:
    """Colour of each exit, devices' first; the usual names have the same one in every figure of every run."""
    return _assign(exits, _EXIT_COLOURS, _SPARE)


def exit_markers(exits: Iterable[str]) -> dict[str, str]:
    """Marker of each exit; says the same as the colour."""
    return _assign(exits, _EXIT_MARKERS, _SPARE_MARKERS)


def exit_legend(colours: Mapping[str, str], markers: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Marker, colour and label of each kind of exit; exits that look alike share one entry."""
    alike: dict[tuple[str, str], list[str]] = {}
    for name, colour in colours.items():
        alike.setdefault((markers[name], colour), []).append(name)
    return [(marker, colour, " or ".join(names)) for (marker, colour), names in alike.items()]


def _assign(names: Iterable[str], fixed: dict[str, str], spare: tuple[str, ...]) -> dict[str, str]:
    unique = list(dict.fromkeys(names))
    unknown = [name for name in unique if name not in fixed]
    order = [name for name in fixed if name in unique and name != "cloud"] + unknown
    order += ["cloud"] if "cloud" in unique else []
    return {name: fixed.get(name) or spare[unknown.index(name) % len(spare)] for name in order}


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG whose bytes depend on the picture alone: no date, no program version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", metadata={"Software": None})
    return path
