"""The random numbers behind samples of `plaza`: a camera has the same ones whatever other cameras there are.

The first `TOGETHER` cameras share a sample's stream, whether there are so many or fewer; every further camera has a
stream of its own, derived from it. What depends on the side, the speckle, comes last in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.shapes import OBJECT_DRAWS, Floats

SCENE_DRAWS = 16
"""Uniform numbers for the place of the object and the light."""

VIEW_DRAWS = 48
"""Uniform numbers for one view."""

TEXTURE = 16
"""Cells per side of the coarse texture of a view's background."""

TOGETHER = 6


@dataclass(frozen=True)
class Amounts:
    """How many uniform numbers a sample has, its object's first, and each of its views, and a view's cells a side."""

    common: int = OBJECT_DRAWS + SCENE_DRAWS
    of_view: int = VIEW_DRAWS
    texture: int = TEXTURE


@dataclass(frozen=True)
class Numbers:
    """Of b samples that n cameras see, for `Amounts` (c, v, t).

    `common` `[b, c]` and `of_view` `[b·n, v]` uniform in 0..1; bytes: `texture` `[b·n, t, t]`, and `speckle`
    `[b·n, 2, 3, side, side]`, two for each pixel and colour.
    """

    common: Floats
    of_view: Floats
    texture: NDArray[np.uint8]
    speckle: NDArray[np.uint8]

    @staticmethod
    def drawn(
        streams: Sequence[np.random.SeedSequence], views: int, side: int, amounts: Amounts = Amounts()
    ) -> Numbers:
        """Those of samples with these streams."""
        b, common, of_view, cells = len(streams), amounts.common, amounts.of_view, amounts.texture
        made = Numbers(
            np.empty((b, common), np.float32),
            np.empty((b, views, of_view), np.float32),
            np.empty((b, views, cells, cells), np.uint8),
            np.empty((b, views, 2, 3, side, side), np.uint8),
        )
        for row, stream in enumerate(streams):
            random = np.random.Generator(np.random.Philox(stream))
            table = random.random(common + TOGETHER * of_view)
            made.common[row] = table[:common]
            textures = _bytes(random, (TOGETHER, cells, cells))
            first = min(views, TOGETHER)
            made.of_view[row, :first] = table[common:].reshape(TOGETHER, of_view)[:first]
            made.texture[row, :first] = textures[:first]
            made.speckle[row, :first] = _bytes(random, (first, 2, 3, side, side))
            for view in range(TOGETHER, views):
                own = np.random.SeedSequence(stream.entropy, spawn_key=(view,))
                random = np.random.Generator(np.random.Philox(own))
                made.of_view[row, view] = random.random(of_view)
                made.texture[row, view] = _bytes(random, (cells, cells))
                made.speckle[row, view] = _bytes(random, (2, 3, side, side))
        n = b * views
        return Numbers(
            made.common,
            made.of_view.reshape(n, of_view),
            made.texture.reshape(n, cells, cells),
            made.speckle.reshape(n, 2, 3, side, side),
        )


def _bytes(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.frombuffer(random.bytes(int(np.prod(shape))), np.uint8).reshape(shape)
