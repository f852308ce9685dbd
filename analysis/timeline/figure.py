"""The timeline: what every node and link did for some consecutive samples, one system above the other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simnet.analysis.faults import faults_of
from simnet.analysis.style import BAND, INK, MUTED, exit_colours, exit_markers, label, look, readable
from simnet.analysis.timeline import bands, slices, strip
from simnet.analysis.timeline.lanes import MAX_DEVICES, Lane, capturing, lay_out
from simnet.analysis.timeline.selection import Selection
from simnet.analysis.timeline.view import View, captures_of, period_of
from simnet.analysis.timeline.window import choose_window, usual_length
from simnet.language.units import format_time
from simnet.results.run import Results, RunError

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 11.0  # inches
LINE = 0.25  # inches per unit of lane height
GAP = 0.25  # between groups of lanes
ABOVE, BELOW, BETWEEN = 0.78, 1.0, 0.5  # inches: heading, axis with legend, space between panels
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

    Up to 40 samples are drawn step by step. Of more, exits, latency, utilisation and queues are drawn over time.

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
        return readable(_figure(run, [_system(run, name, view, many) for name in systems], nodes, view))


def _system(run: Results, name: str, view: View, many: bool) -> _System:
    samples, spans = run.samples(name), run.spans(name)
    places = slices.places_of(spans, view)
    if not many:
        return _System(name, samples, slices.bars_of(spans, view), slices.lives_of(samples, view), None, places)
    usage = run.usage(name)
    if usage is None:
        raise RunError(f"{run.place}: of a version that kept no use over time; ask for at most {MOST_SINGLE} samples")
    return _System(name, samples, (), (), bands.used_of(usage, view), places)


def _figure(run: Results, systems: Sequence[_System], nodes: Collection[str] | None, view: View) -> Figure:
    from matplotlib.figure import Figure

    used = {bar.place for system in systems for bar in system.bars}
    used |= {place for system in systems for place in system.used or ()}
    shown = slice(view.first, view.last + 1)
    sites = {site for system in systems for site in system.samples.column("site").to_pylist()[shown]}
    chosen = frozenset().union(*(system.places for system in systems))
    hops = {hop for system in systems for hop in slices.hops_of(run.spans(system.name))}
    lanes = lay_out(run.scenario, used, view.faults, chosen, sites=sites, nodes=nodes, hops=hops)
    if not lanes:
        raise RunError(f"{run.place}: nothing to draw at {', '.join(nodes or ())}")
    visible = {place for lane in lanes for place in lane.places}
    view = replace(view, faults=tuple(fault for fault in view.faults if fault.places & visible))
    entries = strip.entries_of(lanes, view)
    heights = [system.depth + GAP + sum(lane.height for lane in lanes) + 3 * GAP for system in systems]
    heights[0] += strip.height_of(entries)  # faults are the same in all systems
    size = sum(heights) * LINE + ABOVE + BELOW + BETWEEN * (len(heights) - 1)
    figure = Figure(figsize=(WIDTH, size))
    longest = max(len(lane.label) for lane in lanes)
    left = min(0.105 + 0.0075 * max(0, longest - 14), 0.3)  # about the width of a character
    grid = figure.add_gridspec(
        len(heights), 1, height_ratios=heights, left=left, right=0.985 if systems[0].used is None else 0.885,
        top=1 - ABOVE / size, bottom=BELOW / size, hspace=BETWEEN / (sum(heights) * LINE / len(heights)),
    )  # fmt: skip
    axes: list[Axes] = []
    for row, (system, height) in enumerate(zip(systems, heights, strict=True)):
        ax = figure.add_subplot(grid[row, 0], sharex=axes[0] if axes else None)
        axes.append(ax)
        _panel(ax, lanes, system, height, view, run, entries if not row else ())
        numbers = run.summary["systems"][system.name]
        ax.set_title(label(system.name), pad=7)
        ax.set_title(_describe(numbers), loc="right", pad=7, fontsize=8.5, fontweight="normal", color=MUTED)
        ax.tick_params(axis="x", labelbottom=row == len(heights) - 1, length=0)
    axes[0].set_xlim(view.start, view.end)
    axes[-1].set_xlabel("simulated time, s", color=MUTED)
    heading = f"{label(run.summary['scenario'])}: samples {view.first:,} to {view.last:,}"
    devices = capturing(run.scenario)
    drawn = sum(lane.label in devices for lane in lanes)
    if drawn < len(devices) and (drawn == MAX_DEVICES or nodes is not None):
        heading += f"; {drawn} of {len(devices)} devices shown"
    figure.text(0.012, 1 - 0.17 / size, heading, fontsize=12.5, va="top", weight="bold")
    _legend(figure, systems, view)
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
    ax.set_yticks([at for at, _, _ in labels], [label(text) for _, text, _ in labels])
    ax.tick_params(axis="y", length=0, pad=6)
    for tick, (_, _, quiet) in zip(ax.get_yticklabels(), labels, strict=True):
        tick.set_color(MUTED if quiet else INK)


def _legend(figure: Figure, systems: Sequence[_System], view: View) -> None:
    if systems[0].used is None:
        bars = {system.name: system.bars for system in systems}
        handles = slices.legend_of(view, bars, {system.name: system.lives for system in systems})
    else:
        shown = [system.samples.slice(view.first, view.last - view.first + 1).column("exit") for system in systems]
        there = {name for column in shown for name in column.unique().to_pylist()}
        queues = any(use.queue.max() > 0 for system in systems for use in (system.used or {}).values())
        handles = bands.legend_of(view, [name for name in view.colours if name in there], None in there, queues)
    figure.legend(
        handles=handles, loc="lower center", ncols=(len(handles) + 1) // 2 if len(handles) > 8 else len(handles),
        fontsize=8.5, handlelength=1.7, columnspacing=1.6, handletextpad=0.5, borderpad=0.2,
    )  # fmt: skip
