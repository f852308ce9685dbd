"""Rows of a timeline: one lane per node, device lanes with their uplinks, one lane per other link in use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import inf
from typing import Any

from simnet.analysis.faults import Fault
from simnet.language.names import LINK_ARROW

MAX_DEVICES = 8  # more would leave no room for the rest


@dataclass(frozen=True)
class Lane:
    """One row: what is drawn in it, its label, and its height in text lines."""

    label: str
    places: frozenset[str]
    height: float
    link: bool = False


def lay_out(
    scenario: Mapping[str, Any],
    used: Iterable[str],
    faults: Sequence[Fault],
    chosen: Collection[str] = (),
    *,
    sites: Collection[str | None] | None = None,
    nodes: Collection[str] | None = None,
    hops: Iterable[tuple[str, str]] = (),
) -> list[Lane]:
    """Lanes from the nodes that capture, here called devices, to those that are most links away from them.

    Args:
        scenario: The resolved scenario; its order is kept among nodes that are equally far.
        used: Places that have a span; links and routers appear only if they are among them, or hit by a fault.
        faults: Faults in view; devices that they hit are shown first where not all devices fit.
        chosen: Places where the samples shown were; their devices come next.
        sites: Sites of the samples shown; nodes of others are left out, unless these samples were there. None: all.
        nodes: Nodes that are shown, with the links between them; None: all.
        hops: Links that messages took, with the ends of the message: who passes one on stands before who gets it.
    """
    every = _nodes(scenario)
    wanted = {name for name in every if nodes is None or name in nodes}
    if sites is not None and nodes is None:
        there = {place for link in chosen for place in link.split(LINK_ARROW)}
        wanted = {name for name in wanted if name in there or _belongs(every[name], sites)}
    devices = [name for name in capturing(scenario) if name in wanted]
    far = _in_path_order(_distances(scenario, capturing(scenario)), hops)

    def upward(link: str) -> bool:
        source, target = (far.get(end, inf) for end in link.split(LINK_ARROW))
        return source <= target

    hit = {place for fault in faults for place in fault.places}
    links = sorted({place for place in used if LINK_ARROW in place} | {p for p in hit if LINK_ARROW in p and upward(p)})
    shown = devices if nodes is not None else _most_telling(devices, faults, chosen, every)
    lanes = []

    def lane(link: str) -> Lane:
        return Lane(link.replace(LINK_ARROW, f" {LINK_ARROW} "), frozenset([link]), 1.2, link=True)

    between = [link for link in links if wanted.issuperset(link.split(LINK_ARROW))]
    fan = {link for link in between if upward(link) and _fans_out(link, between, devices, upward)}
    for node in sorted(wanted, key=lambda node: (far[node], [*every].index(node))):
        if node in devices:
            if node in shown:
                out = [link for link in links if link.split(LINK_ARROW)[0] == node]
                lanes.append(Lane(node, frozenset([node, *out]), 1.0))
            continue
        lanes += [lane(link) for link in between if link in fan and link.split(LINK_ARROW)[1] == node]
        if _computes(every[node]) or node in used or node in hit:
            lanes.append(Lane(node, frozenset([node]), 1.3))
        out = [link for link in between if link.split(LINK_ARROW)[0] == node]
        down = [link for link in out if link.split(LINK_ARROW)[1] in devices]
        if down:
            lanes.append(Lane(f"{node} {LINK_ARROW} devices", frozenset(down), 1.0, link=True))
        lanes += [lane(link) for link in out if link not in down and link not in fan]
    return lanes


def _fans_out(link: str, links: Iterable[str], devices: Collection[str], upward: Callable[[str], bool]) -> bool:
    """Whether its source has several ways away from the devices: then each stands before the node that it leads to."""
    source = link.split(LINK_ARROW)[0]
    ways = [other for other in links if other.split(LINK_ARROW)[0] == source and upward(other)]
    return source not in devices and len(ways) > 1


def _belongs(node: Mapping[str, Any], sites: Collection[str | None]) -> bool:
    """Whether a node is one of some sites', or of none and captures nothing: that serves all."""
    site = node.get("site")
    return site in sites or (site is None and node.get("view") is None)


def _in_path_order(far: dict[str, float], hops: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Ranks of nodes: `far`, but no smaller than one more than those of whoever passes messages on to them.

    Counted are messages away from the devices; where they run in a circle, `far` alone decides.
    """
    passed = set()
    for place, message in hops:
        source, target = message.split(LINK_ARROW)
        if far.get(source, inf) < far.get(target, inf):
            one, other = place.split(LINK_ARROW)
            passed.add((one, other))
    rank = dict(far)
    for _ in far:
        late = {other: rank[one] + 1 for one, other in passed if one in rank and rank.get(other, inf) <= rank[one]}
        if not late:
            return rank
        rank |= late
    return far


def capturing(scenario: Mapping[str, Any]) -> list[str]:
    """The nodes of a resolved scenario that capture a view, in its order."""
    return [name for name, node in _nodes(scenario).items() if node.get("view") is not None]


def _nodes(scenario: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: node or {} for name, node in (scenario.get("nodes") or {}).items()}


def _computes(node: Mapping[str, Any]) -> bool:
    """Whether it is a computer, as opposed to a router, which only forwards."""
    return not str(node.get("speed", "1")).startswith("0 ")


def _distances(scenario: Mapping[str, Any], start: Iterable[str]) -> dict[str, float]:
    """Links from the nearest node of `start` to each node; infinite where there is no way."""
    ways = [way for one, other in _links(scenario) for way in ((one, other), (other, one))]
    far = dict.fromkeys(_nodes(scenario), inf)
    layer, number = set(start), 0
    while layer:
        far |= dict.fromkeys(layer, number)
        layer, number = {other for one, other in ways if one in layer and far.get(other) == inf}, number + 1
    return far


def _links(scenario: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [tuple(link["between"]) for link in scenario.get("links") or []]


def _most_telling(
    devices: Sequence[str], faults: Sequence[Fault], chosen: Collection[str], nodes: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Those that faults hit, then those of the samples shown; of several sites, as many of each."""
    hit = {device for device in devices if any(fault.hits(device) for fault in faults)}
    seen: dict[object, int] = {}
    turn = {}
    for device in devices:
        site = nodes[device].get("site")
        turn[device] = seen[site] = seen.get(site, 0) + 1
    return sorted(devices, key=lambda device: (device not in hit, device not in chosen, turn[device]))[:MAX_DEVICES]


def slots(starts: Sequence[float], ends: Sequence[float]) -> list[int]:
    """Give each interval the lowest slot that is free at its start, so that none in a slot overlap.

    What is taken until a moment is free from then on. Of equal starts the earlier in the sequence comes first.
    """
    taken: list[tuple[float, int]] = []
    free: list[int] = []
    chosen = [0] * len(starts)
    for index in sorted(range(len(starts)), key=lambda i: (starts[i], i)):
        while taken and taken[0][0] <= starts[index]:
            heappush(free, heappop(taken)[1])
        slot = heappop(free) if free else len(taken)
        heappush(taken, (ends[index], slot))
        chosen[index] = slot
    return chosen
