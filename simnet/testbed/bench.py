"""All that a scenario is executed on: a process and a namespace for each node, a veth pair for each connection."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Self

from simnet.clock import Order
from simnet.network.links.spec import Link as LinkSpec
from simnet.network.nodes.spec import Node as NodeSpec
from simnet.testbed.agent import Agent, heard, pair, tell
from simnet.testbed.clock import LiveClock
from simnet.testbed.namespaces import LiveError, bucket, die_with_parent, enter, ip, tc, unshare

if TYPE_CHECKING:
    from simnet.testbed.contents import Contents
    from simnet.testbed.segments import Segments

ANSWERS = 2.0
"""Seconds for an answer of a node."""
PATIENCE = 30.0
"""Seconds for processes to be ready and connections to open."""
MOST_CONNECTIONS = 1 << 14
"""As many networks of four addresses as 10.0.0.0/16 has."""


@dataclass
class Wire:
    """One direction of a link, as the kernel has it.

    Attributes:
        number: Its own.
        device: Name of its device in the source's namespace.
        address: The target's at its other end.
    """

    number: int
    source: str
    target: str
    device: str
    address: str
    epoch: int = 0
    """How often its connection has been opened anew."""
    open: bool = False
    up: bool = True
    """Whether no fault has it down."""


@dataclass
class _Machine:
    """A node's namespace, and the process in it, if there is one."""

    workers: int
    namespace: int = -1
    process: int = 0
    control: socket.socket | None = None
    next: tuple[int, socket.socket] | None = None
    """The process that waits to follow one that was killed, and its control socket."""
    wires: list[Wire] = field(default_factory=list)
    """Those that it sends on."""


class Bench:
    """Processes, namespaces, veth pairs and buckets of a scenario; a context, at whose end none of them is left.

    `hear` is called with what a node tells: its name, and the tuple (see `simnet.testbed.agent`).
    """

    def __init__(
        self,
        clock: LiveClock,
        nodes: Mapping[str, NodeSpec],
        links: Sequence[LinkSpec],
        runs: Segments | None = None,
        contents: Contents | None = None,
    ) -> None:
        self.contents = contents
        """What is where, if messages have contents."""
        self.clock, self.hear, self._runs = clock, _nobody, runs
        self._waiting: dict[str, deque[tuple[Any, ...]]] = defaultdict(deque)
        """What nodes told while an answer was waited for."""
        self._machines = {name: _Machine(spec.workers) for name, spec in nodes.items()}
        self.wires: dict[tuple[str, str], Wire] = {}
        self._bandwidths = {(link.source, link.target): link.bandwidth for link in links}
        pairs = list(dict.fromkeys(tuple(sorted(ends)) for ends in self._bandwidths))
        if len(pairs) > MOST_CONNECTIONS:
            raise LiveError(f"{len(pairs)} connections; there are addresses for {MOST_CONNECTIONS}")
        self._pairs: list[tuple[str, str]] = [(low, high) for low, high in pairs]
        for number, (low, high) in enumerate(self._pairs):
            for at, (source, target) in enumerate(((low, high), (high, low))):
                if (source, target) in self._bandwidths:
                    wire = Wire(len(self.wires), source, target, f"veth{number}", _address(number, 1 - at))
                    self.wires[source, target] = wire
                    self._machines[source].wires.append(wire)

    def __enter__(self) -> Self:
        try:
            for name, machine in self._machines.items():
                machine.next = self._fork(name, new=True)
            for name in self._machines:
                self._begin(name, new=True)
            self._connect_namespaces()
            for wire in self.wires.values():
                self.open(wire)
            self._wait(lambda: all(wire.open for wire in self.wires.values()), "connections did not open")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name, machine in self._machines.items():
            self.kill(name)
            if machine.namespace >= 0:
                os.close(machine.namespace)
                machine.namespace = -1

    # Processes.

    def _fork(self, name: str, new: bool = False) -> tuple[int, socket.socket]:
        """A process for a node, in its namespace or a new one; it says so when it is ready."""
        machine = self._machines[name]
        ours, theirs = pair()
        held = [one.control for one in self._machines.values() if one.control is not None]
        held += [one.next[1] for one in self._machines.values() if one.next is not None]
        process = os.fork()
        if not process:
            begin = partial(Agent, name, theirs, machine.workers, self._runs, warm=new)
            _be_agent(begin, [ours, *held], None if new else machine.namespace)
        theirs.close()
        return process, ours

    def _begin(self, name: str, new: bool = False) -> None:
        """Begin a node's process, or let the one go on that has been waiting for it."""
        machine = self._machines[name]
        process, ours = machine.next or self._fork(name, new)
        machine.next = None
        machine.process, machine.control = process, ours
        self.clock.readers[ours.fileno()] = lambda: self._heard(name)
        if heard(ours) is None:  # it says that it is ready from within its namespace
            raise LiveError(f"the process of {name} ended as it began")
        if new:
            machine.namespace = os.open(f"/proc/{process}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def start(self, name: str) -> None:
        """Begin a node's process anew, and open its connections, on both sides."""
        self._begin(name)
        for wire in self.wires.values():
            if name in (wire.source, wire.target):
                self.reopen(wire)

    def strike(self, name: str) -> None:
        """End a node's process; the next one begins and waits, since that takes longer than some faults."""
        self.kill(name)
        self._machines[name].next = self._fork(name)

    def kill(self, name: str) -> None:
        """End a node's process at once; what it held, and what was on its connections, is gone."""
        machine = self._machines[name]
        self._waiting.pop(name, None)
        if self.contents is not None:
            self.contents.died(name)
        if machine.control is not None:
            self.clock.readers.pop(machine.control.fileno(), None)
            machine.control.close()
            machine.control = None
        if machine.next is not None:
            machine.next[1].close()
        for process in (machine.process, *(machine.next or ())[:1]):
            if process:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
        machine.process, machine.next = 0, None

    def alive(self, name: str) -> bool:
        """Whether a node has a process."""
        return self._machines[name].control is not None

    def tell(self, name: str, *message: Any) -> None:
        """Ask a node for something; one without a process hears nothing."""
        if (control := self._machines[name].control) is not None:
            with suppress(OSError):  # it is found by its silence
                tell(control, message)

    def ask(self, name: str, *question: Any) -> Any:
        """What a node answers; None: nothing, or nothing in time. What it tells meanwhile is heard right after."""
        control = self._machines[name].control
        if control is None:
            return None
        self.tell(name, *question)
        end = time.monotonic() + ANSWERS
        while select.select([control], (), (), max(0.0, end - time.monotonic()))[0]:
            message = heard(control)
            if message is None:
                return None  # it is found by its silence
            if message[0] == question[0]:
                return message[1]
            self._waiting[name].append(message)
            if len(self._waiting[name]) == 1:
                self.clock.at(self.clock.now, Order.WORK_ENDS, lambda: self._catch_up(name))
        return None

    def _catch_up(self, name: str) -> None:
        while waiting := self._waiting.get(name):
            self._understand(name, waiting.popleft())

    def _heard(self, name: str) -> None:
        self._catch_up(name)
        control = self._machines[name].control
        if control is None or not select.select([control], (), (), 0)[0]:
            return  # what it told has been read while an answer was waited for
        message = heard(control)
        if message is None:
            raise LiveError(f"the process of {name} has ended by itself")
        self._understand(name, message)

    def _understand(self, name: str, message: tuple[Any, ...]) -> None:
        if message[0] == "opened":
            _, number, epoch = message
            for wire in self.wires.values():
                if (wire.number, wire.epoch) == (number, epoch):
                    wire.open = True
        elif message[0] == "failed":
            _, number, epoch = message
            for wire in self.wires.values():
                if (wire.number, wire.epoch) == (number, epoch):
                    raise LiveError(f"the connection from {name} to {wire.target} cannot be opened")
        else:
            self.hear(name, message)

    def _wait(self, done: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > end:
                raise LiveError(f"{otherwise} within {PATIENCE:.0f} s")
            self.clock.poll(0.1)

    # Links.

    def _connect_namespaces(self) -> None:
        made: dict[str, list[str]] = {name: ["link set lo up"] for name in self._machines}
        for number, (low, high) in enumerate(self._pairs):
            peer = f"netns {self._machines[high].process}"
            ip(self._machines[low].namespace, [f"link add veth{number} type veth peer name veth{number} {peer}"])
            for at, name in enumerate((low, high)):
                made[name] += [
                    f"addr add {_address(number, at)}/30 dev veth{number}",
                    f"link set veth{number} up",
                ]
        for name, machine in self._machines.items():
            ip(machine.namespace, made[name])
            if buckets := [bucket(wire.device, self._bandwidths[wire.source, wire.target]) for wire in machine.wires]:
                tc(machine.namespace, buckets)

    def open(self, wire: Wire) -> None:
        """Open a link's connection."""
        self.tell(wire.source, "connect", wire.number, wire.epoch, wire.address)

    def reopen(self, wire: Wire) -> None:
        """Give up a link's connection, and open another if both its ends and the link are up."""
        for name in (wire.source, wire.target):
            self.tell(name, "break", wire.number, wire.epoch)
        wire.epoch += 1
        wire.open = False
        if wire.up and self.alive(wire.source) and self.alive(wire.target):
            self.open(wire)

    def limit(self, wire: Wire, bandwidth: float) -> None:
        """Change the bucket of a link."""
        tc(self._machines[wire.source].namespace, [bucket(wire.device, bandwidth, "change")])
        self.tell(wire.source, "nudge", wire.address)

    def switch(self, wire: Wire, up: bool) -> None:
        """A link goes up or down: its connection breaks, and when no direction is left its devices go down, too."""
        wire.up = up
        back = self.wires.get((wire.target, wire.source))
        for name in (wire.source, wire.target) if up or back is None or not back.up else ():
            ip(self._machines[name].namespace, [f"link set {wire.device} {'up' if up else 'down'}"])
        self.reopen(wire)

    def counted(self) -> dict[tuple[str, str], int]:
        """Bytes that the kernel put on every link, headers, acknowledgements and repetitions included."""
        found: dict[tuple[str, str], int] = {}
        for machine in self._machines.values():
            told = json.loads(ip(machine.namespace, ["link show"], "-s", "-json")) if machine.wires else []
            sent = {device["ifname"]: device["stats64"]["tx"]["bytes"] for device in told}
            found |= {(wire.source, wire.target): sent[wire.device] for wire in machine.wires}
        return found


def _be_agent(begin: Callable[[], Agent], others: Iterable[socket.socket], namespace: int | None) -> NoReturn:
    """What a forked process does: it never returns to what its parent was doing."""
    status = 1
    try:
        die_with_parent()
        for other in others:
            other.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for who made it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if namespace is None:
            unshare()
        else:
            enter(namespace)
        begin().serve()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _address(number: int, at: int) -> str:
    """Of one end of a connection: each has a network of four addresses."""
    whole = (10 << 24) + 4 * number + 1 + at
    return socket.inet_ntoa(whole.to_bytes(4, "big"))


def _nobody(name: str, message: tuple[Any, ...]) -> None:
    """Before anybody listens."""
