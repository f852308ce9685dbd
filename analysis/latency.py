"""How long the answers took: the empirical distribution of latency, per system and per exit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simnet.analysis.style import INK, MUTED, PAPER, exit_colours, label, look, readable
from simnet.language.units import format_time
from simnet.results.lives import ANSWERED
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOG_FROM = 30.0  # ratio of the longest to the shortest latency above which the axis is logarithmic


def draw_latency(run: Results) -> Figure:
    """Share of answers given within a time, one panel per system: all answers, and each exit's own."""
    from matplotlib.figure import Figure

    names = run.systems
    columns = min(max(len(names), 1), 2)
    rows = -(-max(len(names), 1) // columns)
    with look():
        size = 0.3 + 3.9 * rows
        figure = Figure(figsize=(11.0, size))
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        figure.subplots_adjust(left=0.07, right=0.98, top=1 - 0.85 / size, bottom=0.6 / size, wspace=0.06, hspace=0.58)
        extremes: list[float] = []
        for ax, name in zip(panels, names, strict=False):
            extremes += _panel(ax, run, name)
        for ax in panels[len(names) :]:
            ax.set_visible(False)
        positive = [value for value in extremes if value > 0]
        if positive and max(positive) > LOG_FROM * min(positive):
            panels[0].set_xscale("log")
            panels[0].xaxis.set_major_formatter("{x:g}")
        elif positive:
            panels[0].set_xlim(0, 1.07 * max(positive))
        panels[0].set_ylim(0, 103)
        for ax in panels[::columns]:
            ax.set_ylabel("answers given, %", color=MUTED)
        return readable(figure)


def _panel(ax: Axes, run: Results, name: str) -> list[float]:
    """Draw one system; returns its shortest and longest latency in milliseconds."""
    table = run.samples(name).slice(run.summary.get("warm_up", 0))  # without those that do not count
    answered = np.isin(table.column("outcome").cast("string").to_numpy(), ANSWERED)
    latency = 1e3 * table.column("latency").to_numpy()[answered]
    exits = table.column("exit").cast("string").to_numpy()[answered]
    numbers = run.summary["systems"][name]
    ax.set_title(label(name), pad=36)  # the legend stands between title and axes, where it hides nothing
    ax.set_xlabel("latency, ms", color=MUTED)
    ax.grid()
    ax.tick_params(length=0, labelbottom=True)
    if not len(latency):
        ax.text(0.5, 0.5, "no sample finished", transform=ax.transAxes, ha="center", color=MUTED)
        return []
    colours = exit_colours(system["exits"] for system in run.summary["systems"].values())
    for place in numbers["exits"]:
        here = latency[exits == place]
        if len(here):
            words = f"{label(place)}, median {format_time(float(np.median(here)) / 1e3, 3)}"
            _steps(ax, here, color=colours[place], linewidth=1.8, label=words)
    _steps(ax, latency, color=INK, linewidth=1.3, linestyle=(0, (4, 2)), label="all answers")
    for key, level in (("p50", 50), ("p95", 95), ("p99", 99)):
        at = 1e3 * numbers["latency"][key]
        ax.plot(at, level, "o", color=INK, markersize=4)
        paper = {"boxstyle": "square,pad=0.1", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.85}
        ax.annotate(key, (at, level), (6, -11), textcoords="offset points", fontsize=8, color=MUTED, bbox=paper)
    ax.legend(
        loc="lower left", bbox_to_anchor=(-0.015, 0.99), ncols=2, fontsize=8.5, borderpad=0.2, columnspacing=1.5,
    )  # fmt: skip
    return [float(latency.min()), float(latency.max())]


def _steps(ax: Axes, values: np.ndarray[tuple[int], np.dtype[np.float64]], **style: object) -> None:
    """The empirical distribution function as a step line, in per cent."""
    ordered = np.sort(values)
    levels = 100 * np.arange(1, len(ordered) + 1) / len(ordered)
    ax.step([ordered[0], *ordered], [0, *levels], where="post", **style)  # type: ignore[arg-type]
