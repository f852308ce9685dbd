"""From random numbers to the views of `plaza`: scene, light, background, what stands in the way, lens and sensor.

A view is the window that a camera's detector cuts out around the object, scaled to `side` pixels: a far camera has
fewer true pixels in its window, so its view is blurred. All ranges are our choice, tuned for the difficulty stated in
`docs/plaza.md`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.numbers import TEXTURE, Numbers
from simnet.models.data.plaza.rays import SIDE, Pinholes, cast
from simnet.models.data.plaza.shapes import OBJECT_DRAWS, Draws, Floats, Shapes, build, extents, standing


@dataclass(frozen=True)
class Camera:
    """One camera of the square; its centre is the origin of the world, z points up.

    `position` in metres; `resolution` in true pixels per radian; `margin`: width of its window over the object's size;
    `aim` error as a share of the window; `unseen` and `occluded`: probabilities that the object is not seen at all
    (black view) and that something stands before it; `blur`: greatest defocus (standard deviation) in 32ths of the
    view's width, pixels of the default view; `noise`: greatest sensor noise of a pixel (standard deviation, of full
    scale 1).
    """

    position: tuple[float, float, float]
    resolution: float
    margin: float
    aim: float
    unseen: float
    occluded: float
    blur: float
    noise: float


CAMERAS = (
    Camera((11.0, -9.0, 3.2), 420.0, 1.0, 0.06, 0.14, 0.42, 1.2, 0.10),
    Camera((-10.0, -14.0, 4.5), 380.0, 1.1, 0.07, 0.14, 0.45, 1.4, 0.12),
    Camera((-17.0, 12.0, 5.5), 340.0, 1.25, 0.08, 0.18, 0.50, 1.6, 0.14),
    Camera((6.0, 24.0, 7.0), 330.0, 1.4, 0.09, 0.22, 0.50, 1.8, 0.17),
    Camera((28.0, 12.0, 8.0), 300.0, 1.6, 0.10, 0.26, 0.55, 2.0, 0.20),
    Camera((-34.0, -20.0, 10.0), 280.0, 1.9, 0.11, 0.32, 0.60, 2.2, 0.24),
)
"""From the nearest and clearest to the farthest and worst."""

MOST_CAMERAS = 32


def cameras_of(count: int) -> tuple[Camera, ...]:
    """The first `count` cameras; beyond the six they come round again, each time turned about the square's centre.

    By the golden angle, so that no two cameras of a kind come to stand together. Raises ValueError above MOST_CAMERAS.
    """
    if not 1 <= count <= MOST_CAMERAS:
        raise ValueError(f"there are 1 to {MOST_CAMERAS} cameras, not {count}")
    made = list(CAMERAS[:count])
    for number in range(len(CAMERAS), count):
        round_, kind = divmod(number, len(CAMERAS))
        turn = round_ * math.pi * (3 - math.sqrt(5))
        east, north = math.cos(turn), math.sin(turn)
        x, y, z = CAMERAS[kind].position
        moved = (round(x * east - y * north, 3), round(x * north + y * east, 3), z)
        made.append(replace(CAMERAS[kind], position=moved))
    return tuple(made)


SQUARE = 5.0
"""The object stands within this many metres of the centre, along both axes."""

_REACH = 4
"""Where blur is cut, in pixels of the default view."""


def render(labels: NDArray[np.int64], numbers: Numbers, cameras: tuple[Camera, ...]) -> NDArray[np.uint8]:
    """Views `[b, cameras, 3, side, side]` of `[b]` labels; the side is that of the numbers' speckle.

    The same scene, seen by the same cameras, whatever the side: what is measured in pixels grows with it, but for the
    noise of a pixel.
    """
    b, count, side = len(labels), len(cameras), numbers.speckle.shape[-1]
    shapes = build(labels, numbers.common[:, :OBJECT_DRAWS])
    scene = _Scene(Draws(numbers.common[:, OBJECT_DRAWS:]), shapes, count)
    draw = Draws(numbers.of_view)
    traits = Traits.of(cameras, b)
    target, window = scene.target[scene.of_view], scene.window[scene.of_view]
    pinholes, window = traits.aimed(target, window, draw)
    hits = cast(scene.shapes, pinholes, count, scene.sun, scene.ambient, side)
    grid = (np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / side) - 1
    picture = _background(pinholes, draw, scene, numbers.texture, grid)
    picture = picture * (1 - hits.cover[:, None]) + hits.light
    _occlude(picture, draw, traits.occluded, grid)
    distance = np.sqrt(((target - pinholes.eye) ** 2).sum(axis=1))
    return developed(picture, draw, traits, distance, window, scene.exposure[scene.of_view], numbers.speckle, count)


@dataclass(frozen=True)
class Traits:
    """Those of the cameras of n views, each `[n]`; `eye` `[n, 3]`."""

    eye: Floats
    resolution: Floats
    margin: Floats
    aim: Floats
    unseen: Floats
    occluded: Floats
    blur: Floats
    noise: Floats

    @staticmethod
    def of(cameras: tuple[Camera, ...], b: int) -> Traits:
        """Of b samples' views, sample by sample."""
        names = ("resolution", "margin", "aim", "unseen", "occluded", "blur", "noise")
        values = [np.tile(np.array([getattr(camera, name) for camera in cameras], np.float32), b) for name in names]
        return Traits(np.tile(np.array([camera.position for camera in cameras], np.float32), (b, 1)), *values)

    def aimed(self, target: Floats, window: Floats, draw: Draws) -> tuple[Pinholes, Floats]:
        """Cameras that cut windows out around targets `[n, 3]` of about this width `[n]` in metres; and the widths."""
        window = window * self.margin * draw.uniform(0.9, 1.25)
        distance = np.sqrt(((target - self.eye) ** 2).sum(axis=1))
        off = np.stack([draw.uniform(-1, 1), draw.uniform(-1, 1), draw.uniform(-1, 1)], axis=1)
        return Pinholes.aimed(self.eye, target + off * (self.aim * window)[:, None], window / 2 / distance), window


def developed(
    picture: Floats,
    draw: Draws,
    traits: Traits,
    distance: Floats,
    window: Floats,
    exposure: Floats,
    noise: NDArray[np.uint8],
    count: int,
) -> NDArray[np.uint8]:
    """What lens and sensor make of pictures `[n, 3, side, side]`: views `[n / count, count, 3, side, side]`.

    `distance` and width of the `window` in metres, `exposure`: each `[n]`; `noise` as in `Numbers.speckle`. A view
    whose camera sees nothing is black; which these are depends on the cameras and the draws alone.
    """
    n, _, side, _ = picture.shape
    b = n // count
    defocus = traits.blur * np.float32(side / SIDE) * draw.uniform() ** 2
    softness = np.sqrt(defocus**2 + (0.5 * distance / traits.resolution / (window / side)) ** 2)
    _soften(picture, softness)
    gain = exposure * draw.uniform(0.75, 1.2)
    picture *= gain[:, None, None, None]
    amount = traits.noise * draw.uniform() ** 2 * np.float32(np.sqrt(6) / 255)  # variance of two bytes' sum: 255²/6
    speckle = noise[:, 0].astype(np.float32) + noise[:, 1] - 255
    picture += speckle * amount[:, None, None, None]
    views = (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8).reshape(b, count, 3, side, side)
    chance = draw.uniform().reshape(b, count)
    dark = chance < traits.unseen.reshape(b, count)
    dark[np.arange(b), chance.argmax(axis=1)] = False  # somebody sees it, or there would be no sample
    views[dark] = 0
    return views


class _Scene:
    """Object placed on the square, and the light: what all cameras share."""

    def __init__(self, draw: Draws, shapes: Shapes, views: int) -> None:
        b = len(draw)
        self.of_view = np.repeat(np.arange(b), views)
        self.place = np.stack([draw.uniform(-SQUARE, SQUARE), draw.uniform(-SQUARE, SQUARE)], axis=1)
        self.heading = draw.uniform(0, 2 * np.pi)
        low, high = extents(shapes, b)
        self.half = (high - low) / 2
        radius = np.sqrt((self.half**2).sum(axis=1))
        self.window = 2.0 * radius**0.85  # a detector's window grows a little less than its object
        self.target = np.concatenate([self.place, self.half[:, 2:]], axis=1)
        self.shapes = standing(shapes, self.place, self.heading)
        azimuth, height, cloud = draw.uniform(0, 2 * np.pi), draw.uniform(0.35, 1.2), draw.uniform()
        strength = 0.25 + 0.6 * (1 - cloud)
        level = np.cos(height)
        self.toward = np.stack([np.cos(azimuth) * level, np.sin(azimuth) * level, np.sin(height)], axis=1)
        self.sun = self.toward * strength[:, None]
        self.ambient = 0.3 + 0.35 * cloud
        self.shadow = 0.3 + 0.4 * (1 - cloud)
        dusk = draw.uniform()
        self.exposure = 1.1 - 0.7 * dusk * dusk
        self.ground = draw.colour(0.3, 0.62)
        self.sky = 0.55 + 0.4 * np.stack([0.6 * (1 - cloud), 0.3 + 0.5 * (1 - cloud), np.full_like(cloud, 0.9)], axis=1)


def _background(pinholes: Pinholes, draw: Draws, scene: _Scene, texture: NDArray[np.uint8], grid: Floats) -> Floats:
    """Ground with the object's shadow, buildings, sky and clutter behind the object, `[n, 3, side, side]` in 0..1.

    `grid` `[side]`: the middles of columns, or of lines, in −1..1 of the window.
    """
    n, one, side = len(pinholes.eye), scene.of_view, len(grid)
    across = pinholes.right * pinholes.reach[:, None]
    down = -pinholes.up * pinholes.reach[:, None]
    ray = [
        (pinholes.ahead[:, i, None] + across[:, i, None] * grid)[:, None, :] + (down[:, i, None] * grid)[:, :, None]
        for i in range(3)
    ]
    far = pinholes.eye[:, 2, None, None] / np.maximum(-ray[2], np.float32(1e-3))
    cos, sin = np.cos(scene.heading)[one, None, None], np.sin(scene.heading)[one, None, None]
    lean = scene.toward[:, :2] / scene.toward[:, 2:] * scene.half[:, 2:] * 0.6  # the shadow lies away from the sun
    middle = (scene.place - lean)[one] - pinholes.eye[:, :2]
    east, north = far * ray[0] - middle[:, 0, None, None], far * ray[1] - middle[:, 1, None, None]
    longer = (scene.half[:, :2] + 0.25 * scene.half[:, 2:])[one]
    along = (east * cos + north * sin) / longer[:, 0, None, None]
    aside = (north * cos - east * sin) / longer[:, 1, None, None]
    shadow = np.clip(1.6 - along * along - aside * aside, 0, 1) * scene.shadow[one, None, None]
    ground_light = (scene.ambient + scene.sun[:, 2])[one]
    cell = side // TEXTURE
    coarse = texture.astype(np.float32).repeat(cell, axis=1).repeat(cell, axis=2) / 255 - 0.5
    rough = 1 + coarse * draw.uniform(0.0, 0.6)[:, None, None]
    ground = (1 - shadow) * rough * ground_light[:, None, None]
    edge = draw.uniform(-1, 1)[:, None] < grid  # two facades meet somewhere in the window
    roof = np.where(edge, draw.uniform(0, 0.35)[:, None], draw.uniform(0, 0.35)[:, None])[:, None, :]
    facade = [draw.colour(0.2, 0.7), draw.colour(0.2, 0.7)]
    above, sky = ray[2] > 0, ray[2] > roof
    picture = np.empty((n, 3, side, side), np.float32)
    for c in range(3):
        wall = np.where(edge, facade[0][:, c, None], facade[1][:, c, None])[:, None, :] * rough
        picture[:, c] = np.where(
            sky,
            scene.sky[one, c, None, None],
            np.where(above, wall, ground * scene.ground[one, c, None, None]),
        )
    for _ in range(2):
        size = draw.uniform(0.05, 0.4)
        _panel(
            picture, draw.uniform(-1, 1), draw.uniform(-1, 1), size, draw.uniform(0.1, 0.6), draw.colour(0.2, 0.7), grid
        )
    return picture


def _panel(picture: Floats, x: Floats, y: Floats, width: Floats, height: Floats, colour: Floats, grid: Floats) -> None:
    """Paints an upright rectangle (centre and half sizes in −1..1 of the window) over each picture."""
    inside = (np.abs(grid - x[:, None]) < width[:, None])[:, None, :] & (np.abs(grid - y[:, None]) < height[:, None])[
        :, :, None
    ]
    np.copyto(picture, colour[:, :, None, None], where=inside[:, None])


def _occlude(picture: Floats, draw: Draws, probability: Floats, grid: Floats) -> None:
    """Something near the camera hides a side, a strip or the lower part of the window."""
    present = draw.uniform() < probability
    form, side, share = draw.uniform(), np.where(draw.chance(0.5), 1, -1), draw.uniform(0.25, 0.9)
    strip, low = form < 0.3, form > 0.7
    x = np.where(strip, draw.uniform(-0.5, 0.5), np.where(low, 0, side * (2 - 2 * share + 0.0))).astype(np.float32)
    width = np.where(strip, 0.1 + 0.35 * share, np.where(low, 2, 1)).astype(np.float32)
    y = np.where(low, 2 - 1.4 * share, 0).astype(np.float32)
    height = np.where(low, 1, 2).astype(np.float32)
    width = np.where(present, width, -1).astype(np.float32)
    _panel(picture, x, y, width, height, draw.colour(0.08, 0.45), grid)


def _soften(picture: Floats, sigma: Floats) -> None:
    """Gaussian blur of each picture `[n, 3, side, side]` in place; `sigma` `[n]` in pixels, cut at `_REACH`."""
    side = picture.shape[-1]
    reach = _REACH * side // SIDE
    steps = np.arange(reach + 1, dtype=np.float32)
    weight = np.exp(-0.5 * (steps / np.maximum(sigma, 0.1)[:, None]) ** 2)
    weight /= weight[:, :1] + 2 * weight[:, 1:].sum(axis=1, keepdims=True)
    weight = weight.astype(np.float32)[:, :, None, None, None]
    for axis in (2, 3):
        margin = [(0, 0)] * 4
        margin[axis] = (reach, reach)
        padded = np.pad(picture, margin, mode="edge")
        padded = padded.swapaxes(2, axis)
        total = padded[:, :, reach : reach + side] * weight[:, 0]
        for k in range(1, reach + 1):
            pair = padded[:, :, reach - k : reach - k + side] + padded[:, :, reach + k : reach + k + side]
            total += pair * weight[:, k]
        picture[...] = total.swapaxes(2, axis)
