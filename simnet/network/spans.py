"""What happened on a network: spans as they were recorded, the older ones in columns, and of many in a file.

A tuple with its numbers takes some 350 bytes, a row of columns 45; and what is counted over all of them is counted over
columns. From `HELD` rows on these go to a temporary file, so that a run's memory does not grow with its spans. Nothing
is lost by it: what is asked for as a span is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from simnet.network.addressed import Addressed, addressed
from simnet.network.line import Span
from simnet.network.numbered import Names
from simnet.network.spool import Spool
from simnet.times import whole_numbers

FOLDED = 1 << 15
"""Spans from which on `fold` does something: to fold few costs more for each."""
HELD = 1 << 17
"""Rows of columns in memory, and at least as many in each part but the last that `chunks` gives."""


@dataclass(frozen=True, eq=False)
class Columns:
    """One entry of each array for each span. Places, kinds, statuses and ends are numbers of names.

    Times are in picoseconds: int64, or Python's own numbers (`object`) where they are larger. `ends`: of the message of
    a transfer that takes several links the number of its own; else −1.
    """

    sample: NDArray[np.int64]
    place: NDArray[np.int32]
    kind: NDArray[np.int8]
    queued: NDArray[Any]
    started: NDArray[Any]
    ended: NDArray[Any]
    size: NDArray[np.int64]
    status: NDArray[np.int8]
    ends: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.sample)

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """All of them, in order."""
        return [getattr(self, name) for name in Columns.__dataclass_fields__]

    def some(self, those: slice) -> Columns:
        """Some of the rows."""
        return Columns(*(array[those] for array in self.arrays))

    @staticmethod
    def joined(parts: Sequence[Columns]) -> Columns:
        """The rows of several, at least one."""
        if len(parts) == 1:
            return parts[0]
        return Columns(*(np.concatenate(arrays) for arrays in zip(*(part.arrays for part in parts), strict=True)))


class Spans(Sequence[Span]):
    """All spans of a network in the order of their recording; `append` takes the next one."""

    append: Callable[[Span], None]

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._recent = list(spans)
        self.append = self._recent.append  # no method of ours: it is called for every hop
        self._stored: list[Columns | int] = []
        """The oldest, `HELD` and some more in each: numbers of groups in the file, or what cannot be kept there."""
        self._spool = Spool()
        self._parts: list[Columns] = []
        self._held = self._folded = 0
        self.places, self.kinds, self.statuses, self.ends = Names(), Names(), Names(), Names()

    def __len__(self) -> int:
        return self._folded + len(self._recent)

    def __iter__(self) -> Iterator[Span]:
        for part in (*self._stored, *self._parts):
            yield from self._again(part if isinstance(part, Columns) else Columns(*self._spool.get(part)))
        yield from self._recent

    @overload
    def __getitem__(self, number: int) -> Span: ...
    @overload
    def __getitem__(self, number: slice) -> list[Span]: ...
    def __getitem__(self, number: int | slice) -> Span | list[Span]:
        return (list(self) if self._folded else self._recent)[number]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def since(self, number: int) -> list[Span]:
        """Those from a number on."""
        if number >= self._folded:
            return self._recent[number - self._folded :]
        return list(islice(self, number, None))

    def fold(self, least: int = FOLDED) -> None:
        """Turn the recent ones into columns, if there are at least so many."""
        if len(self._recent) >= max(least, 1):
            self._parts.append(self._columns(self._recent))
            self._folded += len(self._recent)
            self._held += len(self._recent)
            self._recent.clear()
            if self._held >= HELD:
                self._store(Columns.joined(self._parts))
                self._parts, self._held = [], 0

    def _store(self, part: Columns) -> None:
        numbers = all(array.dtype != object for array in part.arrays)  # Python's own stay where they are
        self._stored.append(self._spool.put(part.arrays) if numbers else part)

    def chunks(self) -> Iterator[Columns]:
        """All of them, a part at a time; names have their numbers before the first is given."""
        self.fold(least=1)
        if self._parts:
            self._parts = [Columns.joined(self._parts)]
        for part in (*self._stored, *self._parts):
            yield part if isinstance(part, Columns) else Columns(*self._spool.get(part))

    @property
    def whole(self) -> bool:
        """Whether all of them are in memory, as one part."""
        return not self._stored

    def columns(self) -> Columns:
        """All of them, as one part."""
        return Columns.joined([*self.chunks()] or [self._columns([])])

    def _columns(self, spans: Sequence[Span]) -> Columns:
        n = len(spans)
        sample, place, kind, queued, started, ended, size, status = zip(*spans, strict=True) if n else ((),) * 8
        ends = np.full(n, -1, np.int32)
        if Addressed in set(map(type, sample)):
            for number, one in enumerate(sample):
                if type(one) is Addressed:
                    ends[number] = self.ends[one.ends]
        return Columns(
            sample=np.fromiter(sample, np.int64, n),
            place=np.fromiter(map(self.places.__getitem__, place), np.int32, n),
            kind=np.fromiter(map(self.kinds.__getitem__, kind), np.int8, n),
            queued=whole_numbers(queued),
            started=whole_numbers(started),
            ended=whole_numbers(ended),
            size=np.fromiter(size, np.int64, n),
            status=np.fromiter(map(self.statuses.__getitem__, status), np.int8, n),
            ends=ends,
        )

    def _again(self, part: Columns) -> Iterator[Span]:
        places, kinds, statuses, ends = map(list, (self.places, self.kinds, self.statuses, self.ends))
        for sample, place, kind, queued, started, ended, size, status, end in zip(
            *(array.tolist() for array in part.arrays), strict=True
        ):
            number = sample if end < 0 else addressed(sample, ends[end])
            yield number, places[place], kinds[kind], queued, started, ended, size, statuses[status]
