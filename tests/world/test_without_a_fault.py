"""A run played again without one of its faults: everything else stays as it was."""

from __future__ import annotations

from typing import Any

import pytest
from worlds import node, play, world_scenario

import simnet
from simnet.clock import ProtocolError, seconds
from simnet.network.faults.incidents import Incident
from simnet.network.faults.spec import Fault
from simnet.network.links.lossy import LossyLink
from simnet.scenario import Scenario
from simnet.workloads.poisson import Poisson
from simnet.world.again import without
from simnet.world.world import World

RAIN = [
    Fault(name="rain", link=ends, action="loss", value=0.4, mtbf=2.0, mttr=1.0, together=True)
    for ends in (("edge", "cloud"), ("cloud", "edge"))
]
WEAR = [Fault(name="wear", node=f"camera{n}", action="down", mtbf=5.0, mttr=1.0, shape=1.5) for n in (1, 2, 3)]
HEAT = Fault(name="heat", node="edge", action="slow", value=3.0, at=4.0, lasts=6.0)
CUT = Fault(name="cut", node="cloud", action="down", at=8.0, lasts=2.0)


def stormy(*script: Fault) -> Scenario:
    """Losses, jitter and arrivals at random, beside faults of all kinds."""
    way = {"loss": {"good": 0.05}, "mtu": 1500, "jitter": 0.005}
    return world_scenario(
        samples=200, workload=Poisson(poisson=10), script=script, uplink=way, nodes={"camera1": node("device", view=1)}
    )


def struck(incidents: list[Incident]) -> list[tuple[str, str, float, float | None]]:
    return [(one.name, one.target, one.began, one.ended) for one in incidents]


def plain(world: World) -> list[Any]:
    return [None if one is None else (one.at, one.decision, one.reason) for one in world.endings]


@pytest.mark.parametrize("name", ["rain", "wear", "heat", "cut"])
def test_others_strike_when_they_did(name: str) -> None:
    scenario = stormy(*RAIN, *WEAR, HEAT, CUT)
    world, without = play(scenario), play(scenario, without=name)
    assert {one.name for one in world.incidents} == {"rain", "wear", "heat", "cut"}
    end = min(world.env.now, without.env.now)  # one of the two may be done before the other
    expected = [one for one in struck(world.incidents) if one[0] != name and one[2] < end]
    found = [one for one in struck(without.incidents) if one[2] < end]
    assert [one[:3] for one in found] == [one[:3] for one in expected]
    assert plain(without) != plain(world)


@pytest.mark.parametrize("name", ["wear", "heat", "cut"])
def test_it_is_the_run_of_the_scenario_without_the_entry(name: str) -> None:
    script = [*RAIN, *WEAR, HEAT, CUT]
    without = play(stormy(*script), without=name)
    assert plain(without) == plain(play(stormy(*(fault for fault in script if fault.name != name))))


def test_a_link_that_would_lose_packets_is_of_the_same_kind_without_the_rain() -> None:
    world = play(world_scenario(samples=5, script=RAIN), without="rain")
    assert type(world.network.links["edge", "cloud"]) is LossyLink and not world.incidents


def test_samples_are_paired_by_what_was_drawn_for_them() -> None:
    """A camera fails for a second; what is captured later meets the losses and jitter that it met anyway."""
    blink = Fault(name="blink", node="camera1", action="down", at=5.0, lasts=1.0)
    scenario = stormy(blink, *RAIN)
    world, without = play(scenario), play(scenario, without="blink")
    changed = [n for n, (one, other) in enumerate(zip(plain(world), plain(without), strict=True)) if one != other]
    times = world._captured
    assert changed and all(4.5 < seconds(times[n]) < 7.0 for n in changed)


TEXT = """
data: plaza
samples: 60
workload: {every: 100 ms}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, speed: 10 TFLOP/s}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], preset: wan}
systems: {ddnn: {wait: 80 ms, cloud_limit: 300 ms}}
faults:
  - {at: 1 s, node: camera3, is: down, name: camera}
  - {at: 2 s, for: 2 s, node: cloud, is: down, name: outage}
  - {at: 50 s, node: camera1, is: down, name: late}
"""


PLAYED = ("prediction", "correct", "outcome", "exit", "latency", "bytes")


def test_with_the_real_network_it_is_the_run_without_that_fault() -> None:
    scenario = simnet.load(TEXT)
    run = simnet.run(scenario)
    report = run.summary["systems"]["ddnn"]["faults"]
    rows = run.samples("ddnn").to_pylist()
    for name, number in (("camera", 0), ("outage", 1)):
        faults = [fault for place, fault in enumerate(scenario.faults) if place != number]
        others = simnet.run(scenario.model_copy(update={"faults": faults})).samples("ddnn").to_pylist()
        fault = scenario.faults[number]
        end = fault.at + (fault.lasts or 1e9)
        during = [n for n, row in enumerate(rows) if row["captured_at"] < end and row["finished_at"] >= fault.at]
        found = report[name]["during"]
        assert found["captured"] == len(during)
        for group, these in ((found, rows), (found["without"], others)):
            assert group["right"] == sum(bool(these[n]["correct"]) for n in during)
            assert group["forced"] == sum(these[n]["outcome"] == "forced" for n in during)
            assert group["latency"]["mean"] == pytest.approx(sum(these[n]["latency"] for n in during) / len(during))
        differ = [n for n in range(60) if rows[n]["latency"] != pytest.approx(others[n]["latency"], rel=0.01)]
        assert report[name]["changed"] >= len(differ) > 0
        changed = {row.pop("sample"): row for row in run.without("ddnn").to_pylist() if row.pop("fault") == name}
        kept = [{key: (changed.get(n) or row)[key] for key in PLAYED} for n, row in enumerate(rows)]
        assert kept == [{key: row[key] for key in PLAYED} for row in others]  # to the last bit
        assert all({key: rows[n][key] for key in PLAYED} != row for n, row in changed.items())
        last = max(rows[n]["finished_at"] for n in differ)
        assert report[name]["time_to_recover"] == (pytest.approx(last - end) if fault.lasts else None)
    assert report["outage"]["during"]["without"]["forced"] == 0 < report["outage"]["during"]["forced"]
    assert report["late"]["changed"] == 0 and report["late"]["during"] is None
    end = f"{run.summary['systems']['ddnn']['simulated_time']:.4g} s"
    assert f"1 of 3 faults would begin after the end of the run at {end}: 'late' at 50 s" in run.notes
    assert simnet.run(scenario).summary == run.summary


def test_what_goes_wrong_only_without_a_fault_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    play = World.play

    def refuse(world: World, tell: Any = None, without: str | None = None, part: Any = None) -> None:
        if without == "camera":
            raise ProtocolError("mine.classify never ends")
        play(world, tell, without, part)

    monkeypatch.setattr(World, "play", refuse)
    run = simnet.run(simnet.load(TEXT))
    report = run.summary["systems"]["ddnn"]["faults"]
    assert {name: one["compared"] for name, one in report.items()} == {"camera": False, "outage": True, "late": True}
    assert "ddnn: not compared with a run without fault 'camera': mine.classify never ends" in run.notes


def test_beyond_a_bound_it_is_not_done_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(without, "MOST_AGAIN", 119)  # one of the two that struck
    run = simnet.run(simnet.load(TEXT))
    report = run.summary["systems"]["ddnn"]["faults"]
    assert {name: one["compared"] for name, one in report.items()} == {"camera": True, "outage": False, "late": True}
    assert report["outage"]["during"]["captured"] > 0 and report["outage"]["during"]["without"] is None
    assert (
        "ddnn: 1 of 2 faults are not compared with a run without them (outage): at most 119 samples are played again"
    ) in run.notes
