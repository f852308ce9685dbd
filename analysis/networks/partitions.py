"""Figures 6 and 7 of DAPDEE (Ding et al. 2025), for any network that can be cut: exit by deadline, cut by bandwidth.

Nothing is simulated: a lone sample, under light load, on machines of a plain speed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from simnet.analysis.style import HEADING, INK, MUTED, SMALL, TEXT, WIDTH, exit_colours, label, look, readable
from simnet.systems.partition.search import Choice, inverse_search
from simnet.systems.partition.slices import Slice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEADLINES = (0.005, 0.2)
"""Seconds between which Fig. 6 goes."""
BANDWIDTHS = (0.05e6 / 8, 50e6 / 8)
"""Bytes/s between which Fig. 7 goes."""
POINTS = 241
"""On a logarithmic axis."""
THICK: dict[str, Any] = {"linewidth": 3, "marker": "s", "markersize": 3}
"""With a marker what holds at one point only is seen, too."""


@dataclass(frozen=True)
class Setup:
    """A network and where it runs: FLOP of each segment, FLOP/s of device and edge, s of propagation.

    `slices` has the network up to each exit, `accuracy` what is right there on held-out samples; an exit may be `loss`
    worse than the deepest.
    """

    slices: Mapping[str, Slice]
    flop: Mapping[str, float]
    accuracy: Mapping[str, float]
    device: float
    edge: float
    latency: float = 0.0
    loss: float = 0.012

    def choice(self, bandwidth: float, deadline: float) -> Choice:
        """What a lone sample does, at `bandwidth` bytes/s and with `deadline` s."""
        dags = {
            name: one.dag(
                lambda segment: self.flop[segment] / self.device,
                lambda segment: self.flop[segment] / self.edge,
                1 / bandwidth,
                aside=self.latency,
            )
            for name, one in self.slices.items()
        }
        return inverse_search(dags, self.accuracy, 0.0, deadline, self.loss)


@dataclass(frozen=True)
class Stretch:
    """From one deadline or bandwidth to another exit and cut are the same; seconds that they take at both ends."""

    least: float
    most: float
    choice: Choice
    first: float
    last: float


def stretches(values: Sequence[float], choices: Sequence[Choice]) -> list[Stretch]:
    """Neighbours with the same exit and cut as one."""
    found = []
    pairs = zip(values, choices, strict=True)
    for _, alike in groupby(pairs, key=lambda pair: (pair[1].exit, pair[1].kept, pair[1].met)):
        run = list(alike)
        (least, begins), (most, ends) = run[0], run[-1]
        found.append(Stretch(least, most, begins, begins.loads.latency, ends.loads.latency))
    return found


def by_deadline(setup: Setup, bandwidth: float) -> list[Stretch]:
    """Fig. 6: the exit that is chosen, by deadline."""
    values = np.geomspace(*DEADLINES, POINTS).tolist()
    return stretches(values, [setup.choice(bandwidth, value) for value in values])


def by_bandwidth(setup: Setup, deadline: float) -> list[Stretch]:
    """Fig. 7: the cut that is chosen, by bandwidth."""
    values = np.geomspace(*BANDWIDTHS, POINTS).tolist()
    return stretches(values, [setup.choice(value, deadline) for value in values])


def draw_partitions(name: str, setup: Setup, bandwidth: float, deadline: float) -> Figure:
    """Both figures beside each other; `name` is that of the weights."""
    from simnet.analysis.drawing import Drawing

    colours = exit_colours([setup.slices])
    with look():
        figure = Drawing(figsize=(WIDTH, 2.6))
        left, right = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.075, right=0.985, top=0.75, bottom=0.15, wspace=0.18)
        exits = list(setup.slices)
        for one in by_deadline(setup, bandwidth):
            height = exits.index(one.choice.exit) + 1
            style = "-" if one.choice.met else ":"
            left.plot([1e3 * one.least, 1e3 * one.most], [height] * 2, style, color=colours[one.choice.exit], **THICK)
        _axes(left, "deadline, ms", "exit that is chosen (dotted: it misses the deadline)")
        left.set_yticks(range(1, len(exits) + 1), [label(exit_name) for exit_name in exits])
        for one in by_bandwidth(setup, deadline):
            share = 100 * (len(one.choice.kept) - 1) / len(setup.slices[one.choice.exit].segments)
            ends = [8e-6 * one.least, 8e-6 * one.most]
            right.plot(ends, [share] * 2, color=colours[one.choice.exit], **THICK)
        _axes(right, "bandwidth, Mbit/s", "vertices on the device, %")
        right.set_ylim(-5, 105)
        heading = f"{label(name)}: exit by deadline, cut by bandwidth"
        figure.suptitle(heading, x=0.012, y=0.985, ha="left", color=INK, fontsize=HEADING)
        told = "no deadline" if deadline == float("inf") else f"deadline {1e3 * deadline:.4g} ms"
        text = f"left: {8e-6 * bandwidth:.4g} Mbit/s; right: {told}; device {setup.device / 1e9:.4g}, "
        text += f"edge {setup.edge / 1e9:.4g} GFLOP/s; one sample at a time"
        figure.text(0.012, 0.86, text, color=MUTED, fontsize=SMALL, va="center")
        return readable(figure)


def _axes(ax: Axes, below: str, above: str) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlabel(below)
    ax.set_title(above, fontsize=TEXT, fontweight="normal")
    ax.grid(axis="y")
