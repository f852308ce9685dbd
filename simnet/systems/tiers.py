"""The six ways of mapping DDNN of 2017 on tiers, and which node takes which part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

TIERS: dict[str, tuple[str, ...]] = {
    "cloud only": ("cloud",),
    "device+cloud": ("local", "cloud"),
    "devices+cloud": ("local", "cloud"),
    "device+edge+cloud": ("local", "edge", "cloud"),
    "devices+edge+cloud": ("local", "edge", "cloud"),
    "devices+edges+cloud": ("local", "edge", "cloud"),
}
"""The six configurations [R] and their exits."""
DEFAULT = "devices+cloud"


class Tiered(Protocol):
    """A node, of which only the tier matters here."""

    @property
    def tier(self) -> str:
        """device, gateway, edge, cloud or router."""


class Layout(NamedTuple):
    """Names of the nodes by their part. `aggregator` is None where a single device tests the local exit, or none is."""

    devices: list[str]
    aggregator: str | None
    edges: list[str]
    cloud: str


def tiers_for(devices: int, edges: int) -> str:
    """The configuration that weights for so many devices and edges are made for; all of them run in the cloud, too."""
    edge = {0: "", 1: "+edge"}.get(edges, "+edges")
    return f"device{'' if devices == 1 else 's'}{edge}+cloud"


def layout(nodes: Mapping[str, Tiered], tiers: str) -> Layout:
    """Who takes which part in `tiers`, in the order of `nodes`; nodes without a part only forward.

    The local aggregator is on the gateway or, without one, on the first edge. Raises ValueError, with what is needed
    and what was found, when the nodes do not make up these tiers.
    """
    of = {
        tier: [n for n, node in nodes.items() if node.tier == tier] for tier in ("device", "gateway", "edge", "cloud")
    }

    def need(tier: str, least: int, most: float, words: str) -> None:
        if not least <= len(of[tier]) <= most:
            found = f"{len(of[tier])}: {', '.join(of[tier])}" if of[tier] else "none"
            raise ValueError(f"tiers '{tiers}' need {words} of tier '{tier}', found {found}")

    need("cloud", 1, 1, "exactly one node")
    single = tiers.startswith("device+")
    edges: list[str] = []
    if tiers == "cloud only":
        return Layout(of["device"], None, edges, of["cloud"][0])
    if single:
        need("device", 1, 1, "exactly one node")
    else:
        need("device", 2, float("inf"), "at least two nodes")
    if "+edges+" in tiers:
        need("edge", 2, float("inf"), "at least two nodes")
        edges = of["edge"]
    elif "+edge+" in tiers:
        need("edge", 1, 1, "exactly one node")
        edges = of["edge"]
    if single:
        return Layout(of["device"], None, edges, of["cloud"][0])
    need("gateway", 0 if edges else 1, 1, f"{'at most' if edges else 'exactly'} one node")
    return Layout(of["device"], [*of["gateway"], *edges][0], edges, of["cloud"][0])
