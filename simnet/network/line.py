"""The one queueing element: a FIFO line. A link is one, and so is a node's processor.

Jobs are served in order of arrival by `workers` servers whose service times are known on arrival, so a line needs no
process and no queue of events: the time at which each server is free again, and one timeout per job. After its
service a job travels for `latency` seconds without occupying the line (propagation; zero for a processor).
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heapreplace
from typing import Any

from simpy import Environment, Event
from simpy.events import NORMAL

Callback = Callable[[Any], None]
Span = tuple[int, str, str, float, float, float, int, str]
"""sample, place, kind, queued_at, started_at, ended_at, bytes, status; see docs/results.md."""


class Job(Event):
    """One job on a line, and the event of its end: of its service, plus the line's latency.

    Its times are known when it is made, and so it is made like SimPy's Timeout: on the clock at once.
    """

    def __init__(
        self,
        line: FifoLine,
        sample: int,
        size: int,
        queued: float,
        starts: float,
        served: float,
        done: Callback,
        lost: Callback,
        token: Any,
    ) -> None:
        env = line.env
        self.env, self.callbacks = env, line.at_end
        self._ok, self._value = True, None
        self.sample, self.size = sample, size
        self.queued, self.starts, self.served = queued, starts, served
        self.ends = ends = served + line.latency
        self.done, self.lost, self.token = done, lost, token
        env.schedule(self, NORMAL, ends - env.now)

    def cancel(self) -> None:
        """Let the end pass unnoticed: the job is lost, or ends at another time."""
        self.callbacks = []


class FifoLine:
    """First in, first out, `workers` at a time; each job calls `done(token)` when it ends, or `lost(token)`."""

    def __init__(
        self, env: Environment, spans: list[Span], place: str, kind: str, workers: int = 1, latency: float = 0.0
    ) -> None:
        self.env, self.place, self.kind, self.latency = env, place, kind, latency
        self._record = spans.append
        self._free = [0.0] * workers
        self._jobs: dict[Job, None] = {}  # as an ordered set
        self.at_end: list[Callback] = [self._end]
        """The callbacks of all jobs."""

    def submit(self, sample: int, service: float, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Queue a job of `service` seconds (and `size` bytes, for the record)."""
        now, free = self.env.now, self._free
        starts = free[0]
        if starts < now:
            starts = now
        served = starts + service
        heapreplace(free, served)
        if served + self.latency == now:  # nothing to wait for: no event
            received = self.arrives()
            self._record((sample, self.place, self.kind, now, now, now, size, "ok" if received else "lost"))
            (done if received else lost)(token)
            return
        self._jobs[Job(self, sample, size, now, starts, served, done, lost, token)] = None

    def _end(self, job: Any) -> None:
        del self._jobs[job]
        received = self.arrives()
        status = "ok" if received else "lost"
        self._record((job.sample, self.place, self.kind, job.queued, job.starts, job.ends, job.size, status))
        (job.done if received else job.lost)(job.token)

    def arrives(self) -> bool:
        """Whether a job that ends now is received; a link asks the node behind it."""
        return True

    def lose(self, unserved_only: bool = False) -> None:
        """Lose all jobs, or those whose service has not ended (what already travels then arrives)."""
        now = self.env.now
        gone = [job for job in self._jobs if not unserved_only or job.served > now]
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
        running = [job for job in ahead if job.starts <= now]
        free = [now + (job.served - now) * factor for job in running]
        free += [now] * (len(self._free) - len(running))
        heapify(free)
        for job in ahead:
            if job.starts <= now:
                starts, served = job.starts, now + (job.served - now) * factor
            else:
                starts = max(now, free[0])
                served = starts + (job.served - job.starts) * factor
                heapreplace(free, served)
            self._remove(job)
            moved = Job(self, job.sample, job.size, job.queued, starts, served, job.done, job.lost, job.token)
            self._jobs[moved] = None
        self._free = free

    def close(self) -> None:
        """Record what is still on the line at the end of a run as `unfinished`."""
        for job in self._jobs:
            self._record(self._cut_short(job, "unfinished"))
        self._jobs.clear()

    def _remove(self, job: Job) -> None:
        del self._jobs[job]
        job.cancel()

    def _cut_short(self, job: Job, status: str) -> Span:
        now = self.env.now
        starts, ends = min(job.starts, now), min(job.ends, now)
        return (job.sample, self.place, self.kind, job.queued, starts, ends, job.size, status)
