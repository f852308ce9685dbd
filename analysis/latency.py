"""How long the answers took: the empirical distribution of latency, of all systems in one axis, and per exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simnet.analysis.distributions import overlay, scaled, steps
from simnet.analysis.style import INK, MUTED, PAPER, exit_colours, label, look, readable
from simnet.language.units import format_time
from simnet.results.lives import ANSWERED
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_latency(run: Results) -> Figure:
    """Share of answers given within a time: of several systems all in one axis, then a panel for each with its exits.

    All axes have the same scale.
    """
    from matplotlib.figure import Figure

    names = run.systems
    several = len(names) > 1
    columns = min(max(len(names), 1), 2)
    rows = -(-max(len(names), 1) // columns)
    with look():
        size = 0.3 + 3.9 * (rows + several)
        figure = Figure(figsize=(11.0, size))
        grid = figure.add_gridspec(rows + several, columns)
        figure.subplots_adjust(left=0.07, right=0.98, top=1 - 0.85 / size, bottom=0.6 / size, wspace=0.06, hspace=0.58)
        every = {name: _answers(run, name) for name in names}
        first = figure.add_subplot(grid[0, :]) if several else None
        panels: list[Axes] = []
        for number, name in enumerate(names):
            whole = panels[0] if panels else first
            ax = figure.add_subplot(grid[number // columns + several, number % columns], sharex=whole, sharey=whole)
            panels.append(ax)
            _panel(ax, run, name, *every[name])
            if number % columns:
                ax.tick_params(labelleft=False)
            else:
                ax.set_ylabel("answers given, %", color=MUTED)
        if first is not None:
            overlay(first, {name: latency for name, (latency, _) in every.items()})
            first.set_title("all answers", pad=24 + 13 * (-(-len(names) // 3)) - 13)
            first.legend(loc="lower left", bbox_to_anchor=(-0.007, 0.99), ncols=3, fontsize=8.5, borderpad=0.2)
        if axes := [*([] if first is None else [first]), *panels]:
            scaled(
                axes[0], [end for values, _ in every.values() if len(values) for end in (values.min(), values.max())]
            )
        return readable(figure)


def _answers(run: Results, name: str) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Latency in ms and exit of each answer, without those of the warm-up."""
    table = run.samples(name).slice(run.summary.get("warm_up", 0))
    answered = np.isin(table.column("outcome").cast("string").to_numpy(), ANSWERED)
    exits = table.column("exit").cast("string").to_numpy()[answered]
    return 1e3 * table.column("latency").to_numpy()[answered], exits


def _panel(ax: Axes, run: Results, name: str, latency: NDArray[np.float64], exits: NDArray[np.object_]) -> None:
    """Draw one system: its exits, and all its answers."""
    numbers = run.summary["systems"][name]
    ax.set_title(label(name), pad=36)  # the legend stands between title and axes, where it hides nothing
    ax.set_xlabel("latency, ms", color=MUTED)
    ax.grid()
    ax.tick_params(length=0)
    if not len(latency):
        ax.text(0.5, 0.5, "no sample finished", transform=ax.transAxes, ha="center", color=MUTED)
        return
    colours = exit_colours(system["exits"] for system in run.summary["systems"].values())
    for place in numbers["exits"]:
        here = latency[exits == place]
        if len(here):
            words = f"{label(place)}, median {format_time(float(np.median(here)) / 1e3, 3)}"
            steps(ax, here, color=colours[place], linewidth=1.8, label=words)
    steps(ax, latency, color=INK, linewidth=1.3, linestyle=(0, (4, 2)), label="all answers")
    for key, level in (("p50", 50), ("p95", 95), ("p99", 99)):
        at = 1e3 * numbers["latency"][key]
        ax.plot(at, level, "o", color=INK, markersize=4)
        paper = {"boxstyle": "square,pad=0.1", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85}
        ax.annotate(key, (at, level), (6, -11), textcoords="offset points", fontsize=8, color=MUTED, bbox=paper)
    ax.legend(
        loc="lower left", bbox_to_anchor=(-0.015, 0.99), ncols=2, fontsize=8.5, borderpad=0.2, columnspacing=1.5,
    )  # fmt: skip
