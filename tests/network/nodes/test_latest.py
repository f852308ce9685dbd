"""Queues that keep the newest: what a camera does that is slower than its captures."""

from __future__ import annotations

from collections import Counter

import pytest
from worlds import Wire, node, play, rows, world_scenario

from simnet.network.nodes.spec import Batching, Queue
from simnet.network.work import Work
from simnet.workloads.periodic import Periodic


def calls(queue: Queue, times: list[float], **values) -> tuple[list, list]:
    """What was heard, and the spans, of calls of a second each."""
    wire = Wire({"a": node("edge", queue=queue, **values)}, [])
    compute = wire.network.nodes["a"].compute
    for number, time in enumerate(times):
        wire.at(time, lambda n=number: compute(n, Work(1e9), wire.done, wire.lost, n))
    wire.env.play()
    return wire.heard, [(span[0], *span[3:6], span[7]) for span in wire.spans]


def test_the_newest_takes_the_place_of_who_waits():
    """Of four that come while the first is served the last is next; each that is replaced is dropped at that moment."""
    heard, spans = calls(Queue(order="latest", limit=1), [0.0, 0.1, 0.2, 0.3, 0.4])
    assert heard == [(1, None), (2, None), (3, None), (0, 1.0), (4, 2.0)]
    assert [span for span in spans if span[4] == "dropped"] == [
        (1, 0.1, 0.2, 0.2, "dropped"), (2, 0.2, 0.3, 0.3, "dropped"), (3, 0.3, 0.4, 0.4, "dropped"),
    ]  # fmt: skip


def test_of_several_that_wait_the_newest_goes_first_and_the_oldest_out():
    heard, _ = calls(Queue(order="latest", limit=2), [0.0, 0.1, 0.2, 0.3])
    assert heard == [(1, None), (0, 1.0), (3, 2.0), (2, 3.0)]


def test_without_room_who_comes_is_dropped():
    heard, _ = calls(Queue(order="latest", limit=0), [0.0, 0.1])
    assert heard == [(1, None), (0, 1.0)]


def test_without_a_limit_nobody_is_dropped():
    heard, _ = calls(Queue(order="latest"), [0.0, 0.1, 0.2])
    assert heard == [(0, 1.0), (2, 2.0), (1, 3.0)]


@pytest.mark.parametrize("wait", [0.0, 0.05])
def test_batches_keep_the_newest_too(wait):
    """With a wait 0 and 1 run together, and 2 goes out for 4; without one 0 runs alone, and 1 and 2 go out."""
    heard, _ = calls(Queue(order="latest", limit=2), [0.0, 0.0, 0.1, 0.2, 0.3], batch=Batching(size=2, wait=wait))
    assert Counter(token for token, time in heard if time is None) == Counter([2] if wait else [1, 2])


def test_a_camera_slower_than_its_captures_stays_fresh():
    """250 ms of work every 100 ms: without a limit the last of 40 waits for 6 s; with the newest frame, at most 100 ms.

    A frame begins when the one before it ends; the newest is then less than one period old.
    """

    def ages(queue: Queue) -> list[float]:
        scenario = world_scenario(
            cameras=1,
            samples=40,
            workload=Periodic(every=0.1),
            thresholds=1.0,
            nodes={"camera1": node("device", view=1, speed=4e6, queue=queue)},
        )
        return [row["latency"] for row in rows(play(scenario), scenario) if row["outcome"] == "finished"]

    assert max(ages(Queue())) == pytest.approx(0.25 + 39 * 0.15 + 0.022)
    assert max(ages(Queue(order="latest", limit=1))) <= 0.25 + 0.1 + 0.022 + 1e-12
