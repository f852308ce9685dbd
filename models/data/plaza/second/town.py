"""The town around the square: walls of houses in a ring, a road through it; where everything stands, in metres.

The ring is convex, so what a ray meets of it is the nearest of the walls that the ray runs out through. A camera does
not see the houses that lie before the square: it hangs on one of them, or looks over or between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simnet.models.data.plaza.rays import Pinholes
from simnet.models.data.plaza.second.textures import STYLES, Ints
from simnet.models.data.plaza.shapes import Draws, Floats

WALLS = np.array([(22, 24), (74, 19.5), (127, 22), (171, 25), (223, 21), (274, 18.5), (322, 23)], np.float32)
"""Of each wall the direction in which it lies from the centre, in degrees, and its distance."""

SLOTS = 8
"""Houses in each wall, as they come round again along it."""

HOUSES = len(WALLS) * SLOTS

_NORMAL = np.stack([np.cos(np.radians(WALLS[:, 0])), np.sin(np.radians(WALLS[:, 0]))], axis=1).astype(np.float32)
_ABREAST = np.stack([-_NORMAL[:, 1], _NORMAL[:, 0]], axis=1)

_PLAN = np.random.Generator(np.random.Philox(3))
WIDTH = _PLAN.uniform(6.5, 11, len(WALLS)).astype(np.float32)
"""Width of the houses of a wall, m."""
FLOORS = _PLAN.integers(2, 5, HOUSES).astype(np.float32)
"""Storeys of a house: it is the same in all samples, as its windows and its gable are."""
STOREY = _PLAN.uniform(2.7, 3.4, HOUSES).astype(np.float32)
"""Height of a storey, m."""
STYLE = _PLAN.integers(0, STYLES, HOUSES).astype(np.int32)
SHOP = _PLAN.integers(0, STYLES, HOUSES).astype(np.int32)
GABLE = (_PLAN.uniform(1.5, 3.0, HOUSES) * (_PLAN.random(HOUSES) < 0.55)).astype(np.float32)
"""How much a gable rises above the eaves, m; 0: the eaves are level, a roof behind them."""
_low = _PLAN.random(HOUSES) < 0.16
FLOORS[_low] = 0.6  # a garden wall in place of a house
GABLE[_low] = 0.0

BAY = np.float32(2.6)
"""Width of a bay of a storey, m."""

ROOF = np.float32(2.2)
"""Height of a roof behind level eaves, m."""

ROAD = (np.radians(27.0), -2.2, 3.5)
"""The road's direction, its middle's distance to the left of the centre, and half its width."""


@dataclass(frozen=True)
class Town:
    """Colours of a sample's town: `walls` `[b, HOUSES, 3]`, `roofs` `[b, HOUSES, 3]`; of the ground `[b, 3]`:
    `asphalt`, `paving`, `setts`, `grass`; `seed` `[b]` which windows are lit.
    """

    walls: Floats
    roofs: Floats
    asphalt: Floats
    paving: Floats
    setts: Floats
    grass: Floats
    seed: Ints

    @staticmethod
    def drawn(draw: Draws) -> Town:
        """From the next `TOWN_DRAWS` columns."""
        b = len(draw)
        painted = np.stack([draw.colour(0.25, 0.85) for _ in range(PAINTS)], axis=1)
        painted = painted + 0.4 * (painted.mean(axis=2, keepdims=True) - painted)  # facades are paler than cars
        tiles = np.stack([draw.uniform(0.15, 0.5) for _ in range(4)], axis=1)[:, :, None]
        tiles = tiles * np.array([(1.0, 0.55, 0.42), (0.8, 0.8, 0.85), (1.0, 0.7, 0.55), (0.6, 0.6, 0.62)], np.float32)
        first = (draw.uniform() * PAINTS).astype(np.int64)
        number = np.arange(HOUSES)
        rows = np.arange(b)[:, None]
        grey = draw.uniform(0.18, 0.36)[:, None] * np.array((1.0, 1.0, 1.04), np.float32)
        stone = draw.uniform(0.36, 0.6)[:, None] * _warm(draw)
        setts = draw.uniform(0.25, 0.5)[:, None] * _warm(draw)
        green = np.stack([draw.uniform(0.16, 0.36), draw.uniform(0.3, 0.46), draw.uniform(0.08, 0.18)], axis=1)
        seed = (draw.uniform() * 2**20).astype(np.int32)
        return Town(
            painted[rows, (first[:, None] + number * 5 + number // SLOTS) % PAINTS],
            tiles[rows, (first[:, None] + number * 3) % 4],
            grey, stone, setts, green, seed,
        )  # fmt: skip


PAINTS = 12
TOWN_DRAWS = 4 * PAINTS + 16


def _warm(draw: Draws) -> Floats:
    warmth = draw.uniform(-0.08, 0.16)[:, None]
    tint: Floats = 1 + warmth * np.array((1.0, 0.1, -1.0), np.float32)
    return tint


@dataclass(frozen=True)
class Backdrop:
    """The three walls that a view may show, `[n, 3]`: `number`; with the gap to them `[n, 3]` along the normal."""

    number: Ints
    gap: Floats

    @staticmethod
    def of(pinholes: Pinholes) -> Backdrop:
        """The wall that the middle of the view runs into, and its neighbours."""
        # No matrix products: their last bits depend on how many views there are.
        eye, ahead = ([part[:, i, None] * _NORMAL[:, i] for i in range(2)] for part in (pinholes.eye, pinholes.ahead))
        gap, speed = WALLS[:, 1] - (eye[0] + eye[1]), ahead[0] + ahead[1]
        way = np.where(speed > 1e-3, gap / np.maximum(speed, 1e-3), np.inf)
        middle = np.where(way > 0, way, np.inf).argmin(axis=1)
        number = ((middle[:, None] + np.array([-1, 0, 1])) % len(WALLS)).astype(np.int32)
        return Backdrop(number, np.take_along_axis(gap, number, axis=1).astype(np.float32))

    def meet(self, ray: list[Floats]) -> tuple[Floats, Ints]:
        """Ways `[n, h, w]` along rays (x, y and z `[n, h, w]`) to the ring, and which of the three walls it is."""
        way = np.full(ray[0].shape, np.float32(400))
        which = np.zeros(ray[0].shape, np.int32)
        for k in range(3):
            normal = _NORMAL[self.number[:, k]]
            speed = ray[0] * normal[:, 0, None, None] + ray[1] * normal[:, 1, None, None]
            np.maximum(speed, np.float32(1e-4), out=speed)
            there = self.gap[:, k, None, None] / speed
            there = np.where(there > 0, there, np.float32(400))
            nearer = there < way
            np.copyto(way, there, where=nearer)
            np.copyto(which, np.int32(k), where=nearer)
        return way, which


def abreast(wall: Ints, x: Floats, y: Floats) -> Floats:
    """How far along its wall a point of it lies, m from the foot of the normal."""
    along: Floats = x * _ABREAST[wall, 0] + y * _ABREAST[wall, 1]
    return along


def normals(wall: Ints) -> Floats:
    """Unit vectors from walls into the square, `[..., 2]`."""
    return -_NORMAL[wall]


def shaded(x: Floats, y: Floats, z: Floats, toward: Floats) -> Floats:
    """Whether houses keep the sun from points `[b, k]`, 0..1; `toward` `[b, 3]` leads to it. Edges are soft."""
    level = np.maximum(np.sqrt(toward[:, 0] ** 2 + toward[:, 1] ** 2), np.float32(1e-3))
    steep = (toward[:, 2] / level)[:, None]
    to = toward[:, :2] / level[:, None]
    way = np.full(x.shape, np.float32(400))
    wall = np.zeros(x.shape, np.int32)
    for k in range(len(WALLS)):
        speed = to @ _NORMAL[k]
        there = (WALLS[k, 1] - x * _NORMAL[k, 0] - y * _NORMAL[k, 1]) / np.maximum(speed, np.float32(1e-4))[:, None]
        there = np.where((speed > 1e-3)[:, None] & (there > 0), there, np.float32(400))
        nearer = there < way
        way = np.where(nearer, there, way)
        wall = np.where(nearer, np.int32(k), wall)
    along = abreast(wall, x + way * to[:, 0, None], y + way * to[:, 1, None])
    house = house_of(wall, along)
    top = FLOORS[house] * STOREY[house] + np.maximum(GABLE[house] / 2, np.where(FLOORS[house] > 1, ROOF, 0))
    dark: Floats = np.clip((top - z - way * steep) / 0.8 + 0.5, 0, 1).astype(np.float32)
    return dark


def house_of(wall: Ints, along: Floats) -> Ints:
    """Number of the house at a place of a wall."""
    slot = np.floor(along / WIDTH[wall]).astype(np.int32) & (SLOTS - 1)
    number: Ints = wall * SLOTS + slot
    return number
