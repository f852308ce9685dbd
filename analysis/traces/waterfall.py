"""The waterfall of a sample: where its latency went, in every system, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from simnet.analysis.style import (
    BAND,
    COMPUTING,
    FAULT,
    HEADING,
    INK,
    MUTED,
    OTHERS,
    PAPER,
    SENDING,
    SMALL,
    TITLE,
    WAITING,
    WIDTH,
    exit_colours,
    exit_markers,
    label,
    look,
    readable,
)
from simnet.analysis.traces.account import Account
from simnet.analysis.traces.critical import COMPUTE, PROPAGATE, QUEUE, SKEW, TRANSMIT, WAIT, Part
from simnet.analysis.words import fitted, legend_columns, widest, width_of
from simnet.language.units import format_time
from simnet.results.run import Results
from simnet.times import PER_SECOND, seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    COMPUTE: COMPUTING,
    TRANSMIT: SENDING,
    PROPAGATE: "#F9DDB5",
    QUEUE: "#6B7785",
    WAIT: WAITING,
    SKEW: "#8C6D46",
}
"""Of each kind of part."""
WORDS = {
    COMPUTE: "compute", TRANSMIT: "transmit", PROPAGATE: "propagate", QUEUE: "queue", WAIT: "wait for messages",
    SKEW: "camera captures later",
}  # fmt: skip
ROW, ABOVE, BELOW, BETWEEN = 0.19, 0.48, 0.36, 0.34  # inches
MOST_LABEL = 1.8  # inches that the names of places may take
KEY = 0.155  # inches of a row of the legend
ROOM = 1.25  # of the longest latency, with what is written behind it
MOST_ROWS = 40
"""Of one system; where a path has more, the shortest are left out."""
PER_MS = PER_SECOND // 1000


class Row(NamedTuple):
    """What a path does at one place without leaving it."""

    place: str
    parts: tuple[Part, ...]

    @property
    def length(self) -> int:
        """In picoseconds."""
        return self.parts[-1].end - self.parts[0].begin


def draw_waterfall(run: Results, accounts: Sequence[Account]) -> Figure:
    """Draw where a sample's latency went: a panel for each system, below one another, with the same axis.

    Each row is a place on the critical path, each bar what it did there; what else the sample did at the same places is
    pale.

    Args:
        run: The run, which tells what exits look like.
        accounts: What happened to the sample in each system, at least one.
    """
    from matplotlib.figure import Figure

    with look():
        rows = [_rows(account) for account in accounts]
        heights = [max(len(one), 1) for one in rows]
        handles = _legend(rows, any(_pale(account, those) for account, those in zip(accounts, rows, strict=True)))
        columns = legend_columns([str(handle.get_label()) for handle in handles], WIDTH - 0.1, 0.36)
        below = BELOW + KEY * -(-len(handles) // columns)
        size = sum(heights) * ROW + ABOVE + below + BETWEEN * (len(rows) - 1)
        figure = Figure(figsize=(WIDTH, size))
        left = min(max(widest(row.place for one in rows for row in one), 0.4), MOST_LABEL) + 0.13
        grid = figure.add_gridspec(
            len(rows), 1, height_ratios=heights, left=left / WIDTH, right=1 - 0.1 / WIDTH,
            top=1 - ABOVE / size, bottom=below / size, hspace=BETWEEN / (sum(heights) * ROW / len(rows)),
        )  # fmt: skip
        limit = ROOM * max((account.latency for account in accounts), default=0) / PER_MS or 1.0
        axes: list[Axes] = []
        for number, (account, those) in enumerate(zip(accounts, rows, strict=True)):
            ax = figure.add_subplot(grid[number, 0], sharex=axes[0] if axes else None)
            axes.append(ax)
            _panel(ax, account, those, run, limit)
            ax.tick_params(axis="x", labelbottom=number == len(rows) - 1, length=0)
        axes[0].set_xlim(-0.008 * limit, limit)
        axes[-1].set_xlabel("time after the capture, ms", color=MUTED)
        row = accounts[0].row
        heading = f": sample {row['sample']}, class {row['label']}"
        name = fitted(run.summary["scenario"], WIDTH - 0.2 - width_of(heading, HEADING, bold=True), HEADING, bold=True)
        figure.text(0.09 / WIDTH, 1 - 0.07 / size, name + heading, fontsize=HEADING, va="top", weight="bold")
        if handles:
            figure.legend(
                handles=handles, loc="lower center", ncols=columns, handlelength=1.6, columnspacing=1.2,
                handletextpad=0.5, borderpad=0.2, labelspacing=0.3,
            )  # fmt: skip
        return readable(figure)


def _rows(account: Account) -> list[Row]:
    rows: list[Row] = []
    for part in account.parts:
        if rows and rows[-1].place == part.place:
            rows[-1] = Row(part.place, (*rows[-1].parts, part))
        else:
            rows.append(Row(part.place, (part,)))
    long = sorted(range(len(rows)), key=lambda number: -rows[number].length)[:MOST_ROWS]
    return [rows[number] for number in sorted(long)]


def _panel(ax: Axes, account: Account, rows: Sequence[Row], run: Results, limit: float) -> None:
    from matplotlib.patches import Rectangle

    begin = account.life.captured
    ax.set_ylim(max(len(rows), 1), 0)
    ax.grid(axis="x", linewidth=0.7)
    ax.spines[["left", "bottom"]].set_visible(False)
    for y in range(0, len(rows), 2):
        ax.axhspan(y, y + 1, color=BAND, linewidth=0, zorder=0)
    for y, started, ended in _pale(account, rows):
        ax.add_patch(Rectangle(((started - begin) / PER_MS, y + 0.3), (ended - started) / PER_MS, 0.4, color=OTHERS))
    for y, row in enumerate(rows):
        for part in row.parts:
            left, wide = (part.begin - begin) / PER_MS, (part.end - part.begin) / PER_MS
            ax.add_patch(
                Rectangle(
                    (left, y + 0.14), wide, 0.72, facecolor=COLOURS[part.kind], edgecolor=COLOURS[part.kind],
                    linewidth=0.4, hatch="////" if part.kind == WAIT else None, alpha=0.75 if part.kind == WAIT else 1,
                    zorder=3,
                )
            )  # fmt: skip
        words = format_time(seconds(row.length), 3)
        awaited = [node for part in row.parts for node in part.awaited]
        if awaited:
            words += f", for {label(', '.join(awaited[:3]))}{' …' if len(awaited) > 3 else ''}"
        _beside(ax, words, row, y, begin, limit)
    ax.set_yticks([y + 0.5 for y in range(len(rows))], [fitted(row.place, MOST_LABEL) for row in rows])
    ax.tick_params(axis="y", length=0, pad=4)
    _outcome(ax, account, len(rows), run)


def _beside(ax: Axes, words: str, row: Row, y: int, begin: int, limit: float) -> None:
    """Words after a row's bars; before them, or at their end, where there is no room."""
    left, right = ((time - begin) / PER_MS for time in (row.parts[0].begin, row.parts[-1].end))
    needed = (width_of(words) + 0.1) / (WIDTH - 0.23 - MOST_LABEL) * limit  # the axis is no narrower
    at, shift, side = (left, -4, "right") if left > needed else (right, -4, "right")
    if right + needed < limit:
        at, shift, side = right, 4, "left"
    ax.annotate(
        words, (at, y + 0.5), (shift, 0), textcoords="offset points", va="center", ha=side, fontsize=SMALL, color=MUTED,
        zorder=5, bbox={"boxstyle": "round,pad=0.1", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.8},
    )  # fmt: skip


def _outcome(ax: Axes, account: Account, count: int, run: Results) -> None:
    """How it ended: in the heading, and as a marker at its end."""
    row, end = account.row, account.latency / PER_MS
    exits = [system["exits"] for system in run.summary["systems"].values()]
    if row["exit"] is None:
        words, tone = f"{row['outcome']}" + (f": {row['reason']}" if row["reason"] else ""), FAULT
        ax.plot([end], [count - 0.5], marker="X", color=FAULT, markersize=6, markeredgecolor=PAPER, zorder=6)
    else:
        right = "right" if row["correct"] else "wrong"
        words = f"{row['outcome']} at exit {row['exit']} with class {row['prediction']}, {right}"
        tone = INK if row["correct"] else FAULT
        colour, marker = exit_colours(exits)[row["exit"]], exit_markers(exits)[row["exit"]]
        ax.axvline(end, color=colour, linewidth=0.9, zorder=2)
        inside, around = (PAPER, colour) if row["outcome"] == "forced" else (colour, PAPER)
        ax.plot(
            [end], [0], marker=marker, markersize=5.5, markerfacecolor=inside, markeredgecolor=around, clip_on=False
        )
    words = f"{format_time(seconds(account.latency), 4)}  ·  {label(words)}"
    if account.missing:
        words += f"  ·  without {label(', '.join([*account.missing][:4]))}{' …' if len(account.missing) > 4 else ''}"
    room = WIDTH - 0.25 - MOST_LABEL - width_of(words)
    ax.set_title(fitted(account.system, max(room, 1.0), TITLE, bold=True), pad=5)
    ax.set_title(words, loc="right", pad=5, fontsize=SMALL, fontweight="normal", color=tone)


def _pale(account: Account, rows: Sequence[Row]) -> list[tuple[int, int, int]]:
    """Row, begin and end of the sample's other steps at the places of its path."""
    on_path = {id(part.step) for part in account.parts}
    where = {row.place: y for y, row in enumerate(rows)}
    return [
        (where[step.place], step.started, min(step.ended, account.life.ended))
        for step in account.steps
        if id(step) not in on_path and step.place in where and step.started < account.life.ended
    ]


def _legend(rows: Sequence[Sequence[Row]], pale: bool) -> list[Any]:
    from matplotlib.patches import Patch

    there = {part.kind for one in rows for row in one for part in row.parts}
    handles: list[Any] = []
    for kind, words in WORDS.items():
        if kind in there:
            hatch = "////" if kind == WAIT else None
            handles.append(Patch(facecolor=COLOURS[kind], hatch=hatch, edgecolor=COLOURS[kind], label=words))
            if kind == WAIT:
                handles[-1].set_alpha(0.75)
    if pale:
        handles.append(Patch(facecolor=OTHERS, label="not waited for"))
    return handles
