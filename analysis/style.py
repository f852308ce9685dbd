"""One look for all figures: a palette that colour-blind readers can tell apart, and one colour per exit."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simnet.analysis.whole_file import whole
from simnet.terminal.output import shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

WIDTH = 7.16
"""Inches of two columns of a paper, or of a page's text (IEEE's journals)."""
COLUMN = 3.5
"""Inches of one column."""
PAGE = 9.0
"""Inches that a page is high, with a line of words below the figure."""
HEADING, TITLE, TEXT, SMALL = 9.5, 8.5, 7.5, 7.0
"""Points of what is written: figures are drawn as large as they are printed, and nothing is smaller than the last."""
INK, MUTED, GRID, PAPER = "#1F2933", "#6B7785", "#E3E7EB", "#FFFFFF"
BAND = "#F5F7F9"  # every other lane
FAULT = "#D7263D"
OTHERS = "#C9D0D6"  # what is shown only because it was in the way

SAMPLES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#6020C0")
"""Samples take turns, and so do systems: five of Okabe and Ito's colours; its red is kept for what went wrong."""
COMPUTING, SENDING, WAITING = SAMPLES[0], SAMPLES[1], "#AA3377"
"""What steps are, where colours tell that."""

EXITS = (
    ("#414487", "D"),
    ("#1C9272", "s"),
    ("#6FBF47", "o"),
    ("#C08CDB", "v"),
    ("#6B3E12", "^"),
    ("#D9C400", "P"),
    ("#2A788E", "p"),
    ("#7A1F5C", "h"),
)
"""Colour and marker of exits from the last one back, here and in the report's style sheet."""

FONT = "DejaVu Sans"
"""Comes with matplotlib, so it is the same everywhere."""
_RC: dict[Any, Any] = {
    "font.family": [FONT],
    "font.size": TEXT,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.titlesize": TITLE,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.labelpad": 2,
    "axes.linewidth": 0.6,
    "axes.titlepad": 4,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.pad": 2.5,
    "ytick.major.pad": 2.5,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "hatch.linewidth": 0.6,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # TrueType: publishers refuse matplotlib's usual Type 3
    "svg.hashsalt": "simnet",
    "figure.facecolor": PAPER,
}


@contextmanager
def look() -> Iterator[None]:
    """The project's matplotlib settings, in effect inside the ``with`` block only.

    They stand on matplotlib's own defaults: what a user's matplotlibrc says does not change these figures.
    """
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield


def label(text: object) -> str:
    """A user's words for a figure: as written, so "$" begins no formula, and control characters are written out.

    A space stands before "_", with which matplotlib marks what is not to be in a legend.
    """
    words = shown(text).replace("$", r"\$")
    return f" {words}" if words.startswith("_") else words


def readable(figure: Figure) -> Figure:
    """The figure, with fonts of this machine beside its own where a name has signs that DejaVu Sans lacks."""
    from matplotlib.text import Text

    texts: list[Text] = figure.findobj(Text)
    if families := _families(_lacking(texts, [])):
        for text in texts:
            text.set_fontfamily([FONT, *families])
    return figure


def unreadable(figure: Figure) -> str:
    """The signs in a figure's texts that none of its fonts has."""
    from matplotlib.text import Text

    texts: list[Text] = figure.findobj(Text)
    families = dict.fromkeys(family for text in texts for family in text.get_fontfamily())
    return "".join(_lacking(texts, [family for family in families if family not in (FONT, "sans-serif")]))


def _lacking(texts: Iterable[Text], families: Iterable[str]) -> list[str]:
    """The signs of some texts that neither our font nor `families` have, in their order."""
    from matplotlib.font_manager import findfont

    signs = dict.fromkeys(sign for text in texts for sign in text.get_text() if not sign.isascii())
    for family in (FONT, *families):
        has = _signs(findfont(family)) if signs else frozenset()
        signs = {sign: None for sign in signs if ord(sign) not in has}
    return list(signs)


def _families(signs: Iterable[str]) -> list[str]:
    """Upright fonts of this machine that have some of the signs, as few as come first."""
    from matplotlib.font_manager import fontManager

    left, chosen = {ord(sign) for sign in signs}, []
    for entry in sorted(fontManager.ttflist, key=lambda one: (one.name, one.fname)) if left else ():
        if entry.style == "normal" and entry.weight in (400, "normal", "regular") and "Last Resort" not in entry.name:
            found = left & _signs(entry.fname)
            if found:
                chosen.append(entry.name)
                left -= found
    return list(dict.fromkeys(chosen))


@cache
def _signs(file: str) -> frozenset[int]:
    """Code points of the characters in a font's file; none if it cannot be read."""
    from matplotlib.font_manager import get_font

    try:
        return frozenset(get_font(file).get_charmap())
    except (OSError, RuntimeError):
        return frozenset()


def exit_colours(systems: Iterable[Iterable[str]]) -> dict[str, str]:
    """Colour of each exit of some systems, whose exits are given in order; the first exits come first.

    It goes by how many exits come after one, so that what is alike looks alike in every figure of every run.
    """
    return {name: EXITS[after % len(EXITS)][0] for name, after in exit_ranks(systems).items()}


def exit_markers(systems: Iterable[Iterable[str]]) -> dict[str, str]:
    """Marker of each exit; says the same as the colour."""
    return {name: EXITS[after % len(EXITS)][1] for name, after in exit_ranks(systems).items()}


def exit_ranks(systems: Iterable[Iterable[str]]) -> dict[str, int]:
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


FORMATS: dict[str, dict[str, Any]] = {
    ".png": {"metadata": {"Software": None}},
    ".svg": {"metadata": {"Date": None, "Creator": None}},
    ".pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
}
"""By a file's ending what is said to matplotlib, so that neither date nor program stands in it."""


def check_format(path: Path) -> str:
    """The ending of a figure's file. Raises OSError, with the file's name, for one that is none of `FORMATS`."""
    if (ending := path.suffix.lower()) not in FORMATS:
        raise OSError(errno.EINVAL, f"a figure's file ends in {', '.join(FORMATS)}", str(path))
    return ending


def save(figure: Figure, path: Path, dpi: float | None = None) -> Path:
    """Write a PNG, SVG or PDF, by the file's ending, whose bytes depend on the picture alone: no date, no version.

    A PNG has 300 dots per inch, for print, unless `dpi` says otherwise.

    Raises OSError, with the file's name; a former file is whole or replaced.
    """
    ending, dpi = check_format(path), dpi or _RC["savefig.dpi"]
    with look(), warnings.catch_warnings(), whole(path) as partial:
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # `unreadable` tells, once
        figure.savefig(partial, format=ending[1:], dpi=dpi, **FORMATS[ending])
    return path
