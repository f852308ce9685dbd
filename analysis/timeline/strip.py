"""Faults in a timeline: each is labelled once, in a strip above the lanes, and shaded in the lanes that it hits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from simnet.analysis.faults import Group, together
from simnet.analysis.style import FAULT, PAPER, SMALL
from simnet.analysis.timeline.lanes import Lane, slots
from simnet.analysis.timeline.view import View
from simnet.analysis.words import fitted, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = 0.8  # height of a line of the strip, of a lane's
AXIS = 5.6  # inches of the axis at least
MOST_LABEL = 3.0  # inches of a label
MOST_LINES = 6


@dataclass(frozen=True)
class Entry:
    """A fault of the strip: its line, and where its label stands, in s, which begins there or (`left`) ends there."""

    group: Group | None
    line: int
    label: str
    at: float
    left: bool


def entries_of(lanes: Sequence[Lane], view: View) -> list[Entry]:
    """What the strip says of faults at places that are shown; of more than it has lines for, the first ones."""
    shown = {place for lane in lanes for place in lane.places}
    groups = [group for group in together(view.faults) if group.places & shown]
    spots = [_spot(group, view) for group in groups]
    lines = slots([spot[2] for spot in spots], [spot[3] for spot in spots])
    entries = [
        Entry(group, line, group.label, at, left)
        for group, line, (at, left, _, _) in zip(groups, lines, spots, strict=True)
        if line < MOST_LINES
    ]
    if left_out := len(groups) - len(entries):
        entries.append(Entry(None, MOST_LINES, f"and {left_out} more", view.start, False))
    return entries


def _spot(group: Group, view: View) -> tuple[float, bool, float, float]:
    """Where a label stands, whether it ends there, and from when to when its line is taken.

    After the last bar; where there is no room, before the first one, or within the widest gap.
    """
    width = view.end - view.start
    room = (min(width_of(group.label), MOST_LABEL) + 0.12) / AXIS * width
    spells = [(max(begin, view.start), min(end, view.end)) for begin, end in group.spells]
    first, last = spells[0][0], max(end for _, end in spells)
    if last + room <= view.end:
        return last, False, first, last + room
    if first - room >= view.start:
        return first, True, first - room, last
    gaps, until = [], spells[0][1]
    for begin, end in spells[1:]:
        gaps.append((begin - until, until))
        until = max(until, end)
    if gaps and max(gaps)[0] >= room:
        return max(gaps)[1], False, first, last
    return view.end, True, min(first, view.end - room), last


def height_of(entries: Sequence[Entry]) -> float:
    """Height of the strip."""
    return LINE * (max(entry.line for entry in entries) + 1) + 0.15 if entries else 0.0


def draw_strip(ax: Axes, entries: Iterable[Entry], top: float, view: View) -> None:
    """Draw the strip from `top` downward."""
    for entry in entries:
        y = top + (entry.line + 0.5) * LINE
        for began, ended in entry.group.spells if entry.group else ():
            left, right = max(began, view.start), min(ended, view.end)
            ax.plot([left, right], [y, y], color=FAULT, linewidth=3, alpha=0.35, solid_capstyle="butt", zorder=3)
            for edge in (began, ended):
                if isfinite(edge) and view.start < edge < view.end:
                    ax.plot([edge, edge], [y - 0.3 * LINE, y + 0.3 * LINE], color=FAULT, linewidth=1, zorder=4)
        ax.annotate(
            fitted(entry.label, MOST_LABEL), (entry.at, y), (-4 if entry.left else 4, 0), textcoords="offset points",
            va="center", fontsize=SMALL, color=FAULT, ha="right" if entry.left else "left", zorder=6,
            bbox={"boxstyle": "round,pad=0.12", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85},
        )  # fmt: skip


def shade(ax: Axes, lane: Lane, top: float, view: View) -> None:
    """Shade a lane while faults hit it."""
    spells = {(fault.start, fault.end) for fault in view.faults if any(fault.hits(place) for place in lane.places)}
    for began, ended in sorted(spells):
        start, end = max(began, view.start), min(ended, view.end)
        ax.fill_between([start, end], top, top + lane.height, color=FAULT, alpha=0.13, linewidth=0, zorder=1)
        for edge in (began, ended):
            if isfinite(edge) and view.start < edge < view.end:
                ax.plot([edge, edge], [top, top + lane.height], color=FAULT, linewidth=0.8, zorder=4)
