"""What happened around each fault, beside what would have happened without it: a column for each fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simnet.analysis.distributions import LOG_FROM
from simnet.analysis.exits.sheet import below, remark
from simnet.analysis.stories.record import Record, record_of, without_each
from simnet.analysis.stories.scenes import Scene, scene_of, selected
from simnet.analysis.stories.windows import Curve, Windows
from simnet.analysis.style import (
    FAULT,
    INK,
    MUTED,
    OTHERS,
    PAPER,
    SAMPLES,
    WIDTH,
    exit_colours,
    exit_markers,
    label,
    look,
    readable,
)
from simnet.language.errors import unknown
from simnet.results.run import Results, RunError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_FAULTS = 3
"""Side by side in one figure."""
MOST_SYSTEMS = 4
"""Over one another in one panel."""
MARKERS = ("o", "s", "^", "D")
SMALL = 7.5
"""Points of what is written in panels and legends."""
WITHOUT: dict[str, Any] = {"linestyle": (0, (1, 1.3)), "linewidth": 1.4, "zorder": 2.5}
"""How the run without the fault is drawn."""


class Told(NamedTuple):
    """A system: its name and number, its samples as they were, and as they would have been without each fault."""

    name: str
    number: int
    real: Record
    without: Mapping[str, Record]


def draw_faults(run: Results, faults: Sequence[str] = (), systems: Sequence[str] = ()) -> Figure:
    """Right answers, latency, exits and bytes in windows of the time of capture around faults, a column for each.

    Bands are 95 % intervals as of independent samples (see `simnet.analysis.stories.windows`), dotted lines the same
    samples without the fault. What is left out is said below.

    Args:
        run: The run.
        faults: Which ones, by name or pattern; none: the `MOST_FAULTS` that changed most samples.
        systems: Which ones; none: all. The first `MOST_SYSTEMS` are shown.

    Raises:
        RunError: no fault struck, there are no such faults or systems, or a table is damaged.
    """
    from simnet.analysis.drawing import Drawing

    chosen, left_out = selected(run, faults, MOST_FAULTS)
    for name in systems:
        if name not in run.systems:
            raise RunError(f"{run.place}: {unknown('system', name, run.systems)}")
    names = [name for name in run.systems if name in systems or not systems]
    told = []
    for name in names[:MOST_SYSTEMS]:
        record = record_of(run, name)
        told.append(Told(name, run.systems.index(name), record, without_each(run, name, record)))
    captured = max((one.real.captured for one in told), key=len)
    scenes = [scene_of(run, name, captured, _recovered(run, name)) for name in chosen]
    rows = ["right", "latency", *(f"exits {number}" for number in range(len(told))), "bytes"]
    with look():
        size = 0.87 + 1.28 * len(rows)
        figure = Drawing(figsize=(WIDTH, size))
        axes = figure.subplots(len(rows), len(scenes), squeeze=False, sharex="col", sharey="row")
        figure.subplots_adjust(
            left=0.085, right=0.985, top=1 - 0.72 / size, bottom=0.42 / size, wspace=0.07, hspace=0.16
        )
        latencies: list[float] = []
        for column, scene in enumerate(scenes):
            for ax in axes[:, column]:
                _shade(ax, scene)
            latencies += _scene(list(axes[:, column]), run, told, scene)
        _axes(axes, told, latencies)
        for column, scene in enumerate(scenes):
            axes[0, column].set_title(
                _title(scene, 88 // len(scenes)), fontsize=SMALL + 0.5, color=FAULT, loc="left", pad=4
            )
        _legend(figure, run, told, any(scene.others for scene in scenes))
        below(figure, _remarks(run, told, chosen, left_out, names[MOST_SYSTEMS:]))
        return readable(figure)


def look_of(system: int) -> dict[str, Any]:
    """Colour and marker of a system by its number in the run; they come again when there are no more."""
    return {"color": SAMPLES[system % len(SAMPLES)], "marker": MARKERS[system % len(MARKERS)]}


def shortened(words: str, most: int) -> str:
    """As many letters as there is room for."""
    return label(words if len(words) <= most else f"{words[: most - 1]}…")


def _recovered(run: Results, fault: str) -> float:
    """When, in s, service was as without the fault again, as far as it is known."""
    found = [0.0]
    for system in run.summary["systems"].values():
        told = system.get("faults", {}).get(fault, {})
        if told.get("time_to_recover") is not None and told["periods"] == 1 and told["last"]["ended"] is not None:
            found.append(told["last"]["ended"] + told["time_to_recover"])
    return max(found)


def _scene(column: Sequence[Axes], run: Results, told: Sequence[Told], scene: Scene) -> list[float]:
    """Draw a fault's column; returns the latencies shown, in ms."""
    colours, markers = _exit_looks(run)
    right, latency, bytes_ = column[0], column[1], column[-1]
    shown: list[float] = []
    if len(scene.edges) < 2 or not any(Windows(one.real, scene.edges).captured.any() for one in told):
        for ax in column:
            remark(ax, "no sample was captured here")
        return []
    right.set_xlim(scene.edges[0], scene.edges[-1])
    for number, one in enumerate(told):
        real = Windows(one.real, scene.edges)
        other = Windows(one.without[scene.fault], scene.edges) if scene.fault in one.without else None
        style = look_of(one.number)
        _draw(right, real, real.right(), None if other is None else other.right(), 100, style)
        for share, dashes in ((0.5, "solid"), (0.95, (0, (4, 1.5)))):
            found = real.latency(share)
            instead = None if other is None else other.latency(share)
            _draw(latency, real, found, instead, 1e3, {**style, "linestyle": dashes})
            for values in (found.value, () if instead is None else instead.value):
                shown += [1e3 * value for value in values if np.isfinite(value)]
        _draw(bytes_, real, real.bytes(), None if other is None else other.bytes(), 1e-3, style)
        exits = column[2 + number]
        for name in run.summary["systems"][one.name]["exits"]:
            here = {"color": colours[name], "marker": markers[name]}
            _draw(exits, real, real.exit(name), None if other is None else other.exit(name), 100, here)
        if not np.isfinite(real.latency(0.5).value).any():
            remark(exits, "no sample was answered here")
    if not shown:
        remark(latency, "no sample was answered here")
    return shown


def _draw(
    ax: Axes, windows: Windows, real: Curve, other: Curve | None, factor: float, style: Mapping[str, Any]
) -> None:
    middles, there = (windows.edges[:-1] + windows.edges[1:]) / 2, np.isfinite(real.value)
    low, high = np.where(there, real.low, np.nan), np.where(there, real.high, np.nan)
    # where there is no limit, the band ends at the value: what is beyond is told below the panels
    low, high = np.where(np.isinf(low), real.value, low), np.where(np.isinf(high), real.value, high)
    ax.fill_between(middles, factor * low, factor * high, color=style["color"], alpha=0.16, linewidth=0, zorder=2)
    if other is not None:
        ax.plot(middles, factor * other.value, color=style["color"], **WITHOUT)
    ax.plot(middles, factor * real.value, **{"linewidth": 1.3, "markersize": 2.6, "zorder": 3, **style})


def _shade(ax: Axes, scene: Scene) -> None:
    """The fault in red, others in grey."""
    if len(scene.edges) < 2:
        return
    first, last = float(scene.edges[0]), float(scene.edges[-1])
    for spells, colour, alpha in ((scene.others, MUTED, 0.13), (scene.spells, FAULT, 0.12)):
        for began, ended in spells:
            if began < last and ended > first:
                ax.axvspan(max(began, first), min(ended, last), facecolor=colour, alpha=alpha, linewidth=0, zorder=0)
    for at in scene.spells[0] if len(scene.spells) == 1 else ():
        if first <= at <= last:
            ax.axvline(at, color=FAULT, linewidth=0.8, zorder=1)


def _axes(axes: Any, told: Sequence[Told], latencies: Sequence[float]) -> None:
    for ax in axes.ravel():
        ax.tick_params(which="both", length=0, labelsize=SMALL)
        ax.grid(linewidth=0.5)
    units = ["right, %", "latency, ms", *("exits, %" for _ in told), "kB per sample"]
    for row, unit in zip(axes, units, strict=True):
        row[0].set_ylabel(unit, color=MUTED, fontsize=SMALL, labelpad=2)
        row[0].yaxis.set_label_coords(-0.062 * axes.shape[1], 0.5)
    axes[0, 0].set_ylim(top=102)
    positive = [value for value in latencies if value > 0]
    if positive and max(positive) > LOG_FROM * min(positive):
        axes[1, 0].set_yscale("log")
        axes[1, 0].yaxis.set_major_formatter("{x:g}")
    else:
        axes[1, 0].set_ylim(bottom=0)
    for number, one in enumerate(told):
        row = axes[2 + number]
        row[0].set_ylim(-4, 104)
        paper = {"facecolor": PAPER, "alpha": 0.7, "linewidth": 0, "pad": 1}
        row[0].text(
            0.012, 0.93, label(one.name), transform=row[0].transAxes, va="top", fontsize=SMALL, color=INK,
            fontweight="bold", zorder=5, bbox=paper,
        )  # fmt: skip
    axes[-1, 0].set_ylim(bottom=0)
    for ax in axes[-1]:
        ax.set_xlabel("captured at, s", color=MUTED, fontsize=SMALL, labelpad=2)


def _title(scene: Scene, most: int) -> str:
    """The fault's name, and what it did when, in lines of so many letters at most."""
    began, ended = scene.spells[0]
    until = "the end" if np.isinf(ended) else f"{ended:.4g} s"
    when = f"{began:.4g} s to {until}" if len(scene.spells) == 1 else f"{len(scene.spells)} times"
    told = when if scene.label.startswith(scene.fault) else f"{when}, {scene.label}"
    return f"{shortened(scene.fault, most)}\n{shortened(told, most)}"


def _exit_looks(run: Results) -> tuple[dict[str, str], dict[str, str]]:
    every = [system["exits"] for system in run.summary["systems"].values()]
    return exit_colours(every), exit_markers(every)


def _legend(figure: Figure, run: Results, told: Sequence[Told], others: bool) -> None:
    from matplotlib.artist import Artist
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    colours, markers = _exit_looks(run)
    handles: list[Artist] = [Line2D([], [], markersize=4, label=label(one.name), **look_of(one.number)) for one in told]
    for name in dict.fromkeys(name for one in told for name in run.summary["systems"][one.name]["exits"]):
        handles.append(
            Line2D([], [], color=colours[name], marker=markers[name], markersize=4, label=f"exit {label(name)}")
        )
    handles += [
        Line2D([], [], color=MUTED, label="median"),
        Line2D([], [], color=MUTED, linestyle=(0, (4, 1.5)), label="95th percentile"),
        Line2D([], [], color=MUTED, linestyle=WITHOUT["linestyle"], linewidth=1.4, label="without the fault"),
        Patch(facecolor=MUTED, alpha=0.25, label="95 % interval"),
        Patch(facecolor=FAULT, alpha=0.2, label="the fault"),
    ]
    if others:
        handles.append(Patch(facecolor=OTHERS, label="another fault"))
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), ncols=-(-len(handles) // 2), fontsize=SMALL - 0.5,
        handlelength=1.6, columnspacing=1.0, borderpad=0.2, labelspacing=0.3, handletextpad=0.5,
    )  # fmt: skip


def _remarks(
    run: Results, told: Sequence[Told], chosen: Sequence[str], left_out: Sequence[str], systems: Sequence[str]
) -> list[str]:
    """What is to be known of what is shown, and what is not."""
    found = ["right and exits: of all captured in a window; a band that ends at its line: too few answers for a limit"]
    if unknown_ := [name for name in chosen if not any(name in one.without for one in told)]:
        found.append(f"not known without the fault: {_listed(unknown_)}")
    if left_out:
        found.append(f"{len(left_out)} more faults (--faults NAMES): {_listed(left_out)}")
    if systems:
        found.append(f"{len(systems)} more systems (--systems NAMES): {_listed(systems)}")
    return found


def _listed(names: Sequence[str]) -> str:
    """Some names, as many as have room in a line."""
    return shortened(", ".join(names), 80)
