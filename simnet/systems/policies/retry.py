"""Asking once more: what got no answer in time is sent again, each time after a longer wait."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from simnet.clock import Life, Limit, ticks
from simnet.language.quantities import MOST, Model, Time
from simnet.systems.parts.attempt import Awaited, Steps, Work

if TYPE_CHECKING:
    from simnet.clock import Clock
    from simnet.network.nodes.plain import Node


MOST_TIMES = 1000
"""Repetitions of one upload."""


class Retry(Model):
    """An upload without an answer is sent again."""

    times: Annotated[int, Field(ge=1, le=MOST_TIMES, strict=True)]
    """How often it is sent again."""
    after: Annotated[Time, Field(gt=0)]
    """How long the first answer is waited for."""
    factor: Annotated[float, Field(ge=1, le=MOST, strict=True, allow_inf_nan=False)] = 2.0
    """How many times longer each further one."""


class Retries:
    """When the calls of a system are made again: n-th repetition `after` · `factor`ⁿ⁻¹ s after the attempt before it.

    None that could only come when the call's own limit, `within` s, is over. Whoever asks cannot know what became of an
    attempt: one that is merely slow goes on, its work is done twice, and the first answer counts.
    """

    def __init__(self, env: Clock, spec: Retry, within: float) -> None:
        self._limits: list[Limit] = []
        wait, begins = spec.after, ticks(spec.after)
        while len(self._limits) < spec.times and begins < ticks(within):  # so that no power of the factor is too large
            self._limits.append(Limit(env, wait))
            wait *= spec.factor
            begins += ticks(wait)
        self._sent = self._answered = 0

    def watch(self, call: Awaited, again: Callable[[int], None]) -> None:
        """Call `again` with the number of the repetition, from 1, whenever `call` is to be made once more."""
        self._wait(call, again, 0)

    def _wait(self, call: Awaited, again: Callable[[int], None], made: int) -> None:
        if made < len(self._limits):
            self._limits[made].begin(call, partial(self._repeat, call, again, made))

    def _repeat(self, call: Awaited, again: Callable[[int], None], made: int) -> None:
        self._sent += 1
        again(made + 1)
        self._wait(call, again, made + 1)

    def answered(self, attempt: int) -> None:
        """Note that the answer came from this attempt (0: the first one)."""
        self._answered += attempt > 0

    def report(self) -> dict[str, Any]:
        """Repetitions sent, and calls that a repetition was the first to answer."""
        return {"sent": self._sent, "answered": self._answered}


class RetriedWork(Work):
    """As `Work`, begun anew at every repetition; `make` makes the generator."""

    def __init__(self, holder: Node, limit: Limit, retries: Retries, make: Callable[[], Steps]) -> None:
        self._retries, self._make = retries, make
        super().__init__(holder, limit, self._attempt(0))
        retries.watch(self, self._begin_anew)

    def _begin_anew(self, number: int) -> None:
        Life(self.env, self._run(self._attempt(number)))

    def _attempt(self, number: int) -> Steps:
        result: Any = yield from self._make()
        if not self.settled:
            self._retries.answered(number)
        return result
