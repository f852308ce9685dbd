"""What must hold for every kind of link, whatever is sent and whatever fails: Hypothesis looks for exceptions.

A new kind of link is added to `KINDS`. Each message has its own sample number, so that its span can be found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from clocked import Seconds, Spans
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import link as link_spec

from simnet.clock import Order
from simnet.network.links.base import Carrier
from simnet.network.links.kinds import make_link
from simnet.network.links.medium import Medium
from simnet.network.links.spec import Loss
from simnet.results.steps import Step

END = 20.0
"""Seconds; sends and changes come before."""
SLOWEST = 50.0
"""Bytes/s."""
CLOSE = 1e-6
"""Seconds or bytes that sums of floats may be off."""


@dataclass(frozen=True)
class Send:
    time: float
    line: int
    size: int


@dataclass(frozen=True)
class Change:
    """At `time`, what a fault or the end of one does to a link, or to the node at its start or end."""

    time: float
    line: int
    what: str
    value: float


@dataclass(frozen=True)
class Script:
    sends: list[Send]
    changes: list[Change]
    latency: float


class World:
    """Links of one kind, the bandwidth that each had over time, and what became of the messages.

    `faster` multiplies every bandwidth.
    """

    def __init__(self, kind: Kind, script: Script, faster: float = 1.0, quiet: bool = False) -> None:
        self.env, self.spans, self.media = Seconds(), Spans(), dict[str, Medium]()
        self.kind, self.script, self._faster = kind, script, faster
        self.targets: list[SimpleNamespace] = []
        self.lines = kind.build(self)
        self.bandwidths: list[list[tuple[float, float]]] = [[(0.0, line.base_bandwidth)] for line in self.lines]
        self._imposed: list[float | None] = [None] * len(self.lines)
        self.put: dict[int, Send] = {}
        """Messages that were sent while their link was up, by sample."""
        self.heard: list[tuple[int, str, float]] = []
        for sample, send in enumerate(script.sends):
            self._at(send.time, partial(self._send, sample, send))
        for change in [] if quiet else script.changes:
            self.env.on(change.time, partial(self._change, change), Order.FAULT_BEGINS)

    def play(self) -> World:
        self.env.play(until=END)
        for line in self.lines:
            line.close()
        return self

    def link(self, **values: Any) -> Carrier:
        """Another link, for a kind to be built of."""
        ends = f"a{len(self.targets)}", "b"
        base = link_spec(*ends, bandwidth=1000.0, latency=self.script.latency).model_dump() | values
        base["bandwidth"] *= self._faster
        self.targets.append(SimpleNamespace(up=True))
        spec = link_spec(*ends).model_validate(base)
        return make_link(self.env, self.spans.record, spec, self.targets[-1], 1, self.media)

    def spans_of(self, number: int) -> list[Step]:
        return [span for span in self.spans if span[1] == self.lines[number].place]

    def capacity(self, number: int, start: float, end: float) -> float:
        """Bytes that a link could carry from `start` to `end`."""
        total = 0.0
        for (begin, bandwidth), (until, _) in pairwise([*self.bandwidths[number], (END, 0.0)]):
            total += bandwidth * max(0.0, min(until, end) - max(begin, start))
        return total

    def left(self, span: Step) -> float:
        """When the last byte of a message left that had the link for itself from its start on."""
        number = [line.place for line in self.lines].index(span[1])
        size, time = float(span[6]), span[4]
        for (begin, bandwidth), (until, _) in pairwise([*self.bandwidths[number], (END, 0.0)]):
            if until > time and size > 0:
                share = min(size, bandwidth * (until - max(begin, time)))
                size, time = size - share, max(begin, time) + share / bandwidth
        assert size < CLOSE, f"{span} had no time for all its bytes"
        return time

    def _at(self, time: float, act: Callable[[], None]) -> None:
        self.env.on(time, act)

    def _send(self, sample: int, send: Send) -> None:
        number = send.line % len(self.lines)
        if self.lines[number].up:
            self.put[sample] = send
        self.lines[number].send(sample, send.size, partial(self._hear, "ok"), partial(self._hear, "lost"), sample)

    def _hear(self, how: str, sample: int) -> None:
        self.heard.append((sample, how, self.env.s))

    def _change(self, change: Change) -> None:
        number = change.line % len(self.lines)
        line, bandwidth = self.lines[number], change.value * self._faster
        if change.what in ("imposed", "ended"):
            self._imposed[number] = bandwidth if change.what == "imposed" else None
        if change.what == "base":
            line.set_base(bandwidth)
        elif change.what in ("source down", "target down", "target up"):
            self.targets[number].up = change.what != "target down"
            if change.what == "source down":
                line.lose(unserved_only=True)
        else:
            up = {"down": False, "up": True}.get(change.what, line.up)
            line.set_state(up, self._imposed[number])
        now = self._imposed[number]
        self.bandwidths[number].append((self.env.s, line.base_bandwidth if now is None else now))


@dataclass(frozen=True)
class Kind:
    """`build` makes the links; `alone`: one message at a time is transmitted, on all of them if they share a medium.

    `lossless`: a message that arrives was sent once, with `header` bytes. `steady`: what becomes of a message does not
    depend on when it is sent.
    """

    build: Callable[[World], list[Carrier]]
    alone: bool = True
    shared: bool = False
    lossless: bool = True
    steady: bool = True
    header: int = 10


BURSTS = Loss(good=0.05, bad=0.7, good_for=3.0, bad_for=1.0)


def _medium(world: World) -> list[Carrier]:
    return [
        world.link(header=10, medium="air"),
        world.link(header=10, medium="air", bandwidth=300.0),
        world.link(header=10, medium="air", jitter=0.7),
    ]


def _lossy_medium(world: World) -> list[Carrier]:
    return [
        world.link(header=10, medium="air", mtu=200, attempts=3, loss=BURSTS),
        world.link(header=10, medium="air", queue=900),
        world.link(header=10, medium="air", mtu=100, attempts=2, loss=Loss(good=0.3), jitter=0.7, queue=2000),
    ]


KINDS = {
    "plain": Kind(lambda world: [world.link(header=10)]),
    "jitter": Kind(lambda world: [world.link(header=10, jitter=0.7)]),
    "queue": Kind(lambda world: [world.link(header=10, queue=1200)], steady=False),
    "lossy": Kind(lambda world: [world.link(header=10, mtu=100, attempts=3, loss=Loss(good=0.3))], lossless=False),
    "bursts": Kind(
        lambda world: [world.link(header=10, mtu=100, attempts=3, loss=BURSTS, jitter=0.7, queue=2000)],
        lossless=False,
        steady=False,
    ),
    "medium": Kind(_medium, shared=True),
    "fair": Kind(lambda world: [world.link(header=10, sharing="fair")], alone=False),
    "lossy medium": Kind(_lossy_medium, shared=True, lossless=False, steady=False),
}
kinds = pytest.mark.parametrize("kind", [pytest.param(kind, id=name) for name, kind in KINDS.items()])
times = st.integers(0, 16).map(lambda n: n / 4) | st.floats(0, 4)  # the former so that things happen at one moment
sizes = st.sampled_from([0, 90, 490, 990, 990, 2490]) | st.integers(0, 1500)
sends = st.builds(Send, times, st.integers(0, 2), sizes)
whats = st.sampled_from(
    ["imposed", "imposed", "ended", "base", "down", "up", "up", "source down", "target down", "target up"]
)
changes = st.builds(Change, times, st.integers(0, 2), whats, st.sampled_from([SLOWEST, 500.0, 1000.0, 4000.0]))
scripts = st.builds(
    Script,
    st.lists(sends, min_size=5, max_size=20),  # enough that some of them wait
    st.lists(changes, min_size=1, max_size=8),
    st.sampled_from([0.0, 0.3, 2.0]),
)
thorough = settings(deadline=None, max_examples=60, derandomize=True)


@kinds
@thorough
@given(script=scripts)
def test_every_message_and_every_byte_is_accounted_for(kind: Kind, script: Script):
    """Bytes in = bytes arrived + lost + dropped + in flight, on every link; and each message has exactly one span."""
    world = World(kind, script).play()
    heard = {sample: how for sample, how, _ in world.heard}
    assert len(heard) == len(world.heard)
    assert sorted(span[0] for span in world.spans) == sorted(world.put)
    for number in range(len(world.lines)):
        fates = dict.fromkeys(("ok", "lost", "dropped", "unfinished"), 0)
        for sample, *_, size, status in world.spans_of(number):
            sent = world.put[sample].size
            fates[status] += sent
            assert heard.get(sample) == {"ok": "ok", "unfinished": None}.get(status, "lost")
            if status == "ok":
                assert size == sent + kind.header if kind.lossless else size >= sent + kind.header
            elif kind.lossless:
                assert 0 <= size <= (0 if status == "dropped" else sent + kind.header)
        into = sum(send.size for send in world.put.values() if send.line % len(world.lines) == number)
        assert into == sum(fates.values())
    assert all(heard[sample] == "lost" for sample in range(len(script.sends)) if sample not in world.put)


@kinds
@thorough
@given(script=scripts)
def test_no_wait_is_negative_and_nothing_happens_after_the_end(kind: Kind, script: Script):
    world = World(kind, script).play()
    spans, heard = len(world.spans), len(world.heard)
    for sample, _, _, queued, started, ended, _, status in world.spans:
        assert queued == pytest.approx(world.put[sample].time, abs=CLOSE)
        assert queued <= started <= ended <= END + CLOSE
        if status == "ok":
            assert ended - started >= script.latency - CLOSE
    assert all(time <= END for *_, time in world.heard)
    world.env.play()  # whatever is left on the clock
    assert (len(world.spans), len(world.heard)) == (spans, heard)


@kinds
@thorough
@given(script=scripts)
def test_messages_of_one_link_start_and_arrive_in_order(kind: Kind, script: Script):
    world = World(kind, script).play()
    for number in range(len(world.lines)):
        spans = sorted(world.spans_of(number), key=lambda span: (span[3], span[0]))  # as they were sent
        if kind.alone:
            begun = [span[4] for span in spans if span[7] != "dropped"]
            assert begun == sorted(begun)
        arrived = [span[0] for span in spans if span[7] == "ok"]
        if kind.alone:
            assert [sample for sample, how, _ in world.heard if how == "ok" and sample in arrived] == arrived


@kinds
@thorough
@given(script=scripts)
def test_no_link_carries_more_than_its_bandwidth_over_any_interval(kind: Kind, script: Script):
    """From any start to any end: what began and ended between is no more than what the link could carry meanwhile."""
    world = World(kind, script).play()
    for number in range(len(world.lines)):
        spans = [span for span in world.spans_of(number) if span[6]]
        for start in {span[4] for span in spans}:
            for end in {span[5] for span in spans if span[5] > start}:
                carried = sum(span[6] for span in spans if start <= span[4] and span[5] <= end)
                assert carried <= world.capacity(number, start, end) + CLOSE * len(spans)


@pytest.mark.parametrize("kind", [pytest.param(kind, id=name) for name, kind in KINDS.items() if kind.alone])
@thorough
@given(script=scripts)
def test_one_message_at_a_time_and_none_waits_while_the_line_is_free(kind: Kind, script: Script):
    """None starts before the one before it has left; and while one waits, whatever becomes of it, another is sent."""
    world = World(kind, script).play()
    groups = [world.spans] if kind.shared else [world.spans_of(number) for number in range(len(world.lines))]
    for spans in groups:
        busy, free = [], 0.0
        served = [span for span in spans if span[6] or span[4] < span[5]]  # the others never had their turn
        for span in sorted(served, key=lambda span: (span[4], span[3], span[0])):
            assert free <= span[4] + CLOSE
            free = left = world.left(span)
            assert left <= span[5] + CLOSE
            if span[7] in ("lost", "unfinished"):  # only whole bytes count: it may have ended up to a byte later
                left = min(span[5], left + 1 / SLOWEST)
            busy.append((span[4], left))
        for span in spans:
            covered = span[3]
            for start, left in busy:
                covered = max(covered, left) if start <= covered + CLOSE else covered
            assert span[4] <= covered + CLOSE


@pytest.mark.parametrize("kind", [pytest.param(kind, id=name) for name, kind in KINDS.items() if kind.steady])
@thorough
@given(script=scripts, faster=st.floats(1, 10))
def test_more_bandwidth_makes_no_message_later(kind: Kind, script: Script, faster: float):
    """Hence not the mean either; without failures, which a faster link could meet with other messages in flight."""
    base, better = (World(kind, script, factor, quiet=True) for factor in (1.0, faster))
    for world in (base, better):
        world.env.play()
    ends = [{span[0]: span[5] for span in world.spans} for world in (base, better)]
    assert ends[0].keys() == ends[1].keys()
    assert all(ends[1][sample] <= ends[0][sample] + CLOSE for sample in ends[0])
