"""A comparison as tables and lines for the terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from math import floor, log10
from typing import TYPE_CHECKING

from simnet.analysis.comparison.changes import Change, Changes, Effect, order
from simnet.analysis.comparison.executed import of_faults, of_places, one_executed, ratio, told_executed
from simnet.analysis.comparison.measures import Measure
from simnet.language.units import format_energy, format_size, format_time
from simnet.results.cells import NONE, Listing

if TYPE_CHECKING:
    from rich.console import Console

    from simnet.analysis.comparison.found import Found, Pair
    from simnet.analysis.comparison.settings import Setting

SETTINGS = 8
"""Changed keys of a scenario that are told; of more, the rest are counted."""
EFFECTS = {
    Effect.WRONG: "became\nwrong",
    Effect.RIGHT: "became\nright",
    Effect.STILL_WRONG: "wrong\notherwise",
    Effect.SAME: "same\nanswer",
}


def print_comparison_of_runs(found: Found, console: Console, listed: int) -> None:
    """Print what differs between the scenarios, then each pair, with so many of its changed answers."""
    from simnet.analysis.compare import print_listing

    for name, settings in found.settings.items():
        console.print(f"{name} differs from {found.pairs[0].first.name} in", soft_wrap=True)
        for line in told_settings(settings):
            console.print(f"  {line}", soft_wrap=True)
        console.print()
    for pair in found.pairs:
        print_listing(of_measures(pair), console)
        if one_executed(pair):
            for listing in (of_places(pair), of_faults(pair)):
                if listing.rows:
                    print_listing(listing, console)
        if pair.changes is not None:
            console.print(told_changes(pair.changes), style="bold")
            if pair.changes.counts:
                print_listing(of_counts(pair.changes), console)
            if listed and pair.changes.changed:
                print_listing(of_changed(pair.changes, listed), console)
    for note in notes_of(found):
        console.print(f"note: {note}", soft_wrap=True)


def as_text(found: Found, listed: int = 10) -> str:
    """The same as text of 100 columns."""
    from simnet.terminal.output import console

    text = io.StringIO()
    print_comparison_of_runs(found, console(file=text, width=100), listed)
    return text.getvalue()


def told_settings(settings: Sequence[Setting]) -> Iterator[str]:
    """One line for each key that differs, the first ones."""
    if not settings:
        yield "nothing"
    yield from (str(one) for one in settings[:SETTINGS])
    if (more := len(settings) - SETTINGS) > 0:
        yield f"and {more} more"


def notes_of(found: Found) -> Iterator[str]:
    """The notes of all pairs, and of the whole."""
    sides = [side for pair in found.pairs for side in (pair.first, pair.second)]
    yield from dict.fromkeys(told for side in sides if (told := told_executed(side)) is not None)
    for pair in found.pairs:
        yield from (f"{pair.title}: {note}" for note in pair.notes)
    yield from found.notes


def of_measures(pair: Pair) -> Listing:
    """Both systems and their difference, a row for each measure."""
    first, second = pair.names
    executed = one_executed(pair)
    head = ["", first, second, "difference", "95 % interval", *(["ratio"] if executed else [])]
    table = Listing(f"{pair.title}; {pair.over}", head, long_names=False)
    for one in pair.measures:
        cells = [one.name, value(one, one.first), value(one, one.second), *spread(one)]
        table.rows.append([*cells, *([ratio(one.first, one.second)] if executed else [])])
    told = []
    if pair.right_once is not None and any(pair.right_once):
        tail = "" if pair.p_value is None else f" (p {'< 0.001' if pair.p_value < 0.001 else f'= {pair.p_value:.3f}'})"
        told.append(f"right only in {first}: {pair.right_once[0]}, only in {second}: {pair.right_once[1]}{tail}")
    reasons = {one.reason: None for one in pair.measures if one.reason}
    if reasons:
        told.append(f"no interval: {'; '.join(reasons)}")
    table.caption = ". ".join(told)
    return table


def value(measure: Measure, number: float | None) -> str:
    """A measure's number with its unit."""
    if number is None:
        return NONE
    if measure.unit == "share":
        return f"{100 * number:.2f} %"
    return {"s": format_time, "B": format_size, "J": format_energy}[measure.unit](number, 3)


SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "share": ((0.01, "points"),),
    "s": ((1, "s"), (1e-3, "ms"), (1e-6, "us")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")),
    "J": ((1, "J"), (1e-3, "mJ"), (1e-6, "uJ")),
}
"""In which units the differences of a measure are written, the greatest first."""


def scale(unit: str, greatest: float) -> tuple[float, str]:
    """The unit, with its size, that suits numbers up to `greatest`."""
    return next((one for one in SCALES[unit] if greatest >= one[0]), SCALES[unit][-1])


def spread(measure: Measure) -> tuple[str, str]:
    """The difference with its unit, and its interval in the same one."""
    if measure.difference is None:
        return NONE, NONE
    numbers = [one for one in (measure.difference, measure.low, measure.high) if one is not None]
    if not (greatest := max(map(abs, numbers))):
        return "0", NONE if measure.low is None else "0 to 0"
    size, unit = scale(measure.unit, greatest)
    digits = 2 if measure.unit == "share" else min(max(2 - floor(log10(greatest / size)), 0), 2)

    def written(number: float) -> str:
        return f"{number / size:+,.{digits}f}".replace("-", "−")

    known = measure.low is not None and measure.high is not None
    interval = " to ".join(written(end) for end in numbers[1:]) if known else NONE
    return f"{written(measure.difference)} {unit}", interval


def told_changes(found: Changes) -> str:
    """How many answers changed, in one line."""
    if not found.counts:
        return f"none of {found.samples:,} samples ended otherwise"
    return f"{len(found.changed):,} of {found.samples:,} answers changed; samples that ended otherwise, and why:"


def of_counts(found: Changes) -> Listing:
    """How many samples differ, by why, and what became of their answers."""
    effects = [effect for effect in EFFECTS if any(counts[effect] for counts in found.counts.values())]
    table = Listing("", ("", "samples", *(EFFECTS[effect] for effect in effects)))
    for why, counts in found.counts.items():
        table.rows.append([str(why), f"{sum(counts.values()):,}", *(f"{counts[effect]:,}" for effect in effects)])
    return table


def of_changed(found: Changes, listed: int) -> Listing:
    """The first changed answers: those that became wrong, then right, then the others."""
    shown = order(found.changed)[:listed]
    title = "changed answers" if len(shown) == len(found.changed) else f"the first {len(shown)} changed answers"
    table = Listing(title, ("sample", "class", "answered", "latency", "answer", "why"), long_names=False)
    for one in shown:
        table.rows.append([
            str(one.sample), str(one.label), _both(one.predictions), _latency(one), str(one.effect), _why(one)
        ])  # fmt: skip
    return table


def _both(found: tuple[int | None, int | None]) -> str:
    return " → ".join(NONE if one is None else str(one) for one in found)


def _latency(one: Change) -> str:
    return " → ".join(NONE if seconds is None else format_time(seconds, 3) for seconds in one.latencies)


def _why(one: Change) -> str:
    return f"{one.why}: {one.detail}" if one.detail else str(one.why)
