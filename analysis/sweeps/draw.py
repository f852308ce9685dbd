"""Figures of a sweep: lines with intervals over one key, heat maps over two, points, and fronts of two metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from simnet.analysis.style import GRID, INK, MUTED, PAPER, SAMPLES, WIDTH, label, look, readable
from simnet.analysis.sweeps.points import Point, check_metric, metrics_of, points_of, systems_of
from simnet.analysis.sweeps.scales import USUAL, metric, scale_of, shortened
from simnet.experiments.sweeps.sweep import Results
from simnet.results.run import RunError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SMALL = 8.0
"""Points of what is written in panels and legends."""
MARKERS = "osD^vP*X"
LINES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
"""Systems differ in line and marker, too."""
MOST_CELLS = 64
"""Cells of a heat map in which the numbers are written."""
HEIGHT = 2.5
"""Inches of a panel."""


def chosen(sweep: Results, metrics: Sequence[str]) -> list[str]:
    """The metrics to be drawn. Raises RunError: there is none of this name, or no run has results."""
    if not systems_of(sweep):
        raise RunError(f"{sweep.path or sweep.about['name']}: no run of this sweep has results")
    if metrics:
        return [check_metric(sweep, name) for name in metrics]
    known = metrics_of(sweep)
    return [name for name in USUAL if name in known]


def varied(sweep: Results) -> list[str]:
    """The keys that have several values."""
    return [key for key, values in sweep.about["over"].items() if len(values) > 1] or list(sweep.keys)[:1]


def sweep_kinds(sweep: Results) -> list[str]:
    """The figures that show a sweep."""
    keys = len(varied(sweep))
    main = "points" if sweep.about["method"] != "grid" or keys > 2 else "heat" if keys == 2 else "lines"
    return [main, "front"]


def draw_lines(sweep: Results, metrics: Sequence[str]) -> Figure:
    """Each metric over the swept key, a line for each system, with 95 % intervals."""
    (key,) = varied(sweep)[:1]
    scale = scale_of(key, _values(sweep, key))
    at = sweep.keys.index(key)
    with look():
        figure, axes = _panels(len(metrics))
        for ax, name in zip(axes, metrics, strict=True):
            title, factor = metric(name)
            for number, system in enumerate(systems_of(sweep)):
                points = sorted(points_of(sweep, system), key=lambda point: scale.at(point.at[at]))
                _line(ax, [scale.at(point.at[at]) for point in points], points, name, factor, number)
            ax.set_ylabel(title)
            scale.put(ax)
        _legend(figure, systems_of(sweep), LINES)
        _below(figure, _told(sweep))
        return readable(figure)


def draw_points(sweep: Results, metrics: Sequence[str]) -> Figure:
    """Each metric over each key, a marker for every point: what it depends on, whatever the others are."""
    keys = varied(sweep)
    with look():
        from simnet.analysis.drawing import Drawing

        figure = Drawing(figsize=(WIDTH, 0.7 + 1.5 * len(metrics)), layout="constrained")
        grid = figure.subplots(len(metrics), len(keys), squeeze=False, sharey="row", sharex="col")
        for column, key in enumerate(keys):
            scale, at = scale_of(key, _values(sweep, key)), sweep.keys.index(key)
            for row, name in enumerate(metrics):
                ax, (title, factor) = grid[row, column], metric(name)
                _plain(ax)
                for number, system in enumerate(systems_of(sweep)):
                    found = [(scale.at(p.at[at]), p.value(name).mean) for p in points_of(sweep, system)]
                    ax.plot(
                        [x for x, y in found if y is not None], [factor * y for _, y in found if y is not None],
                        linestyle="none", marker=MARKERS[number % len(MARKERS)], markersize=4, alpha=0.7,
                        color=SAMPLES[number % len(SAMPLES)], markeredgewidth=0,
                    )  # fmt: skip
                scale.put(ax)
                ax.set_xlabel(scale.title.replace(", ", ",\n") if row == len(metrics) - 1 else "", fontsize=SMALL)
                ax.set_ylabel(title if not column else "")
                if scale.texts is not None:
                    ax.set_xlim(-0.5, len(scale.texts) - 0.5)
                    ax.tick_params(axis="x", labelrotation=25)
        _legend(figure, systems_of(sweep), ("none",))
        _below(figure, _told(sweep, intervals=False))
        return readable(figure)


def draw_heat(sweep: Results, metrics: Sequence[str]) -> Figure:
    """Each metric as colour over two keys, a row of maps for each system; the numbers where there is room."""
    first, second = varied(sweep)
    scales = [scale_of(key, _values(sweep, key)) for key in (first, second)]
    places = [sweep.keys.index(key) for key in (first, second)]
    systems = systems_of(sweep)
    orders = [list(scale.places) for scale in scales]
    with look():
        from simnet.analysis.drawing import Drawing

        figure = Drawing(figsize=(WIDTH, 0.6 + 2.1 * len(metrics)), layout="constrained")
        grid = figure.subplots(len(metrics), len(systems), squeeze=False)
        for row, name in enumerate(metrics):
            title, factor = metric(name)
            maps = [_map(sweep, system, name, factor, places, orders) for system in systems]
            known = np.concatenate([one[~np.isnan(one)] for one in maps])
            least, most = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
            for column, (system, values) in enumerate(zip(systems, maps, strict=True)):
                ax = grid[row, column]
                mesh = ax.pcolormesh(values, cmap="viridis", vmin=least, vmax=most, edgecolors=PAPER, linewidth=0.8)
                _numbers(ax, values, least, most)
                for axis, order in ((ax.xaxis, orders[0]), (ax.yaxis, orders[1])):
                    step = ceil(len(order) / 8)
                    axis.set_ticks([n + 0.5 for n in range(0, len(order), step)], [shortened(v) for v in order[::step]])
                ax.tick_params(length=0, labelsize=SMALL)
                ax.set_frame_on(False)
                if not row:
                    ax.set_title(label(system), fontsize=9.5)
                if row == len(metrics) - 1:
                    ax.set_xlabel(label(first))
                if not column:
                    ax.set_ylabel(label(second))
            bar = figure.colorbar(mesh, ax=list(grid[row]), aspect=18, pad=0.02)
            bar.set_label(title)
            bar.ax.tick_params(labelsize=SMALL)
            bar.outline.set_visible(False)
        _below(figure, _told(sweep, intervals=False))
        return readable(figure)


def draw_front(sweep: Results, metrics: Sequence[str]) -> Figure:
    """The first metric against each other one, all points; the line joins those that no other beats in both.

    More is better of what is right, answered or saved; less of all else.
    """
    against, *others = metrics if len(metrics) > 1 else [*metrics, *metrics]
    with look():
        figure, axes = _panels(len(others), across=min(len(others), 3))
        for ax, name in zip(axes, others, strict=True):
            (title, factor), (up, times) = metric(name), metric(against)
            for number, system in enumerate(systems_of(sweep)):
                found = [(p.value(name).mean, p.value(against).mean) for p in points_of(sweep, system)]
                known = [(factor * x, times * y) for x, y in found if x is not None and y is not None]
                colour = SAMPLES[number % len(SAMPLES)]
                best = front(known, _more(name), _more(against))
                ax.plot(
                    *_columns(known), linestyle="none", marker=MARKERS[number % len(MARKERS)], markersize=4,
                    color=colour, alpha=0.45, markeredgewidth=0,
                )  # fmt: skip
                ax.plot(
                    *_columns(best), linestyle=LINES[number % len(LINES)], linewidth=1.3,
                    marker=MARKERS[number % len(MARKERS)], markersize=5, color=colour, markeredgecolor=PAPER,
                    markeredgewidth=0.6, zorder=4,
                )  # fmt: skip
            ax.set_xlabel(title)
            ax.set_ylabel(up)
        _legend(figure, systems_of(sweep), LINES)
        _below(figure, f"Joined: points that no other beats in both. {_told(sweep, intervals=False)}")
        return readable(figure)


def front(points: Sequence[tuple[float, float]], more_x: bool, more_y: bool) -> list[tuple[float, float]]:
    """Those of some points that no other is as good as in both numbers and better in one, in order of the first."""
    signed = [(-x if more_x else x, -y if more_y else y) for x, y in points]
    found = {
        point
        for point, (x, y) in zip(points, signed, strict=True)
        if not any(a <= x and b <= y and (a, b) != (x, y) for a, b in signed)
    }
    return sorted(found)


SWEEPS: Mapping[str, Callable[[Results, Sequence[str]], Figure]] = {
    "lines": draw_lines,
    "heat": draw_heat,
    "points": draw_points,
    "front": draw_front,
}
"""Figures of sweeps by name."""

_MORE = ("accuracy", "accuracy_of_captured", "finished")


def _more(name: str) -> bool:
    """Whether more of it is better."""
    return name in _MORE or name.endswith(".accuracy")


def _values(sweep: Results, key: str) -> list[Any]:
    return list(sweep.table[key].to_pylist())


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _plain(ax: Axes) -> None:
    ax.grid(color=GRID, linewidth=0.6)
    ax.tick_params(labelsize=SMALL, length=0)


def _panels(count: int, across: int = 2) -> tuple[Figure, list[Axes]]:
    """Panels side by side, in rows."""
    from simnet.analysis.drawing import Drawing

    across = min(across, count) or 1
    down = ceil(count / across)
    size = 0.6 + HEIGHT * down * (1.15 if across == 1 else 0.85)
    figure = Drawing(figsize=(WIDTH, size), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    axes = list(grid.flat)
    for ax in axes[count:]:
        ax.remove()
    for ax in axes[:count]:
        _plain(ax)
    return figure, axes[:count]


def _line(ax: Axes, places: Sequence[float], points: Sequence[Point], name: str, factor: float, number: int) -> None:
    values = [point.value(name) for point in points]
    nan = float("nan")
    mean, low, high = (
        [nan if value[part] is None else factor * value[part] for value in values]  # type: ignore[operator]
        for part in range(3)
    )
    colour = SAMPLES[number % len(SAMPLES)]
    ax.fill_between(places, low, high, color=colour, alpha=0.15, linewidth=0)
    ax.plot(
        places, mean, color=colour, linewidth=1.5, linestyle=LINES[number % len(LINES)],
        marker=MARKERS[number % len(MARKERS)], markersize=5, markeredgecolor=PAPER, markeredgewidth=0.6,
    )  # fmt: skip


def _map(
    sweep: Results, system: str, name: str, factor: float, places: Sequence[int], orders: Sequence[Sequence[str]]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A metric of a system by the second key (rows) and the first (columns); NaN where it is not known."""
    from simnet.experiments.sweeps.table import as_text

    values = np.full((len(orders[1]), len(orders[0])), np.nan)
    for point in points_of(sweep, system):
        x, y = (order.index(as_text(point.at[at])) for order, at in zip(orders, places, strict=True))
        if (mean := point.value(name).mean) is not None:
            values[y, x] = factor * mean
    return values


def _numbers(ax: Axes, values: np.ndarray[Any, np.dtype[np.float64]], least: float, most: float) -> None:
    if values.size > MOST_CELLS:
        return
    for (y, x), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        dark = most == least or (value - least) / (most - least) < 0.6
        ax.text(x + 0.5, y + 0.5, f"{value:.3g}", ha="center", va="center", fontsize=7, color=PAPER if dark else INK)


def _legend(figure: Figure, systems: Sequence[str], lines: Sequence[Any]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=SAMPLES[number % len(SAMPLES)], linestyle=lines[number % len(lines)], linewidth=1.5,
               marker=MARKERS[number % len(MARKERS)], markersize=5, label=label(name))
        for number, name in enumerate(systems)
    ]  # fmt: skip
    figure.legend(
        handles=handles, loc="outside upper left", ncols=min(len(handles), 5), fontsize=SMALL, handlelength=2.6
    )


def _told(sweep: Results, intervals: bool = True) -> str:
    about = sweep.about
    repeats = about["repeats"]
    what = f"{about['points']:,} {'point' if about['points'] == 1 else 'points'}"
    what += f", means of {repeats} repeats" if repeats > 1 else ""
    if intervals:
        what += ", bands: 95 % intervals" + (" over repeats" if repeats > 1 else " within a run")
    failed = about["failed"]
    return what + (f"; {failed:,} {'run' if failed == 1 else 'runs'} failed" if failed else "") + "."


def _below(figure: Figure, text: str) -> None:
    figure.supxlabel(text, fontsize=SMALL, color=MUTED, x=0.01, ha="left")
