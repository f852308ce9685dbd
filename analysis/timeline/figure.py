"""The timeline: what every node and link did for some consecutive samples, one system above the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simnet.analysis.faults import faults_of
from simnet.analysis.style import (
    BAND,
    HEADING,
    INK,
    MUTED,
    PAGE,
    SMALL,
    TITLE,
    WIDTH,
    exit_colours,
    exit_markers,
    look,
    readable,
)
from simnet.analysis.timeline import bands, slices, strip
from simnet.analysis.timeline.lanes import MAX_DEVICES, Lane, capturing, lay_out
from simnet.analysis.timeline.selection import Selection
from simnet.analysis.timeline.view import View, captures_of, period_of
from simnet.analysis.timeline.window import choose_window, usual_length
from simnet.analysis.words import fitted, legend_columns, widest, width_of
from simnet.language.units import format_time
from simnet.results.run import Results, RunError

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 0.165  # inches per unit of lane height
GAP = 0.25  # between groups of lanes
ABOVE, BELOW, BETWEEN = 0.5, 0.4, 0.32  # inches: heading, axis, space between panels
KEY = 0.155  # inches of a row of the legend
MOST_LABEL = 1.7  # inches that the names of rows may take
NUMBERS = 1.12  # inches beside bands, for what they say in numbers
MOST_SINGLE = 40
"""Samples that are drawn step by step; of more, use and exits are drawn over time."""


@dataclass(frozen=True)
class _System:
    """What is drawn of one system."""

    name: str
    samples: pa.Table
    bars: Sequence[slices.Bar]
    lives: Sequence[Mapping[str, Any]]
    used: Mapping[str, bands.Used] | None
    places: frozenset[str]
    """Where the samples shown were."""

    @property
    def depth(self) -> float:
        """Height of the rows above the lanes."""
        return slices.depth_of(self.lives) if self.used is None else bands.EXITS + bands.LATENCY


def draw_timeline(run: Results, selection: Selection | None = None) -> Figure:
    """Draw systems of a run for the same consecutive samples.

    Up to 40 samples are drawn step by step. Of more, exits, latency, utilisation and queues are drawn over time. Where
    nobody chose systems, the first ones are drawn that a page has room for, and it is said how many there are.

    Raises:
        RunError: the run has no such samples, systems or nodes, or a table is damaged.
    """
    asked = selection or Selection()
    systems = asked.systems_of(run)
    tables = {name: run.samples(name) for name in systems}
    nodes = asked.nodes_of(run)
    faults = faults_of(run)
    first, last = asked.samples_of(
        run, tables, lambda length: choose_window(tables, faults, length), lambda: usual_length(tables)
    )
    many = last - first >= MOST_SINGLE
    start, end = (captures_of if many else period_of)(tables.values(), first, last)
    exits = [system["exits"] for system in run.summary["systems"].values()]
    seen = tuple(fault for fault in faults if fault.overlaps(start, end))
    view = View(first, last, start, end, seen, exit_colours(exits), exit_markers(exits))
    with look():
        drawn = [_system(run, name, view, many) for name in systems]
        return readable(_figure(run, drawn, nodes, view, all_of_them=bool(asked.systems)))


def _system(run: Results, name: str, view: View, many: bool) -> _System:
    samples, spans = run.samples(name), run.spans(name)
    places = slices.places_of(spans, view)
    if not many:
        return _System(name, samples, slices.bars_of(spans, view), slices.lives_of(samples, view), None, places)
    usage = run.usage(name)
    if usage is None:
        raise RunError(f"{run.place}: of a version that kept no use over time; ask for at most {MOST_SINGLE} samples")
    return _System(name, samples, (), (), bands.used_of(usage, view), places)


def _figure(
    run: Results, systems: Sequence[_System], nodes: Collection[str] | None, view: View, all_of_them: bool
) -> Figure:
    from simnet.analysis.drawing import Drawing

    used = {bar.place for system in systems for bar in system.bars}
    used |= {place for system in systems for place in system.used or ()}
    shown = slice(view.first, view.last + 1)
    every = len(systems)
    sites = {site for system in systems for site in system.samples.column("site").to_pylist()[shown]}
    chosen = frozenset().union(*(system.places for system in systems))
    hops = {hop for system in systems for hop in slices.hops_of(run.spans(system.name))}
    lanes = lay_out(run.scenario, used, view.faults, chosen, sites=sites, nodes=nodes, hops=hops)
    if not lanes:
        raise RunError(f"{run.place}: nothing to draw at {', '.join(nodes or ())}")
    visible = {place for lane in lanes for place in lane.places}
    view = replace(view, faults=tuple(fault for fault in view.faults if fault.places & visible))
    entries = strip.entries_of(lanes, view)
    heights = [system.depth + GAP + sum(lane.height for lane in lanes) + 2 * GAP for system in systems]
    heights[0] += strip.height_of(entries)  # faults are the same in all systems
    if not all_of_them:
        heights = heights[: _fitting(heights)]
        systems = systems[: len(heights)]
    handles = _legend(systems, view)
    columns = legend_columns([str(handle.get_label()) for handle in handles], WIDTH - 0.1, 0.36)
    below = BELOW + KEY * -(-len(handles) // columns)
    size = sum(heights) * LINE + ABOVE + below + BETWEEN * (len(heights) - 1)
    figure = Drawing(figsize=(WIDTH, size))
    left = min(max(widest(lane.label for lane in lanes), 0.5), MOST_LABEL) + 0.13
    grid = figure.add_gridspec(
        len(heights), 1, height_ratios=heights, left=left / WIDTH,
        right=1 - (0.08 if systems[0].used is None else NUMBERS) / WIDTH,
        top=1 - ABOVE / size, bottom=below / size, hspace=BETWEEN / (sum(heights) * LINE / len(heights)),
    )  # fmt: skip
    axes: list[Axes] = []
    for row, (system, height) in enumerate(zip(systems, heights, strict=True)):
        ax = figure.add_subplot(grid[row, 0], sharex=axes[0] if axes else None)
        axes.append(ax)
        _panel(ax, lanes, system, height, view, run, entries if not row else ())
        numbers = run.summary["systems"][system.name]
        told = _describe(numbers)
        room = WIDTH - left - NUMBERS - width_of(told)
        ax.set_title(fitted(system.name, max(room, 1.0), TITLE, bold=True), pad=4)
        ax.set_title(told, loc="right", pad=4, fontsize=SMALL, fontweight="normal", color=MUTED)
        ax.tick_params(axis="x", labelbottom=row == len(heights) - 1, length=0)
    axes[0].set_xlim(view.start, view.end)
    axes[-1].set_xlabel("simulated time, s", color=MUTED)
    heading = f": samples {view.first:,} to {view.last:,}"
    devices = capturing(run.scenario)
    drawn = sum(lane.label in devices for lane in lanes)
    if drawn < len(devices) and (drawn == MAX_DEVICES or nodes is not None):
        heading += f"; {drawn} of {len(devices)} devices shown"
    if len(systems) < every:
        heading += f"; {len(systems)} of {every} systems shown"
    name = fitted(run.summary["scenario"], WIDTH - 0.2 - width_of(heading, HEADING, bold=True), HEADING, bold=True)
    figure.text(0.09 / WIDTH, 1 - 0.07 / size, name + heading, fontsize=HEADING, va="top", weight="bold")
    figure.legend(
        handles=handles, loc="lower center", ncols=columns, handlelength=1.6, columnspacing=1.2, handletextpad=0.5,
        labelspacing=0.3, borderpad=0.2,
    )  # fmt: skip
    return figure


def _fitting(heights: Sequence[float]) -> int:
    """How many panels a page has room for, the first one at least."""
    total = ABOVE + BELOW + 3 * KEY - BETWEEN
    for number, height in enumerate(heights):
        total += height * LINE + BETWEEN
        if total > PAGE:
            return max(number, 1)
    return len(heights)


def _describe(numbers: Mapping[str, Any]) -> str:
    """The whole run in one line, since the window is only a small part of it."""
    parts = [f"all {numbers['captured']:,} samples"]
    if numbers["accuracy"] is not None:
        parts += [
            f"{100 * numbers['accuracy']:.1f} % right",
            f"median {format_time(numbers['latency']['p50'], 3)}",
            f"99 % within {format_time(numbers['latency']['p99'], 3)}",
        ]
    parts += [f"{numbers[key]:,} {key}" for key in ("forced", "dropped", "unfinished") if numbers[key]]
    return "  ·  ".join(parts)


def _panel(
    ax: Axes,
    lanes: Sequence[Lane],
    system: _System,
    height: float,
    view: View,
    run: Results,
    entries: Sequence[strip.Entry],
) -> None:
    ax.set_ylim(height, 0)
    ax.grid(axis="x", linewidth=0.7)
    ax.spines[["left", "bottom"]].set_visible(False)
    labels: list[tuple[float, str, bool]] = []
    y = strip.height_of(entries)
    if entries:
        strip.draw_strip(ax, entries, 0.0, view)
        labels.append((y / 2, "faults", True))
    if system.used is None:
        slices.draw_lives(ax, system.lives, y, view)
        labels.append((y + system.depth / 2, "samples", True))
    else:
        exits = list(run.summary["systems"][system.name]["exits"])
        labels += [(at, name, True) for at, name in bands.draw_answers(ax, system.samples, exits, y, view)]
    y += system.depth + GAP
    if system.used is not None:
        bands.draw_heading(ax, y - GAP / 2)
    device = True
    for number, lane in enumerate(lanes):
        if device and lane.height != 1.0:
            y, device = y + GAP, False
        if number % 2 == 0:
            ax.axhspan(y, y + lane.height, color=BAND, linewidth=0, zorder=0)
        if system.used is None:
            slices.draw_lane(ax, lane, system.bars, y, view)
        else:
            bands.draw_use(ax, lane, system.used, y)
        strip.shade(ax, lane, y, view)
        labels.append((y + lane.height / 2, lane.label, lane.link))
        y += lane.height
    ax.set_yticks([at for at, _, _ in labels], [fitted(text, MOST_LABEL) for _, text, _ in labels])
    ax.tick_params(axis="y", length=0, pad=4)
    for tick, (_, _, quiet) in zip(ax.get_yticklabels(), labels, strict=True):
        tick.set_color(MUTED if quiet else INK)


def _legend(systems: Sequence[_System], view: View) -> list[Any]:
    if systems[0].used is None:
        bars = {system.name: system.bars for system in systems}
        return slices.legend_of(view, bars, {system.name: system.lives for system in systems})
    shown = [system.samples.slice(view.first, view.last - view.first + 1).column("exit") for system in systems]
    there = {name for column in shown for name in column.unique().to_pylist()}
    queues = any(use.queue.max() > 0 for system in systems for use in (system.used or {}).values())
    return bands.legend_of(view, [name for name in view.colours if name in there], None in there, queues)
