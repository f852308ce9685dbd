"""What the testbed is made of, as far as it needs no privileges: buckets, its clock, what it refuses, calibration."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import typer
import yaml
from fake_run import write_fake
from small import SCENARIO

import simnet
from simnet.cli.testbed.calibrate_nodes import _check_out
from simnet.clock import PER_SECOND, Order
from simnet.results.run import RunError, read_run
from simnet.scenario.load import load
from simnet.testbed import namespaces
from simnet.testbed.agent import heard, pair, tell
from simnet.testbed.asking import NodeAnswers
from simnet.testbed.bench import Bench
from simnet.testbed.calibrate import Extra, Step, _ends, _line, calibrated, check_live
from simnet.testbed.clock import LiveClock
from simnet.testbed.connections import Incoming
from simnet.testbed.fit import check_fit
from simnet.testbed.namespaces import bucket, burst, on_wire

PLAIN = SCENARIO.replace("DDNN", "ddnn-plaza").replace("ADA", "ada-ddnn-plaza")


def test_a_message_takes_its_headers_with_it() -> None:
    """A frame of 1,514 bytes has 66 of Ethernet, IPv4 and TCP with time stamps: 1,448 are left."""
    assert on_wire(1448) == 1514
    assert on_wire(1449) == 1449 + 2 * 66
    assert on_wire(10) == 76
    assert on_wire(0) == 0


def test_a_bucket_holds_a_frame_or_a_quarter_of_a_millisecond() -> None:
    assert burst(1.25e6) == 1514  # 10 Mbit/s: 312.5 bytes in that time
    assert burst(125e6) == 31250  # 1 Gbit/s
    assert bucket("veth3", 1.25e6) == (
        "qdisc add dev veth3 root handle 1: tbf rate 10000000bit burst 1514 limit 67108864"
    )


def test_nothing_happens_before_its_time_and_all_in_order() -> None:
    clock, seen = LiveClock(), []
    clock.start()
    for order, after in enumerate((0.03, 0.01, 0.02)):
        clock.at(round(after * PER_SECOND), Order.CAPTURE, lambda order=order: seen.append((order, clock.now)))
    begun = time.monotonic()
    clock.run(until=PER_SECOND // 20)
    assert time.monotonic() - begun >= 0.05
    assert [order for order, _ in seen] == [1, 2, 0]
    assert all(now >= due * PER_SECOND for (_, now), due in zip(seen, (0.01, 0.02, 0.03), strict=True))
    assert len(clock.lateness) == 4
    assert min(clock.lateness) >= 0


def test_what_a_node_says_is_heard_between_two_events() -> None:
    clock, heard = LiveClock(), []
    read, write = os.pipe()
    clock.readers[read] = lambda: heard.append((os.read(read, 1), clock.now))
    clock.start()
    clock.at(PER_SECOND // 100, Order.CAPTURE, lambda: os.write(write, b"."))
    clock.run(until=PER_SECOND // 20)
    os.close(read)
    os.close(write)
    assert [told for told, _ in heard] == [b"."]
    assert PER_SECOND // 100 <= heard[0][1] <= clock.now


def test_a_clock_with_nothing_on_it_waits_for_nobody() -> None:
    clock = LiveClock()
    over = clock.event()
    with pytest.raises(RuntimeError, match="nothing is left"):
        clock.run(until=over)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"nodes.edge.queue": {"limit": 3}}, "nodes.edge.queue: calls at edge overtake each other, or are refused"),
        ({"nodes.edge.batch": {"size": 4}}, "calls at edge run together"),
        ({"nodes.camera2.battery": "100 J", "nodes.camera2.power": {"idle": "1 W"}}, "camera2 has a battery"),
        ({"nodes.camera2.power": {"idle": "1 W", "busy": "2 W", "sleep": "1 mW"}}, "camera2 sleeps"),
        ({"links.1.loss": 0.1}, "the link from edge to cloud has 'loss'"),
        ({"links.1.jitter": "3 ms"}, "the link from edge to cloud has 'jitter'"),
        ({"links.1.sharing": "fair"}, "the link from edge to cloud is shared in another way"),
    ],
)
def test_what_only_a_simulation_can_do_is_refused(changes: dict[str, object], why: str) -> None:
    changed = load(PLAIN).with_(changes)
    with pytest.raises(simnet.ScenarioError, match="only a simulation") as refused:
        check_fit(changed, "model")
    assert why in str(refused.value)


def test_a_load_can_be_modelled_and_not_be_had() -> None:
    changed = load(PLAIN).with_({"nodes.edge.load": 0.5})
    check_fit(changed, "model")
    with pytest.raises(simnet.ScenarioError, match="other work takes a share of edge"):
        check_fit(changed, "network")


def test_what_waits_for_more_than_1024_files_is_refused() -> None:
    """Two files for each of 450 nodes, two for each of the cloud's links, and the process's own."""
    nodes = {
        "camera[1..450]": {"tier": "device", "speed": "1 GFLOP/s"},
        "cloud": {"tier": "cloud", "speed": "1 TFLOP/s"},
    }
    links = [{"between": ["camera*", "cloud"], "bandwidth": "1 Mbit/s", "latency": "1 ms"}]
    rest = {"data": "plaza", "samples": 3, "workload": {"every": "1 s"}, "systems": {"cloud-only": {}}}
    scenario = load({"nodes": nodes, "links": links, **rest})
    with pytest.raises(simnet.ScenarioError, match="451 nodes, one with 450 links, need more open files than 1024"):
        check_fit(scenario, "model")


def test_a_message_is_held_for_its_rest_and_its_latency() -> None:
    """One without bytes comes at once; one of 10 has 4 s of rest, of which a rate twice as great leaves 2.

    What it holds is taken when it arrives, not before.
    """
    told, timers, acts, taken = [], [], [], []

    def later(at: int, act: Callable[[], None]) -> None:
        timers.append(at)
        acts.append(act)

    agent = SimpleNamespace(say=lambda *message: told.append(message), later=later, keeps=True)
    before = time.monotonic_ns()
    incoming = Incoming(agent, 5, 0)  # type: ignore[arg-type]
    incoming.expect(1, 0, 0, 7, taken.append)
    incoming.expect(2, 10, 4 * 10**9, 7, taken.append)
    assert [message[:3] for message in told] == [("received", 5, 1)]
    assert timers[0] == told[0][3] + 7 >= before + 7
    incoming.stretch(0.5)
    here, there = socket.socketpair()
    with here, there:
        incoming.take(here)
        there.sendall(b"0123456789ab")
        incoming.read(1000)
        assert taken == []
        for act in acts:
            act()
        assert taken == [b"", b"0123456789"]  # and what follows is the next message's
    assert told[1] == ("received", 5, 2, 1000)
    assert timers[1] == 1000 + 2 * 10**9 + 7


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces.sys, "platform", "linux")
    monkeypatch.setattr(namespaces.shutil, "which", lambda program: f"/sbin/{program}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert namespaces.missing() == "only root may make network namespaces"
    monkeypatch.setattr(namespaces.shutil, "which", lambda program: None)
    assert namespaces.missing() == "'ip' and 'tc' cannot be found: install iproute2"
    monkeypatch.setattr(namespaces.sys, "platform", "darwin")
    assert namespaces.missing() == "network namespaces are Linux's; this is darwin"


def test_a_line_through_the_medians_of_two_sizes() -> None:
    """0.5 ms for each message, 100 ns for each byte; one of 1,000 bytes was held up."""
    points = [(1000, 0.6e-3)] * 8 + [(1000, 9e-3)] + [(5000, 1.0e-3)] * 9
    found = _line("edge→cloud", points)
    assert found.seconds == pytest.approx(0.5e-3)
    assert found.per_byte == pytest.approx(100e-9)
    assert found.count == 18
    falling = _line("edge→cloud", [(1000, 2e-3)] * 5 + [(5000, 1e-3)] * 5)
    assert (falling.seconds, falling.per_byte) == (pytest.approx(1.5e-3), 0)  # bytes do not make it quicker
    near = _line("edge→cloud", [(2126, 1e-3)] * 5 + [(2170, 3e-3)] * 4)
    assert (near.seconds, near.per_byte) == (pytest.approx(1e-3), 0)  # 44 bytes tell nothing of bytes


def test_a_step_is_set_off_by_what_ends_where_it_begins() -> None:
    """Two equal cameras compute until 5 ms: what camera1 sends then waited for camera1 alone."""
    ends = _ends(
        {
            (0, "camera1", "compute", 0): Step(0.0, 0.0, 0.005, 0),
            (0, "camera2", "compute", 0): Step(0.0, 0.0, 0.005, 0),
            (0, "camera1→edge", "transfer", 0): Step(0.005, 0.005, 0.007, 10),
            (0, "camera2→edge", "transfer", 0): Step(0.005, 0.005, 0.007, 10),
        }
    )
    assert ends[0, "camera1", 0.005] == [(0, "camera1", "compute", 0)]
    assert [place for _, place, _, _ in ends[0, "edge", 0.007]] == ["camera1→edge", "camera2→edge"]


def test_a_calibrated_scenario_has_what_was_measured() -> None:
    written = load(PLAIN).with_({"links.1.bandwidth": "10 Mbit/s"}).to_yaml()
    live = SimpleNamespace(scenario_yaml=written, manifest={"live": {"compute": "model", "systems": {}}})

    extras = [Extra("edge", 9, 0.25e-3), Extra("cloud→edge", 9, 1e-3, 200e-9)]
    found = calibrated(live, extras)  # type: ignore[arg-type]
    before = yaml.safe_load(written)
    assert found["nodes"]["edge"]["overhead"] == "250 us"
    assert found["nodes"]["camera1"] == before["nodes"]["camera1"]
    link = next(link for link in found["links"] if set(link["between"]) == {"edge", "cloud"})
    assert link["bandwidth"] == "8 Mbit/s"  # 800 + 200 ns a byte
    latency = next(link for link in before["links"] if set(link["between"]) == {"edge", "cloud"})["latency"]
    assert (latency, link["latency"]) == ("20 ms", "21 ms")
    load(found)  # and is a scenario


def test_a_simulation_measures_nothing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="simulated"):
        write_fake(tmp_path / "run")
        check_live(read_run(tmp_path / "run"))


def test_a_scenario_that_cannot_be_written_is_refused_before_anything_is_simulated(tmp_path: Path) -> None:
    _check_out(tmp_path / "new.yaml")
    assert list(tmp_path.iterdir()) == []  # only tried
    (tmp_path / "old.yaml").write_text("kept", encoding="utf-8")
    _check_out(tmp_path / "old.yaml")
    assert (tmp_path / "old.yaml").read_text(encoding="utf-8") == "kept"
    for bad in (tmp_path, tmp_path / "no" / "x.yaml", tmp_path / "old.yaml" / "x.yaml", tmp_path / ("x" * 300)):
        with pytest.raises(typer.BadParameter, match="cannot be written"):
            _check_out(bad)


def test_what_a_node_says_while_it_is_asked_is_heard_after_its_answer_and_in_order() -> None:
    clock, said = LiveClock(), []
    bench = Bench(clock, {"edge": SimpleNamespace(workers=1)}, [])  # type: ignore[dict-item]
    bench.hear = lambda name, message: said.append((name, message))  # type: ignore[assignment]
    ours, theirs = pair()
    with ours, theirs:
        bench._machines["edge"].control = ours
        clock.readers[ours.fileno()] = lambda: bench._heard("edge")
        for message in (("done", 1), ("done", 2), ("answer", 42), ("done", 3)):
            tell(theirs, message)
        assert bench.ask("edge", "answer", "edge-1") == 42
        assert said == []
        assert heard(theirs) == ("answer", "edge-1")
        clock.start()
        clock.run(until=PER_SECOND // 100)
    assert said == [("edge", ("done", number)) for number in (1, 2, 3)]


def test_decisions_that_differ_are_those_of_another_class_or_side_of_the_threshold() -> None:
    """T is 0.5: 0 is sure either way, 1 on the other side of T, 2 of another class; scores are off by 0.5 at most."""
    known = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 2.25]]), np.array([0.2, 0.6, 0.1])
    answers = SimpleNamespace(told=lambda exit_name, samples, upstream: known)
    plan = SimpleNamespace(thresholds={"edge": 0.5}, rules={})
    nodes = NodeAnswers(None, None, plan, answers)  # type: ignore[arg-type]
    nodes._given["edge", 7] = {
        0: (0, 0.3, np.array([1.5, 0.0])),
        1: (1, 0.4, np.array([0.0, 1.0])),
        2: (0, 0.1, np.array([2.25, 2.0])),
    }
    assert nodes.report() == {"by_nodes": 3, "known_before": 0, "differ": 2, "scores_off": 0.5}
