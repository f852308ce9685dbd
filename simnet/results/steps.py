"""Steps of the samples' lives as the results tell them: the spans of the engine, their times in s.

They are columns, made once for all that is counted over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.network.line import Span
from simnet.network.spans import Columns, Spans
from simnet.times import PER_SECOND, floats

Step = tuple[int, str, str, float, float, float, int, str]
"""sample, place, kind, queued_at, started_at, ended_at, amount, status; see docs/results.md. Times in s.

The amount is bytes put on a link, or FLOP done on a node.
"""

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


def in_seconds(spans: Iterable[Span]) -> list[Step]:
    """Spans with the floats next to the times of the clock."""
    whole = PER_SECOND
    return [
        (sample, place, kind, queued / whole, started / whole, ended / whole, size, status)
        for sample, place, kind, queued, started, ended, size, status in spans
    ]


@dataclass(frozen=True, eq=False)
class Steps:
    """One entry of each array for each span, in the order of their recording; times in s.

    Attributes:
        sample: Number of its sample; −1 for heartbeats.
        place: Number of its place in `places`.
        places: Names of all places at which something happened, in the order in which it first did.
        kind: Number of its kind in `kinds`.
        kinds: All that occur: "compute", "transfer".
        queued: When it was ready.
        started: When it began to be served.
        ended: When it was done, or had arrived.
        lasted: From `started` to `ended`, exact before it became a float.
        size: Bytes that were put on the link; FLOP where it was computed.
        status: Number of its status in `statuses`.
        statuses: All that occur.
        message: Number in `ends` of the message of a transfer that takes several links; else −1.
        ends: `source→target` of the whole way of such messages.
        joined: Whether it ran in one batch with the span before it.
    """

    sample: Numbers
    place: NDArray[np.int32]
    places: tuple[str, ...]
    kind: NDArray[np.int8]
    kinds: tuple[str, ...]
    queued: Floats
    started: Floats
    ended: Floats
    lasted: Floats
    size: Numbers
    status: NDArray[np.int8]
    statuses: tuple[str, ...]
    message: NDArray[np.int32]
    ends: tuple[str, ...]
    joined: Mask

    @classmethod
    def of(cls, spans: Iterable[Span], joined: Iterable[int] = ()) -> Steps:
        """Columns of `spans`; `joined` has the numbers of those that ran in one batch with the span before them."""
        if not isinstance(spans, Spans):
            spans = Spans(spans)
        columns = spans.columns()
        together = np.zeros(len(columns), bool)
        together[list(joined)] = True
        return cls.made(columns, spans, together)

    @classmethod
    def made(cls, columns: Columns, spans: Spans, together: Mask) -> Steps:
        """Of columns of `spans`, which have the names; `together`: see `joined`."""
        return cls(
            sample=columns.sample,
            place=columns.place,
            places=tuple(spans.places),
            kind=columns.kind,
            kinds=tuple(spans.kinds),
            queued=floats(columns.queued),
            started=floats(columns.started),
            ended=floats(columns.ended),
            lasted=floats(columns.ended - columns.started),
            size=columns.size,
            status=columns.status,
            statuses=tuple(spans.statuses),
            message=columns.ends,
            ends=tuple(spans.ends),
            joined=together,
        )

    def __len__(self) -> int:
        return len(self.sample)

    def arrays(self, those: Numbers | slice) -> list[NDArray[Any]]:
        """All arrays of some of them."""
        return [getattr(self, name)[those] for name in _ARRAYS]

    def with_arrays(self, arrays: Sequence[NDArray[Any]]) -> Steps:
        """Others, with the same names: arrays as `arrays` gave them."""
        changed: dict[str, Any] = dict(zip(_ARRAYS, arrays, strict=True))
        return replace(self, **changed)

    def __iter__(self) -> Iterator[Step]:
        """One after the other."""
        columns = (self.sample, self.place, self.kind, self.queued, self.started, self.ended, self.size, self.status)
        for sample, place, kind, queued, started, ended, size, status in zip(
            *(column.tolist() for column in columns), strict=True
        ):
            yield sample, self.places[place], self.kinds[kind], queued, started, ended, size, self.statuses[status]

    def is_(self, status: str) -> Mask:
        """Those that ended so."""
        return _those(self.status, self.statuses, status)

    @property
    def transfers(self) -> Mask:
        """Messages, on a link."""
        return _those(self.kind, self.kinds, "transfer")

    @property
    def computing(self) -> Mask:
        """Calls, at a node."""
        return _those(self.kind, self.kinds, "compute")

    def at(self) -> dict[str, Numbers]:
        """By name of each place its spans' numbers, ascending."""
        narrow = self.place.astype(np.int16) if len(self.places) < 1 << 15 else self.place  # numpy sorts that at once
        order = np.argsort(narrow, kind="stable")
        ends = np.cumsum(np.bincount(self.place, minlength=len(self.places)))[:-1]
        return dict(zip(self.places, np.split(order, ends), strict=True)) if self.places else {}


_ARRAYS = (
    "sample", "place", "kind", "queued", "started", "ended", "lasted", "size", "status", "message", "joined",
)  # fmt: skip


def _those(numbers: NDArray[Any], names: tuple[str, ...], name: str) -> Mask:
    number = names.index(name) if name in names else -1
    return np.asarray(numbers == number)
