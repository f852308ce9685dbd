"""Distributions of latency as step lines, several of them in one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.analysis.style import MUTED, SAMPLES
from simnet.analysis.words import fitted
from simnet.language.units import format_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOG_FROM = 30.0
"""Ratio of the longest to the shortest latency above which the axis is logarithmic."""
DASHES: tuple[Any, ...] = ("solid", (0, (4, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
"""One line after the other, so that they are told apart without colour, and where they run together."""
MARKED = {"p50": 50, "p95": 95, "p99": 99}
"""Percentiles that have a dot."""
NAMED = 1.6
"""Inches that a name may take in the legend."""


def steps(ax: Axes, milliseconds: NDArray[np.float64], **style: Any) -> None:
    """The empirical distribution function as a step line, in per cent."""
    ordered = np.sort(milliseconds)
    levels = 100 * np.arange(1, len(ordered) + 1) / len(ordered)
    ax.step([ordered[0], *ordered], [0, *levels], where="post", **style)


class Line(NamedTuple):
    """How a system or run is drawn: colour, and dashes as matplotlib takes them."""

    colour: str
    dashes: Any


def line(colour: int, dashes: int) -> Line:
    """The line with these numbers of colour and dashes, which come again when there are no more."""
    return Line(SAMPLES[colour % len(SAMPLES)], DASHES[dashes % len(DASHES)])


def overlay(ax: Axes, latencies: Mapping[str, NDArray[np.float64]], lines: Mapping[str, Line] | None = None) -> None:
    """Latencies in ms of several systems or runs in one axis, with p50, p95 and p99; those without answers are told.

    By default each has colour and dashes of its own.
    """
    lines = lines or {name: line(number, number) for number, name in enumerate(latencies)}
    for name, values in latencies.items():
        colour, dashes = lines[name]
        if not len(values):
            ax.plot([], [], color=colour, linestyle=dashes, label=told(name, values))
            continue
        found = [np.percentile(values, level) for level in MARKED.values()]
        steps(ax, values, color=colour, linewidth=1.3, linestyle=dashes, label=told(name, values))
        ax.plot(found, list(MARKED.values()), "o", color=colour, markersize=2.8)
    ax.grid()
    ax.tick_params(length=0, which="both")
    ax.set_xlabel("latency, ms", color=MUTED)
    ax.set_ylabel("answers given, %", color=MUTED)


def told(name: str, values: NDArray[np.float64]) -> str:
    """A system or run with its percentiles, of latencies in ms."""
    if not len(values):
        return f"{fitted(name, NAMED)}: no sample finished"
    words = (f"{key} {format_time(float(np.percentile(values, MARKED[key])) / 1e3, 3)}" for key in ("p50", "p95"))
    return f"{fitted(name, NAMED)}: {', '.join(words)}"


def scaled(ax: Axes, milliseconds: Sequence[float]) -> None:
    """The axis of times for latencies between these, and that of per cent."""
    positive = [value for value in milliseconds if value > 0]
    if positive and max(positive) > LOG_FROM * min(positive):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
    elif positive:
        ax.set_xlim(0, 1.07 * max(positive))
    ax.set_ylim(0, 103)
