"""Dynamic batching: calls of the same work wait for each other, up to a number and a time, and run together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Any

from simnet.clock import Order, ticks
from simnet.network.nodes.queueing import Call, QueueLine
from simnet.network.nodes.spec import Batching
from simnet.network.work import Work


def _rank(waiting: tuple[tuple[int, int], Call]) -> tuple[int, int]:
    return waiting[0]


class _Group:
    """Calls that may run together, the most urgent first; how many of them need not wait for more."""

    __slots__ = ("heap", "ripe")

    def __init__(self) -> None:
        self.heap: list[tuple[tuple[int, int], Call]] = []
        self.ripe = 0


class BatchLine(QueueLine):
    """A queue whose workers run up to `batch.size` calls of equal work together.

    A batch begins when a worker is free and as many wait, or one of them has waited for `batch.wait` seconds. It takes
    the first of them in the queue's order; of several batches that could begin, the one whose first call is first. Its
    calls end together, each with a span of its own.
    """

    def __init__(self, *arguments: Any, batch: Batching, **values: Any) -> None:
        super().__init__(*arguments, **values)
        self._size, self._wait = batch.size, ticks(batch.wait)
        self._groups: dict[Work, _Group] = {}

    def _begins_at_once(self, call: Call) -> bool:
        group = self._groups.get(call.work)
        there = 0 if group is None else len(group.heap)
        return self._idle > 0 and (not self._wait or there + 1 >= self._size)

    def _ending(self, now: int) -> int:
        return 0 if self._wait else super()._ending(now)

    def _put(self, call: Call) -> None:
        if (group := self._groups.get(call.work)) is None:
            group = self._groups[call.work] = _Group()
        heappush(group.heap, (call.rank, call))
        if self._wait:
            self.env.at(self.env.now + self._wait, Order.LIMIT, partial(self._waited, call))

    def _waited(self, call: Call) -> None:
        if call.waits:
            call.ripe = True
            self._groups[call.work].ripe += 1
            self._dispatch()

    def _oldest(self) -> Call:
        last, group = max(
            ((max(group.heap, key=_rank), group) for group in self._groups.values()), key=lambda found: found[0][0]
        )
        group.heap.remove(last)
        heapify(group.heap)
        group.ripe -= last[1].ripe
        if not group.heap:
            del self._groups[last[1].work]
        return last[1]

    def _take(self) -> list[Call]:
        work = min(
            (work for work, group in self._groups.items() if self._ready(group)),
            key=lambda work: self._groups[work].heap[0],
            default=None,
        )
        if work is None:
            return []
        group = self._groups[work]
        calls = [heappop(group.heap)[1] for _ in range(min(self._size, len(group.heap)))]
        group.ripe -= sum(call.ripe for call in calls)
        if not group.heap:
            del self._groups[work]
        return calls

    def _ready(self, group: _Group) -> bool:
        return not self._wait or group.ripe > 0 or len(group.heap) >= self._size

    def _withdraw(self) -> Iterator[Call]:
        groups, self._groups = self._groups, {}
        return (call for group in groups.values() for _, call in group.heap)
