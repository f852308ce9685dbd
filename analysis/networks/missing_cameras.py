"""Figures 5 and 6 of the ADA-DDNN paper, with our weights: accuracy with cameras missing at inference time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simnet.analysis.style import WIDTH, exit_colours, exit_markers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_one_missing(studies: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Forced accuracy of every exit with camera 1 to 6 missing; dotted: with all of them.

    `studies` maps a panel's title to the entries of one mode of a fault study (`simnet.models.studies.faults`).
    """
    figure, panels = _panels(studies)
    for axes, (title, entries) in zip(panels, studies.items(), strict=True):
        exits = list(entries[0]["forced"])
        colours, markers = exit_colours([exits]), exit_markers([exits])
        whole = next(e for e in entries if not e["missing"])
        alone = sorted((e for e in entries if len(e["missing"]) == 1), key=lambda e: e["missing"])
        for name in exits:
            axes.plot(
                [e["missing"][0] for e in alone],
                [100 * e["forced"][name] for e in alone],
                color=colours[name],
                marker=markers[name],
                label=name,
            )
            axes.axhline(100 * whole["forced"][name], color=colours[name], linestyle=":", linewidth=1)
        axes.set_title(title)
        axes.set_xlabel("missing camera")
        axes.set_xticks(range(1, len(alone) + 1))
    _explain(panels)
    return figure


def draw_many_missing(studies: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Forced accuracy over the number of missing cameras: mean over all subsets, and from the worst to the best."""
    figure, panels = _panels(studies)
    for axes, (title, entries) in zip(panels, studies.items(), strict=True):
        exits = list(entries[0]["forced"])
        colours, markers = exit_colours([exits]), exit_markers([exits])
        numbers = sorted({len(e["missing"]) for e in entries})
        for name in exits:
            groups = [[100 * e["forced"][name] for e in entries if len(e["missing"]) == n] for n in numbers]
            axes.plot(
                numbers,
                [sum(group) / len(group) for group in groups],
                color=colours[name],
                marker=markers[name],
                label=name,
            )
            axes.fill_between(
                numbers, [min(g) for g in groups], [max(g) for g in groups], color=colours[name], alpha=0.12, lw=0
            )
        axes.set_title(title)
        axes.set_xlabel("missing cameras")
        axes.set_xticks(numbers)
    _explain(panels)
    return figure


def _explain(panels: Sequence[Axes]) -> None:
    """A legend in the first panel and in each whose exits have other names."""
    panels[0].set_ylabel("forced accuracy, %")
    explained: list[str] = []
    for axes in panels:
        names = axes.get_legend_handles_labels()[1]
        if names != explained:
            axes.legend(loc="lower left")
            explained = names


def _panels(studies: Mapping[str, Any]) -> tuple[Figure, list[Axes]]:
    import matplotlib.pyplot as plt

    count = len(studies)
    figure, panels = plt.subplots(
        1, count, figsize=(min(WIDTH, 0.5 + 2.4 * count), 2.5), layout="constrained", sharey=True, squeeze=False
    )
    for axes in panels[0]:
        axes.grid(axis="y")
        axes.set_ylim(0, 100)
    return figure, list(panels[0])
