"""Nodes with queues, batches, profiles and background load against times worked out by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from clocked import Seconds, Spans
from worlds import EXACT, Wire, node, play, rows, spans_of, world_scenario

from simnet.language.schedule import Steps
from simnet.network.nodes.kinds import ProfiledNode, make_node
from simnet.network.nodes.plain import Node
from simnet.network.nodes.service import call_seconds, interpolated
from simnet.network.nodes.spec import Batching, PowerModel, Queue
from simnet.network.work import Work, joined
from simnet.workloads.periodic import Periodic
from simnet.workloads.poisson import Poisson

SECOND = Work(1e9, ("edge",))
"""One second on a node of 1 GFLOP/s."""
OTHER = Work(1e9, ("cloud",))


class Bench:
    """One node of 1 GFLOP/s, and what was heard of its calls: (sample, time), or the reason in place of the time."""

    def __init__(self, weights: str = "", priorities: tuple[int, ...] = (), **values: Any) -> None:
        self.env = Seconds()
        self.spans = Spans()
        self.heard: list[tuple[int, Any]] = []
        self.node = make_node(self.env, self.spans.record, "edge", node("edge", **values), weights, priorities)

    def at(self, time: float, act: Any) -> None:
        self.env.on(time, act)

    def compute(self, time: float, *samples: int, work: Work = SECOND) -> None:
        for sample in samples:
            self.at(
                time,
                lambda sample=sample: self.node.compute(
                    sample,
                    work,
                    lambda _: self.heard.append((sample, self.env.s)),
                    lambda reason: self.heard.append((sample, reason)),
                    "edge down",
                ),
            )

    def hears(self, *expected: tuple[int, Any]) -> None:
        self.env.play()
        assert [sample for sample, _ in self.heard] == [sample for sample, _ in expected]
        for (_, found), (sample, wanted) in zip(self.heard, expected, strict=True):
            assert found == (wanted if isinstance(wanted, str) else pytest.approx(wanted, abs=EXACT)), sample
        assert sorted(span[0] for span in self.spans) == sorted(sample for sample, _ in expected)  # one span each
        assert {span[1:3] for span in self.spans} == {("edge", "compute")}

    def starts(self) -> dict[int, float]:
        return {span[0]: span[4] for span in self.spans}


# Order and limit


def test_priority_overtakes_but_does_not_interrupt():
    bench = Bench(priorities=(0, 0, 1, 5, 5), queue=Queue(order="priority"))
    for number in range(5):
        bench.compute(number / 10, number)
    bench.hears((0, 1.0), (3, 2.0), (4, 3.0), (2, 4.0), (1, 5.0))


def test_who_waits_goes_before_what_the_end_of_a_call_brings():
    """The end of 0 has an urgent call come, and a place to wait is free for it then: 1 is on the worker already."""
    bench = Bench(priorities=(0, 0, 1), queue=Queue(order="priority", limit=1))

    def heard(sample: int) -> None:
        bench.heard.append((sample, bench.env.s))
        if sample == 0:
            bench.node.compute(2, SECOND, heard, heard, 2)

    for sample in (0, 1):
        bench.node.compute(sample, SECOND, heard, heard, sample)
    bench.hears((0, 1.0), (1, 2.0), (2, 3.0))


def test_a_fifo_queue_heeds_no_priorities():
    bench = Bench(priorities=(0, 1, 2), queue=Queue(limit=9))
    bench.compute(0.0, 0, 1, 2)
    bench.hears((0, 1.0), (1, 2.0), (2, 3.0))


def test_without_priorities_all_are_equal():
    bench = Bench(queue=Queue(order="priority"))
    bench.compute(0.0, 7, 6, 5)
    bench.hears((7, 1.0), (6, 2.0), (5, 3.0))


def test_who_finds_the_queue_full_is_dropped_and_the_reason_says_so():
    """Two may wait beside the one in service; the one in service does not count."""
    bench = Bench(queue=Queue(limit=2))
    bench.compute(0.0, 0, 1, 2, 3)
    bench.compute(1.5, 4, 5)  # 1 in service, 2 waits: room for one
    bench.hears((3, "edge queue full"), (0, 1.0), (5, "edge queue full"), (1, 2.0), (2, 3.0), (4, 4.0))
    dropped = [span for span in bench.spans if span[7] == "dropped"]
    assert dropped == [
        (3, "edge", "compute", 0, 0, 0, 0, "dropped"),
        (5, "edge", "compute", 1.5, 1.5, 1.5, 0, "dropped"),
    ]


def test_with_a_limit_of_zero_nobody_waits_but_each_worker_serves():
    bench = Bench(workers=2, queue=Queue(limit=0))
    bench.compute(0.0, 0, 1, 2)
    bench.compute(1.25, 3)
    bench.hears((2, "edge queue full"), (0, 1.0), (1, 1.0), (3, 2.25))


def test_a_full_queue_drops_the_urgent_too():
    bench = Bench(priorities=(0, 0, 9), queue=Queue(order="priority", limit=1))
    bench.compute(0.0, 0, 1, 2)
    bench.hears((2, "edge queue full"), (0, 1.0), (1, 2.0))


def test_a_token_that_is_no_reason_comes_back_as_it_is():
    bench = Bench(queue=Queue(limit=0))
    back: list = []
    for token in (1, ("camera", 2)):
        bench.node.compute(0, SECOND, back.append, back.append, token)
    assert back == [("camera", 2)]


# Batches


def test_a_batch_begins_when_enough_wait():
    """Three at 2 s: half a second of overhead and 3 s of work at 1.5 times the speed."""
    bench = Bench(overhead=0.5, batch=Batching(size=3, wait=10.0, efficiency={3: 1.5}))
    for number in range(3):
        bench.compute(number, number)
    bench.hears((0, 4.5), (1, 4.5), (2, 4.5))
    assert bench.starts() == {0: 2.0, 1: 2.0, 2: 2.0}
    assert [span[3] for span in bench.spans] == [0.0, 1.0, 2.0]


def test_a_batch_begins_when_the_first_has_waited_long_enough():
    """2 and 3 would begin at 1.1 s, but the only worker is busy until 2.5 s."""
    bench = Bench(batch=Batching(size=4, wait=0.5))
    bench.compute(0.0, 0)
    bench.compute(0.2, 1)
    bench.compute(0.6, 2)
    bench.compute(2.4, 3)
    bench.hears((0, 2.5), (1, 2.5), (2, 4.5), (3, 4.5))
    assert bench.starts() == {0: 0.5, 1: 0.5, 2: 2.5, 3: 2.5}


def test_the_wait_is_counted_anew_for_those_whom_a_batch_left_behind():
    """A batch of two goes at 0.1 s and leaves the third, which has then waited since 0.1 s, until 1.1 s."""
    bench = Bench(workers=2, batch=Batching(size=2, wait=1.0))
    bench.compute(0.0, 0)
    bench.compute(0.1, 1, 2)
    bench.hears((0, 2.1), (1, 2.1), (2, 2.1))
    assert bench.starts() == pytest.approx({0: 0.1, 1: 0.1, 2: 1.1})


def test_whom_a_batch_left_behind_waits_though_one_in_that_batch_had_waited_long_enough():
    """0 has waited long enough when the worker is free, at 2 s, and takes 1 along; 2 may still wait, until 2.95 s."""
    bench, light = Bench(batch=Batching(size=2, wait=1.0)), Work(1e8, ("edge",))
    bench.compute(0.0, 8, 9, work=OTHER)
    for number, time in enumerate((0.5, 1.9, 1.95)):
        bench.compute(time, number, work=light)
    bench.hears((8, 2.0), (9, 2.0), (0, 2.2), (1, 2.2), (2, 3.05))


def test_without_a_wait_a_free_worker_takes_what_is_there():
    bench = Bench(batch=Batching(size=3))
    bench.compute(0.0, 0, 1, 2, 3, 4)
    bench.hears((0, 1.0), (1, 4.0), (2, 4.0), (3, 4.0), (4, 5.0))


def test_two_workers_run_two_batches():
    bench = Bench(workers=2, batch=Batching(size=2, wait=5.0, efficiency={2: 2.0}))
    bench.compute(0.0, 0, 1, 2, 3, 4, 5)
    bench.hears((0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0), (4, 2.0), (5, 2.0))


def test_calls_of_different_segments_are_not_batched():
    """The first that came decides which batch is first."""
    bench = Bench(batch=Batching(size=2, wait=1.0))
    bench.compute(0.0, 0)
    bench.compute(0.1, 1, work=OTHER)
    bench.compute(0.2, 2)
    bench.compute(0.3, 3, work=OTHER)
    bench.hears((0, 2.2), (2, 2.2), (1, 4.2), (3, 4.2))


def test_a_batch_takes_the_most_urgent_first():
    bench = Bench(priorities=(0, 0, 1, 2, 2), queue=Queue(order="priority"), batch=Batching(size=2))
    bench.compute(0.0, 0, 1, 2, 3, 4)
    bench.hears((0, 1.0), (3, 3.0), (4, 3.0), (2, 5.0), (1, 5.0))


def test_of_several_batches_the_one_with_the_most_urgent_call_is_first():
    bench = Bench(priorities=(0, 0, 1), queue=Queue(order="priority"), batch=Batching(size=2))
    bench.compute(0.0, 0)
    bench.compute(0.1, 1)
    bench.compute(0.2, 2, work=OTHER)
    bench.hears((0, 1.0), (2, 2.0), (1, 3.0))


def test_calls_that_wait_for_their_batch_count_for_the_limit():
    """The call that completes a batch begins at once, and is not dropped."""
    bench = Bench(queue=Queue(limit=2), batch=Batching(size=3, wait=9.0))
    bench.compute(0.0, 0, 1)
    bench.compute(0.5, 2, work=OTHER)
    bench.compute(1.0, 3)
    bench.hears((2, "edge queue full"), (0, 4.0), (1, 4.0), (3, 4.0))


def test_a_queue_that_cannot_hold_a_batch_is_refused():
    with pytest.raises(ValueError, match="no room to wait for a batch"):
        node("edge", queue=Queue(limit=0), batch=Batching(size=2, wait=1.0))


@pytest.mark.parametrize(("size", "seconds"), [(1, 1.0), (2, 1.5), (3, 1.8), (4, 2.0), (8, 4.0)])
def test_efficiency_is_interpolated_and_stays_beyond_the_last(size: int, seconds: float):
    """Given {4: 2}: 1, 4/3, 5/3, 2, 2 times faster."""
    bench = Bench(batch=Batching(size=size, wait=1.0, efficiency={4: 2.0}))
    bench.compute(0.0, *range(size))
    bench.hears(*((number, seconds) for number in range(size)))


def test_a_curve_stays_beyond_its_ends():
    assert [interpolated({2: 1.0, 4: 3.0}, at) for at in (1, 2, 3, 4, 5)] == [1.0, 1.0, 2.0, 3.0, 3.0]


# Measured profiles

PROFILE = {"net": {"edge": {1: 0.25, 4: 0.55, 8: 0.8}, "cloud": {2: 3.0}}}


@pytest.mark.parametrize(
    ("batch", "seconds"), [(1, 0.25), (2, 0.35), (3, 0.45), (4, 0.55), (6, 0.675), (8, 0.8), (16, 1.6)]
)
def test_measured_seconds_are_interpolated_and_go_on_per_sample(batch: int, seconds: float):
    assert call_seconds(PROFILE["net"]["edge"], batch) == pytest.approx(seconds)


def test_below_the_smallest_measured_size_a_call_takes_as_long():
    assert call_seconds({2: 3.0, 4: 5.0}, 1) == 3.0


@pytest.mark.parametrize("queue", [Queue(), Queue(limit=9)])
def test_a_profile_stands_for_flop_speed_and_overhead(queue: Queue):
    """Two calls of one segment, then one of a work that names edge twice and cloud once: 0.25 + 0.25 + 3 s."""
    bench = Bench("net", profile=PROFILE, overhead=7.0, queue=queue)
    assert isinstance(bench.node, ProfiledNode) == (queue == Queue())
    bench.compute(0.0, 0, 1)
    bench.compute(0.1, 2, work=joined([SECOND, SECOND, OTHER]))
    bench.hears((0, 0.25), (1, 0.5), (2, 4.0))


def test_a_batch_takes_as_long_as_was_measured_whatever_the_efficiency():
    bench = Bench("net", profile=PROFILE, batch=Batching(size=4, wait=1.0, efficiency={4: 4.0}))
    bench.compute(0.0, 0, 1, 2, 3)
    bench.compute(0.1, 4, 5)
    bench.hears(*((number, 0.55) for number in range(4)), (4, 1.45), (5, 1.45))


def test_work_that_names_no_segment_is_charged_by_its_flop():
    bench = Bench("net", profile=PROFILE, overhead=0.5)
    bench.compute(0.0, 0, work=Work(2e9))
    bench.hears((0, 2.5))


# Background load and slow-downs

KINDS = [{}, {"queue": Queue(limit=9)}, {"batch": Batching(size=1)}, {"profile": {"": {"edge": {1: 1.0}}}}]
"""A plain node, a queue, batches and a profile: each takes a second a call."""


@pytest.mark.parametrize("kind", KINDS, ids=["plain", "queue", "batch", "profile"])
def test_background_load_stretches_what_runs_and_what_comes(kind: dict):
    """Half of the speed is gone from 0.5 to 2 s: 0 ends at 1.5 s, 1 has a quarter by 2 s, 2 has all of it."""
    bench = Bench(load=Steps(times=(0.0, 0.5, 2.0), values=(0.0, 0.5, 0.0)), **kind)
    bench.compute(0.0, 0, 1)
    bench.compute(0.7, 2)
    bench.hears((0, 1.5), (1, 2.75), (2, 3.75))


@pytest.mark.parametrize("kind", [{}, *KINDS[2:]], ids=["plain", "batch", "profile"])
def test_a_change_of_load_moves_only_what_runs_however_many_wait(kind: dict):
    """What is moved leaves its old end on the clock: with 300 that wait and 50 changes it would be 15,000 events."""
    bench = Bench(load=Steps(times=(0.0, 0.1), values=(0.0, 0.5), repeat=0.2), **kind)
    bench.compute(0.0, *range(300))
    bench.env.play(until=5.0)
    assert len(bench.env._queue) < 100


@pytest.mark.parametrize("kind", KINDS, ids=["plain", "queue", "batch", "profile"])
def test_load_and_slow_downs_multiply(kind: dict):
    """Half the speed throughout; three times slower from 1 s (half done) to 2.5 s (a quarter more done)."""
    bench = Bench(load=Steps(times=(0.0,), values=(0.5,)), **kind)
    bench.compute(0.0, 0)
    bench.at(1.0, lambda: bench.node.set_state(True, 3.0))
    bench.at(2.5, lambda: bench.node.set_state(True, 1.0))
    bench.hears((0, 3.0))


def test_a_slow_down_stretches_a_batch_and_those_after_it():
    bench = Bench(batch=Batching(size=2, efficiency={2: 2.0}))
    bench.compute(0.0, 0, 1, 2)
    bench.at(1.5, lambda: bench.node.set_state(True, 4.0))
    bench.compute(1.6, 3)
    bench.hears((0, 1.0), (1, 3.5), (2, 3.5), (3, 7.5))


def test_a_repeated_load_goes_on_for_ever():
    """One second in two at a quarter of the speed: 1.25 s of work in every two; 3 s of work end at 4.5 s."""
    bench = Bench(load=Steps(times=(0.0, 1.0), values=(0.0, 0.75), repeat=2.0))
    bench.compute(0.0, 0, work=Work(3e9))
    bench.hears((0, 4.5))


# Failures and the end


def test_a_node_that_fails_loses_its_batch_and_those_who_wait():
    bench = Bench(batch=Batching(size=2, wait=0.2))
    bench.compute(0.0, 0, 1)
    bench.compute(0.9, 2)
    bench.at(1.0, lambda: bench.node.set_state(False, 1.0))
    bench.at(1.05, lambda: bench.node.set_state(True, 1.0))  # before the wait of call 2 is over
    bench.compute(2.0, 3)
    bench.hears((0, "edge down"), (1, "edge down"), (2, "edge down"), (3, 3.2))
    assert [(span[0], span[4], span[5], span[7]) for span in bench.spans] == [
        (0, 0.0, 1.0, "lost"),
        (1, 0.0, 1.0, "lost"),
        (2, 1.0, 1.0, "lost"),
        (3, 2.2, 3.2, "ok"),
    ]


def test_a_node_that_fails_has_all_its_workers_afterwards():
    bench = Bench(workers=2, queue=Queue(limit=5))
    bench.compute(0.0, 0, 1, 2)
    bench.at(0.5, lambda: bench.node.set_state(False, 1.0))
    bench.at(0.6, lambda: bench.node.set_state(True, 1.0))
    bench.compute(0.7, 3, 4)
    bench.hears(*((number, "edge down") for number in range(3)), (3, 1.7), (4, 1.7))


def test_the_end_of_a_run_closes_what_runs_and_what_waits():
    bench = Bench(batch=Batching(size=2, wait=9.0))
    bench.compute(0.0, 0, 1)
    bench.compute(0.5, 2)
    bench.env.play(until=0.75)
    bench.node.close()
    assert bench.spans == [
        (0, "edge", "compute", 0.0, 0.0, 0.75, 375_000_000, "unfinished"),  # three eighths of 2 s are done
        (1, "edge", "compute", 0.0, 0.0, 0.75, 375_000_000, "unfinished"),
        (2, "edge", "compute", 0.5, 0.75, 0.75, 0, "unfinished"),
    ]
    assert bench.heard == []


def test_a_battery_pays_for_calls_not_for_samples():
    """A batch of two takes 2 s at 3 W above idling: 6 J, of which 3 are used up after a second."""
    for charge, ends, empty in ((6.1, 2.0, None), (3.0, None, 1.0)):
        power = PowerModel(idle=0.0, busy=3.0)
        spec = node("edge", batch=Batching(size=2, wait=1.0), power=power, battery=charge)
        wire = Wire({"edge": spec}, [])
        wire.compute(0.0, "edge", 1e9, 0)
        wire.compute(0.0, "edge", 1e9, 1)
        wire.env.play()
        assert wire.heard == [(0, ends), (1, ends)]
        assert wire.network.batteries["edge"].empty_at == empty
        assert len(spans_of(wire.network, "edge")) == 2


def test_a_plain_node_is_a_fifo_line_and_nothing_more():
    bench = Bench()
    assert type(bench.node) is Node
    assert bench.node._line is bench.node._fifo


# In whole worlds


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_batching_changes_times_and_no_answer(system: str):
    batch = Batching(size=4, wait=0.3, efficiency={4: 3.0})
    plain = world_scenario(samples=60, system=system, cloud_limit=60.0, workload=Poisson(poisson=20.0))
    named = {name: plain.nodes[name].model_copy(update={"batch": batch}) for name in ("edge", "cloud")}
    batched = plain.model_copy(update={"nodes": {**plain.nodes, **named}})
    worlds = [play(scenario) for scenario in (plain, batched)]
    tables = [rows(world, scenario) for world, scenario in zip(worlds, (plain, batched), strict=True)]
    answers = [[(row["exit"], row["prediction"], row["outcome"]) for row in table] for table in tables]
    assert answers[0] == answers[1]
    assert [row["latency"] for row in tables[0]] != [row["latency"] for row in tables[1]]
    for place in ("edge", "cloud"):
        asked = sorted(span[0] for span in spans_of(worlds[0], place))
        spans = spans_of(worlds[1], place)
        assert sorted(span[0] for span in spans) == asked
        assert {span[7] for span in spans} == {"ok"}
        sizes = Counter(span[4:6] for span in spans)
        assert 1 < max(sizes.values()) <= 4


def test_a_sample_that_finds_the_edge_full_is_dropped_with_that_reason():
    """Reports arrive every 10 ms; the edge takes 25 ms and lets one wait."""
    scenario = world_scenario(samples=6, thresholds=1.0, workload=Periodic(every=1e-3))
    edge = scenario.nodes["edge"].model_copy(update={"queue": Queue(limit=1), "speed": 0.8e8})
    full = scenario.model_copy(update={"nodes": {**scenario.nodes, "edge": edge}})
    world = play(full)
    table = rows(world, full)
    dropped = [row["sample"] for row in table if row["outcome"] == "dropped"]
    assert dropped
    assert {row["reason"] for row in table if row["outcome"] == "dropped"} == {"edge queue full"}
    assert [span[0] for span in spans_of(world, "edge") if span[7] == "dropped"] == dropped
    assert sorted(span[0] for span in spans_of(world, "edge")) == list(range(6))


def test_a_full_cloud_forces_the_edges_answer():
    scenario = world_scenario(samples=3, thresholds=0.0, cloud_limit=0.5, workload=Periodic(every=1e-3))
    cloud = scenario.nodes["cloud"].model_copy(
        update={"queue": Queue(limit=0), "speed": 0.8e8}
    )  # 50 ms a call; uploads arrive every 20 ms
    full = scenario.model_copy(update={"nodes": {**scenario.nodes, "cloud": cloud}})
    world = play(full)
    dropped = {span[0] for span in spans_of(world, "cloud") if span[7] == "dropped"}
    assert dropped
    outcomes = {row["sample"]: row["outcome"] for row in rows(world, full)}
    assert outcomes == {sample: "forced" if sample in dropped else "finished" for sample in range(3)}
