"""A node as a process of its own: it computes, sends real bytes and tells what it received, as it is asked to.

It runs in the node's network namespace. What it is asked, and what it tells, goes over a local socket beside the
simulated network; moments are `time.monotonic_ns`, which all processes of a machine share.
"""

from __future__ import annotations

import os
import pickle
import select
import socket
import sys
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any, NoReturn, Protocol

from simnet.testbed.connections import CHUNK, HELLO, PORT, Incoming, Outgoing
from simnet.testbed.namespaces import as_others, before_others, exact_timers


class Runs(Protocol):
    """What nodes compute and send."""

    def warm_up(self, node: str) -> None:
        """What comes before the first sample."""

    def run(self, node: str, sample: int, calls: Sequence[Any]) -> None:
        """What a node computes for a sample."""

    def told(self, node: str, sample: int, calls: Sequence[Any]) -> Any:
        """What it says of that."""

    def answer(self, node: str, exit_name: str, sample: int, upstream: int) -> Any:
        """What it answers at an exit, of what has arrived."""

    def content(self, node: str, sample: int, items: Sequence[Any]) -> bytes:
        """What it sends of a sample."""

    def take(self, sample: int, items: Sequence[Any], data: bytes) -> None:
        """What has arrived of a sample."""


Message = tuple[int, str, str, int]
"""A sample, the ends of its way, and bytes."""

PRIORITY = 10
"""Real-time priority of what moves messages."""
LARGEST = 1 << 20
"""Bytes of one question or answer."""
LONGEST_WAIT = 3600.0
"""Seconds that are waited for at a time; what a standstill holds up comes later than the kernel can count."""
KEPT = 64 * 2**20
"""Bytes that wait at a node's control socket: neither side ever waits for the other to read."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection beside the network."""
    so_sndbufforce = 32
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        with suppress(PermissionError):
            end.setsockopt(socket.SOL_SOCKET, so_sndbufforce, KEPT)
    return ends


def tell(to: socket.socket, message: tuple[Any, ...]) -> None:
    """Send a tuple; raises OSError when nobody is there."""
    to.send(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))


def heard(of: socket.socket) -> tuple[Any, ...] | None:
    """The next tuple; None: the other side has ended."""
    try:
        data = of.recv(LARGEST)
    except ConnectionError:
        return None
    return pickle.loads(data) if data else None


class Agent:
    """What a node's process does until it is killed, or who made it is gone."""

    def __init__(self, name: str, control: socket.socket, workers: int, runs: Runs | None, warm: bool = True) -> None:
        self._name, self._control, self._runs = name, control, runs
        self._pool = None if runs is None else Pool(workers, partial(runs.warm_up, name), warm)
        self._free = [0] * workers
        heapify(self._free)
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._listener = socket.create_server(("0.0.0.0", PORT), backlog=64)
        self._listener.setblocking(False)
        self._unknown: set[socket.socket] = set()
        """Connections that have not said hello."""
        self._out: dict[tuple[int, int], Outgoing] = {}
        self._in: dict[tuple[int, int], Incoming] = {}
        self._passed: dict[Message, deque[bytes]] = defaultdict(deque)
        """What has to go on."""

    @property
    def keeps(self) -> bool:
        """Whether messages have contents."""
        return self._runs is not None

    def serve(self) -> NoReturn:
        """Do what is asked."""
        exact_timers()
        before_others(PRIORITY)
        self.say("ready")
        control, listener = self._control, self._listener
        while True:
            reading: list[Any] = [control, listener, *self._unknown, *(one for one in self._in.values() if one.open)]
            reading += [] if self._pool is None else [self._pool]
            writing = [one for one in self._out.values() if one.pending]
            wait = None
            if self._timers:
                wait = min(LONGEST_WAIT, max(0, self._timers[0][0] - time.monotonic_ns()) / 1e9)
            readable, writable, _ = select.select(reading, writing, (), wait)
            now = time.monotonic_ns()
            for incoming in readable:
                if isinstance(incoming, Incoming):
                    incoming.read(now)
            for outgoing in writable:
                outgoing.write()
            while self._timers and self._timers[0][0] <= now:
                heappop(self._timers)[2]()
            for other in readable:
                if other is control:
                    self._asked()
                elif other is listener:
                    with suppress(OSError):  # it has broken already
                        self._unknown.add(listener.accept()[0])
                elif other is self._pool:
                    for told in self._pool.ended():
                        self.say("done", *told)
                elif other in self._unknown:
                    self._greeted(other)

    def say(self, *message: Any) -> None:
        """Tell who made this process; without one it ends."""
        try:
            tell(self._control, message)
        except OSError:
            os._exit(0)

    def later(self, moment: int, act: Callable[[], None]) -> None:
        """Do something at a moment."""
        self._count += 1
        heappush(self._timers, (moment, self._count, act))

    def _asked(self) -> None:
        message = heard(self._control)
        if message is None:
            os._exit(0)
        getattr(self, f"_{message[0]}")(*message[1:])

    def _greeted(self, connection: socket.socket) -> None:
        self._unknown.discard(connection)
        try:
            hello = connection.recv(HELLO.size, socket.MSG_WAITALL)
        except OSError:
            hello = b""
        if len(hello) < HELLO.size:
            connection.close()
            return
        key = HELLO.unpack(hello)
        self._incoming(key).take(connection)
        self.say("opened", *key)

    def _incoming(self, key: tuple[int, int]) -> Incoming:
        if key not in self._in:
            self._in[key] = Incoming(self, *key)
        return self._in[key]

    # What it is asked.

    def _connect(self, link: int, epoch: int, address: str) -> None:
        """Open the connection of a link."""
        self._out[link, epoch] = Outgoing(self, link, epoch, address)

    def _break(self, link: int, epoch: int) -> None:
        """The connection of a link is gone, with all that is on it."""
        for there in (self._out, self._in):
            if (connection := there.pop((link, epoch), None)) is not None:
                connection.close()

    def _nudge(self, address: str) -> None:
        """Have a bucket look at its rate: one that waits does so at its next packet, here an empty datagram."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, suppress(OSError):
            one.sendto(b"", (address, PORT))

    def _send(self, link: int, epoch: int, message: Message, items: Sequence[Any]) -> None:
        """Send a message: what is here of its sample, or what has come of it from elsewhere."""
        if (connection := self._out.get((link, epoch))) is None:
            return
        sample, source, _, size = message
        content = b""
        if self._runs is not None and source != self._name:
            content = self._passed[message].popleft() if self._passed[message] else b""
        elif self._runs is not None and items:
            content = self._runs.content(self._name, sample, items)
        connection.add(size, content)
        connection.write()

    def _expect(
        self, link: int, epoch: int, number: int, rest: int, latency: int, message: Message, items: Sequence[Any]
    ) -> None:
        """The next bytes of a link are a message; it has arrived `rest` + `latency` nanoseconds after its last byte."""
        take = partial(self._take, message, items)
        self._incoming((link, epoch)).expect(number, message[-1], rest, latency, take)

    def _take(self, message: Message, items: Sequence[Any], data: bytes) -> None:
        """A message has arrived."""
        sample, _, end, _ = message
        if end != self._name:
            self._passed[message].append(data)
        elif self._runs is not None and items:
            self._runs.take(sample, items, data)

    def _answer(self, exit_name: str, sample: int, upstream: int) -> None:
        """What comes of an exit."""
        assert self._runs is not None
        self.say("answer", self._runs.answer(self._name, exit_name, sample, upstream))

    def _stretch(self, link: int, epoch: int, factor: float) -> None:
        """What still has to leave the source of a link takes `factor` times as long."""
        if (incoming := self._in.get((link, epoch))) is not None:
            incoming.stretch(factor)

    def _compute(self, call: int, length: int, sample: int, calls: Sequence[Any], pace: float) -> None:
        """Be busy for so many nanoseconds, when a worker is free; or run segments, then wait: `pace` times as long."""
        if self._pool is not None and self._runs is not None:
            if calls:
                what = self._name, sample, calls
                self._pool.run(call, pace, partial(self._runs.run, *what), partial(self._runs.told, *what))
            else:
                self._pool.run(call, 1.0, partial(time.sleep, length / 1e9), dict)
            return
        started = max(time.monotonic_ns(), self._free[0])
        heapreplace(self._free, started + length)
        self.later(started + length, lambda: self.say("done", call, started, time.monotonic_ns(), {}))


class Pool:
    """Threads that run segments, while another moves messages."""

    def __init__(self, workers: int, first: Callable[[], None], wait: bool) -> None:
        sys.setswitchinterval(1e-4)
        self._threads = ThreadPoolExecutor(workers, initializer=as_others)
        warm = self._threads.submit(first)
        if wait:
            warm.result()
        self._read, self._write = os.pipe()
        self._ended: deque[tuple[int, int, int, Any]] = deque()

    def fileno(self) -> int:
        """For `select`: something has ended."""
        return self._read

    def run(self, call: int, pace: float, work: Callable[[], None], told: Callable[[], Any]) -> None:
        """Begin as soon as a thread is free; `told` is called then, which is not timed."""
        self._threads.submit(self._timed, call, pace, work, told)

    def ended(self) -> list[tuple[int, int, int, Any]]:
        """Calls that have ended: number, when they began and ended, and what is told of them."""
        os.read(self._read, CHUNK)
        return [self._ended.popleft() for _ in range(len(self._ended))]

    def _timed(self, call: int, pace: float, work: Callable[[], None], told: Callable[[], Any]) -> None:
        started = time.monotonic_ns()
        try:
            work()
            if pace > 1:
                time.sleep((time.monotonic_ns() - started) / 1e9 * (pace - 1))
            ended = time.monotonic_ns()
            self._ended.append((call, started, ended, told()))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os.write(self._write, b".")
