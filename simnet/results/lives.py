"""How the samples of a run ended, as arrays: what sections, summary and tables count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from math import inf, nan
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simnet.results.kept.constant import once, where
from simnet.results.kept.endings import DROPPED, NOT_YET, Ending, Endings
from simnet.statistics.batches import LEAST, of_mean
from simnet.statistics.student import t_interval
from simnet.times import floats, whole_numbers

if TYPE_CHECKING:
    pass

ANSWERED = ("finished", "forced")
"""A forced exit gave an answer, so it counts as finished."""


Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
Words = NDArray[np.object_]
Places = NDArray[np.int64]
"""Some of the samples, by their numbers, ascending."""


_OUTCOMES = ("unfinished", "dropped", "finished", "forced")
"""By their numbers in `Endings.how`."""


class Captured(Protocol):
    """What was captured, one entry of each array per sample."""

    @property
    def times(self) -> Floats:
        """In s, ascending."""

    @property
    def ticks(self) -> Sequence[int]:
        """The same, by the clock."""

    @property
    def site(self) -> NDArray[np.int64]:
        """Number of the site in `sites`."""

    @property
    def sites(self) -> tuple[str | None, ...]:
        """None is the unnamed one."""

    @property
    def kind(self) -> NDArray[np.int64]:
        """Number of the class in `classes`; −1 without one."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of all sites."""

    @property
    def deadline(self) -> Floats:
        """In s after capture; not a number without one."""


@dataclass(frozen=True, eq=False)
class Lives:
    """The samples of a system in order of capture, one entry of each array per sample; they cannot be written to.

    Attributes:
        captured: When it was captured, in s.
        left: When it had its outcome, in s; infinite if it never had one.
        outcome: finished, forced, dropped or unfinished.
        exit: Where it was answered; None without an answer.
        reason: Why it was dropped; else None.
        image: Its number in the data set.
        label: Its true class.
        prediction: The class answered; −1 without an answer.
        correct: Whether that is the true one; false without an answer.
        lasted: From capture to outcome in s; without one, to the end of the run. Exact before it became a float.
        latency: The same of those with an answer; not a number without one.
        measure: What the exit's rule gave for the answer, as in the column `entropy`; not a number without an answer.
        site: Its site; None is the unnamed one.
        kind: Its class of demand; None without.
        deadline: In s after capture; not a number without one.
    """

    captured: Floats
    left: Floats
    outcome: Words
    exit: Words
    reason: Words
    image: NDArray[np.int64]
    label: NDArray[np.int64]
    prediction: NDArray[np.int64]
    correct: Mask
    lasted: Floats
    latency: Floats
    measure: Floats
    site: Words
    kind: Words
    deadline: Floats

    def __post_init__(self) -> None:
        for one in fields(self):
            column = getattr(self, one.name).view()  # its own flags: some belong to somebody else
            column.setflags(write=False)
            object.__setattr__(self, one.name, column)

    def __len__(self) -> int:
        return len(self.captured)

    @classmethod
    def of(
        cls,
        captured: Captured,
        labels: NDArray[np.int64],
        endings: Sequence[Ending | None],
        end: int,
        images: NDArray[np.int64] | None = None,
    ) -> Lives:
        """What became of the samples captured; `endings` has None for those without an outcome at the run's `end`.

        `images` are their numbers in the data set; by default their own.
        """
        found = Endings.of(endings)
        how, when = found.how, found.at
        answered, dropped, ended = how > DROPPED, how == DROPPED, how > NOT_YET
        prediction = where(answered, found.prediction, -1).astype(np.int64)
        left = where(ended, floats(when), inf)
        lasted = floats(np.where(ended, when, whole_numbers([end])[0]) - whole_numbers(captured.ticks))
        label = labels.astype(np.int64, copy=False)
        image = np.arange(len(label)) if images is None else images.astype(np.int64, copy=False)
        return cls(
            captured=captured.times,
            left=left,
            outcome=once(words(_OUTCOMES)[how]),
            exit=once(words((*found.exits, None))[np.where(answered, found.word, -1)]),  # −1 is that of none
            reason=once(words((*found.reasons, None))[np.where(dropped, found.word, -1)]),
            image=image,
            label=label,
            prediction=prediction,
            correct=answered & (prediction == label),
            lasted=lasted,
            latency=where(answered, lasted, nan),
            measure=where(answered, found.measure, nan),
            site=once(words(captured.sites)[captured.site]),
            kind=once(words((*captured.classes, None))[captured.kind]),
            deadline=captured.deadline,
        )

    @cached_property
    def answered(self) -> Mask:
        """Who has an answer."""
        return np.isin(self.outcome, ANSWERED)

    @cached_property
    def due(self) -> Mask:
        """Who has a deadline."""
        return ~np.isnan(self.deadline)

    @cached_property
    def in_time(self) -> Mask:
        """Who was answered by then; the deadline itself is in time."""
        with np.errstate(invalid="ignore"):  # without an answer or a deadline: not a number, and not in time
            return np.asarray(self.answered & (self.latency <= self.deadline))

    def since(self, first: int) -> Lives:
        """Those from number `first` on."""
        return self.some(slice(first, None))

    def some(self, those: slice) -> Lives:
        """Some of them."""
        return Lives(**{one.name: getattr(self, one.name)[those] for one in fields(self)})

    def exits(self, names: Sequence[str], those: Mask | Places) -> dict[str, dict[str, Any]]:
        """How many of `those` were answered at each exit of these names, and their share of those answered."""
        exits = self.exit[those][self.answered[those]]
        count = len(exits)
        here = {name: int((exits == name).sum()) for name in names}
        return {name: {"count": n, "share": n / count if count else None} for name, n in here.items()}


def words(values: Any) -> Words:
    """An array of objects, so that None can stand among words."""
    found = list(values)
    array = np.empty(len(found), object)
    array[:] = found
    return array


def places_of(values: Words) -> dict[Any, Places]:
    """Where each value stands, in the order in which they first come: in one go, however many there are."""
    numbers: dict[Any, int] = {}
    number = np.fromiter((numbers.setdefault(value, len(numbers)) for value in values.tolist()), np.int64, len(values))
    order = np.argsort(number, kind="stable")
    ends = np.cumsum(np.bincount(number, minlength=len(numbers)))[:-1]
    return dict(zip(numbers, np.split(order, ends), strict=True)) if numbers else {}


def mean_of(values: NDArray[Any]) -> float | None:
    """Their mean; None of none."""
    return float(values.mean()) if len(values) else None


def interval_of(differences: Floats) -> dict[str, float | None]:
    """Mean of paired differences, in order of capture, with its 95 % interval by batch means (None: none is honest).

    Of fewer than `LEAST` it is Student's, as of independent values; none below two.
    """
    n, mean = len(differences), mean_of(differences)
    if mean is None or n < 2:
        return {"mean": mean, "low": None, "high": None}
    if n < LEAST:
        half = t_interval(differences.tolist())[1]
        return {"mean": mean, "low": mean - half, "high": mean + half}
    found = of_mean(differences)
    return {"mean": mean, "low": found.low, "high": found.high}


def latency_of(seconds: Floats) -> dict[str, float | None]:
    """Mean, percentiles and largest of latencies in seconds; None of none."""
    if not len(seconds):
        return dict.fromkeys(("mean", "p50", "p95", "p99", "max"))
    p50, p95, p99 = (float(value) for value in np.percentile(seconds, (50, 95, 99)))
    return {"mean": float(seconds.mean()), "p50": p50, "p95": p95, "p99": p99, "max": float(seconds.max())}
