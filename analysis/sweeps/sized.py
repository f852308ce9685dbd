"""What a sizing played, as a table for the terminal and as a figure: each limit's metric over the key's values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.analysis.style import EXITS, FAULT, INK, MUTED, WIDTH, label, look, readable
from simnet.analysis.sweeps.scales import metric, scale_of
from simnet.experiments.sizing.limits import Estimate, is_share, quantity_of
from simnet.experiments.sizing.size import Sized
from simnet.experiments.sweeps.table import as_text
from simnet.language.units import TIME
from simnet.results.cells import NONE, Listing, percent, time

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {"yes": EXITS[1][0], "no": FAULT, "cannot tell": MUTED}
MARKERS = {"yes": "o", "no": "X", "cannot tell": "D"}
HEIGHT = 2.6
"""Inches of a panel."""


def sized_listing(sized: Sized) -> Listing:
    """A row for each value that was played."""
    title = f"{sized.system}: {' and '.join(limit.text for limit in sized.limits)}"
    found = Listing(title, (sized.key, "repeats", *(limit.key for limit in sized.limits), "kept"))
    for one in sized.tried:
        cells = [cell(limit.key, value) for limit, value in zip(sized.limits, one.estimates, strict=True)]
        found.rows.append((as_text(one.value), str(one.repeats), *cells, one.verdict))
    found.caption = "means over repeats; the intervals of a value hold together with 95 %"
    return found


def cell(key: str, value: Estimate | None) -> str:
    """A metric's mean, and below it the ends of its interval where there is one."""
    if value is None:
        return NONE
    if value.low is None or value.high is None:
        return written(key, value.mean)
    ends = f"{written(key, value.low)} to {written(key, value.high)}"
    return f"{written(key, value.mean)}\n{ends}"


def written(key: str, value: float) -> str:
    """A metric's value in the unit that suits it."""
    if is_share(key):
        return percent(value)
    quantity = quantity_of(key)
    if quantity is None:
        return f"{value:.4g}"
    return time(value) if quantity is TIME else quantity.format(value, 3)


def draw_sized(sized: Sized) -> Figure:
    """A panel for each limit: means with intervals of the values that were played, and the bound."""
    from simnet.analysis.drawing import Drawing

    scale = scale_of(sized.key, [one.value for one in sized.tried])
    with look():
        wide = WIDTH if len(sized.limits) > 1 else WIDTH / 2
        figure = Drawing(figsize=(wide, HEIGHT), layout="constrained")
        grid = figure.subplots(1, len(sized.limits), squeeze=False)
        seen: dict[str, None] = {}
        for ax, (number, limit) in zip(grid[0], enumerate(sized.limits), strict=True):
            title, factor = metric(limit.key)
            for one in sized.tried:
                if (value := one.estimates[number]) is None:
                    continue
                low, high = (value.mean if end is None else end for end in (value.low, value.high))
                ax.errorbar(
                    [scale.at(one.value)],
                    [factor * value.mean],
                    yerr=[[factor * (value.mean - low)], [factor * (high - value.mean)]],
                    color=COLOURS[one.verdict],
                    marker=MARKERS[one.verdict],
                    markersize=4,
                    capsize=2,
                    linewidth=1,
                    label=None if one.verdict in seen else _WORDS[one.verdict],
                )
                seen[one.verdict] = None
            ax.axhline(factor * limit.bound, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
            ax.set_title(label(limit.text))
            ax.set_ylabel(title)
            scale.put(ax)
        figure.legend(loc="outside lower center", ncols=3)
        return readable(figure)


_WORDS = {"yes": "all limits kept", "no": "a limit broken", "cannot tell": "cannot be told"}
