"""The life of samples in small worlds: what is asked of the network, when answers come, and that no sample is lost.

The network's answers are made up here (a pure function of exit, sample and views), so only the engine is on trial.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from worlds import EXACT, fake_ask, node, play, rows, spans_of, world_scenario

from simnet.clock import ticks
from simnet.network.faults.spec import Fault
from simnet.scenario import Scenario
from simnet.workloads.periodic import Periodic
from simnet.workloads.poisson import Poisson
from simnet.world.captures import alike, arrivals, captures

ALL = 0b111111


def down(name: str, at: float = 0.0, lasts: float | None = None) -> Fault:
    return Fault(at=at, lasts=lasts, node=name, action="down")


def link_fault(source: str, target: str, at: float = 0.0, lasts: float | None = None, value: float | None = None):
    return Fault(
        at=at, lasts=lasts, link=(source, target), action="down" if value is None else "bandwidth", value=value
    )


def only(scenario: Scenario, ask=fake_ask) -> dict:
    (row,) = rows(play(scenario, ask), scenario)
    return row


def test_a_sample_takes_the_time_that_its_steps_add_up_to():
    """Device 1 ms, report 20 ms, edge 2 ms, upload 30 ms, cloud 4 ms."""
    row = only(world_scenario(thresholds=0.0))
    assert (row["outcome"], row["exit"], row["views"]) == ("finished", "cloud", ALL)
    assert row["latency"] == pytest.approx(0.057, abs=EXACT)
    assert row["bytes"] == 6 * 10_000 + 20_000
    assert only(world_scenario(thresholds=1.0))["latency"] == pytest.approx(0.023, abs=EXACT)


def test_ada_ddnn_leaves_at_its_first_exit_without_computing_at_the_edge():
    scenario = world_scenario(system="ada-ddnn", thresholds=1.0)
    world = play(scenario)
    (row,) = rows(world, scenario)
    assert (row["exit"], row["latency"]) == ("edge-1", pytest.approx(0.021, abs=EXACT))
    assert spans_of(world, "edge") == []
    row = only(world_scenario(system="ada-ddnn", thresholds={"edge-1": 0.0, "edge-2": 1.0}))
    assert (row["exit"], row["latency"]) == ("edge-2", pytest.approx(0.023, abs=EXACT))
    row = only(world_scenario(system="ada-ddnn", thresholds=0.0))
    assert (row["exit"], row["latency"]) == ("cloud", pytest.approx(0.057, abs=EXACT))


@pytest.mark.parametrize("entropy", [0.4999, 0.5, 0.5001])
def test_a_sample_leaves_only_below_the_threshold(entropy: float):
    row = only(world_scenario(thresholds=0.5), lambda *asked: (3, entropy))
    assert row["exit"] == ("edge" if entropy < 0.5 else "cloud")
    assert (row["prediction"], row["entropy"]) == (3, entropy)


def test_a_camera_that_is_down_is_waited_for_and_left_out():
    """Reports are there at 21 ms; the edge waits 50 ms more, then computes for 2 ms."""
    row = only(world_scenario(thresholds=1.0, script=[down("camera3")]))
    assert (row["views"], row["latency"]) == (0b111011, pytest.approx(0.073, abs=EXACT))
    assert row["prediction"] == fake_ask("edge", 0, 0b111011)[0]


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
def test_one_camera_alone_is_enough(system: str):
    """Its report is the first and the last to come: the edge does not know that, and waits."""
    script = [down(f"camera{number}") for number in range(1, 6)]
    row = only(world_scenario(system=system, thresholds=1.0, script=script))
    computed = 0.002 if system == "ddnn" else 0.0
    assert (row["outcome"], row["views"]) == ("finished", 0b100000)
    assert row["latency"] == pytest.approx(0.071 + computed, abs=EXACT)


def test_a_world_of_one_camera_waits_for_nobody():
    row = only(world_scenario(cameras=1, thresholds=1.0))
    assert (row["views"], row["latency"]) == (1, pytest.approx(0.023, abs=EXACT))


def test_a_late_report_takes_no_part_in_the_fusion():
    """camera3's report needs 110 ms; at 50 ms after the first one (71 ms) the edge goes on without it."""
    script = [link_fault("camera3", "edge", value=1e5)]
    scenario = world_scenario(thresholds=0.0, script=script)
    asked = []

    def ask(*what):
        asked.append(what)
        return fake_ask(*what)

    world = play(scenario, ask)
    (row,) = rows(world, scenario)
    assert row["views"] == 0b111011
    assert {views for _, _, views in asked} == {0b111011}
    assert row["latency"] == pytest.approx(0.107, abs=EXACT)
    assert row["bytes"] == 80_000  # it was sent all the same
    (late,) = spans_of(world, "camera3→edge")
    assert late[7] == "unfinished"  # the run ended with the sample, before the report came
    in_time = world_scenario(thresholds=0.0, script=script, wait=0.1)
    assert only(in_time)["views"] == ALL


def test_a_message_lost_on_the_way_is_like_a_camera_that_is_down():
    """At 15 ms camera2's report is under way: 1 ms computing, 10 ms sending, 10 ms propagating."""
    script = [link_fault("camera2", "edge", at=0.015, lasts=0.001)]
    scenario = world_scenario(thresholds=1.0, script=script)
    world = play(scenario)
    assert rows(world, scenario)[0]["views"] == 0b111101
    assert [span[7] for span in spans_of(world, "camera2→edge")] == ["lost"]


def test_without_any_camera_a_sample_is_dropped():
    nobody = [down(f"camera{n}") for n in range(1, 7)]
    for script, reason in ((nobody, "no report arrived"), ([down("edge")], "edge down")):
        row = only(world_scenario(script=script))
        assert (row["outcome"], row["reason"]) == ("dropped", reason)
        assert [row[key] for key in ("prediction", "exit", "finished_at", "latency", "entropy")] == [None] * 5
        assert (row["views"], row["correct"]) == (0, None)


def test_an_edge_that_goes_down_drops_the_reports_it_has_gathered():
    """At 30 ms it holds five reports and waits for the sixth; being up again at 31 ms does not bring them back."""
    script = [down("camera6"), down("edge", at=0.03, lasts=0.001)]
    row = only(world_scenario(script=script))
    assert (row["outcome"], row["reason"]) == ("dropped", "edge down")


def test_an_edge_that_goes_down_while_it_computes_drops_the_sample():
    row = only(world_scenario(script=[down("edge", at=0.022, lasts=0.5)]))
    assert (row["outcome"], row["reason"]) == ("dropped", "edge down")


def test_reports_that_arrive_after_the_edge_is_back_are_gathered():
    """The fast reports reach a dead edge at 21 ms, the slow one comes at 111 ms, when it is up again."""
    script = [down("edge", at=0.02, lasts=0.01), link_fault("camera3", "edge", value=1e5)]
    row = only(world_scenario(thresholds=1.0, script=script))
    assert (row["outcome"], row["views"]) == ("finished", 0b000100)


def on_request(**values) -> Scenario:
    """Reports of 1 kB, requests of 4 B, features of 9 kB: 11 ms, 10.004 ms and 19 ms on the way."""
    return world_scenario(system="ada-ddnn", upload="on_request", **values)


def test_features_on_request_travel_only_if_the_first_exit_did_not_fire():
    scenario = on_request(thresholds=1.0)
    (row,) = rows(play(scenario), scenario)
    assert (row["exit"], row["bytes"], row["latency"]) == ("edge-1", 6_000, pytest.approx(0.012, abs=EXACT))
    scenario = on_request(thresholds={"edge-1": 0.0, "edge-2": 1.0})
    world = play(scenario)
    (row,) = rows(world, scenario)
    assert (row["exit"], row["views"], row["bytes"]) == ("edge-2", ALL, 6 * (1_000 + 4 + 9_000))
    assert row["latency"] == pytest.approx(0.012 + 0.010004 + 0.019 + 0.002, abs=EXACT)
    assert [span[6] for span in spans_of(world, "edge→camera2")] == [4]
    assert [span[6] for span in spans_of(world, "camera2→edge")] == [1_000, 9_000]


WHILE_ASKED = {
    "camera fails and comes back before it is asked": ([down("camera2", at=0.013, lasts=0.002)], 0b111101),
    "camera fails and stays down": ([down("camera2", at=0.013)], 0b111101),
    "request lost": ([link_fault("edge", "camera2", at=0.013, lasts=0.001)], 0b111101),
    "features lost": ([link_fault("camera2", "edge", at=0.025, lasts=0.001)], 0b111101),
    "camera was not there at all": ([down("camera2", lasts=0.005)], 0b111101),
}


@pytest.mark.parametrize("case", WHILE_ASKED)
def test_features_that_do_not_come_take_no_part(case: str):
    """The surest device may be one whose features never come: its report did."""
    script, views = WHILE_ASKED[case]
    row = only(on_request(thresholds={"edge-1": 0.0, "edge-2": 1.0}, script=script))
    assert (row["outcome"], row["exit"], row["views"]) == ("finished", "edge-2", views)
    assert row["prediction"] == fake_ask("edge-2", 0, views)[0]
    asked = 0.062 if "not there" in case else 0.012  # then the edge waited 50 ms for a report already
    waited = 0.0 if "not there" in case else 0.050
    assert row["latency"] == pytest.approx(asked + 0.029004 + waited + 0.002, abs=EXACT)


def test_without_any_features_in_time_the_surest_device_answers_at_the_limit():
    script = [link_fault("edge", f"camera{n}") for n in range(1, 7)]
    row = only(on_request(thresholds=0.0, cloud_limit=0.2, script=script))
    assert (row["outcome"], row["exit"], row["views"]) == ("forced", "edge-1", ALL)
    assert row["latency"] == pytest.approx(0.212, abs=EXACT)
    assert (row["prediction"], row["entropy"]) == fake_ask("edge-1", 0, ALL)


@pytest.mark.parametrize("at", [0.015, 0.035])
def test_an_edge_that_fails_while_it_waits_for_features_drops_the_sample(at: float):
    row = only(on_request(thresholds=0.0, script=[down("edge", at=at, lasts=0.5)]))
    assert (row["outcome"], row["reason"]) == ("dropped", "edge down")


UNREACHABLE = {
    "uplink down": [link_fault("edge", "cloud")],
    "cloud down": [down("cloud")],
    "upload lost on the way": [link_fault("edge", "cloud", at=0.03, lasts=0.001)],
    "cloud fails while it computes": [down("cloud", at=0.054, lasts=0.001)],
    "uplink too slow": [link_fault("edge", "cloud", value=1e4)],
    "cloud too slow": [Fault(at=0.0, node="cloud", action="slow", value=1e3)],
}


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
@pytest.mark.parametrize("script", UNREACHABLE.values(), ids=UNREACHABLE)
def test_without_the_clouds_answer_the_edge_answers_exactly_at_its_limit(system: str, script: list[Fault]):
    """The edge knows its own answer at 23 ms and waits 200 ms."""
    row = only(world_scenario(system=system, thresholds=0.0, cloud_limit=0.2, script=script))
    last = "edge" if system == "ddnn" else "edge-2"
    assert (row["outcome"], row["exit"]) == ("forced", last)
    assert row["latency"] == pytest.approx(0.223, abs=EXACT)
    assert (row["prediction"], row["entropy"]) == fake_ask(last, 0, ALL)


def test_an_edge_that_fails_while_it_waits_for_the_cloud_cannot_answer_in_its_place():
    """The upload (23 to 53 ms) is lost with the edge at 30 ms, and with it the features and the edge's own result."""
    for lasts in (0.01, None):
        row = only(world_scenario(thresholds=0.0, cloud_limit=0.2, script=[down("edge", at=0.03, lasts=lasts)]))
        assert (row["outcome"], row["reason"]) == ("dropped", "edge down")


@pytest.mark.parametrize("cloud_limit", [0.2, 1e9])
def test_an_edge_that_fails_after_the_upload_has_left_loses_the_sample_but_does_not_stop_the_cloud(cloud_limit: float):
    """Sent at 43 ms, propagating at 45 ms: at that moment the edge loses what it waits for, whatever its limit.

    The cloud computes from 53 to 57 ms all the same. At the very moment of the answer the failure comes first, too.
    """
    for at, lost in ((0.045, True), (0.057, True), (0.057 + 1e-12, False)):
        scenario = world_scenario(thresholds=0.0, cloud_limit=cloud_limit, script=[down("edge", at=at)], samples=2)
        world = play(scenario)
        row = rows(world, scenario)[0]
        assert (row["outcome"], row["reason"]) == (("dropped", "edge down") if lost else ("finished", None))
        assert world.endings[0].at == ticks(min(at, 0.057))
        assert [span[4:6] for span in spans_of(world, "cloud")] == [(0.053, 0.057)]


def test_a_cloud_of_two_workers_answers_two_at_once():
    """Three samples at once, 1 µs apart: the cloud's 4 ms run side by side for two of them."""
    workers = {"cloud": node("cloud", workers=2)}
    scenario = world_scenario(
        samples=3, workload=Periodic(every=1e-6), thresholds=0.0, nodes=workers, backbone={"bandwidth": 1e9}
    )
    world = play(scenario)
    spans = spans_of(world, "cloud")
    assert [span[4] > span[3] + 1e-3 for span in spans] == [False, False, False]
    assert len(spans) == 3


def test_cloud_workers_are_shared_in_order_of_arrival():
    """Uploads arrive 2 ms apart (edge time); a single worker needs 4 ms for each, two keep up."""
    for workers, expected in ((1, [0.0, 2e-3, 4e-3, 6e-3]), (2, [0.0] * 4)):
        scenario = world_scenario(
            samples=4,
            workload=Periodic(every=1e-6),
            thresholds=0.0,
            uplink={"bandwidth": 1e12},
            backbone={"bandwidth": 1e12},
            nodes={"cloud": node("cloud", workers=workers)},
        )
        spans = spans_of(play(scenario), "cloud")
        assert [span[4] - span[3] for span in spans] == pytest.approx(expected, abs=1e-5)


def test_what_a_duration_cuts_off_is_unfinished():
    scenario = world_scenario(samples=None, duration=2.03, thresholds=0.0)
    world = play(scenario)
    table = rows(world, scenario)
    assert [row["outcome"] for row in table] == ["finished", "finished", "unfinished"]
    assert world.env.now == ticks(2.03)
    assert (table[2]["exit"], table[2]["latency"], table[2]["views"]) == (None, None, 0)
    (cut,) = (span for span in spans_of(world, "edge→cloud") if span[0] == 2)
    assert cut[7] == "unfinished" and cut[5] == 2.03
    assert table[2]["bytes"] == 67_000  # six reports, and 7 of the 20 ms that the upload takes


def test_arrivals_follow_the_workload_and_the_seed_alone():
    periodic = world_scenario(samples=500, workload=Periodic(every=0.2, jitter=0.05))
    shifts = arrivals(periodic) - [0.2 * n for n in range(500)]
    assert shifts.min() >= 0 and shifts.max() < 0.05 and abs(shifts.mean() - 0.025) < 0.005
    poisson = world_scenario(samples=4000, workload=Poisson(poisson=5.0))
    gaps = arrivals(poisson)[1:] - arrivals(poisson)[:-1]
    assert gaps.min() >= 0 and abs(gaps.mean() - 0.2) < 0.02 and abs(gaps.std() - 0.2) < 0.02
    assert arrivals(poisson).tolist() == arrivals(poisson.model_copy(update={"faults": [down("edge")]})).tolist()
    assert arrivals(poisson).tolist() != arrivals(poisson.model_copy(update={"seed": 2})).tolist()
    timed = poisson.model_copy(update={"samples": None, "duration": 100.0})
    same = arrivals(timed)
    assert same.tolist() == arrivals(poisson)[: len(same)].tolist() and same[-1] < 100 <= arrivals(poisson)[len(same)]
    half = periodic.model_copy(update={"samples": None, "duration": 1.0})
    assert len(arrivals(half)) == 5


# Conservation under any script ------------------------------------------------------------------------------------

TIMES = st.integers(0, 300).map(lambda n: n / 100 + 0.00137)
LASTS = st.none() | st.integers(1, 150).map(lambda n: n / 100)


@st.composite
def worlds(draw: st.DrawFn) -> Scenario:
    hub = draw(st.booleans())
    base = world_scenario(
        system=draw(st.sampled_from(["ddnn", "ada-ddnn"])),
        thresholds=draw(st.sampled_from([0.0, 0.3, 0.7, 1.0])),
        wait=draw(st.sampled_from([0.0, 0.01, 0.1, 1.0])),
        cloud_limit=draw(st.sampled_from([0.0, 0.02, 0.08, 1.0])),
        upload=draw(st.sampled_from(["together", "together", "on_request"])),
        samples=draw(st.integers(1, 30)),
        workload=draw(
            st.sampled_from([Periodic(every=0.1, jitter=0.09), Periodic(every=0.015), Poisson(poisson=20.0)])
        ),
        uplink=draw(st.sampled_from([{"header": 40}, {"bandwidth": 2e5}, {"latency": 0.0, "bandwidth": 1e12}])),
        backbone=draw(st.sampled_from([{}, {"bandwidth": 1e6, "header": 78}, {"bandwidth": 3e5, "latency": 0.0}])),
        hub={"bandwidth": draw(st.sampled_from([5e5, 1e7]))} if hub else None,
        nodes={"cloud": node("cloud", workers=draw(st.integers(1, 3)), overhead=0.01)},
        seed=draw(st.integers(0, 5)),
    )
    if draw(st.booleans()):
        base = base.model_copy(update={"samples": None, "duration": draw(st.integers(1, 300)) / 100})
    return base.model_copy(
        update={"faults": [fault for group in draw(st.lists(faults(base), max_size=6)) for fault in group]}
    )


@st.composite
def faults(draw: st.DrawFn, scenario: Scenario) -> list[Fault]:
    """One thing that breaks: a node, several cameras at once, a link."""
    when = {"at": draw(TIMES), "lasts": draw(LASTS)}
    kind = draw(st.sampled_from(["node", "cameras", "link"]))
    if kind == "link":
        ends = st.sampled_from([(spec.source, spec.target) for spec in scenario.links])
        action = draw(st.sampled_from(["down", "down", "up", "bandwidth"]))
        value = draw(st.sampled_from([1e4, 1e5, 1e7])) if action == "bandwidth" else None
        return [Fault(link=draw(ends), action=action, value=value, **when)]
    cameras = [name for name, one in scenario.nodes.items() if one.tier == "device"]
    if kind == "cameras":
        broken = draw(st.sets(st.sampled_from(cameras), min_size=4))
        return [Fault(node=name, action="down", **when) for name in sorted(broken)]
    others = [name for name in scenario.nodes if name not in cameras]
    action = draw(st.sampled_from(["down", "down", "up", "slow"]))
    value = draw(st.sampled_from([1.0, 2.5, 30.0])) if action == "slow" else None
    return [Fault(node=draw(st.sampled_from([*others, "camera1"])), action=action, value=value, **when)]


def is_down(scenario: Scenario, target: object, time: int) -> bool:
    """Whether the script has `target` down at `time`: an outage holds for its time or until a later 'up'.

    Times here are the clock's.
    """
    begun = [f for f in scenario.faults if target in (f.node, f.link) and ticks(f.at) <= time]
    for number, fault in enumerate(begun):
        if fault.action != "down" or (fault.lasts is not None and time >= ticks(fault.at) + ticks(fault.lasts)):
            continue
        if not any(
            other.action == "up" and (other.at, place) > (fault.at, number) for place, other in enumerate(begun)
        ):
            return True
    return False


def outage_starts(scenario: Scenario, target: object) -> list[int]:
    starts = [ticks(f.at) for f in scenario.faults if target in (f.node, f.link) and f.action == "down"]
    return [time for time in starts if is_down(scenario, target, time)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(worlds())
def test_whatever_breaks_every_sample_has_one_outcome_and_every_span_is_possible(scenario: Scenario):
    world = play(scenario)
    table, spans = rows(world, scenario), world.network.spans

    # one outcome each; finished + dropped + unfinished = captured
    assert [row["sample"] for row in table] == list(range(len(arrivals(scenario))))
    counts = Counter(row["outcome"] for row in table)
    assert set(counts) <= {"finished", "forced", "dropped", "unfinished"} and counts.total() == len(table)
    assert scenario.duration is not None or not counts["unfinished"]

    # bytes of the samples are those of the transfers
    sent: dict[int, int] = defaultdict(int)
    for sample, _, kind, *_, amount, status in spans:
        if kind == "transfer":
            sent[sample] += amount
        else:  # FLOP: a whole call is so many halves of a million, one that was interrupted a part of it
            assert amount >= 0 and (amount % 500_000 == 0 or status != "ok")
    assert [row["bytes"] for row in table] == [sent[row["sample"]] for row in table]

    for _, _, _, queued, started, ended, _, status in spans:
        assert queued <= started <= ended <= world.env.now
        assert status in ("ok", "lost", "unfinished")
    check_lines(scenario, spans)
    check_outcomes(scenario, table, spans)

    again = play(scenario)
    assert again.network.spans == spans and again.endings == world.endings


def check_lines(scenario: Scenario, spans: list) -> None:
    """Each line serves in order of arrival, no more at a time than it can, and nothing passes what is down."""
    by_place = defaultdict(list)
    for span in spans:
        by_place[span[1]].append(span)
    latency = {f"{spec.source}→{spec.target}": ticks(spec.latency) for spec in scenario.links}
    for place, here in by_place.items():
        ordered = sorted(here, key=lambda span: span[3])
        for before, after in pairwise(ordered):
            if before[3] < after[3]:
                assert before[4] <= after[4], f"{place} served out of order"
        workers = 1 if place in latency else scenario.nodes[place].workers
        served = [(span[4], span[5] - latency.get(place, 0)) for span in here if span[7] == "ok"]
        for start, stop in served:
            busy = sum(a <= start < b for a, b in served)
            assert busy <= workers, f"{place} served {busy} at once"
            assert stop >= start
        source, _, target = place.partition("→")
        part: object = (source, target) if target else place
        for _, _, _, queued, _, ended, _, status in here:
            if status == "ok":
                assert not any(queued <= time <= ended for time in outage_starts(scenario, part)), place
                if target and ended > queued:
                    assert not is_down(scenario, target, ended), f"{target} received while it was down"


def check_outcomes(scenario: Scenario, table: list[dict], spans: list) -> None:
    """Views are those whose reports came in time; answers are the network's; limits are kept to the moment."""
    (spec,) = scenario.systems.values()
    on_request = getattr(spec, "upload", "") == "on_request"
    reports, edge, cloud = defaultdict(dict), {}, {}
    cameras = [name for name, one in scenario.nodes.items() if one.tier == "device"]
    sources = defaultdict(list)
    for sample, place, kind, _, _, ended, size, status in spans:
        if status != "ok" or (on_request and kind == "transfer" and size >= 9_000):  # features, not a report
            continue
        if kind == "transfer" and place.endswith("→edge") and place.partition("→")[0] in cameras:
            reports[sample][scenario.nodes[place.partition("→")[0]].view] = ended
        elif place == "hub→edge":
            sources[sample].append(ended)
        elif place == "edge":
            edge[sample] = ended
        elif place == "cloud":
            cloud[sample] = ended
    for row in table:
        sample = row["sample"]
        if row["outcome"] in ("dropped", "unfinished"):
            assert row["exit"] is None and row["prediction"] is None and row["views"] == 0
            assert (row["reason"] is not None) == (row["outcome"] == "dropped")
            continue
        assert (row["prediction"], row["entropy"]) == fake_ask(row["exit"], sample, row["views"])
        assert row["views"] and row["latency"] >= 0
        arrived = sorted(reports[sample].values()) or sorted(sources[sample])
        limit, finished = arrived[0] + ticks(spec.wait), ticks(row["finished_at"])
        cloud_limit = ticks(spec.cloud_limit)
        if reports[sample]:
            for view, time in reports[sample].items():
                took_part = bool(row["views"] >> (view - 1) & 1)
                if took_part or not on_request or row["exit"] == "edge-1":
                    assert took_part == (time <= limit)
        else:  # through the hub the spans do not tell whose report it is: count them
            in_time = sum(time <= limit for time in arrived)
            assert (0 if on_request else in_time) <= row["views"].bit_count() <= in_time
        if row["outcome"] == "forced" and row["exit"] == "edge-1":
            assert on_request and finished >= arrived[0] + cloud_limit
        elif row["outcome"] == "forced":
            assert row["exit"] != "cloud" and finished == edge[sample] + cloud_limit
        elif row["exit"] == "cloud":
            assert finished == cloud[sample] <= edge[sample] + cloud_limit
        elif row["exit"] in ("edge", "edge-2"):
            assert finished == edge[sample] and row["entropy"] < spec.thresholds
        if row["exit"] != "cloud":
            outages = outage_starts(scenario, "edge")
            assert not any(arrived[0] <= time <= finished for time in outages)


@pytest.mark.parametrize("lasts", [0.05, 0.15, 1.0])
def test_at_equal_times_a_fault_comes_first(lasts: float):
    """A camera that comes back at the moment of a capture sees it, whenever it failed; one that fails then does not."""
    script = [Fault(at=1.0 - lasts, lasts=lasts, node="camera1", action="down")]
    script += [Fault(at=1.5, lasts=0.02, node="camera2", action="down")]
    scenario = world_scenario(samples=20, workload=Periodic(every=0.1), script=script)
    made = rows(play(scenario), scenario)
    assert made[10]["captured_at"] == 1.0 and made[10]["views"] == 0b111111
    assert made[15]["captured_at"] == 1.5 and made[15]["views"] == 0b111101
    groups: dict[int, set[int]] = {}
    for group, row in zip(alike(scenario, captures(scenario)).tolist(), made, strict=True):
        groups.setdefault(group, set()).add(row["views"])
    assert all(len(views) == 1 for views in groups.values()), "what the script leaves alike is alike"


def test_a_fault_at_the_start_is_there_before_the_first_capture():
    script = [Fault(at=0.0, lasts=0.5, node="camera1", action="down")]
    scenario = world_scenario(script=script)
    world = play(scenario)
    assert [row["views"] for row in rows(world, scenario)] == [0b111110]
    assert not spans_of(world, "camera1")
