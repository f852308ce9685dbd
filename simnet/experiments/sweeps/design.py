"""Which points of a sweep there are: all of a grid, or some that are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any, Literal

from simnet.experiments.sweeps.axes import Axis, refused
from simnet.streams import derived, stream

Method = Literal["grid", "random", "latin-hypercube"]
MOST_POINTS = 1_000_000
"""More points than that are a slip."""


def points_of(axes: Sequence[Axis], method: Method, points: int | None, seed: int) -> list[tuple[Any, ...]]:
    """The values of all axes at each point, without those that come twice.

    Args:
        axes: At least one.
        method: "grid" takes all combinations, the last axis the fastest; "random" draws each value for itself,
            "latin-hypercube" so that of n points each n-th part of every axis has one (M. D. McKay, R. J. Beckman,
            W. J. Conover, Technometrics 21 (1979) 239).
        points: How many are drawn; None for a grid.
        seed: Of the draw.

    Raises:
        ScenarioError: a number of points for a grid, or none for what is drawn; too many.
    """
    origin = axes[0].origin
    if method == "grid":
        if points is not None:
            raise refused(origin, "a grid has all points: leave 'points' out, or name another method")
        values = [one.grid() for one in axes]
        if (count := prod(map(len, values))) > MOST_POINTS:
            raise refused(origin, f"that are {count:,} points; at most {MOST_POINTS:,}")
        return list(product(*values))
    if points is None:
        raise refused(origin, f"the method '{method}' needs 'points', the number of points")
    if method == "random":
        places = stream(seed, "points of a sweep").random((points, len(axes)))
    else:
        from scipy.stats import qmc  # takes a second

        places = qmc.LatinHypercube(len(axes), rng=derived(seed, "points of a sweep")).random(points)
    drawn = [tuple(one.at(float(place)) for one, place in zip(axes, row, strict=True)) for row in places]
    return list({repr(values): values for values in drawn}.values())
