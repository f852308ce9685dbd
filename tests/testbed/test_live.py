"""Scenarios that are really executed: decisions are those of the simulation, times never shorter, nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import simnet
from simnet.locks import alone
from simnet.testbed.execute import ONLY_ONE
from simnet.testbed.namespaces import LiveError, missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"no testbed here: {missing()}")

SCENARIO = """\
data: plaza
samples: 12
workload: {every: 50 ms}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, preset: nvidia-t4}
links:
  - {between: [camera*, edge], bandwidth: 20 Mbit/s, latency: 2 ms}
  - {between: [edge, cloud], bandwidth: 10 Mbit/s, latency: 20 ms}
systems:
  ddnn: {wait: 3 s, cloud_limit: 10 s}
"""
"""So patient that who is late on a busy machine is waited for."""
SAME = ("outcome", "exit", "prediction", "views", "bytes", "reason")


def lives(run: simnet.Run, *names: str) -> list[tuple[object, ...]]:
    table = run.samples("ddnn")
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))


@pytest.fixture(autouse=True)
def one_at_a_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests run side by side in several processes; of these only one is under way."""
    with alone(tmp_path_factory.getbasetemp().parent):
        yield


def children() -> list[str]:
    """Processes that this one has made and that still are."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat[1]) == os.getpid() and stat[0] != "Z":
            found.append(path.parent.name)
    return found


def namespaces() -> set[str]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(str(path.readlink()))
        except OSError:
            continue
    return found


def test_decisions_are_those_of_the_simulation_and_take_no_less_time() -> None:
    before = children()
    live, simulated = simnet.live(SCENARIO), simnet.run(SCENARIO)
    assert lives(live, *SAME) == lives(simulated, *SAME)
    assert {exit_name for (exit_name,) in lives(live, "exit")} == {"edge", "cloud"}  # or it would prove little
    took, modelled = (np.array(lives(run, "latency"), float).ravel() for run in (live, simulated))
    assert (took >= modelled - 50e-6).all()  # frames and delays are whole nanoseconds
    about = live.manifest["live"]
    assert about["compute"] == "model"
    sent = sum(size for (size,) in lives(live, "bytes"))
    on_wire = sum(about["systems"]["ddnn"]["bytes_on_wire"].values())
    assert on_wire > sent  # headers and acknowledgements come on top
    assert children() == before


def test_spans_are_those_of_the_simulation_one_by_one() -> None:
    live, simulated = simnet.live(SCENARIO), simnet.run(SCENARIO)
    columns = ("sample", "place", "kind", "bytes", "status", "message")
    told = [
        sorted(zip(*(run.spans("ddnn").column(name).to_pylist() for name in columns), strict=True), key=str)
        for run in (live, simulated)
    ]
    assert told[0] == told[1]
    spans = live.spans("ddnn").to_pylist()
    assert all(span["queued_at"] <= span["started_at"] <= span["ended_at"] for span in spans)
    by_place: dict[str, list[tuple[float, float]]] = {}
    for span in spans:
        by_place.setdefault(span["place"], []).append((span["started_at"], span["ended_at"]))
    cameras = sorted(by_place["camera1"])
    assert all(end <= begin for (_, end), (begin, _) in pairwise(cameras))  # one worker


def test_what_fails_is_really_killed_and_begun_anew() -> None:
    """camera3 is down for samples 4 to 7, the cloud for 8 and 9: the edge then answers at its limit."""
    text = SCENARIO.replace("cloud_limit: 10 s", "cloud_limit: 150 ms").replace("every: 50 ms", "every: 250 ms") + (
        "faults:\n"
        "  - {at: 0.9 s, for: 1 s, node: camera3, is: down}\n"
        "  - {at: 1.9 s, for: 0.55 s, node: cloud, is: down}\n"
        "  - {at: 2.6 s, for: 0.3 s, link: [edge, cloud], bandwidth: 5 Mbit/s}\n"
    )
    before = children()
    live, simulated = simnet.live(text), simnet.run(text)
    assert children() == before  # nor those that waited to follow
    assert lives(live, "outcome", "exit", "prediction", "views", "reason") == lives(
        simulated, "outcome", "exit", "prediction", "views", "reason"
    )
    assert [views for (views,) in lives(live, "views")][3:8] == [0b111111, *[0b111011] * 4]
    incidents = live.incidents("ddnn")
    assert incidents is not None
    assert incidents.num_rows == 4  # the last strikes both directions


def test_a_link_that_is_down_loses_what_is_on_it() -> None:
    text = SCENARIO.replace("cloud_limit: 10 s", "cloud_limit: 200 ms").replace("every: 50 ms", "every: 300 ms") + (
        "faults:\n  - {at: 1.4 s, for: 0.9 s, link: [edge, cloud], is: down}\n"
    )
    live, simulated = simnet.live(text), simnet.run(text)
    assert lives(live, *SAME[:4]) == lives(simulated, *SAME[:4])


def test_a_link_that_was_narrow_for_a_while_is_as_quick_as_before() -> None:
    """A frame of 1,514 bytes takes 12 s at 1 kbit/s: the bucket that waits so long, and the receiver, must be told."""
    text = (
        SCENARIO.replace("every: 50 ms", "every: 150 ms").replace("samples: 12", "samples: 6")
        + "faults:\n  - {at: 0.4 s, for: 0.3 s, link: [edge, cloud], bandwidth: 1 kbit/s}\n"
    )
    live, simulated = simnet.live(text), simnet.run(text)
    assert lives(live, *SAME) == lives(simulated, *SAME)
    slowest = max(took for (took,) in lives(simulated, "latency"))  # type: ignore[type-var]
    assert slowest > 0.2  # one was held up  # type: ignore[operator]
    assert max(took for (took,) in lives(live, "latency")) < 3  # type: ignore[type-var,operator]


def test_a_link_that_flaps_keeps_nobody_waiting() -> None:
    """Connections break while they open; each is tried anew, and no node waits for them: edges answer at the limit."""
    flaps = ", ".join(f"{{at: {20 * number} ms, for: 10 ms, link: [edge, cloud], is: down}}" for number in range(1, 13))
    text = SCENARIO.replace("cloud_limit: 10 s", "cloud_limit: 200 ms") + f"faults: [{flaps}]\n"
    outcomes = lives(simnet.live(text), "outcome", "views")
    assert {outcome for outcome, _ in outcomes} <= {"finished", "forced"}
    assert {views for _, views in outcomes} == {0b111111}


@pytest.mark.parametrize(("codec", "off"), [("fp32", 1e-4), ("int8", 0.1)])
def test_nodes_run_segments_and_decide(codec: str, off: float) -> None:
    """Every exit is a node's, of what had arrived there, camera3's view missing from sample 6 on; that the last bits of
    features are others can change an eight-bit level by one."""
    text = (
        SCENARIO.replace("every: 50 ms", "every: 300 ms").replace("wait: 3 s", f"wait: 250 ms, codec: {codec}")
        + "faults: [{at: 1.7 s, node: camera3, is: down}]\n"
    )
    live, simulated = simnet.live(text, compute="network"), simnet.run(text)
    assert lives(live, *SAME) == lives(simulated, *SAME)
    assert [views for (views,) in lives(live, "views")][4:8] == [0b111111] * 2 + [0b111011] * 2
    about = live.manifest["live"]["systems"]["ddnn"]
    asked = sum({"edge": 1, "cloud": 2}[str(one)] for (one,) in lives(live, "exit"))
    assert (about["answers"]["by_nodes"], about["answers"]["known_before"], about["answers"]["differ"]) == (asked, 0, 0)
    assert 0 < about["answers"]["scores_off"] < off  # a batch of one, not of many
    computing = about["computing"]
    assert set(computing["camera1"]) == {"device"}
    times = computing["camera1"]["device"]
    assert len(times) == 11
    assert 0 < times[0] <= times[5] <= times[-1] < 5
    assert simulated.manifest.get("live") is None


def test_messages_over_two_links_are_stored_and_forwarded() -> None:
    text = (
        SCENARIO.replace("  edge:", "  box: {tier: gateway, speed: 10 GFLOP/s}\n  edge:")
        .replace("[camera*, edge]", "[camera*, box]")
        .replace(
            "  - {between: [edge, cloud]",
            "  - {between: [box, edge], bandwidth: 50 Mbit/s, latency: 1 ms}\n  - {between: [edge, cloud]",
        )
    )
    live, simulated = simnet.live(text), simnet.run(text)
    assert lives(live, *SAME) == lives(simulated, *SAME)


def test_a_second_execution_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as name:
        name.bind(ONLY_ONE)
        with pytest.raises(LiveError, match="another scenario is being executed"):
            simnet.live(SCENARIO)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_what_is_stopped(tmp_path: Path, number: int) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(SCENARIO.replace("samples: 12", "samples: 400"), encoding="utf-8")
    before, target = namespaces(), tmp_path / "out"
    command = [sys.executable, "-m", "simnet", "live", str(file), "--out", str(target)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where a shell runs us in background
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "executing" in line:
            break
    end = time.monotonic() + 60
    while len(namespaces() - before) < 8 and time.monotonic() < end:
        time.sleep(0.05)
    assert len(namespaces() - before) == 8
    process.send_signal(number)
    said = process.stdout.read()
    process.stdout.close()
    status = process.wait(timeout=60)
    assert status == (-9 if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:
        assert said.strip().splitlines()[-1].endswith("nothing was written")
    end = time.monotonic() + 20
    while namespaces() - before and time.monotonic() < end:
        time.sleep(0.05)
    assert namespaces() - before == set()
    assert not target.exists()
