"""Links whose bandwidth was measured, from the file to the arrivals."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from worlds import EXACT, Wire, link, node

from simnet.language.checks import Checks
from simnet.language.schedule import Steps
from simnet.language.source import Source
from simnet.language.traces import Traces

END = 120.5
"""Seconds: some of the traces begin anew without end."""


def trace_of(file: Path, **keys: object) -> Steps:
    checks = Checks(Source(str(file.with_name("scenario.yaml"))))
    found = Traces(checks).bandwidth({"file": file.name, **keys}, ("links", 0, "trace"))
    assert found is not None, checks.problems
    return found


def wire(trace: Steps, **more: object) -> Wire:
    return Wire(
        {"camera": node("device"), "edge": node("edge")},
        [link("camera", "edge", bandwidth=1.0, latency=0.0, trace=trace, **more), link("edge", "camera")],
    )


@pytest.mark.parametrize("sharing", ["fifo", "fair"])
def test_a_link_pauses_where_nothing_was_measured(sharing: str, tmp_path: Path) -> None:
    """8 Mbit/s for 5 ms, none for 1 s, 16 Mbit/s: of 10 kB half leave before the pause, half in 2.5 ms after it."""
    file = tmp_path / "tram.csv"
    file.write_text("time_ms,throughput_Mbps\n1500000000000,8\n1500000000005,0\n1500000001005,16\n")
    net = wire(trace_of(file), sharing=sharing)
    net.send(0.0, "camera", "edge", 10_000, "first")
    net.send(0.5, "camera", "edge", 4_000, "in the pause")
    net.env.play(until=END)
    at = {"fifo": (1.0075, 1.0095), "fair": (1.0095, 1.009)}[sharing]  # fair: half of 2e6 bytes/s each, 4 ms for 4 kB
    assert dict(net.heard) == {
        "first": pytest.approx(at[0], abs=EXACT), "in the pause": pytest.approx(at[1], abs=EXACT)
    }  # fmt: skip


def test_a_link_that_begins_with_a_pause_waits(tmp_path: Path) -> None:
    file = tmp_path / "up"
    file.write_text("3\n3\n7\n")
    net = wire(trace_of(file, format="mahimahi"))
    for number in range(3):
        net.send(0.0, "camera", "edge", 1500, number)
    net.env.play(until=END)
    assert net.heard == [(n, pytest.approx(at, abs=EXACT)) for n, at in enumerate((0.0035, 0.004, 0.008))]


def test_a_drive_through_an_lte_network_has_the_throughput_of_its_file() -> None:
    """Packets of 1500 B behind one another: in every second as many arrive as the file has lines."""
    data = os.environ.get("SIMNET_DATA")
    file = Path(data or "") / "traces" / "att-lte-driving-2016.up"
    if not data or not file.is_file():
        pytest.skip("needs the measured traces, in the folder that SIMNET_DATA names")
    lines = [int(line) for line in file.read_text().split()]
    trace = trace_of(file, format="mahimahi")
    net = wire(trace)
    for number in range(len(lines)):
        net.send(0.0, "camera", "edge", 1500, number)
    net.env.play(until=END)
    # What passes in a millisecond has passed at its end: the last of a second arrives at most at its very end.
    arrived = Counter(int((at or 0.0) - EXACT) for _, at in net.heard)
    assert arrived == Counter(line // 1000 for line in lines)
    assert sum(arrived.values()) == 19_101
