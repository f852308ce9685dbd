"""Where the samples of a run live: nodes, tiers, sites and links, from its scenario as resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simnet.language.names import LINK_ARROW
from simnet.language.units import TIME
from simnet.times import ticks


@dataclass(frozen=True)
class Setting:
    """What is there.

    Attributes:
        nodes: Names of the nodes, in the scenario's order.
        tiers: The tier of each node.
        views: The view that a node captures, 1-based, of those that do.
        sites: The site of each node; None is the unnamed one.
        workers: How many calls each node computes at once.
        latency: Propagation of each direction of a link, in picoseconds.
        fair: Directions of links that share their bandwidth fairly: a message takes several of them as one flow.
    """

    nodes: tuple[str, ...]
    tiers: Mapping[str, str]
    views: Mapping[str, int]
    sites: Mapping[str, str | None]
    workers: Mapping[str, int]
    latency: Mapping[str, int]
    fair: frozenset[str]

    @classmethod
    def of(cls, scenario: Mapping[str, Any]) -> Setting:
        """Of a scenario as resolved, in the form of a file; no kind that it names is loaded."""
        nodes = {name: node or {} for name, node in (scenario.get("nodes") or {}).items()}
        latency, fair = {}, set()
        for link in scenario.get("links") or []:
            one, other = link["between"]
            for direction, place in (("up", f"{one}{LINK_ARROW}{other}"), ("down", f"{other}{LINK_ARROW}{one}")):
                value = link.get("latency", 0)
                latency[place] = _ticks(value[direction] if isinstance(value, dict) else value)
                if link.get("sharing") == "fair":
                    fair.add(place)
        return cls(
            nodes=tuple(nodes),
            tiers={name: str(node.get("tier")) for name, node in nodes.items()},
            views={name: node["view"] for name, node in nodes.items() if node.get("view") is not None},
            sites={name: node.get("site") for name, node in nodes.items()},
            workers={name: int(node.get("workers") or 1) for name, node in nodes.items()},
            latency=latency,
            fair=frozenset(fair),
        )

    def devices(self, site: str | None) -> list[str]:
        """Nodes that capture a view of a site's samples."""
        return [name for name in self.views if self.sites[name] == site]


def _ticks(value: object) -> int:
    return ticks(float(TIME.parse(value)))
