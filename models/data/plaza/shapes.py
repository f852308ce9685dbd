"""The ten object classes of `plaza`, each composed of simple 3-D shapes with random proportions and colours.

Object frame: x forward, y left, z up, metres, standing on z = 0 around the origin. All proportions are our choice,
after everyday sizes. Builders work on all samples of one class at once: every quantity is an array `[m]`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Size = float | Floats

WEDGE, ELLIPSOID, TUBE = 0, 1, 2
"""Kinds of shape: box that may narrow upwards; ellipsoid; cylinder (axis z) that may narrow upwards to a cone."""

OBJECT_DRAWS = 48
"""Uniform numbers that one object may consume."""

GLASS = (0.10, 0.13, 0.17)
TYRE = (0.07, 0.07, 0.08)
UPRIGHT = np.pi / 2


class Draws:
    """Hands out the columns of a table of uniform numbers `[m, k]`, so that sample i depends on row i alone."""

    def __init__(self, table: Floats) -> None:
        self._table = table
        self._next = 0

    def __len__(self) -> int:
        return len(self._table)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Floats:
        """One number per row in [low, high), `[m]`."""
        column = self._table[:, self._next]
        self._next += 1
        drawn: Floats = np.float32(low) + np.float32(high - low) * column
        return drawn

    def table(self, columns: int) -> Floats:
        """The next columns as they are, `[m, columns]`."""
        taken = self._table[:, self._next : self._next + columns]
        self._next += columns
        return taken

    def chance(self, probability: float) -> NDArray[np.bool_]:
        """True with this probability, `[m]`."""
        return self.uniform() < probability

    def colour(self, low: float = 0.1, high: float = 0.9) -> Floats:
        """A colour per row, `[m, 3]` in 0..1; half of them nearly grey, as paint in a street is."""
        rgb = np.stack([self.uniform(low, high) for _ in range(3)], axis=1)
        grey = rgb.mean(axis=1, keepdims=True)
        saturation = np.where(self.chance(0.5), 0.2, 1.0).astype(np.float32)[:, None]
        painted: Floats = grey + saturation * (rgb - grey)
        return painted


@dataclass(frozen=True)
class Shapes:
    """Shapes of many objects in one table of n rows.

    `owner` `[n]` row of the object; `kind` `[n]`; `centre`, `half` (half extents) `[n, 3]` metres; `turn`
    `[n, 3, 3]` from the shape's frame to the object's; `taper` `[n, 3]`: how much the top is drawn in at the front,
    at the rear and at the sides, as shares of the half extent (tubes use the first alone); `colour` `[n, 3]` in 0..1.
    """

    owner: NDArray[np.int64]
    kind: NDArray[np.int64]
    centre: Floats
    half: Floats
    turn: Floats
    taper: Floats
    colour: Floats

    @staticmethod
    def joined(tables: list[Shapes]) -> Shapes:
        """All rows of several tables."""
        return Shapes(*(np.concatenate([getattr(table, name) for table in tables]) for name in Shapes.__annotations__))


class Body:
    """Collects the shapes of m objects of one class."""

    def __init__(self, m: int) -> None:
        self._m = m
        self._tables: list[Shapes] = []

    def _columns(self, *values: Size) -> Floats:
        table = np.empty((self._m, len(values)), np.float32)
        for number, value in enumerate(values):
            table[:, number] = value
        return table

    def add(
        self,
        kind: int,
        centre: tuple[Size, Size, Size],
        half: tuple[Size, Size, Size],
        colour: Floats | tuple[float, float, float],
        *,
        taper: tuple[Size, Size, Size] = (0.0, 0.0, 0.0),
        pitch: Size = 0.0,
        roll: Size = 0.0,
        where: NDArray[np.bool_] | None = None,
    ) -> None:
        """Adds one shape to every object, or to those `where` is true; pitch about y, then roll about x (radians)."""
        p, r = self._columns(pitch, roll).T
        cp, sp, cr, sr = np.cos(p), np.sin(p), np.cos(r), np.sin(r)
        zero = np.zeros_like(cp)
        turn = np.stack([cp, zero, sp, sr * sp, cr, -sr * cp, -cr * sp, sr, cr * cp], axis=1).reshape(-1, 3, 3)
        keep = np.arange(self._m) if where is None else np.flatnonzero(where)
        self._tables.append(
            Shapes(
                keep,
                np.full(len(keep), kind),
                self._columns(*centre)[keep],
                self._columns(*half)[keep],
                turn[keep],
                self._columns(*taper)[keep],
                np.broadcast_to(np.asarray(colour, np.float32), (self._m, 3))[keep],
            )
        )

    def wheels(self, radius: Size, positions: list[Size], track: Size, width: float = 0.12) -> None:
        """A wheel on both sides (at y = ±track) of every axle position."""
        for x in positions:
            for side in (-1.0, 1.0):
                self.add(TUBE, (x, side * track, radius), (radius, radius, width), TYRE, roll=UPRIGHT)

    def shapes(self) -> Shapes:
        """Everything added so far."""
        return Shapes.joined(self._tables)


def _car(body: Body, draw: Draws) -> None:
    length, width = draw.uniform(1.8, 2.4), draw.uniform(0.82, 0.95)
    height, paint = draw.uniform(1.35, 1.65), draw.colour()
    waist = height * draw.uniform(0.52, 0.6)
    cabin, shift = length * draw.uniform(0.5, 0.68), -length * draw.uniform(0.02, 0.22)
    top = (height - waist) / 2
    hatch = draw.uniform(0.1, 0.55)
    body.add(WEDGE, (0, 0, (0.25 + waist) / 2), (length, width, (waist - 0.25) / 2), paint, taper=(0.04, 0.04, 0.05))
    body.add(WEDGE, (shift, 0, waist + top), (cabin, width * 0.94, top), GLASS, taper=(0.5, hatch, 0.2))
    roof = cabin * (1.5 - hatch) / 2 * 0.98
    body.add(WEDGE, (shift - (0.5 - hatch) * cabin / 2, 0, height), (roof, width * 0.78, 0.05), paint)
    body.wheels(0.32, [0.62 * length, -0.62 * length], width - 0.06)


def _van(body: Body, draw: Draws) -> None:
    length, width = draw.uniform(2.2, 2.9), draw.uniform(0.9, 1.05)
    height, paint = draw.uniform(1.8, 2.5), draw.colour(0.2, 0.95)
    nose, mid = draw.uniform(0.2, 0.45), (height + 0.3) / 2
    body.add(WEDGE, (0, 0, mid), (length, width, (height - 0.3) / 2), paint, taper=(nose, 0.02, 0.12))
    pane = (height - 0.3) * 0.17
    z = height * 0.74
    front = length * (1 - nose * (z - 0.3) / (height - 0.3)) - 0.42 * length
    body.add(
        WEDGE, (front + 0.21 * length, 0, z), (0.24 * length, width * 0.97, pane), GLASS, taper=(nose * 0.8, 0, 0.08)
    )
    glazed = draw.chance(0.35)
    body.add(WEDGE, (-0.45 * length, 0, z), (0.5 * length, width * 0.96, pane), GLASS, where=glazed)
    body.wheels(0.34, [0.64 * length, -0.62 * length], width - 0.04)


def _bus(body: Body, draw: Draws) -> None:
    length, width = draw.uniform(3.8, 5.6), draw.uniform(1.15, 1.3)
    height, paint = draw.uniform(2.7, 3.2), draw.colour(0.2, 0.9)
    body.add(WEDGE, (0, 0, (height + 0.35) / 2), (length, width, (height - 0.35) / 2), paint, taper=(0.03, 0.01, 0.04))
    body.add(WEDGE, (0, 0, height * 0.66), (length * 1.0, width * 1.01, height * draw.uniform(0.12, 0.18)), GLASS)
    body.add(WEDGE, (0, 0, height * 0.38), (length * 1.005, width * 1.01, 0.09), draw.colour())
    body.wheels(0.48, [0.62 * length, -0.55 * length], width - 0.05)


def _truck(body: Body, draw: Draws) -> None:
    length, width = draw.uniform(2.9, 4.6), draw.uniform(1.1, 1.25)
    height, paint, load = draw.uniform(2.5, 3.4), draw.colour(), draw.colour(0.3, 0.95)
    cab, tall = draw.uniform(0.8, 1.05), draw.uniform(2.0, 2.6)
    flat = draw.chance(0.3)
    box = np.where(flat, draw.uniform(0.25, 0.55), (height - 0.95) / 2).astype(np.float32)
    rear = length - cab - 0.15
    body.add(
        WEDGE, (length - cab, 0, (tall + 0.4) / 2), (cab, width * 0.95, (tall - 0.4) / 2), paint, taper=(0.22, 0, 0.06)
    )
    body.add(
        WEDGE, (length - cab * 0.93, 0, tall * 0.74), (cab * 0.85, width * 0.965, tall * 0.13), GLASS, taper=(0.1, 0, 0)
    )
    body.add(WEDGE, (-length + rear, 0, 0.95 + box), (rear, width, box), load)
    body.add(WEDGE, (0, 0, 0.75), (length * 0.95, width * 0.5, 0.18), TYRE)
    body.wheels(0.48, [0.66 * length, -0.35 * length, -0.72 * length], width - 0.12)


def _motorbike(body: Body, draw: Draws) -> None:
    base, radius, paint = draw.uniform(0.62, 0.8), draw.uniform(0.28, 0.36), draw.colour()
    for x in (base, -base):
        body.add(TUBE, (x, 0, radius), (radius, radius, 0.07), TYRE, roll=UPRIGHT)
    body.add(WEDGE, (0, 0, radius + 0.12), (base * 0.55, 0.13, 0.2), (0.3, 0.3, 0.32), taper=(0.2, 0.2, 0))
    body.add(ELLIPSOID, (0.18, 0, radius + 0.45), (0.32, 0.16, 0.17), paint)
    body.add(WEDGE, (-0.38, 0, radius + 0.42), (0.42, 0.13, 0.07), TYRE)
    body.add(TUBE, (base - 0.17, 0, radius + 0.33), (0.05, 0.09, 0.42), (0.5, 0.5, 0.52), pitch=-0.45)
    body.add(TUBE, (base - 0.36, 0, radius + 0.72), (0.04, 0.04, 0.36), TYRE, roll=UPRIGHT)
    rider, cloth = draw.chance(0.4), draw.colour(0.05, 0.7)
    body.add(ELLIPSOID, (-0.2, 0, radius + 0.82), (0.19, 0.24, 0.38), cloth, pitch=0.35, where=rider)
    body.add(ELLIPSOID, (0.02, 0, radius + 1.27), (0.15, 0.14, 0.16), draw.colour(), where=rider)
    for side in (-0.17, 0.17):
        body.add(TUBE, (0.0, side, radius + 0.3), (0.09, 0.08, 0.3), cloth, pitch=-0.5, where=rider)


def _person(body: Body, draw: Draws) -> None:
    tall, stout = draw.uniform(1.5, 1.95), draw.uniform(0.8, 1.3)
    shirt, trousers = draw.colour(0.05, 0.95), draw.colour(0.05, 0.7)
    skin = np.stack([draw.uniform(0.35, 0.9)] * 3, axis=1) * np.asarray((1.0, 0.78, 0.62), np.float32)
    swing, arm = draw.uniform(0.0, 0.45), draw.uniform(-0.1, 0.6)
    for side in (-1.0, 1.0):
        lean = side * swing
        hip = -np.sin(lean) * 0.24 * tall
        body.add(
            TUBE,
            (hip, side * 0.09 * stout, 0.24 * tall),
            (0.09 * stout, 0.085 * stout, 0.25 * tall),
            trousers,
            pitch=lean,
        )
        body.add(
            TUBE,
            (np.sin(lean) * 0.1 * tall, side * 0.26 * stout, 0.62 * tall),
            (0.06, 0.06, 0.18 * tall),
            shirt,
            pitch=-lean * 1.2,
            roll=side * arm * 0.5,
        )
    body.add(ELLIPSOID, (0, 0, 0.65 * tall), (0.15 * stout, 0.24 * stout, 0.22 * tall), shirt)
    body.add(ELLIPSOID, (0.02, 0, 0.92 * tall), (0.1, 0.09, 0.085 * tall), skin)
    bag = draw.chance(0.3)
    body.add(WEDGE, (-0.22, 0, 0.66 * tall), (0.1, 0.16, 0.13 * tall), draw.colour(), where=bag)


def _dog(body: Body, draw: Draws) -> None:
    size = draw.uniform(0.6, 1.15)
    fur = np.stack([draw.uniform(0.08, 0.85)] * 3, axis=1) * np.asarray((1.0, 0.86, 0.68), np.float32)
    leg, long, bulk = draw.uniform(0.2, 0.34) * size, draw.uniform(0.36, 0.5) * size, draw.uniform(0.12, 0.17) * size
    back, raise_ = 2 * leg + bulk * 0.7, draw.uniform(0.02, 0.24) * size
    body.add(ELLIPSOID, (0, 0, back), (long, bulk, bulk * 1.1), fur)
    for x in (0.68, -0.68):
        for side in (-0.6, 0.6):
            body.add(TUBE, (x * long, side * bulk, leg), (0.045 * size, 0.045 * size, leg), fur * 0.85)
    head = long * 1.12
    body.add(ELLIPSOID, (head, 0, back + raise_), (0.15 * size, 0.11 * size, 0.12 * size), fur)
    body.add(
        ELLIPSOID,
        (head + 0.15 * size, 0, back + raise_ - 0.04 * size),
        (0.12 * size, 0.06 * size, 0.055 * size),
        fur * 0.6,
    )
    body.add(
        TUBE,
        (-long * 1.15, 0, back + 0.14 * size),
        (0.03 * size, 0.03 * size, 0.2 * size),
        fur,
        pitch=draw.uniform(-1.3, 0.2),
    )


def _tree(body: Body, draw: Draws) -> None:
    tall, trunk = draw.uniform(3.0, 6.5), draw.uniform(0.10, 0.24)
    conifer = draw.chance(0.3)
    leaf = np.stack([draw.uniform(0.1, 0.5), draw.uniform(0.25, 0.6), draw.uniform(0.06, 0.25)], axis=1)
    bark = np.stack([draw.uniform(0.2, 0.45)] * 3, axis=1) * np.asarray((1.0, 0.8, 0.6), np.float32)
    crown, wide = draw.uniform(0.26, 0.36) * tall, draw.uniform(0.17, 0.3) * tall
    body.add(TUBE, (0, 0, 0.3 * tall), (trunk, trunk, 0.3 * tall), bark, taper=(0.3, 0, 0))
    body.add(ELLIPSOID, (0, 0, tall - crown), (wide, wide, crown), leaf, where=~conifer)
    for angle in (0.6, 2.7, 4.8):
        bough = draw.uniform(0.5, 0.75)
        x, y = 0.55 * wide * np.cos(angle), 0.55 * wide * np.sin(angle)
        z = tall - crown * draw.uniform(0.9, 1.4)
        body.add(ELLIPSOID, (x, y, z), (bough * wide, bough * wide, bough * crown), leaf * 0.9, where=~conifer)
    for k in range(3):
        reach = wide * (0.95 - 0.25 * k)
        centre = (0.0, 0.0, tall * (0.36 + 0.24 * k))
        body.add(TUBE, centre, (reach, reach, 0.18 * tall), leaf * 0.8, taper=(0.96, 0, 0), where=conifer)


def _lamp_post(body: Body, draw: Draws) -> None:
    tall, thick = draw.uniform(3.0, 6.0), draw.uniform(0.06, 0.12)
    metal = np.stack([draw.uniform(0.12, 0.6)] * 3, axis=1)
    arm, reach = draw.chance(0.6), draw.uniform(0.35, 0.9)
    glow = np.stack([draw.uniform(0.5, 1.0)] * 3, axis=1) * np.asarray((1.0, 0.95, 0.75), np.float32)
    body.add(TUBE, (0, 0, tall / 2), (thick, thick, tall / 2), metal, taper=(0.4, 0, 0))
    body.add(TUBE, (0, 0, 0.3), (2 * thick, 2 * thick, 0.3), metal * 0.8)
    body.add(TUBE, (reach, 0, tall), (0.05, 0.05, reach), metal, pitch=UPRIGHT, where=arm)
    body.add(WEDGE, (2 * reach, 0, tall - 0.07), (0.34, 0.15, 0.1), glow, where=arm)
    body.add(ELLIPSOID, (0, 0, tall + 0.1), (0.3, 0.3, 0.33), glow, where=~arm)
    body.add(TUBE, (0, 0, tall + 0.38), (0.3, 0.3, 0.1), metal, taper=(0.7, 0, 0), where=~arm)


def _bench(body: Body, draw: Draws) -> None:
    length, depth, seat = draw.uniform(0.65, 1.1), draw.uniform(0.2, 0.28), draw.uniform(0.4, 0.5)
    wood = np.stack([draw.uniform(0.25, 0.75)] * 3, axis=1) * np.asarray((1.0, 0.72, 0.45), np.float32)
    plank, iron = np.where(draw.chance(0.35)[:, None], draw.colour(), wood), draw.colour(0.05, 0.4)
    backed, high = draw.chance(0.75), draw.uniform(0.16, 0.26)
    body.add(WEDGE, (0, 0, seat), (depth, length, 0.05), plank)
    body.add(WEDGE, (-depth - 0.06, 0, seat + 0.12 + high), (0.04, length, high), plank, pitch=-0.2, where=backed)
    for side in (-0.8, 0.8):
        body.add(WEDGE, (0, side * length, seat / 2), (depth * 0.9, 0.06, seat / 2), iron)
        body.add(WEDGE, (0, side * length * 1.1, seat + 0.2), (depth, 0.04, 0.03), iron, where=backed)


BUILDERS: dict[str, Callable[[Body, Draws], None]] = {
    "car": _car,
    "van": _van,
    "bus": _bus,
    "truck": _truck,
    "motorbike": _motorbike,
    "person": _person,
    "dog": _dog,
    "tree": _tree,
    "lamp post": _lamp_post,
    "bench": _bench,
}
"""Class name to builder, in label order."""


def build(labels: NDArray[np.int64], table: Floats) -> Shapes:
    """Shapes of `[b]` objects given as labels, from uniform numbers `[b, OBJECT_DRAWS]`; `owner` counts in 0..b-1."""
    tables = []
    for label, builder in enumerate(BUILDERS.values()):
        rows = np.flatnonzero(labels == label)
        if len(rows):
            body = Body(len(rows))
            builder(body, Draws(table[rows]))
            shapes = body.shapes()
            tables.append(Shapes(rows[shapes.owner], *(getattr(shapes, n) for n in list(Shapes.__annotations__)[1:])))
    return Shapes.joined(tables)


def extents(shapes: Shapes, objects: int) -> tuple[Floats, Floats]:
    """Lowest and highest corner of the box around each object, `[objects, 3]`."""
    low = np.full((objects, 3), np.inf, np.float32)
    high = np.full((objects, 3), -np.inf, np.float32)
    reach = (np.abs(shapes.turn) * shapes.half[:, None, :]).sum(axis=2)
    np.minimum.at(low, shapes.owner, shapes.centre - reach)
    np.maximum.at(high, shapes.owner, shapes.centre + reach)
    return low, high


def standing(shapes: Shapes, place: Floats, heading: Floats) -> Shapes:
    """Objects turned by `heading` `[objects]` (radians, about the vertical) and set on `place` `[objects, 2]`."""
    cos, sin = np.cos(heading), np.sin(heading)
    zero = np.zeros_like(cos)
    turn = np.stack([cos, -sin, zero, sin, cos, zero, zero, zero, zero + 1], axis=1).reshape(-1, 3, 3)
    own = turn[shapes.owner]
    centre = (own * shapes.centre[:, None, :]).sum(axis=2)
    centre[:, :2] += place[shapes.owner]
    turned = (own[:, :, :, None] * shapes.turn[:, None, :, :]).sum(axis=2)
    return Shapes(shapes.owner, shapes.kind, centre, shapes.half, turned, shapes.taper, shapes.colour)
