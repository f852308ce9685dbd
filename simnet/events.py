"""Two additions to SimPy's events: a signal that fires at once, and the loss of something in progress."""

from __future__ import annotations

from typing import Any

from simpy import Event


class Lost(Exception):  # noqa: N818 - an outcome of the simulated world, not an error of the program
    """A failure took what was waited for; `reason` says which, in the words of the results' `reason` column."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
