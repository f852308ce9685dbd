"""Routes: how a message gets from node to node over several links."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simnet.network.line import Callback
from simnet.network.link import Link


@dataclass(frozen=True)
class _Relay:
    """A message under way over several links: stored and forwarded at each node between them."""

    links: Sequence[Link]
    sample: int
    size: int
    done: Callback
    lost: Callback

    def hop(self, state: tuple[int, Any]) -> None:
        number, token = state
        last = number == len(self.links) - 1
        link = self.links[number]
        if last:
            link.send(self.sample, self.size, self.done, self.lost, token)
        else:
            link.send(self.sample, self.size, self.hop, self.drop, (number + 1, token))

    def drop(self, state: tuple[int, Any]) -> None:
        self.lost(state[1])


class Route:
    """The links from one node to another."""

    send: Callable[[int, int, Callback, Callback, Any], None]
    """`send(sample, size, done, lost, token)` carries `size` bytes to the end; it calls `done(token)` on arrival or
    `lost(token)` when a failure takes them."""

    def __init__(self, links: Sequence[Link]) -> None:
        self.links = links
        self.send = links[0].send if len(links) == 1 else self._relay

    def _relay(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        _Relay(self.links, sample, size, done, lost).hop((0, token))
