"""Shadows on the ground: shadow maps (Williams 1978), of the object and of all that stands around it, and houses.

The sun is a camera, too: what it sees keeps its light from the ground. It stands near enough for rays in 32 bits, so
that shadows fan out a little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.rays import Pinholes, trace
from simnet.models.data.plaza.second import town
from simnet.models.data.plaza.second.light import Light
from simnet.models.data.plaza.second.things import EACH, Things
from simnet.models.data.plaza.shapes import Floats

MAP = 48
"""Texels a side of a map."""

MAPS = 2
"""For each sample a fine one around the object, and a coarse one of what is farther."""

AFAR = (40.0, 90.0)
"""Distances of the sun from the object for both maps, m."""

WIDE = 26.0
"""Width of the coarse map, m."""


SUNNY = 0.2
"""Strength of the sun from which on things cast shadows."""


@dataclass(frozen=True)
class Shadows:
    """Of the b samples with n views, and of those m that the sun shines on.

    Maps `dark` `[m·MAPS, MAP, MAP]` of the share of its light that is kept away, seen from `suns`; `number` `[b]` which
    of the m a sample is, −1 for none; of the object `place` `[b, 2]`, `half` sizes `[b, 3]` and `heading` `[b]`; `of`
    `[n]` the sample of each view.
    """

    suns: Pinholes
    dark: Floats
    number: NDArray[np.int64]
    place: Floats
    half: Floats
    heading: Floats
    of: NDArray[np.int64]

    @staticmethod
    def cast(
        things: Things,
        place: Floats,
        half: Floats,
        heading: Floats,
        radius: Floats,
        light: Light,
        of: NDArray[np.int64],
    ) -> Shadows:
        """Those of all things, where they stand; `radius` `[b]` of the object, m."""
        sunny = np.flatnonzero(light.sun.max(axis=1) > SUNNY)
        if not (m := len(sunny)):
            nobody, nowhere = np.zeros((0, 3), np.float32), np.zeros(0, np.float32)
            none = Pinholes(nobody, nobody, nobody, nobody, nowhere)
            return Shadows(none, np.zeros((0, MAP, MAP), np.float32), np.full(len(place), -1), place, half, heading, of)
        number = np.full(len(place), -1)
        number[sunny] = np.arange(m)
        target = np.concatenate([place, 0.5 * radius[:, None]], axis=1)[sunny]
        suns = _suns(target, radius[sunny], light.toward[sunny])
        around = np.repeat((sunny[:, None] * EACH + np.arange(EACH)).ravel(), MAPS)
        which = np.repeat(np.arange(m), EACH * MAPS) * MAPS + np.tile(np.arange(MAPS), m * EACH)
        shape, sun = things.seen(around, which, suns, 0.1)
        met = trace(things.shapes, suns, shape, sun, MAP, ((0.5, 0.5),))
        dark = np.zeros(len(suns.eye) * MAP * MAP, np.float32)
        dark[met.ray] = 1
        dark = np.maximum(dark.reshape(-1, MAP, MAP), _houses(suns, light.toward[sunny]))
        return Shadows(suns, dark, number, place, half, heading, of)

    def on_ground(self, x: Floats, y: Floats) -> Floats:
        """Share 0..1 of the sun's light that does not reach the ground at `x`, `y` `[n, h, w]`."""
        kept = np.zeros(x.shape, np.float32)
        rows = np.flatnonzero(self.number[self.of] >= 0)
        if not len(rows):
            return kept
        x, y, sun = x[rows], y[rows], self.number[self.of[rows]] * MAPS
        fine, inside = self._read(x, y, sun)
        coarse, _ = self._read(x, y, sun + 1)
        kept[rows] = np.where(inside, fine, coarse)
        return kept

    def _read(self, x: Floats, y: Floats, sun: NDArray[np.int64]) -> tuple[Floats, NDArray[np.bool_]]:
        """A map between its texels, its border beyond it; and what lies within."""
        eye = self.suns.eye[sun]

        def along(axis: Floats) -> Floats:
            found: Floats = x * axis[sun, 0, None, None] + y * axis[sun, 1, None, None]
            found -= (axis[sun] * eye).sum(axis=1)[:, None, None]
            return found

        scale = np.float32(MAP / 2) / (along(self.suns.ahead) * self.suns.reach[sun, None, None])
        u = along(self.suns.right) * scale + np.float32(MAP / 2 - 0.5)
        v = along(-self.suns.up) * scale + np.float32(MAP / 2 - 0.5)
        last = np.float32(MAP - 1.001)
        inside = (u > 0) & (u < last) & (v > 0) & (v < last)
        u, v = np.clip(u, 0, last), np.clip(v, 0, last)
        column, line = u.astype(np.int32), v.astype(np.int32)
        u -= column
        v -= line
        index = (sun.astype(np.int32) * MAP)[:, None, None] + line
        index *= MAP
        index += column
        flat = self.dark.ravel()
        upper, lower = flat[index], flat[index + MAP]
        upper += (flat[index + 1] - upper) * u
        lower += (flat[index + (MAP + 1)] - lower) * u
        return upper + (lower - upper) * v, inside

    def below(self, x: Floats, y: Floats) -> Floats:
        """Share of the sky's light that the object keeps from the ground below it and beside it."""
        sample = self.of
        cos, sin = np.cos(self.heading[sample])[:, None, None], np.sin(self.heading[sample])[:, None, None]
        east, north = x - self.place[sample, 0, None, None], y - self.place[sample, 1, None, None]
        longer = self.half[sample, :2] + np.float32(0.15) * self.half[sample, 2:] + np.float32(0.05)
        along = (east * cos + north * sin) / longer[:, 0, None, None]
        beside = (north * cos - east * sin) / longer[:, 1, None, None]
        under: Floats = np.clip(1.5 - along * along - beside * beside, 0, 1) * np.float32(0.55)
        return under


def _suns(target: Floats, radius: Floats, toward: Floats) -> Pinholes:
    """The sun as cameras, MAPS for each sample: `target` `[b, 3]` with `radius` `[b]` m, `toward` `[b, 3]` the sun."""
    b = len(target)
    away = np.tile(np.array(AFAR, np.float32), b)
    wide = np.stack([2.7 * radius, np.full(b, np.float32(WIDE))], axis=1).ravel().astype(np.float32)
    middle = np.repeat(target, MAPS, axis=0)
    return Pinholes.aimed(middle + np.repeat(toward, MAPS, axis=0) * away[:, None], middle, wide / 2 / away)


def _houses(suns: Pinholes, toward: Floats) -> Floats:
    """The same for houses, which have no shape: where the sun's rays through the texels meet the ground."""
    grid = (np.arange(MAP, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / MAP) - 1
    right, up = suns.right * suns.reach[:, None], suns.up * suns.reach[:, None]
    to = [
        suns.ahead[:, i, None, None] + right[:, i, None, None] * grid - up[:, i, None, None] * grid[:, None]
        for i in range(3)
    ]
    way = suns.eye[:, 2, None, None] / np.maximum(-to[2], np.float32(0.02))
    x, y = (suns.eye[:, i, None, None] + way * to[i] for i in range(2))
    n = len(suns.eye)
    flat = town.shaded(x.reshape(n, -1), y.reshape(n, -1), np.zeros((), np.float32), np.repeat(toward, MAPS, axis=0))
    return flat.reshape(n, MAP, MAP)
