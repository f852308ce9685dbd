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
    `depth` `[m]` metres along the camera's axis; `normal` three times `[m]`, outward in the shape's frame, of any
    length.
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
    shown, kind = lens.shown(), shapes.kind[shape]
    depth = np.full(len(subsamples) * n * pixels, np.inf, np.float32)
    winner = np.zeros(len(depth), np.int64)
    for k in range(3):
        for rows in lens.parts(shown[kind[shown] == k]):
            count, place, x, y = lens.pixels(rows, camera)
            table = np.repeat(lens.table[k][:, rows], count, axis=1)
            for dx, dy in subsamples:
                t = _WAYS[k](
                    *_looked(table, x.astype(precision) + np.float32(dx), y.astype(precision) + np.float32(dy))
                )
                near = np.flatnonzero(t < depth[place])
                there, t = place[near], t[near]
                np.minimum.at(depth, there, t)
                first = near[t == depth[there]][::-1]  # of equally near ones the first is written last
                winner[place[first]] = np.repeat(rows, count)[first]
                place += n * pixels
    ray = np.flatnonzero(np.isfinite(depth))
    row, normals = winner[ray], [np.zeros(len(ray), precision) for _ in range(3)]
    subsample, pixel = np.divmod(ray, n * pixels)
    y, x = np.divmod(pixel % pixels, side)
    within = np.array(subsamples, np.float32)[subsample]
    for k in range(3):
        there = np.flatnonzero(kind[row] == k)
        columns = np.take(lens.table[k], row[there], axis=1)
        o, d, taper = _looked(
            columns, x[there].astype(precision) + within[there, 0], y[there].astype(precision) + within[there, 1]
        )
        for into, part in zip(normals, _NORMALS[k](o, d, taper, depth[ray[there]]), strict=True):
            into[there] = part
    found = shape[row]
    inverse = 1 / shapes.half  # canonical normals become true ones by division by the half extents
    nx, ny, nz = (normals[i] * inverse[found, i] for i in range(3))
    return Met(ray, found, depth[ray], (nx, ny, nz))


def _looked(table: Floats, x: Floats, y: Floats) -> tuple[list[Floats], list[Floats], list[Floats]]:
    """Origin and direction of rays through (x, y) on the screen, and what else a table of a lens holds."""
    o, ahead, across, down = (table[3 * i : 3 * i + 3] for i in range(4))
    return list(o), [ahead[i] + x * across[i] + y * down[i] for i in range(3)], list(table[12:])


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
    turned: Floats = turn[:, 0] * vector[:, :1]
    for axis in (1, 2):
        turned += turn[:, axis] * vector[:, axis, None]
    return turned


def along(one: Floats, other: Floats) -> Floats:
    """Inner products of vectors `[n, 3]`."""
    return one[:, 0] * other[:, 0] + one[:, 1] * other[:, 1] + one[:, 2] * other[:, 2]


class _Lens:
    """Pairs of (shape, camera) with the camera expressed in the shape's canonical frame.

    `table` for each kind `[values, pairs]`: eye, ahead, across and down, three each, and what its shapes need.
    """

    def __init__(
        self, shapes: Shapes, cameras: Pinholes, shape: NDArray[np.int64], camera: NDArray[np.int64], side: int
    ) -> None:
        self._side = side
        turn, half, reach = shapes.turn[shape], shapes.half[shape], cameras.reach[camera][:, None]
        eye = to_shape(turn, cameras.eye[camera] - shapes.centre[shape]) / half
        # A pixel (x, y) looks along ahead + x·across + y·down, whose depth component is one: t is the depth.
        across = to_shape(turn, cameras.right[camera]) / half * reach * np.float32(2 / side)
        down = -to_shape(turn, cameras.up[camera]) / half * reach * np.float32(2 / side)
        ahead = to_shape(turn, cameras.ahead[camera]) / half - (across + down) * np.float32(side / 2)
        taper = shapes.taper[shape] / 2
        looks = np.concatenate([eye, ahead, across, down, taper], axis=1).T.copy()
        gaps = [(1 - k) - sign * eye[:, axis] - k * eye[:, 2] for axis, sign, k in _faces(list(taper.T))]
        self.table = {ELLIPSOID: looks[:12], TUBE: looks[:13], WEDGE: np.concatenate([looks, np.stack(gaps)])}
        self._box(cameras, camera, shapes.centre[shape], turn * half[:, None, :])

    def _box(self, cameras: Pinholes, camera: NDArray[np.int64], centre: Floats, axes: Floats) -> None:
        """Bounding boxes on the screen: columns and rows [low, low + size)."""
        signs = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(8)], np.float32) * 2 - 1
        xs, ys = [], []
        side, offset = self._side, centre - cameras.eye[camera]
        right, up, ahead = cameras.right[camera], cameras.up[camera], cameras.ahead[camera]
        reach = cameras.reach[camera]
        for sign in signs:
            corner = offset + (axes[:, :, 0] * sign[0] + axes[:, :, 1] * sign[1] + axes[:, :, 2] * sign[2])
            scale = side / 2 / (np.maximum(along(corner, ahead), 0.1) * reach)
            xs.append(along(corner, right) * scale)
            ys.append(-along(corner, up) * scale)
        self._low, self._size = [], []
        for values in (np.stack(xs), np.stack(ys)):
            low = np.clip(np.floor(values.min(axis=0) + side / 2), 0, side).astype(np.int64)
            high = np.clip(np.ceil(values.max(axis=0) + side / 2), 0, side).astype(np.int64)
            self._low.append(low)
            self._size.append(high - low)

    def shown(self) -> NDArray[np.int64]:
        """Rows whose boxes are not empty."""
        return np.flatnonzero((self._size[0] > 0) & (self._size[1] > 0))

    def parts(self, rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """The rows in parts whose pixels fit the processor's cache."""
        total = np.cumsum(self._size[0][rows] * self._size[1][rows])
        return (
            [part for part in np.split(rows, np.searchsorted(total, np.arange(_PART, total[-1], _PART))) if len(part)]
            if len(rows)
            else []
        )

    def pixels(
        self, rows: NDArray[np.int64], camera: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats]:
        """Every pixel of the rows' boxes: how many each has; of each pixel the place among all, column and line."""
        (left, top), (width, height) = ([part[rows] for part in pair] for pair in (self._low, self._size))
        count = width * height
        local = (np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)).astype(np.float32)
        wide = np.repeat(width.astype(np.float32), count)
        line = np.floor(local / wide)  # exact: there are too few of them for a quotient to round up to the next
        column = local - line * wide
        first = np.repeat(camera[rows] * self._side**2 + top * self._side + left, count)
        place = first + (line * np.float32(self._side) + column).astype(np.int64)
        x, y = np.repeat(left.astype(np.float32), count), np.repeat(top.astype(np.float32), count)
        return count, place, x + column, y + line


_PART = 16_384
"""Pixels that are looked at together."""


def _way_ellipsoid(o: list[Floats], d: list[Floats], _taper: list[Floats]) -> Floats:
    a = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
    b = o[0] * d[0] + o[1] * d[1] + o[2] * d[2]
    c = o[0] * o[0] + o[1] * o[1] + o[2] * o[2] - 1
    root = b * b - a * c
    way = (-b - np.sqrt(np.maximum(root, 0))) / a
    np.copyto(way, np.inf, where=root <= 0)
    return way.astype(np.float32, copy=False)


def _normal_ellipsoid(
    o: list[Floats], d: list[Floats], _taper: list[Floats], at: Floats
) -> tuple[Floats, Floats, Floats]:
    return o[0] + at * d[0], o[1] + at * d[1], o[2] + at * d[2]


def _way_tube(o: list[Floats], d: list[Floats], taper: list[Floats]) -> Floats:
    """Radius 1 − slope·(z + 1) between z = −1 and z = 1."""
    side, lid, leave, root = _tube(o, d, taper[0])
    enter = np.maximum(side, lid)
    np.copyto(enter, np.inf, where=(root <= 0) | (enter >= leave))
    return enter.astype(np.float32, copy=False)


def _tube(o: list[Floats], d: list[Floats], slope: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    radius = 1 - slope * (1 + o[2])  # the tube's radius at the height of the eye
    fall = slope * d[2]
    a = np.maximum(d[0] * d[0] + d[1] * d[1] - fall * fall, _SKIN)
    b = o[0] * d[0] + o[1] * d[1] + radius * fall
    c = o[0] * o[0] + o[1] * o[1] - radius * radius
    root = b * b - a * c
    wide = np.sqrt(np.maximum(root, 0))
    inverse = 1 / _apart(d[2])
    low, high = (-1 - o[2]) * inverse, (1 - o[2]) * inverse
    leave = np.minimum((wide - b) / a, np.maximum(low, high))
    return (-b - wide) / a, np.minimum(low, high), leave, root


def _normal_tube(o: list[Floats], d: list[Floats], taper: list[Floats], _at: Floats) -> tuple[Floats, Floats, Floats]:
    slope = taper[0]
    side, lid, _, _ = _tube(o, d, slope)
    flat, at = lid > side, np.maximum(side, lid)
    x, y, z = o[0] + at * d[0], o[1] + at * d[1], o[2] + at * d[2]
    return np.where(flat, 0, x), np.where(flat, 0, y), np.where(flat, -np.sign(d[2]), slope * (1 - slope * (1 + z)))


def _faces(taper: list[Floats]) -> list[tuple[int, int, Floats | np.float32]]:
    """Of a wedge's half spaces n·p ≤ 1 − k with n = (axis) + k·z: axis, sign and k, by halves of its tapers."""
    level = np.float32(0)
    return [(0, 1, taper[0]), (0, -1, taper[1]), (1, 1, taper[2]), (1, -1, taper[2]), (2, 1, level), (2, -1, level)]


def _apart(speed: Floats) -> Floats:
    """Speeds without those that are next to nothing."""
    return np.where(np.abs(speed) < _SKIN, _SKIN, speed)


def _way_wedge(o: list[Floats], d: list[Floats], values: list[Floats]) -> Floats:
    """The slab method with sides that may lean inwards."""
    enter, leave = _wedge(d, values)[:2]
    np.copyto(enter, np.inf, where=enter >= leave)
    return enter.astype(np.float32, copy=False)


def _wedge(d: list[Floats], values: list[Floats], faces: bool = False) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Where rays enter and leave, and, only if asked for, the numbers of the faces where they enter."""
    enter, leave = np.full_like(d[0], -np.inf), np.full_like(d[0], np.inf)
    face = np.zeros(len(enter) if faces else 0, np.int8)
    for number, (axis, sign, k) in enumerate(_faces(values[:3])):
        speed = k * d[2]
        if sign > 0:
            speed += d[axis]
        else:
            speed -= d[axis]
        np.copyto(speed, _SKIN, where=np.abs(speed) < _SKIN)
        t = values[3 + number] / speed
        inward = speed < 0
        if faces:
            np.copyto(face, np.int8(number), where=inward & (t > enter))
        # What leads out does not let rays in, and the other way round: it is put aside, far before or behind all else.
        off = inward * _FAR
        np.minimum(leave, t + off, out=leave)
        np.maximum(enter, t + (off - _FAR), out=enter)
    return enter, leave, face


_FAR = np.float32(1e30)


def _normal_wedge(o: list[Floats], d: list[Floats], values: list[Floats], _at: Floats) -> tuple[Floats, Floats, Floats]:
    face = _wedge(d, values, faces=True)[2]
    zero = np.zeros_like(d[0])
    x = np.where(face == 0, 1, np.where(face == 1, -1, zero))
    y = np.where(face == 2, 1, np.where(face == 3, -1, zero))
    side = np.where(face < 1, values[0], np.where(face < 2, values[1], values[2]))
    z = np.where(face == 4, 1, np.where(face == 5, -1, side))
    return x, y, z


_WAYS = {ELLIPSOID: _way_ellipsoid, TUBE: _way_tube, WEDGE: _way_wedge}
"""Depth at which rays enter a shape of each kind, infinite if never."""

_NORMALS = {ELLIPSOID: _normal_ellipsoid, TUBE: _normal_tube, WEDGE: _normal_wedge}
"""Canonical normals there."""
