"""Runs set against each other: the pairs of their systems, what differs, and which samples changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simnet.analysis.comparison.changes import changes
from simnet.analysis.comparison.found import Found, Pair
from simnet.analysis.comparison.measures import common_seeds, of_repeats, of_samples
from simnet.analysis.comparison.settings import changed_settings
from simnet.analysis.comparison.sides import Side, matched, named, unpaired
from simnet.results.run import Results
from simnet.statistics.proportions import mcnemar

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Comparison(Found):
    """What `compare_runs` finds, and the files and figure of it; `print` shows it as `simnet compare` does."""

    def figure(self) -> Figure:
        """The differences with their intervals, and the distributions of latency overlaid, as a matplotlib figure."""
        from simnet.analysis.comparison.figure import draw_comparison

        return draw_comparison(self)

    def _repr_png_(self) -> bytes:
        """What a notebook shows: the figure."""
        from simnet.analysis.drawing import png

        return png(self.figure())

    def latex(self) -> str:
        """A LaTeX table of the differences, for the package booktabs; users' words are escaped."""
        from simnet.analysis.comparison.latex import latex_table

        return latex_table(self)

    def save_csv(self, path: str | Path) -> list[Path]:
        """Write the differences to `path`, and beside it all changed answers (`NAME-changed.csv`, where there can be
        any).

        Returns:
            The files.

        Raises:
            OSError: one cannot be written.
        """
        from simnet.analysis.comparison.tables import write_csv

        return write_csv(self, Path(path))

    def __repr__(self) -> str:
        return f"<Comparison: {', '.join(pair.title for pair in self.pairs)}>"

    def __str__(self) -> str:
        from simnet.analysis.comparison.listings import as_text

        return as_text(self)


def compare_runs(runs: Sequence[Results], systems: Sequence[str] = ()) -> Comparison:
    """Set runs against the first of them, or the systems of a single one against each other.

    Args:
        runs: One or more.
        systems: Which, see `simnet.analysis.comparison.sides.matched`.

    Raises:
        RunError: a system that a run does not have, runs that cannot be compared, a damaged table.
    """
    pairs = [_pair(first, second) for first, second in matched(runs, systems)]
    names, first = named(runs), runs[0]
    settings = {name: changed_settings(first, run) for name, run in zip(names[1:], runs[1:], strict=True)}
    left = []
    for name, run in zip(names, runs, strict=True):
        shown = {side.system for pair in pairs for side in (pair.first, pair.second) if side.run is run}
        if not systems and (others := [system for system in run.systems if system not in shown]):
            left.append(f"{name}: {', '.join(others)} not compared; the other run has no system of the name")
    return Comparison(pairs, settings, tuple(left))


def _pair(first: Side, second: Side) -> Pair:
    why = unpaired(first, second)
    notes = []
    if why is not None:
        notes.append(f"{why}: no pairs of samples, so no list of changed answers")
    repeated = [bool(side.run.repeats) for side in (first, second)]
    before = max(first.warm_up, second.warm_up)
    one, other = first.recorded, second.recorded
    if why is None:
        count = min(len(one), len(other))
        one, other = one.part(before, count), other.part(before, count)
        if len(first.recorded) != len(second.recorded):
            notes.append(f"the first {count:,} samples, which both have, are compared")
    else:
        one, other = one.part(first.warm_up, len(one)), other.part(second.warm_up, len(other))
    if all(repeated):
        measures, over = of_repeats(first, second), _over_repeats(first, second)
        if why is None and first.run is not second.run:
            notes.append("changed answers are those of the first repeat")
    else:
        if any(repeated):
            named = first if repeated[0] else second
            notes.append(f"{named.name} has repeats, the other run has none: its first repeat is compared")
        measures, over = of_samples(one, other, why is None), _over_samples(len(one), len(other), why is None)
    if why is not None:
        return Pair(first, second, measures, None, over, notes=tuple(notes))
    right = one.correct & ~other.correct & other.answered, other.correct & ~one.correct & one.answered
    gained = int(right[0].sum()), int(right[1].sum())
    images = one.image[one.answered & other.answered]
    new = len(set(images.tolist())) == len(images) > 0
    p_value = mcnemar(*gained) if new else None
    return Pair(first, second, measures, changes(one, other, before), over, gained, p_value, tuple(notes))


def _over_samples(first: int, second: int, paired: bool) -> str:
    return f"paired over {first:,} samples" if paired else f"unpaired, {first:,} and {second:,} samples"


def _over_repeats(first: Side, second: Side) -> str:
    seeds = common_seeds(first, second)
    counts = [len(side.run.repeats) for side in (first, second)]
    if len(seeds) >= 2:
        rest = "" if counts == [len(seeds)] * 2 else f" of {counts[0]} and {counts[1]}"
        return f"means of {len(seeds)} repeats{rest}, paired by seed"
    return f"means of {counts[0]} and {counts[1]} repeats of different seeds, unpaired"
