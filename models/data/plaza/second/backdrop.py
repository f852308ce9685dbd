"""What lies behind everything that stands on the square: ground, houses and sky, `[n, 3, side, side]` in light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.rays import Pinholes
from simnet.models.data.plaza.second import textures, town
from simnet.models.data.plaza.second.light import Light
from simnet.models.data.plaza.second.shadows import Shadows
from simnet.models.data.plaza.second.textures import Ints, level_of
from simnet.models.data.plaza.second.town import ROAD, ROOF, Town
from simnet.models.data.plaza.shapes import Floats

Rows = NDArray[np.int64]

WHITE = np.float32(0.78)
"""Of markings on the road."""

STONE = np.array((0.56, 0.55, 0.53), np.float32)
"""Of kerbs."""

LAWN = (-1.0, 11.5, 4.2)
"""A round lawn: its middle along and aside of the road's, and its radius, m."""

WARM = np.array((1.0, 0.76, 0.42), np.float32)
"""Of lamps and lit windows."""

_TEXELS = np.float32(28)  # a metre of ground
_LAMPLIGHT = np.float32(0.75)


@dataclass(frozen=True)
class Rays:
    """Of n views: `to` three times `[n, side, side]`, unit depth along the camera's axis; `pixel` `[n]` how wide a
    pixel is at that depth, m; `of` `[n]` the sample of each view.
    """

    pinholes: Pinholes
    to: list[Floats]
    pixel: Floats
    of: Rows

    @staticmethod
    def of_views(pinholes: Pinholes, side: int, of: Rows) -> Rays:
        """Through the middles of all pixels."""
        grid = (np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / side) - 1
        across, down = pinholes.right * pinholes.reach[:, None], -pinholes.up * pinholes.reach[:, None]
        to = [
            (pinholes.ahead[:, i, None] + across[:, i, None] * grid)[:, None, :] + (down[:, i, None] * grid)[:, :, None]
            for i in range(3)
        ]
        return Rays(pinholes, to, pinholes.reach * np.float32(2 / side), of)


def painted(rays: Rays, scene: Town, light: Light, shadows: Shadows, lamps: Floats) -> Floats:
    """All of it, hazy as it is far; `lamps` `[b, lamps, 3]` are places of lamps on the ground and whether they are."""
    eye = rays.pinholes.eye
    walls = town.Backdrop.of(rays.pinholes)
    to_wall, which = walls.meet(rays.to)
    to_ground = eye[:, 2, None, None] / np.maximum(-rays.to[2], np.float32(1e-4))
    way = np.minimum(to_wall, to_ground)
    picture = _ground(rays, way, scene, light, shadows, lamps)
    _haze(picture, way, light, rays.of)
    there = np.flatnonzero(to_wall < to_ground)
    if len(there):
        view = there // to_wall[0].size
        number = walls.number[view, which.ravel()[there]]
        flat = picture.transpose(0, 2, 3, 1).reshape(-1, 3)
        flat[there] = _above(rays, there, view, to_wall.ravel()[there], number, scene, light)
        picture = np.ascontiguousarray(flat.reshape(*to_wall.shape, 3).transpose(0, 3, 1, 2))
    return picture


def _haze(picture: Floats, way: Floats, light: Light, of: Rows) -> None:
    clear = np.exp(-way * light.haze[of, None, None])
    for c in range(3):
        far = light.fog[of, c, None, None]
        picture[:, c] = far + (picture[:, c] - far) * clear


def _ground(rays: Rays, way: Floats, scene: Town, light: Light, shadows: Shadows, lamps: Floats) -> Floats:
    """The ground at `way` along each ray, whether or not there is any."""
    of, eye = rays.of, rays.pinholes.eye
    x = eye[:, 0, None, None] + way * rays.to[0]
    y = eye[:, 1, None, None] + way * rays.to[1]
    turn, middle, half = ROAD
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    along, aside = x * cos + y * sin, y * cos - x * sin - np.float32(middle)
    # A pixel is longer than wide on the ground: what it covers is its mean along both.
    size = way * np.sqrt(way) * (rays.pixel / np.sqrt(eye[:, 2]))[:, None, None]
    sharp = 1 / size
    off = np.abs(aside)
    road, kerb = _inside(half - off, sharp), _inside(half + 0.28 - off, sharp)
    radius = np.sqrt((along - LAWN[0]) ** 2 + (aside - LAWN[1]) ** 2)
    lawn, edging = _inside(LAWN[2] - radius, sharp), _inside(LAWN[2] + 0.2 - radius, sharp)
    left = aside > 0
    tile = np.where(left, np.int32(textures.SLABS), np.int32(textures.SETTS))
    np.copyto(tile, np.int32(textures.ASPHALT), where=off < half)
    np.copyto(tile, np.int32(textures.GRASS), where=radius < LAWN[2])
    level = level_of(size * _TEXELS)
    grain = textures.surfaces().look(tile, level, along * _TEXELS, aside * _TEXELS)
    stain = textures.surfaces().look(textures.STAINS, np.maximum(level - 3, 0), along * 4, aside * 4)
    grain *= 1 + np.float32(0.07) * stain
    marks = _marks(along, aside, off, sharp) * road
    dark = shadows.on_ground(x, y)
    lit, dim = 1 - dark, 1 - shadows.below(x, y)
    if late := np.flatnonzero(light.dusk[of] > 0).tolist():
        glow = _lamplight(x[late], y[late], lamps[of[late]]) * (light.dusk[of[late]] * _LAMPLIGHT)[:, None, None]
    picture = np.empty((len(x), 3, *x.shape[1:]), np.float32)
    for c in range(3):
        paving, setts, grass, asphalt = (
            part[of, c, None, None] for part in (scene.paving, scene.setts, scene.grass, scene.asphalt)
        )
        colour = np.where(left, paving, setts)
        colour += edging * (STONE[c] - colour)
        colour += lawn * (grass - colour)
        colour += kerb * (STONE[c] - colour)
        colour += road * (asphalt - colour)
        colour *= grain
        colour += marks * (WHITE - colour)
        bright = lit * (light.sun[:, c] * light.toward[:, 2])[of, None, None]
        bright += light.sky[of, c, None, None] * dim
        if late:
            bright[late] += glow * WARM[c]
        np.multiply(colour, bright, out=picture[:, c])
    _wet(picture, way, eye[:, 2], stain, light, of)
    return picture


def _inside(distance: Floats, sharp: Floats) -> Floats:
    """Share of a pixel that is inside of an edge at this distance from it, m; `sharp`: pixels per metre."""
    share: Floats = np.clip(distance * sharp + np.float32(0.5), 0, 1)
    return share


def _marks(along: Floats, aside: Floats, off: Floats, sharp: Floats) -> Floats:
    """Dashes in the middle of the road, a line at both sides, and a zebra crossing."""
    dash = np.abs(along - 6 * np.floor(along / 6) - 3)
    marks = _thin(off, 0.07, sharp) * _inside(dash - 1.5, sharp)
    marks += _thin(np.abs(off - 3.1), 0.06, sharp)
    stripe = np.abs(aside - np.floor(aside) - np.float32(0.5))
    crossing = _inside(1.6 - np.abs(along - np.float32(7.5)), sharp) * _inside(stripe - np.float32(0.25), sharp)
    white: Floats = np.maximum(np.minimum(marks, 1), crossing) * np.float32(0.85)
    return white


def _thin(distance: Floats, half: float, sharp: Floats) -> Floats:
    """Share of a pixel that a line covers which may be narrower than it."""
    share = _inside(half - distance, sharp) - _inside(-half - distance, sharp)
    return np.minimum(share, np.float32(1))


def _lamplight(x: Floats, y: Floats, lamps: Floats) -> Floats:
    total = np.zeros_like(x)
    for k in range(lamps.shape[1]):
        apart = (x - lamps[:, k, 0, None, None]) ** 2 + (y - lamps[:, k, 1, None, None]) ** 2
        total += lamps[:, k, 2, None, None] / (1 + apart * np.float32(0.12)) ** 2
    return total


def _wet(picture: Floats, way: Floats, height: Floats, stain: Floats, light: Light, of: Rows) -> None:
    """Wet ground is darker, and mirrors the sky the more, the flatter it is looked at; most where water stands."""
    if not len(rows := np.flatnonzero(light.wet[of] > 0)):
        return
    wet = light.wet[of[rows], None, None]
    flat = 1 - np.minimum(height[rows, None, None] / way[rows], 1)
    mirror = wet * np.clip(0.3 + 0.35 * stain[rows], 0.12, 0.75) * flat**3
    sky = (light.horizon + light.zenith) / 2
    for c in range(3):
        dull = picture[rows, c] * (1 - 0.35 * wet)
        picture[rows, c] = dull + mirror * (sky[of[rows], c, None, None] - dull)


def _above(rays: Rays, there: Rows, view: Rows, way: Floats, wall: Ints, scene: Town, light: Light) -> Floats:
    """Colours `[m, 3]` of houses and sky, for the pixels `there` of views `view` `[m]` that meet `wall` at `way`."""
    eye, sample = rays.pinholes.eye[view], rays.of[view]
    to = [part.ravel()[there] for part in rays.to]
    x, y, z = (eye[:, i] + way * to[i] for i in range(3))
    along = town.abreast(wall, x, y)
    house = town.house_of(wall, along)
    size = rays.pixel[view] * way
    level = level_of(size * np.float32(textures.TEXELS / town.BAY))
    storeys, high = town.FLOORS[house], town.STOREY[house]
    eaves = storeys * high
    share = along / town.WIDTH[wall]
    gable = town.GABLE[house] * (1 - np.abs(2 * (share - np.floor(share)) - 1))
    hedge = storeys < 1
    crown = textures.surfaces().look(textures.STAINS, np.zeros_like(level), along * 5, np.zeros_like(along))
    top = eaves + gable + np.where(hedge, 2.5 + 0.8 * crown, np.where(town.GABLE[house] > 0, 0, ROOF))
    cover = np.clip((top - z) / size + np.float32(0.5), 0, 1)[:, None]
    sky = _sky(to, sample, light)
    colour = _facade(along, z, house, level, scene, sample, light, wall)
    roof = np.flatnonzero((z > eaves) & (town.GABLE[house] == 0) & ~hedge)
    tiles = textures.surfaces().look(textures.SETTS, level[roof], along[roof] * 20, z[roof] * 32)
    sun = np.maximum(light.toward[sample[roof], 2], 0)[:, None] * light.sun[sample[roof]]
    colour[roof] = scene.roofs[sample[roof], house[roof]] * (light.sky[sample[roof]] * 0.85 + 0.8 * sun)
    colour[roof] *= tiles[:, None]
    green = np.flatnonzero(hedge & (z > 1.6))
    leaves = textures.surfaces().look(textures.LEAVES, level[green], along[green] * 16, z[green] * 16)[:, None]
    colour[green] = (
        scene.grass[sample[green]] * leaves * (light.sky[sample[green]] * 0.6 + 0.35 * light.sun[sample[green]])
    )
    clear = np.exp(-way * light.haze[sample])[:, None]
    far = light.fog[sample]
    colour = far + (colour - far) * clear
    mixed: Floats = sky + (colour - sky) * cover
    return mixed


def _facade(
    along: Floats, z: Floats, house: Ints, level: Ints, scene: Town, sample: Rows, light: Light, wall: Ints
) -> Floats:
    """Light `[m, 3]` from places of walls, windows and all."""
    up = z / town.STOREY[house]
    storey = np.floor(up).astype(np.int32)
    tile = np.where(storey == 0, town.SHOP[house] + textures.STYLES, town.STYLE[house])
    bay = np.floor(along / town.BAY).astype(np.int32)
    column, line = along * np.float32(textures.TEXELS / town.BAY), up * np.float32(textures.TEXELS)
    atlas = textures.storeys()
    plain = atlas.look(tile, level, column, line)
    glass = atlas.look(tile + 2 * textures.STYLES, level, column, line) * (up < town.FLOORS[house])
    inward = town.normals(wall)
    faces = np.maximum((inward * light.toward[sample, :2]).sum(axis=1), 0)
    bright = light.sky[sample] * np.float32(0.75) + light.sun[sample] * faces[:, None]
    colour = scene.walls[sample, house] * plain[:, None] * bright
    mixed = (house * 73 + storey * 31 + bay * 17 + 7).astype(np.uint32) * np.uint32(2654435761)
    mixed = (mixed ^ scene.seed[sample].astype(np.uint32)) * np.uint32(2246822519)
    chance = _share(mixed, 8)
    lit = (chance < 0.04 + 0.6 * light.dusk[sample]) * (0.25 + 0.55 * light.dusk[sample])
    pane = light.horizon[sample] * np.float32(0.28) + np.float32(0.03)
    pane = pane + lit[:, None] * (WARM * (0.35 + 0.45 * _share(mixed, 16)[:, None]) - pane)
    done: Floats = colour + glass[:, None] * (pane - colour)
    return done


def _share(bits: NDArray[np.uint32], past: int) -> Floats:
    """A number in 0..1 from the sixteen bits past so many."""
    share: Floats = (bits >> np.uint32(past) & np.uint32(0xFFFF)).astype(np.float32) / np.float32(2**16)
    return share


def _sky(to: list[Floats], sample: Rows, light: Light) -> Floats:
    """Colours `[m, 3]` of the sky with its clouds, in these directions."""
    high = np.clip(to[2] * 2.5, 0, 1)[:, None]
    colour = light.horizon[sample] + (light.zenith[sample] - light.horizon[sample]) * high
    flat = np.float32(22) / (np.maximum(to[2], 0) + np.float32(0.12))
    level = np.zeros(len(flat), np.int32) + 1
    cloud = textures.surfaces().look(textures.CLOUDS, level, to[0] * flat, to[1] * flat)
    share = np.clip(0.55 * cloud + 1.6 * light.cloud[sample] - 0.5, 0, 1)[:, None]
    white = light.horizon[sample] * 0.55 + (light.sky[sample] + light.sun[sample] * 0.5) * 0.75
    clouded: Floats = colour + share * (white * (1 - 0.12 * cloud[:, None]) - colour)
    return clouded
