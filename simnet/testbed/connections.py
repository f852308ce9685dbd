"""One direction of a link as a TCP connection: messages of so many bytes, at its source and at its target."""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

Take = Callable[[bytes], None]
PORT = 7000
"""Where every node listens, in a namespace of its own."""
HELLO = struct.Struct("!II")
"""What a connection begins with: number of the link, and how often it has been opened before."""
CHUNK = 1 << 16
FILLER = bytes(CHUNK)
RETRY = 20_000_000
"""Nanoseconds after which a connection that has not opened is tried anew, then twice as many, and so on: TCP itself
would wait a second at first."""
ATTEMPTS = 10
"""How often: for 20 s in all."""


class Node(Protocol):
    """The process that a connection is of."""

    @property
    def keeps(self) -> bool:
        """Whether messages have contents."""

    def later(self, moment: int, act: Callable[[], None]) -> None:
        """Do something at a moment."""

    def say(self, *message: Any) -> None:
        """Tell who made the process."""


class Outgoing:
    """One direction of a link, at its source."""

    def __init__(self, node: Node, link: int, epoch: int, address: str) -> None:
        self._node, self._link, self._epoch, self._address = node, link, epoch, address
        self._waiting = deque([memoryview(HELLO.pack(link, epoch))])
        self._open, self._refused, self._closed, self._attempts = False, False, False, 0
        self._connect()

    @property
    def pending(self) -> bool:
        """Whether there is something that the kernel has not taken yet."""
        return bool(self._waiting) and not self._refused

    def _connect(self) -> None:
        """Begin to connect; nobody waits for it, since nodes and links may go down meanwhile."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, at its end
        self._socket.setblocking(False)
        self._refused = self._socket.connect_ex((self._address, PORT)) not in (0, errno.EINPROGRESS)
        self._node.later(time.monotonic_ns() + (RETRY << self._attempts), self._look)
        self._attempts += 1

    def _look(self) -> None:
        """Try again if it has not opened."""
        if self._closed or self._connected():
            return
        if self._attempts == ATTEMPTS:
            self._node.say("failed", self._link, self._epoch)
            return
        self._socket.close()
        self._connect()

    def _connected(self) -> bool:
        if not self._open:
            with suppress(OSError):
                self._socket.getpeername()
                self._open = True
        return self._open

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def add(self, size: int, content: bytes) -> None:
        """A message of `size` bytes: its content, and zeros for what is known of the rest."""
        if content:
            self._waiting.append(memoryview(content)[:size])
            size -= len(self._waiting[-1])
        while size > 0:
            self._waiting.append(memoryview(FILLER)[:size])
            size -= CHUNK

    def write(self) -> None:
        """Give the kernel what it takes."""
        if not self._connected():
            self._refused |= bool(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            return
        try:
            while self._waiting:
                sent = self._socket.send(self._waiting[0])
                if sent < len(self._waiting[0]):
                    self._waiting[0] = self._waiting[0][sent:]
                    return
                self._waiting.popleft()
        except BlockingIOError:
            pass
        except OSError:  # who is at its other end is gone; the world knows
            self._waiting.clear()

    def close(self) -> None:
        """With a reset: what has not arrived never will."""
        self._closed = True
        self._socket.close()


class Incoming:
    """One direction of a link, at its target."""

    def __init__(self, node: Node, link: int, epoch: int) -> None:
        self._node, self._link, self._epoch = node, link, epoch
        self._socket: socket.socket | None = None
        self._got, self._closed = 0, False
        self._data = bytearray()
        """The bytes themselves, where messages have contents."""
        self._expected: deque[tuple[int, int, int, int, Take]] = deque()
        """Number, bytes, rest and latency of the messages that come, and who takes them."""
        self._held: dict[int, tuple[int, int]] = {}
        """By number of those that have come: when they have left their source, and arrive."""
        self._cargo: dict[int, tuple[Take, bytes]] = {}
        """What they hold."""
        self._read_at = 0
        """When the last bytes came."""

    @property
    def open(self) -> bool:
        """Whether there is something to read from."""
        return self._socket is not None and not self._closed

    def take(self, connection: socket.socket) -> None:
        """The connection that it is."""
        connection.setblocking(False)
        self._socket = connection

    def fileno(self) -> int:
        """For `select`."""
        assert self._socket is not None
        return self._socket.fileno()

    def read(self, now: int) -> None:
        """Take what is there."""
        assert self._socket is not None
        try:
            data = self._socket.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:  # its source has ended, of which the world knows
            self._closed = True
            return
        self._got, self._read_at = self._got + len(data), now
        if self._node.keeps:
            self._data += data
        self._tell()

    def expect(self, message: int, size: int, rest: int, latency: int, take: Take) -> None:
        """The next bytes are a message; one without bytes has come as soon as those before it."""
        if not size and not self._expected:
            self._read_at = time.monotonic_ns()
        self._expected.append((message, size, rest, latency, take))
        self._tell()

    def _tell(self) -> None:
        """Tell of messages that are complete."""
        now = self._read_at
        while self._expected and self._got >= self._expected[0][1]:
            message, size, rest, latency, take = self._expected.popleft()
            self._got -= size
            self._cargo[message] = take, bytes(self._data[:size])
            del self._data[:size]
            self._node.say("received", self._link, message, now)
            self._hold(message, now + rest, now + rest + latency)

    def stretch(self, factor: float) -> None:
        """The rest of every message takes `factor` times as long."""
        now = time.monotonic_ns()
        self._expected = deque(
            (number, size, round(rest * factor), latency, take) for number, size, rest, latency, take in self._expected
        )
        for message, (left, arrives) in list(self._held.items()):
            if left > now:
                longer = round((left - now) * factor) - (left - now)
                self._hold(message, left + longer, arrives + longer)

    def _hold(self, message: int, left: int, arrives: int) -> None:
        self._held[message] = left, arrives
        self._node.later(arrives, lambda: self._arrive(message))

    def _arrive(self, message: int) -> None:
        now = time.monotonic_ns()
        if self._socket is not None and message in self._held and self._held[message][1] <= now:
            del self._held[message]
            take, data = self._cargo.pop(message)
            take(data)
            self._node.say("arrived", self._link, message, now)

    def close(self) -> None:
        """What is on the way will not arrive."""
        self._closed = True
        if self._socket is not None:
            self._socket.close()
            self._socket = None
