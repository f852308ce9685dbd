"""The space that is searched: each key as numbers of its values, or as a place between two ends.

Whoever searches knows neither units nor scales: a key with countable values is a whole number, their place in order (or
in the list, where they have none), another one a number from 0 to 1, equal parts of which are equally many values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from simnet.experiments.sweeps.axes import Axis, in_si
from simnet.experiments.sweeps.table import as_text

MOST_WHOLE = 10_000
"""Whole numbers between two ends that are counted one by one."""
Place = int | float
"""Of a value: its number, or where it is between the ends."""


@dataclass(frozen=True)
class Dimension:
    """A key that is searched.

    Attributes:
        axis: Key and values, as asked for.
        values: All of them, in order if they have one; None: those between two ends, and nobody says how many.
        ordered: Whether neighbours are alike.
    """

    axis: Axis
    values: tuple[Any, ...] | None
    ordered: bool

    @classmethod
    def of(cls, axis: Axis) -> Dimension:
        """The dimension of an axis."""
        between = axis.between
        if between is None:
            order = _order(axis.values)
            return cls(axis, axis.values if order is None else tuple(order), order is not None)
        if between.steps is not None:
            return cls(axis, axis.grid(), True)
        if between.whole and between.scale == "linear":
            ends = axis.at(0.0), axis.at(1.0)
            whole = all(type(end) is int for end in ends)  # with a unit they are texts
            if whole and ends[1] - ends[0] < MOST_WHOLE:
                return cls(axis, tuple(range(ends[0], ends[1] + 1)), True)
        return cls(axis, None, True)

    def at(self, place: Place) -> Any:
        """The value at a place."""
        return self.axis.at(float(place)) if self.values is None else self.values[int(place)]

    def drawn(self, uniform: float) -> Place:
        """The place that a number of [0, 1) falls on."""
        return uniform if self.values is None else int(uniform * len(self.values))


@dataclass(frozen=True)
class Space:
    """All keys that are searched together."""

    dimensions: Sequence[Dimension]

    @classmethod
    def of(cls, axes: Sequence[Axis]) -> Space:
        """The space of some axes."""
        return cls([Dimension.of(axis) for axis in axes])

    @property
    def count(self) -> int | None:
        """How many points there are; None: nobody says."""
        sizes = [None if one.values is None else len(one.values) for one in self.dimensions]
        known = [size for size in sizes if size is not None]
        return prod(known) if len(known) == len(sizes) else None

    def values(self, places: Mapping[str, Place]) -> tuple[Any, ...]:
        """The values of all keys at a point."""
        return tuple(one.at(places[one.axis.key]) for one in self.dimensions)

    def drawn(self, random: np.random.Generator) -> dict[str, Place]:
        """A point drawn at random."""
        uniforms = random.random(len(self.dimensions)).tolist()
        return {one.axis.key: one.drawn(at) for one, at in zip(self.dimensions, uniforms, strict=True)}


def same(values: Sequence[Any]) -> str:
    """A text that two points have in common only if their values are the same."""
    return repr([(type(value).__name__, as_text(value)) for value in values])


def _order(values: Sequence[Any]) -> list[Any] | None:
    """Numbers, or quantities of one kind, from the least on; None for values without an order."""
    numbers = in_si(values)
    if numbers is None and all(type(one) in (int, float) for one in values):
        numbers = [float(one) for one in values]
    if numbers is None or None in numbers:
        return None
    sizes = [one for one in numbers if one is not None]
    return [values[place] for place in sorted(range(len(values)), key=sizes.__getitem__)]
