"""`plaza2`: the objects and cameras of `plaza` in a place with houses, a road, weather, dusk and others like them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.plaza.numbers import Numbers
from simnet.models.data.plaza.plaza import SIDES, Plaza, save, sheet
from simnet.models.data.plaza.second.render import AMOUNTS, render

VERSION = 1
"""Raise whenever a pixel or a label may change: cached blocks and checksums follow it."""


class Plaza2(Plaza):
    """The second edition of `plaza`: options, splits, labels, streams and cache as there, other pixels."""

    name = "plaza2"
    edition: ClassVar[dict[str, int]] = {"edition": 2, "version": VERSION}

    def _pictures(self, labels: NDArray[np.int64], streams: list[np.random.SeedSequence]) -> NDArray[np.uint8]:
        return render(labels, Numbers.drawn(streams, self.views, self.view_shape[1], AMOUNTS), self._cameras)


class Empty(Plaza2):
    """`plaza2` without its objects and their shadows: what its views tell of the label by themselves. No kind."""

    edition: ClassVar[dict[str, int]] = {**Plaza2.edition, "empty": 1}

    def _pictures(self, labels: NDArray[np.int64], streams: list[np.random.SeedSequence]) -> NDArray[np.uint8]:
        numbers = Numbers.drawn(streams, self.views, self.view_shape[1], AMOUNTS)
        return render(labels, numbers, self._cameras, empty=True)


_COLOURS = 256  # of pictures for the docs: a third of the bytes


def sides(path: Path, samples: int = 5) -> None:
    """Writes one sample per row (PNG): what the two nearest cameras see, with 32, 64 and 96 pixels a side, as large."""
    seen = np.asarray(Plaza2("test", 20).pixels(range(20))[:, :2].any(axis=(2, 3, 4)))
    rows = np.flatnonzero(seen.sum(axis=1) == 2)[:samples]
    columns = []
    for camera in range(2):
        for side in SIDES:
            views = Plaza2("test", 20, side=side).pixels(rows)[:, camera]
            columns.append(views.repeat(192 // side, axis=2).repeat(192 // side, axis=3))
    save(path, np.concatenate(list(np.concatenate(columns, axis=3)), axis=1), palette=_COLOURS)


def main() -> None:
    """`python -m models.data.plaza.second.plaza2 --sheet FILE --sides FILE`."""
    parser = argparse.ArgumentParser(description="Look at the data set plaza2.")
    parser.add_argument("--sheet", type=Path, help="PNG file for a contact sheet, 64 pixels a side")
    parser.add_argument("--sides", type=Path, help="PNG file for the same scenes with 32, 64 and 96 pixels a side")
    chosen = parser.parse_args()
    if chosen.sheet is not None:
        sheet(chosen.sheet, Plaza2("test", 400, side=64), 1, _COLOURS)
    if chosen.sides is not None:
        sides(chosen.sides)


if __name__ == "__main__":
    main()
