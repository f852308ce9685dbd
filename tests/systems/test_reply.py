"""The answer's way back: what it costs, when it is there, and what becomes of a sample whose answer is lost."""

from __future__ import annotations

from typing import Any

import pytest
from worlds import by_views, fake_ask, plan_of, play, rows, spans_of, tiered_scenario, world_scenario

from simnet.clock import ProtocolError
from simnet.network.faults.spec import Fault
from simnet.systems.ddnn_2017 import TIERS
from simnet.systems.options import SystemOptions
from simnet.world.captures import captures
from simnet.world.world import World

REPLY = 996
"""Bytes of 249 classes, which the network of these tests has: 0.996 ms at 1 MB/s."""


def only(scenario: Any) -> dict[str, Any]:
    (row,) = rows(play(scenario), scenario)
    return row


@pytest.mark.parametrize("system", ["ddnn", "ada-ddnn"])
@pytest.mark.parametrize("reply, extra", [("none", 0.0), ("edge", 0.010996), ({"to": "edge", "size": 5000}, 0.015)])
def test_the_clouds_answer_comes_back_to_the_edge(system, reply, extra):
    """57 ms to the cloud's answer; then 0.996 ms to transmit the reply and 10 ms to propagate."""
    scenario = world_scenario(system=system, thresholds=0.0, reply=reply)
    world = play(scenario)
    (row,) = rows(world, scenario)
    base = 0.057
    assert (row["outcome"], row["exit"]) == ("finished", "cloud")
    assert row["latency"] == pytest.approx(base + extra, abs=1e-15)
    sent = [span[6] for span in spans_of(world, "cloud→edge")]
    assert sent == ([] if reply == "none" else [5000 if isinstance(reply, dict) else REPLY])


def test_an_edges_answer_need_not_travel_to_the_edge():
    world = play(world_scenario(thresholds=1.0, reply="edge"))
    assert world.endings[0].at == 23 * 10**9
    assert all(span[2] != "transfer" or span[1].endswith("→edge") for span in world.network.spans)


def test_an_answer_travels_on_to_the_devices():
    """23 ms to the edge's answer, 0.996 + 10 ms to each of six cameras over links of their own; one of them is down."""
    scenario = world_scenario(thresholds=1.0, reply="device", script=[Fault(at=0.022, node="camera2", action="down")])
    world = play(scenario)
    (row,) = rows(world, scenario)
    assert (row["outcome"], row["latency"]) == ("finished", pytest.approx(0.033996, abs=1e-15))
    statuses = sorted(span[7] for span in world.network.spans if span[1].startswith("edge→"))
    assert statuses == ["lost"] + 5 * ["ok"]


def test_an_answer_that_nobody_gets_is_lost():
    script = [Fault(at=0.024, node=f"camera{number}", action="down") for number in range(1, 7)]
    row = only(world_scenario(thresholds=1.0, reply="device", script=script))
    assert (row["outcome"], row["reason"]) == ("dropped", "reply lost")


@pytest.mark.parametrize("limit, outcome", [(0.044996, "finished"), (0.044996 - 1e-12, "forced")])
def test_the_limit_covers_the_way_back(limit, outcome):
    """30 ms up, 4 ms in the cloud and 10.996 ms back are 44.996 ms."""
    assert only(world_scenario(thresholds=0.0, reply="edge", cloud_limit=limit))["outcome"] == outcome


def test_a_reply_that_is_lost_is_no_answer():
    script = [Fault(at=0.058, lasts=0.1, link=("cloud", "edge"), action="down")]
    row = only(world_scenario(thresholds=0.0, reply="edge", cloud_limit=0.1, script=script))
    assert (row["outcome"], row["exit"], row["latency"]) == ("forced", "edge", pytest.approx(0.123, abs=1e-15))


def test_a_downlink_of_a_bit_a_second_is_noticed():
    script = [Fault(at=0.0, link=("cloud", "edge"), action="bandwidth", value=0.125)]
    scenario = world_scenario(thresholds=0.0, reply="edge", cloud_limit=1e6, script=script)
    assert only(scenario)["latency"] == pytest.approx(0.057 + 8 * REPLY + 0.01, abs=1e-9)


@pytest.mark.parametrize("tiers", TIERS)
def test_on_all_tiers_the_answer_comes_back_to_who_asked(tiers):
    """Scores are 10 kB here: 10 + 10 ms a hop, from the cloud to the first edge, the gateway or the device."""
    free = play(tiered_scenario(tiers, thresholds=0.0))
    paid = play(tiered_scenario(tiers, thresholds=0.0, reply={"to": "edge", "size": 10_000}))
    more = paid.endings[0].at - free.endings[0].at
    back = [span for span in paid.network.spans if span[1].startswith("cloud→")]
    if tiers == "cloud only":
        assert len(back) == 6 and more == 20 * 10**9
    else:
        assert [span[6] for span in back] == [10_000] and more == 20 * 10**9


@pytest.mark.parametrize("tiers", TIERS)
def test_on_all_tiers_answers_reach_the_devices(tiers):
    """A score for each of 2,500 classes: 10,000 B. What a single device answers itself need not travel."""
    single = tiers.startswith("device+")
    for thresholds in (0.0, 1.0):
        world = play(tiered_scenario(tiers, thresholds=thresholds, reply="device"))
        reached = {span[1] for span in world.network.spans if "→camera" in span[1] and span[6] == 10_000}
        assert len(reached) == (6 if not single else 1 - int(thresholds))


def test_what_a_file_may_say():
    common = {"system": "ddnn", "weights": "none"}
    assert SystemOptions.model_validate(common).reply.to == "edge"
    assert SystemOptions.model_validate({**common, "reply": "none"}).reply.to == "none"
    size = SystemOptions.model_validate({**common, "reply": {"to": "device", "size": "2 kB"}}).reply.size
    assert size == 2000


def test_a_reply_that_is_lost_later_does_not_make_the_answer_later():
    """Camera 2 hangs on a link of half a second and is down: its reply is lost long after camera 1 has its own."""
    scenario = world_scenario(
        cameras=2, thresholds=1.0, wait=0.002, reply="device", script=[Fault(at=0.005, node="camera2", action="down")]
    )
    far = [
        one.model_copy(update={"latency": 0.5}) if "camera2" in (one.source, one.target) else one
        for one in scenario.links
    ]
    row = only(scenario.model_copy(update={"links": far}))
    # 1 + 20 ms for the report, 2 ms of waiting, 2 ms at the edge, 0.996 + 10 ms back.
    assert (row["outcome"], row["latency"]) == ("finished", pytest.approx(0.035996, abs=1e-15))


def test_a_link_that_tells_nobody_of_a_reply_is_one_message(monkeypatch: pytest.MonkeyPatch):
    """Five of six devices have the answer; what became of the sixth message nobody hears, and nothing is left to do."""
    scenario = world_scenario(thresholds=1.0, reply="device")
    plan = plan_of(scenario)
    world = World(scenario, plan, by_views(plan.graph, fake_ask), captures(scenario))
    monkeypatch.setattr(world.network.links["edge", "camera2"], "send", lambda *message: None)
    with pytest.raises(ProtocolError, match="1 answers never end their way back: a link tells nobody"):
        world.play()
