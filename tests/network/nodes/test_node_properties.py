"""What holds for every line with a queue, whatever arrives (Hypothesis)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import pytest
from clocked import Seconds
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import EXACT

from simnet.clock import ticks
from simnet.network.line import FifoLine, Span
from simnet.network.nodes.batching import BatchLine
from simnet.network.nodes.queueing import QueueLine
from simnet.network.nodes.spec import Batching, Queue
from simnet.network.work import Work
from simnet.results.steps import Step, in_seconds


@dataclass
class Play:
    """What happened on a line: by job, its span and how it ended; at each arrival, who waited and who worked."""

    spans: dict[int, Step] = field(default_factory=dict)
    batches: list[list[Step]] = field(default_factory=list)
    """The spans of those that ran, by call."""
    ended: Counter[int] = field(default_factory=Counter)
    found: dict[int, tuple[int, int]] = field(default_factory=dict)
    """(waiting, busy) as the job found them."""
    most_waiting: int = 0


Arrivals = list[tuple[float, float, int, int]]
"""Gap to the one before, seconds of service, priority, kind of work."""

arrivals = st.lists(
    st.tuples(st.floats(0, 2), st.floats(0.01, 5), st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=25
)
queues = st.builds(Queue, order=st.sampled_from(["fifo", "priority"]), limit=st.none() | st.integers(0, 4))
workers = st.integers(1, 3)
batchings = st.builds(Batching, size=st.integers(1, 4), wait=st.sampled_from([0.0, 0.3, 2.0]))


def play(jobs: Arrivals, workers: int, queue: Queue, batch: Batching | None = None) -> Play:
    """Put the jobs on a line; with `batch` they have one of two works, of 1 and 2 s a sample."""
    env, seen = Seconds(), Play()
    priorities = [priority for *_, priority, _ in jobs]

    def record(span: Span) -> None:
        if span[7] == "ok":
            seen.batches.append([])
        also(span)

    def also(span: Span) -> None:
        assert span[0] not in seen.spans  # one span each
        seen.spans[span[0]] = in_seconds([span])[0]
        if span[7] == "ok":
            seen.batches[-1].append(seen.spans[span[0]])

    common = (env, record, "edge", lambda work, samples: ticks(len(samples) * work.flop), workers, queue, priorities)
    line = QueueLine(*common) if batch is None else BatchLine(*common, also=also, batch=batch)

    def come(number: int, work: Work) -> None:
        seen.found[number] = line.waiting, sum(1 for _ in line.busy(env.now))
        line.submit(number, work, seen.ended.update, seen.ended.update, [number])
        seen.most_waiting = max(seen.most_waiting, line.waiting)

    now = 0.0
    for number, (gap, seconds, _, kind) in enumerate(jobs):
        now += gap
        work = Work(seconds if batch is None else 1.0 + kind)
        env.on(now, partial(come, number, work))
    env.play()
    line.close()
    return seen


def served(seen: Play) -> list[Step]:
    return [span for span in seen.spans.values() if span[7] == "ok"]


def between(times: set[float]) -> Iterator[float]:
    """A time between every two of these that follow on each other."""
    return ((begin + end) / 2 for begin, end in pairwise(sorted(times)) if end - begin > EXACT)


def always(seen: Play, jobs: Arrivals, workers: int, queue: Queue) -> None:
    """Every job has one span and one end, in order of time; no more run than there are workers; the limit holds."""
    assert sorted(seen.spans) == list(range(len(jobs)))
    assert seen.ended == Counter(range(len(jobs)))
    assert all(span[3] <= span[4] <= span[5] for span in seen.spans.values())
    assert {span[7] for span in seen.spans.values()} <= {"ok", "dropped"}
    if queue.limit is None:
        assert len(served(seen)) == len(jobs)
    else:
        assert seen.most_waiting <= queue.limit


@settings(max_examples=100, deadline=None)
@given(arrivals, workers, queues)
def test_a_queue_wastes_no_worker_and_drops_only_when_it_is_full(jobs: Arrivals, workers: int, queue: Queue):
    """Work conservation: who waits, waits while every worker is busy."""
    seen = play(jobs, workers, queue)
    always(seen, jobs, workers, queue)
    spans = served(seen)
    for number, (waiting, busy) in seen.found.items():
        assert not waiting or busy == workers
        assert (seen.spans[number][7] == "dropped") == (busy == workers and waiting == queue.limit)
        assert (seen.spans[number][4] > seen.spans[number][3]) <= (busy == workers)
    for middle in between({time for span in spans for time in span[3:6]}):
        running = sum(span[4] < middle < span[5] for span in spans)
        assert running <= workers
        assert running == workers or not any(span[3] < middle < span[4] for span in spans)


@settings(max_examples=100, deadline=None)
@given(arrivals, workers, queues)
def test_who_begins_is_first_among_those_who_wait(jobs: Arrivals, workers: int, queue: Queue):
    """Highest priority first (where the queue heeds it), in order of arrival among equals."""
    spans = served(play(jobs, workers, queue))

    def rank(span: Step) -> tuple[int, int]:
        return (-jobs[span[0]][2] if queue.order == "priority" else 0, span[0])

    for span in spans:
        left = [other for other in spans if other[3] < span[4] < other[4]]  # who waited then, and went on waiting
        assert all(rank(span) < rank(other) for other in left)


def on_fifo_line(jobs: Arrivals, workers: int, faster: float = 1.0) -> dict[int, Step]:
    """The spans of the jobs, by number, on a line without a queue; `faster`: times quicker than they say."""
    env, spans = Seconds(), dict[int, Step]()
    line = FifoLine(env, lambda span: spans.update({span[0]: in_seconds([span])[0]}), "edge", "compute", workers)
    now = 0.0
    for number, (gap, seconds, *_) in enumerate(jobs):
        now += gap
        env.on(now, partial(line.submit, number, ticks(seconds / faster), 0, id, id, None))
    env.play()
    return spans


@settings(max_examples=100, deadline=None)
@given(arrivals, workers)
def test_an_unlimited_fifo_queue_is_a_fifo_line(jobs: Arrivals, workers: int):
    """Two implementations, one by events and one by arithmetic, agree on every time."""
    seen, spans = play(jobs, workers, Queue()), on_fifo_line(jobs, workers)
    assert seen.spans.keys() == spans.keys()
    for number, span in spans.items():
        assert seen.spans[number][3:6] == span[3:6]


@settings(max_examples=100, deadline=None)
@given(arrivals, workers, st.integers(0, 2), st.floats(1, 10))
def test_more_or_faster_workers_make_no_call_end_later(jobs: Arrivals, workers: int, more: int, faster: float):
    """Hence the mean latency of a FIFO line is never worse for more capacity."""
    base, better = on_fifo_line(jobs, workers), on_fifo_line(jobs, workers + more, faster)
    assert base.keys() == better.keys()
    assert all(better[number][5] <= base[number][5] + EXACT for number in base)


@settings(max_examples=100, deadline=None)
@given(arrivals, workers, queues, batchings)
def test_batches_are_of_equal_work_and_begin_only_when_they_may(
    jobs: Arrivals, workers: int, queue: Queue, batch: Batching
):
    """A batch is full, or one in it has waited long enough; none is larger, and no more run than there are workers."""
    seen = play(jobs, workers, queue, batch)
    always(seen, jobs, workers, queue)
    for spans in seen.batches:
        (kind,) = {jobs[span[0]][3] for span in spans}
        ((started, ended),) = {span[4:6] for span in spans}
        assert len(spans) <= batch.size
        assert ended - started == pytest.approx((1.0 + kind) * len(spans), abs=EXACT)
        longest = max(started - span[3] for span in spans)
        assert len(spans) == batch.size or longest >= batch.wait - EXACT
    for middle in between({time for span in served(seen) for time in span[4:6]}):
        assert sum(spans[0][4] < middle < spans[0][5] for spans in seen.batches) <= workers


@settings(max_examples=100, deadline=None)
@given(arrivals, workers, batchings)
def test_nobody_waits_for_a_batch_longer_than_its_wait_while_a_worker_is_free(
    jobs: Arrivals, workers: int, batch: Batching
):
    seen = play(jobs, workers, Queue(), batch)
    spans = served(seen)
    times = {time for span in spans for time in (*span[3:6], min(span[4], span[3] + batch.wait))}
    for middle in between(times):
        if any(span[3] + batch.wait < middle < span[4] for span in spans):
            assert sum(call[0][4] < middle < call[0][5] for call in seen.batches) == workers
