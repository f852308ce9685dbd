"""Rows of a timeline: one lane per node, device lanes with their uplinks, one lane per other link in use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
    most: int = MAX_DEVICES,
) -> list[Lane]:
    """Lanes from the nodes that capture, here called devices, to those that are most links away from them.

    Args:
        scenario: The resolved scenario; its order is kept among nodes that are equally far.
        used: Places that have a span; links and routers appear only if they are among them, or hit by a fault.
        faults: Faults in view; devices that they hit are shown first where not all devices fit.
        chosen: Places where the samples shown were; their devices come next.
        most: Devices that are shown at most.
    """
    nodes = _nodes(scenario)
    devices = capturing(scenario)
    far = _distances(scenario, devices)

    def upward(link: str) -> bool:
        source, target = (far.get(end, inf) for end in link.split(LINK_ARROW))
        return source <= target

    hit = {place for fault in faults for place in fault.places}
    links = sorted({place for place in used if LINK_ARROW in place} | {p for p in hit if LINK_ARROW in p and upward(p)})
    shown = _most_telling(devices, faults, chosen)[:most]
    lanes = []
    for node in sorted(nodes, key=lambda node: far[node]):
        out = [link for link in links if link.split(LINK_ARROW)[0] == node]
        if node in devices:
            if node in shown:
                lanes.append(Lane(node, frozenset([node, *out]), 1.0))
            continue
        if _computes(nodes[node]) or node in used or node in hit:
            lanes.append(Lane(node, frozenset([node]), 1.3))
        down = [link for link in out if link.split(LINK_ARROW)[1] in devices]
        if down:
            lanes.append(Lane(f"{node} {LINK_ARROW} devices", frozenset(down), 1.0, link=True))
        lanes += [
            Lane(link.replace(LINK_ARROW, f" {LINK_ARROW} "), frozenset([link]), 1.2, link=True)
            for link in out
            if link not in down
        ]
    return lanes


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


def _most_telling(devices: Sequence[str], faults: Sequence[Fault], chosen: Collection[str]) -> list[str]:
    hit = {device for device in devices if any(fault.hits(device) for fault in faults)}
    return sorted(devices, key=lambda device: (device not in hit, device not in chosen))


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
