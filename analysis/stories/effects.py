"""What each fault changed, all of a run in one figure: paired differences to the same run without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simnet.analysis.exits.sheet import below
from simnet.analysis.stories.figure import MOST_SYSTEMS, SMALL, look_of, shortened
from simnet.analysis.stories.scenes import selected
from simnet.analysis.style import INK, MUTED, WIDTH, label, look, readable
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 30
"""Faults, a line for each."""
PANELS = (
    ("right answers, points", "right", 100.0),
    ("latency, ms", "latency", 1e3),
    ("recovers after, s", None, 1.0),
)


def draw_effects(run: Results, faults: Sequence[str] = (), systems: Sequence[str] = ()) -> Figure:
    """For each fault the differences of the samples that it touched to the same ones without it, and time to recover.

    Of right answers (dropped samples count as wrong) and of latency, each with the 95 % interval of the summary.

    Args:
        run: The run.
        faults: Which ones, by name or pattern; none: all, of more than `MOST` those that changed most samples.
        systems: Which ones; none: all. The first `MOST_SYSTEMS` are shown.

    Raises:
        RunError: no fault struck, there are no such faults or systems, or a table is damaged.
    """
    from matplotlib.lines import Line2D

    from simnet.analysis.drawing import Drawing

    chosen, left_out = selected(run, faults, MOST)
    names = [name for name in run.systems if name in systems or not systems]
    shown = names[:MOST_SYSTEMS]
    with look():
        size = 0.75 + max(0.13 * len(shown) + 0.12, 0.26) * len(chosen)
        figure = Drawing(figsize=(WIDTH, size))
        axes = figure.subplots(1, len(PANELS), sharey=True)
        figure.subplots_adjust(left=0.27, right=0.985, top=1 - 0.3 / size, bottom=0.42 / size, wspace=0.08)
        for ax, (unit, key, factor) in zip(axes, PANELS, strict=True):
            for number, system in enumerate(shown):
                told = run.summary["systems"][system].get("faults", {})
                apart = 0.0 if len(shown) < 2 else 0.56 * (number / (len(shown) - 1) - 0.5)
                _system(ax, told, chosen, key, factor, apart, look_of(run.systems.index(system)))
            ax.axvline(0, color=INK, linewidth=0.8, zorder=1)
            ax.set_xlabel(unit, color=MUTED, fontsize=SMALL, labelpad=2)
            ax.tick_params(length=0, labelsize=SMALL)
            ax.grid(axis="x", linewidth=0.5)
            for line in range(1, len(chosen), 2):
                ax.axhspan(line - 0.5, line + 0.5, facecolor=MUTED, alpha=0.07, linewidth=0, zorder=0)
        axes[0].set_yticks(range(len(chosen)), [shortened(name, 30) for name in chosen], color=INK)
        axes[0].set_ylim(len(chosen) - 0.5, -0.5)
        axes[2].set_xlim(left=-0.03 * axes[2].get_xlim()[1])
        handles = [
            Line2D([], [], markersize=4, label=label(system), **look_of(run.systems.index(system))) for system in shown
        ]
        figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), ncols=4, fontsize=SMALL,
                      handlelength=1.6, borderpad=0.2)  # fmt: skip
        said = [
            "what was, less what would have been without the fault, of the samples it touched; bars: 95 % intervals"
        ]
        for what, rest in (("faults", left_out), ("systems", names[MOST_SYSTEMS:])):
            if rest:
                said.append(f"{len(rest)} more {what}: {shortened(', '.join(rest), 80)}")
        below(figure, said)
        return readable(figure)


def _system(
    ax: Axes,
    told: Mapping[str, Any],
    chosen: Sequence[str],
    key: str | None,
    factor: float,
    apart: float,
    style: Mapping[str, Any],
) -> None:
    """The points of one system in one panel, `apart` from the lines' middles; where there is none, why."""
    for line, name in enumerate(chosen):
        y = line + apart
        low, mean, high, why = _value(told.get(name), key)
        if mean is None:
            ax.text(0.012, y, why, transform=ax.get_yaxis_transform(), fontsize=SMALL - 1.5, color=MUTED, va="center")
            continue
        if low is not None and high is not None:
            ax.plot([factor * low, factor * high], [y, y], color=style["color"], linewidth=1.4)
        ax.plot(factor * mean, y, markersize=3.6, **style)


def _value(told: Mapping[str, Any] | None, key: str | None) -> tuple[float | None, float | None, float | None, str]:
    """Low, mean and high of a difference, or the time to recover; without one, why."""
    nothing = (None, None, None)
    if told is None or not told["periods"]:
        return *nothing, "not known" if told is None else "did not strike"
    if not told["compared"]:
        return *nothing, "not compared"
    if key is None:
        mean = told["time_to_recover"]
        return None, mean, None, "not recovered"
    if told["during"] is None:
        return *nothing, "touched no sample"
    found = told["during"]["difference"][key]
    return found["low"], found["mean"], found["high"], "no sample answered in both"
