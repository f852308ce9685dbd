"""A line with an explicit queue: for nodes whose calls overtake each other, are refused, or run together.

`FifoLine` knows on arrival when a job will start. Here a job's start depends on who comes after it, so jobs wait in a
heap, and a worker that is free takes the first of it. Service times are asked for when a call begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from simnet.clock import Clock, Occurrence, Order
from simnet.network.line import Callback, Span
from simnet.network.nodes.spec import Queue
from simnet.network.work import Work

Recorder = Callable[[Span], None]


class Call:
    """One sample's work, from its arrival at the line until its end."""

    __slots__ = ("done", "lost", "queued", "rank", "ripe", "sample", "token", "waits", "work")

    def __init__(
        self, rank: tuple[int, int], sample: int, queued: int, work: Work, done: Callback, lost: Callback, token: Any
    ) -> None:
        self.rank, self.sample, self.queued, self.work = rank, sample, queued, work
        self.done, self.lost, self.token = done, lost, token
        self.waits, self.ripe = True, False
        """Whether it has not begun; whether it need not wait for others (see `BatchLine`)."""


class Service(Occurrence):
    """One or several calls that a worker runs together, and the event of their end."""

    def __init__(self, line: QueueLine, calls: list[Call], started: int, ends: int) -> None:
        self.calls, self.started, self.ends = calls, started, ends
        super().__init__(line.env, ends, Order.WORK_ENDS, line.at_end)


class QueueLine:
    """`workers` that take calls out of a queue, one each; nobody is interrupted.

    The order is that of arrival or, with `queue.order` "priority", that of `priorities[sample]`, highest first, and of
    arrival among equals. Who finds `queue.limit` calls waiting (those that run do not count) and cannot begin at once
    is dropped, however urgent: a span "dropped" is recorded, and `lost` called. With the order "latest" the newest goes
    first, and who comes takes the place of who has waited longest. Every call has one span.

    `service(work, samples)` are the picoseconds that calls of `work` for these samples take together from now on.
    `also` records the spans of a batch but the first (for whoever must count calls, not samples); by default `record`,
    too.
    """

    def __init__(
        self,
        env: Clock,
        record: Recorder,
        place: str,
        service: Callable[[Work, Sequence[int]], int],
        workers: int = 1,
        queue: Queue | None = None,
        priorities: Sequence[int] = (),
        full: str = "queue full",
        also: Recorder | None = None,
    ) -> None:
        queue = queue or Queue()
        self.env, self.place = env, place
        self._record, self._also, self._service = record, also or record, service
        self._limit, self._full = queue.limit, full
        self._newest_first = queue.order == "latest"
        self._priorities = priorities if queue.order == "priority" and len(priorities) else None
        self._arrived = 0
        self._idle = workers
        self._running: dict[Service, None] = {}  # as an ordered set
        self.waiting = 0
        """Calls that have not begun."""
        self._queue: list[tuple[tuple[int, int], Call]] = []
        self.at_end: list[Callback] = [self._end]
        """The callbacks of all services."""

    def submit(self, sample: int, work: Work, done: Callback, lost: Callback, token: Any) -> None:
        """Queue a call; it ends with `done(token)` or `lost(token)`.

        A token that is a string is the reason for which a sample is lost (`simnet.clock.Signal.lose`): a full queue
        puts its own reason in its place.
        """
        now = self.env.now
        urgency = 0 if self._priorities is None or sample < 0 else -int(self._priorities[sample])
        age = -self._arrived if self._newest_first else self._arrived
        call = Call((urgency, age), sample, now, work, done, lost, token)
        self._arrived += 1
        limit = self._limit
        full = limit is not None and self.waiting >= limit and self.waiting - self._ending(now) >= limit
        if full and not self._begins_at_once(call):
            if not (self._newest_first and self.waiting):
                self._drop(call)
                return
            oldest = self._oldest()
            self.waiting -= 1
            self._put(call)
            self.waiting += 1
            self._drop(oldest)
            return
        self.waiting += 1
        self._put(call)
        self._dispatch()

    def _drop(self, call: Call) -> None:
        """Record that a call was turned away, or out, and tell so."""
        call.waits = False
        now, token = self.env.now, call.token
        self._record((call.sample, self.place, "compute", call.queued, now, now, 0, "dropped"))
        call.lost(self._full if isinstance(token, str) else token)

    def _oldest(self) -> Call:
        """Who has waited longest, taken out of the queue."""
        last = max(self._queue, key=lambda waiting: waiting[0])
        self._queue.remove(last)
        heapify(self._queue)
        return last[1]

    def _begins_at_once(self, call: Call) -> bool:
        return self._idle > 0  # then nobody waits

    def _ending(self, now: int) -> int:
        """Calls that will be taken out of the queue at this very moment, by workers that are still to hear of it."""
        return sum(service.ends == now for service in self._running)

    def _put(self, call: Call) -> None:
        heappush(self._queue, (call.rank, call))

    def _take(self) -> list[Call]:
        """The calls that a free worker runs next, together; none if it is to wait."""
        return [heappop(self._queue)[1]] if self._queue else []

    def _withdraw(self) -> Iterator[Call]:
        """All calls that wait, which are then forgotten."""
        queue, self._queue = self._queue, []
        return (call for _, call in queue)

    def _dispatch(self) -> None:
        while self._idle and (calls := self._take()):
            self._idle -= 1
            self.waiting -= len(calls)
            for call in calls:
                call.waits = False
            now, samples = self.env.now, [call.sample for call in calls]
            self._running[Service(self, calls, now, now + self._service(calls[0].work, samples))] = None

    def _end(self, service: Any) -> None:
        del self._running[service]
        self._idle += 1
        self._note(service, "ok")
        self._dispatch()  # before anybody hears of the end: what waits came before what they will ask for
        for call in service.calls:
            call.done(call.token)

    def _note(self, service: Service, status: str) -> None:
        record, place, started, now = self._record, self.place, service.started, self.env.now
        lasts = service.ends - started
        done = (now - started) / lasts if status != "ok" and lasts else 1.0
        for call in service.calls:
            record((call.sample, place, "compute", call.queued, started, now, round(call.work.flop * done), status))
            record = self._also

    def lose(self) -> None:
        """Lose all calls, those that wait and those that run."""
        gone = self._give_up("lost")
        for call in gone:
            call.lost(call.token)

    def busy(self, until: int) -> Iterator[tuple[int, int]]:
        """From when to when each worker that runs something does."""
        return ((service.started, service.ends) for service in self._running)

    def close(self) -> None:
        """Record what has not ended at the end of a run as `unfinished`."""
        self._give_up("unfinished")

    def _give_up(self, status: str) -> list[Call]:
        now = self.env.now
        gone = []
        for service in self._running:
            service.cancel()
            self._note(service, status)
            gone += service.calls
        for call in sorted(self._withdraw(), key=lambda call: abs(call.rank[1])):
            call.waits = False
            self._record((call.sample, self.place, "compute", call.queued, now, now, 0, status))
            gone.append(call)
        self._idle += len(self._running)
        self._running, self.waiting = {}, 0
        return sorted(gone, key=lambda call: abs(call.rank[1]))

    def stretch(self, factor: float) -> None:
        """Make what runs take `factor` times as long from now on; what waits asks for its time when it begins."""
        now, running = self.env.now, self._running
        self._running = {}
        for service in running:
            service.cancel()
            ends = now + round((service.ends - now) * factor)
            self._running[Service(self, service.calls, service.started, ends)] = None
