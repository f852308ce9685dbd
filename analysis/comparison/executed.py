"""An execution beside a simulation: how places were used, and what came of faults, with ratios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from simnet.language.units import format_time
from simnet.results.cells import NONE, Listing

if TYPE_CHECKING:
    from simnet.analysis.comparison.found import Pair
    from simnet.analysis.comparison.sides import Side

PLACES = 8
"""Places that are listed, the busiest ones."""
HOW = {"model": "nodes were busy for the modelled times", "network": "nodes ran their segments"}
PERIODS = ("during", "after")


def one_executed(pair: Pair) -> bool:
    """Whether one side was executed, and the other simulated."""
    return ("live" in pair.first.run.manifest) != ("live" in pair.second.run.manifest)


def told_executed(side: Side) -> str | None:
    """That a run was executed, and how; None: it was not."""
    live = side.run.manifest.get("live")
    return None if live is None else f"{side.name} was executed in real time: {HOW[live['compute']]}"


def of_places(pair: Pair) -> Listing:
    """Share of time that the busiest places were busy, and the time that 95 % of those who came waited at most."""
    first, second = (side.summary["usage"]["places"] for side in (pair.first, pair.second))
    names = pair.names
    head = ("place", f"busy,\n{names[0]}", names[1], "ratio", f"waits p95,\n{names[0]}", names[1])
    table = Listing("busiest places", head, long_names=False)
    both = [place for place in first if place in second]
    for place in sorted(both, key=lambda name: -(first[name]["utilisation"] or 0.0))[:PLACES]:
        shares = [found[place]["utilisation"] for found in (first, second)]
        waits = [found[place]["wait_p95"] for found in (first, second)]
        table.rows.append(
            [
                place,
                *(NONE if one is None else f"{100 * one:.1f} %" for one in shares),
                ratio(*shares),
                *(NONE if one is None else format_time(one, 3) for one in waits),
            ]
        )
    return table


def of_faults(pair: Pair) -> Listing:
    """Latency of the samples captured during each fault, and after it."""
    head = ("fault", "", "samples", "latency p50", "ratio", "p95", "ratio")
    table = Listing("around faults", head, long_names=False)
    table.rows += list(_faults(*(side.summary.get("faults") or {} for side in (pair.first, pair.second))))
    return table


def _faults(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[list[str]]:
    for fault in first:
        for period in PERIODS:
            groups = [found.get(fault, {}).get(period) for found in (first, second)]
            if any(group is None or not group["answered"] for group in groups):
                continue
            cells = []
            for quantile in ("p50", "p95"):
                one, other = (group["latency"][quantile] for group in groups)
                cells += [f"{format_time(one, 3)} → {format_time(other, 3)}", ratio(one, other)]
            yield [fault if period == PERIODS[0] else "", period, f"{groups[0]['answered']:,}", *cells]


def ratio(first: float | None, second: float | None) -> str:
    """The second, in parts of the first."""
    return NONE if not first or second is None else f"{second / first:.3f}"
