"""The spans of a run as columns, built once for all that is counted over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.results.steps import Step

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Steps:
    """One entry of each array for each span, in the order of their recording; times in s.

    Attributes:
        sample: Number of its sample; −1 for heartbeats.
        place: Number of its place in `places`.
        places: Names of all places at which something happened.
        queued: When it was ready.
        started: When it began to be served.
        ended: When it was done, or had arrived.
        size: Bytes that were put on the link; FLOP where it was computed.
        status: Number of its status in `statuses`.
        statuses: All that occur.
        joined: Whether it ran in one batch with the span before it.
    """

    sample: Numbers
    place: Numbers
    places: tuple[str, ...]
    queued: Floats
    started: Floats
    ended: Floats
    size: Numbers
    status: Numbers
    statuses: tuple[str, ...]
    joined: Mask

    @classmethod
    def of(cls, spans: Sequence[Step], joined: Iterable[int] = ()) -> Steps:
        """Columns of `spans`; `joined` has the places of those that ran in one batch with the span before them."""
        place, places = _numbered(spans, 1)
        status, statuses = _numbered(spans, 7)
        together = np.zeros(len(spans), bool)
        together[list(joined)] = True
        return cls(
            sample=_column(spans, 0, np.int64),
            place=place,
            places=places,
            queued=_column(spans, 3, np.float64),
            started=_column(spans, 4, np.float64),
            ended=_column(spans, 5, np.float64),
            size=_column(spans, 6, np.int64),
            status=status,
            statuses=statuses,
            joined=together,
        )

    def __len__(self) -> int:
        return len(self.sample)

    def is_(self, status: str) -> Mask:
        """Those that ended so."""
        number = self.statuses.index(status) if status in self.statuses else -1
        return np.asarray(self.status == number)

    def at(self) -> dict[str, Numbers]:
        """By name of each place its spans' numbers, ascending."""
        order = np.argsort(self.place, kind="stable")
        ends = np.cumsum(np.bincount(self.place, minlength=len(self.places)))[:-1]
        return dict(zip(self.places, np.split(order, ends), strict=True)) if self.places else {}


def _column(spans: Sequence[Step], field: int, kind: type[Any]) -> NDArray[Any]:
    return np.fromiter(map(itemgetter(field), spans), kind, len(spans))


def _numbered(spans: Sequence[Step], field: int) -> tuple[Numbers, tuple[str, ...]]:
    """Numbers in place of words, and the words in the order in which they first occur."""
    numbers = {word: number for number, word in enumerate(dict.fromkeys(map(itemgetter(field), spans)))}
    found = np.fromiter(map(numbers.__getitem__, map(itemgetter(field), spans)), np.int64, len(spans))
    return found, tuple(numbers)
