"""All steps of a run, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from simnet.network.spans import Columns, Spans
from simnet.results.steps import Mask, Steps


class Recorded:
    """The steps of a run in the order in which they ended; of many, parts come from a file whenever they are asked for.

    Args:
        spans: What the engine recorded.
        joined: The numbers of those that ran in one batch with the span before them, ascending.
    """

    def __init__(self, spans: Spans, joined: Sequence[int] = ()) -> None:
        self._spans, self._joined = spans, np.asarray(joined, np.int64)
        spans.fold(least=1)

    @classmethod
    def of(cls, steps: Steps | Recorded) -> Recorded:
        """Steps that are there already are the only part."""
        if isinstance(steps, Recorded):
            return steps
        found = cls(Spans())
        found.__dict__["whole"] = steps
        return found

    @property
    def single(self) -> bool:
        """Whether there is one part only, which is kept."""
        return self._spans.whole

    @cached_property
    def whole(self) -> Steps:
        """All of them at once: some hundred bytes for each."""
        return Steps.of(self._spans, self._joined)

    def parts(self) -> Iterator[Steps]:
        """One part after the other, all with the same names; a batch is not divided."""
        if self.single:
            yield self.whole
            return
        begins = ends = 0
        waiting: list[Columns] = []
        for part in self._spans.chunks():
            with_those_before = 0
            if waiting and (mask := self._batched(ends, len(part)))[0]:
                with_those_before = len(part) if mask.all() else int(np.argmin(mask))
                waiting.append(part.some(slice(with_those_before)))
            ends += len(part)
            if with_those_before < len(part):
                if waiting:
                    yield self._steps(Columns.joined(waiting), begins)
                    begins = ends - len(part) + with_those_before
                waiting = [part.some(slice(with_those_before, None))]
        yield self._steps(Columns.joined(waiting), begins)

    def _steps(self, columns: Columns, first: int) -> Steps:
        return Steps.made(columns, self._spans, self._batched(first, len(columns)))

    def _batched(self, first: int, count: int) -> Mask:
        """Which of the `count` spans from number `first` on ran in one batch with the one before."""
        found = np.zeros(count, bool)
        here = np.searchsorted(self._joined, [first, first + count])
        found[self._joined[slice(*here)] - first] = True
        return found
