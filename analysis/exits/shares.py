"""Where the samples left, and how good the answers were there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from simnet.analysis.exits.sheet import looks
from simnet.analysis.style import INK, MUTED, PAPER, SMALL, WIDTH, dark, exit_legend, label, look, readable
from simnet.analysis.words import fitted, legend_columns, widest, width_of
from simnet.results.run import Results

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, ABOVE, BELOW = 0.42, 0.27, 0.36  # inches: a system, titles, the axis
BAR = 0.6
"""Height of a bar, of a row's."""
MOST_NAME = 1.5
"""Inches that systems' names may take."""


class Right(NamedTuple):
    """Right answers in per cent, with the summary's 95 % interval, which is the share alone where it has none."""

    share: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """As `93.4 (91.7–94.8)`."""
        return f"{self.share:.1f} ({self.low:.1f}–{self.high:.1f})" if self.low < self.high else f"{self.share:.1f}"


def draw_exits(run: Results) -> Figure:
    """Exit shares of every system beside its accuracies: per exit, forced where known, and of the system.

    Hatched: answers that an exit was forced to give. Whiskers and numbers in brackets are the summary's 95 % intervals.
    """
    from simnet.analysis.drawing import Drawing

    names = run.systems
    with look():
        shown = [fitted(name, MOST_NAME) for name in names]
        handles = list(_legend(run))
        columns = legend_columns([str(handle.get_label()) for handle in handles], WIDTH - 0.2)
        size = ABOVE + ROW * max(len(names), 1) + BELOW + 0.1 + 0.15 * -(-len(handles) // columns)
        figure = Drawing(figsize=(WIDTH, size))
        shares, accuracy = figure.subplots(1, 2, sharey=True, width_ratios=(1.3, 1))
        values = [right_of(system) for system in run.summary["systems"].values()]
        beside = widest(["right (95 %)", *(one.words for one in values if one)]) + 0.12
        figure.subplots_adjust(
            left=(widest(names) if widest(names) < MOST_NAME else MOST_NAME) / WIDTH + 0.02, right=1 - beside / WIDTH,
            top=1 - ABOVE / size, bottom=1 - (ABOVE + ROW * max(len(names), 1)) / size, wspace=0.07,
        )  # fmt: skip
        _shares(shares, run)
        _accuracies(accuracy, run, values)
        shares.set_yticks(range(len(names)), shown)
        shares.set_ylim(len(names) - 0.45, -0.55)
        for ax in (shares, accuracy):
            ax.tick_params(length=0)
            ax.spines["left"].set_visible(False)
        for tick in shares.get_yticklabels():
            tick.set_color(INK)
        figure.legend(
            handles=handles, loc="lower center", ncols=columns, columnspacing=1.3, handletextpad=0.4,
            borderpad=0.2, handlelength=1.6,
        )  # fmt: skip
        return readable(figure)


def right_of(system: Mapping[str, Any], place: str | None = None) -> Right | None:
    """Right answers of what a system finished, or of those of one of its exits; None where that is nothing."""
    share = (system if place is None else system["exits"][place])["accuracy"]
    ends = system.get("intervals", {}).get("accuracy" if place is None else f"exits.{place}.accuracy") or {}
    if share is None:
        return None
    low, high = (share if ends.get(key) is None else ends[key] for key in ("low", "high"))
    return Right(100 * share, 100 * low, 100 * high)


def _shares(ax: Axes, run: Results) -> None:
    colours = looks(run)[0]
    for row, (name, system) in enumerate(run.summary["systems"].items()):
        forced = _forced(run, name)
        left = 0.0
        for place, numbers in system["exits"].items():
            width = 100 * (numbers["share"] or 0.0)
            ax.barh(row, width, left=left, height=BAR, color=colours[place], edgecolor=PAPER, linewidth=0.8)
            held = width * forced.get(place, 0) / max(numbers["count"], 1)
            if held:
                ax.barh(row, held, left=left + width - held, height=BAR, facecolor="none", edgecolor=PAPER,
                        hatch="////", linewidth=0)  # fmt: skip
            _told(ax, row, left, width - held, label(place), f"{width:.1f} %", colours[place])
            left += width
        if not system["finished"]:
            ax.text(1, row, "no sample finished", va="center", color=MUTED, fontsize=SMALL)
    ax.set_xlim(0, 100)
    ax.set_title("exit shares")
    ax.set_xlabel("share of the finished samples, %", color=MUTED)


def _told(ax: Axes, row: int, left: float, width: float, name: str, share: str, colour: str) -> None:
    """Name and share of an exit in its bar, as far as there is room."""
    room = width / 100 * 2.75  # inches; the axis is never much narrower
    words = f"{name}\n{share}" if widest([name, share]) + 0.06 < room else share
    if width_of(share) + 0.04 > room:
        words = f"{float(share.split()[0]):.0f}"
    if width_of(words.splitlines()[-1]) + 0.04 < room:
        ax.text(left + width / 2, row, words, ha="center", va="center", fontsize=SMALL,
                color=PAPER if dark(colour) else INK, linespacing=1.1)  # fmt: skip


def _forced(run: Results, system: str) -> Mapping[str, int]:
    """How many answers each exit was forced to give, without those of the warm-up."""
    if not run.summary["systems"][system]["forced"]:
        return {}
    table = run.samples(system).slice(run.summary.get("warm_up", 0))
    outcomes, exits = (table.column(name).cast("string").to_pylist() for name in ("outcome", "exit"))
    found: dict[str, int] = {}
    for outcome, place in zip(outcomes, exits, strict=True):
        if outcome == "forced" and place is not None:
            found[place] = found.get(place, 0) + 1
    return found


def _accuracies(ax: Axes, run: Results, values: Sequence[Right | None]) -> None:
    colours, markers = looks(run)
    shown: list[float] = []
    for row, (system, whole) in enumerate(zip(run.summary["systems"].values(), values, strict=True)):
        if whole is not None:
            shown += [whole.low]
            ax.plot([whole.low, whole.high], [row + 0.3] * 2, color=INK, linewidth=1, zorder=2)
            ax.plot(whole.share, row + 0.3, "|", color=INK, markersize=6, markeredgewidth=1.6, zorder=2)
            ax.annotate(whole.words, (1, row), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                        va="center", fontsize=SMALL, color=INK, annotation_clip=False)  # fmt: skip
        exits = system["exits"]
        for number, (name, numbers) in enumerate(exits.items()):
            y = row - 0.3 + 0.45 * (number / max(len(exits) - 1, 1) if len(exits) > 1 else 0.5)
            look_of: dict[str, Any] = {"marker": markers[name], "linestyle": "", "zorder": 3, "markersize": 4.5}
            if (one := right_of(system, name)) is not None:
                shown += [one.share]
                ax.plot([one.low, one.high], [y, y], color=colours[name], linewidth=0.9, zorder=2)
                ax.plot(one.share, y, color=colours[name], markeredgecolor=PAPER, markeredgewidth=0.4, **look_of)
            if numbers["forced_accuracy"] is not None:
                shown += [100 * numbers["forced_accuracy"]]
                ax.plot(shown[-1], y, markerfacecolor="none", markeredgecolor=colours[name], markeredgewidth=1.1,
                        **look_of)  # fmt: skip
    low = min(*shown, 95.0) if shown else 0.0  # a few points at least: no ticks of a fraction, or above 100 %
    ax.set_xlim(max(0.0, low - 0.08 * (100 - low) - 0.5), 100 + 0.02 * (100 - low))
    ax.grid(axis="x")
    ax.set_title("accuracies")
    ax.annotate("right (95 %)", (1, 1), (4, 4), xycoords="axes fraction", textcoords="offset points",
                fontsize=SMALL, color=MUTED, annotation_clip=False)  # fmt: skip
    ax.set_xlabel("right answers, %", color=MUTED)


def _legend(run: Results) -> Iterator[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    for marker, colour, names in exit_legend(*looks(run)):
        yield Line2D([], [], marker=marker, color=colour, linestyle="", markersize=5, label=fitted(names, 2.2))
    yield Line2D([], [], color=INK, linewidth=1, marker="|", markersize=6, markeredgewidth=1.6, label="system, 95 %")
    systems = run.summary["systems"].values()
    if any(system["forced"] for system in systems):
        yield Patch(facecolor=MUTED, hatch="////", edgecolor=PAPER, linewidth=0, label="forced answers")
    if any(numbers["forced_accuracy"] is not None for system in systems for numbers in system["exits"].values()):
        yield Line2D([], [], marker="o", linestyle="", markerfacecolor="none", markeredgecolor=MUTED, markersize=5,
                     markeredgewidth=1.1, label="hollow: accuracy of all samples")  # fmt: skip
