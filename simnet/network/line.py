"""The one queueing element: a FIFO line. A link is one, and so is a node's processor.

Jobs are served in order of arrival by `workers` servers whose service times are known on arrival, so a line needs no
process and no queue of events: the time at which each server is free again, and one event per job. After its
service a job travels for `latency` without occupying the line (propagation; zero for a processor). All times are the
clock's, whole picoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heapreplace
from itertools import takewhile
from typing import Any, Protocol

from simnet.clock import Clock, Occurrence, Order

Callback = Callable[[Any], None]
Span = tuple[int, str, str, int, int, int, int, str]
"""sample, place, kind, queued_at, started_at, ended_at, amount, status; see docs/results.md. Times in picoseconds.

The amount is bytes put on a link, or FLOP done on a node.
"""


Flow = tuple[int, int, float]
"""From when to when so many bytes pass, evenly; times in picoseconds."""


class Receiver(Protocol):
    """What stands at the end of a line; what reaches it while it is not up is lost."""

    up: bool


class Job(Occurrence):
    """One job on a line, and the event of its end: of its service at `served`, plus the line's latency.

    The end is known when the job is made, so it is on the clock at once. `span` is what will be recorded if all goes
    well.
    """

    begun: int | None = None
    """After a change of speed within its service: when it would have started at the present speed."""

    def __init__(self, line: FifoLine, span: Span, served: int, done: Callback, lost: Callback, token: Any) -> None:
        self.span, self.served = span, served
        self.done, self.lost, self.token = done, lost, token
        Occurrence.__init__(self, line.env, span[5], line.order, line.at_end)


class FifoLine:
    """First in, first out, `workers` at a time; each job calls `done(token)` when it ends, or `lost(token)`."""

    up = True

    def __init__(
        self,
        env: Clock,
        record: Callable[[Span], None],
        place: str,
        kind: str,
        workers: int = 1,
        latency: int = 0,
        receiver: Receiver | None = None,
    ) -> None:
        self.env, self.place, self.kind, self.latency = env, place, kind, latency
        self.order = int(Order.WORK_ENDS if receiver is None else Order.ARRIVES)
        """What the end of a job is: that of its work, or an arrival."""
        self._record = record
        self._receiver = receiver or self
        self._free = [0] * workers
        self._jobs: dict[Job, None] = {}  # as an ordered set
        self.at_end: list[Callback] = [self._end]
        """The callbacks of all jobs."""

    def submit(self, sample: int, service: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Queue a job of `service` picoseconds (and `size` bytes or FLOP, for the record)."""
        now, free = self.env._now, self._free  # not `now`: a property is a call, and this is called for every hop
        starts = free[0]
        if starts < now:
            starts = now
        served = starts + service
        heapreplace(free, served)
        ends = served + self.latency
        span = (sample, self.place, self.kind, now, starts, ends, size, "ok")
        if ends > now:
            self._jobs[Job(self, span, served, done, lost, token)] = None
        else:  # nothing to wait for: no event
            self._finish(span, done, lost, token)

    def _end(self, job: Any) -> None:
        del self._jobs[job]
        if self._receiver.up:  # as `_finish`, without a call: this is the engine's most frequent event
            self._record(job.span)
            job.done(job.token)
        else:
            self._finish(job.span, job.done, job.lost, job.token)

    def _finish(self, span: Span, done: Callback, lost: Callback, token: Any) -> None:
        if self._receiver.up:
            self._record(span)
            done(token)
        else:
            self._record((*span[:7], "lost"))
            lost(token)

    def lose(self, unserved_only: bool = False) -> None:
        """Lose all jobs, or those whose service has not ended (what already travels then arrives).

        Service that would end at this very moment has not: a failure comes first (`Order`).
        """
        now = self.env.now
        gone = [job for job in self._jobs if not unserved_only or job.served >= now]
        self._free = [now] * len(self._free)
        for job in gone:
            self._remove(job)
            self._record(self._cut_short(job, "lost"))
        for job in gone:
            job.lost(job.token)

    def stretch(self, factor: float) -> None:
        """Make all service that lies ahead take `factor` times as long: the speed has changed."""
        now = self.env.now
        ahead = [job for job in self._jobs if job.served > now]
        free = [now + round((job.served - now) * factor) for job in ahead if job.span[4] <= now]
        free += [now] * (len(self._free) - len(free))
        heapify(free)
        for job in ahead:
            starts, begun = job.span[4], None
            if starts <= now:
                served = now + round((job.served - now) * factor)
                begun = now - round((now - (starts if job.begun is None else job.begun)) * factor)
            else:
                service = round((job.served - starts) * factor)
                starts = max(now, free[0])
                served = starts + service
                heapreplace(free, served)
            self._remove(job)
            sample, place, kind, queued, _, _, size, status = job.span
            span = (sample, place, kind, queued, starts, served + self.latency, size, status)
            again = Job(self, span, served, job.done, job.lost, job.token)
            again.begun = begun
            self._jobs[again] = None
        self._free = free

    def under_way(self, until: int) -> Iterator[Job]:
        """Jobs whose service has begun, or will have by a time, and that have not ended."""
        return takewhile(lambda job: job.span[4] <= until, self._jobs)

    def busy(self, until: int) -> Iterator[tuple[int, int]]:
        """From when to when each worker serves a job of those under way."""
        return ((job.span[4], job.served) for job in self.under_way(until))

    def close(self) -> None:
        """Record what is still on the line at the end of a run as `unfinished`."""
        for job in self._jobs:
            job.cancel()
            self._record(self._cut_short(job, "unfinished"))
        self._jobs.clear()

    def _remove(self, job: Job) -> None:
        del self._jobs[job]
        job.cancel()

    def _cut_short(self, job: Job, status: str) -> Span:
        """What is recorded of a job that does not end: of its bytes or FLOP, what had left or was done by now."""
        now = self.env.now
        sample, place, kind, queued, starts, ends, size, _ = job.span
        if now <= starts:
            size = 0
        elif now < job.served:
            begun = starts if job.begun is None else job.begun
            size = size * (now - begun) // (job.served - begun)
        return (sample, place, kind, queued, min(starts, now), min(ends, now), size, status)
