"""A run's systems side by side, as tables for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simnet.language.units import format_energy, format_size, format_time

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

NONE = "–"
SIDE_BY_SIDE = 3
"""Systems in one table, so that it fits a terminal of 80 columns."""


def print_comparison(summary: Mapping[str, Any], console: Console) -> None:
    """Print what `comparison` gives for a run's summary."""
    for table in comparison(summary):
        console.print(table)


def comparison(summary: Mapping[str, Any]) -> list[Table]:
    """Tables of a summary (see ``docs/results.md``): systems, exits, faults, classes, sites, paired differences."""
    names = list(summary["systems"])
    tables = [_systems(summary, names[first : first + SIDE_BY_SIDE]) for first in range(0, len(names), SIDE_BY_SIDE)]
    tables.append(_exits(summary))
    if any(system.get("faults") for system in summary["systems"].values()):
        tables.append(_faults(summary["systems"]))
    for section, title in (("classes", "class"), ("sites", "site")):
        if any(section in system for system in summary["systems"].values()):
            tables.append(_parts(summary["systems"], section, title))
    if summary["paired"]:
        tables.append(_paired(summary["paired"]))
    return tables


def _table(title: str, *columns: str, long_names: bool = True) -> Table:
    """An empty table; on a narrow terminal the first column's cells are broken (`long_names`), or all others."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        whole = (number > 0) == long_names
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=whole, overflow="fold")
    return table


def _systems(summary: Mapping[str, Any], names: Sequence[str]) -> Table:
    """One column per system named."""
    seed = f", seed {summary['seed']}" if summary["seed"] is not None else ""
    systems = {name: summary["systems"][name] for name in names}
    title = f"{summary['scenario']}: {summary['samples']:,} samples{seed}"
    table = _table(title, "", *systems, long_names=False)

    def row(label: str, cell: Callable[[Mapping[str, Any]], str]) -> None:
        table.add_row(label, *(cell(system) for system in systems.values()))

    row("system accuracy", lambda system: _percent(system["accuracy"]))
    for key in ("mean", "p50", "p95", "p99"):
        row(f"latency {key}", lambda system, key=key: _time(system["latency"][key]))  # type: ignore[misc]
    row("codec", lambda system: system.get("codec", NONE))
    row("device→edge", lambda system: _part(system["bytes"], "device_to_edge"))
    row("edge→cloud", lambda system: _part(system["bytes"], "edge_to_cloud"))
    row("raw offload", lambda system: f"{format_size(system['bytes']['raw_offload'], 3)}  100 %")
    if any("energy" in system for system in systems.values()):
        row("energy per sample", _energy)
    if any(_batteries(system) for system in systems.values()):
        row("batteries empty", _empty)
    row("finished", lambda system: f"{system['finished']:,}")
    row("  of these forced", lambda system: f"{system['forced']:,}")
    row("dropped", _dropped)
    row("unfinished", lambda system: f"{system['unfinished']:,}")
    if any("deadlines" in system for system in systems.values()):
        row("deadlines missed", _missed)
        row("right and in time", lambda system: _percent(system.get("deadlines", {}).get("accuracy_in_time")))
    return table


def _exits(summary: Mapping[str, Any]) -> Table:
    titles = ("system", "exit", "T", "samples", "share", "exit accuracy", "forced accuracy")
    table = _table("exits", *titles, long_names=False)
    for name, system in summary["systems"].items():
        for place, numbers in system["exits"].items():
            threshold = system["thresholds"].get(place)
            table.add_row(
                name,
                place,
                NONE if threshold is None else f"{threshold:.3g}",
                f"{numbers['count']:,}",
                *(_percent(numbers[key]) for key in ("share", "accuracy", "forced_accuracy")),
            )
            name = ""  # once per system
        table.add_section()
    return table


def _faults(systems: Mapping[str, Mapping[str, Any]]) -> Table:
    """A fault's name, below it three rows for each system."""
    table = _table("faults", "fault", "samples", "accuracy", "latency\np95", "forced", "recovers in")
    for fault in dict.fromkeys(name for system in systems.values() for name in system.get("faults", {})):
        table.add_row(fault)
        for name, system in systems.items():
            if (found := system.get("faults", {}).get(fault)) is None:
                continue
            for when, label in (("before", f"  {name}"), ("during", ""), ("after", "")):
                group = found.get(when) or {"accuracy": None, "latency": {"p95": None}, "forced_share": None}
                numbers = _percent(group["accuracy"]), _time(group["latency"]["p95"]), _percent(group["forced_share"])
                table.add_row(label, when, *numbers, _recovers(found) if when == "after" else "")
        table.add_section()
    return table


def _recovers(fault: Mapping[str, Any]) -> str:
    """The mean time, and after how many periods of the fault service was normal again before the next."""
    if not fault["recovered"]:
        return NONE
    once = fault["recovered"] == fault["periods"] == 1
    return _time(fault["time_to_recover"]) + ("" if once else f" ({fault['recovered']} of {fault['periods']})")


def _parts(systems: Mapping[str, Any], section: str, title: str) -> Table:
    """The samples of each class or site, apart."""
    timed = any("deadlines" in part for system in systems.values() for part in system.get(section, {}).values())
    table = _table(section, "system", title, "answers", "accuracy", "mean", "p95", *["missed"] * timed, "exits, %")
    for name, system in systems.items():
        for place, part in system.get(section, {}).items():
            shares = [of["share"] for of in part["exits"].values()]
            table.add_row(
                name,
                place,
                f"{part['answered']:,}/{part['captured']:,}",
                _percent(part["accuracy"]),
                *(_time(part["latency"][key]) for key in ("mean", "p95")),
                *[_percent(part.get("deadlines", {}).get("miss_rate"))] * timed,
                "/".join(NONE if share is None else f"{100 * share:.0f}" for share in shares),
            )
            name = ""  # once per system
        table.add_section()
    return table


def _paired(pairs: Mapping[str, Any]) -> Table:
    table = _table(
        "paired differences, first − second, with 95 % interval",
        "systems", "samples", "latency, ms", "accuracy,\npoints", "only one\nright",
    )  # fmt: skip
    for name, pair in pairs.items():
        table.add_row(
            name,
            f"{pair['samples']:,}",
            _interval(pair["latency"], 1e3),
            _interval(pair["accuracy"], 100),
            f"{pair['only_first_correct']} : {pair['only_second_correct']}",
        )
    return table


def _interval(found: Mapping[str, float | None], factor: float) -> str:
    mean, high = found["mean"], found["high"]
    if mean is None:
        return NONE
    return f"{factor * mean:+.2f}" + ("" if high is None else f" ± {factor * (high - mean):.2f}")


def _dropped(system: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in system["dropped_by_reason"].items())
    return f"{system['dropped']} ({reasons})" if reasons else str(system["dropped"])


def _energy(system: Mapping[str, Any]) -> str:
    per_sample = system.get("energy", {}).get("per_sample")
    if per_sample is None:
        return NONE
    without = system["energy"].get("without", [])
    names = ", ".join(without) if len(without) < 3 else f"{len(without)} nodes"
    return format_energy(per_sample, 3) + (f" ({names} not counted)" if without else "")


def _batteries(system: Mapping[str, Any]) -> list[float | None]:
    """When each battery was empty, in seconds; None for one that was not."""
    nodes = system.get("energy", {}).get("nodes", {})
    return [node["battery_empty_at"] for node in nodes.values() if "battery_empty_at" in node]


def _empty(system: Mapping[str, Any]) -> str:
    found = _batteries(system)
    empty = [at for at in found if at is not None]
    return f"{len(empty)} of {len(found)}" + (f", first after {_time(min(empty))}" if empty else "")


def _missed(system: Mapping[str, Any]) -> str:
    found = system.get("deadlines")
    if found is None:
        return NONE
    return f"{_percent(found['miss_rate'])} ({found['late']:,} late, {found['unanswered']:,} unanswered)"


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.1f} %"


def _time(seconds: float | None) -> str:
    return NONE if seconds is None else format_time(seconds, 3)


def _part(sent: Mapping[str, int], key: str) -> str:
    """Bytes, and their share of what offloading every raw view would have cost."""
    raw = sent["raw_offload"]
    percent = 100 * sent[key] / raw if raw else None
    digits = 1 if percent and percent < 1 else 0
    share = NONE if percent is None else f"{percent:.{digits}f} %"
    return f"{format_size(sent[key], 3)} {share:>6}"
