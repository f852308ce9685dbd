"""Values that change by themselves at given times: a link's bandwidth from a trace, the background load of a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from simnet.clock import Clock, Order, ticks
from simnet.language.schedule import Steps


def schedule_steps(env: Clock, steps: Steps, change: Callable[[float], None]) -> None:
    """Call `change(value)` with the value that holds now, and at each later change.

    `steps.times` count from the start of the simulation; with `repeat`, from every multiple of it. One event at a time
    is on the clock.
    """
    changes = _changes(steps)
    value, following = steps.values[0], next(changes, None)
    while following is not None and following[0] <= env.now:
        value, following = following[1], next(changes, None)
    change(value)
    _wait(env, changes, following, change)


def _wait(
    env: Clock,
    changes: Iterator[tuple[int, float]],
    following: tuple[int, float] | None,
    change: Callable[[float], None],
) -> None:
    if following is None:
        return
    time, value = following

    def act() -> None:
        change(value)
        _wait(env, changes, next(changes, None), change)

    env.background(time, Order.FAULT_BEGINS, act)


def _changes(steps: Steps) -> Iterator[tuple[int, float]]:
    """(time, value) of every change after the beginning, without end if the steps repeat."""
    changes = [(ticks(time), value) for time, value in zip(steps.times, steps.values, strict=True)]
    yield from changes[1:]
    if steps.repeat is not None and len(changes) > 1:
        for turn in count(1):
            for time, value in changes:
                yield turn * ticks(steps.repeat) + time, value
