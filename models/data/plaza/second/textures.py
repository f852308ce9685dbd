"""Tiles of texture that repeat, with their means over ever larger texels, so that no distance makes them flicker.

Mip maps (Williams 1983). All tiles are made from one fixed seed when first needed; what they look like is our choice.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.shapes import Floats

Ints = NDArray[np.int32]

TEXELS = 64
"""A side of a tile, finest."""

LEVELS = 7
"""64, 32, 16, 8, 4, 2 and 1 texels a side."""

_ROW = np.arange(TEXELS)[:, None]
_COLUMN = np.arange(TEXELS)[None, :]


class Atlas:
    """Tiles `[tiles, TEXELS, TEXELS]` and their means."""

    def __init__(self, tiles: Floats) -> None:
        parts: list[Floats] = []
        offsets: list[int] = []
        level: Floats = tiles.astype(np.float32)
        for _ in range(LEVELS):
            offsets.append(sum(part.size for part in parts))
            parts.append(level)
            n, side, _side = level.shape
            if side > 1:
                level = level.reshape(n, side // 2, 2, side // 2, 2).mean(axis=(2, 4), dtype=np.float32)
        self._texels = np.concatenate([part.ravel() for part in parts])
        self._offset = np.array(offsets, np.int32)

    def look(self, tile: int | Ints, level: Ints, x: Floats, y: Floats) -> Floats:
        """Texels at places `x`, `y` in texels of the finest level; `level` 0 to LEVELS − 1. All broadcast."""
        mask = np.int32(TEXELS - 1)
        column = (np.floor(x).astype(np.int32) & mask) >> level
        row = (np.floor(y).astype(np.int32) & mask) >> level
        width = np.int32(6) - level  # log2 of the texels a side there
        index = (row << width) + column
        index += self._offset[level]
        index += np.asarray(tile, np.int32) << (2 * width)
        found: Floats = self._texels[index]
        return found


def level_of(texels: Floats) -> Ints:
    """The level whose texels are about as large as a pixel that covers so many of the finest along a side."""
    bits = np.maximum(texels * np.float32(1.414), np.float32(1)).view(np.int32)  # rounded to the nearest power of two
    level: Ints = np.minimum((bits >> 23) - 127, LEVELS - 1)
    return level


def _noise(random: np.random.Generator, steep: float, narrow: float = 1.0) -> Floats:
    """Noise that repeats, of mean 0 and deviation 1; `steep`: how fast finer parts fade; `narrow`: squeezed in x."""
    fy, fx = np.fft.fftfreq(TEXELS)[:, None], np.fft.fftfreq(TEXELS)[None, :] / narrow
    size = np.sqrt(fx**2 + fy**2) * TEXELS
    wave = np.fft.fft2(random.standard_normal((TEXELS, TEXELS))) / np.maximum(size, 1) ** steep
    wave[0, 0] = 0
    field = np.fft.ifft2(wave).real
    made: Floats = field / field.std()
    return made


def _asphalt(random: np.random.Generator) -> Floats:
    return 1 + 0.1 * _noise(random, 0.2) + 0.06 * _noise(random, 1.5)


def _laid(random: np.random.Generator, wide: int, high: int, joint: float, tone: float, stagger: int) -> Floats:
    """Stones of `wide` × `high` texels with joints a texel wide, courses shifted by `stagger` texels."""
    course = _ROW // high
    along = (_COLUMN + course * stagger) % TEXELS
    tones = random.standard_normal((TEXELS // high, TEXELS // wide))
    stone = tones[np.broadcast_to(course, (TEXELS, TEXELS)), along // wide]
    edge = (along % wide == 0) | (_ROW % high == 0)
    laid: Floats = (1 + tone * stone + 0.05 * _noise(random, 0.5)) * np.where(edge, joint, 1.0)
    return laid


def _slabs(random: np.random.Generator) -> Floats:
    return _laid(random, 16, 16, 0.6, 0.09, 0)


def _setts(random: np.random.Generator) -> Floats:
    return _laid(random, 4, 4, 0.62, 0.16, 2)


def _brick(random: np.random.Generator) -> Floats:
    return _laid(random, 8, 4, 1.25, 0.12, 4)


def _grass(random: np.random.Generator) -> Floats:
    return 1 + 0.2 * _noise(random, 0.1) + 0.14 * _noise(random, 1.0)


def _plaster(random: np.random.Generator) -> Floats:
    return 1 + 0.03 * _noise(random, 0.2) + 0.05 * _noise(random, 1.2)


def _stains(random: np.random.Generator) -> Floats:
    return _noise(random, 1.3)


def _clouds(random: np.random.Generator) -> Floats:
    return _noise(random, 1.8, 0.6)


def _leaves(random: np.random.Generator) -> Floats:
    leaves: Floats = np.clip(1 + 0.5 * _noise(random, 0.7), 0.25, 2.0)
    return leaves


def _bark(random: np.random.Generator) -> Floats:
    bark: Floats = np.clip(1 + 0.28 * _noise(random, 0.6, 5.0), 0.3, 1.7)
    return bark


ASPHALT, SLABS, SETTS, GRASS, BRICK, PLASTER, STAINS, CLOUDS, LEAVES, BARK = range(10)
"""Tiles of `surfaces`: factors around 1; `STAINS` and `CLOUDS`: of mean 0 and deviation 1."""

_SURFACES: tuple[Callable[[np.random.Generator], Floats], ...] = (
    _asphalt, _slabs, _setts, _grass, _brick, _plaster, _stains, _clouds, _leaves, _bark,
)  # fmt: skip


@cache
def surfaces() -> Atlas:
    """All tiles of surfaces."""
    random = np.random.Generator(np.random.Philox(1))
    return Atlas(np.stack([make(random) for make in _SURFACES]))


STYLES = 5
"""Kinds of storey; beside each its ground floor."""


def _bay(boxes: list[tuple[int, int, int, int]], frame: int) -> tuple[Floats, Floats]:
    """One bay of a storey from panes (left, right, bottom, top) in texels: light of the wall, and share of glass."""
    wall, glass = np.ones((TEXELS, TEXELS)), np.zeros((TEXELS, TEXELS))
    for left, right, bottom, top in boxes:
        wall[bottom - frame - 2 : bottom - frame, left - frame : right + frame] = 0.7  # below the sill lies its shadow
        wall[bottom - frame : top + frame, left - frame : right + frame] = 1.35
        wall[bottom:top, left:right] = 1.0
        glass[bottom:top, left:right] = 1.0
        middle = (left + right) // 2
        glass[bottom:top, middle - 1 : middle + 1] = 0.0
        wall[bottom:top, middle - 1 : middle + 1] = 1.3
    return wall, glass


def _storeys() -> list[tuple[Floats, Floats]]:
    window, ledge = _bay([(20, 44, 18, 52)], 2), 3
    pair = _bay([(8, 26, 16, 50), (38, 56, 16, 50)], 2)
    wide = _bay([(6, 58, 20, 50)], 1)
    tall = _bay([(22, 42, 6, 56)], 3)
    band = _bay([(1, 63, 22, 56)], 0)
    shop, door = _bay([(4, 60, 6, 46)], 2), _bay([(10, 30, 1, 44), (40, 56, 20, 44)], 2)
    shop[0][50:60] = 0.55  # a fascia over the panes
    gate = _bay([(14, 50, 1, 50)], 3)
    for upper in (window, tall):
        upper[0][:ledge] *= 1.2
    for shutters in ((pair, (4, 8)), (pair, (56, 60)), (pair, (26, 30)), (pair, (34, 38))):
        shutters[0][0][16:50, slice(*shutters[1])] = 0.5
    return [window, pair, wide, tall, band, door, gate, shop, shop, shop]


@cache
def storeys() -> Atlas:
    """Bays of storeys: the light of the walls, of STYLES storeys and then of STYLES ground floors; and their glass."""
    random = np.random.Generator(np.random.Philox(2))
    made = _storeys()
    stone = [_laid(random, 16, 8, 0.85, 0.06, 8), *(_plaster(random) for _ in range(2)), _brick(random)]
    walls = [light * stone[number % len(stone)] for number, (light, _) in enumerate(made)]
    return Atlas(np.stack([*walls, *(glass for _, glass in made)]))
