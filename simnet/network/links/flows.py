"""Fluid flows that share pipes: each has the rate that weighted max–min fairness gives it, at every moment.

Progressive filling (Bertsekas and Gallager, Data Networks, 2nd ed., section 6.5): the rates of all flows rise together,
each in proportion to its weight, until a pipe is full; its flows stay at that rate, the others rise on. What remains of
a flow is noted only when its rate changes. A change is felt as far as flows share pipes with one another, and computed
no farther: flows elsewhere are not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from math import inf

from simnet.clock import PER_SECOND, Clock, Occurrence, Order


class Pipe:
    """Carries `bandwidth` bytes/s, shared by `flows`; some of them are `crossing` other pipes, too (ordered sets)."""

    def __init__(self, bandwidth: float) -> None:
        self.bandwidth = bandwidth
        self.flows: dict[Flow, None] = {}
        self.crossing: dict[Flow, None] = {}
        self.end: _End | None = None
        """When the next flows of this pipe, or of those it is connected with, are through."""
        self.free, self.load, self.filling = 0.0, 0.0, 0
        """While rates are computed: bytes/s not given away, weights of the flows that get them, how many these are."""


class Flow:
    """`size` bytes (> 0) on their way through `pipes` at the same time, competing for them with `weight`."""

    def __init__(self, env: Clock, pipes: Sequence[Pipe], size: int, weight: float) -> None:
        self.env, self.pipes, self.size, self.weight = env, pipes, size, weight
        self.rate = 0.0
        """Bytes/s, from the time `since` on, when `left` bytes were left."""
        self.left, self.since = float(size), 0

    def begin(self) -> None:
        """Take a share of the pipes from now on."""
        self.since = self.env.now
        for pipe in self.pipes:
            pipe.flows[self] = None
            if len(self.pipes) > 1:
                pipe.crossing[self] = None
        share(self.env, self.pipes[:1])

    def through(self) -> None:
        """The last byte has left; what happens then is up to those who derive from this class."""

    def stop(self) -> None:
        """Leave the pipes; the caller has their shares computed anew, when all who leave now have left."""
        now = self.env.now
        self.left = max(0.0, self.left - self.rate * ((now - self.since) / PER_SECOND))
        self.rate, self.since = 0.0, now
        for pipe in self.pipes:
            pipe.flows.pop(self, None)
            pipe.crossing.pop(self, None)


class _End(Occurrence):
    """The moment at which the next of some connected flows are through: `flows`, those that end together."""

    env: Clock

    def __init__(self, env: Clock, time: int, flows: list[Flow]) -> None:
        self.flows = flows
        super().__init__(env, time, Order.WORK_ENDS, [_through])


def _through(end: _End) -> None:
    for flow in end.flows:
        flow.stop()
        flow.left = 0.0
    share(end.env, [pipe for flow in end.flows for pipe in flow.pipes])
    for flow in end.flows:
        flow.through()


def share(env: Clock, changed: Iterable[Pipe]) -> None:
    """Compute the rates of all flows anew that are connected with one of the `changed` pipes."""
    seen: set[Pipe] = set()
    for pipe in changed:
        if pipe not in seen:
            pipes, flows = connected(pipe)
            seen.update(pipes)
            _settle(env, pipes, flows)


def connected(pipe: Pipe) -> tuple[list[Pipe], list[Flow]]:
    """The pipes and flows that a change of `pipe` reaches, by way of flows that cross several pipes."""
    if not pipe.crossing:
        return [pipe], list(pipe.flows)
    pipes, flows, seen = [pipe], dict[Flow, None](), {pipe}
    for one in pipes:  # grows meanwhile
        flows.update(one.flows)
        for flow in one.crossing:
            for other in flow.pipes:
                if other not in seen:
                    seen.add(other)
                    pipes.append(other)
    return pipes, list(flows)


def _settle(env: Clock, pipes: list[Pipe], flows: list[Flow]) -> None:
    """Give connected flows their rates, and put the end of the first of them on the clock."""
    for pipe in pipes:
        if pipe.end is not None:
            pipe.end.cancel()
            pipe.end = None
    if not flows:
        return
    now = env.now
    for flow in flows:
        flow.left -= flow.rate * ((now - flow.since) / PER_SECOND)
        flow.since = now
    fill(pipes, flows)
    delays = [max(0, round(flow.left / flow.rate * PER_SECOND)) for flow in flows]
    soonest = min(delays)
    end = _End(env, now + soonest, [flow for flow, delay in zip(flows, delays, strict=True) if delay == soonest])
    for pipe in pipes:
        pipe.end = end


def fill(pipes: Sequence[Pipe], flows: Sequence[Flow]) -> None:
    """Set the `rate` of `flows`, which are all those of `pipes`: weighted max–min fair.

    Takes O(F + P log P) steps for P pipes and F memberships of flows in them: each pipe is filled once, in the order of
    the level (bytes/s per weight) at which it is full; a level only rises as other pipes fill, so it is looked at again
    when it comes first.
    """
    for flow in flows:
        flow.rate = 0.0
    levels = []
    for number, pipe in enumerate(pipes):
        pipe.free, pipe.load, pipe.filling = pipe.bandwidth, sum([flow.weight for flow in pipe.flows]), len(pipe.flows)
        levels.append((pipe.free / pipe.load, number, pipe))
    heapify(levels)
    reached, rising = 0.0, len(flows)
    while rising:
        level, number, pipe = heappop(levels)
        if not pipe.filling:
            continue
        present = pipe.free / pipe.load if pipe.load > 0 else inf  # differences: rounding may have eaten a small weight
        if present > level:
            heappush(levels, (present, number, pipe))
            continue
        crossing = [flow for flow in pipe.crossing if not flow.rate]
        members: Iterable[Flow] = pipe.flows
        if pipe.filling < len(pipe.flows):  # both anew: sums round less than differences
            members = [flow for flow in pipe.flows if not flow.rate]
            level = (pipe.bandwidth - sum([flow.rate for flow in pipe.flows])) / sum([flow.weight for flow in members])
        reached = max(reached, level)
        rising -= pipe.filling
        for flow in members:
            flow.rate = reached * flow.weight
        for flow in crossing:
            for other in flow.pipes:
                other.free -= flow.rate
                other.load -= flow.weight
                other.filling -= 1
        pipe.filling = 0
