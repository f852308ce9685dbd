"""How samples ended, as columns that are filled while a run plays: some 30 bytes for each, not 250."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from simnet.network.numbered import Names
from simnet.times import whole_numbers

if TYPE_CHECKING:
    from simnet.systems.base import Decision


class Ending(NamedTuple):
    """How the life of a sample ended: with a decision, or dropped for a reason, and when, by the clock."""

    at: int
    decision: Decision | None
    reason: str | None = None

    @property
    def outcome(self) -> str:
        """`finished`, `forced` or `dropped`."""
        if self.decision is None:
            return "dropped"
        return "forced" if self.decision.forced else "finished"


NOT_YET, DROPPED, FINISHED, FORCED = range(4)


class Endings(Sequence[Ending | None]):
    """The ending of each of `count` samples, None for those that have none.

    Attributes:
        exits: Names of the exits that answered, by their numbers.
        reasons: Why samples were dropped.
        upstreams: What had arrived: masks of the graph's arcs, which may be larger than numpy's numbers.
    """

    def __init__(self, count: int) -> None:
        self.exits, self.reasons, self.upstreams = Names(), Names(), Names()
        self._how = bytearray(count)
        self._at, self._measure = array("q", bytes(8 * count)), array("d", bytes(8 * count))
        self._word, self._prediction, self._upstream = (array("i", bytes(4 * count)) for _ in range(3))
        self._late: dict[int, int] = {}
        """Times that 64 bits do not hold."""

    @classmethod
    def of(cls, endings: Sequence[Ending | None]) -> Endings:
        """The same as columns."""
        if isinstance(endings, Endings):
            return endings
        found = cls(len(endings))
        found[:] = endings
        return found

    def __len__(self) -> int:
        return len(self._how)

    @overload
    def __getitem__(self, number: int) -> Ending | None: ...
    @overload
    def __getitem__(self, number: slice) -> list[Ending | None]: ...
    def __getitem__(self, number: int | slice) -> Ending | list[Ending | None] | None:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        from simnet.systems.base import Decision

        if (how := self._how[number]) == NOT_YET:
            return None
        at = self._late.get(number, self._at[number])
        if how == DROPPED:
            return Ending(at, None, self.reasons.name(self._word[number]))
        exit_name, upstream = self.exits.name(self._word[number]), self.upstreams.name(self._upstream[number])
        decision = Decision(exit_name, self._prediction[number], self._measure[number], upstream, how == FORCED)
        return Ending(at, decision)

    @overload
    def __setitem__(self, number: int, ending: Ending | None) -> None: ...
    @overload
    def __setitem__(self, number: slice, ending: Iterable[Ending | None]) -> None: ...
    def __setitem__(self, number: int | slice, ending: Any) -> None:
        if isinstance(number, slice):
            for one, its in zip(range(*number.indices(len(self))), ending, strict=True):
                self._put(one, its)
        else:
            self._put(number, ending)

    def _put(self, number: int, ending: Ending | None) -> None:
        if ending is None:
            self._how[number] = NOT_YET
            return
        at, decision, reason = ending
        try:
            self._at[number] = at
        except OverflowError:
            self._late[number] = at
        if decision is None:
            self._how[number], self._word[number] = DROPPED, self.reasons[reason]
        else:
            exit_name, self._prediction[number], self._measure[number], upstream, forced = decision
            self._word[number], self._upstream[number] = self.exits[exit_name], self.upstreams[upstream]
            self._how[number] = FORCED if forced else FINISHED

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def copy(self, those: slice, other: Endings) -> None:
        """Take the endings of these samples from another run's, which has as many."""
        self._how[those], self._at[those] = other._how[those], other._at[those]
        self._measure[those], self._prediction[those] = other._measure[those], other._prediction[those]
        self._late |= {n: at for n, at in other._late.items() if n in range(*those.indices(len(self)))}
        exits, reasons = _translated(other.exits, self.exits), _translated(other.reasons, self.reasons)
        how, word = other.how[those], np.frombuffer(other._word, np.int32)[those]
        answered, dropped = how > DROPPED, how == DROPPED
        mine_word, upstreams = (np.frombuffer(numbers, np.int32)[those] for numbers in (self._word, self._upstream))
        mine_word[answered], mine_word[dropped] = exits[word[answered]], reasons[word[dropped]]
        arrived = np.frombuffer(other._upstream, np.int32)[those]
        upstreams[answered] = _translated(other.upstreams, self.upstreams)[arrived[answered]]

    @property
    def how(self) -> NDArray[np.uint8]:
        """`NOT_YET`, `DROPPED`, `FINISHED` or `FORCED`."""
        return np.frombuffer(self._how, np.uint8)

    @property
    def at(self) -> NDArray[Any]:
        """By the clock; 0 where there is none."""
        times = np.frombuffer(self._at, np.int64)
        return whole_numbers([self._late.get(n, at) for n, at in enumerate(self._at)]) if self._late else times

    @property
    def word(self) -> NDArray[np.int32]:
        """Number of the exit, or of the reason of those that were dropped."""
        return np.frombuffer(self._word, np.int32)

    @property
    def prediction(self) -> NDArray[np.int32]:
        """Of those that were answered."""
        return np.frombuffer(self._prediction, np.int32)

    @property
    def measure(self) -> NDArray[np.float64]:
        """Of those that were answered."""
        return np.frombuffer(self._measure, np.float64)

    @property
    def upstream(self) -> NDArray[np.int32]:
        """Number in `upstreams` of what had arrived, of those that were answered."""
        return np.frombuffer(self._upstream, np.int32)


def _translated(names: Names, into: Names) -> NDArray[np.int32]:
    """Of each name its number in other names."""
    return np.array([into[name] for name in names], np.int32)
