"""How long a node takes for a call: by operations, FLOP and bytes, or as measured; for one sample or a batch."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from simnet.network.work import Work, partition

if TYPE_CHECKING:
    from simnet.network.nodes.spec import Node as NodeSpec

Measured = float | Sequence[float]
"""Seconds of a call; or its quantiles, from the least to the greatest, at equal steps."""
TYPICAL = 0.5
"""The quantile that a call takes where times do not vary."""


class ServiceTime:
    """Service times of a node of `spec` that runs the weights of this name, at full speed."""

    def __init__(self, spec: NodeSpec, weights: str = "") -> None:
        self._speed, self._bandwidth = spec.speed, spec.memory_bandwidth
        self._overhead, self._per_op = spec.overhead, spec.overhead_per_op
        self._profile, self._weights = spec.profile, weights
        given = spec.batch.efficiency if spec.batch is not None else {}
        self._efficiency = {1: 1.0, **given}
        self._vary: Callable[[Work, Sequence[int]], float] | None = None

    def vary(self, draw: Callable[[Work, Sequence[int]], float]) -> None:
        """From now on a call of some samples takes what `draw` makes of it."""
        self._vary = draw

    def call(self, work: Work, samples: Sequence[int]) -> float:
        """Seconds of one call of `work` for these samples, as they happen to be."""
        return self.seconds(work, len(samples)) if self._vary is None else self._vary(work, samples)

    def seconds(self, work: Work, batch: int, quantile: float = TYPICAL) -> float:
        """Seconds of one call with `batch` samples of `work`, of which a share `quantile` takes no longer.

        Without a profile: overhead + operations · overhead per operation + what takes longer of batch · FLOP ÷ speed
        and (batch · traffic + weights) ÷ memory bandwidth (the roofline model, Williams, Waterman and Patterson 2009),
        either divided by the efficiency of such a batch. With one: the segments as one where they were measured so,
        else their sum, as often as each is named; work that names none is charged as without. Raises KeyError for what
        the profile has not (`simnet.world.plan` asks before a run).
        """
        if self._profile is not None and work.segments:
            times = self._profile[self._weights]
            whole = partition(work.segments)
            segments = (whole,) if whole in times else work.segments
            return sum(call_seconds(times[segment], batch, quantile) for segment in segments)
        faster = interpolated(self._efficiency, batch)
        computing = batch * work.flop / (self._speed * faster)
        if self._bandwidth is not None:
            computing = max(computing, (batch * work.traffic + work.weights) / (self._bandwidth * faster))
        return self._overhead + computing + work.operations * self._per_op


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


def call_seconds(measured: Mapping[int, Measured], batch: int, quantile: float = TYPICAL) -> float:
    """Seconds of a call with `batch` samples, from measured batch sizes.

    Our choices: a straight line between two sizes; beyond the largest as long per sample as at the largest; below the
    smallest as long as that (a batch can be filled up).
    """
    curve = {size: at_quantile(value, quantile) for size, value in measured.items()}
    largest = max(curve)
    if batch > largest:
        return curve[largest] * batch / largest
    return interpolated(curve, batch)


def at_quantile(value: Measured, quantile: float) -> float:
    """A measured time of which a share `quantile` takes no longer, along straight lines between what is known."""
    if isinstance(value, float | int):
        return value
    place = quantile * (len(value) - 1)
    below = min(int(place), len(value) - 2)
    return value[below] + (place - below) * (value[below + 1] - value[below])
