"""Curves of a report: how latencies are distributed, and how a run went over time, with its faults shaded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.analysis.faults import Fault
from simnet.report.charts import DASHES, Axis, Line, linear, logarithmic, plot
from simnet.report.html import Markup, join, tag
from simnet.report.tables import table
from simnet.results.cells import time
from simnet.results.kept.words import floats
from simnet.results.run import SAMPLES, Results

if TYPE_CHECKING:
    import pyarrow as pa

STEPS = 160
"""Points of a distribution's curve at most."""
WINDOWS = 50
"""Points of a curve over time at most."""
LEAST = 5
"""Samples on average in a window of a curve over time (our choice)."""
SPREAD = 20.0
"""Ratio of the slowest to the fastest answer from which on their axis is logarithmic (our choice)."""

MOST_WITHOUT = 4
"""Faults of a system for which it is shown what would have been without them, those that changed most samples."""
MOST_BANDS = 200
"""Incidents that are shaded."""
MOST_FAULTS = 40
"""Incidents that are listed."""

Column = NDArray[np.float64]


def latency(run: Results) -> Markup:
    """Distribution functions of all systems in one plot."""
    found = {name: np.sort(_numbers(_samples(run, name, "latency"), "latency")) for name in run.systems}
    found = {name: values[np.isfinite(values)] for name, values in found.items()}
    there = [values for values in found.values() if len(values)]
    if not there:
        return tag("p", "No sample was answered.")
    everything = np.concatenate(there)
    least, most = float(everything.min()), float(everything.max())
    positive = everything[everything > 0]
    wide = len(positive) == len(everything) and most > SPREAD * least
    x = logarithmic(least, most, _time) if wide else linear(0.0, most, _time)
    y = linear(0.0, 1.0, lambda share: f"{100 * share:.0f} %", 4)
    lines = [_distribution(found[name], number) for number, name in enumerate(run.systems)]
    label = "; ".join(f"{name}: half within {time(float(np.percentile(v, 50)))}" for name, v in found.items() if len(v))
    title = tag("p", "Share of the answers that came within a time", class_="small")
    return join(title, plot(f"distribution of latency. {label}", lines, x, y), legend(run.systems))


def _distribution(values: Column, stroke: int) -> Line:
    """The curve at `STEPS` shares; the ends are exact."""
    if not len(values):
        return Line([], stroke)
    places = np.unique(np.linspace(0, len(values) - 1, min(len(values), STEPS)).round().astype(int))
    return Line([(float(values[at]), (at + 1) / len(values)) for at in places.tolist()], stroke)


def over_time(run: Results, faults: Sequence[Fault]) -> Markup:
    """Right answers and latency in windows of the time of capture, with faults shaded.

    Dotted, where a fault made samples other: the same samples without it.
    """
    tables = {name: _samples(run, name, "captured_at", "correct", "latency") for name in run.systems}
    captured = {name: _numbers(samples, "captured_at") for name, samples in tables.items()}
    times = np.concatenate([np.zeros(1), *captured.values()])
    end = float(np.nanmax(times)) or 1.0
    most = max((len(one) for one in captured.values()), default=0)
    count = int(np.clip(most // LEAST, 1, WINDOWS))
    edges = np.linspace(0.0, end, count + 1)
    bands = [(max(fault.start, 0.0), min(fault.end, end)) for fault in faults if fault.start < end]
    bands = list(dict.fromkeys(bands))[:MOST_BANDS]
    right, middle, late = [], [], []
    beside = False
    for stroke, (name, samples) in enumerate(tables.items()):
        window = np.clip(np.searchsorted(edges, captured[name], side="right") - 1, 0, count - 1)
        correct = np.nan_to_num(_numbers(samples, "correct"))
        lasted = _numbers(samples, "latency")
        right.append(_means(edges, window, correct, stroke))
        middle.append(_percentile(edges, window, lasted, stroke, 50))
        late.append(_percentile(edges, window, lasted, stroke, 95))
        for other in _without(run, name, window, correct, lasted):
            beside = True
            right.append(_only(other.windows, _means(edges, window, other.correct, stroke)))
            middle.append(_only(other.windows, _percentile(edges, window, other.lasted, stroke, 50)))
            late.append(_only(other.windows, _percentile(edges, window, other.lasted, stroke, 95)))
    x = linear(0.0, end, _time)
    least = min((up for line in right for _, up in line.points if up is not None), default=0.0)
    share = linear(math.floor(5 * min(least, 0.9)) / 5, 1.0, lambda value: f"{100 * value:.0f} %", 4)
    names = ", ".join(run.systems)
    return join(
        tag("p", "Right answers among the samples captured in a window (no answer: not right)", class_="small"),
        plot(f"right answers over time: {names}", right, x, share, bands),
        tag("p", "Latency, median of each window", class_="small"),
        plot(f"median latency over time: {names}", middle, x, _latencies(middle), bands),
        tag("p", "Latency, 95th percentile of each window", class_="small"),
        plot(f"95th percentile of latency over time: {names}", late, x, _latencies(late), bands),
        legend(run.systems, bool(bands), beside),
    )


class _Other(NamedTuple):
    """Samples as they would have been without a fault, and the windows with one that would have been other."""

    correct: Column
    lasted: Column
    windows: NDArray[np.int64]


def _without(run: Results, name: str, window: NDArray[np.int64], correct: Column, lasted: Column) -> Iterator[_Other]:
    """Without each fault that made samples other, for those that did so with most of them."""
    table = run.without(name)
    if table is None:
        return
    faults, samples = np.array(table.column("fault").to_pylist(), object), table.column("sample").to_numpy()
    names, counts = np.unique(faults.astype(str), return_counts=True)
    for fault in names[np.argsort(-counts, kind="stable")][:MOST_WITHOUT]:
        those = faults == fault
        at = samples[those]
        other = _Other(correct.copy(), lasted.copy(), np.unique(window[at]))
        other.correct[at] = np.nan_to_num(_numbers(table, "correct")[those])
        other.lasted[at] = _numbers(table, "latency")[those]
        yield other


def _only(windows: NDArray[np.int64], line: Line) -> Line:
    """A curve in some windows and those beside them: elsewhere it would lie on the other one."""
    near = {at + by for at in windows.tolist() for by in (-1, 0, 1)}
    points = [(x, y if at in near else None) for at, (x, y) in enumerate(line.points)]
    return Line(points, line.stroke, dotted=True)


def incidents(faults: Sequence[Fault]) -> Markup:
    """Which fault was in effect when."""
    if not faults:
        return Markup()
    rows = [
        [fault.label, time(fault.start), time(fault.end) if fault.end < math.inf else "the end"] for fault in faults
    ]
    listed = table("faults in effect", ("fault", "from", "to"), rows[:MOST_FAULTS])
    more = len(rows) - MOST_FAULTS
    return join(listed, tag("p", f"and {more:,} more, in incidents.parquet", class_="small")) if more > 0 else listed


def _latencies(lines: Sequence[Line]) -> Axis:
    found = [up for line in lines for _, up in line.points if up is not None]
    least, most = (min(found), max(found)) if found else (0.0, 1.0)
    if least > 0 and most > SPREAD * least:
        return logarithmic(least, most, _time)
    return linear(0.0, 1.05 * most if most else 1.0, _time, 4)


def _means(edges: Column, window: NDArray[np.int64], values: Column, stroke: int) -> Line:
    counts = np.bincount(window, minlength=len(edges) - 1)
    sums = np.bincount(window, values, minlength=len(edges) - 1)
    means = [total / number if number else None for total, number in zip(sums.tolist(), counts.tolist(), strict=True)]
    return Line(list(zip(_middles(edges), means, strict=True)), stroke)


def _percentile(edges: Column, window: NDArray[np.int64], values: Column, stroke: int, percent: float) -> Line:
    there = np.isfinite(values)
    window, values = window[there], values[there]
    ranked, counts = values[np.lexsort((values, window))], np.bincount(window, minlength=len(edges) - 1)
    full = counts > 0
    first, position = (np.cumsum(counts) - counts)[full], (counts[full] - 1) * (percent / 100)
    below = np.floor(position)
    low, high = ranked[first + below.astype(int)], ranked[first + np.ceil(position).astype(int)]
    part, step = position - below, high - low  # as numpy's percentile, to the last bit, but of all windows at once
    each = iter(np.where(part < 0.5, low + step * part, high - step * (1 - part)).tolist())
    found = [next(each) if some else None for some in full.tolist()]
    return Line(list(zip(_middles(edges), found, strict=True)), stroke)


def _middles(edges: Column) -> list[float]:
    return [float(middle) for middle in (edges[:-1] + edges[1:]) / 2]


def legend(systems: Sequence[str], faults: bool = False, without: bool = False) -> Markup:
    """Which stroke is whose."""
    entries = [
        tag("li", Markup(_STROKE.format(number % DASHES)), tag("span", name)) for number, name in enumerate(systems)
    ]
    if faults:
        entries.append(tag("li", tag("span", class_="swatch band"), tag("span", "a fault is in effect")))
    if without:
        entries.append(
            tag("li", Markup(_STROKE.format("0 dotted")), tag("span", "the same samples without that fault"))
        )
    return tag("ul", *entries, class_="legend")


_STROKE = '<svg class="stroke" viewBox="0 0 26 10" aria-hidden="true"><path d="M0 5H26" class="line s{}"/></svg>'


def _time(seconds: float) -> str:
    return time(seconds) if seconds else "0"


def _samples(run: Results, system: str, *columns: str) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables(run.parts(system, SAMPLES, columns))


def _numbers(samples: pa.Table, name: str) -> Column:
    """A column as floats; not a number where there is none."""
    return floats(samples, name)
