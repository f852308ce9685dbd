"""The steps of each place, however many there are in all."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from simnet.network.spans import HELD
from simnet.network.spool import Spool
from simnet.results.kept.recorded import Recorded
from simnet.results.steps import Numbers, Steps


class AtPlaces:
    """What is asked place by place, in the order of `names`: many steps are sorted into groups of places first.

    The groups wait in a temporary file; one of them, `HELD` steps or those of one place, is in memory at a time.
    """

    def __init__(self, recorded: Recorded, names: Iterable[str]) -> None:
        self._group: dict[str, int] | None = None
        """Of each place with steps the number of its group; None: all are in memory."""
        self._pieces: list[list[int]] = []
        self._spool, self._loaded = Spool(), -1
        if recorded.single:
            self._steps = recorded.whole
            self._at = self._steps.at()
        else:
            self._sort(recorded, names)

    def get(self, name: str) -> Steps | None:
        """Those of a place, in order; None where nothing happened."""
        if self._group is not None:
            if (group := self._group.get(name)) is None:
                return None
            if group != self._loaded:
                self._load(group)
        those = self._at.get(name)
        if those is None or not len(those):
            return None
        return self._steps if len(those) == len(self._steps) else self._steps.with_arrays(self._steps.arrays(those))

    def _sort(self, recorded: Recorded, names: Iterable[str]) -> None:
        counts: Numbers = np.zeros(0, np.int64)
        places: tuple[str, ...] = ()
        for part in recorded.parts():
            places = part.places
            here = np.bincount(part.place, minlength=len(places))
            counts = here if not len(counts) else counts + here
        self._group = {}
        number, held, last = {name: n for n, name in enumerate(places)}, HELD, -1
        group_of = np.full(len(places), -1)
        for name in names:
            if (place := number.get(name)) is not None and group_of[place] < 0:
                if held + counts[place] > HELD:
                    last, held = last + 1, 0
                held += counts[place]
                group_of[place] = self._group[name] = last
        self._pieces = [[] for _ in range(last + 1)]
        for part in recorded.parts():
            self._kind = part
            group = group_of[part.place]
            order = np.argsort(group, kind="stable")
            ends = np.cumsum(np.bincount(group + 1, minlength=last + 2))
            for one, (begin, end) in enumerate(pairwise(ends.tolist())):
                if begin < end:
                    self._pieces[one].append(self._spool.put(part.arrays(order[begin:end])))

    def _load(self, group: int) -> None:
        self._loaded = group
        self._steps, self._at = self._kind, {}  # the former go before the next come
        count, end = sum(self._spool.length(piece) for piece in self._pieces[group]), 0
        arrays = [np.empty(count, array.dtype) for array in self._kind.arrays(slice(0))]
        for piece in self._pieces[group]:
            begin = end
            end += self._spool.length(piece)
            for array, some in zip(arrays, self._spool.get(piece), strict=True):
                array[begin:end] = some
        self._steps = self._kind.with_arrays(arrays)
        self._at = self._steps.at()
