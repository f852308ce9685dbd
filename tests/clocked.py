"""What tests put around the clock, so that they speak of seconds."""

from __future__ import annotations

from collections.abc import Callable

from simnet.clock import Clock, Order, seconds, ticks
from simnet.network.line import Span
from simnet.results.steps import Step, in_seconds


class Spans(list[Step]):
    """Keeps spans with their times in s; `record` is for whoever makes them."""

    def record(self, span: Span) -> None:
        self.extend(in_seconds([span]))


class Seconds(Clock):
    """The clock, asked and told in s."""

    @property
    def s(self) -> float:
        """The present."""
        return seconds(self.now)

    def on(self, time: float, act: Callable[[], object], order: Order = Order.CAPTURE) -> None:
        """Call `act` at a time in s."""
        self.at(ticks(time), order, lambda: (act(), None)[1])

    def play(self, until: float | None = None) -> None:
        """Run to the end, or to a time in s."""
        self.run(None if until is None else ticks(until))
