"""Policies at the very moment at which their times are over."""

from __future__ import annotations

from typing import Any

import pytest
from worlds import play, rows, spans_of, world_scenario

from simnet.network.faults.spec import Fault
from simnet.systems.policies.breaker import Breaker
from simnet.systems.policies.heartbeat import Heartbeat
from simnet.systems.policies.retry import Retry
from simnet.workloads.recorded import Recorded


def with_keys(scenario: Any, **keys: Any) -> Any:
    ((name, spec),) = scenario.systems.items()
    return scenario.model_copy(update={"systems": {name: spec.model_copy(update=keys)}})


def test_a_camera_heard_before_its_first_heartbeat_is_found_dead_in_time():
    """Camera 2 would begin its heartbeats at 0.5 s; its report is there at 0.121 s, and then it falls silent.

    A second without a word is over at 1.121 s: there the edge goes on with the sample of 1 s, for 2 ms.
    """
    scenario = world_scenario(
        cameras=2,
        samples=2,
        workload=Recorded(trace=(0.1, 1.0)),
        thresholds=1.0,
        wait=5.0,
        script=[Fault(at=0.2, node="camera2", action="down")],
    )
    world = play(with_keys(scenario, heartbeat=Heartbeat(every=1.0, misses=1)))
    assert [one.at for one in world.endings] == [123 * 10**9, 1123 * 10**9]


@pytest.mark.parametrize("misses", [1, 3])
def test_a_heartbeat_that_is_just_in_time_counts(misses):
    """Heartbeats every 100 ms arrive 10.008 ms later each: always as long after the one before as may be."""
    scenario = world_scenario(samples=50, workload=Recorded(trace=tuple(0.7 * n for n in range(50))), thresholds=1.0)
    world = play(with_keys(scenario, heartbeat=Heartbeat(every=0.1, misses=misses)))
    assert world.systems[0][0].policy_report()["heartbeat"] == {"detections": 0, "false_detections": 0}


@pytest.mark.parametrize("after, uploads", [(0.034, 1), (0.034 - 1e-12, 2)])
def test_an_answer_at_the_moment_of_a_repetition_makes_it_needless(after, uploads):
    """The cloud's answer is there 34 ms after the upload was sent."""
    scenario = with_keys(world_scenario(thresholds=0.0), retry=Retry(times=1, after=after))
    world = play(scenario)
    world_uploads = len(spans_of(world, "edge→cloud"))
    assert world_uploads == uploads
    assert [row["outcome"] for row in rows(world, scenario)] == ["finished"]


@pytest.mark.parametrize("limit, uploads", [(0.3, 2), (0.3 + 1e-12, 3)])
def test_no_repetition_begins_when_the_limit_is_over(limit, uploads):
    """Repetitions 0.1 s and 0.1 + 0.2 s after the first upload; the cloud is down."""
    script = [Fault(at=0.0, node="cloud", action="down")]
    scenario = world_scenario(thresholds=0.0, cloud_limit=limit, script=script)
    world = play(with_keys(scenario, retry=Retry(times=5, after=0.1)))
    # Of the last, which begins a picosecond before the end of the run, the span is unfinished.
    assert len(spans_of(world, "edge→cloud")) == uploads


@pytest.mark.parametrize("second, trials", [(0.4, 1), (0.4 - 1e-12, 0)])
def test_a_circuit_that_has_rested_lets_one_through(second, trials):
    """The first sample asks at 23 ms and gets no answer by 123 ms; the circuit is open until 423 ms."""
    scenario = world_scenario(
        samples=2,
        workload=Recorded(trace=(0.0, second)),
        thresholds=0.0,
        cloud_limit=0.1,
        script=[Fault(at=0.0, lasts=0.3, node="cloud", action="down")],
    )
    world = play(with_keys(scenario, breaker=Breaker(failures=1, rest=0.3)))
    report = world.systems[0][0].policy_report()["breaker"]["cloud"]
    assert (report["openings"], report["trials"], report["refused"]) == (1, trials, 1 - trials)


def test_incidents_that_touch_leave_no_moment_between_them():
    """Down from 0.1 to 0.3 s by one fault, from 0.1 + 0.2 s by the next: a capture at 0.3 s finds the camera down."""
    script = [
        Fault(at=0.1, lasts=0.2, node="camera1", action="down", name="a"),
        Fault(at=0.3, lasts=0.1, node="camera1", action="down", name="b"),
    ]
    scenario = world_scenario(cameras=1, samples=2, workload=Recorded(trace=(0.3, 0.4)), thresholds=1.0, script=script)
    world = play(scenario)
    assert [row["outcome"] for row in rows(world, scenario)] == ["dropped", "finished"]
    assert [(one.name, one.began, one.ended) for one in world.incidents] == [("a", 0.1, 0.3), ("b", 0.3, 0.4)]


def test_a_line_that_is_idle_for_a_picosecond_is_idle():
    """1 ms of work at 0 and at 1 ms, and at 1 ms and a picosecond: the second waits for nothing, the last for 999."""
    times = (0.0, 0.001, 0.001 + 1e-12)
    scenario = world_scenario(cameras=1, samples=3, workload=Recorded(trace=times), thresholds=1.0)
    spans = sorted(span[3:5] for span in spans_of(play(scenario), "camera1"))
    assert spans == [(0.0, 0.0), (0.001, 0.001), (0.001000000001, 0.002)]
