"""Casts the rays of many small cameras at many simple shapes and keeps what each ray meets first.

Every shape is met in its own canonical frame, where it is a unit ellipsoid, tube or wedge; the three intersections are
closed formulas (standard analytic geometry, e.g. the slab method of Kay & Kajiya 1986 for the wedge). Work is
restricted to each shape's bounding box on the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.shapes import ELLIPSOID, TUBE, WEDGE, Floats, Shapes

SIDE = 32
"""Height and width of a view in pixels, by default."""

SUBSAMPLES = ((0.25, 0.75), (0.75, 0.25))
"""Where in a pixel its rays pass (x, y): two on the diagonal smooth edges at half the price of four."""

_SKIN = np.float32(1e-6)


@dataclass(frozen=True)
class Pinholes:
    """n ideal cameras: `eye` `[n, 3]` metres, `right`, `up`, `ahead` `[n, 3]` unit vectors, `reach` `[n]` half the
    view's width at unit depth.
    """

    eye: Floats
    right: Floats
    up: Floats
    ahead: Floats
    reach: Floats

    @staticmethod
    def aimed(eye: Floats, target: Floats, reach: Floats) -> Pinholes:
        """Cameras at `eye` looking at `target`, with a level horizon."""
        ahead = target - eye
        ahead = ahead / np.sqrt((ahead**2).sum(axis=1, keepdims=True))
        right = np.stack([ahead[:, 1], -ahead[:, 0], np.zeros_like(ahead[:, 0])], axis=1)
        right = right / np.sqrt((right**2).sum(axis=1, keepdims=True))
        return Pinholes(eye, right, np.cross(right, ahead), ahead, reach)


@dataclass(frozen=True)
class Hits:
    """Share of each pixel that the object covers, `[n, h, w]`, and its light there, summed: `[n, 3, h, w]`."""

    cover: Floats
    light: Floats


def cast(shapes: Shapes, cameras: Pinholes, per_object: int, sun: Floats, ambient: Floats, side: int = SIDE) -> Hits:
    """Pictures of objects: cameras `i·per_object … (i+1)·per_object − 1` see the object with `owner` i.

    `sun` `[objects, 3]` points to the sun and has its strength as length; `ambient` `[objects]`; `side` in pixels.
    """
    n = len(cameras.eye)
    shape = np.repeat(np.arange(len(shapes.owner)), per_object)
    camera = shapes.owner[shape] * per_object + np.tile(np.arange(per_object), len(shapes.owner))
    met = trace(shapes, cameras, shape, camera, side, precision=np.float64)
    owner = shapes.owner[met.shape]
    bright = facing(met.normal, to_shape(shapes.turn, sun[shapes.owner])[met.shape]) + ambient[owner]
    light = np.zeros((3, len(SUBSAMPLES) * n * side * side), np.float32)
    for c in range(3):
        light[c, met.ray] = bright * shapes.colour[met.shape, c]
    return summed(met.ray, light, n, side)


@dataclass(frozen=True)
class Met:
    """What rays meet first, of m rays that meet anything.

    `ray` `[m]` their numbers, ascending: by subsample, then camera, line and column; `shape` `[m]` rows of the table;
    `depth` `[m]` metres along the camera's axis; `normal` three times `[m]`, outward in the shape's frame, of any length.
    """

    ray: NDArray[np.int64]
    shape: NDArray[np.int64]
    depth: Floats
    normal: tuple[Floats, Floats, Floats]


def trace(
    shapes: Shapes,
    cameras: Pinholes,
    shape: NDArray[np.int64],
    camera: NDArray[np.int64],
    side: int,
    subsamples: tuple[tuple[float, float], ...] = SUBSAMPLES,
    precision: type[np.floating[Any]] = np.float32,
) -> Met:
    """Cast the rays of cameras at shapes, for the pairs of rows (`shape`, `camera`) `[pairs]` that may meet.

    All of a shape lies before a camera that it is paired with. Of equally near shapes that of the lower kind counts,
    then that of the earlier pair. Rays and normals are worked out in `precision`, depths kept in 32 bits.
    """
    n, pixels = len(cameras.eye), side * side
    lens = _Lens(shapes, cameras, shape, camera, side)
    shown = lens.shown()
    kind = shapes.kind[shape]
    rank = np.full(len(shape), -1)
    rank[shown] = _rank_in_group(camera[shown] * 3 + kind[shown])
    depth = np.full(len(subsamples) * n * pixels, np.inf, np.float32)
    winner = np.zeros(len(depth), np.int64)
    normals = [np.zeros(len(depth), precision) for _ in range(3)]
    for k in range(3):
        for r in range(int(rank[kind == k].max(initial=-1)) + 1):
            rows = np.flatnonzero((kind == k) & (rank == r))  # one shape per camera: no pixel occurs twice
            row, x, y = lens.pixels(rows)
            for s, (dx, dy) in enumerate(subsamples):
                place = (s * n + camera[row]) * pixels + y * side + x
                t, normal = lens.meet(k, row, x.astype(precision) + np.float32(dx), y.astype(precision) + np.float32(dy))
                near = np.flatnonzero(t < depth[place])
                place = place[near]
                depth[place] = t[near]
                winner[place] = shape[row[near]]
                for into, part in zip(normals, normal, strict=True):
                    into[place] = part[near]
    ray = np.flatnonzero(np.isfinite(depth))
    found = winner[ray]
    inverse = 1 / shapes.half  # canonical normals become true ones by division by the half extents
    x, y, z = (normals[i][ray] * inverse[found, i] for i in range(3))
    return Met(ray, found, depth[ray], (x, y, z))


def facing(normal: tuple[Floats, Floats, Floats], light: Floats) -> Floats:
    """Direct light `[m, 3]`, in the shapes' frames and as long as it is strong, on surfaces: Lambert's law."""
    x, y, z = normal
    along = x * light[:, 0] + y * light[:, 1] + z * light[:, 2]
    lit: Floats = (np.maximum(along, 0) / np.sqrt(x * x + y * y + z * z + _SKIN)).astype(np.float32, copy=False)
    return lit


def summed(ray: NDArray[np.int64], light: Floats, n: int, side: int) -> Hits:
    """Means over the rays of each pixel: `light` `[3, all rays]` is zero for rays that meet nothing."""
    share, count = np.float32(1 / len(SUBSAMPLES)), len(SUBSAMPLES)
    hit = np.zeros(light.shape[1], bool)
    hit[ray] = True
    cover = hit.reshape(count, n, side, side).sum(axis=0, dtype=np.float32) * share
    mean = light.reshape(3, count, n, side, side).sum(axis=1) * share
    return Hits(cover, np.ascontiguousarray(mean.transpose(1, 0, 2, 3)))


def to_shape(turn: Floats, vector: Floats) -> Floats:
    """Vectors `[n, 3]` in the frames of `turn` `[n, 3, 3]`."""
    turned: Floats = (turn * vector[:, :, None]).sum(axis=1)
    return turned


def _rank_in_group(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2 … within each group, in row order."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]]
    start = np.maximum.accumulate(np.where(first, np.arange(len(group)), 0))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(group)) - start
    return rank


class _Lens:
    """Pairs of (shape, camera) with the camera expressed in the shape's canonical frame."""

    def __init__(
        self, shapes: Shapes, cameras: Pinholes, shape: NDArray[np.int64], camera: NDArray[np.int64], side: int
    ) -> None:
        self._side = side
        turn, half, reach = shapes.turn[shape], shapes.half[shape], cameras.reach[camera][:, None]
        self._eye = (to_shape(turn, cameras.eye[camera] - shapes.centre[shape]) / half).T.copy()
        # A pixel (x, y) looks along ahead + x·across + y·down, whose depth component is one: t is the depth.
        across = to_shape(turn, cameras.right[camera]) / half * reach * np.float32(2 / side)
        down = -to_shape(turn, cameras.up[camera]) / half * reach * np.float32(2 / side)
        ahead = to_shape(turn, cameras.ahead[camera]) / half - (across + down) * np.float32(side / 2)
        self._across, self._down, self._ahead = across.T.copy(), down.T.copy(), ahead.T.copy()
        self._taper = shapes.taper[shape].T.copy()
        self._box(cameras, camera, shapes.centre[shape], turn * half[:, None, :])

    def _box(self, cameras: Pinholes, camera: NDArray[np.int64], centre: Floats, axes: Floats) -> None:
        """Bounding boxes on the screen: columns and rows [low, low + size)."""
        signs = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)], np.float32) * 2 - 1
        xs, ys = [], []
        side, offset = self._side, centre - cameras.eye[camera]
        right, up, ahead = cameras.right[camera], cameras.up[camera], cameras.ahead[camera]
        for sign in signs:
            corner = offset + (axes * sign).sum(axis=2)
            scale = side / 2 / (np.maximum((corner * ahead).sum(axis=1), 0.1) * cameras.reach[camera])
            xs.append((corner * right).sum(axis=1) * scale)
            ys.append(-(corner * up).sum(axis=1) * scale)
        self._low, self._size = [], []
        for values in (np.stack(xs), np.stack(ys)):
            low = np.clip(np.floor(values.min(axis=0) + side / 2), 0, side).astype(np.int64)
            high = np.clip(np.ceil(values.max(axis=0) + side / 2), 0, side).astype(np.int64)
            self._low.append(low)
            self._size.append(high - low)

    def shown(self) -> NDArray[np.int64]:
        """Rows whose boxes are not empty."""
        return np.flatnonzero((self._size[0] > 0) & (self._size[1] > 0))

    def pixels(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Every pixel of the rows' boxes: row, column on the screen, line on the screen."""
        width, height = self._size[0][rows], self._size[1][rows]
        count = width * height
        local = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        line, column = np.divmod(local, np.repeat(width, count))
        row = np.repeat(rows, count)
        return row, self._low[0][row] + column, self._low[1][row] + line

    def meet(
        self, kind: int, row: NDArray[np.int64], x: Floats, y: Floats
    ) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
        """Depth at which rays enter their shape (infinite if never) and the canonical normals there."""
        o = [self._eye[i][row] for i in range(3)]
        d = [self._ahead[i][row] + x * self._across[i][row] + y * self._down[i][row] for i in range(3)]
        if kind == ELLIPSOID:
            return _meet_ellipsoid(o, d)
        taper = [self._taper[i][row] for i in range(3)]
        if kind == TUBE:
            return _meet_tube(o, d, taper[0] / 2)
        assert kind == WEDGE
        return _meet_wedge(o, d, taper)


def _meet_ellipsoid(o: list[Floats], d: list[Floats]) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    a = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
    b = o[0] * d[0] + o[1] * d[1] + o[2] * d[2]
    c = o[0] * o[0] + o[1] * o[1] + o[2] * o[2] - 1
    root = b * b - a * c
    t = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf).astype(np.float32)
    at = np.where(root > 0, t, 0)
    return t, (o[0] + at * d[0], o[1] + at * d[1], o[2] + at * d[2])


def _meet_tube(o: list[Floats], d: list[Floats], slope: Floats) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """Radius 1 − slope·(z + 1) between z = −1 and z = 1."""
    radius = 1 - slope * (1 + o[2])  # the tube's radius at the height of the eye
    fall = slope * d[2]
    a = np.maximum(d[0] * d[0] + d[1] * d[1] - fall * fall, _SKIN)
    b = o[0] * d[0] + o[1] * d[1] + radius * fall
    c = o[0] * o[0] + o[1] * o[1] - radius * radius
    root = b * b - a * c
    wide = np.sqrt(np.maximum(root, 0))
    inverse = 1 / np.where(np.abs(d[2]) < _SKIN, _SKIN, d[2])
    low, high = (-1 - o[2]) * inverse, (1 - o[2]) * inverse
    side, lid = (-b - wide) / a, np.minimum(low, high)
    enter, leave = np.maximum(side, lid), np.minimum((wide - b) / a, np.maximum(low, high))
    hit = (root > 0) & (enter < leave)
    at = np.where(hit, enter, 0)
    flat = lid > side
    x, y, z = o[0] + at * d[0], o[1] + at * d[1], o[2] + at * d[2]
    normal = (np.where(flat, 0, x), np.where(flat, 0, y), np.where(flat, -np.sign(d[2]), slope * (1 - slope * (1 + z))))
    return np.where(hit, enter, np.inf).astype(np.float32), normal


def _meet_wedge(o: list[Floats], d: list[Floats], taper: list[Floats]) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """Six half spaces n·p ≤ 1 − k/2 with n = (axis) + k/2·z: the slab method with sides that may lean inwards."""
    enter, leave = np.full_like(o[0], -np.inf), np.full_like(o[0], np.inf)
    face = np.zeros(len(enter), np.int8)
    for number, (axis, sign, lean) in enumerate(
        ((0, 1, 0), (0, -1, 1), (1, 1, 2), (1, -1, 2), (2, 1, None), (2, -1, None))
    ):
        k = np.float32(0) if lean is None else taper[lean] / 2
        speed = sign * d[axis] + k * d[2]
        gap = 1 - k - sign * o[axis] - k * o[2]
        speed = np.where(np.abs(speed) < _SKIN, _SKIN, speed)
        t = gap / speed
        inward = speed < 0
        closer = inward & (t > enter)
        enter = np.where(closer, t, enter)
        face = np.where(closer, np.int8(number), face)
        leave = np.where(inward, leave, np.minimum(leave, t))
    hit = enter < leave
    zero = np.zeros_like(enter)
    x = np.where(face == 0, 1, np.where(face == 1, -1, zero))
    y = np.where(face == 2, 1, np.where(face == 3, -1, zero))
    side = np.where(face < 1, taper[0], np.where(face < 2, taper[1], taper[2])) / 2
    z = np.where(face == 4, 1, np.where(face == 5, -1, side))
    return np.where(hit, enter, np.inf).astype(np.float32), (x, y, z)
