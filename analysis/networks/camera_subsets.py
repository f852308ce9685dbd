"""What every set of working cameras is worth: a heat map of all of them, and simulated failures beside masked ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from simnet.analysis.style import MUTED, WIDTH, exit_colours, exit_markers, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Entry = Mapping[str, Any]
"""One set of missing cameras, as an entry of the study of faults: `missing`, `forced` by exit, `system`."""

SMALL = 7.5
"""Points of what is written at panels and in legends."""


def draw_subsets(studies: Mapping[str, Sequence[Entry]]) -> Figure:
    """Accuracy in per cent of every exit and of the system, one column for each set of cameras that still works.

    Columns stand by the number of cameras that work, from all to one, and within it from the best to the worst by the
    last exit; the panel below shows which cameras they are. Without any camera there is no answer.

    Args:
        studies: By a panel's title the entries of one mode of a study of faults, of the same sets of cameras each.
    """
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    heights = [height for entries in studies.values() for height in (0.16 * (len(entries[0]["forced"]) + 1), 0.8)]
    size = sum(heights) + 0.56 * len(studies) + 0.2
    figure = Figure(figsize=(WIDTH, size))
    shades = LinearSegmentedColormap.from_list("right", ["#F6F1D5", "#7AD151", "#22A884", "#2A788E", "#414487"])
    top, picture = size - 0.25, None
    for title, entries in studies.items():
        names = [*entries[0]["forced"], "system"]
        ordered = sorted(entries, key=lambda e: (len(e["missing"]), -e["forced"][names[-2]], e["missing"]))
        values = [[100 * (e["system"] if name == "system" else e["forced"][name]) for e in ordered] for name in names]
        high = 0.16 * len(names)
        above = figure.add_axes((0.1, (top - high) / size, 0.8, high / size))
        below = figure.add_axes((0.1, (top - high - 0.86) / size, 0.8, 0.8 / size))
        picture = above.imshow(values, vmin=0, vmax=100, cmap=shades, aspect="auto", interpolation="nearest")
        above.set_title(label(title), fontsize=9.5, loc="left", pad=4)
        above.set_yticks(range(len(names)), [label(name) for name in names])
        above.set_xticks([])
        _cameras(below, ordered)
        for ax in (above, below):
            ax.tick_params(length=0, labelsize=SMALL)
            for edge in _edges(ordered):
                ax.axvline(edge, color="white", linewidth=2)
        top -= high + 0.86 + 0.5
    if picture is not None:
        bar = figure.colorbar(picture, cax=figure.add_axes((0.92, 0.4 / size, 0.012, (size - 0.65) / size)))
        bar.set_label("accuracy, %", color=MUTED, fontsize=SMALL)
        bar.ax.tick_params(labelsize=SMALL, length=2)
        bar.outline.set_visible(False)
    return figure


def _cameras(ax: Axes, ordered: Sequence[Entry]) -> None:
    """Which cameras work in each column."""
    count = max((number for entry in ordered for number in entry["missing"]), default=1)
    works = [[float(number not in entry["missing"]) for entry in ordered] for number in range(1, count + 1)]
    ax.imshow(works, vmin=0, vmax=1.6, cmap="Greys", aspect="auto", interpolation="nearest")
    ax.set_yticks(range(count), [f"camera {number}" for number in range(1, count + 1)])
    numbers = [count - len(entry["missing"]) for entry in ordered]
    middles = {n: fmean(at for at, number in enumerate(numbers) if number == n) for n in numbers}
    ax.set_xticks([*middles.values()], [str(n) for n in middles])
    ax.set_xlabel("cameras that work", color=MUTED, fontsize=SMALL, labelpad=2)


def _edges(ordered: Sequence[Entry]) -> list[float]:
    """Between columns of different numbers of missing cameras."""
    numbers = [len(entry["missing"]) for entry in ordered]
    return [at - 0.5 for at in range(1, len(numbers)) if numbers[at] != numbers[at - 1]]


def draw_simulated(studies: Mapping[str, tuple[Sequence[Entry], Sequence[Entry]]]) -> Figure:
    """Figures 5 and 6 of the ADA-DDNN paper: marks are simulated runs, lines the masked study of the same samples.

    Left of each row one camera is missing, dotted: none; right so many: the masked study's mean over all sets of so
    many, shaded from the worst to the best, and a mark for each set that was simulated.

    Args:
        studies: By a row's title the entries of the masked study, of all sets, and those of simulated runs, of some.
    """
    from matplotlib.figure import Figure

    size = 0.2 + 2.25 * len(studies)
    figure = Figure(figsize=(WIDTH, size))
    axes = figure.subplots(len(studies), 2, squeeze=False, sharey="row")
    figure.subplots_adjust(left=0.075, right=0.985, top=1 - 0.3 / size, bottom=0.42 / size, hspace=0.42, wspace=0.05)
    for (left, right), (title, (masked, simulated)) in zip(axes, studies.items(), strict=True):
        exits = list(masked[0]["forced"])
        colours, markers = exit_colours([exits]), exit_markers([exits])
        for number, name in enumerate(exits):
            mark: dict[str, Any] = {"marker": markers[name], "markeredgecolor": colours[name]}
            mark |= {"markerfacecolor": "none", "linestyle": "", "markersize": 4.5}
            _one(left, masked, simulated, name, colours[name], mark)
            _many(right, masked, simulated, name, colours[name], mark, 0.13 * (number - (len(exits) - 1) / 2))
            left.plot([], [], color=colours[name], label=label(name), **{**mark, "linestyle": "-"})
        left.set_title(label(title), fontsize=9.5, loc="left", pad=5)
        left.set_xlabel("the camera that is missing", color=MUTED, fontsize=SMALL)
        right.set_xlabel("cameras missing", color=MUTED, fontsize=SMALL)
        left.set_ylabel("right answers, %", color=MUTED, fontsize=SMALL)
        left.set_ylim(0, 102)
        for ax in (left, right):
            ax.grid(axis="y", linewidth=0.6)
            ax.tick_params(length=0, labelsize=SMALL)
        left.legend(loc="lower left", fontsize=SMALL, ncols=len(exits), handlelength=1.8)
    return figure


def _one(
    ax: Axes, masked: Sequence[Entry], simulated: Sequence[Entry], name: str, colour: str, mark: dict[str, Any]
) -> None:
    alone, points = (
        sorted((e["missing"][0], 100 * e["forced"][name]) for e in entries if len(e["missing"]) == 1)
        for entries in (masked, simulated)
    )
    ax.plot(*zip(*alone, strict=True), color=colour, linewidth=1.1)
    ax.plot([number for number, _ in points], [right for _, right in points], **mark)
    for entry in masked:
        if not entry["missing"]:
            ax.axhline(100 * entry["forced"][name], color=colour, linestyle=":", linewidth=1)
    ax.set_xticks([number for number, _ in alone])


def _many(
    ax: Axes,
    masked: Sequence[Entry],
    simulated: Sequence[Entry],
    name: str,
    colour: str,
    mark: dict[str, Any],
    aside: float,
) -> None:
    """The marks stand `aside`, each exit's by themselves."""
    numbers = sorted({len(e["missing"]) for e in masked})
    groups = [[100 * e["forced"][name] for e in masked if len(e["missing"]) == n] for n in numbers]
    ax.plot(numbers, [fmean(group) for group in groups], color=colour, linewidth=1.1)
    low, high = ([pick(group) for group in groups] for pick in (min, max))
    ax.fill_between(numbers, low, high, color=colour, alpha=0.12, linewidth=0)
    at = [len(e["missing"]) + aside for e in simulated]
    ax.plot(at, [100 * e["forced"][name] for e in simulated], **{**mark, "markersize": 3.5, "markeredgewidth": 0.7})
    ax.set_xticks(numbers)
