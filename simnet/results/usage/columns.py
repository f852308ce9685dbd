"""The spans of a run as columns, built once for all that is counted over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
        size: Bytes that were put on the link; 0 where it was computed.
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
        samples, names, _, queued, started, ended, sizes, how = zip(*spans, strict=True) if spans else ((),) * 8
        place, places = _numbered(names)
        status, statuses = _numbered(how)
        together = np.zeros(len(spans), bool)
        together[list(joined)] = True
        return cls(
            sample=np.array(samples, np.int64),
            place=place,
            places=places,
            queued=np.array(queued, float),
            started=np.array(started, float),
            ended=np.array(ended, float),
            size=np.array(sizes, np.int64),
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


def _numbered(words: Sequence[str]) -> tuple[Numbers, tuple[str, ...]]:
    """Numbers in place of words, and the words in the order in which they first occur."""
    numbers: dict[str, int] = {}
    found = np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int64)
    return found, tuple(numbers)
