"""All that stands on the square: the object, others like it, and what always stands there; and which camera sees what.

The others are of any class, each equally likely whatever the object is, and stand where they would without it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.rays import Pinholes, along
from simnet.models.data.plaza.second.town import ROAD
from simnet.models.data.plaza.shapes import (
    BUILDERS,
    OBJECT_DRAWS,
    TUBE,
    Draws,
    Floats,
    Shapes,
    build,
    extents,
    standing,
)

Rows = NDArray[np.int64]

OTHERS = 3
"""Things of any class around the object, in every sample."""

NEAR, FAR = 3.5, 12.0
"""How far from the object they stand, m, beside their own radius."""

_TREE, _LAMP, _BENCH = (list(BUILDERS).index(name) for name in ("tree", "lamp post", "bench"))
_CAR, _VAN, _TRUCK, _BIKE = (list(BUILDERS).index(name) for name in ("car", "van", "truck", "motorbike"))

FURNITURE = (
    (_TREE, -14.5, 6.0), (_TREE, -9.5, 9.0), (_TREE, -4.5, 14.5), (_TREE, 2.5, 14.0), (_TREE, 8.5, 9.5),
    (_TREE, 14.0, 7.0), (_TREE, 15.0, -9.0), (_TREE, 4.0, -13.0), (_TREE, -5.5, -12.0), (_TREE, -13.0, -8.5),
    (_LAMP, -12.0, 2.4), (_LAMP, 12.5, 2.4), (_LAMP, -1.0, 9.6), (_LAMP, -9.0, -7.2), (_LAMP, 9.5, -7.2),
    (_LAMP, 19.0, 2.4), (_BENCH, -6.0, 10.4), (_BENCH, 4.0, 11.5), (_BENCH, 10.5, 5.0), (_BENCH, -3.0, -10.2),
    (_CAR, 13.5, -4.6), (_VAN, -13.5, -4.6), (_CAR, 19.0, -4.7), (_TRUCK, -20.0, 0.2), (_BIKE, 10.8, -6.6),
)  # fmt: skip
"""Class, and place along and aside of the direction of the road, m from the square's centre."""

_COS, _SIN = np.cos(ROAD[0]), np.sin(ROAD[0])
SPOTS = np.array([(a * _COS - c * _SIN, a * _SIN + c * _COS) for _, a, c in FURNITURE], np.float32)
"""Their places in the world, m."""

PRESENT = 0.8
"""Probability of each of them."""

LAMPS = tuple(number for number, (label, *_) in enumerate(FURNITURE) if label == _LAMP)

EACH = 1 + OTHERS + len(FURNITURE)
"""Things of a sample: the object first."""

THING_DRAWS = (EACH - 1) * OBJECT_DRAWS + 4 * OTHERS + 2 * len(FURNITURE)
"""Uniform numbers for them, without those of the object."""


class Things:
    """EACH things of every sample, and after them one before the camera of every view; `t` in all.

    `label` `[t]`; `half` `[t, 3]` half sizes in m, and `radius` `[t]` of a ball around each; `there` `[t]` whether it
    is there. Once they stand: `shapes` of all, whose `owner` is the number of the thing, and `middle` `[t, 3]`.
    """

    shapes: Shapes
    middle: Floats

    def __init__(self, labels: Rows, own: Floats, draw: Draws, before: Rows, numbers: Floats) -> None:
        """The object of label `[b]` with `own` numbers `[b, OBJECT_DRAWS]`; what else there is by `draw`; and of each
        view's camera what is `before` it, a label `[n]` or −1 for nothing, with `numbers` `[n, OBJECT_DRAWS]`.
        """
        b = len(labels)
        self._draw, self._b = draw, b
        table = draw.table((EACH - 1) * OBJECT_DRAWS).reshape(b, EACH - 1, OBJECT_DRAWS)
        label, there = np.empty((b, EACH), np.int64), np.ones((b, EACH), bool)
        label[:, 0] = labels
        for k in range(1, 1 + OTHERS):
            label[:, k] = (draw.uniform() * len(BUILDERS)).astype(np.int64)
        for k, (kind, *_) in enumerate(FURNITURE, 1 + OTHERS):
            label[:, k] = kind
            there[:, k] = draw.chance(PRESENT)
        self.label = np.concatenate([label.ravel(), before])
        self.there = np.concatenate([there.ravel(), before >= 0])
        all_numbers = [np.concatenate([own[:, None], table], axis=1).reshape(-1, OBJECT_DRAWS), numbers]
        self._turn = np.float32(2 * np.pi) * numbers[:, -1]
        self._built = build(self.label, np.concatenate(all_numbers))
        low, high = extents(self._built, len(self.label))
        self.half = np.where(high > low, (high - low) / 2, 0).astype(np.float32)  # nothing at all has no size
        self.radius = np.sqrt((self.half**2).sum(axis=1))

    def of_object(self, values: Floats) -> Floats:
        """Those of the samples' objects."""
        return values[: self._b * EACH : EACH]

    def stand(self, place: Floats, heading: Floats, before: Floats) -> None:
        """The object at `place` `[b, 2]` with `heading` `[b]`, the others around it, what is `before` cameras there."""
        draw, b = self._draw, self._b
        spot, turn = np.empty((b, EACH, 2), np.float32), np.empty((b, EACH), np.float32)
        spot[:, 0], turn[:, 0] = place, heading
        size = self.radius[: b * EACH].reshape(b, EACH)
        for k in range(1, 1 + OTHERS):
            away, angle = size[:, k] + draw.uniform(NEAR, FAR), draw.uniform(0, 2 * np.pi)
            spot[:, k] = place + np.stack([away * np.cos(angle), away * np.sin(angle)], axis=1)
            turn[:, k] = draw.uniform(0, 2 * np.pi)
        for k, (kind, *_) in enumerate(FURNITURE, 1 + OTHERS):
            spot[:, k] = SPOTS[k - 1 - OTHERS]
            turn[:, k] = ROAD[0] + np.pi * np.floor(4 * draw.uniform()) / (1 if kind in _ON_ROAD else 2)
        where = np.concatenate([spot.reshape(-1, 2), before])
        self.shapes = standing(self._built, where, np.concatenate([turn.ravel(), self._turn]))
        self.middle = np.concatenate([where, self.half[:, 2:]], axis=1)
        order = np.argsort(self.shapes.owner, kind="stable")
        count = np.bincount(self.shapes.owner, minlength=len(self.label))
        self._rows = order, count, np.cumsum(count) - count

    @property
    def lamps(self) -> Floats:
        """Where lamps stand, and 1 if they do, `[b, lamps, 3]`."""
        rows = np.arange(self._b)[:, None] * EACH + 1 + OTHERS + np.array(LAMPS)
        return np.concatenate([self.middle[rows, :2], self.there[rows, None]], axis=2)

    def seen(self, thing: Rows, camera: Rows, cameras: Pinholes, farther: float = 0.5) -> tuple[Rows, Rows]:
        """Of pairs (thing, camera) those that may meet, as pairs (row of the table of shapes, camera).

        Nothing but the object counts that comes nearer to the camera than `farther`, m.
        """
        off = self.middle[thing] - cameras.eye[camera]
        depth = along(off, cameras.ahead[camera])
        radius, reach = self.radius[thing] * np.float32(1.02), cameras.reach[camera]
        ample = depth * reach + radius * np.sqrt(1 + reach * reach)
        own = (thing < self._b * EACH) & (thing % EACH == 0)
        within = self.there[thing] & (own | (depth - radius > farther))
        for axis in (cameras.right, cameras.up):
            within &= np.abs(along(off, axis[camera])) < ample
        thing, camera = thing[within], camera[within]
        order, count, first = self._rows
        each = count[thing]
        local = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
        return order[np.repeat(first[thing], each) + local], np.repeat(camera, each)


_ON_ROAD = (_CAR, _VAN, _TRUCK)


def pairs(b: int, cameras: int, eyes: Floats) -> tuple[Rows, Rows]:
    """Things and views that are asked whether they meet: all of a sample in all its views.

    But for what always stands there: of that only what a camera has beyond the square's middle. What hides the object
    is drawn for each view.
    """
    thing = np.repeat(np.arange(b * EACH).reshape(b, EACH), cameras, axis=0)
    view = np.broadcast_to(np.arange(b * cameras)[:, None], thing.shape)
    beyond = eyes[:, :1] * SPOTS[:, 0] + eyes[:, 1:2] * SPOTS[:, 1] < 0
    asked = np.concatenate([np.ones((len(eyes), 1 + OTHERS), bool), beyond], axis=1)
    before = np.arange(b * cameras)
    return np.concatenate([thing[asked], b * EACH + before]), np.concatenate([view[asked], before])


def glowing(shapes: Shapes, label: Rows) -> NDArray[np.bool_]:
    """Which shapes are lamps: those of a lamp post that are no tubes."""
    lamps: NDArray[np.bool_] = (label[shapes.owner] == _LAMP) & (shapes.kind != TUBE)
    return lamps


def leafy(shapes: Shapes, label: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which shapes are leaves, and which bark."""
    tree = label[shapes.owner] == _TREE
    trunk = (shapes.kind == TUBE) & (shapes.taper[:, 0] < 0.5)
    return tree & ~trunk, tree & trunk
