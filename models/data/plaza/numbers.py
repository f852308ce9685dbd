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
class Numbers:
    """Of b samples that n cameras see.

    `common` `[b, OBJECT_DRAWS + SCENE_DRAWS]` and `of_view` `[b·n, VIEW_DRAWS]` uniform in 0..1; bytes: `texture`
    `[b·n, TEXTURE, TEXTURE]`, and `speckle` `[b·n, 2, 3, side, side]`, two for each pixel and colour.
    """

    common: Floats
    of_view: Floats
    texture: NDArray[np.uint8]
    speckle: NDArray[np.uint8]

    @staticmethod
    def drawn(streams: Sequence[np.random.SeedSequence], views: int, side: int) -> Numbers:
        """Those of samples with these streams."""
        b, common = len(streams), OBJECT_DRAWS + SCENE_DRAWS
        made = Numbers(
            np.empty((b, common), np.float32),
            np.empty((b, views, VIEW_DRAWS), np.float32),
            np.empty((b, views, TEXTURE, TEXTURE), np.uint8),
            np.empty((b, views, 2, 3, side, side), np.uint8),
        )
        for row, stream in enumerate(streams):
            random = np.random.Generator(np.random.Philox(stream))
            table = random.random(common + TOGETHER * VIEW_DRAWS)
            made.common[row] = table[:common]
            textures = _bytes(random, (TOGETHER, TEXTURE, TEXTURE))
            first = min(views, TOGETHER)
            made.of_view[row, :first] = table[common:].reshape(TOGETHER, VIEW_DRAWS)[:first]
            made.texture[row, :first] = textures[:first]
            made.speckle[row, :first] = _bytes(random, (first, 2, 3, side, side))
            for view in range(TOGETHER, views):
                own = np.random.SeedSequence(stream.entropy, spawn_key=(view,))
                random = np.random.Generator(np.random.Philox(own))
                made.of_view[row, view] = random.random(VIEW_DRAWS)
                made.texture[row, view] = _bytes(random, (TEXTURE, TEXTURE))
                made.speckle[row, view] = _bytes(random, (2, 3, side, side))
        n = b * views
        return Numbers(
            made.common,
            made.of_view.reshape(n, VIEW_DRAWS),
            made.texture.reshape(n, TEXTURE, TEXTURE),
            made.speckle.reshape(n, 2, 3, side, side),
        )


def _bytes(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.frombuffer(random.bytes(int(np.prod(shape))), np.uint8).reshape(shape)
