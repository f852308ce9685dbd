"""Heartbeats, repetitions and breakers in small worlds, by hand-worked times (parts: see `worlds`).

With everyone up a report is at the edge 21 ms after the capture, the edge's answer there at 23 ms (of ddnn), the
cloud's at 57 ms: 20 ms to send the features, 10 ms on the way, 4 ms to compute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from clocked import Seconds
from paths import SCENARIOS
from worlds import EXACT, node, play, rows, spans_of, tiered_scenario, world_scenario

from simnet.clock import Signal, seconds, ticks
from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Loss
from simnet.scenario import Scenario, ScenarioError, load_scenario
from simnet.systems.parts.gather import SkewedReports
from simnet.systems.policies.breaker import Breaker, CircuitBreaker
from simnet.systems.policies.heartbeat import Heartbeat
from simnet.systems.policies.policy import policy_report
from simnet.systems.policies.retry import Retry
from simnet.workloads.periodic import Periodic
from simnet.world.world import World

ALL = 0b111111
CLOSE = 1.5e-12
"""A sixth of 100 ms is no whole number of picoseconds."""


def down(name: str, at: float = 0.0, lasts: float | None = None) -> Fault:
    return Fault(at=at, lasts=lasts, node=name, action="down")


def cut(source: str, target: str, at: float = 0.0, lasts: float | None = None) -> Fault:
    return Fault(at=at, lasts=lasts, link=(source, target), action="down")


def narrow(source: str, target: str, value: float, at: float = 0.0, lasts: float | None = None) -> Fault:
    return Fault(at=at, lasts=lasts, link=(source, target), action="bandwidth", value=value)


def having(scenario: Scenario, **policy: Any) -> Scenario:
    """The scenario with these policies in its only system."""
    ((name, spec),) = scenario.systems.items()
    return scenario.model_copy(update={"systems": {name: spec.model_copy(update=policy)}})


def report(world: World) -> Any:
    return policy_report(system.policy_report() for systems in world.systems for system in systems)["policy"]


def latencies(world: World, scenario: Scenario) -> list[float]:
    return [row["latency"] for row in rows(world, scenario)]


def about(*seconds: float) -> Any:
    return pytest.approx(list(seconds), abs=CLOSE)


# Heartbeats: 8 bytes every 100 ms, three misses, so that a camera is dead 300 ms after its last message.

BEAT = Heartbeat(every=0.1, misses=3, size=8)


def watched(script: Sequence[Fault] = (), every: float = 0.25, **values: Any) -> Scenario:
    """Samples at 0, `every`, ... that leave at the edge, with heartbeats and a wait of 200 ms."""
    values = {"samples": 8, "thresholds": 1.0, "wait": 0.2, "heartbeat": BEAT, **values}
    heartbeat = values.pop("heartbeat")
    return having(world_scenario(workload=Periodic(every=every), script=script, **values), heartbeat=heartbeat)


def test_heartbeats_go_the_cameras_way_at_their_times_and_end_with_the_run():
    """Of six cameras each begins a sixth of 100 ms after the one before; a heartbeat needs 8 µs and 10 ms."""
    scenario = watched(samples=2, every=0.5)
    world = play(scenario)
    for number in range(6):
        spans = [span for span in spans_of(world, f"camera{number + 1}→edge") if span[0] == -1]
        begins = number / 60
        due = [begins + beat * 0.1 for beat in range(10) if begins + beat * 0.1 < seconds(world.env.now)]
        assert [span[3] for span in spans] == pytest.approx(due, abs=CLOSE)
        assert spans[0][5] == pytest.approx(begins + 0.010008, abs=CLOSE)
        # The last of them may be on the way when the second sample is answered.
        assert {span[6] for span in spans if span[7] == "ok"} == {8}
    assert world.env.now == ticks(0.523)
    assert [row["bytes"] for row in rows(world, scenario)] == [60_000, 60_000]
    assert report(world) == {"heartbeat": {"detections": 0, "false_detections": 0}}


def test_a_camera_is_waited_for_until_it_is_known_dead():
    """camera1 is down from 0.55 s; its last message is the report of 0.5 s, there at 0.521 s: dead from 0.821 s on.

    The sample of 0.75 s is waiting then, since 0.771 s; that of 1.0 s waits no more.
    """
    scenario = watched([down("camera1", 0.55)], samples=6)
    world = play(scenario)
    assert latencies(world, scenario) == about(0.023, 0.023, 0.023, 0.821 - 0.75 + 0.002, 0.023, 0.023)
    assert [row["views"] for row in rows(world, scenario)] == [ALL, ALL, ALL, ALL - 1, ALL - 1, ALL - 1]
    assert report(world) == {"heartbeat": {"detections": 1, "false_detections": 0}}
    without = watched([down("camera1", 0.55)], samples=6, heartbeat=None)
    assert latencies(play(without), without) == about(0.023, 0.023, 0.023, 0.223, 0.223, 0.223)


def test_a_report_counts_as_a_heartbeat():
    """Heartbeats of camera1 come once in 10 s; it goes down at 2.6 s, and the report of the sample of 2.5 s is its last
    message, there at 2.521 s: with patience for 1 · 10 s it is dead at 12.521 s, not at 10.01 s or 20.01 s.
    """
    slow = Heartbeat(every=10.0, misses=1)
    scenario = watched([down("camera1", 2.6)], every=2.5, samples=8, heartbeat=slow, wait=1.0)
    world = play(scenario)
    at_12_5 = 12.521 - 12.5 + 0.002  # it is found dead just when the others' reports arrive
    assert latencies(world, scenario) == about(0.023, 0.023, 1.023, 1.023, 1.023, at_12_5, 0.023, 0.023)
    # The others beat at 10/6 s and later, and every sample brings a report: nobody else is suspected.
    assert report(world)["heartbeat"] == {"detections": 1, "false_detections": 0}


@pytest.mark.parametrize("misses", [1, 2, 3])
def test_a_heartbeat_that_comes_just_in_time_counts(misses: int):
    """Nothing arrives but heartbeats, each exactly `every` after the one before: rounding must not kill a camera."""
    scenario = watched(every=7.0, samples=3, heartbeat=Heartbeat(every=0.1, misses=misses))
    assert report(play(scenario))["heartbeat"]["detections"] == 0


def test_a_camera_that_is_back_is_waited_for_again():
    """camera1 is down from 0.55 s to 1.63 s; it beats again at 1.7 s and is alive from 1.710008 s on.

    camera2 goes down at 1.72 s. Its heartbeat of 1.71667 s is on the way and arrives: it is dead 300 ms later.
    """
    script = [down("camera1", 0.55, 1.08), down("camera2", 1.72)]
    scenario = watched(script, samples=9)
    found = rows(play(scenario), scenario)
    assert [row["views"] for row in found] == [ALL] * 3 + [ALL - 1] * 4 + [ALL - 2] * 2
    assert found[7]["latency"] == pytest.approx(0.223, abs=CLOSE)  # 1.75 s: waits for all of 200 ms
    dead = 1 / 60 + 1.7 + 0.010008 + 0.3
    assert found[8]["latency"] == pytest.approx(dead - 2.0 + 0.002, abs=CLOSE)  # 2.0 s: until it is found dead


def test_a_report_of_a_camera_known_dead_takes_part_if_it_is_in_time():
    """A link that carries nothing until 0.985 s makes its camera seem dead; its report of 1 s arrives all the same.

    Reports arrive in the cameras' order: camera6's after the gather has closed, camera1's before all others.
    """
    scenario = watched([cut("camera6", "edge", 0.0, 0.985)], every=1.0, samples=2)
    world = play(scenario)
    found = rows(world, scenario)
    assert report(world)["heartbeat"] == {"detections": 1, "false_detections": 1}
    # Sample 0: camera6 beats first at 83.3 ms and is dead at 383.3 ms, later than the wait ends (221 ms).
    assert (found[0]["views"], found[0]["latency"]) == (ALL - 32, pytest.approx(0.223, abs=CLOSE))
    assert (found[1]["views"], found[1]["latency"]) == (ALL - 32, pytest.approx(0.023, abs=CLOSE))
    scenario = watched([cut("camera1", "edge", 0.0, 0.985)], every=1.0, samples=2)
    world = play(scenario)
    assert report(world)["heartbeat"] == {"detections": 1, "false_detections": 1}
    assert [row["views"] for row in rows(world, scenario)] == [ALL - 1, ALL]


def test_a_slow_link_makes_a_camera_seem_dead():
    """From 1.0 s on camera2's link has 10 kB/s: its report of 1.0 s needs 1 s, and heartbeats queue behind it.

    Its last message is the heartbeat of 0.91667 s (there at 0.926675 s): dead at 1.226675 s, while the sample of 1.0 s
    waits. At 2.011 s the report is there, and what has queued since; then the report of 2.0 s takes the link for a
    second, so the camera is regarded as dead once more.
    """
    script = [narrow("camera2", "edge", 1e4, at=1.0)]
    scenario = watched(script, every=1.0, samples=3, wait=0.5)
    world = play(scenario)
    found = rows(world, scenario)
    assert report(world)["heartbeat"]["false_detections"] == report(world)["heartbeat"]["detections"] == 2
    assert [row["views"] for row in found] == [ALL, ALL - 2, ALL - 2]
    assert found[1]["latency"] == pytest.approx(1 / 60 + 0.9 + 0.010008 + 0.3 - 1.0 + 0.002, abs=CLOSE)


def test_lost_heartbeats_make_cameras_seem_dead_as_often_as_the_gaps_in_what_arrived_say():
    """Half of all packets are lost, none is sent again; gaps are counted in the spans, from a camera's beginning on."""
    base = watched(every=1.0, samples=30)
    links = [
        one.model_copy(update={"loss": Loss(good=0.5), "attempts": 1}) if one.target == "edge" else one
        for one in base.links
    ]
    world = play(base.model_copy(update={"links": links}))
    gaps = 0
    for number in range(6):
        place = f"camera{number + 1}→edge"
        arrived = [span[5] for span in world.network.spans if span[1] == place and span[7] == "ok"]
        gaps += sum(
            later - last > ticks(0.3) for last, later in pairwise([number * ticks(0.1) // 6, *arrived, world.env.now])
        )
    assert gaps > 50
    assert report(world) == {"heartbeat": {"detections": gaps, "false_detections": gaps}}


def test_the_last_missing_camera_found_dead_ends_the_gather_and_two_at_once_wait_for_the_second():
    """Both go down at 0.74 s; camera1's last heartbeat is that of 0.7 s, camera4's (begins at 50 ms) that of 0.65 s."""
    scenario = watched([down("camera1", 0.74), down("camera4", 0.74)], samples=5, wait=1.0)
    world = play(scenario)
    found = rows(world, scenario)
    # Sample 3 (0.75 s): camera4 is found dead at 0.960008 s, camera1 at 1.010008 s, which ends it.
    assert found[3]["latency"] == pytest.approx(1.010008 - 0.75 + 0.002, abs=CLOSE)
    assert found[4]["latency"] == pytest.approx(0.023, abs=CLOSE)
    assert report(world)["heartbeat"] == {"detections": 2, "false_detections": 0}


def test_several_samples_that_wait_for_the_same_camera_go_on_together():
    """The last report of camera1 is that of 0.7 s (0.721 s): dead at 1.021 s, and samples 15 (0.75 s) to 19 (0.95 s)
    leave the gather in their order; the edge computes them one after another.
    """
    scenario = watched([down("camera1", 0.74)], every=0.05, samples=20, wait=1.0)
    world = play(scenario)
    waiting = [span for span in spans_of(world, "edge") if abs(span[3] - 1.021) < CLOSE]
    assert [span[0] for span in waiting] == [15, 16, 17, 18, 19]
    ends = [span[5] for span in waiting]
    assert ends == about(*(1.021 + 0.002 * turn for turn in range(1, 6)))


def test_an_edge_that_restarts_takes_nobody_for_dead_until_it_has_listened():
    """It is down from 0.5 s to 1.5 s and hears nothing; camera1 goes down meanwhile. At 1.5 s all are alive to it, at
    1.8 s camera1 is found dead; a camera that is up is not suspected.
    """
    script = [down("edge", 0.5, 1.0), down("camera1", 1.0)]
    scenario = watched(script, samples=10, wait=0.5)
    world = play(scenario)
    found = rows(world, scenario)
    assert [row["outcome"] for row in found] == ["finished"] * 2 + ["dropped"] * 4 + ["finished"] * 4
    assert found[6]["latency"] == pytest.approx(0.3 + 0.002, abs=CLOSE)
    assert report(world)["heartbeat"] == {"detections": 1, "false_detections": 0}


def test_all_cameras_dead_and_one_back_is_enough():
    """All are down from 0.1 s on and known dead; camera3's report of 2.0 s is answered at once."""
    script = [down(f"camera{number}", 0.1, 1.85 if number == 3 else None) for number in range(1, 7)]
    scenario = watched(script, every=1.0, samples=3)
    world = play(scenario)
    found = rows(world, scenario)
    assert [row["outcome"] for row in found] == ["finished", "dropped", "finished"]
    assert (found[2]["views"], found[2]["latency"]) == (4, pytest.approx(0.023, abs=CLOSE))


def test_features_on_request_are_not_waited_for_from_a_camera_found_dead():
    """camera1 reports (1 kB: 12 ms) and dies at 13 ms, before the request reaches it; it beats at 0 and is dead 60 ms
    after its report, at 72 ms; the others' features (9 kB: 19 ms) are there at 12 + 10.004 + 19 = 41.004 ms.
    """
    values = {"system": "ada-ddnn", "upload": "on_request", "wait": 0.5, "samples": 1}
    values |= {"thresholds": {"edge-1": 0.0, "edge-2": 1.0}, "script": [down("camera1", 0.013)]}
    scenario = having(world_scenario(**values), heartbeat=Heartbeat(every=0.02))
    (row,) = rows(play(scenario), scenario)
    assert (row["views"], row["latency"]) == (ALL - 1, pytest.approx(0.072 + 0.002, abs=CLOSE))
    # All of them dead: nothing can come, and the sample is forced at exit 1 when the last is found dead. That is
    # camera4, which sent a heartbeat at 10 ms, before it went down.
    everyone = [down(f"camera{number}", 0.013) for number in range(1, 7)]
    scenario = having(world_scenario(**{**values, "script": everyone}), heartbeat=Heartbeat(every=0.02))
    (row,) = rows(play(scenario), scenario)
    assert (row["exit"], row["outcome"], row["latency"]) == ("edge-1", "forced", pytest.approx(0.080008, abs=CLOSE))


def test_cameras_that_are_not_synchronous_are_watched_as_well():
    """camera6 captures 50 ms after the others; known dead, it is not waited for."""
    base = watched([down("camera6", 0.9)], every=1.0, samples=3)
    scenario = base.model_copy(update={"workload": Periodic(every=1.0, skew=0.05)})
    world = play(scenario)
    assert issubclass(world.systems[0][0]._reports, SkewedReports)
    skews = [seconds(camera.skew) for camera in world.systems[0][0].cameras]
    found = latencies(world, scenario)
    assert found[0] == pytest.approx(max(skews) + 0.023, abs=CLOSE)
    assert found[2] == pytest.approx(max(skews[:5]) + 0.023, abs=CLOSE)


@pytest.mark.parametrize("gateway", [True, False])
def test_the_local_aggregator_of_ddnn_2017_watches_the_cameras(gateway: bool):
    """Its cameras report scores to the gateway, or to the first edge, which passes their samples on after 21 ms."""
    tiers = "devices+edge+cloud" if not gateway else "devices+cloud"
    base = tiered_scenario(tiers, gateway=gateway, thresholds=1.0, samples=3, wait=0.5, script=[down("camera1", 0.5)])
    with_it, without = having(base, heartbeat=BEAT), base
    before, at, after = latencies(play(with_it), with_it)
    slow_before, *slow = latencies(play(without), without)
    assert before == pytest.approx(slow_before, abs=CLOSE)
    assert after == pytest.approx(before, abs=CLOSE)  # known dead by the next sample, 0.5 s later
    assert at == pytest.approx(before, abs=CLOSE)
    assert slow == about(before + 0.5, before + 0.5)


# Retry: what the edge sends to the cloud takes 30 ms, its computation 4 ms; the edge is done 23 ms after the capture.


def asking(script: Sequence[Fault] = (), **values: Any) -> Scenario:
    """Samples every second that nobody but the cloud can answer, with a limit of 500 ms."""
    policy = {key: values.pop(key) for key in ("retry", "breaker") if key in values}
    values = {"samples": 1, "thresholds": 0.0, "cloud_limit": 0.5, **values}
    return having(world_scenario(script=script, **values), **policy)


def uploads(world: World, sample: int = 0) -> list[float]:
    """When the edge began to send a sample's features."""
    return [span[3] for span in spans_of(world, "edge→cloud") if span[0] == sample]


def test_an_upload_is_repeated_after_growing_waits_until_the_limit_ends_it():
    """The cloud is down. Sent at 23 ms, again 50, 150 and 350 ms later; 750 ms would be past the limit of 500 ms."""
    scenario = asking([down("cloud")], retry=Retry(times=9, after=0.05, factor=2.0))
    world = play(scenario)
    (row,) = rows(world, scenario)
    assert uploads(world) == about(0.023, 0.073, 0.173, 0.373)
    assert (row["outcome"], row["exit"], row["latency"]) == ("forced", "edge", pytest.approx(0.523, abs=EXACT))
    assert row["bytes"] == 6 * 10_000 + 4 * 20_000
    assert report(world) == {"retry": {"sent": 3, "answered": 0}}


@pytest.mark.parametrize(
    ("retry", "sent"),
    [
        (Retry(times=1000, after=0.05, factor=2.0), [0.023, 0.073, 0.173, 0.373]),
        (Retry(times=3, after=0.05, factor=1e9), [0.023, 0.073]),
        (Retry(times=1000, after=0.2, factor=1.0), [0.023, 0.223, 0.423]),
    ],
)
def test_repetitions_that_could_only_come_after_the_limit_cost_nothing(retry: Retry, sent: list[float]):
    assert uploads(play(asking([down("cloud")], retry=retry))) == about(*sent)


def test_an_upload_is_repeated_no_more_than_the_given_times():
    scenario = asking([down("cloud")], retry=Retry(times=2, after=0.05, factor=1.0))
    world = play(scenario)
    assert uploads(world) == about(0.023, 0.073, 0.123)
    assert latencies(world, scenario) == about(0.523)


def test_the_second_attempt_brings_the_answer():
    """The link loses the first upload; the second, 100 ms later, is answered 34 ms after it was sent."""
    scenario = asking([cut("edge", "cloud", 0.03, 0.01)], retry=Retry(times=3, after=0.1))
    world = play(scenario)
    (row,) = rows(world, scenario)
    assert (row["outcome"], row["exit"], row["latency"]) == ("finished", "cloud", pytest.approx(0.157, abs=EXACT))
    assert row["bytes"] == 6 * 10_000 + 7_000 + 20_000  # 7 ms of the first had left
    assert report(world) == {"retry": {"sent": 1, "answered": 1}}


def test_the_first_answer_counts_and_the_cloud_computes_twice():
    """Repeated 25 ms after it was sent, when it is merely on its way: the answer is there at 57 ms as ever.

    The repetition finds the link free at 48 ms, is at the cloud at 78 ms, and is computed for nothing.
    """
    scenario = asking(retry=Retry(times=1, after=0.025), samples=2)
    world = play(scenario)
    assert latencies(world, scenario) == about(0.057, 0.057)
    assert uploads(world) == about(0.023, 0.048)
    assert [span[5] for span in spans_of(world, "cloud") if span[0] == 0] == about(0.057, 0.082)
    assert rows(world, scenario)[0]["bytes"] == 6 * 10_000 + 2 * 20_000
    assert report(world)["retry"] == {"sent": 2, "answered": 0}


def test_nothing_is_repeated_by_an_edge_that_has_forgotten_it():
    """It goes down at 50 ms, is up again at 60 ms and knows nothing of the sample any more."""
    scenario = asking([down("edge", 0.05, 0.01)], retry=Retry(times=3, after=0.1))
    script = [*scenario.faults, cut("edge", "cloud", 0.03, 0.001)]
    world = play(scenario.model_copy(update={"faults": script}))
    (row,) = rows(world, scenario)
    assert (row["outcome"], row["reason"]) == ("dropped", "edge down")
    assert uploads(world) == about(0.023)
    assert report(world)["retry"]["sent"] == 0


def test_ddnn_2017_asks_the_devices_again():
    """The gateway's request reaches no device at first; repeated after 100 ms it does, and the cloud answers."""
    scenario = tiered_scenario("devices+cloud", thresholds=0.0, samples=1, cloud_limit=0.5)
    ((answered,),) = [latencies(play(scenario), scenario)]
    (asked,) = {span[3] for span in spans_of(play(scenario), "gateway→camera1")}
    script = [cut("gateway", f"camera{number}", asked + 0.001, 0.01) for number in range(1, 7)]
    scenario = having(scenario.model_copy(update={"faults": script}), retry=Retry(times=2, after=0.1))
    world = play(scenario)
    (row,) = rows(world, scenario)
    assert (row["exit"], row["latency"]) == ("cloud", pytest.approx(answered + 0.1, abs=EXACT))
    assert [span[7] for span in spans_of(world, "gateway→camera1")] == ["lost", "ok"]
    assert report(world)["retry"] == {"sent": 1, "answered": 1}


# Breaker: a limit of 200 ms, the cloud out of reach; a forced sample is answered 223 ms after its capture.

BREAKER = Breaker(failures=3, rest=5.0)


def broken(lasts: float | None, breaker: Breaker = BREAKER, **values: Any) -> Scenario:
    """Samples at 0, 1, ... s; from 0.5 s on the cloud is down."""
    values = {"samples": 12, "cloud_limit": 0.2, **values}
    return asking([down("cloud", 0.5, lasts)], breaker=breaker, **values)


def test_the_circuit_opens_after_exactly_so_many_failures_and_closes_with_the_trial():
    """Samples 1 to 3 fail, so it is open from 3.223 s on. 4 to 8 are answered at 23 ms. At 8.223 s it is half-open;
    sample 9 is the trial, and the cloud, up since 6 s, answers at 57 ms.
    """
    scenario = broken(5.5)
    world = play(scenario)
    found = rows(world, scenario)
    slow, quick, cloud = [0.223], [0.023], [0.057]
    assert [row["latency"] for row in found] == about(*cloud, *slow * 3, *quick * 5, *cloud * 3)
    assert [row["outcome"] for row in found] == ["finished"] + ["forced"] * 8 + ["finished"] * 3
    assert {row["exit"] for row in found if row["outcome"] == "forced"} == {"edge"}
    assert [len(uploads(world, sample)) for sample in range(12)] == [1] * 4 + [0] * 5 + [1] * 3
    numbers = report(world)["breaker"]["cloud"]
    assert numbers == {"openings": 1, "trials": 1, "refused": 5, "open_time": pytest.approx(9.057 - 3.223, abs=EXACT)}


def test_a_failed_trial_opens_the_circuit_again():
    """The trial of sample 9 fails at 9.223 s: open until 14.223 s; the next trial, sample 15, fails as well."""
    scenario = broken(None, samples=17)
    world = play(scenario)
    slow, quick, cloud = [0.223], [0.023], [0.057]
    expected = cloud + slow * 3 + quick * 5 + slow + quick * 5 + slow + quick
    assert latencies(world, scenario) == about(*expected)
    numbers = report(world)["breaker"]["cloud"]
    assert numbers == {"openings": 1, "trials": 2, "refused": 11, "open_time": pytest.approx(16.023 - 3.223, abs=EXACT)}


def test_an_answer_between_failures_keeps_the_circuit_closed():
    """Samples 1 and 2 fail, 3 is answered, 4 and 5 fail: never three in a row."""
    scenario = asking([down("cloud", 0.5, 2.0), down("cloud", 3.5, 2.0)], breaker=BREAKER, samples=8, cloud_limit=0.2)
    world = play(scenario)
    slow, cloud = [0.223], [0.057]
    assert latencies(world, scenario) == about(*cloud, *slow * 2, *cloud, *slow * 2, *cloud * 2)
    assert report(world)["breaker"]["cloud"]["openings"] == 0


def test_while_a_trial_is_under_way_others_are_refused():
    """Samples come every 50 ms, the limit is 190 ms, one failure opens: at 0.213 s, until 1.213 s.

    Samples 0 to 3 have asked by then. That of 1.2 s asks at 1.223 s: the trial; the next ones wait for nobody.
    """
    scenario = asking(
        [down("cloud")],
        breaker=Breaker(failures=1, rest=1.0),
        samples=30,
        cloud_limit=0.19,
        workload=Periodic(every=0.05),
    )
    world = play(scenario)
    slow, quick = [0.213], [0.023]
    assert latencies(world, scenario) == about(*slow * 4, *quick * 20, *slow, *quick * 5)
    assert report(world)["breaker"]["cloud"]["trials"] == 1


def test_a_late_failure_of_a_call_from_before_does_not_open_the_circuit_again():
    """Samples every 100 ms from 0.4 s on find no cloud; limit 350 ms. The first failure, at 0.773 s, opens for 10 ms.

    The trial of sample 8 (0.823 s) is answered at 0.857 s: closed. The failures at 0.873 s, 0.973 s and 1.073 s are of
    calls of before, and must not open it again.
    """
    scenario = asking(
        [down("cloud", 0.39, 0.41)],
        breaker=Breaker(failures=1, rest=0.01),
        samples=12,
        cloud_limit=0.35,
        workload=Periodic(every=0.1),
    )
    world = play(scenario)
    found = rows(world, scenario)
    assert [row["outcome"] for row in found] == ["finished"] * 4 + ["forced"] * 4 + ["finished"] * 4
    assert report(world)["breaker"]["cloud"]["openings"] == 1


def test_what_was_asked_before_the_circuit_opened_does_not_decide_its_trial():
    """Two calls are under way; the first fails and opens it for 1 s. The second fails during the trial at 2 s."""
    env = Seconds()
    holder: Any = SimpleNamespace(env=env, on_down=[])
    breaker = CircuitBreaker(holder, Breaker(failures=1, rest=1.0))
    first, second, trial, refused = (Signal(env) for _ in range(4))
    for call in (first, second):
        breaker.call(lambda call=call: call)
    first.fire(None)
    env.play(until=2.0)
    breaker.call(lambda: trial)
    second.fire(None)
    assert breaker.call(lambda: refused) is not refused, "the trial is under way still"
    trial.fire(True)
    assert breaker.report() == {"openings": 1, "trials": 1, "refused": 1, "open_time": 2.0}
    assert breaker.call(lambda: refused) is refused, "closed by the trial"


def test_an_edge_that_goes_down_forgets_that_the_circuit_was_open():
    """Open from 3.223 s on; at 4.5 s the edge restarts, so sample 5 asks and waits again. A trial under way would be
    lost with the edge: it must not keep the circuit half-open for ever.
    """
    scenario = broken(None, samples=7)
    scenario = scenario.model_copy(update={"faults": [*scenario.faults, down("edge", 4.5, 0.1)]})
    world = play(scenario)
    slow, quick = [0.223], [0.023]
    assert latencies(world, scenario) == about(0.057, *slow * 3, *quick, *slow * 2)
    assert report(world)["breaker"]["cloud"]["open_time"] == pytest.approx(4.5 - 3.223, abs=EXACT)
    trial = broken(8.6, samples=13)  # the cloud is back at 9.1 s, after the trial of sample 9 has been sent in vain
    trial = trial.model_copy(update={"faults": [*trial.faults, down("edge", 9.05, 0.01)]})
    found = rows(play(trial), trial)
    assert [row["outcome"] for row in found[9:]] == ["dropped"] + ["finished"] * 3


def test_a_call_with_repetitions_is_one_call():
    """The breaker counts samples without an answer, not uploads; open, nothing is sent again, either."""
    scenario = broken(None, breaker=Breaker(failures=2, rest=5.0), samples=5, retry=Retry(times=1, after=0.1))
    world = play(scenario)
    assert [len(uploads(world, sample)) for sample in range(5)] == [1, 2, 2, 0, 0]
    assert latencies(world, scenario) == about(0.057, 0.223, 0.223, 0.023, 0.023)


def test_ddnn_2017_has_a_breaker_before_each_next_exit():
    """The cloud is down: the circuit from the edge to it opens, that from the aggregator to the edge stays closed."""
    base = tiered_scenario("devices+edges+cloud", thresholds=0.0, samples=4, cloud_limit=0.3, script=[down("cloud")])
    scenario = having(base, breaker=Breaker(failures=2, rest=60.0))
    world = play(scenario)
    found = rows(world, scenario)
    assert {(row["outcome"], row["exit"]) for row in found} == {("forced", "edge")}
    assert found[2]["latency"] == pytest.approx(found[0]["latency"] - 0.3, abs=EXACT)
    numbers = report(world)["breaker"]
    assert (numbers["edge"]["openings"], numbers["edge"]["refused"]) == (0, 0)
    assert (numbers["cloud"]["openings"], numbers["cloud"]["refused"]) == (1, 2)
    # Without the edges' answers the aggregator's own counts, and it is the other circuit that opens.
    lone = base.model_copy(update={"faults": [down(f"edge{number}") for number in (1, 2)]})
    world = play(having(lone, breaker=Breaker(failures=2, rest=60.0)))
    assert report(world)["breaker"]["edge"]["refused"] == 2
    assert [row["exit"] for row in rows(world, lone)] == ["local"] * 4


# Files, all of them together, and none.


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "{tiers: cloud only, retry: {times: 1, after: 1 ms}}",
            "retry: does nothing with tiers 'cloud only': there is",
        ),
        ("{tiers: cloud only, breaker: {failures: 1, rest: 1 s}}", "breaker: does nothing with tiers 'cloud only'"),
        (
            "{tiers: device+cloud, heartbeat: {every: 1 s}}",
            "heartbeat: does nothing with tiers 'device+cloud': the only",
        ),
        ("{retry: {times: 1, after: 1 s}}", "retry: 'after' must be less than cloud_limit (1 s)"),
        ("{retry: {times: 0, after: 1 ms}}", "retry.times: must be 1 or more, found 0"),
        ("{breaker: {failures: 2}}", "breaker.rest: is missing"),
        ("{heartbeat: {every: 0}}", "heartbeat.every: must be more than 0"),
    ],
)
def test_what_a_policy_cannot_do_is_refused_before_the_run(given: str, message: str):
    with pytest.raises(ScenarioError, match=re.escape(message)):
        load_scenario(SCENARIOS / "ddnn_2017.yaml", [f"systems={{ddnn-2017: {given}}}"])


def test_policies_survive_a_file():
    scenario = load_scenario(SCENARIOS / "resilience.yaml")
    spec = scenario.systems["all"]
    assert spec.heartbeat == Heartbeat(every=1.0, misses=3, size=8)
    assert spec.retry == Retry(times=2, after=0.1, factor=2.0)
    assert spec.breaker == Breaker(failures=3, rest=5.0)


FAULTS = [down("camera2", 2.0, 3.0), cut("edge", "cloud", 4.0, 3.0), down("edge", 8.0, 0.5), down("cloud", 9.0, 2.0)]


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_policies_that_never_act_change_nothing_but_heartbeats(system: str):
    """With waits and counts beyond the run, and heartbeats that need no room on a link: whatever has a sample's number
    is as in a plain run, to the last bit.
    """
    plain = world_scenario(
        system=system, samples=60, thresholds=0.3, workload=Periodic(every=0.2, jitter=0.1), script=FAULTS
    )
    idle = having(
        plain,
        heartbeat=Heartbeat(every=3.0, misses=9, size=0),
        retry=Retry(times=1, after=1.5),
        breaker=Breaker(failures=1000, rest=1.0),
    )
    before, after = play(plain), play(idle)
    assert [span for span in after.network.spans if span[0] >= 0] == before.network.spans
    assert len(after.network.spans) > len(before.network.spans)
    assert after.endings == before.endings
    assert policy_report(one.policy_report() for (one,) in before.systems) == {}


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_all_policies_together_leave_every_sample_with_one_outcome(system: str):
    scenario = world_scenario(
        system=system, samples=100, thresholds=0.3, workload=Periodic(every=0.12), script=FAULTS, cloud_limit=0.3
    )
    scenario = having(
        scenario,
        heartbeat=Heartbeat(every=0.2),
        retry=Retry(times=2, after=0.08),
        breaker=Breaker(failures=2, rest=0.5),
    )
    world = play(scenario)
    assert all(ending is not None for ending in world.endings)
    numbers = report(world)
    assert numbers["heartbeat"]["detections"] == 1
    assert numbers["breaker"]["cloud"]["openings"] >= 2
    assert numbers["retry"]["sent"] > 0
    assert world.network.spans == play(scenario).network.spans  # and a second run is the same


def test_sites_share_no_policy_and_their_numbers_are_summed():
    """Two sites with an edge each; only the second one's edge loses the cloud."""
    base = asking(samples=20, cloud_limit=0.2, breaker=BREAKER)
    nodes, links = {}, []
    for site in "ab":
        for name, one in base.nodes.items():
            if name != "cloud":
                nodes[f"{name}{site}"] = one.model_copy(update={"site": site})
        for one in base.links:
            ends = {"source": one.source, "target": one.target}
            here = {end: name if name == "cloud" else f"{name}{site}" for end, name in ends.items()}
            links.append(one.model_copy(update=here))
    nodes["cloud"] = node("cloud")
    script = [cut("edgeb", "cloud", 0.5)]
    scenario = base.model_copy(update={"nodes": nodes, "links": links, "faults": script})
    world = play(scenario)
    first, second = (policy_report([one.policy_report()])["policy"]["breaker"]["cloud"] for (one,) in world.systems)
    assert (first["openings"], second["openings"]) == (0, 1)
    assert report(world)["breaker"]["cloud"]["refused"] == second["refused"] > 0
