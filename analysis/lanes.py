"""Rows of a timeline: one lane per node, device lanes with their uplinks, one lane per other link in use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from simnet.analysis.faults import Fault
from simnet.language.names import LINK_ARROW
from simnet.results.summary import node_tiers

MAX_DEVICES = 8  # more would leave no room for the rest


@dataclass(frozen=True)
class Lane:
    """One row: what is drawn in it, its label, and its height in text lines."""

    label: str
    places: frozenset[str]
    height: float
    link: bool = False


def lay_out(
    scenario: Mapping[str, object], used: Iterable[str], faults: Sequence[Fault], chosen: Collection[str] = ()
) -> list[Lane]:
    """Lanes from the devices to the cloud.

    Args:
        scenario: The resolved scenario; its order of nodes is kept within a tier.
        used: Places that have a span; links and routers appear only if they are among them, or hit by a fault.
        faults: Faults in view; devices that they hit are shown first where not all devices fit.
        chosen: Places where the samples shown were; their devices come next.
    """
    tiers = node_tiers(scenario)
    rank = {"device": 0, "edge": 2, "cloud": 3}

    def upward(link: str) -> bool:
        source, target = (rank.get(tiers.get(end, ""), 1) for end in link.split(LINK_ARROW))
        return source <= target

    hit = {place for fault in faults for place in fault.places}
    links = sorted({place for place in used if LINK_ARROW in place} | {p for p in hit if LINK_ARROW in p and upward(p)})
    order = sorted(tiers, key=lambda node: rank.get(tiers[node], 1))
    devices = [node for node in order if tiers[node] == "device"]
    shown = _most_telling(devices, faults, chosen)
    lanes = []
    for node in order:
        out = [link for link in links if link.split(LINK_ARROW)[0] == node]
        if node in devices:
            if node in shown:
                lanes.append(Lane(node, frozenset([node, *out]), 1.0))
            continue
        if tiers[node] in rank or node in used or node in hit:
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


def _most_telling(devices: Sequence[str], faults: Sequence[Fault], chosen: Collection[str]) -> list[str]:
    hit = {device for device in devices if any(fault.hits(device) for fault in faults)}
    return sorted(devices, key=lambda device: (device not in hit, device not in chosen))[:MAX_DEVICES]


def slots(starts: Sequence[float], ends: Sequence[float]) -> list[int]:
    """Give each interval the lowest slot that is free at its start, so that none in a slot overlap."""
    free_at: list[float] = []
    chosen = [0] * len(starts)
    for index in sorted(range(len(starts)), key=lambda i: (starts[i], i)):
        free = (slot for slot, since in enumerate(free_at) if since <= starts[index] + 1e-12)
        slot = next(free, len(free_at))
        if slot == len(free_at):
            free_at.append(0.0)
        free_at[slot] = ends[index]
        chosen[index] = slot
    return chosen
