"""From random numbers to the views of `plaza2`: the object in its place, seen by the cameras of the first edition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.numbers import Amounts, Numbers
from simnet.models.data.plaza.rays import SUBSAMPLES, Hits, Met, Pinholes, facing, summed, to_shape, trace
from simnet.models.data.plaza.render import SQUARE, Camera, Traits, developed
from simnet.models.data.plaza.second import textures, town
from simnet.models.data.plaza.second.backdrop import WARM, Rays, painted
from simnet.models.data.plaza.second.light import LIGHT_DRAWS, Light
from simnet.models.data.plaza.second.nearby import NEARBY_DRAWS, hide
from simnet.models.data.plaza.second.shadows import Shadows
from simnet.models.data.plaza.second.things import EACH, THING_DRAWS, Things, glowing, leafy, pairs
from simnet.models.data.plaza.second.town import TOWN_DRAWS, Town
from simnet.models.data.plaza.shapes import BUILDERS, GLASS, OBJECT_DRAWS, Draws, Floats

PLACE_DRAWS = 8

AMOUNTS = Amounts(
    common=OBJECT_DRAWS + PLACE_DRAWS + LIGHT_DRAWS + TOWN_DRAWS + THING_DRAWS,
    of_view=OBJECT_DRAWS + NEARBY_DRAWS + 16,
    texture=0,
)
"""Uniform numbers of a sample, those of its object first, and of a view, those of what stands before it first."""

EASIER = {"occluded": 0.6, "blur": 0.75, "noise": 0.6}
"""Cameras' traits are so much weaker than in the first edition: a place with others on it is harder by itself."""

BEFORE = 0.35
"""Of views where something is in the way, those where it stands on the square; else it is near the camera."""


def render(
    labels: NDArray[np.int64], numbers: Numbers, cameras: tuple[Camera, ...], *, empty: bool = False
) -> NDArray[np.uint8]:
    """Views `[b, cameras, 3, side, side]` of `[b]` labels; the side is that of the numbers' speckle.

    The same scene, seen by the same cameras, whatever the side. `empty`: the same views without the object and its
    shadow, to ask what they tell of it.
    """
    b, count, side = len(labels), len(cameras), numbers.speckle.shape[-1]
    own, draw = numbers.common[:, :OBJECT_DRAWS], Draws(numbers.common[:, OBJECT_DRAWS:])
    of = np.repeat(np.arange(b), count)
    traits = Traits.of(cameras, b)
    traits = replace(traits, **{name: getattr(traits, name) * np.float32(part) for name, part in EASIER.items()})
    place = np.stack([draw.uniform(-SQUARE, SQUARE), draw.uniform(-SQUARE, SQUARE)], axis=1)
    heading = draw.uniform(0, 2 * np.pi)
    draw.table(PLACE_DRAWS - 3)
    light, scene = Light.drawn(Draws(draw.table(LIGHT_DRAWS))), Town.drawn(Draws(draw.table(TOWN_DRAWS)))

    view = Draws(numbers.of_view[:, OBJECT_DRAWS:])
    hidden, form = view.uniform() < traits.occluded, view.uniform()
    before = np.where(hidden & (form < BEFORE), (view.uniform() * len(BUILDERS)).astype(np.int64), -1)
    things = Things(labels, own, draw, before, numbers.of_view[:, :OBJECT_DRAWS])
    half, radius = things.of_object(things.half).copy(), things.of_object(things.radius).copy()
    target = np.concatenate([place, half[:, 2:]], axis=1)
    pinholes, window = traits.aimed(target[of], (2.0 * radius**0.85)[of], view)
    distance = np.sqrt(((target[of] - traits.eye) ** 2).sum(axis=1))
    spot = _before(target[of], traits.eye, view.uniform(3.0, 8.0), view.uniform(-0.5, 0.5) * window)
    things.stand(place, heading, spot)
    if empty:
        things.of_object(things.there)[:] = False
    shadows = Shadows.cast(things, place, half * (not empty), heading, radius, light, of)
    rays = Rays.of_views(pinholes, side, of)
    picture = painted(rays, scene, light, shadows, things.lamps)
    hits = _standing(things, pinholes, count, light, side, traits.eye)
    picture = picture * (1 - hits.cover[:, None]) + hits.light
    hide(picture, hidden & (form >= BEFORE), (light.sky + 0.3 * light.sun)[of], Draws(view.table(NEARBY_DRAWS)))
    shade = town.shaded(place[:, :1], place[:, 1:], np.zeros((), np.float32), light.toward)[:, 0]
    return developed(picture, view, traits, distance, window, light.exposure(shade)[of], numbers.speckle, count)


def _before(target: Floats, eye: Floats, nearer: Floats, beside: Floats) -> Floats:
    """Places `[n, 2]` between target and camera, `nearer` to it and `beside` the line, m."""
    to = (eye - target)[:, :2]
    to = to / np.sqrt((to**2).sum(axis=1, keepdims=True))
    across = np.stack([-to[:, 1], to[:, 0]], axis=1)
    spot: Floats = target[:, :2] + to * nearer[:, None] + across * beside[:, None]
    return spot


def _standing(things: Things, pinholes: Pinholes, count: int, light: Light, side: int, eyes: Floats) -> Hits:
    """All that stands on the square, in its light."""
    n = len(pinholes.eye)
    b, shapes = n // count, things.shapes
    shape, camera = things.seen(*pairs(b, count, eyes), pinholes)
    met = trace(shapes, pinholes, shape, camera, side)
    of_thing = np.concatenate([np.repeat(np.arange(b), EACH), np.repeat(np.arange(b), count)])
    of_shape = of_thing[shapes.owner]
    x, y, z = (things.middle[:, i, None] for i in range(3))
    sunny = 1 - town.shaded(x, y, z, light.toward[of_thing])[:, 0]
    toward = to_shape(shapes.turn, light.toward[of_shape])
    sample, row = of_shape[met.shape], met.shape
    direct = facing(met.normal, toward[row]) * sunny[shapes.owner[row]]
    upward = _upward(met, shapes.turn[:, 2])
    hemisphere = np.float32(0.74) + np.float32(0.26) * upward
    grain = _grain(met, things, pinholes, n, side)
    glass = (shapes.colour == np.array(GLASS, np.float32)).all(axis=1) * np.float32(0.22)
    lamp = glowing(shapes, things.label) * light.dusk[of_shape] * np.float32(0.7)
    clear = np.exp(-met.depth * light.haze[sample])
    colours = np.zeros((3, len(SUBSAMPLES) * n * side * side), np.float32)
    for c in range(3):
        bright = hemisphere * light.sky[sample, c] + direct * light.sun[sample, c]
        colour = shapes.colour[row, c] * grain * bright
        colour += glass[row] * light.horizon[sample, c] + lamp[row] * WARM[c]
        far = light.fog[sample, c]
        colours[c, met.ray] = far + (colour - far) * clear
    return summed(met.ray, colours, n, side)


def _upward(met: Met, up: Floats) -> Floats:
    """How far surfaces look up, −1..1; `up` `[shapes, 3]` in the shapes' frames."""
    x, y, z = met.normal
    axis = up[met.shape]
    along = x * axis[:, 0] + y * axis[:, 1] + z * axis[:, 2]
    upward: Floats = along / np.sqrt(x * x + y * y + z * z + np.float32(1e-6))
    return upward


def _grain(met: Met, things: Things, pinholes: Pinholes, n: int, side: int) -> Floats:
    """Leaves and bark, a factor for every ray that meets something."""
    grain = np.ones(len(met.ray), np.float32)
    leaves, bark = leafy(things.shapes, things.label)
    for which, tile, scale in ((leaves, textures.LEAVES, 26.0), (bark, textures.BARK, 40.0)):
        rows = np.flatnonzero(which[met.shape])
        camera, pixel = np.divmod(met.ray[rows] % (n * side * side), side * side)
        line, column = np.divmod(pixel, side)
        far = met.depth[rows] * pinholes.reach[camera]
        level = textures.level_of(far * np.float32(2 / side * scale))
        across = pinholes.eye[camera, 0] + pinholes.eye[camera, 1]
        x = ((column + 0.5) * np.float32(2 / side) - 1) * far * scale + across * np.float32(7)
        y = (1 - (line + 0.5) * np.float32(2 / side)) * far * scale
        grain[rows] = textures.surfaces().look(tile, level, x.astype(np.float32), y.astype(np.float32))
    return grain
