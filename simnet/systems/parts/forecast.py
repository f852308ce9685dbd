"""How long messages would take over links as they are now, with nothing else on them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simnet.network.links.base import Carrier
    from simnet.network.routing import Route


def transmission(link: Carrier, size: int) -> float:
    """Seconds that a message of `size` bytes occupies a link, headers included, if no packet is lost."""
    packets = 1 if link.spec.mtu is None else max(1, -(-size // link.spec.mtu))
    return (size + packets * link.spec.header) / link.bandwidth


def transfers(messages: Sequence[tuple[Route, int]]) -> list[float]:
    """Seconds until each message, (way, bytes), is there, if all are sent at once; `inf` where there is no way now.

    A link, or a medium, carries all that is for it before a message goes on (the worst case of those that share it);
    messages are stored and forwarded at each node.
    """
    paths = [way.links for way, _ in messages]
    occupied: dict[str, float] = {}
    for path, (_, size) in zip(paths, messages, strict=True):
        for link in path:
            occupied[_air(link)] = occupied.get(_air(link), 0.0) + transmission(link, size)
    found = []
    for path in paths:
        shared = sum(occupied[air] for air in dict.fromkeys(map(_air, path)))
        found.append(shared + sum(link.spec.latency for link in path) if path else inf)
    return found


def _air(link: Carrier) -> str:
    """What a link transmits on: its own, or a medium, whose name no link's place has."""
    return link.place if link.spec.medium is None else link.spec.medium
