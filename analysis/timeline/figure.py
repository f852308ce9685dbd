"""The timeline: what every node and link did for a few consecutive samples, one system above the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from simnet.analysis.faults import Fault, faults_of
from simnet.analysis.style import (
    BAND,
    FAULT,
    INK,
    MUTED,
    OTHERS,
    PAPER,
    SAMPLES,
    exit_colours,
    exit_legend,
    exit_markers,
    label,
    look,
    readable,
)
from simnet.analysis.timeline.lanes import MAX_DEVICES, Lane, capturing, lay_out, slots
from simnet.analysis.timeline.window import choose_window, usual_length
from simnet.language.units import format_time
from simnet.results.run import Results, RunError

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 11.0  # inches
LINE = 0.25  # inches per unit of lane height
LIFE = 0.62  # height of one life line, in the same unit
GAP = 0.25  # between groups of lanes
DEVICE_SPLIT = 0.55  # part of a device's lane for its computing; its uplink has the rest


@dataclass(frozen=True)
class _Bar:
    sample: int
    place: str
    transfer: bool
    queued: float
    start: float
    end: float
    lost: bool


@dataclass(frozen=True)
class _View:
    """What one system's panel shows: samples `first` to `last`, between the times `start` and `end`."""

    first: int
    last: int
    start: float
    end: float
    faults: tuple[Fault, ...]
    colours: Mapping[str, str]
    markers: Mapping[str, str]

    def shows(self, sample: int) -> bool:
        return self.first <= sample <= self.last

    def colour(self, sample: int) -> str:
        return SAMPLES[sample % len(SAMPLES)] if self.shows(sample) else OTHERS


def draw_timeline(run: Results, first: int | None = None, count: int | None = None) -> Figure:
    """Draw all systems of a run for the same consecutive samples.

    Args:
        run: The run.
        first: Number of the first sample; None looks for a telling window (`choose_window`).
        count: How many samples; None takes what stays readable (`usual_length`).

    Raises:
        RunError: the run has no such samples, or a table is damaged.
    """
    tables = {name: run.samples(name) for name in run.systems}
    faults = faults_of(run)
    length = usual_length(tables) if count is None else count
    begin = choose_window(tables, faults, length) if first is None else first
    total = min((table.num_rows for table in tables.values()), default=0)
    if not 0 <= begin < total or length < 1:
        raise RunError(f"{run.place}: no samples {begin} to {begin + length - 1}; this run has 0 to {total - 1}")
    last = min(begin + length, total) - 1
    start, end = _period(tables.values(), begin, last)
    exits = [system["exits"] for system in run.summary["systems"].values()]
    view = _View(
        begin, last, start, end,
        tuple(fault for fault in faults if fault.overlaps(start, end)),
        exit_colours(exits), exit_markers(exits),
    )  # fmt: skip
    with look():
        return readable(_figure(run, tables, view))


def _figure(run: Results, tables: Mapping[str, pa.Table], view: _View) -> Figure:
    from matplotlib.figure import Figure

    bars = {name: _bars(run.spans(name), view) for name in tables}
    lives = {name: _lives(table, view) for name, table in tables.items()}
    used = {bar.place for system in bars.values() for bar in system}
    chosen = {bar.place for system in bars.values() for bar in system if view.shows(bar.sample)}
    lanes = lay_out(run.scenario, used, view.faults, chosen)
    heights = []
    for name in tables:
        depth = max((life["slot"] for life in lives[name]), default=0) + 1
        heights.append(depth * LIFE + GAP + sum(lane.height for lane in lanes) + 3 * GAP)
    above, below, between = 0.78, 1.0, 0.5  # inches: heading, axis with legend, space between panels
    size = sum(heights) * LINE + above + below + between * (len(heights) - 1)
    figure = Figure(figsize=(WIDTH, size))
    longest = max(len(lane.label) for lane in lanes)
    left = min(0.105 + 0.0075 * max(0, longest - 14), 0.3)  # about the width of a character
    grid = figure.add_gridspec(
        len(heights), 1, height_ratios=heights, left=left, right=0.985, top=1 - above / size,
        bottom=below / size, hspace=between / (sum(heights) * LINE / len(heights)),
    )  # fmt: skip
    axes: list[Axes] = []
    for row, (name, height) in enumerate(zip(tables, heights, strict=True)):
        ax = figure.add_subplot(grid[row, 0], sharex=axes[0] if axes else None)
        axes.append(ax)
        _panel(ax, lanes, bars[name], lives[name], height, view)
        numbers = run.summary["systems"][name]
        ax.set_title(label(name), pad=7)
        ax.set_title(_describe(numbers), loc="right", pad=7, fontsize=8.5, fontweight="normal", color=MUTED)
        ax.tick_params(axis="x", labelbottom=row == len(heights) - 1, length=0)
    axes[0].set_xlim(view.start, view.end)
    axes[-1].set_xlabel("simulated time, s", color=MUTED)
    heading = f"{label(run.summary['scenario'])}: samples {view.first} to {view.last}"
    devices = len(capturing(run.scenario))
    if devices > MAX_DEVICES:
        heading += f"; {MAX_DEVICES} of {devices} devices shown"
    figure.text(0.012, 1 - 0.17 / size, heading, fontsize=12.5, va="top", weight="bold")
    _legend(figure, view, bars, lives)
    return figure


def _describe(numbers: Mapping[str, Any]) -> str:
    """The whole run in one line, since the window is only a small part of it."""
    parts = [f"whole run: {numbers['captured']:,} samples"]
    if numbers["accuracy"] is not None:
        parts += [
            f"{100 * numbers['accuracy']:.1f} % right",
            f"median {format_time(numbers['latency']['p50'], 3)}",
            f"99 % within {format_time(numbers['latency']['p99'], 3)}",
        ]
    parts += [f"{numbers[key]:,} {key}" for key in ("forced", "dropped", "unfinished") if numbers[key]]
    return "  ·  ".join(parts)


def _period(tables: Any, first: int, last: int) -> tuple[float, float]:
    """From the first capture to the last answer, but no longer than twice the captures or half of the answers need."""
    start, end, captured, half = np.inf, -np.inf, -np.inf, -np.inf
    for table in tables:
        part = table.slice(first, last - first + 1)
        times = part.column("captured_at").to_numpy()
        done = part.column("finished_at").fill_null(times.max()).to_numpy()
        start, captured = min(start, times.min()), max(captured, times.max())
        end, half = max(end, done.max()), max(half, float(np.median(done)))
    span = max(captured - start, 1e-3)
    end = min(end, max(captured + span, half))
    margin = 0.012 * max(end - start, 1e-3)
    return float(start - margin), float(end + 4 * margin)  # a marker and a number stand after the last answer


def _bars(spans: pa.Table, view: _View) -> list[_Bar]:
    import pyarrow.compute as pc

    queued, ended = spans.column("queued_at"), pc.fill_null(spans.column("ended_at"), view.end)
    inside = pc.and_(pc.less(queued, view.end), pc.greater(ended, view.start))
    return [
        _Bar(
            sample=row["sample"],
            place=row["place"],
            transfer=row["kind"] == "transfer",
            queued=row["queued_at"],
            start=row["queued_at"] if row["started_at"] is None else row["started_at"],
            end=view.end if row["ended_at"] is None else row["ended_at"],
            lost=row["status"] == "lost",
        )
        for row in spans.filter(inside).to_pylist()
    ]


def _lives(samples: pa.Table, view: _View) -> list[dict[str, Any]]:
    """The shown samples from capture to answer, with a slot each."""
    rows: list[dict[str, Any]] = samples.slice(view.first, view.last - view.first + 1).to_pylist()
    for row in rows:
        row["until"] = row["captured_at"] if row["finished_at"] is None else row["finished_at"]
    room = 0.03 * (view.end - view.start)  # for the marker and the number, and what else is written there
    ends = [row["until"] + room * (3.0 if row["exit"] is None else 1.5 if not row["correct"] else 1.0) for row in rows]
    taken = slots([row["captured_at"] for row in rows], ends)
    return [{**row, "slot": slot} for row, slot in zip(rows, taken, strict=True)]


def _panel(
    ax: Axes,
    lanes: Sequence[Lane],
    bars: Sequence[_Bar],
    lives: Sequence[Mapping[str, Any]],
    height: float,
    view: _View,
) -> None:
    ax.set_ylim(height, 0)
    ax.grid(axis="x", linewidth=0.7)
    ax.spines[["left", "bottom"]].set_visible(False)
    labels: list[tuple[float, str, bool]] = []
    depth = max((life["slot"] for life in lives), default=0) + 1
    for life in lives:
        _life(ax, life, (life["slot"] + 0.5) * LIFE, view)
    labels.append((depth * LIFE / 2, "samples", True))
    y = depth * LIFE + GAP
    device = True
    for number, lane in enumerate(lanes):
        if device and lane.height != 1.0:
            y, device = y + GAP, False
        if number % 2 == 0:
            ax.axhspan(y, y + lane.height, color=BAND, linewidth=0, zorder=0)
        mine = [bar for bar in bars if bar.place in lane.places]
        computing = [bar for bar in mine if not bar.transfer]
        sending = [bar for bar in mine if bar.transfer]
        split = DEVICE_SPLIT if computing and sending else 1.0 if computing else 0.0
        _row(ax, computing, y + 0.08, lane.height * split - 0.12, view)
        _row(ax, sending, y + lane.height * split + 0.06, lane.height * (1 - split) - 0.14, view)
        _fault(ax, lane, y, view)
        labels.append((y + lane.height / 2, lane.label, lane.link))
        y += lane.height
    ax.set_yticks([at for at, _, _ in labels], [label(text) for _, text, _ in labels])
    ax.tick_params(axis="y", length=0, pad=6)
    for tick, (_, _, quiet) in zip(ax.get_yticklabels(), labels, strict=True):
        tick.set_color(MUTED if quiet else INK)


def _row(ax: Axes, bars: Sequence[_Bar], top: float, height: float, view: _View) -> None:
    """Bars of work in one row; who waits for its turn is a thin pale line below them."""
    from matplotlib.patches import Rectangle

    if not bars or height <= 0:
        return
    waiting = [bar for bar in bars if bar.start - bar.queued > 1e-9]
    strip = 0.26 * height if waiting else 0.0
    at = slots([bar.start for bar in bars], [bar.end for bar in bars])
    tall = (height - strip) / (max(at) + 1)
    for bar, slot in zip(bars, at, strict=True):
        colour = view.colour(bar.sample)
        box = Rectangle(
            (bar.start, top + slot * tall), bar.end - bar.start, tall * 0.94,
            facecolor=_tint(colour, 0.62) if bar.transfer else colour,
            edgecolor=FAULT if bar.lost else colour,
            linewidth=0.9 if bar.lost else 0.5,
            hatch="////" if bar.transfer else None,
            zorder=3 if view.shows(bar.sample) else 2,
        )  # fmt: skip
        if bar.transfer:
            box.set_hatchcolor(colour)
        ax.add_patch(box)
        if bar.lost:
            ax.plot(
                [bar.end], [top + (slot + 0.5) * tall], "x", color=FAULT, markersize=6, markeredgewidth=1.8, zorder=5
            )
    if waiting:
        at = slots([bar.queued for bar in waiting], [bar.start for bar in waiting])
        thin = strip / (max(at) + 1)
        for bar, slot in zip(waiting, at, strict=True):
            below = top + height - strip + slot * thin
            ax.add_patch(
                Rectangle(
                    (bar.queued, below), bar.start - bar.queued, thin * 0.8,
                    facecolor=_tint(view.colour(bar.sample), 0.45), linewidth=0, zorder=2.5,
                )
            )  # fmt: skip


def _life(ax: Axes, life: Mapping[str, Any], y: float, view: _View) -> None:
    colour = view.colour(life["sample"])
    ax.plot([life["captured_at"], life["until"]], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt", zorder=3)
    ax.plot([life["captured_at"]], [y], "|", color=colour, markersize=7, markeredgewidth=1.8, zorder=3)
    number: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": 8, "annotation_clip": True}
    end, offset = (life["until"], y), 7
    if life["exit"] is None:
        ax.plot(*end, marker="X", color=FAULT, markersize=7, markeredgecolor=PAPER, markeredgewidth=0.6, zorder=5)
        words = f"{life['sample']} {life['outcome']}"
        right = view.end - life["until"] < 0.08 * (view.end - view.start)  # no room left after it
        place: dict[str, Any] = {"ha": "right" if right else "left"}
        ax.annotate(words, end, (-offset if right else offset, 0), color=FAULT, **place, **number)
        return
    tone = view.colours[life["exit"]]
    ax.plot(
        *end,
        marker=view.markers[life["exit"]],
        markersize=7,
        markerfacecolor=PAPER if life["outcome"] == "forced" else tone,
        markeredgecolor=tone if life["outcome"] == "forced" else PAPER,
        markeredgewidth=1.8 if life["outcome"] == "forced" else 0.7,
        zorder=5,
    )
    if life["correct"] is False:
        ax.annotate("✗", end, (offset, 0), color=FAULT, weight="bold", **{**number, "fontsize": 9})
        offset += 9
    ax.annotate(str(life["sample"]), end, (offset, 0), color=MUTED, **number)


def _fault(ax: Axes, lane: Lane, y: float, view: _View) -> None:
    for fault in view.faults:
        if not any(fault.hits(place) for place in lane.places):
            continue
        start, end = max(fault.start, view.start), min(fault.end, view.end)
        ax.fill_between([start, end], y, y + lane.height, color=FAULT, alpha=0.13, linewidth=0, zorder=1)
        for edge in (fault.start, fault.end):
            if isfinite(edge) and view.start < edge < view.end:
                ax.plot([edge, edge], [y, y + lane.height], color=FAULT, linewidth=1.1, zorder=4)
        ax.annotate(
            label(fault.label),
            (end, y + lane.height / 2),
            (-4, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8,
            color=FAULT,
            zorder=6,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.8},
        )


def _legend(
    figure: Figure,
    view: _View,
    bars: Mapping[str, Sequence[_Bar]],
    lives: Mapping[str, Sequence[Mapping[str, Any]]],
) -> None:
    """What the picture contains and nothing else."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    grey = "#8794A1"
    handles: list[Any] = []
    everything = [bar for system in bars.values() for bar in system]
    if any(not bar.transfer for bar in everything):
        handles.append(Patch(facecolor=grey, label="compute"))
    if any(bar.transfer for bar in everything):
        pale = _tint(grey, 0.62)
        handles.append(Patch(facecolor=pale, edgecolor=grey, hatch="////", linewidth=0.5, label="transfer"))
    if any(bar.start > bar.queued for bar in everything):
        handles.append(Line2D([], [], color=_tint(grey, 0.45), linewidth=3, label="queueing"))
    if any(not view.shows(bar.sample) for bar in everything):
        handles.append(Patch(facecolor=OTHERS, label="other samples"))
    if view.faults:
        handles.append(Patch(facecolor=FAULT, alpha=0.2, label="fault"))
    if any(bar.lost for bar in everything):
        handles.append(Line2D([], [], marker="x", color=FAULT, linestyle="", markeredgewidth=1.8, label="lost"))
    rows = [life for system in lives.values() for life in system]
    taken = {name: tone for name, tone in view.colours.items() if any(life["exit"] == name for life in rows)}
    for marker, colour, names in exit_legend(taken, view.markers):
        words = f"exit {label(names)}"
        handles.append(Line2D([], [], marker=marker, color=colour, linestyle="", markersize=7, label=words))
    if any(life["outcome"] == "forced" for life in rows):
        handles.append(
            Line2D(
                [], [], marker="o", linestyle="", markersize=6.5, markerfacecolor=PAPER, markeredgecolor=grey,
                markeredgewidth=1.8, label="forced exit",
            )
        )  # fmt: skip
    if any(life["correct"] is False for life in rows):
        handles.append(Line2D([], [], marker="$✗$", color=FAULT, linestyle="", markersize=7, label="wrong answer"))
    if any(life["exit"] is None for life in rows):
        handles.append(Line2D([], [], marker="X", color=FAULT, linestyle="", markersize=7, label="no answer"))
    figure.legend(
        handles=handles, loc="lower center", ncols=(len(handles) + 1) // 2 if len(handles) > 8 else len(handles),
        fontsize=8.5, handlelength=1.7, columnspacing=1.6, handletextpad=0.5, borderpad=0.2,
    )  # fmt: skip


def _tint(colour: str, amount: float) -> tuple[float, float, float]:
    """`colour` mixed with white: 0 leaves it, 1 gives white."""
    from matplotlib.colors import to_rgb

    red, green, blue = (channel + (1 - channel) * amount for channel in to_rgb(colour))
    return red, green, blue
