"""Circuit breaking (Nygard, "Release It!", 2007): after enough failures in a row, not to ask is the better answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from simnet.clock import Signal, seconds, ticks
from simnet.language.quantities import MOST, Model, Time
from simnet.systems.policies.base import EdgePolicy, Guard

if TYPE_CHECKING:
    from simpy import Event

    from simnet.network.nodes.plain import Node


class Breaker(Model):
    """Who did not answer several times in a row is not called for a while.

    While it is open, samples that would go on are forced to leave at once.
    """

    failures: Annotated[int, Field(ge=1, le=MOST, strict=True)]
    """So many in a row, and the next exit is not asked."""
    rest: Annotated[Time, Field(gt=0)]
    """How long it is not asked, then once on trial."""


class BreakerPolicy(EdgePolicy):
    """A circuit breaker before the calls for each next exit."""

    Options: ClassVar[type[Model]] = Breaker

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._breakers: dict[str, CircuitBreaker] = {}

    def guard(self, exit_name: str, holder: Node) -> Guard:
        """See `EdgePolicy.guard`."""
        self._breakers[exit_name] = CircuitBreaker(holder, self.options)
        return self._breakers[exit_name].call

    def report(self) -> dict[str, Any]:
        """Of each breaker, by exit."""
        return {name: breaker.report() for name, breaker in self._breakers.items()}


class CircuitBreaker:
    """Stands before the calls of `holder` for one next exit: closed, open, or half-open.

    Closed, calls go through; `failures` of them in a row without an answer, in the order in which they end, open it.
    Open, a call is refused at once, for `rest` seconds; then it is half-open, and the next call is a trial, while
    which others are refused: an answer closes it, none opens it again. Our choices: calls that began before the
    present state count no more, and a holder that goes down forgets its state.
    """

    def __init__(self, holder: Node, spec: Breaker) -> None:
        self._env, self._spec = holder.env, spec
        self._opened_at: int | None = None  # None: closed
        self._rests_until = 0
        self._trying = False
        self._failed = 0
        self._era = 0  # of the state: what a call of another era brings does not count
        self._openings = self._trials = self._refused = 0
        self._open_for = 0
        holder.on_down.append(self._close)

    def call(self, make: Callable[[], Signal]) -> Signal:
        """The call that `make` makes, which fires with the next exit's answer or with None; refused, None at once."""
        if self._opened_at is not None:
            if self._trying or self._env.now < self._rests_until:
                self._refused += 1
                refused = Signal(self._env)
                refused.fire(None)
                return refused
            self._trying = True
            self._trials += 1
        call = make()
        if call.settled:
            self._ended(self._era, call)
        else:
            call.callbacks.append(partial(self._ended, self._era))
        return call

    def _ended(self, era: int, call: Event) -> None:
        if era != self._era or not call._ok:  # lost with the holder: that says nothing about the next exit
            return
        if call._value:
            self._failed = 0
            if self._trying:
                self._close()
        else:
            self._failed += 1
            if self._trying or self._failed == self._spec.failures:
                self._open()

    def _open(self) -> None:
        now = self._env.now
        if self._opened_at is None:
            self._openings += 1
            self._opened_at = now
        self._rests_until = now + ticks(self._spec.rest)
        self._trying, self._era = False, self._era + 1

    def _close(self) -> None:
        if self._opened_at is not None:
            self._open_for += self._env.now - self._opened_at
        self._opened_at, self._trying, self._failed, self._era = None, False, 0, self._era + 1

    def report(self) -> dict[str, Any]:
        """Openings (a failed trial is none), trials, samples refused, seconds until it closed again, in all."""
        now = self._env.now
        still = 0 if self._opened_at is None else now - self._opened_at
        return {
            "openings": self._openings,
            "trials": self._trials,
            "refused": self._refused,
            "open_time": seconds(self._open_for + still),
        }
