"""One line at a time against times worked out by hand: FIFO, propagation, changes of speed, losses, workers."""

from __future__ import annotations

import pytest
from clocked import Seconds, Spans
from worlds import EXACT, Wire, link, node, spans_of

from simnet.clock import ticks
from simnet.network.line import FifoLine
from simnet.network.links.base import Link
from simnet.network.nodes.plain import Node

MS = 1e-3
TEN_MEGABIT = {"bandwidth": 1.25e6, "latency": 5 * MS}
"""10 kB take 8 ms to transmit and 5 ms to propagate."""


class Bench:
    """One line or link, and what it was heard to do."""

    def __init__(self) -> None:
        self.env = Seconds()
        self.spans = Spans()
        self.heard: list[tuple[str, str, float]] = []

    def done(self, token: str) -> None:
        self.heard.append((token, "ok", self.env.s))

    def lost(self, token: str) -> None:
        self.heard.append((token, "lost", self.env.s))

    def at(self, time: float, act) -> None:
        self.env.on(time, act)

    def link(self, **values) -> Link:
        self.target = Node(self.env, self.spans.record, "b", node("edge"))
        return Link(self.env, self.spans.record, link("a", "b", **{**TEN_MEGABIT, **values}), self.target)

    def send(self, line: Link, *tokens: str, size: int = 10_000) -> None:
        for token in tokens:
            line.send(0, size, self.done, self.lost, token)

    def line(self, workers: int = 1, latency: float = 0.0) -> FifoLine:
        return FifoLine(self.env, self.spans.record, "line", "compute", workers, ticks(latency))

    def submit(self, line: FifoLine, token: str, service: float) -> None:
        line.submit(0, ticks(service), 0, self.done, self.lost, token)

    def hears(self, *expected: tuple[str, str, float]) -> None:
        self.env.play()
        assert [(token, how) for token, how, _ in self.heard] == [(token, how) for token, how, _ in expected]
        assert [time for *_, time in self.heard] == pytest.approx([time for *_, time in expected], abs=EXACT)


def test_three_messages_at_once_arrive_at_13_21_29_ms():
    bench = Bench()
    bench.send(bench.link(), "1", "2", "3")
    bench.hears(("1", "ok", 13 * MS), ("2", "ok", 21 * MS), ("3", "ok", 29 * MS))
    assert [span[3] for span in bench.spans] == [0, 0, 0]
    assert [span[4] for span in bench.spans] == pytest.approx([0, 8 * MS, 16 * MS], abs=EXACT)
    assert [span[5] for span in bench.spans] == pytest.approx([13 * MS, 21 * MS, 29 * MS], abs=EXACT)


def test_a_link_is_free_again_while_a_message_propagates():
    bench = Bench()
    line = bench.link(latency=1.0)
    bench.send(line, "1")
    bench.at(20 * MS, lambda: bench.send(line, "2"))
    bench.hears(("1", "ok", 1.008), ("2", "ok", 1.028))


def test_the_header_is_sent_and_recorded():
    bench = Bench()
    bench.send(bench.link(header=2500), "1", "2")
    bench.hears(("1", "ok", 15 * MS), ("2", "ok", 25 * MS))
    assert [span[6] for span in bench.spans] == [12_500, 12_500]


def test_bandwidth_changes_in_the_middle_of_a_transmission():
    """Half of the first is sent when the rate halves: 4 + 2·4 ms; the second needs 16 ms from then on."""
    bench = Bench()
    line = bench.link()
    bench.send(line, "1", "2")
    bench.at(4 * MS, lambda: line.set_state(True, 1.25e6 / 2))
    bench.hears(("1", "ok", 17 * MS), ("2", "ok", 33 * MS))


def test_bandwidth_returns_in_the_middle_too():
    """4 ms at full rate (half), 4 ms at half rate (a quarter), the last quarter at full rate in 2 ms."""
    bench = Bench()
    line = bench.link()
    bench.send(line, "1", "2")
    bench.at(4 * MS, lambda: line.set_state(True, 1.25e6 / 2))
    bench.at(8 * MS, lambda: line.set_state(True, 1.25e6))
    bench.hears(("1", "ok", 15 * MS), ("2", "ok", 23 * MS))


def test_bandwidth_does_not_touch_what_already_propagates():
    bench = Bench()
    line = bench.link()
    bench.send(line, "1")
    bench.at(10 * MS, lambda: line.set_state(True, 1.25e3))
    bench.at(20 * MS, lambda: bench.send(line, "2", size=10))
    bench.hears(("1", "ok", 13 * MS), ("2", "ok", 33 * MS))


def test_a_link_that_goes_down_loses_all_in_flight_and_starts_empty():
    """At 10 ms the first propagates, the second is transmitted, the third waits: all are lost, as is a fourth."""
    bench = Bench()
    line = bench.link()
    bench.send(line, "1", "2", "3")
    bench.at(10 * MS, lambda: line.set_state(False, 1.25e6))
    bench.at(11 * MS, lambda: bench.send(line, "4"))
    bench.at(12 * MS, lambda: line.set_state(True, 1.25e6))
    bench.at(12 * MS, lambda: bench.send(line, "5"))
    bench.hears(
        ("1", "lost", 10 * MS), ("2", "lost", 10 * MS), ("3", "lost", 10 * MS), ("4", "lost", 11 * MS),
        ("5", "ok", 25 * MS),
    )  # fmt: skip
    lost = [span for span in bench.spans if span[7] == "lost"]
    assert [span[4] for span in lost] == pytest.approx([0, 8 * MS, 10 * MS], abs=EXACT)
    assert [span[5] for span in lost] == pytest.approx([10 * MS] * 3, abs=EXACT)


def test_a_message_to_a_node_that_is_down_is_lost_on_arrival():
    bench = Bench()
    line = bench.link()
    bench.send(line, "1")
    bench.at(3 * MS, lambda: bench.target.set_state(False, 1.0))
    bench.hears(("1", "lost", 13 * MS))
    assert bench.spans[0][7] == "lost" and bench.spans[0][6] == 10_000


def test_a_node_may_be_up_again_when_a_message_arrives():
    bench = Bench()
    bench.send(bench.link(), "1")
    bench.at(3 * MS, lambda: bench.target.set_state(False, 1.0))
    bench.at(12 * MS, lambda: bench.target.set_state(True, 1.0))
    bench.hears(("1", "ok", 13 * MS))


def test_a_message_over_a_link_without_any_delay_arrives_at_once():
    bench = Bench()
    line = bench.link(bandwidth=1e300, latency=0.0)
    bench.at(7.0, lambda: bench.send(line, "1", "2"))
    bench.hears(("1", "ok", 7.0), ("2", "ok", 7.0))
    assert len(bench.spans) == 2


def test_two_workers_serve_two_at_a_time_in_order_of_arrival():
    bench = Bench()
    line = bench.line(workers=2)
    for token, service in (("a", 3.0), ("b", 1.0), ("c", 1.0), ("d", 5.0)):
        bench.submit(line, token, service)
    bench.hears(("b", "ok", 1.0), ("c", "ok", 2.0), ("a", "ok", 3.0), ("d", "ok", 7.0))
    assert {span[4:6] for span in bench.spans} == {(0, 3), (0, 1), (1, 2), (2, 7)}


def test_slowing_down_stretches_what_lies_ahead():
    """At 2 s: a has 2 s left → 4 s; b starts at 6 s and takes 2·3 s; a job that comes then waits for both."""
    bench = Bench()
    line = bench.line()
    bench.submit(line, "a", 4.0)
    bench.submit(line, "b", 3.0)
    bench.at(2.0, lambda: line.stretch(2.0))
    bench.at(2.0, lambda: bench.submit(line, "c", 1.0))
    bench.hears(("a", "ok", 6.0), ("b", "ok", 12.0), ("c", "ok", 13.0))


def test_slowing_down_two_workers_keeps_the_order():
    """At 1 s: a (2 s) has 1 → ends 3; b (4 s) has 3 → ends 7; c takes a's place at 3 for 2·1 s; d follows at 5."""
    bench = Bench()
    line = bench.line(workers=2)
    for token, service in (("a", 2.0), ("b", 4.0), ("c", 1.0), ("d", 1.0)):
        bench.submit(line, token, service)
    bench.at(1.0, lambda: line.stretch(2.0))
    bench.hears(("a", "ok", 3.0), ("c", "ok", 5.0), ("b", "ok", 7.0), ("d", "ok", 7.0))


def test_an_idle_worker_takes_new_work_after_a_change_of_speed():
    bench = Bench()
    line = bench.line(workers=2)
    bench.submit(line, "a", 4.0)
    bench.at(1.0, lambda: line.stretch(0.5))
    bench.at(1.0, lambda: bench.submit(line, "b", 1.0))
    bench.hears(("b", "ok", 2.0), ("a", "ok", 2.5))


def test_the_end_of_a_run_closes_what_is_under_way():
    bench = Bench()
    line = bench.line()
    bench.submit(line, "a", 4.0)
    bench.submit(line, "b", 4.0)
    bench.env.play(until=3.0)
    line.close()
    assert [span[3:6] for span in bench.spans] == [(0, 0, 3), (0, 3, 3)]
    assert {span[7] for span in bench.spans} == {"unfinished"}
    assert bench.heard == []


def test_a_call_costs_work_over_speed_plus_overhead_times_slowness():
    wire = Wire({"edge": node("edge", speed=2e9, overhead=0.5)}, [])
    wire.at(1.5, lambda: wire.network.nodes["edge"].set_state(True, 3.0))
    wire.compute(0.0, "edge", 1e9, "a")
    wire.compute(0.5, "edge", 1e9, "b")
    wire.env.play()
    # a: 1 s. b: starts at 1 s, half done at 1.5 s, the other half takes three times as long
    assert wire.heard == [("a", 1.0), ("b", 3.0)]
    assert [span[7] for span in spans_of(wire.network, "edge")] == ["ok", "ok"]


def test_of_messages_that_are_lost_only_the_bytes_that_had_left_are_recorded():
    """At 10 ms the first has left whole, a quarter of the second, nothing of the third."""
    bench = Bench()
    line = bench.link()
    bench.send(line, "1", "2", "3")
    bench.at(10 * MS, line.lose)
    bench.env.play()
    assert [span[6] for span in bench.spans] == [10_000, 2_500, 0]


def test_at_the_end_of_a_run_a_link_has_not_sent_more_than_its_bandwidth_allows():
    bench = Bench()
    line = bench.link(bandwidth=1000.0)
    bench.send(line, *map(str, range(100)), size=20_000)
    bench.env.play(until=5.0)
    line.close()
    assert sum(span[6] for span in bench.spans) == 5000
    assert {span[7] for span in bench.spans} == {"unfinished"}
