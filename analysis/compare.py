"""A run's systems side by side, as tables for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simnet.experiments.tables import repeat_tables
from simnet.language.units import format_size
from simnet.metrics import SECTIONS
from simnet.registry import PluginError
from simnet.results.cells import NONE, Listing, limits, percent, time
from simnet.results.section import OWN_KEYS, Played, Section, plain_rows
from simnet.terminal.stacked import print_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

SIDE_BY_SIDE = 3
"""Systems in one table, so that it fits a terminal of 80 columns."""


def print_comparison(summary: Mapping[str, Any], console: Console) -> None:
    """Print what `comparison` gives for a run's summary."""
    for table in comparison(summary):
        print_table(table, console)


def print_listing(listing: Listing, console: Console) -> None:
    """Print one table."""
    print_table(_drawn(listing), console)


def comparison(summary: Mapping[str, Any]) -> list[Table]:
    """What `listings` gives, for the terminal."""
    return [_drawn(listing) for those in listings(summary).values() for listing in those]


def listings(summary: Mapping[str, Any], side_by_side: int = SIDE_BY_SIDE) -> dict[str, list[Listing]]:
    """Tables of a summary (see ``docs/results.md``) by topic: systems, exits, its sections by name, paired differences.

    Of a run with repeats they have the means over these. At most `side_by_side` systems stand in one table.
    """
    if "repeats" in summary:
        main, exits, *pairs = repeat_tables(summary)
        return {"systems": [main], "exits": [exits], "paired": pairs}
    names = list(summary["systems"])
    sections = _sections(summary["systems"].values())
    parts = [names[first : first + side_by_side] for first in range(0, len(names), side_by_side)]
    tables = {"systems": [_systems(summary, part, sections) for part in parts], "exits": [_exits(summary)]}
    for section in sections:
        found = {name: one for name, system in summary["systems"].items() if (one := system.get(section.name))}
        if (listing := _listing(section, found)) is not None:
            tables[section.name] = [listing]
    if summary["paired"]:
        tables["paired"] = [_paired(summary["paired"])]
    return {topic: [listing.without_empty() for listing in those] for topic, those in tables.items()}


class _Plain(Section):
    """A section of which only the name is known: its numbers as they are."""

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]

    def of(self, run: Played) -> None:
        """Nobody asks for it."""


def _sections(systems: Iterable[Mapping[str, Any]]) -> list[Section]:
    """The sections that some system has, ours first.

    A kind that is named by its module or file is not looked for: to show a run must not start what the run names.
    """
    names = dict.fromkeys(
        key for system in systems for key, found in system.items() if key not in OWN_KEYS and isinstance(found, Mapping)
    )
    found: list[Section] = []
    for name in sorted(names, key=[*SECTIONS, *names].index):
        try:
            found.append(_Plain(name) if ":" in name else SECTIONS[name]())
        except (KeyError, PluginError):
            found.append(_Plain(name))
    return found


def _rows(section: Section, found: Mapping[str, Any]) -> Mapping[str, str]:
    try:
        return section.rows(found)
    except Exception:
        if section.name in SECTIONS:
            raise
        return plain_rows(section.name, found)  # somebody else's: its numbers are there all the same


def _listing(section: Section, found: Mapping[str, Mapping[str, Any]]) -> Listing | None:
    try:
        return section.table(found)
    except Exception:
        if section.name in SECTIONS:
            raise
        return None


def _drawn(listing: Listing) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=listing.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(listing.columns):
        whole = (number > 0) == listing.long_names
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=whole, overflow="fold")
    for row in listing.rows:
        if row:
            table.add_row(*row)
        else:
            table.add_section()
    if listing.caption:
        table.caption, table.caption_justify = listing.caption, "left"
    return table


def _systems(summary: Mapping[str, Any], names: Sequence[str], sections: Sequence[Section]) -> Listing:
    """One column per system named."""
    seed = f", seed {summary['seed']}" if summary["seed"] is not None else ""
    systems = {name: summary["systems"][name] for name in names}
    title = f"{summary['scenario']}: {summary['samples']:,} samples{seed}"
    table = Listing(title, ("", *systems), long_names=False)

    def row(label: str, cell: Callable[[Mapping[str, Any]], str]) -> None:
        table.rows.append([label, *(cell(system) for system in systems.values())])

    def sections_of(beside: str) -> None:
        for section in sections:
            if section.beside == beside:
                cells = [_rows(section, found) if (found := one.get(section.name)) else {} for one in systems.values()]
                for label in dict.fromkeys(label for each in cells for label in each):
                    table.rows.append([label, *(each.get(label, NONE) for each in cells)])

    def interval(key: str, cell: Callable[[float], str]) -> None:
        if any(key in system.get("intervals", ()) for system in systems.values()):
            row("  95 % interval", lambda system: limits(system.get("intervals", {}).get(key), cell))

    row("system accuracy", lambda system: percent(system["accuracy"]))
    interval("accuracy", _points)
    row("  of all captured", lambda system: percent(system.get("accuracy_of_captured")))
    row("latency mean", lambda system: time(system["latency"]["mean"]))
    interval("latency.mean", time)
    for key in ("p50", "p95", "p99"):
        row(f"latency {key}", lambda system, key=key: time(system["latency"][key]))  # type: ignore[misc]
    row("codec", lambda system: system.get("codec", NONE))
    for way in dict.fromkeys(way for one in systems.values() for way in ways(one["bytes"])) or ["sent"]:
        row(way, lambda system, way=way: _part(system["bytes"], ways(system["bytes"]).get(way, 0)))  # type: ignore[misc]
    row("raw offload", lambda system: f"{format_size(system['bytes']['raw_offload'], 3)}  100 %")
    sections_of("costs")
    row("finished", lambda system: f"{system['finished']:,}")
    row("  of these forced", lambda system: f"{system['forced']:,}")
    row("dropped", _dropped)
    row("unfinished", lambda system: f"{system['unfinished']:,}")
    sections_of("outcomes")
    return table


LEGEND = "T: whose measure is below it leaves; forced: had to leave though unsure; bytes in % of raw views"


def _exits(summary: Mapping[str, Any]) -> Listing:
    titles = ("system", "exit", "T", "samples", "share", "exit accuracy, %", "accuracy of all, %")
    table = Listing("exits, accuracies with 95 % interval", titles, long_names=False)
    for name, system in summary["systems"].items():
        for place, numbers in system["exits"].items():
            threshold = system["thresholds"].get(place)
            row = [
                name,
                place,
                NONE if threshold is None else f"{threshold:.3g}",
                f"{numbers['count']:,}",
                percent(numbers["share"]),
                *(_accuracy(system, place, key) for key in ("accuracy", "forced_accuracy")),
            ]
            table.rows.append(row)
            name = ""  # once per system
        table.rows.append(())
    table.caption = LEGEND
    return table


def _paired(pairs: Mapping[str, Any]) -> Listing:
    table = Listing(
        "paired differences, first − second, with 95 % interval",
        ("systems", "samples", "latency, ms", "accuracy,\npoints", "only one\nright"),
    )
    reasons: dict[str, None] = {}
    for name, pair in pairs.items():
        row = [
            name,
            f"{pair['samples']:,}",
            _interval(pair["latency"], 1e3),
            _interval(pair["accuracy"], 100),
            f"{pair['only_first_correct']} : {pair['only_second_correct']}{_p_value(pair.get('p_value'))}",
        ]
        table.rows.append(row)
        reasons |= {reason: None for key in ("latency", "accuracy") if (reason := pair[key].get("reason"))}
    if reasons:
        table.caption = f"no interval: {'; '.join(reasons)}"
    return table


def _interval(found: Mapping[str, float | None], factor: float) -> str:
    """The mean, and below it the interval."""
    if (mean := found["mean"]) is None:
        return NONE
    ends = limits(found, lambda end: f"{factor * end:+.2f}")
    return f"{factor * mean:+.2f}" + ("" if ends == NONE else f"\n{ends}")


def _p_value(p: float | None) -> str:
    """On a line of its own, below the counts that it is of."""
    return "" if p is None else "\np < 0.001" if p < 0.001 else f"\np = {p:.3f}"


def _accuracy(system: Mapping[str, Any], place: str, key: str) -> str:
    """In per cent, with its interval where there is one."""
    if (accuracy := system["exits"][place][key]) is None:
        return NONE
    ends = limits(system.get("intervals", {}).get(f"exits.{place}.{key}"), _points)
    return _points(accuracy) + ("" if ends == NONE else f" ({ends.replace(' to ', '–')})")


def _points(share: float) -> str:
    """Per cent without the sign."""
    return f"{100 * share:.1f}".replace("100.0", "100")


def _dropped(system: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in system["dropped_by_reason"].items())
    return f"{system['dropped']} ({reasons})" if reasons else str(system["dropped"])


def ways(found: Mapping[str, Any]) -> dict[str, int]:
    """Bytes sent from tier to tier, of a system's `bytes`; a run of a former version knows two of them."""
    if "sent" in found:
        return dict(found["sent"])
    former = {"device→edge": found["device_to_edge"], "edge→cloud": found["edge_to_cloud"]}
    return former if any(former.values()) else {"sent": found.get("total", 0)}


def _part(found: Mapping[str, int], sent: int) -> str:
    """Bytes, and their share of what offloading every raw view would have cost."""
    raw = found["raw_offload"]
    percent = 100 * sent / raw if raw else None
    digits = 1 if percent and percent < 1 else 0
    share = NONE if percent is None else f"{percent:.{digits}f} %"
    return f"{format_size(sent, 3)} {share:>6}"
