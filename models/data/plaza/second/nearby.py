"""What hangs or stands right before a camera: a post, the corner of a house, a parapet or a hedge, a branch.

Each is drawn on the window for its view alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.second import textures
from simnet.models.data.plaza.shapes import Draws, Floats

NEARBY_DRAWS = 16
"""Uniform numbers for a view."""

POST, CORNER, PARAPET, HEDGE, BRANCH = range(5)


def hide(picture: Floats, there: NDArray[np.bool_], light: Floats, draw: Draws) -> None:
    """Paint over pictures `[n, 3, side, side]` where `there` `[n]`; `light` `[n, 3]` falls on it."""
    form = (draw.uniform() * 5).astype(np.int64)
    left, share, place = draw.chance(0.5), draw.uniform(0.25, 0.9), draw.uniform(-0.55, 0.55)
    colour, u, v, lean = draw.colour(0.12, 0.6), draw.uniform(0, 64), draw.uniform(0, 64), draw.uniform(-0.25, 0.25)
    colour = (colour + colour.mean(axis=1, keepdims=True)) / 2  # walls and posts are paler than cars
    green = np.stack([draw.uniform(0.08, 0.24), draw.uniform(0.2, 0.4), draw.uniform(0.04, 0.12)], axis=1)
    rows = np.flatnonzero(there)
    if not len(rows):
        return
    side = picture.shape[-1]
    grid = (np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / side) - 1
    form, share, place, lean = form[rows], share[rows, None, None], place[rows, None, None], lean[rows, None, None]
    x, y = grid[None, None, :], grid[None, :, None]
    plants = (form == HEDGE) | (form == BRANCH)
    tile = np.array([textures.BARK, textures.BRICK, textures.PLASTER, textures.LEAVES, textures.LEAVES])[form]
    scale = np.array([24, 28, 20, 20, 16], np.float32)[form][:, None, None]
    level = textures.level_of(np.broadcast_to(scale * np.float32(2 / side), (len(rows), 1, 1)).astype(np.float32))
    grain = textures.surfaces().look(
        tile[:, None, None], level, x * scale + u[rows, None, None], -y * scale + v[rows, None, None]
    )
    # How deep a pixel lies within, in units of half the window; edges are as soft as a pixel is wide.
    side_ = np.where(left[rows], 1, -1).astype(np.float32)[:, None, None]
    wave = textures.surfaces().look(
        textures.STAINS, level, x * 14 + y * 10 + u[rows, None, None], y * 14 + v[rows, None, None]
    )
    at = x - place - lean * y
    wide = 0.1 + 0.3 * share
    post = wide - np.abs(at)
    corner = 2 * share - 1 + (-1 - x * side_) + 0.0 + 0.35 * lean * y + 0.55
    parapet = y - (1 - 1.4 * share) - lean * x
    hedge = parapet + 0.07 * wave
    branch = 0.75 * share + 0.1 - (1 + y + 0.8 * np.abs(x - side_)) * 0.5 + 0.16 * wave
    deep = np.choose(form[:, None, None], [post, corner, parapet, hedge, branch])
    cover = np.clip(deep * np.float32(side / 2) + np.float32(0.5), 0, 1)
    round_ = np.where((form == POST)[:, None, None], 0.55 + 0.5 * np.sqrt(np.clip(1 - (at / wide) ** 2, 0, 1)), 1)
    paint = np.where(plants[:, None], green[rows], colour[rows]) * light[rows]
    for c in range(3):
        layer = paint[:, c, None, None] * grain * round_
        picture[rows, c] += cover * (layer - picture[rows, c])
