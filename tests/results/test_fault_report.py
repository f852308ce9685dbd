"""What the summary says of each fault, against small tables counted by hand and a tiny world."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fake_run import fake_system, reseal, write_fake
from fake_run import scenario as fake_scenario
from lives_of import lives_of, played, sections
from rich.console import Console
from worlds import node, play, world_scenario

from simnet.analysis.compare import print_comparison
from simnet.analysis.faults import faults_of
from simnet.analysis.timeline.figure import draw_timeline
from simnet.analysis.timeline.selection import Selection
from simnet.clock import seconds, ticks
from simnet.network.faults.incidents import Incident
from simnet.network.faults.spec import Fault
from simnet.results.folder import write_run
from simnet.results.kept.endings import Ending
from simnet.results.lives import Lives
from simnet.results.manifest import manifest
from simnet.results.run import RunError, collect, read_run
from simnet.results.tables import samples_schema
from simnet.scenario.scenario import Scenario
from simnet.systems.base import Decision
from simnet.workloads.periodic import Periodic
from simnet.world.captures import captures
from simnet.world.recording import incidents_table

EXITS = ("edge", "cloud")
USUAL = 0.1
"""Latency of a sample to which nothing happens, in s."""


def table(
    count: int, special: dict[int, dict[str, Any]], sites: Sequence[str | None] = (None,)
) -> tuple[pa.Table, list]:
    """One sample a second, captured at 0, 1, …; right, at the edge, after `USUAL` s, but for what is special.

    An outcome other than an answer has no latency; `left` is when a dropped sample was dropped.
    """
    rows: list[dict[str, Any]] = []
    endings: list[Ending | None] = []
    for number in range(count):
        row = {"outcome": "finished", "exit": "edge", "latency": USUAL, "correct": True, **special.get(number, {})}
        left = row.pop("left", None)
        if row["outcome"] in ("dropped", "unfinished"):
            row |= {"exit": None, "latency": None, "correct": None}
            endings.append(None if row["outcome"] == "unfinished" else Ending(ticks(left), None, "edge down"))
        else:
            decision = Decision(row["exit"], 0, 0.5, 1, row["outcome"] == "forced")
            endings.append(Ending(ticks(number + row["latency"]), decision))
        rows.append({"sample": number, "captured_at": float(number), "site": sites[number % len(sites)], **row})
    columns = [
        pa.array([row.get(field.name) for row in rows], pa.string()).dictionary_encode()
        if pa.types.is_dictionary(field.type)
        else pa.array([row.get(field.name) for row in rows], field.type)
        for field in samples_schema()
    ]
    return pa.Table.from_arrays(columns, names=samples_schema().names), endings


CAMERA = Fault(name="camera", node="camera1", action="down", at=10.0, lasts=5.0)
UPLINK = [
    Fault(name="uplink", link=ends, action="bandwidth", value=1e4, at=20.0, lasts=2.0)
    for ends in (("edge", "cloud"), ("cloud", "edge"))
]


Special = dict[int, dict[str, Any]]


def report(
    count: int,
    special: Special,
    incidents: Sequence[Incident],
    without: dict[str, Special] | None = None,
    faults: Sequence[Fault] | None = None,
    end: float | None = None,
    scenario: Scenario | None = None,
    sites: Sequence[str | None] = (None,),
) -> dict[str, Any]:
    """The section; `without` has what would have been special without a fault, by its name."""
    script = list(dict.fromkeys(one.fault for one in incidents)) if faults is None else list(faults)
    scenario = (scenario or world_scenario()).model_copy(update={"faults": script})
    end = float(count) if end is None else end

    def lives(special: Special) -> Lives:
        samples, endings = table(count, special, sites)
        return lives_of(samples, [inf if one is None else seconds(one.at) for one in endings], end)

    others = {name: lives(one) for name, one in (without or {}).items()}
    run = played(lives(special), EXITS, end, scenario, incidents=incidents, without=others)
    return sections(run, "faults").get("faults", {})


DROPPED = {"outcome": "dropped", "left": 10.5}
FORCED = {"outcome": "forced", "latency": 1.0}


def test_a_small_table_counted_by_hand():
    """Sample 9 is under way when it begins, 10 to 14 are captured during; 15 to 39 are after.

    Without it 12 were wrong, too, and so were 14 and 20, but not 3, which is before all.
    """
    slow = {"latency": 0.5}
    found = report(
        40,
        {
            3: {"correct": False},
            9: {"latency": 2.0, "exit": "cloud"},
            10: DROPPED,
            11: FORCED,
            12: {"correct": False, **slow},
            13: slow,
            14: slow,
            15: slow,
            16: {"outcome": "forced"},
            20: {"correct": False},
        },
        [Incident(CAMERA, 10.0, 15.0)],
        {"camera": {3: {"correct": False}, 12: {"correct": False}, 14: {"correct": False}, 20: {"correct": False}}},
    )["camera"]
    during = found["during"]
    counts = ("captured", "answered", "forced", "dropped", "right")
    assert [during[key] for key in counts] == [6, 5, 1, 1, 4]
    assert [during[f"{key}_share"] for key in counts[1:]] == pytest.approx([5 / 6, 1 / 6, 1 / 6, 4 / 6])
    assert during["accuracy"] == pytest.approx(4 / 5)
    # 2, 1, 0.5, 0.5, 0.5: the 95th percentile lies at 3.8 of 0 to 4, between 1 and 2
    assert during["latency"]["mean"] == pytest.approx(0.9) and during["latency"]["p95"] == pytest.approx(1.8)
    assert during["exits"] == {"edge": {"count": 4, "share": 0.8}, "cloud": {"count": 1, "share": 0.2}}
    assert during["without"] == {
        "answered": 6,
        "forced": 0,
        "dropped": 0,
        "right": 4,
        "answered_share": 1.0,
        "forced_share": 0.0,
        "dropped_share": 0.0,
        "right_share": pytest.approx(4 / 6),
        "accuracy": pytest.approx(4 / 6),
        "latency": pytest.approx(dict.fromkeys(("mean", "p50", "p95", "p99", "max"), USUAL)),
        "exits": {"edge": {"count": 6, "share": 1.0}, "cloud": {"count": 0, "share": 0.0}},
    }
    difference = during["difference"]
    assert difference["changed"] == 6
    # Right or not: 10 is lost (−1), 14 is won (+1), four are as they were: mean 0, s² = 2 / 5.
    half = 2.570582 * (2 / 5) ** 0.5 / 6**0.5  # Student's t, 5 degrees of freedom
    assert difference["right"] == {"mean": 0.0, "low": pytest.approx(-half), "high": pytest.approx(half)}
    # Latency of the five that both answered: 1.9, 0.9, 0.4, 0.4, 0.4 more: mean 0.8, s² = (1.21 + 0.01 + 3 · 0.16) / 4.
    half = 2.776445 * (1.7 / 4) ** 0.5 / 5**0.5  # 4 of them
    assert difference["latency"] == pytest.approx({"mean": 0.8, "low": 0.8 - half, "high": 0.8 + half}, abs=1e-6)
    after = found["after"]
    assert (after["captured"], after["right"], after["without"]["right"], after["difference"]["changed"]) == (
        25,
        24,
        24,
        2,
    )
    assert after["difference"]["right"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert found["changed"] == 8 and found["compared"]
    assert found["recovered"] == 1
    assert found["time_to_recover"] == pytest.approx(16.1 - 15)  # 15 is slow, 16 forced; 17 and later are as without it
    assert (found["incidents"], found["periods"], found["targets"], found["downtime"]) == (1, 1, {"camera1": 5.0}, 5.0)
    assert found["first"] == found["last"] == {"began": 10.0, "ended": 15.0}


def test_samples_under_way_are_during_whatever_became_of_them_and_those_that_left_before_are_not():
    """Begins at 10: one dropped at 9.9 is before, one dropped at 10 exactly is hit, one never decided is hit."""
    special = {
        7: {"outcome": "dropped", "left": 9.9},
        8: {"outcome": "dropped", "left": 10.0},
        9: {"outcome": "unfinished"},
        15: {"outcome": "dropped", "left": 15.0},
    }
    found = report(30, special, [Incident(CAMERA, 10.0, 15.0)], {"camera": special})["camera"]
    assert (found["during"]["captured"], found["during"]["dropped"], found["during"]["answered"]) == (7, 1, 5)
    assert (found["after"]["captured"], found["after"]["dropped"]) == (15, 1)  # at its end it is over
    assert found["during"]["without"] == {key: found["during"][key] for key in found["during"]["without"]}
    assert found["changed"] == 0 and found["time_to_recover"] == 0.0  # those that never ended would not have, either


def test_a_fault_is_not_blamed_for_another_that_strikes_meanwhile():
    """A camera for ever, which costs 20 its answer; the uplink at 20 to 22, which makes samples late and 21 wrong."""
    late = {20: {"latency": 0.9}, 21: {"latency": 0.8, "correct": False}}
    incidents = [Incident(CAMERA, 10.0), *(Incident(fault, 20.0, 22.0) for fault in UPLINK)]
    real = {**late, 20: {"outcome": "dropped", "left": 20.5}}
    found = report(40, real, incidents, {"camera": late, "uplink": {20: {"outcome": "dropped", "left": 20.5}}})
    camera, uplink = found["camera"], found["uplink"]
    assert (camera["changed"], camera["during"]["captured"], camera["after"]) == (1, 30, None)
    assert (camera["during"]["right"], camera["during"]["without"]["right"]) == (28, 29)
    assert camera["during"]["difference"]["latency"]["mean"] == 0.0  # of the 29 that both answered
    assert (camera["recovered"], camera["time_to_recover"]) == (0, None)  # it never ended
    assert (uplink["changed"], uplink["during"]["captured"], uplink["after"]["captured"]) == (1, 2, 18)
    assert (uplink["during"]["right"], uplink["during"]["without"]["right"]) == (0, 1)
    assert uplink["during"]["difference"]["latency"]["mean"] == pytest.approx(0.7)
    assert uplink["targets"] == {"edge–cloud": 2.0} and uplink["incidents"] == 1
    assert uplink["time_to_recover"] == 0.0  # that of 21 came before its end


def test_incidents_at_several_places_make_periods_together():
    """Cameras 1 and 2 fail at 10 to 15 and 12 to 18, camera 1 again at 40 to 43: two periods, 8 s and 3 s."""
    cameras = [CAMERA.model_copy(update={"node": f"camera{number}"}) for number in (1, 2)]
    incidents = [Incident(cameras[0], 10.0, 15.0), Incident(cameras[1], 12.0, 18.0), Incident(cameras[0], 40.0, 43.0)]
    special = {number: {"latency": 0.2} for number in (18, 19, 20, 43)}
    found = report(70, special, incidents, {"camera": {}})["camera"]
    assert (found["incidents"], found["periods"], found["recovered"]) == (3, 2, 2)
    assert found["targets"] == {"camera1": 8.0, "camera2": 6.0} and found["downtime"] == 14.0
    assert found["first"] == {"began": 10.0, "ended": 18.0} and found["last"] == {"began": 40.0, "ended": 43.0}
    assert found["time_to_recover"] == pytest.approx((2.2 + 0.2) / 2)  # the answers to 20 and to 43
    assert found["during"]["captured"] == 8 + 3
    assert found["after"]["captured"] == 22 + 27  # between the periods, too


def test_only_what_recovers_before_the_next_period_and_the_end_counts():
    """The first period's last effect comes when the second has begun; that of the third never ends."""
    incidents = [Incident(CAMERA, 10.0, 11.0), Incident(CAMERA, 20.0, 21.5), Incident(CAMERA, 50.0, 55.0)]
    special = {19: {"latency": 1.5}, 24: FORCED, 79: {"outcome": "unfinished"}}
    found = report(80, special, incidents, {"camera": {}})["camera"]
    assert (found["periods"], found["recovered"]) == (3, 1)
    assert found["time_to_recover"] == pytest.approx(25 - 21.5)
    # Nothing is late here: samples captured in the next period are not the last one's.
    special = {21: {"latency": 5.0}}
    found = report(80, special, incidents, {"camera": {}})["camera"]
    assert (found["recovered"], found["time_to_recover"]) == (3, pytest.approx((0 + 4.5 + 0) / 3))


def test_what_is_within_a_hundredth_is_as_it_was():
    incidents = [Incident(CAMERA, 10.0, 15.0)]
    for latency, changed in ((0.1009, 0), (0.0991, 0), (0.1011, 25), (0.0989, 25)):
        special = {number: {"latency": latency} for number in range(15, 40)}
        assert report(40, special, incidents, {"camera": {}})["camera"]["changed"] == changed
    for other in ({"outcome": "forced"}, {"exit": "cloud"}):
        assert report(40, {5: other}, incidents, {"camera": {}})["camera"]["changed"] == 1


def test_a_fault_that_never_struck_changed_nothing():
    never = CAMERA.model_copy(update={"name": "never", "at": 100.0})
    up = Fault(name="repaired", node="camera1", action="up", at=12.0)
    found = report(40, {}, [Incident(CAMERA, 10.0, 12.0)], {"camera": {}}, [CAMERA, up, never])
    assert list(found) == ["camera", "never"]  # an "up" is no fault
    assert found["never"]["during"] is found["never"]["after"] is found["never"]["time_to_recover"] is None
    assert (found["never"]["changed"], found["never"]["compared"], found["never"]["recovered"]) == (0, True, 0)
    assert (found["never"]["incidents"], found["never"]["downtime"], found["never"]["targets"]) == (0, 0.0, {})
    assert found["never"]["first"] is found["never"]["last"] is None
    assert report(40, {}, [], faults=[]) == {}


def test_without_a_comparison_there_is_what_was_and_no_more():
    found = report(40, {12: FORCED, 13: DROPPED}, [Incident(CAMERA, 10.0, 15.0)])["camera"]
    assert (found["compared"], found["changed"], found["recovered"], found["time_to_recover"]) == (False, None, 0, None)
    assert [found["during"][key] for key in ("captured", "forced", "dropped", "right")] == [5, 1, 1, 4]
    assert found["during"]["without"] is found["during"]["difference"] is None


def test_without_samples_or_answers_there_are_no_numbers():
    found = report(0, {}, [Incident(CAMERA, 10.0, 15.0)], {"camera": {}}, end=20.0)["camera"]
    assert found["during"] is found["after"] is None
    assert (found["changed"], found["time_to_recover"]) == (0, 0.0)
    special = {number: {"outcome": "dropped", "left": number + 0.1} for number in range(30)}
    during = report(30, special, [Incident(CAMERA, 10.0, 15.0)], {"camera": {}})["camera"]["during"]
    assert during["accuracy"] is during["latency"]["p95"] is None and during["right_share"] == 0.0
    assert during["exits"]["edge"] == {"count": 0, "share": None}
    assert during["difference"]["latency"] == {"mean": None, "low": None, "high": None}
    assert during["difference"]["right"] == {"mean": -1.0, "low": -1.0, "high": -1.0}


def test_a_fault_of_one_site_is_measured_on_its_samples():
    """Two sites in turn, at even and odd seconds; the fault of north is of no concern to south's samples."""
    base = world_scenario(cameras=2)
    nodes = {
        **base.nodes,
        "camera1": node("device", view=1, site="north"),
        "camera2": node("device", view=1, site="south"),
    }
    scenario = base.model_copy(update={"nodes": nodes})
    cloud = Fault(name="cloud", node="cloud", action="slow", value=2.0, at=30.0, lasts=2.0)
    incidents = [Incident(CAMERA, 10.0, 15.0), Incident(cloud, 30.0, 32.0)]
    found = report(40, {}, incidents, {"camera": {}, "cloud": {}}, scenario=scenario, sites=("north", "south"))
    assert [found["camera"][when]["captured"] for when in ("during", "after")] == [3, 12]  # 10, 12, 14; 16, 18, …
    assert [found["cloud"][when]["captured"] for when in ("during", "after")] == [2, 8]  # everybody's


def tiny(system: str) -> Scenario:
    """Camera 2 of two is down from 20.5 s to 30.5 s and warms up until 33.5 s; a sample a second, 60 in all."""
    script = [Fault(name="camera2", node="camera2", action="down", at=20.5, lasts=10.0)]
    return world_scenario(
        cameras=2,
        samples=60,
        workload=Periodic(every=1.0),
        system=system,
        wait=0.05,
        script=script,
        nodes={"camera2": node("device", view=2, warm_up=3.0)},
    )


def reported(system: str) -> dict[str, Any]:
    scenario = tiny(system)
    world, other = play(scenario), play(scenario, without="camera2")
    captured = captures(scenario)
    labels = np.zeros(60, np.int64)
    lives, without = (Lives.of(captured, labels, one.endings, one.env.now) for one in (world, other))
    exits = {"ddnn": EXITS, "ada-ddnn": ("edge-1", "edge-2", "cloud")}[system]
    others, end = {"camera2": without}, seconds(world.env.now)
    run = played(lives, exits, end, scenario, incidents=world.incidents, without=others)
    return sections(run, "faults")["faults"]


def test_a_tiny_world_in_which_a_camera_dies():
    """13 samples without the camera (50 ms later each, as the edge waits), 26 from 34 s on: as without the fault."""
    found = reported("ddnn")["camera2"]
    assert [found[when]["captured"] for when in ("during", "after")] == [13, 26]
    assert found["downtime"] == pytest.approx(13.0) and found["first"] == {"began": 20.5, "ended": 33.5}
    # 1 ms + 20 ms for a report, 2 ms at the edge, 30 ms up and 4 ms in the cloud for those that go on
    ways = {"edge": 0.023, "cloud": 0.057}
    for group, late in ((found["during"], 0.05), (found["during"]["without"], 0.0), (found["after"], 0.0)):
        exits = group["exits"]
        assert all(exits[name]["count"] for name in ways)
        mean = sum(exits[name]["share"] * (way + late) for name, way in ways.items())
        assert group["latency"]["mean"] == pytest.approx(mean, abs=1e-9)
        assert group["latency"]["max"] == pytest.approx(ways["cloud"] + late, abs=1e-9)
    assert (found["changed"], found["during"]["difference"]["changed"]) == (13, 13)
    assert found["time_to_recover"] == 0.0  # the answer to the sample of 33 s came before 33.5 s


def test_the_report_does_not_depend_on_the_order_of_systems():
    forth = {system: reported(system) for system in ("ddnn", "ada-ddnn")}
    back = {system: reported(system) for system in ("ada-ddnn", "ddnn")}
    assert forth == back
    keys = ("incidents", "targets", "downtime", "periods", "first", "last")
    first, second = ([found["camera2"][key] for key in keys] for found in forth.values())
    assert first == second


def test_the_comparison_prints_faults_where_a_run_has_them(tmp_path: Path):
    write_fake(tmp_path / "run", samples=30)
    summary = read_run(tmp_path / "run").summary

    def printed() -> str:
        text = io.StringIO()
        print_comparison(summary, Console(file=text, width=100))
        return text.getvalue()

    assert "recovers in" not in printed()  # a run of before there was such a section
    special: Special = {number: {"latency": 0.5} for number in (15, 16)} | {11: {"outcome": "forced"}}
    special |= {13: {"outcome": "dropped", "left": 13.5}}
    incidents = [Incident(CAMERA, 10.0, 15.0), *(Incident(fault, 38.0, 39.0) for fault in UPLINK)]
    summary["systems"]["ddnn"]["faults"] = report(40, special, incidents, {"camera": {}, "uplink": special})
    summary["systems"]["ada-ddnn"]["faults"] = report(40, special, incidents)
    lines = [line.split() for line in printed().splitlines()]
    flat = [" ".join(line) for line in lines]
    at = flat.index("camera")
    half = 2.776445 * (0.8 / 4) ** 0.5 / 5**0.5  # t(4); of −1 and four times 0: mean −0.2, s² = 0.8 / 4
    assert flat[at + 1 : at + 10] == [
        "ddnn 5 during 80.0 % 100 ms 20.0 % 20.0 %",
        "without it 100.0 % 100 ms 0.0 % 0.0 %",
        f"difference -20.0 ± {100 * half:.1f} % +0.0 ± 0.0 ms",
        "25 after 100.0 % 132 ms 0.0 % 0.0 %",  # two of 25 took 0.4 s more
        "without it 100.0 % 100 ms 0.0 % 0.0 %",
        f"difference +0.0 ± 0.0 % +32.0 ± {1e3 * 2.063899 * 0.4 * (2 / 25 * 23 / 24) ** 0.5 / 5:.1f} ms",
        "recovers in 1.5 s",  # with the answer to 16
        "ada-ddnn 5 during 80.0 % 100 ms 20.0 % 20.0 %",
        "recovers in not compared",
    ]
    at = flat.index("uplink")
    assert flat[at + 1 : at + 5] == [
        "ddnn 1 during 100.0 % 100 ms 0.0 % 0.0 %",
        "without it 100.0 % 100 ms 0.0 % 0.0 %",
        "difference +0.0 % +0.0 ms",
        "recovers in at once",
    ]


def test_a_run_keeps_its_incidents_and_figures_show_them(tmp_path: Path):
    """Also those that no script announced."""
    write_fake(tmp_path / "none", samples=30, faults=[])
    run = read_run(tmp_path / "none")
    assert run.incidents("ddnn") is None and faults_of(run) == []
    loss = Fault(name="rain", link=("camera1", "edge"), action="loss", value=0.3, mtbf=2.0, mttr=1.0)
    slow = Fault(name="heat", node="edge", action="slow", value=2.5, at=5.0)
    narrow = UPLINK[0].model_copy(update={"value": 125e3})
    incidents = [Incident(loss, 0.5, 0.75), Incident(CAMERA, 1.0, 2.0), Incident(narrow, 3, 4), Incident(slow, 5.0)]
    results = [fake_system(name, 30, [], 1) for name in ("ddnn", "ada-ddnn")]
    results = [replace(result, incidents=incidents_table(incidents)) for result in results]
    made = manifest("", 1, {"name": "plaza"}, {}, ["simnet"])
    write_run(tmp_path / "run", collect("x", fake_scenario([]), results, made))
    run = read_run(tmp_path / "run")
    assert run.incidents("ada-ddnn").to_pylist()[0] == {
        "fault": "rain", "target": "camera1→edge", "action": "loss", "value": 0.3, "began": 0.5, "ended": 0.75
    }  # fmt: skip
    assert [(fault.start, fault.end, fault.label, fault.down) for fault in faults_of(run)] == [
        (0.5, 0.75, "camera1→edge loses 30 %", False),
        (1.0, 2.0, "camera1 down", True),
        (3.0, 4.0, "edge→cloud at 1 Mbit/s", False),
        (5.0, inf, "edge 2.5× slower", False),
    ]
    assert "camera1 down" in {
        text.get_text() for axes in draw_timeline(run, Selection(8, 8)).axes for text in axes.texts
    }


@pytest.mark.parametrize(
    ("place", "value"),
    [((), 3), (("camera",), None), (("camera", "during", "latency"), {}), (("camera", "periods"), "two")],
)
def test_a_damaged_section_is_one_message(tmp_path: Path, place: tuple[str, ...], value: Any):
    write_fake(tmp_path / "run", samples=5)
    file = tmp_path / "run" / "summary.json"
    summary = json.loads(file.read_text(encoding="utf-8"))
    holder, path = summary["systems"]["ddnn"], ("faults", *place)
    holder["faults"] = report(5, {}, [Incident(CAMERA, 10.0, 15.0)], {"camera": {}})  # nothing during and after: null
    file.write_text(json.dumps(summary), encoding="utf-8")
    reseal(tmp_path / "run")
    assert read_run(tmp_path / "run").summary["systems"]["ddnn"]["faults"]["camera"]["during"] is None
    holder["faults"] = report(20, {}, [Incident(CAMERA, 10.0, 15.0)], {"camera": {}})
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    file.write_text(json.dumps(summary), encoding="utf-8")
    with pytest.raises(RunError, match=rf"summary\.json: damaged \(systems\.ddnn\.{'.'.join(path)}"):
        read_run(tmp_path / "run")
