"""The one queueing element: a FIFO line. A link is one, and so is a node's processor.

Jobs are served in order of arrival by `workers` servers whose service times are known on arrival, so a line needs no
process and no queue of events: the time at which each server is free again, and one timeout per job. After its
service a job travels for `latency` seconds without occupying the line (propagation; zero for a processor).
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from simpy import Environment, Timeout

Callback = Callable[[Any], None]
Span = tuple[int, str, str, float, float, float, int, str]
"""sample, place, kind, queued_at, started_at, ended_at, bytes, status; see docs/results.md."""


class Job(NamedTuple):
    """One job on a line, from its arrival until `ends` (end of service, plus the line's latency)."""

    number: int
    sample: int
    size: int
    queued: float
    starts: float
    served: float
    ends: float
    done: Callback
    lost: Callback
    token: Any


class FifoLine:
    """First in, first out, `workers` at a time; each job calls `done(token)` when it ends, or `lost(token)`."""

    def __init__(
        self, env: Environment, spans: list[Span], place: str, kind: str, workers: int = 1, latency: float = 0.0
    ) -> None:
        self.env, self.place, self.kind, self.latency = env, place, kind, latency
        self._spans = spans
        self._free = [0.0] * workers
        self._jobs: dict[int, Job] = {}
        self._number = 0

    def submit(self, sample: int, service: float, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """Queue a job of `service` seconds (and `size` bytes, for the record)."""
        env, free = self.env, self._free
        now = env.now
        if len(free) == 1:
            starts = free[0]
            if starts < now:
                starts = now
            free[0] = served = starts + service
        else:
            starts = max(now, heappop(free))
            served = starts + service
            heappush(free, served)
        ends = served + self.latency
        if ends == now:  # nothing to wait for: no event
            received = self.arrives()
            self._spans.append((sample, self.place, self.kind, now, now, now, size, "ok" if received else "lost"))
            (done if received else lost)(token)
            return
        self._number = number = self._number + 1
        job = Job(number, sample, size, now, starts, served, ends, done, lost, token)
        self._jobs[number] = job
        Timeout(env, ends - now, job).callbacks.append(self._end)

    def _end(self, event: Any) -> None:
        number, sample, size, queued, starts, _served, ends, done, lost, token = event._value
        if self._jobs.pop(number, None) is None:
            return  # lost or rescheduled meanwhile
        if self.arrives():
            self._spans.append((sample, self.place, self.kind, queued, starts, ends, size, "ok"))
            done(token)
        else:
            self._spans.append((sample, self.place, self.kind, queued, starts, ends, size, "lost"))
            lost(token)

    def arrives(self) -> bool:
        """Whether a job that ends now is received; a link asks the node behind it."""
        return True

    def lose(self, unserved_only: bool = False) -> None:
        """Lose all jobs, or those whose service has not ended (what already travels then arrives)."""
        now = self.env.now
        gone = [job for job in self._jobs.values() if not unserved_only or job.served > now]
        self._free = [now] * len(self._free)
        for job in gone:
            del self._jobs[job.number]
            self._spans.append(self._cut_short(job, "lost"))
        for job in gone:
            job.lost(job.token)

    def stretch(self, factor: float) -> None:
        """Make all service that lies ahead take `factor` times as long: the speed has changed."""
        now = self.env.now
        ahead = [job for job in self._jobs.values() if job.served > now]
        running = [job for job in ahead if job.starts <= now]
        free = [now + (job.served - now) * factor for job in running]
        free += [now] * (len(self._free) - len(running))
        heapify(free)
        for job in ahead:
            if job.starts <= now:
                starts, served = job.starts, now + (job.served - now) * factor
            else:
                starts = max(now, heappop(free))
                served = starts + (job.served - job.starts) * factor
                heappush(free, served)
            del self._jobs[job.number]
            self._number += 1
            moved = job._replace(number=self._number, starts=starts, served=served, ends=served + self.latency)
            self._jobs[moved.number] = moved
            Timeout(self.env, moved.ends - now, moved).callbacks.append(self._end)
        self._free = free

    def close(self) -> None:
        """Record what is still on the line at the end of a run as `unfinished`."""
        self._spans.extend(self._cut_short(job, "unfinished") for job in self._jobs.values())
        self._jobs.clear()

    def _cut_short(self, job: Job, status: str) -> Span:
        now = self.env.now
        starts, ends = min(job.starts, now), min(job.ends, now)
        return (job.sample, self.place, self.kind, job.queued, starts, ends, job.size, status)
