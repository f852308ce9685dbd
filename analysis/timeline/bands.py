"""A timeline of many samples: exits over time, and how much every place was used, instead of single steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simnet.analysis.style import COMPUTING, FAULT, INK, MUTED, OTHERS, SENDING, SMALL, WAITING, label
from simnet.analysis.timeline.lanes import Lane
from simnet.analysis.timeline.view import View
from simnet.language.names import LINK_ARROW
from simnet.language.units import format_time

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

EXITS, LATENCY = 3.2, 2.4  # heights of these rows, of a lane's
NODE, LINK, QUEUE = COMPUTING, SENDING, WAITING
MOST_BINS, FEWEST = 60, 8
"""Bins of the samples shown, and how many of them one holds on average at least."""


@dataclass(frozen=True)
class Used:
    """How much a place was used, by windows: `steps` are their ends, one more than the values."""

    steps: NDArray[np.float64]
    utilisation: NDArray[np.float64]
    queue: NDArray[np.float64]


def used_of(usage: pa.Table, view: View) -> dict[str, Used]:
    """The windows of ``usage.parquet`` that the view shows a part of, by place."""
    rows: dict[str, list[tuple[float, float, float, float]]] = {}
    columns = (usage.column(name).to_pylist() for name in ("place", "began", "ended", "utilisation", "queue_max"))
    for place, began, ended, utilisation, queue in zip(*columns, strict=True):
        if ended > view.start and began < view.end:
            rows.setdefault(place, []).append((began, ended, np.nan if utilisation is None else utilisation, queue))
    found = {}
    for place, those in rows.items():
        began, ended, utilisation, queue = np.array(those).T
        found[place] = Used(np.append(began, ended[-1]), utilisation, queue)
    return found


def draw_answers(ax: Axes, samples: pa.Table, exits: Sequence[str], top: float, view: View) -> list[tuple[float, str]]:
    """Shares of exits and right answers, and latency, by time of capture. Returns its rows' places and names."""
    shown = samples.slice(view.first, view.last - view.first + 1)
    captured = shown.column("captured_at").to_numpy()
    number = max(1, min(MOST_BINS, len(captured) // FEWEST))
    edges = np.linspace(captured[0], np.nextafter(captured[-1], np.inf), number + 1)
    bins = np.clip(np.searchsorted(edges, captured, side="right") - 1, 0, number - 1)
    of = np.bincount(bins, minlength=number)
    where = np.array(shown.column("exit").to_pylist(), object)
    right = np.array([one is True for one in shown.column("correct").to_pylist()])
    bottom, below = top + EXITS - 0.15, np.zeros(number)
    with np.errstate(invalid="ignore", divide="ignore"):
        for name, those in [*((one, where == one) for one in exits), (None, np.array([one is None for one in where]))]:
            share = np.nan_to_num(np.bincount(bins[those], minlength=number) / of)
            colour = FAULT if name is None else view.colours[name]
            scale = EXITS - 0.3
            _steps(ax, edges, bottom - scale * below, bottom - scale * (below + share), colour, 1.0 if name else 0.5)
            below = below + share
        rightly = bottom - (EXITS - 0.3) * np.bincount(bins[right], minlength=number) / of
    middle = (edges[:-1] + edges[1:]) / 2
    there = of > 0
    ax.plot(middle[there], rightly[there], color="white", linewidth=2.2, zorder=4)
    ax.plot(middle[there], rightly[there], color=INK, linewidth=1.1, zorder=5)
    _latency(ax, shown, bins, edges, top + EXITS)
    return [(top + EXITS / 2, "exits"), (top + EXITS + LATENCY / 2, "latency")]


def _latency(ax: Axes, shown: pa.Table, bins: NDArray[Any], edges: NDArray[np.float64], top: float) -> None:
    """Median and 95th percentile of latency in each bin, on a scale from 0 to the highest of them."""
    values = shown.column("latency").to_numpy().astype(float)
    both = np.full((2, len(edges) - 1), np.nan)
    for number in range(len(edges) - 1):
        here = values[(bins == number) & ~np.isnan(values)]
        if len(here):
            both[:, number] = np.percentile(here, (50, 95))
    if np.isnan(both).all():
        return
    most = float(np.nanmax(both)) or 1.0
    bottom, scale = top + LATENCY - 0.15, LATENCY - 0.4
    median, high = bottom - scale * both / most
    _steps(ax, edges, np.full(len(median), bottom), np.nan_to_num(high, nan=bottom), OTHERS, 0.8)
    ax.stairs(median, edges, color=INK, linewidth=0.9, baseline=None, zorder=4)
    _beside(ax, top + LATENCY / 2, f"p95 ≤ {format_time(most, 3)}")


def draw_use(ax: Axes, lane: Lane, used: Mapping[str, Used], top: float) -> None:
    """Utilisation of a lane's places as areas, the whole height being 1, and the longest queue as a line."""
    nodes = [used[place] for place in lane.places if place in used and LINK_ARROW not in place]
    links = [used[place] for place in lane.places if place in used and LINK_ARROW in place]
    bottom, height = top + lane.height - 0.06, lane.height - 0.16
    for those, colour in ((nodes, NODE), (links, LINK)):
        if those:
            steps, most = those[0].steps, _most([one.utilisation for one in those])
            _steps(ax, steps, np.full(len(most), bottom), bottom - height * np.minimum(most, 1.0), colour, 0.75)
    every = [*nodes, *links]
    if not every:
        return
    busiest = max(float(_most([one.utilisation]).max()) for one in every)
    longest = max(float(one.queue.max()) for one in every)
    words = f"{100 * busiest:.3g} %" if busiest >= 0.001 else "< 0.1 %" if busiest else "0 %"
    if longest:
        for one in every:
            if one.queue.max():
                line = bottom - height * one.queue / longest
                ax.stairs(line, one.steps, color=QUEUE, linewidth=0.8, baseline=None, zorder=4)
        words += f"  ·  {longest:,.0f}"
    _beside(ax, top + lane.height / 2, words)


def draw_heading(ax: Axes, y: float) -> None:
    """What the numbers beside the lanes are."""
    _beside(ax, y, "most used  ·  queue")


def _most(values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The highest of several places; 0 where it cannot be told."""
    return np.asarray(np.nan_to_num(np.array(values)).max(axis=0))


def _steps(ax: Axes, edges: Any, low: NDArray[Any], high: NDArray[Any], colour: str, alpha: float) -> None:
    ax.fill_between(edges, np.append(low, low[-1]), np.append(high, high[-1]), step="post", color=colour, alpha=alpha,
                    linewidth=0, zorder=2)  # fmt: skip


def _beside(ax: Axes, y: float, words: str) -> None:
    """Words to the right of the axes."""
    ax.annotate(label(words), (1, y), (5, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                va="center", fontsize=SMALL, color=MUTED, annotation_clip=False)  # fmt: skip


def legend_of(view: View, exits: Sequence[str], dropped: bool, queues: bool) -> list[Any]:
    """Handles for what the picture contains."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(facecolor=view.colours[name], label=f"exit {label(name)}") for name in exits]
    if dropped:
        handles.append(Patch(facecolor=FAULT, alpha=0.5, label="no answer"))
    handles.append(Line2D([], [], color=INK, linewidth=1.1, label="share right; median latency"))
    handles.append(Patch(facecolor=OTHERS, alpha=0.8, label="latency, 95 %"))
    handles.append(Patch(facecolor=NODE, alpha=0.75, label="node used"))
    handles.append(Patch(facecolor=LINK, alpha=0.75, label="link used"))
    if queues:
        handles.append(Line2D([], [], color=QUEUE, linewidth=0.8, label="longest queue"))
    if view.faults:
        handles.append(Patch(facecolor=FAULT, alpha=0.2, label="fault"))
    return handles
