"""A timeline of few samples: every step a slice, every sample's life a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simnet.analysis.style import FAULT, MUTED, OTHERS, PAPER, SMALL, exit_legend
from simnet.analysis.timeline.lanes import Lane, slots
from simnet.analysis.timeline.view import View
from simnet.analysis.words import fitted

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

LIFE = 0.68  # height of one life line, of a lane's
DEVICE_SPLIT = 0.55  # part of a device's lane for its computing; its uplink has the rest


@dataclass(frozen=True)
class Bar:
    """A step: when it was ready, began and ended, in s."""

    sample: int
    place: str
    transfer: bool
    queued: float
    start: float
    end: float
    lost: bool


def bars_of(spans: pa.Table, view: View) -> list[Bar]:
    """The steps that the view shows a part of."""
    import pyarrow.compute as pc

    queued, ended = spans.column("queued_at"), pc.fill_null(spans.column("ended_at"), view.end)
    inside = pc.and_(pc.less(queued, view.end), pc.greater(ended, view.start))
    return [
        Bar(
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


def places_of(spans: pa.Table, view: View) -> frozenset[str]:
    """Where the samples shown were."""
    import pyarrow.compute as pc

    sample = spans.column("sample")
    mine = spans.filter(pc.and_(pc.greater_equal(sample, view.first), pc.less_equal(sample, view.last)))
    return frozenset(mine.column("place").unique().to_pylist())


def hops_of(spans: pa.Table) -> set[tuple[str, str]]:
    """Which links messages took: their place, and the ends of the message."""
    transfers = spans.select(["place", "message"]).group_by(["place", "message"]).aggregate([])
    return {(row["place"], row["message"]) for row in transfers.to_pylist() if row["message"] is not None}


def lives_of(samples: pa.Table, view: View) -> list[dict[str, Any]]:
    """The shown samples from capture to answer, with a slot each."""
    rows: list[dict[str, Any]] = samples.slice(view.first, view.last - view.first + 1).to_pylist()
    for row in rows:
        row["until"] = row["captured_at"] if row["finished_at"] is None else row["finished_at"]
    room = (0.014 + 0.0105 * len(str(view.last))) * (view.end - view.start)  # for the marker and the number
    ends = [row["until"] + room * (3.0 if row["exit"] is None else 1.5 if not row["correct"] else 1.0) for row in rows]
    taken = slots([row["captured_at"] for row in rows], ends)
    return [{**row, "slot": slot} for row, slot in zip(rows, taken, strict=True)]


def depth_of(lives: Sequence[Mapping[str, Any]]) -> float:
    """Height of the row of lives."""
    return LIFE * (max((life["slot"] for life in lives), default=0) + 1)


def draw_lives(ax: Axes, lives: Sequence[Mapping[str, Any]], top: float, view: View) -> None:
    """The lives of the samples shown, from `top` downward."""
    for life in lives:
        _life(ax, life, top + (life["slot"] + 0.5) * LIFE, view)


def draw_lane(ax: Axes, lane: Lane, bars: Sequence[Bar], top: float, view: View) -> None:
    """What was done in a lane: computing above, transfers below."""
    mine = [bar for bar in bars if bar.place in lane.places]
    computing = [bar for bar in mine if not bar.transfer]
    sending = [bar for bar in mine if bar.transfer]
    split = DEVICE_SPLIT if computing and sending else 1.0 if computing else 0.0
    _row(ax, computing, top + 0.08, lane.height * split - 0.12, view)
    _row(ax, sending, top + lane.height * split + 0.06, lane.height * (1 - split) - 0.14, view)


def _row(ax: Axes, bars: Sequence[Bar], top: float, height: float, view: View) -> None:
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
            facecolor=tint(colour, 0.62) if bar.transfer else colour,
            edgecolor=FAULT if bar.lost else colour,
            linewidth=0.7 if bar.lost else 0.3,
            hatch="////" if bar.transfer else None,
            zorder=3 if view.shows(bar.sample) else 2,
        )  # fmt: skip
        if bar.transfer:
            box.set_hatchcolor(colour)
        ax.add_patch(box)
        if bar.lost:
            ax.plot(
                [bar.end], [top + (slot + 0.5) * tall], "x", color=FAULT, markersize=4, markeredgewidth=1.2, zorder=5
            )
    if waiting:
        at = slots([bar.queued for bar in waiting], [bar.start for bar in waiting])
        thin = strip / (max(at) + 1)
        for bar, slot in zip(waiting, at, strict=True):
            below = top + height - strip + slot * thin
            ax.add_patch(
                Rectangle(
                    (bar.queued, below), bar.start - bar.queued, thin * 0.8,
                    facecolor=tint(view.colour(bar.sample), 0.45), linewidth=0, zorder=2.5,
                )
            )  # fmt: skip


def _life(ax: Axes, life: Mapping[str, Any], y: float, view: View) -> None:
    colour = view.colour(life["sample"])
    ax.plot([life["captured_at"], life["until"]], [y, y], color=colour, linewidth=1.2, solid_capstyle="butt", zorder=3)
    ax.plot([life["captured_at"]], [y], "|", color=colour, markersize=4.6, markeredgewidth=1.2, zorder=3)
    number: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": SMALL, "annotation_clip": True}
    end, offset = (life["until"], y), 4
    if life["exit"] is None:
        ax.plot(*end, marker="X", color=FAULT, markersize=5, markeredgecolor=PAPER, markeredgewidth=0.4, zorder=5)
        words = f"{life['sample']} {life['outcome']}"
        right = view.end - life["until"] < 0.08 * (view.end - view.start)  # no room left after it
        place: dict[str, Any] = {"ha": "right" if right else "left"}
        ax.annotate(words, end, (-offset if right else offset, 0), color=FAULT, **place, **number)
        return
    tone = view.colours[life["exit"]]
    ax.plot(
        *end,
        marker=view.markers[life["exit"]],
        markersize=4.6,
        markerfacecolor=PAPER if life["outcome"] == "forced" else tone,
        markeredgecolor=tone if life["outcome"] == "forced" else PAPER,
        markeredgewidth=1.2 if life["outcome"] == "forced" else 0.5,
        zorder=5,
    )
    if life["correct"] is False:
        ax.annotate("✗", end, (offset, 0), color=FAULT, weight="bold", **number)
        offset += 7
    ax.annotate(str(life["sample"]), end, (offset, 0), color=MUTED, **number)


def legend_of(
    view: View, bars: Mapping[str, Sequence[Bar]], lives: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[Any]:
    """Handles for what the picture contains and nothing else."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    grey = "#8794A1"
    handles: list[Any] = []
    everything = [bar for system in bars.values() for bar in system]
    if any(not bar.transfer for bar in everything):
        handles.append(Patch(facecolor=grey, label="compute"))
    if any(bar.transfer for bar in everything):
        pale = tint(grey, 0.62)
        handles.append(Patch(facecolor=pale, edgecolor=grey, hatch="////", linewidth=0.3, label="transfer"))
    if any(bar.start > bar.queued for bar in everything):
        handles.append(Line2D([], [], color=tint(grey, 0.45), linewidth=3, label="queueing"))
    if any(not view.shows(bar.sample) for bar in everything):
        handles.append(Patch(facecolor=OTHERS, label="other samples"))
    if view.faults:
        handles.append(Patch(facecolor=FAULT, alpha=0.2, label="fault"))
    if any(bar.lost for bar in everything):
        handles.append(
            Line2D([], [], marker="x", color=FAULT, linestyle="", markersize=4, markeredgewidth=1.2, label="lost")
        )
    rows = [life for system in lives.values() for life in system]
    taken = {name: tone for name, tone in view.colours.items() if any(life["exit"] == name for life in rows)}
    for marker, colour, names in exit_legend(taken, view.markers):
        words = f"exit {fitted(names, 2.0)}"
        handles.append(Line2D([], [], marker=marker, color=colour, linestyle="", markersize=5, label=words))
    if any(life["outcome"] == "forced" for life in rows):
        handles.append(
            Line2D(
                [], [], marker="o", linestyle="", markersize=4.6, markerfacecolor=PAPER, markeredgecolor=grey,
                markeredgewidth=1.2, label="forced exit",
            )
        )  # fmt: skip
    if any(life["correct"] is False for life in rows):
        handles.append(Line2D([], [], marker="$✗$", color=FAULT, linestyle="", markersize=5, label="wrong answer"))
    if any(life["exit"] is None for life in rows):
        handles.append(Line2D([], [], marker="X", color=FAULT, linestyle="", markersize=5, label="no answer"))
    return handles


def tint(colour: str, amount: float) -> tuple[float, float, float]:
    """`colour` mixed with white: 0 leaves it, 1 gives white."""
    from matplotlib.colors import to_rgb

    red, green, blue = (channel + (1 - channel) * amount for channel in to_rgb(colour))
    return red, green, blue
