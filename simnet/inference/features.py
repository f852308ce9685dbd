"""Features that are held for deeper segments, in the blocks in which they were made."""

from __future__ import annotations

from collections import deque

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simnet.models.graph import Part

Kept = tuple[Part, int, bool]
"""Features of a part for a key of what arrived; whether as they arrive over a coded arc."""

_STRIDE = 2**32


class Features:
    """Blocks of features, at most `room` bytes of them: beyond it the oldest block goes.

    What is known of rows is of those that are held, so that nothing here grows with the number of samples.
    """

    def __init__(self, room: int) -> None:
        self._room, self._held, self._made = room, 0, 0
        self._blocks: dict[int, Tensor] = {}
        self._places: dict[Kept, dict[int, int]] = {}
        """For each row that is held the number of its block and its place there, as one number."""
        self._order: deque[tuple[int, Kept, list[int]]] = deque()

    @property
    def held(self) -> int:
        """Bytes of features."""
        return self._held

    @property
    def rows(self) -> int:
        """Rows of which something is known, over all that is kept."""
        return sum(map(len, self._places.values()))

    def has(self, kept: Kept, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `rows` are held."""
        places = self._places.get(kept, {})
        return np.fromiter((row in places for row in rows.tolist()), bool, len(rows))

    def get(self, kept: Kept, rows: NDArray[np.int64]) -> Tensor:
        """Features of `rows`, all of which are held."""
        places = self._places[kept]
        numbers, within = np.divmod(np.fromiter((places[row] for row in rows.tolist()), np.int64, len(rows)), _STRIDE)
        first = self._blocks[int(numbers[0])]
        if (numbers == numbers[0]).all():
            alone: Tensor = first.index_select(0, torch.from_numpy(within).to(first.device))
            return alone
        whole: Tensor = first.new_empty((len(rows), *first.shape[1:]))
        for number in np.unique(numbers).tolist():
            here = np.flatnonzero(numbers == number)
            whole[torch.from_numpy(here)] = self._blocks[number][torch.from_numpy(within[here])]
        return whole

    def put(self, kept: Kept, rows: NDArray[np.int64], features: Tensor) -> None:
        """Hold a block of features."""
        size = features.numel() * features.element_size()
        while self._order and self._held + size > self._room:
            self._forget()
        number, self._made = self._made, self._made + 1
        listed: list[int] = rows.tolist()
        self._places.setdefault(kept, {}).update({row: number * _STRIDE + at for at, row in enumerate(listed)})
        self._order.append((number, kept, listed))
        # whatever the layout: the same bits
        self._blocks[number] = features.clone(memory_format=torch.contiguous_format)
        self._held += size

    def _forget(self) -> None:
        """Let go of the oldest block."""
        number, kept, rows = self._order.popleft()
        block = self._blocks.pop(number)
        self._held -= block.numel() * block.element_size()
        places = self._places[kept]
        for row in rows:
            if places.get(row, -1) // _STRIDE == number:  # else a later block holds it
                del places[row]
        if not places:
            del self._places[kept]
