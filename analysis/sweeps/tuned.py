"""What tuning has found: the best trials and the test as tables; the search, and each key, as figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

from simnet.analysis.style import EXITS, FAULT, GRID, INK, MUTED, SAMPLES, SMALL, WIDTH, label, look, readable
from simnet.analysis.sweeps.scales import metric, scale_of
from simnet.analysis.sweeps.sized import cell, written
from simnet.experiments.sweeps.table import as_text
from simnet.experiments.tuning.folder import best_so_far
from simnet.experiments.tuning.goal import Trial
from simnet.experiments.tuning.tuned import Tuned, fate
from simnet.results.cells import NONE, Listing
from simnet.results.run import RunError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = 8
"""Trials in the table."""
KEPT, MISSED = EXITS[1][0], MUTED
HEIGHT = 2.3
"""Inches of a panel."""
WORDS = {"minimise": "least", "maximise": "most"}


def trials_listing(tuned: Tuned) -> Listing:
    """The best trials; where none keeps the limits, those that miss them by least."""
    goal = tuned.goal
    there = [one for one in tuned.trials if one.error is None]
    sign = 1 if goal.end == "minimise" else -1
    order = sorted(there, key=lambda one: (one.missed, sign * goal.value(one)))
    limits = "".join(f", {limit.text}" for limit in goal.limits)
    found = Listing(f"{tuned.about['system']}: {WORDS[goal.end]} {goal.key}{limits}", (
        "trial", *tuned.keys, *goal.keys, *(["kept"] if goal.limits else []),
    ))  # fmt: skip
    for one in order[:SHOWN]:
        kept = [("yes" if one.kept else "no") + _doubt(tuned, one)] if goal.limits else []
        cells = [NONE if (value := one.estimates[key]) is None else written(key, value.mean) for key in goal.keys]
        found.rows.append((str(one.number), *map(as_text, one.values), *cells, *kept))
    played, failed = len(tuned.trials), len(tuned.trials) - len(there)
    count = sum(one.kept for one in there)
    parts = [f"{played:,} trials on validation data", f"{count:,} keep all limits" if goal.limits else ""]
    parts.append(f"{failed:,} failed" if failed else "")
    found.caption = "; ".join(filter(None, parts))
    return found


def _doubt(tuned: Tuned, one: Trial) -> str:
    return ", by the mean only" if one.verdict == "cannot tell" and not tuned.goal.surely else ""


def result_listing(tuned: Tuned) -> Listing:
    """The best point on validation and on test data, and there the scenario as it was."""
    best = tuned.best
    found = Listing(f"trial {best.number if best else NONE}: {tuned.settings(best) if best else ''}", (
        "", "validation", "test", "test, as it was",
    ))  # fmt: skip
    sides = (best, tuned.tested, tuned.before)
    for key in tuned.goal.keys:
        found.rows.append((key, *(cell(key, one.estimates.get(key)) if one else NONE for one in sides)))
    for limit in tuned.goal.limits:
        found.rows.append((limit.text, *(fate(limit, one.estimates.get(limit.key)) if one else NONE for one in sides)))
    lost = [_lost(one) for one in sides]
    if any(word not in ("0", NONE) for word in lost):
        found.rows.append(("captured without an answer", *lost))
    failed = [one.error for one in sides[1:] if one is not None and one.error is not None]
    found.caption = "; ".join(["means and 95 % intervals", *failed])
    return found


def _lost(one: Trial | None) -> str:
    """The share of samples that got no answer: no mean over answers stands without it."""
    counts = [None if one is None else one.estimates.get(key) for key in ("dropped", "unfinished", "captured")]
    known = [count.mean for count in counts if count is not None]
    if len(known) < len(counts) or not known[2]:
        return NONE
    lost = known[0] + known[1]
    return f"{100 * lost / known[2]:.2f} %" if lost else "0"


def draw_search(tuned: Tuned) -> Figure:
    """The goal's metric of each trial in order, with the best so far, and below it the limits' metrics."""
    from simnet.analysis.drawing import Drawing

    goal, trials = tuned.goal, _there(tuned)
    keys = goal.keys
    with look():
        figure = Drawing(figsize=(WIDTH, 0.5 + 1.7 * len(keys) + 0.5), layout="constrained")
        grid = figure.subplots(len(keys), 1, squeeze=False, sharex=True)
        for row, key in enumerate(keys):
            ax = grid[row, 0]
            _dots(ax, trials, key, [float(one.number) for one in trials])
            if not row:
                _best(ax, tuned)
            _bounds(ax, tuned, key)
            ax.set_ylabel(metric(key)[0])
        grid[-1, 0].set_xlabel("trial")
        grid[-1, 0].set_xlim(-1, len(tuned.trials))
        _legend(figure, tuned, steps=True)
        return readable(figure)


def draw_keys(tuned: Tuned) -> Figure:
    """The goal's metric over each key, whatever the others are."""
    from simnet.analysis.drawing import Drawing

    trials = _there(tuned)
    across = min(len(tuned.keys), 3)
    down = ceil(len(tuned.keys) / across)
    with look():
        figure = Drawing(figsize=(WIDTH, 0.6 + HEIGHT * down), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False, sharey=True)
        axes = list(grid.flat)
        for ax in axes[len(tuned.keys) :]:
            ax.remove()
        for number, (ax, key) in enumerate(zip(axes, tuned.keys, strict=False)):
            given = tuned.about["over"][key]  # a list has its order
            scale = scale_of(key, given if isinstance(given, list) else [one.values[number] for one in trials])
            _dots(ax, trials, tuned.goal.key, [scale.at(one.values[number]) for one in trials], tuned.best)
            _bounds(ax, tuned, tuned.goal.key)
            scale.put(ax)
            ax.set_xlabel(scale.title, fontsize=SMALL)
            if scale.texts is not None:
                ax.set_xlim(-0.5, len(scale.texts) - 0.5)
            if not number % across:
                ax.set_ylabel(metric(tuned.goal.key)[0])
        _legend(figure, tuned, steps=False)
        return readable(figure)


def _there(tuned: Tuned) -> list[Trial]:
    """Trials with results. Raises RunError: there are none."""
    found = [one for one in tuned.trials if one.error is None]
    if not found:
        raise RunError(f"{tuned.path or tuned.about['name']}: no trial of this tuning has results")
    return found


def _dots(ax: Axes, trials: Sequence[Trial], key: str, places: Sequence[float], best: Trial | None = None) -> None:
    """A metric of the trials at some places, with intervals; those that keep all limits are told from the others."""
    factor = metric(key)[1]
    ax.grid(color=GRID, linewidth=0.6)
    ax.tick_params(length=0)
    for kept in (False, True):
        chosen = [
            (place, value)
            for place, one in zip(places, trials, strict=True)
            if one.kept == kept and (value := one.estimates[key]) is not None
        ]
        ends = [(v.mean if v.low is None else v.low, v.mean if v.high is None else v.high) for _, v in chosen]
        ax.errorbar(
            [place for place, _ in chosen],
            [factor * value.mean for _, value in chosen],
            yerr=[
                [factor * (v.mean - low) for (_, v), (low, _) in zip(chosen, ends, strict=True)],
                [factor * (high - v.mean) for (_, v), (_, high) in zip(chosen, ends, strict=True)],
            ],
            linestyle="none",
            marker="o" if kept else "x",
            markersize=4 if kept else 3.5,
            markerfacecolor=KEPT,
            markeredgecolor=KEPT if kept else MISSED,
            ecolor=KEPT if kept else MISSED,
            elinewidth=0.6,
            alpha=0.9,
            zorder=3 + kept,
        )
    if best is not None and (value := best.estimates[key]) is not None:
        at = places[[one.number for one in trials].index(best.number)]
        ax.plot([at], [factor * value.mean], marker="*", markersize=8, color=FAULT, zorder=6, linestyle="none")


def _best(ax: Axes, tuned: Tuned) -> None:
    """The best so far, and the best one marked."""
    factor = metric(tuned.goal.key)[1]
    known = [(number, factor * value) for number, value in enumerate(best_so_far(tuned)) if value is not None]
    if not known or tuned.best is None:
        return
    ax.step(*zip(*known, strict=True), where="post", color=SAMPLES[0], linewidth=1.3, zorder=2)
    ax.plot([tuned.best.number], [known[-1][1]], marker="*", markersize=8, color=FAULT, zorder=6, linestyle="none")


def _bounds(ax: Axes, tuned: Tuned, key: str) -> None:
    for limit in tuned.goal.limits:
        if limit.key == key:
            ax.axhline(metric(key)[1] * limit.bound, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))


def _legend(figure: Figure, tuned: Tuned, steps: bool) -> None:
    from matplotlib.lines import Line2D

    kept = "keeps all limits" if tuned.goal.limits else "a trial"
    marks = [Line2D([], [], linestyle="none", marker="o", color=KEPT, markersize=4, label=kept)]
    if any(not one.kept for one in tuned.trials if one.error is None):
        marks.append(Line2D([], [], linestyle="none", marker="x", markersize=4, color=MISSED, label="misses a limit"))
    if tuned.best is not None:
        marks.append(Line2D([], [], linestyle="none", marker="*", color=FAULT, markersize=8, label="the best"))
        if steps:
            marks.append(Line2D([], [], color=SAMPLES[0], label="best so far"))
    for text in dict.fromkeys(limit.text for limit in tuned.goal.limits if steps or limit.key == tuned.goal.key):
        marks.append(Line2D([], [], color=INK, linewidth=0.8, linestyle=(0, (4, 2)), label=label(text)))
    figure.legend(handles=marks, loc="outside lower center", ncols=min(len(marks), 5))


TUNINGS: Mapping[str, Callable[[Tuned], Figure]] = {"search": draw_search, "keys": draw_keys}
"""Figures of tunings by name."""
