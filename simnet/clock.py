"""The clock, in whole picoseconds, and all scheduling; signals that fire at once, and lives that wait for them.

Time is a Python int, so that equal times are equal, however far from the start and however they came about; what
happens first at one instant is a rule (`Order`), not the luck of rounding. Seconds are converted once, at the edge:
`ticks` on the way in, `seconds` on the way out. What takes no time is done within the call that asks for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Generator, Iterator
from enum import IntEnum
from heapq import heappush
from typing import Any, NoReturn, Protocol

from simpy import Environment, Event
from simpy.core import SimTime, StopSimulation
from simpy.events import NORMAL, EventPriority

from simnet.registry import PluginError
from simnet.times import PER_SECOND, seconds, ticks

__all__ = ["PER_SECOND", "Clock", "Job", "Life", "Limit", "Lost", "Occurrence", "Order", "ProtocolError", "Signal"]
__all__ += ["Together", "seconds", "ticks"]


class Order(IntEnum):
    """What comes first at one instant; of one kind, what was put on the clock first."""

    FAULT_ENDS = 1
    """Also an outage's, with its warm-up."""
    FAULT_BEGINS = 2
    """Also: a trace or a load changes, a battery is empty."""
    WORK_ENDS = 3
    """Of nodes and transmitters."""
    ARRIVES = 4
    """A message reaches the end of a link."""
    CAPTURE = 5
    """Also what is sent by the clock, such as heartbeats."""
    LIMIT = 6
    """A limit runs out: what comes within it may come at its very end."""
    END = 7
    """The run ends: what ends at that instant has ended."""


class Clock(Environment):
    """SimPy's environment, with `now` in whole picoseconds; see `Order` for what comes first at one instant."""

    _now: int  # SimPy's may be a float; this one never is

    def __init__(self) -> None:
        super().__init__(0)
        self.lives: dict[Life, None] = {}
        """Those that wait for something (an ordered set)."""
        self.latest: Together | None = None
        """What was put on it last, if that were jobs to which others may be added."""
        self._playing: Together | None = None
        self.limits = 0
        """How many have been made for it."""
        self.tied = -1
        """When two of them last ran out at one instant: what came of it may depend on which of them did first."""
        self._ran_out: tuple[int, Limit | None] = -1, None

    @property
    def now(self) -> int:
        """The present, in picoseconds from the start."""
        return self._now

    def close(self) -> None:
        """End the lives that wait for what will never come; an abandoned generator would end whenever it is found."""
        while self.lives:
            self.lives.popitem()[0].close()

    def at(self, time: int, order: Order, act: Callable[[], None]) -> Occurrence:
        """Call `act` at a time; what is returned can be cancelled. Raises ValueError for one that is past."""
        if _whole(time) < self._now:
            raise ValueError(f"the clock is at {self._now} ps, past {time} ps")
        return Occurrence(self, time, order, [lambda _: act()])

    def background(self, time: int, order: Order, act: Callable[[], None]) -> None:
        """The same of what happens to the world whether or not anybody is there: it does not keep a run alive.

        When only background is left on the clock it does not happen: then nobody is there to notice, and a value that
        repeats for ever would keep a run from ending.
        """
        _Background(self, time, order, [lambda _: act() if self._alive() else None])

    def ran_out(self, limit: Limit) -> None:
        """Note that somebody has waited in vain."""
        before, other = self._ran_out
        if before == self._now and other is not limit:
            self.tied = before
        self._ran_out = self._now, limit

    def waiting(self, besides: Container[int]) -> Iterator[tuple[int, int, int, Any]]:
        """What is on it, was not cancelled and keeps a run alive: time, order, number and event, in no order.

        `besides` has the `id` of events that are left out.
        """
        for entry in self._queue:
            event = entry[3]
            if id(event) not in besides and type(event) is not _Background and _counts(event):
                yield entry  # type: ignore[misc]

    @property
    def entries(self) -> list[Event]:
        """All that is on it, in no order."""
        return [event for *_, event in self._queue]

    def jobs(self, owner: Ending) -> list[Job]:
        """Those of an owner that have not ended, in the order in which they were put on it."""
        return [job for _, _, job in self._jobs(owner)]

    def withdraw(self, owner: Ending, gone: Container[int]) -> None:
        """Let jobs of an owner pass unnoticed, by their `id`."""
        for together, place, job in self._jobs(owner):
            if id(job) in gone:
                together.jobs[place] = None

    def _jobs(self, owner: Ending) -> list[tuple[Together, int, Job]]:
        found = [event for *_, event in self._queue if type(event) is Together]
        if self._playing is not None:
            found.append(self._playing)
        found.sort(key=lambda together: together.number)
        return [
            (together, place, job)
            for together in found
            for place, job in (reversed if together is self._playing else list)(list(enumerate(together.jobs)))
            if job is not None and job[0] is owner
        ]

    def _alive(self) -> bool:
        return any(_counts(event) and not isinstance(event, _Background) for *_, event in self._queue)

    def halt(self) -> NoReturn:
        """End a run here and now, from within a callback; what is on the clock stays there."""
        raise StopSimulation(None)

    def stop(self, event: Event) -> None:
        """Let `event` happen when everything else has that happens now: a run until it ends with it."""
        event._ok, event._value = True, None
        self.latest = None
        heappush(self._queue, (self._now, Order.END, next(self._eid), event))  # type: ignore[misc]

    def run(self, until: SimTime | Event | None = None) -> Any:
        """Play until nothing is left, until a time (in picoseconds; what happens then has happened), or an event."""
        if until is not None and not isinstance(until, Event):
            if until < self._now:
                raise ValueError(f"the clock is at {self._now} ps, past {until} ps")
            until = Occurrence(self, _whole(until), Order.END, [])
        return super().run(until)

    def schedule(self, event: Event, priority: EventPriority = NORMAL, delay: SimTime = 0) -> None:
        """For SimPy's own events: a timeout is a limit that runs out. Raises TypeError for a delay that is no int."""
        order = Order.LIMIT if priority == NORMAL else priority
        self.latest = None
        heappush(self._queue, (self._now + _whole(delay), order, next(self._eid), event))  # type: ignore[misc]


def _whole(time: object) -> int:
    if not isinstance(time, int):
        raise TypeError(f"the clock counts whole picoseconds, not {time!r}: see simnet.clock.ticks")
    return time


class Occurrence(Event):
    """An event that happens at `time`, known when it is made; its callbacks are called with it."""

    _ok, _value = True, None

    def __init__(self, clock: Clock, time: int, order: int, callbacks: list[Callable[[Any], None]]) -> None:
        self.env, self.callbacks, clock.latest = clock, callbacks, None
        heappush(clock._queue, (time, order, next(clock._eid), self))  # type: ignore[misc]

    def cancel(self) -> None:
        """Let it pass unnoticed."""
        self.callbacks = []


class _Background(Occurrence):
    """See `Clock.background`."""


class Ending(Protocol):
    """What has jobs on a clock."""

    def end(self, job: Any) -> None:
        """Called at the end of each of them."""


Job = tuple[Any, ...]
"""Something that ends at a time known when it begins: an `Ending`, and whatever that wants to know then."""


class Together(Event):
    """Jobs that end at one instant, in one order, and were put on the clock directly after each other: one entry of it.

    So six reports that end together cost one turn through SimPy's queue, not six; what happens in which order is the
    same. To put a job on the clock: add it to `jobs` of the clock's `latest`, if that has its time and order, or make
    another such entry.
    """

    _ok, _value = True, None

    def __init__(self, clock: Clock, time: int, order: int, job: Job) -> None:
        self.env, self.time, self.order = clock, time, order
        self.callbacks = _PLAY
        self.jobs: list[Job | None] = [job]
        """None in place of those that were withdrawn."""
        self.number = number = next(clock._eid)
        clock.latest = self
        heappush(clock._queue, (time, order, number, self))  # type: ignore[misc]

    def play(self) -> None:
        """End the jobs, one after the other, unless something comes that goes before the rest of them."""
        jobs = self.jobs
        if len(jobs) == 1:
            if (job := jobs.pop()) is not None:
                job[0].end(job)
            return
        clock: Any = self.env
        queue, now, order = clock._queue, self.time, self.order
        clock._playing = self
        jobs.reverse()
        while True:
            if (job := jobs.pop()) is not None:
                job[0].end(job)
            if not jobs:
                break
            if queue and queue[0][0] == now and queue[0][1] < order:
                jobs.reverse()
                self.callbacks = _PLAY
                heappush(queue, (now, order, self.number, self))
                break
        clock._playing = None


_PLAY: list[Callable[[Any], None]] = [Together.play]


def _counts(event: Event) -> bool:
    """Whether something on the clock was not cancelled."""
    return any(job is not None for job in event.jobs) if type(event) is Together else bool(event.callbacks)


class Lost(Exception):  # noqa: N818 - an outcome of the simulated world, not an error of the program
    """A failure took what was waited for; `reason` says which, in the words of the results' `reason` column."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProtocolError(PluginError):
    """A system's protocol does not keep its contract; the message names where, and what was found."""


class Signal(Event):
    """An event whose waiters run within the call that fires it, without a turn through the event queue.

    SimPy's `succeed` puts the event into the queue at the present time; for a signal that is fired from a callback
    of an event at that very time, this turn costs a heap operation and changes nothing.
    """

    env: Clock

    @property
    def settled(self) -> bool:
        """Whether it has fired or was lost."""
        return self.callbacks is None

    def fire(self, value: Any = None) -> None:
        """Hand `value` to whoever waits."""
        self._ok = True
        self._settle(value)

    def lose(self, reason: str) -> None:
        """Raise `Lost` in whoever waits."""
        self._ok = False
        self._defused = True  # nobody waiting is no reason to stop the simulation
        self._settle(Lost(reason))

    def _settle(self, value: Any) -> None:
        self._value = value
        callbacks, self.callbacks = self.callbacks, None  # type: ignore[assignment]
        if callbacks is None:
            raise ProtocolError("a signal fires, or is lost, a second time: see Signal.settled")
        for callback in callbacks:
            callback(self)


class Life:
    """Runs a generator that yields the signals it waits for, from the call that makes the life until its end.

    What SimPy's `Process` does, but begun, resumed and ended without a turn through the event queue.
    """

    __slots__ = ("_clock", "_protocol")

    def __init__(self, clock: Clock, protocol: Generator[Signal, Any, None]) -> None:
        self._clock, self._protocol = clock, protocol
        clock.lives[self] = None
        self._go_on(protocol.send, None)

    def close(self) -> None:
        """End it where it waits. Raises ProtocolError when its code does something else instead."""
        where = _line_of(self._protocol)
        try:
            self._protocol.close()
        except Exception as problem:  # whatever a user's code does when it is ended
            raise ProtocolError(f"{where}: cannot be ended where it waits ({problem})") from problem

    def _resume(self, signal: Event) -> None:
        self._go_on(self._protocol.send if signal._ok else self._protocol.throw, signal._value)

    def _go_on(self, step: Callable[[Any], Signal], value: Any) -> None:
        signal: Any = None
        try:
            signal = step(value)
            while signal.settled:  # before anyone waited
                signal = (self._protocol.send if signal._ok else self._protocol.throw)(signal._value)
            signal.callbacks.append(self._resume)
        except StopIteration:
            self._clock.lives.pop(self, None)
        except AttributeError:
            if isinstance(signal, Signal) or getattr(self._protocol, "gi_frame", None) is None:
                raise  # it came out of the protocol, which has ended with it
            raise ProtocolError(f"{_line_of(self._protocol)}: yields {signal!r}, which is no signal") from None


def _line_of(protocol: Any) -> str:
    """File and line at which a generator waits, of the innermost one that it goes through."""
    while getattr(protocol, "gi_yieldfrom", None) is not None:
        protocol = protocol.gi_yieldfrom
    frame = getattr(protocol, "gi_frame", None)
    return "a protocol" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}: {frame.f_code.co_qualname}"


class Limit:
    """A time limit in s, the same for all signals under it: they reach it in the order they began, one timer will do.

    What comes within it may come at its very end.
    """

    def __init__(self, clock: Clock, limit: float) -> None:
        self._clock, self._length = clock, ticks(limit)
        self.number = clock.limits = clock.limits + 1
        """Of all on its clock, in the order in which they were made."""
        self._running: deque[tuple[int, Signal, Callable[[], None]]] = deque()

    def begin(self, signal: Signal, reached: Callable[[], None]) -> None:
        """Call `reached` after the limit's time if `signal` is not settled by then."""
        end = self._clock._now + self._length
        self._running.append((end, signal, reached))
        if len(self._running) == 1:
            self._wait(end)

    @property
    def idle(self) -> bool:
        """Whether nobody waits under it; its timer may still be on the clock."""
        return all(signal.settled for _, signal, _ in self._running)

    def _wait(self, end: int) -> None:
        Occurrence(self._clock, end, Order.LIMIT, [self._look])

    def _look(self, _: Event) -> None:
        now, running = self._clock.now, self._running
        while running:
            end, signal, reached = running[0]
            if not signal.settled:
                if end > now:
                    self._wait(end)
                    return
                self._clock.ran_out(self)
                reached()
            running.popleft()  # only now: who begins meanwhile must not start a second timer
