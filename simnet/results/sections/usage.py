"""The section `usage`: how much of every node, link and medium was used (definitions: `simnet.results.usage`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from simnet.results.cells import NONE, Listing, percent, time
from simnet.results.section import Played, Section
from simnet.results.tables import ANY, NUMBER

SHOWN = 3
"""Places of each system in the comparison, beside those that are not well."""
MOST_SHOWN = 8
WELL = "ok"


class Usage(Section):
    """Each place's utilisation, throughput, queue, waiting times, offered load and verdict over the whole run."""

    name = "usage"
    form: ClassVar[Mapping[str, Any]] = {
        "window": NUMBER,
        "places": {
            ANY: {
                **dict.fromkeys(("kind", "verdict"), str),
                **dict.fromkeys(("utilisation", "offered_load", "queue_mean", "queue_max", "wait_p95"), NUMBER),
                **dict.fromkeys(("dropped", "unfinished"), int),
            }
        },
    }

    def of(self, run: Played) -> dict[str, Any] | None:
        """See the class; none where nothing is known of it."""
        return None if run.usage is None else {"window": run.usage.window, "places": run.usage.places}

    def rows(self, found: Mapping[str, Any]) -> dict[str, str]:
        """None: places have a table."""
        return {}

    def table(self, found: Mapping[str, Mapping[str, Any]]) -> Listing:
        """The busiest places of each system, and those that are not well."""
        heads = ("", "busy", "offered\nload", "queue\nmean", "\nmax", "waits\np95", "dropped")
        listing = Listing("busiest places", heads)
        for system, usage in found.items():
            listing.rows.append([system])
            listing.rows += [[f"  {place}", *_cells(numbers)] for place, numbers in _busiest(usage["places"])]
            listing.rows.append(())
        return listing


def _busiest(places: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The first in order of their load."""
    ranked = sorted(places.items(), key=lambda place: -max(_load(place[1])))
    for number, (name, numbers) in enumerate(ranked[:MOST_SHOWN]):
        if number < SHOWN or numbers["verdict"] != WELL:
            yield name, numbers


def _load(numbers: Mapping[str, Any]) -> tuple[float, float]:
    return numbers["utilisation"] or 0.0, numbers["offered_load"] or 0.0


def _cells(numbers: Mapping[str, Any]) -> Iterator[str]:
    offered, mean, most = (numbers[key] for key in ("offered_load", "queue_mean", "queue_max"))
    yield percent(numbers["utilisation"])
    yield NONE if offered is None else f"{offered:.2f}"
    yield NONE if mean is None else f"{mean:.3g}"
    yield NONE if most is None else f"{most:,.0f}"
    yield time(numbers["wait_p95"])
    yield f"{numbers['dropped']:,}"
