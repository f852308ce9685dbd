"""What happened on a network: spans as they were recorded, the older ones folded into columns.

A tuple with its numbers takes some 350 bytes, a row of columns 45; and what is counted over all of them is counted over
columns. Nothing is lost by folding: what is asked for as a span is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from simnet.network.addressed import Addressed, addressed
from simnet.network.line import Span
from simnet.times import whole_numbers

FOLDED = 1 << 15
"""Spans from which on `fold` does something: to fold few costs more for each."""


class Names(dict[str, int]):
    """Numbers of names, in the order in which they first came."""

    def __missing__(self, name: str) -> int:
        self[name] = found = len(self)
        return found


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


class Spans(Sequence[Span]):
    """All spans of a network in the order of their recording; `append` takes the next one."""

    append: Callable[[Span], None]

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._recent = list(spans)
        self.append = self._recent.append  # no method of ours: it is called for every hop
        self._parts: list[Columns] = []
        self._folded = 0
        self.places, self.kinds, self.statuses, self.ends = Names(), Names(), Names(), Names()

    def __len__(self) -> int:
        return self._folded + len(self._recent)

    def __iter__(self) -> Iterator[Span]:
        return chain(*map(self._again, self._parts), self._recent)

    @overload
    def __getitem__(self, number: int) -> Span: ...
    @overload
    def __getitem__(self, number: slice) -> list[Span]: ...
    def __getitem__(self, number: int | slice) -> Span | list[Span]:
        return (list(self) if self._parts else self._recent)[number]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def since(self, number: int) -> list[Span]:
        """Those from a number on."""
        if number >= self._folded:
            return self._recent[number - self._folded :]
        return list(self)[number:]

    def fold(self, least: int = FOLDED) -> None:
        """Turn the recent ones into columns, if there are at least so many."""
        if len(self._recent) >= max(least, 1):
            self._parts.append(self._columns(self._recent))
            self._folded += len(self._recent)
            self._recent.clear()

    def columns(self) -> Columns:
        """All of them."""
        self.fold(least=1)
        if len(self._parts) > 1:
            names = Columns.__dataclass_fields__
            self._parts = [Columns(*(np.concatenate([getattr(part, name) for part in self._parts]) for name in names))]
        return self._parts[0] if self._parts else self._columns([])

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
            *(getattr(part, name).tolist() for name in Columns.__dataclass_fields__), strict=True
        ):
            number = sample if end < 0 else addressed(sample, ends[end])
            yield number, places[place], kinds[kind], queued, started, ended, size, statuses[status]
