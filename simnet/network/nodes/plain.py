"""Nodes: the computers of the simulated network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from simnet.clock import PER_SECOND, Clock, Signal, seconds
from simnet.language.quantities import Model
from simnet.network.line import Callback, FifoLine, Span
from simnet.network.nodes.service import ServiceTime
from simnet.network.nodes.spec import Jitter
from simnet.network.nodes.spec import Node as NodeSpec

if TYPE_CHECKING:
    from simnet.network.links.base import Carrier
    from simnet.network.nodes.sleep import Sleeper
    from simnet.network.work import Work


class Processor(Protocol):
    """What a node asks of the line that holds its calls."""

    def lose(self) -> None:
        """Lose all calls."""

    def stretch(self, factor: float) -> None:
        """Make what has begun take `factor` times as long from now on."""

    def busy(self, until: int) -> Iterable[tuple[int, int]]:
        """From when to when workers are busy, of the calls that have begun, or will have by a time, and not ended."""

    def close(self) -> None:
        """Record what has not ended."""


@dataclass(frozen=True)
class Surroundings:
    """What a node is built in.

    Attributes:
        env: The clock.
        record: Takes the span of every call.
        weights: Name of those that run, for a profile.
        priorities: That of every sample; empty: all equal.
        also: Takes the spans of a batch but the first; None: `record` does.
    """

    env: Clock
    record: Callable[[Span], None]
    weights: str = ""
    priorities: Sequence[int] = ()
    also: Callable[[Span], None] | None = None


class Node:
    """A computer: a FIFO line of `workers`; how long a call takes is told by `ServiceTime`. Down, it does nothing.

    Nodes that do more are in `simnet.network.nodes`.

    To add a kind: derive from this class, or from `QueuedNode` (a queue with an order, a limit, batches), in a file of
    your own, and name it in a node's entry: ``kind: "module:Name"``; or register it as an entry point of the group
    ``simnet.nodes``. A nested class `Options` (a `simnet.language.quantities.Model`) gives the entry further keys,
    found in `spec.options`. `refuses` says which of the usual keys it does nothing with.

    Systems call `compute` for every call, faults `set_state`, a load `set_load`, an empty battery `drain`, the end of a
    run `close`. For each `compute` either `done` or `lost` is called once, at any later time or at once, unless the
    run ends before, and one span is recorded. Whatever takes time goes through `_line`, which loses all of it when the
    node goes down and stretches it when the pace changes; `_pace` is how many times slower than without load and
    faults the node is now; `_times` are those of calls at full speed.
    """

    Options: ClassVar[type[Model]] = Model
    """Its own keys of an entry in a scenario."""
    refuses: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("queue", "batch", "profile"), "it serves calls in order of arrival, in times of its own"
    )
    """Keys that every node's entry may have and this kind's may not, and why."""

    @classmethod
    def make(cls, around: Surroundings, name: str, spec: NodeSpec) -> Node:
        """The node that `spec` asks for; for kinds that need more than clock and record."""
        return cls(around.env, around.record, name, spec)

    def __init__(self, env: Clock, record: Callable[[Span], None], name: str, spec: NodeSpec) -> None:
        self.env, self.name, self.tier = env, name, spec.tier
        self.up = True
        self.failed_at = -1
        """When it last went down, by the clock; −1: never. What it held in memory before is gone."""
        self.outgoing: list[Carrier] = []
        self.held: dict[Signal, None] = {}
        """Calls for which it waits, with what it knows itself: lost when it goes down (an ordered set)."""
        self.on_down: list[Callable[[], None]] = []
        """Called when the node goes down."""
        self.on_change: list[Callable[[], None]] = []
        """Called when the node has gone down (before anything on it is lost) or up."""
        self.sleeper: Sleeper | None = None
        """Keeps count of when it sleeps, if it ever does."""
        self._down_for, self._drained = 0, False
        self._times, self._varies = ServiceTime(spec), False
        self._slow, self._load, self._pace = 1.0, 0.0, 1.0
        self._services: dict[float, tuple[Work, int, int]] = {}
        """Picoseconds of calls for one sample at the present pace, by their FLOP: rounding costs several divisions.

        And their FLOP as a whole number."""
        self._fifo = FifoLine(env, record, name, "compute", spec.workers)
        self._line: Processor = self._fifo

    def compute(self, sample: int, work: Work, done: Callback, lost: Callback, token: Any) -> None:
        """Run `work` for one sample; `lost` is called at once when the node is down."""
        if self.up:
            known = self._services.get(work.flop)
            if known is not None and known[0] is work:  # to hash the whole of it would cost more
                _, service, flop = known
            else:
                service, flop = self._ticks(work, (sample,)), round(work.flop)
                if not self._varies:
                    self._services[work.flop] = work, service, flop
            self._fifo.submit(sample, service, flop, done, lost, token)
        else:
            lost(token)

    def _ticks(self, work: Work, samples: Sequence[int]) -> int:
        """Picoseconds of one call of `work` for these samples at the present pace."""
        return round(self._times.call(work, samples) * self._pace * PER_SECOND)

    @property
    def varies(self) -> bool:
        """Whether computing times vary by themselves."""
        return self._varies

    @property
    def pace(self) -> float:
        """How many times slower than without load and faults it is now."""
        return self._pace

    def seconds(self, work: Work) -> float:
        """Seconds of one call of `work` for one sample without load and faults, as it typically is."""
        return self._times.seconds(work, 1)

    def vary(self, jitter: Jitter, seed: int) -> None:
        """From now on have computing times vary, by draws of this seed."""
        from simnet.network.nodes.jitter import Draws, varied

        self._times.vary(varied(self._times, jitter, Draws(seed, self.name)))
        self._varies = True

    def set_state(self, up: bool, slow: float) -> None:
        """Go up or down, run `slow` times slower; on going down, work in progress and unsent messages are lost."""
        was, up = self.up, up and not self._drained
        if slow != self._slow:
            self._slow = slow
            self._set_pace()
        if self.up and not up:
            self.up, self.failed_at = False, self.env.now
            self._changed()
            self._line.lose()
            for link in self.outgoing:
                link.lose(unserved_only=True)
            for forget in self.on_down:
                forget()
            for call in list(self.held):
                if not call.settled:  # by what the loss of another has set off
                    call.lose(f"{self.tier} down")
        elif up and not was:
            self._down_for += self.env.now - self.failed_at
            self.up = True
            self._changed()

    def set_load(self, share: float) -> None:
        """Other work takes `share` (0 to 1, exclusive) of the speed from now on; work in progress is stretched."""
        self._load = share
        self._set_pace()

    def _set_pace(self) -> None:
        pace = self._slow / (1 - self._load)
        if pace != self._pace:
            self._line.stretch(pace / self._pace)
            self._pace = pace
            self._services.clear()

    def _changed(self) -> None:
        for tell in self.on_change:
            tell()

    def drain(self) -> None:
        """Go down for good: the battery is empty."""
        self._drained = True
        self.set_state(False, self._slow)

    @property
    def up_time(self) -> float:
        """Seconds that the node has been up so far."""
        down = self._down_for + (0 if self.up else self.env.now - self.failed_at)
        return seconds(self.env.now - down)

    def busy(self, until: int) -> Iterable[tuple[int, int]]:
        """See `Processor.busy`: what a battery pays while it lasts; without it, a call is paid when it ends."""
        return self._line.busy(until)

    def close(self) -> None:
        """Record unfinished work at the end of a run."""
        self._line.close()
