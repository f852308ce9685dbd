"""`plaza2`: the objects and cameras of `plaza` in a place with houses, a road, weather, dusk and others like them."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.numbers import Numbers
from simnet.models.data.plaza.plaza import Plaza
from simnet.models.data.plaza.second.render import AMOUNTS, render

VERSION = 1
"""Raise whenever a pixel or a label may change: cached blocks and checksums follow it."""


class Plaza2(Plaza):
    """The second edition of `plaza`: options, splits, labels, streams and cache as there, other pixels."""

    name = "plaza2"
    edition: ClassVar[dict[str, int]] = {"edition": 2, "version": VERSION}

    def _pictures(self, labels: NDArray[np.int64], streams: list[np.random.SeedSequence]) -> NDArray[np.uint8]:
        return render(labels, Numbers.drawn(streams, self.views, self.view_shape[1], AMOUNTS), self._cameras)
