"""Every shipped scenario with the shipped weights: it runs, and shows what its comment says.

Faults are moved to samples 20 to 35 and 55 to 75, so that a hundred samples meet them all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paths import SCENARIOS

from simnet.cli import app as cli
from simnet.results.run import Results, read_run
from simnet.scenario import load_scenario
from simnet.workloads.periodic import Periodic

SAMPLES = 100
FIRST, SECOND = (20, 35), (55, 75)
"""The samples that the first and the second fault are moved to."""


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a shipped scenario; returns the run and when the faults are, in seconds."""

    def run(
        name: str,
        *options: str,
        faults: int = 2,
        systems: tuple[str, ...] = ("ddnn", "ada-ddnn"),
        samples: int = SAMPLES,
    ) -> tuple[Results, list[tuple[float, float]]]:
        workload = load_scenario(SCENARIOS / f"{name}.yaml").workload
        every = workload.every if isinstance(workload, Periodic) else None
        assert every is not None or not faults
        windows = [(start * (every or 0), end * (every or 0)) for start, end in (FIRST, SECOND)[:faults]]
        arguments = ["run", str(SCENARIOS / f"{name}.yaml"), "--out", str(tmp_path / name), "--quiet", *options]
        arguments += ["--samples", str(samples)]
        for number, (start, end) in enumerate(windows):
            arguments += [
                "--set",
                f"faults.{number}.at={start:.6g} s",
                "--set",
                f"faults.{number}.for={end - start:.6g} s",
            ]
        monkeypatch.setattr(sys, "argv", ["simnet", *arguments])
        with pytest.raises(SystemExit) as end_of_run:
            cli.main()
        assert end_of_run.value.code in (0, None)
        made = read_run(tmp_path / name)
        assert made.systems == systems
        for system in made.systems:
            summary = made.summary["systems"][system]
            assert summary["finished"] + summary["dropped"] + summary["unfinished"] == samples
            assert summary["dropped"] == 0
        first, *others = (made.samples(system)["captured_at"] for system in made.systems)
        assert all(first.equals(other) for other in others)
        return made, windows

    return run


def test_every_shipped_scenario_is_played_here():
    names = {str(path.relative_to(SCENARIOS).with_suffix("")) for path in SCENARIOS.rglob("*.yaml")}
    names -= {name for name in names if name.startswith("sweeps/")}  # played in tests/experiments/sweeps
    assert names == {
        *("six_cameras", "six_cameras_cifar10", "camera_failure", "cloud_outage", "codecs", "ddnn_2017"),
        *("battery", "baselines", "first_exit", "failures", "codec_by_bandwidth", "allocation", "latency_target"),
        *("resilience", "two_sites", "deadlines", "four_groups", "vote", "distree", "distree_fluctuating"),
        *("league", "dapdee_light", "dapdee_heavy", "campus", "sizing", "missing_cameras", "duty_cycle"),
        *(f"tiers/{tiers}" for tiers in CONFIGURATIONS),
    }


def test_campus(play):
    """Every building answers its own six views; only what goes to the cloud is shared."""
    made, _ = play("campus", "--set", "let.buildings=3", faults=0, systems=("ada-ddnn",))
    sites = made.summary["systems"]["ada-ddnn"]["sites"]
    assert list(sites) == ["b1", "b2", "b3"]
    assert set(made.samples("ada-ddnn")["views"].to_pylist()) == {63}
    ends = {place.split("→")[1] for place in made.spans("ada-ddnn")["message"].drop_null().unique().to_pylist()}
    assert {"b1-edge", "b2-edge", "b3-edge"} <= ends <= {"b1-edge", "b2-edge", "b3-edge", "cloud"}


def test_sizing(play):
    """Four squares have four times the samples in the same time; more of them keep the uplink busier."""
    busy = []
    for squares in (1, 4):
        made, _ = play("sizing", "--set", f"let.squares={squares}", faults=0)
        assert {*made.samples("ddnn")["site"].to_pylist()} == {f"s{n}" for n in range(1, squares + 1)}
        busy.append(made.summary["systems"]["ddnn"]["usage"]["places"]["edge→cloud"]["utilisation"])
    assert busy[0] < busy[1]


def test_missing_cameras(play):
    """Camera 3 never reports; who asks every exit lets no sample leave before the cloud."""
    made, _ = play("missing_cameras", faults=0, systems=("ada-ddnn", "every-exit"))
    for system in made.systems:
        assert set(made.samples(system)["views"].to_pylist()) == {63 - 4}
    assert set(made.samples("every-exit")["exit"].to_pylist()) == {"cloud"}


def test_battery(play):
    """With a twentieth of the charge three cameras go dark half way through: from then on the others answer alone.

    Less is sent on request than at once, but for a second wake-up, which takes more; one bit a value lasts longest.
    """
    systems = ("together", "on-request", "one-bit")
    made, _ = play("battery", "--set", "nodes.camera[1..3].battery=0.6 mWh", faults=0, systems=systems)
    for system in made.systems:
        nodes = made.summary["systems"][system]["energy"]["nodes"]
        assert {name for name, one in nodes.items() if one.get("battery_left") == 0} == {
            "camera1",
            "camera2",
            "camera3",
        }
        table = made.samples(system)
        assert set(table["views"].to_pylist()) == {63, 63 - 7}
        assert table["views"].to_pylist() == sorted(table["views"].to_pylist(), reverse=True)
        sent = sum(one["sent"] for one in nodes.values())
        assert sum(table["energy"].to_pylist()) == pytest.approx(sent + sum(one["busy"] for one in nodes.values()))
    sent = [sum(n["sent"] for n in made.summary["systems"][s]["energy"]["nodes"].values()) for s in made.systems]
    assert sent[2] < sent[1] < sent[0]
    lives = [made.summary["systems"][s]["energy"]["nodes"]["camera1"]["battery_life"] for s in made.systems]
    assert lives[1] < lives[0] < lives[2]


def test_duty_cycle(play):
    """Whoever sleeps sooner lasts longer; what waking takes is in the latency."""
    made, _ = play("duty_cycle", faults=0, systems=("ada-ddnn",))
    nodes = made.summary["systems"]["ada-ddnn"]["energy"]["nodes"]
    lives = [nodes[f"camera{number}"]["battery_life"] for number in range(1, 7)]
    assert lives[0] == lives[1] < lives[4] == lives[5] < lives[2] == lives[3]
    assert nodes["camera3"]["wake_ups"] == made.summary["systems"]["ada-ddnn"]["captured"]
    assert "wake_ups" not in nodes["camera1"]
    other, _ = play("duty_cycle", "--set", "nodes.camera[3..6].power.wake_up=0 s", faults=0, systems=("ada-ddnn",))
    mean = [one.summary["systems"]["ada-ddnn"]["latency"]["mean"] for one in (made, other)]
    assert mean[0] > mean[1] + 0.02


def test_baselines(play):
    """The oracle is the most accurate, the devices alone the fastest; the slow uplink moves Neurosurgeon's cut."""
    systems = ("ada-ddnn", "device-only", "edge-only", "cloud-only", "neurosurgeon", "oracle")
    made, _ = play("baselines", "--set", "faults.0.at=10 s", faults=0, systems=systems)
    found = made.summary["systems"]
    best = found["oracle"]["accuracy"]
    assert all(found[name]["accuracy"] <= best for name in systems)
    assert found["device-only"]["accuracy"] < min(found[name]["accuracy"] for name in systems if name != "device-only")
    mean = {name: found[name]["latency"]["mean"] for name in systems}
    assert min(mean, key=lambda name: mean[name]) == "device-only"
    assert mean["oracle"] < mean["ada-ddnn"] < mean["neurosurgeon"] < min(mean["edge-only"], mean["cloud-only"])
    cuts = found["neurosurgeon"]["policy"]["cuts"]
    assert [*cuts["samples"]] == ["device | edge+cloud | –", "device | – | edge+cloud"] and cuts["changes"] == 1


def test_first_exit(play):
    """Who leaves at exit 1 does not wait for the slow camera; features on request save bytes and cost a round trip."""
    names = ("together", "eager", "on-request", "eager-on-request")
    made, _ = play("first_exit", faults=0, systems=names)
    rows = {name: made.samples(name).to_pylist() for name in names}
    first = {name: [row["latency"] for row in rows[name] if row["exit"] == "edge-1"] for name in names}
    assert len({len(latencies) for latencies in first.values()}) == 1
    mean = {name: sum(latencies) / len(latencies) for name, latencies in first.items()}
    assert mean["eager"] < mean["together"] / 3 and mean["eager-on-request"] < mean["on-request"] / 2
    sent = {name: sum(row["bytes"] for row in rows[name]) for name in names}
    assert sent["on-request"] == sent["eager-on-request"] < sent["together"] == sent["eager"]


def test_codec_by_bandwidth(play):
    """From 15 s on the radio is poor: then the features that are coded by bandwidth weigh as those that always are."""
    made, _ = play("codec_by_bandwidth", faults=0, systems=("fp32", "int8", "bit", "int8-above", "bit-above"))
    assert {name: len({row["bytes"] for row in made.samples(name).to_pylist() if row["exit"] != "cloud"}) for name in (
        "fp32", "bit", "bit-above"
    )} == {"fp32": 1, "bit": 1, "bit-above": 2}  # fmt: skip
    poor = {name: [row for row in made.samples(name).to_pylist() if 15.2 < row["captured_at"] < 19.8] for name in (
        "bit", "bit-above"
    )}  # fmt: skip
    assert [row["prediction"] for row in poor["bit"]] == [row["prediction"] for row in poor["bit-above"]]


def test_allocation(play):
    """Without a way to the cloud nobody is forced, and the mean latency is never the longer one."""
    moved = ["--set", "faults.0.at=10 s", "--set", "faults.0.for=5 s"]
    made, _ = play("allocation", *moved, faults=0, systems=("cloud", "soonest"))
    found = {name: made.summary["systems"][name] for name in made.systems}
    assert found["cloud"]["forced"] > 0 == found["soonest"]["forced"]
    assert found["soonest"]["latency"]["mean"] < found["cloud"]["latency"]["mean"]


def test_latency_target(play):
    """At six times the rate all the while: answers come sooner, and fewer samples go up."""
    made, _ = play(
        "latency_target", "--set", "workload.mmpp.0.rate=60 /s", faults=0, systems=("given", "target"), samples=400
    )
    found = {name: made.summary["systems"][name] for name in made.systems}
    assert found["target"]["latency"]["p95"] < found["given"]["latency"]["p95"]
    assert found["target"]["exits"]["cloud"]["share"] < found["given"]["exits"]["cloud"]["share"]
    assert found["target"]["policy"]["latency_target"]["above"] > 0


def test_four_groups(play):
    """While edge2 is down the cameras of east report to edge3; nothing that is captured in the outage is lost."""
    outage, edges = (0.5, 4.5), ("edge1", "edge2", "edge3", "edge4")
    moved = ["--set", "faults.0.at=500 ms", "--set", "faults.0.for=4 s"]
    made, _ = play("four_groups", *moved, faults=0, samples=120)
    for system in made.systems:
        rows, spans = made.samples(system).to_pylist(), made.spans(system).to_pylist()
        east = {row["sample"] for row in rows if row["site"] == "east" and outage[0] <= row["captured_at"] < outage[1]}
        assert len(east) > 5
        computed = {span["sample"]: span["place"] for span in spans if span["place"] in edges}
        assert {computed[sample] for sample in east if sample in computed} == {"edge3"}
        assert all(rows[sample]["outcome"] == "finished" for sample in east)


CONFIGURATIONS = {
    "cloud_only": ("cloud",),
    "device_cloud": ("local", "cloud"),
    "devices_cloud": ("local", "cloud"),
    "device_edge_cloud": ("local", "edge", "cloud"),
    "devices_edge_cloud": ("local", "edge", "cloud"),
    "devices_edges_cloud": ("local", "edge", "cloud"),
}


def during(rows: list[dict], window: tuple[float, float], margin: float = 0.0) -> list[dict]:
    """The samples captured in a window, `margin` seconds inside its end."""
    return [row for row in rows if window[0] <= row["captured_at"] < window[1] - margin]


def outside(rows: list[dict], *windows: tuple[float, float]) -> list[dict]:
    """The samples captured clear of all windows: 0.3 s before them or 0.5 s after."""
    return [row for row in rows if not any(a - 0.3 < row["captured_at"] < b + 0.5 for a, b in windows)]


def test_six_cameras(play: Callable[..., Any]):
    """One camera fails for a while, then the uplink is slow."""
    run, (first, second) = play("six_cameras", "--figures")
    assert (run.path / "figures" / "timeline.png").is_file()
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        assert {row["views"] for row in during(rows, first)} == {0b111011}
        assert {row["views"] for row in outside(rows, first)} == {0b111111}
        slow = [
            row["latency"] for row in during(rows, second, 0.2) if row["exit"] == "cloud" or row["outcome"] == "forced"
        ]
        quick = [row["latency"] for row in outside(rows, first, second) if row["exit"] == "cloud"]
        assert slow and quick and min(slow) > max(quick)
        assert run.summary["systems"][system]["accuracy"] > 0.7


def test_camera_failure(play: Callable[..., Any]):
    """One camera, then two at once: the fusion runs without them, after waiting for them."""
    run, (first, second) = play("camera_failure", "--no-figures")
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        assert {row["views"] for row in during(rows, first)} == {0b111101}
        assert {row["views"] for row in during(rows, second)} == {0b100111}
        clear = outside(rows, first, second)
        assert {row["views"] for row in clear} == {0b111111}
        edge = [name for name in run.summary["systems"][system]["exits"] if name != "cloud"]
        for name in edge:
            waited = [row["latency"] for row in during(rows, first) + during(rows, second) if row["exit"] == name]
            direct = [row["latency"] for row in clear if row["exit"] == name]
            if waited and direct:
                assert min(waited) == pytest.approx(min(direct) + 0.060, abs=1e-6)


def test_cloud_outage(play: Callable[..., Any]):
    """Without an answer from the cloud samples are forced to leave at the edge, exactly at the limit."""
    # At its calibrated T ADA-DDNN sends one sample in thirty to the cloud: too few for windows this short.
    run, windows = play("cloud_outage", "--no-figures", "--set", "systems.ada-ddnn.thresholds=0.05")
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        last = "edge" if system == "ddnn" else "edge-2"
        for window in windows:
            inside = during(rows, window, 0.2)
            forced = [row for row in inside if row["outcome"] == "forced"]
            assert forced and {row["exit"] for row in forced} == {last}
            assert "cloud" not in {row["exit"] for row in inside}
            assert all(row["latency"] > 0.150 for row in forced)
        clear = outside(rows, *windows)
        assert {row["outcome"] for row in clear} == {"finished"} and "cloud" in {row["exit"] for row in clear}
        ended = {span["sample"]: span["ended_at"] for span in run.spans(system).to_pylist() if span["place"] == "edge"}
        for row in rows:
            if row["outcome"] == "forced":
                assert row["finished_at"] == pytest.approx(ended[row["sample"]] + 0.150, abs=1e-9)


def test_resilience(play: Callable[..., Any]):
    """Each policy does for the same samples what it is for, and the last system has the best of all."""
    names = ("plain", "heartbeat", "retry", "breaker", "all")
    faster = [f"systems.{name}.heartbeat.every=200 ms" for name in ("heartbeat", "all")]  # the faults are short here
    run, (dead, away) = play(
        "resilience", "--no-figures", *(word for one in faster for word in ("--set", one)), systems=names
    )
    rows = {name: run.samples(name).to_pylist() for name in names}

    def mean(name: str, window: tuple[float, float]) -> float:
        found = [row["latency"] for row in during(rows[name], window, 0.0)]
        return sum(found) / len(found)

    def lost(name: str) -> int:
        # Until the outage: after it the circuit is still open for a while.
        return sum(row["outcome"] == "forced" for row in rows[name] if row["captured_at"] < away[0] - 0.5)

    # 600 ms of waiting for the camera, then none: 12 of 15 samples wait no more for their 100 ms.
    assert mean("heartbeat", dead) < mean("plain", dead) - 0.07
    assert mean("breaker", away) < mean("plain", away) / 2
    assert lost("retry") == lost("all") < lost("plain") == lost("heartbeat")
    for window in (dead, away):
        assert mean("all", window) <= min(mean(name, window) for name in ("heartbeat", "breaker")) + 1e-3
    policy = {name: run.summary["systems"][name].get("policy", {}) for name in names}
    assert [sorted(policy[name]) for name in names[:4]] == [[], ["heartbeat"], ["retry"], ["breaker"]]
    assert policy["all"]["heartbeat"] == {"detections": 1, "false_detections": 0}
    assert policy["all"]["breaker"]["cloud"]["openings"] == 1 <= policy["all"]["breaker"]["cloud"]["refused"]
    assert policy["retry"]["retry"]["answered"] > 0


def test_two_sites(play: Callable[..., Any]):
    """Sites share the cloud only: while south has a rush, north's samples that need the cloud are late."""
    run, _ = play("two_sites", "--no-figures", faults=0, samples=150)
    for system in run.systems:
        summary, rows = run.summary["systems"][system], run.samples(system).to_pylist()
        assert set(summary["sites"]) == {"north", "south"} == {row["site"] for row in rows}
        assert sum(site["captured"] for site in summary["sites"].values()) == 150
        for span in run.spans(system).to_pylist():
            site = rows[span["sample"]]["site"]
            assert site in span["place"] or span["place"] == "cloud"
    rows = [row for row in run.samples("ddnn").to_pylist() if row["exit"] == "cloud" or row["outcome"] == "forced"]
    times = {site: [row["captured_at"] for row in rows if row["site"] == site] for site in ("north", "south")}
    rush = [any(0 < row["captured_at"] - at < 0.1 for at in times["south"]) for row in rows]
    north = [(row["latency"], busy) for row, busy in zip(rows, rush, strict=True) if row["site"] == "north"]
    quiet = [latency for latency, busy in north if not busy]
    busy = [latency for latency, busy in north if busy]
    assert quiet and busy and sum(busy) / len(busy) > 1.5 * sum(quiet) / len(quiet)


def test_deadlines(play: Callable[..., Any]):
    """Urgent samples overtake: far fewer of them are late than with queues in order of arrival."""
    fifo = [f"--set=nodes.{name}.queue.order=fifo" for name in ("edge", "cloud")]
    missed = []
    for options in ((), fifo):
        run, _ = play("deadlines", "--no-figures", *options, faults=0, samples=150)
        summary = run.summary["systems"]["ddnn"]
        assert set(summary["classes"]) == {"urgent", "normal"}
        for key in ("samples", "met", "late", "unanswered"):
            assert summary["deadlines"][key] == sum(of["deadlines"][key] for of in summary["classes"].values())
        assert summary["deadlines"]["samples"] == 150
        missed.append(summary["classes"]["urgent"]["deadlines"]["miss_rate"])
    assert missed[0] < 0.1 and missed[1] > 0.4


def test_failures(play: Callable[..., Any]):
    """The cloud is cut off, cameras fail and rain falls more often than in the file; both systems meet the same."""
    often = {"1.mtbf": "20 s", "1.mttr": "500 ms", "2.mtbf": "2 s", "2.mttr": "500 ms"}
    options = [word for key, value in often.items() for word in ("--set", f"faults.{key}={value}")]
    options += ["--set", "nodes.camera*.warm_up=300 ms", "--set", "systems.ada-ddnn.thresholds=0.05"]
    run, (cut,) = play("failures", "--no-figures", *options, faults=1)
    incidents = {system: run.incidents(system).to_pylist() for system in run.systems}
    began = [[(one["fault"], one["target"], one["began"]) for one in found] for found in incidents.values()]
    shorter = min(map(len, began))  # one of the two may be done before the other
    assert began[0][:shorter] == began[1][:shorter]
    assert {fault for fault, _, _ in began[0][:shorter]} == {"partition", "cameras", "rain"}
    for system in run.systems:
        rows, report = run.samples(system).to_pylist(), run.summary["systems"][system]["faults"]
        assert report["partition"]["targets"] == {"edge–cloud": pytest.approx(cut[1] - cut[0])}
        forced = [row["captured_at"] for row in rows if row["outcome"] == "forced"]
        assert forced and cut[0] - 0.3 < min(forced) and max(forced) < cut[1]
        assert report["partition"]["during"]["forced"] == len(forced)
        gone = [one for one in incidents[system] if one["fault"] == "cameras" and one["ended"] is not None]
        assert gone and all(one["ended"] - one["began"] > 0.3 for one in gone)
        for one in gone:
            view = 1 << int(one["target"].removeprefix("camera")) - 1
            missed = during(rows, (one["began"], one["ended"]))
            assert not any(row["views"] & view for row in missed)
        rain = [one for one in incidents[system] if one["fault"] == "rain"]
        assert {one["began"] for one in rain} == {one["began"] for one in rain if one["target"] == "edge→camera6"}
        assert report["rain"]["incidents"] == 6 * report["rain"]["periods"]


def test_six_cameras_cifar10(play: Callable[..., Any], cifar10_folder: Path):
    """The paper's setting; nothing fails."""
    run, _ = play("six_cameras_cifar10", "--data-dir", str(cifar10_folder), "--no-figures", faults=0)
    for system in run.systems:
        rows = run.samples(system).to_pylist()
        assert {row["outcome"] for row in rows} == {"finished"} and {row["views"] for row in rows} == {0b111111}
        assert run.summary["systems"][system]["accuracy"] > 0.5


def test_distree(play: Callable[..., Any], cifar10_folder: Path):
    """Policies save computation and bytes to the degree that samples leave early; nothing is forced."""
    names = ("feature-difference", "similarity", "entropy", "random", "last-exit")
    run, _ = play("distree", "--data-dir", str(cifar10_folder), "--no-figures", faults=0, systems=names)
    found = {name: run.summary["systems"][name] for name in names}
    assert found["last-exit"]["exits"]["exit-4"]["count"] == SAMPLES
    header = 78
    for one in found.values():
        assert one["exits"]["exit-1"]["count"] == 0
        counts = [one["exits"][f"exit-{n}"]["count"] for n in (1, 2, 3, 4)]
        sent = [3 * (3072 + header) + 3 * n * (128 + header) + 3 * (n - 1) * (4 + header) for n in (1, 2, 3, 4)]
        assert one["bytes"]["total"] == sum(count * size for count, size in zip(counts, sent, strict=True))
        assert one["accuracy"] > 0.4
    for name in names[:-1]:
        assert found[name]["latency"]["mean"] < found["last-exit"]["latency"]["mean"]


def test_distree_fluctuating(play: Callable[..., Any], cifar10_folder: Path):
    """With a deadline samples are forced to leave while nodes are slow; who is lost costs the wait once."""
    names = ("no-limit", "deadline", "speculative", "last-exit")
    moved = ["--set", "faults.1.at=8 s", "--set", "faults.1.for=4 s", "--data-dir", str(cifar10_folder)]
    run, _ = play("distree_fluctuating", *moved, "--no-figures", faults=0, systems=names)
    rows = {name: run.samples(name).to_pylist() for name in names}
    outcomes = {name: {row["outcome"] for row in rows[name]} for name in names}
    assert outcomes["no-limit"] == outcomes["last-exit"] == {"finished"}
    assert "forced" in outcomes["deadline"] and "forced" in outcomes["speculative"]
    spent = {name: run.summary["systems"][name]["latency"]["mean"] for name in names}
    assert spent["deadline"] < spent["no-limit"] < spent["last-exit"]
    for row in during(rows["no-limit"], (8.0, 12.0), 0.2):
        assert row["latency"] > 0.015


def test_league(play: Callable[..., Any], cifar10_folder: Path):
    """All see the same images, cut or whole; a lost camera is a lost view, and nothing to who has another."""
    names = (
        *("ada-ddnn", "ddnn", "distree", "dapdee"),
        *("device-only", "edge-only", "cloud-only", "neurosurgeon", "oracle"),
    )
    moved = ["--set", "faults.1.at=1 h", "--set", "faults.2.at=11 s", "--set", "faults.2.for=4 s"]
    made, (lost,) = play("league", *moved, "--data-dir", str(cifar10_folder), "--no-figures", faults=1, systems=names)
    rows = {name: made.samples(name).to_pylist() for name in names}
    seen = [[(row["image"], row["label"]) for row in rows[name]] for name in names]
    assert all(other == seen[0] for other in seen)
    assert {row["views"] for row in during(rows["ada-ddnn"], lost)} == {0b111011}
    assert {row["views"] for row in rows["dapdee"]} == {0b1} == {row["views"] for row in rows["distree"]}
    found = made.summary["systems"]
    assert all(found[name]["accuracy"] <= found["oracle"]["accuracy"] for name in names[4:] + names[:1])
    assert {row["bytes"] for row in rows["dapdee"]} == {3072 + 4 + 78 + 44 + 78}  # the image up, scores down
    assert {row["bytes"] for row in rows["device-only"]} == {6 * (44 + 78), 5 * (44 + 78)}
    assert found["oracle"]["flop"]["per_sample"] < found["ada-ddnn"]["flop"]["per_sample"]
    assert set(found["distree"]["flop"]["nodes"]) == {f"camera{n}" for n in range(1, 5)}


VGG = 39_800_000
"""FLOP of vgg16-quarter, rounded."""


def test_dapdee_light(play: Callable[..., Any], cifar10_folder: Path):
    """On 3G the image goes up: 3,076 B and 44 + 4 B at 1.1 Mbit/s take 22.7 ms, the edge 0.3; the device takes 39.8."""
    names = ("device-only", "edge-only", "neurosurgeon", "dapdee")
    made, _ = play("dapdee_light", "--data-dir", str(cifar10_folder), "--no-figures", faults=0, systems=names)
    found = made.summary["systems"]
    typical = {name: found[name]["latency"]["p50"] for name in names}
    up = (3_076 + 48) * 8 / 1.1e6 + VGG / 132e9
    assert typical == pytest.approx(dict(zip(names, (VGG / 1e9, up, up, up), strict=True)), rel=2e-3)
    assert found["dapdee"]["accuracy"] == found["device-only"]["accuracy"] > 0.6


def test_dapdee_heavy(play: Callable[..., Any], cifar10_folder: Path):
    """On CAT1 the link would take 5.3 images a s, 20 come: whoever sends them all falls behind, DAPDEE does not."""
    names = ("device-only", "edge-only", "neurosurgeon", "dapdee")
    options = ("--data-dir", str(cifar10_folder), "--no-figures", "--set", "links.0.preset=dads-cat1")
    made, _ = play("dapdee_heavy", *options, faults=0, systems=names)
    found = made.summary["systems"]
    assert found["edge-only"]["finished"] / found["edge-only"]["simulated_time"] == pytest.approx(
        0.13e6 / 8 / 3_076, rel=0.02
    )
    assert found["edge-only"]["latency"]["mean"] > 5 > 1 > found["dapdee"]["latency"]["mean"]
    assert found["dapdee"]["latency"]["mean"] <= found["neurosurgeon"]["latency"]["mean"]


@pytest.fixture
def mvmc_folder() -> Path:
    """The folder that holds mvmc/test.parquet; skips the test where there is none."""
    for folder in (os.environ.get("SIMNET_DATA"), SCENARIOS.parent.parent / "shared" / "data"):
        if folder and (Path(folder) / "mvmc" / "test.parquet").is_file():
            return Path(folder)
    pytest.skip("no data set mvmc: name its folder in SIMNET_DATA")


def test_codecs(play: Callable[..., Any]):
    """Fewer bytes, less time; to fp16 and int8 hardly any answer is lost, to one bit some are."""
    names = ("fp32", "fp16", "int8", "bit")
    run, _ = play("codecs", "--no-figures", faults=0, systems=names)
    found = [run.summary["systems"][name] for name in names]
    for key in ("device_to_edge", "total"):
        sizes = [one["bytes"][key] for one in found]
        assert sizes == sorted(sizes, reverse=True) and sizes[-1] * 10 < sizes[0]
    times = [one["latency"]["mean"] for one in found]
    assert times == sorted(times, reverse=True)
    shares = {one["exits"]["edge-1"]["share"] for one in found}
    assert len(shares) == 1, "what devices say of themselves does not depend on the codec"
    right = [one["accuracy"] for one in found]
    assert max(right[:3]) - min(right[:3]) <= 0.02 and right[0] - right[3] > 0.03
    assert [one["codec"] for one in found] == ["fp32", "fp16", "int8", "1bit"]


def test_vote(play: Callable[..., Any]):
    """For the same bytes more leave at exit 1; forced to, more are right; a camera that is down drops out."""
    names = ("surest", "vote", "mean", "margin")
    run, (down,) = play("vote", "--no-figures", "--forced", faults=1, systems=names)
    surest, *others = (run.summary["systems"][name] for name in names)
    for one in others:
        assert one["exits"]["edge-1"]["share"] > surest["exits"]["edge-1"]["share"]
        assert one["exits"]["edge-1"]["forced_accuracy"] >= surest["exits"]["edge-1"]["forced_accuracy"]
        assert one["bytes"]["device_to_edge"] == surest["bytes"]["device_to_edge"]
    for name in names:
        rows = run.samples(name).to_pylist()
        assert {row["views"] for row in during(rows, down)} == {0b111101}
        assert {row["views"] for row in outside(rows, down)} == {0b111111}


def test_ddnn_2017(play: Callable[..., Any], mvmc_folder: Path):
    """From raw views to scores only: bytes of a device by the published formula, headers on top."""
    names = ("cloud-only", "calibrated", "careful", "all-up")
    run, _ = play("ddnn_2017", "--data-dir", str(mvmc_folder), "--no-figures", faults=0, systems=names)
    raw, *others = (run.summary["systems"][name] for name in names)
    header = 78
    assert raw["bytes"]["device_to_edge"] == SAMPLES * 6 * (3072 + header)
    for one in others:
        up = one["exits"]["cloud"]["count"]
        assert one["bytes"]["device_to_edge"] == 6 * (SAMPLES * (12 + header) + up * (128 + header))
        assert one["accuracy"] > 0.9
    ups = [one["exits"]["cloud"]["share"] for one in others]
    assert ups == sorted(ups) and 0 < ups[1] < 1 == ups[-1]


@pytest.mark.parametrize("tiers", CONFIGURATIONS)
def test_tiers(tiers: str, play: Callable[..., Any], mvmc_folder: Path):
    """All six configurations, each with its exits; some samples go on to the cloud."""
    run, _ = play(f"tiers/{tiers}", "--data-dir", str(mvmc_folder), "--no-figures", faults=0, systems=("ddnn-2017",))
    summary = run.summary["systems"]["ddnn-2017"]
    assert tuple(summary["exits"]) == CONFIGURATIONS[tiers]
    assert summary["exits"]["cloud"]["count"] > 0 and summary["accuracy"] > 0.9 and summary["forced"] == 0
