"""The clock: whole picoseconds, what comes first at one instant, limits, background, ends of lives."""

from __future__ import annotations

import gc
import random
from collections.abc import Generator
from itertools import permutations
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpy import Timeout

from simnet.clock import PER_SECOND, Clock, Life, Limit, Lost, Order, Signal, seconds, ticks
from simnet.times import ticks_of

YEAR = 365 * 86_400
"""Seconds."""


# Seconds and picoseconds


def test_a_time_is_of_as_many_picoseconds_as_it_was_written() -> None:
    assert ticks(0.1) == 10**11
    assert ticks(0.1) + ticks(0.2) == ticks(0.3) == 3 * 10**11
    assert 0.1 + 0.2 != 0.3
    assert ticks(123456.789) == 123_456_789 * 10**9
    assert ticks(1e-12) == 1 and ticks(-1.5) == -1_500_000_000_000
    assert ticks(3) == ticks(3.0) == 3 * PER_SECOND
    assert type(ticks(0.25)) is int and type(ticks(0)) is int


def test_half_a_picosecond_goes_to_the_even_neighbour() -> None:
    halves = [0.5e-12, 1.5e-12, 2.5e-12, 3.5e-12, 1.0000000000005, 1.0000000000015]
    assert [ticks(time) for time in halves] == [0, 2, 2, 4, PER_SECOND, PER_SECOND + 2]
    assert [ticks(time) for time in (0.51e-12, 1.49e-12, 5e-324)] == [1, 1, 0]


def test_the_longest_times_are_as_exact_as_any() -> None:
    assert ticks(1e308) == 10**320
    assert seconds(10**320) == 1e308
    assert ticks(1e22) == 10**34  # the product of floats is another number
    assert int(1e22 * 1e12) != 10**34


@pytest.mark.parametrize("time", [nan, inf, -inf])
def test_what_is_not_finite_is_no_time(time: float) -> None:
    with pytest.raises((OverflowError, ValueError)):
        ticks(time)


@given(st.integers(0, 10**15))
def test_seconds_of_the_clock_come_back_as_they_were(time: int) -> None:
    """Fifteen digits, a quarter of an hour: there every picosecond has a float of its own."""
    assert ticks(seconds(time)) == time


@given(st.decimals(0, 10**6, places=9))
def test_what_is_written_in_nanoseconds_is_told_as_it_was_written(time: Any) -> None:
    assert ticks(float(time)) == time * PER_SECOND
    assert seconds(ticks(float(time))) == float(time)


# One instant


@pytest.mark.parametrize("shuffle", range(20))
def test_at_one_instant_things_happen_in_their_order_whatever_was_put_on_the_clock_first(shuffle: int) -> None:
    clock, seen = Clock(), list[tuple[Order, int]]()
    entries = [(order, number) for order in Order for number in range(2)]
    random.Random(shuffle).shuffle(entries)
    for order, number in entries:
        clock.at(5, order, lambda order=order, number=number: seen.append((order, number)))  # type: ignore[misc]
    clock.at(4, Order.END, lambda: seen.append((Order.END, -1)))
    clock.at(6, Order.FAULT_ENDS, lambda: seen.append((Order.FAULT_ENDS, -1)))
    clock.run()
    assert len(Order) == 7
    middle = [(order, number) for order in Order for _, number in (one for one in entries if one[0] == order)]
    assert seen == [(Order.END, -1), *middle, (Order.FAULT_ENDS, -1)]


@pytest.mark.parametrize("orders", list(permutations([Order.WORK_ENDS, Order.ARRIVES, Order.LIMIT])))
def test_who_comes_from_a_sum_of_times_comes_in_the_same_order(orders: tuple[Order, ...]) -> None:
    """0.1 s and then 0.2 s are the same instant as 0.3 s: as floats, the sum would be later."""
    clock, seen = Clock(), list[Order]()
    first, second, third = orders

    def later() -> None:
        clock.at(clock.now + ticks(0.2), first, lambda: seen.append(first))

    clock.at(ticks(0.1), Order.CAPTURE, later)
    for order in (third, second):
        clock.at(ticks(0.3), order, lambda order=order: seen.append(order))  # type: ignore[misc]
    clock.run()
    assert seen == [Order.WORK_ENDS, Order.ARRIVES, Order.LIMIT]


def test_what_begins_at_an_instant_still_comes_in_order_within_it() -> None:
    """A capture brings work without duration, which ends before the limit of that instant, put there long before."""
    clock, seen = Clock(), list[str]()
    clock.at(7, Order.LIMIT, lambda: seen.append("limit"))
    clock.at(7, Order.CAPTURE, lambda: clock.at(7, Order.WORK_ENDS, lambda: seen.append("work")) and None)
    clock.run()
    assert seen == ["work", "limit"]


def test_what_is_cancelled_passes_unnoticed() -> None:
    clock, seen = Clock(), list[str]()
    occurrence = clock.at(3, Order.LIMIT, lambda: seen.append("cancelled"))
    clock.at(3, Order.LIMIT, lambda: seen.append("not"))
    clock.at(2, Order.CAPTURE, occurrence.cancel)
    clock.run()
    assert seen == ["not"] and clock.now == 3


# Runs


def test_a_run_until_a_time_includes_all_that_happens_then() -> None:
    clock, seen = Clock(), list[tuple[Order, int]]()
    for order in reversed(Order):
        for time in (4, 5, 6):
            clock.at(time, order, lambda order=order, time=time: seen.append((order, time)))  # type: ignore[misc]
    clock.run(5)
    assert seen == [(order, time) for time in (4, 5) for order in Order]
    assert clock.now == 5
    clock.run(5)  # again: nothing is left there
    clock.run()
    assert clock.now == 6 and len(seen) == 21


def test_a_clock_does_not_go_back_and_counts_in_whole_numbers() -> None:
    clock = Clock()
    clock.run(5)
    with pytest.raises(ValueError, match="the clock is at 5 ps, past 4 ps"):
        clock.run(4)
    with pytest.raises(TypeError, match=r"whole picoseconds, not 5\.5"):
        clock.run(5.5)


def test_a_run_until_an_event_ends_after_all_that_happens_then() -> None:
    clock, seen = Clock(), list[str]()
    over = Signal(clock)
    clock.at(2, Order.WORK_ENDS, lambda: clock.stop(over))
    clock.at(2, Order.LIMIT, lambda: seen.append("limit"))
    clock.at(3, Order.FAULT_ENDS, lambda: seen.append("never"))
    clock.run(over)
    assert seen == ["limit"] and clock.now == 2


@pytest.mark.parametrize("delay", [1.5, 1.0, nan])
def test_a_delay_that_is_no_whole_number_is_refused(delay: float) -> None:
    clock = Clock()
    with pytest.raises(TypeError, match=rf"the clock counts whole picoseconds, not {delay}: see simnet.clock.ticks"):
        Timeout(clock, delay)
    assert clock.peek() == inf


def test_a_timeout_is_a_limit_that_runs_out() -> None:
    clock, seen = Clock(), list[str]()
    timeout = Timeout(clock, 4)
    assert timeout.callbacks is not None
    timeout.callbacks.append(lambda _: seen.append("timeout"))
    clock.at(4, Order.CAPTURE, lambda: seen.append("capture"))
    clock.run()
    assert seen == ["capture", "timeout"]


def test_a_year_has_as_exact_an_end_as_a_second() -> None:
    """A float would know no picoseconds there, and not even nanoseconds after a hundred days."""
    clock, seen = Clock(), list[str]()
    end = YEAR * PER_SECOND
    clock.at(end + 1, Order.FAULT_ENDS, lambda: seen.append("a picosecond too late"))
    clock.at(end, Order.LIMIT, lambda: seen.append("at the end"))
    clock.at(end - 1, Order.LIMIT, lambda: seen.append("a picosecond before"))

    def daily(day: int) -> None:
        if day < 365:
            clock.at(clock.now + ticks(86_400.0), Order.CAPTURE, lambda: daily(day + 1))

    daily(0)
    clock.run(end)
    assert seen == ["a picosecond before", "at the end"]
    assert clock.now == end and seconds(clock.now) == YEAR


# Background


def _for_ever(clock: Clock, period: int, seen: list[int]) -> None:
    def again() -> None:
        seen.append(clock.now)
        clock.background(clock.now + period, Order.FAULT_BEGINS, again)

    clock.background(period, Order.FAULT_BEGINS, again)


def test_background_alone_does_not_keep_a_run_alive() -> None:
    clock = Clock()
    first, second = list[int](), list[int]()
    _for_ever(clock, 3, first)
    _for_ever(clock, 7, second)
    clock.at(10, Order.CAPTURE, lambda: None)
    clock.run()
    assert (first, second) == ([3, 6, 9], [7])


def test_background_happens_as_long_as_a_run_until_a_time_lasts() -> None:
    clock, seen = Clock(), list[int]()
    _for_ever(clock, 3, seen)
    clock.run(9)
    assert seen == [3, 6, 9]


# Limits


def _limited(length: float, *begins: int) -> tuple[Clock, list[Signal], list[tuple[int, int]]]:
    """Signals under one limit, begun at these times; the numbers and times of those that reached it."""
    clock, reached = Clock(), list[tuple[int, int]]()
    limit, signals = Limit(clock, length), [Signal(clock) for _ in begins]

    def begin(number: int) -> None:
        limit.begin(signals[number], lambda: (reached.append((number, clock.now)), signals[number].fire())[1])

    for number, time in enumerate(begins):
        clock.at(time, Order.CAPTURE, lambda number=number: begin(number))  # type: ignore[misc]
    return clock, signals, reached


@pytest.mark.parametrize("order", [order for order in Order if order < Order.LIMIT])
def test_what_comes_at_the_very_end_of_a_limit_is_in_time(order: Order) -> None:
    """Begun at 0.1 s, it ends 0.2 s later, at 0.3 s."""
    for late in (False, True):
        clock, (signal,), reached = _limited(0.2, ticks(0.1))
        clock.at(ticks(0.3) + late, order, lambda signal=signal: None if signal.settled else signal.fire("in time"))  # type: ignore[misc]
        clock.run()
        assert reached == ([(0, ticks(0.3))] if late else [])
        assert signal._value == (None if late else "in time")


def test_one_timer_does_for_all_under_a_limit() -> None:
    clock, signals, reached = _limited(1e-12 * 10, 0, 2, 2, 5, 30)
    clock.at(3, Order.ARRIVES, lambda: signals[1].fire())
    clock.run(3)
    assert sum(time > 3 for time, *_ in clock._queue) == 3  # the timer, and two that are still to begin
    clock.run()
    assert reached == [(0, 10), (2, 12), (3, 15), (4, 40)]


# Lives


def _waits(signal: Signal, seen: list[str]) -> Generator[Signal, Any, None]:
    try:
        seen.append((yield signal))
    finally:
        seen.append("ended")


def test_a_life_goes_on_within_the_call_that_fires_and_is_forgotten_when_it_ends() -> None:
    clock, seen = Clock(), list[str]()
    signal = Signal(clock)
    Life(clock, _waits(signal, seen))
    assert len(clock.lives) == 1 and seen == []
    signal.fire("fired")
    assert seen == ["fired", "ended"] and not clock.lives


def test_a_lost_signal_is_raised_in_who_waits() -> None:
    clock, seen = Clock(), list[str]()

    def life(signal: Signal) -> Generator[Signal, Any, None]:
        try:
            yield signal
        except Lost as lost:
            seen.append(lost.reason)

    before, after = Signal(clock), Signal(clock)
    before.lose("edge down")  # before anybody waits
    for signal in (before, after):
        Life(clock, life(signal))
    after.lose("cloud down")
    assert seen == ["edge down", "cloud down"] and not clock.lives


def _last_words(clock: Clock, seen: list[str]) -> Generator[Signal, Any, None]:
    try:
        yield Signal(clock)
    finally:
        Life(clock, _waits(Signal(clock), seen))


def test_closing_ends_all_who_wait_where_they_wait(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that begin another life while they end; nothing is left for whoever collects the garbage."""
    unraisable: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", unraisable.append)
    clock, seen = Clock(), list[str]()
    protocols = [_waits(Signal(clock), seen) for _ in range(3)]

    protocols.append(_last_words(clock, seen))
    for protocol in protocols:
        Life(clock, protocol)
    clock.close()
    assert seen == ["ended"] * 4
    assert not clock.lives and all(protocol.gi_frame is None for protocol in protocols)  # type: ignore[attr-defined]
    clock.close()  # a second time changes nothing
    del protocols, clock
    gc.collect()
    assert not unraisable and capfd.readouterr() == ("", "")


def test_what_was_cancelled_keeps_no_background_going():
    clock, seen = Clock(), list[int]()

    def again() -> None:
        seen.append(clock.now)
        clock.background(clock.now + 10, Order.FAULT_BEGINS, again)

    clock.background(10, Order.FAULT_BEGINS, again)
    clock.at(10**33, Order.ARRIVES, lambda: None).cancel()
    clock.at(25, Order.LIMIT, lambda: None)
    clock.run()
    assert seen == [10, 20]


def test_many_times_at_once_are_rounded_as_one_by_one() -> None:
    """Halves go to the even neighbour, decimals are those that were written, also where floats are wider than 1 ps."""
    times = [0.0, 0.1, 0.5e-12, 1.5e-12, 2.5e-12, 0.0000000000035, 1234.5678901234565, 98_765.4321, 5e6 + 0.1]
    expected = [0, 10**11, 0, 2, 2, 4, 1234567890123456, 98765432100000000, 5000000100000000000]
    assert ticks_of(np.array(times)) == [ticks(time) for time in times] == expected
    drawn = np.random.default_rng(1).exponential(20.0, 2000)
    assert ticks_of(drawn) == [ticks(time) for time in drawn.tolist()]
    assert ticks_of(drawn[drawn < 10]) == [ticks(time) for time in drawn[drawn < 10].tolist()]
