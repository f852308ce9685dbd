"""Additions to SimPy: signals that fire at once, lives that wait for them, a common time limit, and loss."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from simpy import Environment, Event, Timeout
from simpy.events import URGENT

from simnet.registry import PluginError


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
        for callback in callbacks:
            callback(self)


class Life:
    """Runs a generator that yields the signals it waits for, from the call that makes the life until its end.

    What SimPy's `Process` does, but begun, resumed and ended without a turn through the event queue.
    """

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Generator[Signal, Any, None]) -> None:
        self._protocol = protocol
        self._go_on(protocol.send, None)

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
            pass
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
    """A time limit, the same for all signals under it: they reach it in the order they began, so one timer will do."""

    def __init__(self, env: Environment, seconds: float) -> None:
        self._env, self._seconds = env, seconds
        self._running: deque[tuple[float, Signal, Callable[[], None]]] = deque()

    def begin(self, signal: Signal, reached: Callable[[], None]) -> None:
        """Call `reached` after the limit's time if `signal` is not settled by then."""
        self._running.append((self._env.now + self._seconds, signal, reached))
        if len(self._running) == 1:
            self._wait(self._seconds)

    def _wait(self, seconds: float) -> None:
        Timeout(self._env, seconds).callbacks.append(self._look)

    def _look(self, _: Event) -> None:
        now, running = self._env.now, self._running
        while running:
            end, signal, reached = running[0]
            if not signal.settled:
                if end > now:
                    self._wait(end - now)
                    return
                reached()
            running.popleft()  # only now: who begins meanwhile must not start a second timer


class Background(Event):
    """An event that happens to the world whether or not anybody is there: it does not keep a run alive.

    At `time` s it calls `act`, before whatever else happens then; not, however, when only background is left on the
    clock: then nobody is there to notice, and a value that repeats for ever would keep a run from ending.
    """

    _ok, _value = True, None

    def __init__(self, env: Environment, time: float, act: Callable[[], None]) -> None:
        super().__init__(env)
        self._act = act
        self.callbacks.append(self._happen)
        env.schedule(self, URGENT, max(0.0, time - env.now))

    def _happen(self, _: Event) -> None:
        if any(not isinstance(event, Background) for *_, event in self.env._queue):
            self._act()
