"""What fair sharing costs: time per event by the number of flows on the touched links, and of flows elsewhere.

    python -m benchmarks.fair [--events 2000] [--repeats 3]

Every flow that ends is followed by another at once, so that the number of concurrent flows stays as it is; an event is
an arrival or a departure, after each of which all flows on the touched links get their rates anew. First on one link,
then with each flow also crossing one of ten further links (which connects them all), then one flow at a time on a link
of its own, while 1 to 1,000 others are on a link that it does not touch.

The machine's speed is told by the raw rate of SimPy timeouts, measured before and after each. A busy machine makes
both slower, so the last column, timeouts per event, is what to compare.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
from types import SimpleNamespace
from typing import Any

from benchmarks.engine import raw_timeouts, timed
from simnet.clock import Clock
from simnet.network.line import Span
from simnet.network.links.fair import FairLink, FairPath
from simnet.network.links.spec import Link

FLOWS = (1, 10, 100, 1_000)
BANDWIDTH = 1e6
FOREVER = 10**15
"""Bytes of a flow that does not end while it is measured."""


class Bench:
    """A clock, and links between nodes that are always up."""

    def __init__(self) -> None:
        self.env, self.spans = Clock(), list[Span]()
        self.events = 0

    def link(self) -> FairLink:
        spec = Link(source="a", target="b", bandwidth=BANDWIDTH, latency=0.0, sharing="fair")
        return FairLink(self.env, self.spans.append, spec, SimpleNamespace(up=True))

    def keep_sending(self, path: FairPath, size: int) -> None:
        """Send a message whenever the one before has arrived; sizes differ, lest all end together."""

        def again(number: int) -> None:
            self.events += 2  # the departure that led here, and the arrival that follows
            path.send(0, size + number * 7919 % size, again, self._never, number + 1)

        path.send(0, size, again, self._never, 1)

    def run(self, events: int) -> None:
        until = self.events + events
        while self.events < until:
            self.env.step()

    def _never(self, _: Any) -> None:
        raise AssertionError("nothing fails here")


def one_link(flows: int) -> Bench:
    bench = Bench()
    link = bench.link()
    for number in range(flows):
        bench.keep_sending(FairPath([link]), 1_000 + number)
    return bench


def parking_lots(flows: int) -> Bench:
    bench = Bench()
    first, others = bench.link(), [bench.link() for _ in range(10)]
    for number in range(flows):
        bench.keep_sending(FairPath([first, others[number % 10]]), 1_000 + number)
    return bench


def elsewhere(flows: int) -> Bench:
    bench = Bench()
    busy = bench.link()
    for _ in range(flows):
        FairPath([busy]).send(0, FOREVER, bench._never, bench._never, None)
    bench.keep_sending(FairPath([bench.link()]), 1_000)
    return bench


def measure(make: Callable[[int], Bench], flows: int, events: int, repeats: int) -> tuple[float, float]:
    """Seconds per event and raw timeouts per event, medians."""
    seconds, ratios = [], []
    raw = raw_timeouts()
    for _ in range(repeats):
        bench = make(flows)
        bench.run(2 * flows)  # until the flows are no longer in step
        done = bench.events
        wall = timed(lambda bench=bench: bench.run(events))  # type: ignore[misc]
        before, raw = raw, raw_timeouts()
        seconds.append(wall / (bench.events - done))
        ratios.append(seconds[-1] * (before + raw) / 2)
    return median(seconds), median(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of fair sharing per arrival or departure.")
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    cases = {
        "flows on one link": one_link,
        "flows over two links of eleven": parking_lots,
        "flows on another link": elsewhere,
    }
    for name, make in cases.items():
        for flows in FLOWS:
            seconds, timeouts = measure(make, flows, args.events, args.repeats)
            print(
                f"{flows:>5} {name:<31} {1 / seconds:>9,.0f} events/s {1e6 * seconds:>9,.1f} us per event "
                f"{timeouts:>8,.1f} raw timeouts per event",
                flush=True,
            )


if __name__ == "__main__":
    main()
