"""A node and a link that only say what is to be done, and record what the machines tell of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from simnet.clock import PER_SECOND, Order, ticks
from simnet.language.names import LINK_ARROW
from simnet.network.addressed import ends_of
from simnet.network.line import Callback, Span
from simnet.network.links.base import STANDSTILL, Carrier
from simnet.network.links.spec import Link as LinkSpec
from simnet.network.nodes.plain import Node
from simnet.network.nodes.service import ServiceTime
from simnet.network.nodes.spec import Node as NodeSpec
from simnet.network.work import Work, partition
from simnet.testbed.bench import Bench
from simnet.testbed.clock import PER_NANOSECOND
from simnet.testbed.contents import Call, Cargo, Item
from simnet.testbed.namespaces import burst, on_wire

Recorder = Callable[[Span], None]
Asked = tuple[int, int, int, Callback, Callback, Any]
"""Of what was asked for and has not ended: sample, when that was, FLOP or bytes, `done`, `lost` and their token."""


class LiveNode(Node):
    """A process that is busy for as long as a node of `spec` computes, or computes itself."""

    def __init__(self, bench: Bench, record: Recorder, name: str, spec: NodeSpec, weights: str) -> None:
        super().__init__(bench.clock, record, name, spec)
        self._times = ServiceTime(spec, weights)
        self._bench, self._calls = bench, _Calls(bench, record, name)
        self._line = self._calls
        self._works: dict[int, tuple[Work, int, Sequence[Call]]] = {}
        """Of calls under way: the work, the sample, and which copies of segments run."""
        self.incoming: list[LiveLink] = []
        self.took: dict[str, list[float]] = defaultdict(list)
        """Seconds of its calls, by the segments that they run."""

    def compute(self, sample: int, work: Work, done: Callback, lost: Callback, token: Any) -> None:
        """See `Node.compute`."""
        if self.up:
            number = self._calls.begin((sample, self.env.now, round(work.flop), done, lost, token))
            contents, calls = self._bench.contents, list[Call]()
            if contents is not None and work.segments:
                calls = contents.calls(self.name, int(sample), work.segments)
            self._works[number] = work, int(sample), calls
            length = self._ticks(work, (sample,)) // PER_NANOSECOND
            self._bench.tell(self.name, "compute", number, length, int(sample), calls, self._pace)
        else:
            lost(token)

    def set_state(self, up: bool, slow: float) -> None:
        """See `Node.set_state`: what goes down is killed, what comes up is begun anew."""
        was = self.up
        if was and not up:
            self._bench.strike(self.name)
        elif up and not was:
            for link in (*self.incoming, *self.outgoing):
                link.lose()  # of their connections nothing is left
            self._bench.start(self.name)
        super().set_state(up, slow)
        if was and not up:
            for link in self.incoming:
                link.lose()

    @property
    def waits(self) -> bool:
        """Whether something is under way on it."""
        return bool(self._calls.open)

    def heard(self, number: int, started: int, ended: int, told: Mapping[Any, Any]) -> None:
        """A call has ended; `told` is what it says of the segments that it has run."""
        work, sample, calls = self._works.pop(number)
        if work.segments:
            self.took[partition(work.segments)].append((ended - started) / 1e9)
        if calls and self._bench.contents is not None:
            self._bench.contents.made(self.name, sample, calls, told)
        self._calls.end(number, started, ended)


class _Calls:
    """What was asked of a node's process."""

    def __init__(self, bench: Bench, record: Recorder, name: str) -> None:
        self._bench, self._record, self._name = bench, record, name
        self._count = 0
        self.open: dict[int, Asked] = {}

    def begin(self, call: Asked) -> int:
        self._count += 1
        self.open[self._count] = call
        return self._count

    def end(self, number: int, started: int, ended: int) -> None:
        """A call has ended; what went down meanwhile is forgotten already."""
        if (call := self.open.pop(number, None)) is not None:
            sample, queued, amount, done, _, token = call
            clock = self._bench.clock
            moments = _moments(queued, clock.at_ns(started), clock.at_ns(ended))
            self._record((sample, self._name, "compute", queued, *moments, amount, "ok"))
            done(token)

    def lose(self) -> None:
        """See `Processor.lose`."""
        calls, self.open = self.open, {}
        self._give_up(calls.values(), "lost")
        for *_, lost, token in calls.values():
            lost(token)

    def stretch(self, factor: float) -> None:
        """See `Processor.stretch`: what has begun ends when it would have; what comes takes longer."""

    def busy(self, until: int) -> Iterable[tuple[int, int]]:
        """See `Processor.busy`: not known before it ends."""
        return ()

    def close(self) -> None:
        """See `Processor.close`."""
        self._give_up(self.open.values(), "unfinished")
        self.open.clear()

    def _give_up(self, calls: Iterable[Asked], status: str) -> None:
        now = self._bench.clock.now
        for sample, queued, amount, *_ in calls:
            self._record((sample, self._name, "compute", queued, queued, now, amount, status))


class LiveLink(Carrier):
    """A TCP connection over a veth device with a token bucket; its target holds messages for the time of propagation.

    A bucket lets a frame pass at once and makes the next one wait for it; the target adds the time that it would have
    taken to leave. A connection that breaks loses what is on it.
    """

    one_by_one = True

    def __init__(self, bench: Bench, record: Recorder, spec: LinkSpec, target: Node) -> None:
        super().__init__(spec)
        self._bench, self._record, self._target = bench, record, target
        self._wire = bench.wires[spec.source, spec.target]
        self._latency = ticks(spec.latency) // PER_NANOSECOND
        self._count = 0
        self.open: dict[int, Asked] = {}
        self._cargo: dict[int, tuple[tuple[int, str, str, int], Cargo]] = {}
        """Of messages under way: sample, ends of the whole way and bytes, and what they carry."""
        self._left: dict[int, tuple[int, int]] = {}
        """Of messages that have left their source: when that began, and ended."""
        self._free = 0
        """When the last of them had."""

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """See `Carrier.send`: as many bytes as the message has; headers are the kernel's."""
        if not self.up or not self._bench.alive(self.spec.source):
            lost(token)
            return
        self._count += 1
        wire, number, clock = self._wire, self._count, self._bench.clock
        whole = size + self.spec.header * self._packets(size)
        self.open[number] = (sample, clock.now, whole, done, lost, token)
        if not self._target.up:
            moment = clock.now + round(whole / self._bandwidth * PER_SECOND) + self._latency * PER_NANOSECOND
            clock.at(moment, Order.ARRIVES, lambda: self._in_vain(number))
            return
        rest = min(on_wire(size), burst(self._bandwidth)) / self._bandwidth
        times = round(rest * 1e9), self._latency
        source, _, end = ends_of((sample, self.place)).partition(LINK_ARROW)
        message, items = (int(sample), source, end, size), list[Item]()
        if (contents := self._bench.contents) is not None:
            if wire.source != source:
                cargo = contents.passed(wire.source, message)
            else:
                cargo = () if sample < 0 else contents.message(*message)
            self._cargo[number] = message, cargo
            items = [item for item, _ in cargo]
        self._bench.tell(wire.target, "expect", wire.number, wire.epoch, number, *times, message, items)
        self._bench.tell(wire.source, "send", wire.number, wire.epoch, message, items)

    def _in_vain(self, number: int) -> None:
        """Nobody was there to connect to."""
        if (asked := self.open.get(number)) is not None:
            self._forget({number: asked}, "lost")
            asked[4](asked[5])

    def heard(self, what: str, number: int, *moments: int) -> None:
        """What the target's process tells of a message."""
        if number not in self.open:
            return
        clock = self._bench.clock
        if what == "received":
            received = clock.at_ns(moments[0])
            self._left[number] = max(self.open[number][1], self._free), received
            self._free = received
            return
        sample, queued, size, done, lost, token = self.open.pop(number)
        started, _ = self._left.pop(number)
        arrived = self._target.up
        if arrived and (carried := self._cargo.pop(number, None)) is not None and self._bench.contents is not None:
            self._bench.contents.arrived(self.spec.target, *carried)
        moments_of = _moments(queued, started, clock.at_ns(moments[0]))
        self._record((sample, self.place, "transfer", queued, *moments_of, size, "ok" if arrived else "lost"))
        (done if arrived else lost)(token)

    def lose(self, unserved_only: bool = False) -> None:
        """See `Carrier.lose`."""
        gone = {number: asked for number, asked in self.open.items() if not unserved_only or number not in self._left}
        self._forget(gone, "lost")
        for *_, lost, token in gone.values():
            lost(token)

    def stretch(self, factor: float) -> None:
        """See `Carrier.stretch`."""
        wire = self._wire
        self._bench.tell(wire.target, "stretch", wire.number, wire.epoch, factor)
        self._bench.limit(self._wire, self._bandwidth if self._bandwidth > STANDSTILL else 1.0)

    def set_state(self, up: bool, bandwidth: float | None = None, loss: float | None = None) -> None:
        """See `Carrier.set_state`: its device goes down with it, and up."""
        was = self.up
        super().set_state(up, bandwidth, loss)
        if up != was:
            self._bench.switch(self._wire, up)  # what was on it is lost by now

    def close(self) -> None:
        """See `Carrier.close`."""
        self._forget(dict(self.open), "unfinished")

    def _forget(self, gone: dict[int, Asked], status: str) -> None:
        now = self._bench.clock.now
        for number, (sample, queued, size, *_) in gone.items():
            started, _ = self._left.pop(number, (max(queued, self._free), now))
            self._record(
                (sample, self.place, "transfer", queued, *_moments(queued, min(started, now), now), size, status)
            )
            self._cargo.pop(number, None)
            del self.open[number]

    def _packets(self, size: int) -> int:
        return 1 if self.spec.mtu is None else -(-size // self.spec.mtu)


def _moments(queued: int, started: int, ended: int) -> tuple[int, int]:
    """In the order in which they must be; a thousand instructions lie between two looks at one clock."""
    started = max(queued, started)
    return started, max(started, ended)
