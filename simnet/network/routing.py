"""Routes: how a message gets from node to node over several links, and anew when some of them fail.

A message is stored and forwarded at each node on its way and goes on as the routes are then, so that a failure diverts
also what is under way. Routes are known everywhere at the moment of a change (our choice: no protocol that converges).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from itertools import count
from typing import Any, Literal

from simnet.language.names import LINK_ARROW
from simnet.network.addressed import addressed
from simnet.network.line import Callback, Send
from simnet.network.links.base import Carrier
from simnet.network.links.fair import FairLink, FairPath
from simnet.network.links.spec import Link as LinkSpec
from simnet.network.nodes.plain import Node
from simnet.times import ticks


class Router:
    """Knows the links from node to node that are open now: least latency or fewest hops.

    Ties go to the other criterion, then to the name of the next node. Links that are down are left out. A node that is
    down is avoided; if there is no way around it messages are sent to it nonetheless, and lost if it is still down when
    they arrive, as they are when they were for it.
    """

    def __init__(self, nodes: Mapping[str, Node], by: Literal["latency", "hops"]) -> None:
        self._nodes, self._by = nodes, by
        self._into: dict[str, dict[str, int]] = defaultdict(dict)
        """Latency of the links into each node by their sources, in ps: messages' ways are searched from their ends."""
        self._total = 1
        """More than all latencies together."""
        self._carriers: dict[tuple[str, str], Carrier] = {}
        self._trees: dict[str, _Tree] = {}
        """By target; of those that were asked for since the last change."""
        self._routes: dict[tuple[str, str], Route] = {}
        for node in nodes.values():
            node.on_change.append(self._forget)

    def add(self, spec: LinkSpec, carrier: Carrier) -> None:
        """A link that messages may take."""
        self._carriers[spec.source, spec.target] = carrier
        self._into[spec.target][spec.source] = latency = ticks(spec.latency)
        self._total += latency
        carrier.on_change.append(self._forget)

    def route(self, source: str, target: str) -> Route:
        """The way from one node to another, which stays the present one; there is one object for each pair."""
        if (source, target) not in self._routes:
            self._routes[source, target] = Route(self, source, target)
        return self._routes[source, target]

    def path(self, source: str, target: str) -> list[tuple[str, Carrier]]:
        """The links from `source` to `target` as of now, each with the node it leads to; none if there is no way."""
        tree = self._trees.get(target)
        if tree is None:
            tree = self._trees[target] = _Tree(target)
        self._grow(tree, source)
        path, here = [], source
        while here != target and here in tree.onward:
            there = tree.onward[here]
            path.append((there, self._carriers[here, there]))
            here = there
        return path

    def fair_run(self, path: Iterable[tuple[str, Carrier]]) -> list[FairLink]:
        """The fair links at the beginning of a path: as far as messages go on as one flow, without a stop at a node."""
        run: list[FairLink] = []
        for there, carrier in path:
            if not isinstance(carrier, FairLink):
                break
            run.append(carrier)
            if not self._nodes[there].up or self._nodes[there].sleeper is not None:
                break  # nothing flows through it
        return run

    def attended(self, send: Send, source: str, target: str, place: str) -> Send:
        """`send` from one node to another over the link `place` first, where either may have to wake for it."""
        if (heard := self._nodes[target].sleeper) is not None:
            send = heard.hearing(send)
        if (sent := self._nodes[source].sleeper) is not None:
            send = sent.sending(send, place)
        return send

    def _grow(self, tree: _Tree, source: str) -> None:
        """Find the next node from every node that is as near to the target as `source` is (Dijkstra, from the end).

        All ways are along one tree, so that forwarding makes no loops.
        """
        nodes, total, by_latency = len(self._nodes), self._total, self._by == "latency"
        while tree.ahead and source not in tree.onward:
            distance, _, here = heappop(tree.ahead)
            if here in tree.onward:
                continue
            tree.onward[here] = tree.best.pop(here)[1]
            # Each criterion weighs more than all that the next can sum to.
            avoided = nodes * total if here != tree.target and not self._nodes[here].up else 0
            for before, latency in self._into[here].items():
                if before in tree.onward or not self._carriers[before, here].up:
                    continue
                cost = distance + avoided + (latency * nodes + 1 if by_latency else total + latency)
                known = tree.best.get(before)
                if known is None or (cost, here) < known:
                    tree.best[before] = cost, here
                    if known is None or cost < known[0]:
                        heappush(tree.ahead, (cost, next(tree.order), before))

    def _forget(self) -> None:
        self._trees.clear()
        for route in self._routes.values():
            route.forget()


class _Tree:
    """The ways to one target, as far as they have been searched."""

    def __init__(self, target: str) -> None:
        self.target, self.order = target, count()
        self.onward: dict[str, str] = {}
        """Node → the node that comes next; of the target, itself."""
        self.best: dict[str, tuple[int, str]] = {target: (0, target)}
        """Of nodes that are next to those: the cost of the way, and the node that comes next on it."""
        self.ahead: list[tuple[int, int, str]] = [(0, -1, target)]
        """The same nodes, as a heap: the nearest first, then the one found first."""


class Route:
    """The way from one node to another, at any time the one that is best then."""

    send: Send
    """`send(sample, size, done, lost, token)` carries `size` bytes to the end; it calls `done(token)` on arrival or
    `lost(token)` when a failure takes them, at once if there is no way. Over one link between nodes that never sleep
    it is the link's own `send`: ask for it anew for each message."""

    def __init__(self, router: Router, source: str, target: str) -> None:
        self._router, self._source, self._target = router, source, target
        self.send = self._find

    @property
    def links(self) -> list[Carrier]:
        """The links that a message would take now; none if there is no way."""
        return [carrier for _, carrier in self._router.path(self._source, self._target)]

    def forget(self) -> None:
        """Look for the way again when the next message is sent: some link or node has changed."""
        self.send = self._find

    def _find(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        self.send = self._bound()
        self.send(sample, size, done, lost, token)

    def _bound(self) -> Send:
        path = self._router.path(self._source, self._target)
        if not path:
            return _no_way
        together = self._router.fair_run(path)
        stop, _ = path[max(len(together), 1) - 1]
        send: Send = FairPath(together).send if together else path[0][1].send
        send = self._router.attended(send, self._source, stop, path[0][1].place)
        if len(path) == 1:
            return send
        ends = f"{self._source}{LINK_ARROW}{self._target}"
        if stop == self._target:
            return _Flow(send, ends).send
        return _Relay(send, ends, self._router.route(stop, self._target)).send


class _Flow:
    """A way over several links without a stop."""

    __slots__ = ("_ends", "_first")

    def __init__(self, first: Send, ends: str) -> None:
        self._first, self._ends = first, ends

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        self._first(addressed(sample, self._ends), size, done, lost, token)


class _Relay:
    """The first part of a way, and the route from its end, where messages are stored and forwarded."""

    __slots__ = ("_ends", "_first", "_rest")

    def __init__(self, first: Send, ends: str, rest: Route) -> None:
        self._first, self._ends, self._rest = first, ends, rest

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        sample = addressed(sample, self._ends)
        self._first(sample, size, self._forward, self._drop, (sample, size, done, lost, token))

    def _forward(self, message: tuple[int, int, Callback, Callback, Any]) -> None:
        self._rest.send(*message)

    def _drop(self, message: tuple[int, int, Callback, Callback, Any]) -> None:
        message[3](message[4])


def _no_way(sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
    lost(token)
