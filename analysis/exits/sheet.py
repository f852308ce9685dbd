"""What the figures of exits have in common: a sheet of panels, one row for each system, and a legend above."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simnet.analysis.exits.scores import Floats, Mask, Numbers, Scores
from simnet.analysis.style import INK, MUTED, PAGE, TEXT, TITLE, WIDTH, exit_colours, exit_legend, exit_markers
from simnet.analysis.words import fitted, legend_columns, width_of
from simnet.results.run import Results
from simnet.statistics.proportions import wilson

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALL = TEXT
"""Points of what is written in panels and legends."""
HEIGHT, CLOSE = 2.0, 1.6
"""Inches of a row with its labels, and of one of a crowded sheet."""
MOST_BESIDE = 5
"""Panels that stand side by side in a crowded sheet."""


def crowded(rows: int, height: float = HEIGHT) -> bool:
    """Whether a page has no room for a row for each system."""
    return rows * height > PAGE - 0.8


def sheet(
    rows: Sequence[str],
    columns: int | Sequence[int],
    height: float = HEIGHT,
    above: float = 0.5,
    *,
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Figure, list[list[Axes]]]:
    """A figure of text width with panels for each of `rows`, which are named at their first panel.

    Each of them has a row of its own; where that takes more than a page, they stand side by side and are lower.

    Args:
        rows: Names, of systems.
        columns: How many panels each has, or all have.
        height: Inches of a row with its labels.
        above: Inches for the legend.
        sharex: Whether all panels have the same axis below.
        sharey: Whether all have the same axis beside; the first panel of each row has its numbers.
    """
    from matplotlib.figure import Figure

    counts = [columns] * max(len(rows), 1) if isinstance(columns, int) else list(columns)
    close = crowded(len(rows), height)
    most = max(counts, default=1)
    cells = (
        _packed(counts, max(most, MOST_BESIDE if most > 2 else 4)) if close else [(n, 0) for n in range(len(counts))]
    )
    across = max((first + count for (_, first), count in zip(cells, counts, strict=True)), default=1)
    lines = max(line for line, _ in cells) + 1
    each = CLOSE if close else height
    size = above + each * lines - 0.05
    figure = Figure(figsize=(WIDTH, size))
    wide = (WIDTH - 0.1) / across
    left, gap, labels = (0.44, 0.5, 0.6) if close else (0.5, 0.5, 0.64)
    if not close:
        wide = (WIDTH - left - 0.11 + gap) / across
    found: list[list[Axes]] = []
    one: Axes | None = None
    names = list(rows) or [""]
    for name, (line, first), count in zip(names, cells, counts, strict=True):
        found.append([])
        for number in range(count):
            begin = (0.0 if close else left) + (first + number) * wide + (left if close else 0.0)
            top = above + 0.22 + line * each
            box = (begin / WIDTH, 1 - (top + each - labels) / size, (wide - gap) / WIDTH, (each - labels) / size)
            ax = figure.add_axes(box, sharex=one if sharex else None, sharey=one if sharey else None)
            ax.tick_params(length=0, which="both", labelsize=SMALL - 0.5, labelleft=not (sharey and number))
            ax.grid(linewidth=0.6)
            one = one or ax
            found[-1].append(ax)
        if found[-1]:
            found[-1][0].set_title(fitted(name, count * wide - 0.12, TITLE, bold=True), pad=4)
    return figure, found


def _packed(counts: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Line and first column of each row that has so many panels, with `most` of them in a line."""
    found, line, first = [], 0, 0
    for count in counts:
        if first and first + count > most:
            line, first = line + 1, 0
        found.append((line, first))
        first += count
    return found


def exits_of(run: Results) -> list[Iterable[str]]:
    """The exits of all systems of a run: one exit has one colour in all of its figures."""
    return [system["exits"] for system in run.summary["systems"].values()]


def looks(run: Results) -> tuple[dict[str, str], dict[str, str]]:
    """Colour and marker of every exit."""
    return exit_colours(exits_of(run)), exit_markers(exits_of(run))


def axis(ax: Axes, x: str | Sequence[str] | None = None, y: str | Sequence[str] | None = None) -> None:
    """Name the axes, with their units; of several wordings the first that has room, else the last one shortened."""
    wide, high = _inches(ax)
    if x is not None:
        ax.set_xlabel(_wording(x, wide + 0.4), color=MUTED, fontsize=SMALL, labelpad=2)
    if y is not None:
        ax.set_ylabel(_wording(y, high + 0.2), color=MUTED, fontsize=SMALL, labelpad=3)


def _inches(ax: Axes) -> tuple[float, float]:
    """Width and height of a panel."""
    box, whole = ax.get_position(), ax.figure.bbox
    return box.width * whole.width / ax.figure.dpi, box.height * whole.height / ax.figure.dpi


def _wording(words: str | Sequence[str], inches: float) -> str:
    every = [words] if isinstance(words, str) else list(words)
    return next((one for one in every if width_of(one, SMALL) <= inches), fitted(every[-1], inches, SMALL))


def roomy(ax: Axes, words: str) -> bool:
    """Whether a line of words is well narrower than a panel."""
    return width_of(words) < 0.92 * _inches(ax)[0]


def legend(figure: Figure, run: Results, further: Iterable[Artist] = (), lines: bool = False) -> None:
    """The exits, as `lines` or by their markers alone, and what else there is, in the room above the panels."""
    from matplotlib.lines import Line2D

    colours, markers = looks(run)
    handles: list[Artist] = [
        Line2D(
            [],
            [],
            marker=marker,
            color=colour,
            linestyle="-" if lines else "",
            markersize=5,
            linewidth=1.6,
            label=fitted(names, 1.8),
        )
        for marker, colour, names in exit_legend(colours, markers)
    ]  # fmt: skip
    handles += further
    above_panels(figure, handles)


def above_panels(figure: Figure, handles: Sequence[Artist], rows: int = 2, **style: Any) -> None:
    """A legend above the panels, for which there is room for so many `rows`; the figure grows or shrinks to it."""
    further = 0.25 + style.get("handlelength", 1.7) * 0.098
    columns = legend_columns([str(handle.get_label()) for handle in handles], WIDTH - 0.1, further)
    _grow(figure, above=0.15 * (-(-len(handles) // columns) - rows))
    style = {"handlelength": 1.7, "columnspacing": 1.3, "borderpad": 0.3, "labelspacing": 0.35} | style
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), ncols=columns, **style)


def panels_of(scores: Scores, close: bool) -> list[int]:
    """Numbers of a system's exits that have panels: where it is `close`, only those that were asked of some sample."""
    return [number for number in range(len(scores.exits)) if not close or scores.known[number].any()]


def remark(ax: Axes, words: str, y: float = 0.5) -> None:
    """Say in a panel what is not to be seen there."""
    ax.text(0.5, y, words, transform=ax.transAxes, ha="center", va="center", color=MUTED, fontsize=SMALL, zorder=6)


def below(figure: Figure, words: Sequence[str]) -> None:
    """Notes under the panels, a line each, broken where they are longer; the figure grows by them."""
    lines = [line for text in words for line in _broken(text, WIDTH - 0.2)]
    if not lines:
        return
    _grow(figure, below=0.14 * len(lines) + 0.04)
    for number, text in enumerate(reversed(lines)):
        at = (0.05 + 0.14 * number) / figure.get_figheight()
        figure.text(0.09 / WIDTH, at, text, color=INK, fontsize=SMALL - 0.5, va="bottom")


def _broken(text: str, inches: float) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and width_of(longer) > inches:
            lines.append(f"   {word}")
        else:
            lines[-1] = longer
    return lines


def _grow(figure: Figure, *, above: float = 0.0, below: float = 0.0) -> None:
    """Make a figure higher by some inches, with its panels as large as they were."""
    before = figure.get_figheight()
    size = before + above + below
    figure.set_figheight(size)
    for ax in figure.axes:
        box = ax.get_position()
        ax.set_position((box.x0, (box.y0 * before + below) / size, box.width, box.height * before / size))


def intervals(count: Numbers, n: Numbers) -> tuple[Floats, Floats]:
    """Wilson's 95 % limits of `count` of `n`, in per cent; NaN of none."""
    found = [wilson(c, m) if m else (np.nan, np.nan) for c, m in zip(count.tolist(), n.tolist(), strict=True)]
    limits = 100 * np.array(found, float).reshape(-1, 2)
    return limits[:, 0], limits[:, 1]


def shares(count: Numbers, n: Numbers) -> Floats:
    """`count` of `n` in per cent; NaN of none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 0, 100 * count / np.maximum(n, 1), np.nan)


def curve(ax: Axes, x: Floats, count: Numbers, n: Numbers, where: Mask, colour: str, **style: Any) -> None:
    """A proportion in per cent along `x` with its band, where it is exact."""
    shown = where & (n > 0)
    low, high = intervals(count, n)
    ax.fill_between(x, low, high, where=shown, color=colour, alpha=0.18, linewidth=0)
    ax.plot(x, np.where(shown, shares(count, n), np.nan), color=colour, linewidth=1.6, **style)
