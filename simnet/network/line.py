"""The one queueing element: a FIFO line. A link is one, and so is a node's processor.

Jobs are served in order of arrival by `workers` servers whose service times are known on arrival, so a line needs no
process and no queue of events: the time at which each server is free again, and one event per job. After its
service a job travels for `latency` without occupying the line (propagation; zero for a processor). All times are the
clock's, whole picoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heapreplace
from itertools import takewhile
from typing import Any, Protocol

from simnet.clock import Clock, Order, Together

Callback = Callable[[Any], None]
Send = Callable[[int, int, Callback, Callback, Any], None]
"""Sends for a sample so many bytes; calls the one or the other with the last: when they have arrived, or are lost."""
Span = tuple[int, str, str, int, int, int, int, str]
"""sample, place, kind, queued_at, started_at, ended_at, amount, status; see docs/results.md. Times in picoseconds.

The amount is bytes put on a link, or FLOP done on a node.
"""


Flow = tuple[int, int, float]
"""From when to when so many bytes pass, evenly; times in picoseconds."""


class Receiver(Protocol):
    """What stands at the end of a line; what reaches it while it is not up is lost."""

    up: bool


Job = tuple["FifoLine", Span, int, Callback, Callback, Any, int | None]
"""One job: the line, the span that will be recorded if all goes well, when its service ends (it ends a latency later),
`done`, `lost` and their token, and, after a change of speed within its service, when it would have started at the
present speed; else None. A plain tuple, since one is made for every hop."""


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
        self._last = 0
        """When the last of all jobs ends, if nothing comes in between."""

    def submit(self, sample: int, service: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Queue a job of `service` picoseconds (and `size` bytes or FLOP, for the record)."""
        env, free = self.env, self._free
        starts = now = env._now  # not `now`: a property is a call, and this is called for every hop
        if free[0] > now:
            starts = free[0]
        served = starts + service
        heapreplace(free, served)
        ends = served + self.latency
        span = (sample, self.place, self.kind, now, starts, ends, size, "ok")
        if ends > now:
            if ends > self._last:
                self._last = ends
            job = (self, span, served, done, lost, token, None)
            latest = env.latest
            if latest is not None and latest.time == ends and latest.order == self.order:
                latest.jobs.append(job)
            else:
                Together(env, ends, self.order, job)
        elif self._receiver.up:  # nothing to wait for: no event
            self._record(span)
            done(token)
        else:
            self._finish(span, done, lost, token)

    def end(self, job: Job) -> None:
        """A job has ended."""
        _, span, _, done, lost, token, _ = job
        if self._receiver.up:  # as `_finish`, without a call: this is the engine's most frequent event
            self._record(span)
            done(token)
        else:
            self._finish(span, done, lost, token)

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
        gone = [job for job in self._jobs() if not unserved_only or job[2] >= now]
        self._free = [now] * len(self._free)
        self._withdraw(gone)
        for job in gone:
            self._record(self._cut_short(job, "lost"))
        for _, _, _, _, lost, token, _ in gone:
            lost(token)

    def stretch(self, factor: float) -> None:
        """Make all service that lies ahead take `factor` times as long: the speed has changed."""
        now = self.env.now
        ahead = [job for job in self._jobs() if job[2] > now]
        free = [now + round((job[2] - now) * factor) for job in ahead if job[1][4] <= now]
        free += [now] * (len(self._free) - len(free))
        heapify(free)
        self._withdraw(ahead)
        for _, span, served, done, lost, token, begun in ahead:
            sample, place, kind, queued, starts, _, size, status = span
            if starts <= now:
                begun = now - round((now - (starts if begun is None else begun)) * factor)
                served = now + round((served - now) * factor)
            else:
                service, begun = round((served - starts) * factor), None
                starts = max(now, free[0])
                served = starts + service
                heapreplace(free, served)
            ends = served + self.latency
            again = (sample, place, kind, queued, starts, ends, size, status)
            self._last = max(self._last, ends)
            Together(self.env, ends, self.order, (self, again, served, done, lost, token, begun))
        self._free = free

    def under_way(self, until: int) -> Iterator[Job]:
        """Jobs whose service has begun, or will have by a time, and that have not ended."""
        return takewhile(lambda job: job[1][4] <= until, self._jobs())

    def busy(self, until: int) -> Iterator[tuple[int, int]]:
        """From when to when each worker serves a job of those under way."""
        return ((span[4], served) for _, span, served, *_ in self.under_way(until))

    def close(self) -> None:
        """Record what is still on the line at the end of a run as `unfinished`."""
        left = self._jobs()
        self._withdraw(left)
        for job in left:
            self._record(self._cut_short(job, "unfinished"))

    def _jobs(self) -> Sequence[Job]:
        """Those that have not ended, in the order in which they came (those that a change of speed moved, then)."""
        return self.env.jobs(self) if self._last >= self.env.now else ()

    def _withdraw(self, jobs: Iterable[Job]) -> None:
        if gone := {id(job) for job in jobs}:
            self.env.withdraw(self, gone)

    def _cut_short(self, job: Job, status: str) -> Span:
        """What is recorded of a job that does not end: of its bytes or FLOP, what had left or was done by now."""
        now = self.env.now
        _, span, served, _, _, _, begun = job
        sample, place, kind, queued, starts, ends, size, _ = span
        if now <= starts:
            size = 0
        elif now < served:
            begun = starts if begun is None else begun
            size = size * (now - begun) // (served - begun)
        return (sample, place, kind, queued, min(starts, now), min(ends, now), size, status)
