"""Systems in one table and one figure: accuracy beside what it costs, over repeats of a run (`docs/league.md`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simnet.analysis.style import INK, MUTED, SAMPLES, WIDTH, label
from simnet.analysis.words import legend_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Statistic = Mapping[str, Any]
Statistics = Mapping[str, Statistic]
"""Of one system or pair: `mean`, `low`, `high` by the dotted key of a summary, as in its `repeats`."""
Row = tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """A column: its heading, the key of a summary, what that is multiplied by, and digits behind the point.

    `each` says that it is a sum over the captured samples, of which the table has what falls to each.
    """

    head: str
    key: str
    factor: float = 1.0
    digits: int = 1
    each: bool = False

    def of(self, found: Statistics) -> tuple[float, float, float] | None:
        """Mean, low and high in the column's unit; None where the mean or the interval does not exist."""
        one = found.get(self.key)
        if one is None or one["mean"] is None or one["low"] is None:
            return None
        captured = found["captured"]["mean"] if self.each else 1.0
        mean, low, high = (one[name] * self.factor / captured for name in ("mean", "low", "high"))
        return mean, low, high

    def cell(self, found: Statistics) -> str:
        """Mean and 95 % interval, as `84.10 (83.2–85.0)`."""
        values = self.of(found)
        if values is None:
            return "–"
        mean, low, high = (f"{value:.{self.digits}f}" for value in values)
        return f"{mean} ({low}–{high})"


CAPTURED = Measure("right of captured, %", "accuracy_of_captured", 100)
FINISHED = Measure("right of finished, %", "accuracy", 100)
MEAN = Measure("latency mean, ms", "latency.mean", 1e3)
P95 = Measure("p95, ms", "latency.p95", 1e3)
BYTES = Measure("kB", "bytes.total", 1e-3, 2, each=True)
ENERGY = Measure("mJ", "energy.dynamic_per_sample", 1e3)
FLOP = Measure("MFLOP", "flop.per_sample", 1e-6)
COLUMNS = (CAPTURED, FINISHED, MEAN, P95, BYTES, ENERGY, FLOP)


def rows(summary: Mapping[str, Any]) -> list[Row]:
    """Of a summary with repeats: heading, then one row for each system."""
    systems = summary["repeats"]["systems"]
    head = ("system", *(measure.head for measure in COLUMNS))
    return [head, *((f"`{name}`", *(m.cell(found) for m in COLUMNS)) for name, found in systems.items())]


def pairs(summary: Mapping[str, Any], baseline: str) -> list[Row]:
    """Heading, then the differences of each other system to a baseline, over the samples that both finished.

    The baseline must be the first system of the scenario: pairs are those of the summary, `A vs B`.
    """
    found: list[Row] = [("system", "accuracy, points", "latency, ms")]
    for pair, values in summary["repeats"]["paired"].items():
        other, _, second = pair.partition(" vs ")
        if second == baseline:
            cells = [_signed(values[key], factor) for key, factor in (("accuracy.mean", 100), ("latency.mean", 1e3))]
            found.append((f"`{other}`", *cells))
    return found


def _signed(one: Statistic, factor: float) -> str:
    if one["mean"] is None or one["low"] is None:
        return "–"
    mean, low, high = (f"{one[name] * factor:+.1f}".replace("-", "−") for name in ("mean", "low", "high"))
    return f"{mean} ({low} to {high})"


_MARKERS = "osD^v<>PX"


def draw_league(summary: Mapping[str, Any], bounds: Sequence[str] = ()) -> Figure:
    """Accuracy of all captured samples over bytes, over mean latency and over energy, with 95 % intervals.

    `bounds` names systems that nobody can build: hollow, and said so.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    from simnet.analysis.drawing import Drawing

    systems = summary["repeats"]["systems"]
    figure = Drawing(figsize=(WIDTH, 3.2))
    panels = figure.subplots(1, 3, sharey=True)
    figure.subplots_adjust(left=0.065, right=0.985, top=0.92, bottom=0.25, wspace=0.08)
    titles = (
        ("over bytes", BYTES, "kB a sample"),
        ("over latency", MEAN, "mean latency, ms"),
        ("over energy", ENERGY, "mJ a sample, above idling"),
    )
    for axes, (title, measure, unit) in zip(panels, titles, strict=True):
        for number, (name, found) in enumerate(systems.items()):
            _point(
                axes,
                found,
                measure,
                (SAMPLES[number % len(SAMPLES)], _MARKERS[number % len(_MARKERS)]),
                _named(name, bounds),
                hollow=name in bounds,
            )
        axes.set_title(title)
        axes.set_xlabel(unit)
        axes.set_xscale("log")
        axes.grid(axis="both")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_locator(NullLocator())
    panels[0].set_ylabel("right of all captured, %")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=legend_columns(names, WIDTH - 0.1, 0.36))
    return figure


def _named(name: str, bounds: Sequence[str]) -> str:
    return f"{label(name)} (not implementable)" if name in bounds else label(name)


def _point(axes: Axes, found: Statistics, measure: Measure, look: tuple[str, str], text: str, hollow: bool) -> None:
    across, up = measure.of(found), CAPTURED.of(found)
    if across is None or up is None:
        return
    colour, marker = look
    (x, left, right), (y, low, high) = across, up
    axes.errorbar(
        [x], [y], xerr=[[x - max(left, x / 10)], [right - x]], yerr=[[y - low], [high - y]], fmt=marker, color=colour,
        markerfacecolor="none" if hollow else colour, markeredgecolor=INK if hollow else colour, markersize=5,
        elinewidth=0.8, ecolor=MUTED, label=text, zorder=3,
    )  # fmt: skip
