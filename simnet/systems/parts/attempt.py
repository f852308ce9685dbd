"""The next exit's result, for which the node that holds an answer of its own waits no longer than a limit."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from simnet.clock import Life, Limit, Lost, Signal

if TYPE_CHECKING:
    from simnet.clock import Clock
    from simnet.network.nodes.plain import Node


Steps = Generator[Signal, Any, Any]
"""Part of a protocol: yields signals, returns what it brought."""


class Awaited(Signal):
    """Fires with a true value when the result is there; with None at the limit: then the holder's own answer counts.

    Raises Lost when the holder goes down meanwhile: what it waited for, and its own answer, go with it. That it knows
    at once when the result is there is our simplification: no message back is charged.
    """

    def __init__(self, holder: Node, limit: Limit) -> None:
        super().__init__(holder.env)
        self._holder = holder
        holder.held[self] = None
        limit.begin(self, self.fire)

    def _settle(self, value: Any) -> None:
        self._holder.held.pop(self, None)
        super()._settle(value)


class Work(Awaited):
    """What other nodes do meanwhile, told as a generator of signals; its value is what the signal fires with."""

    def __init__(self, holder: Node, limit: Limit, work: Steps) -> None:
        super().__init__(holder, limit)
        Life(holder.env, self._run(work))

    def _run(self, work: Steps) -> Generator[Signal, Any, None]:
        try:
            result = yield from work
        except Lost:
            return  # nobody tells the holder: it learns it from its limit
        if not self.settled:
            self.fire(result)


def aside(clock: Clock, work: Generator[Signal, Any, None]) -> None:
    """Let `work` run beside what goes on; a loss ends it, and nobody is told."""
    Life(clock, _until_lost(work))


def _until_lost(work: Generator[Signal, Any, None]) -> Generator[Signal, Any, None]:
    try:
        yield from work
    except Lost:
        return
