"""How long a node takes for a call: FLOP / speed + overhead, or what was measured; for one sample or a batch."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from simnet.network.nodes.spec import Node as NodeSpec
from simnet.network.work import Work


class ServiceTime:
    """Service times of a node of `spec` that runs the weights of this name, at full speed."""

    def __init__(self, spec: NodeSpec, weights: str) -> None:
        self._speed, self._overhead, self._profile, self._weights = spec.speed, spec.overhead, spec.profile, weights
        given = spec.batch.efficiency if spec.batch is not None else {}
        self._efficiency = {1: 1.0, **given}
        self._known: dict[tuple[str, int], float] = {}

    def seconds(self, work: Work, batch: int) -> float:
        """Seconds of one call with `batch` samples of `work`.

        Without a profile: overhead + batch · FLOP / (speed · efficiency). With one: the sum over the segments, as often
        as each is named; work that names none is charged by its FLOP. Raises KeyError for what the profile has not
        (`simnet.world.plan` asks before a run).
        """
        if self._profile is not None and work.segments:
            return sum(self._measured(segment, batch) for segment in work.segments)
        return self._overhead + batch * work.flop / (self._speed * interpolated(self._efficiency, batch))

    def _measured(self, segment: str, batch: int) -> float:
        seconds = self._known.get((segment, batch))
        if seconds is None:
            assert self._profile is not None
            seconds = call_seconds(self._profile[self._weights][segment], batch)
            self._known[segment, batch] = seconds
        return seconds


def interpolated(curve: Mapping[int, float], at: int) -> float:
    """The value of a curve between its points, along straight lines; beyond its ends it stays."""
    if at in curve:
        return curve[at]
    points = sorted(curve)
    place = bisect_left(points, at)
    if place == 0:
        return curve[points[0]]
    if place == len(points):
        return curve[points[-1]]
    below, above = points[place - 1], points[place]
    share = (at - below) / (above - below)
    return curve[below] + share * (curve[above] - curve[below])


def call_seconds(measured: Mapping[int, float], batch: int) -> float:
    """Seconds of a call with `batch` samples, from measured batch sizes.

    Our choices: a straight line between two sizes; beyond the largest as long per sample as at the largest; below the
    smallest as long as that (a batch can be filled up).
    """
    largest = max(measured)
    if batch > largest:
        return measured[largest] * batch / largest
    return interpolated(measured, batch)
