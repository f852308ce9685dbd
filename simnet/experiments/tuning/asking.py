"""Who says which points are tried next: all of a grid, or Optuna's tree-structured Parzen estimator.

Points are asked for by batches of a fixed size and told in the order in which they were asked for, so that what comes
next depends on nothing but the seed and what was found: not on how many processes do the runs, or which is done first.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from simnet.experiments.tuning.goal import End, Goal, Trial
from simnet.experiments.tuning.space import Dimension, Place, Space, same
from simnet.results.run import RunError
from simnet.streams import derived, stream

if TYPE_CHECKING:
    from optuna import Study
    from optuna import Trial as Asked
    from optuna.distributions import BaseDistribution

AGAIN = 20
"""How often a point that is known already may come in a row before one is drawn at random (our choice)."""
DRAWS = 1000
"""Draws of such a point before it is said that there is no other."""
_DIRECTIONS: Mapping[End, Literal["minimize", "maximize"]] = {"minimise": "minimize", "maximise": "maximize"}
Values = tuple[Any, ...]


class Asker(ABC):
    """Names points, and hears what was found there."""

    @abstractmethod
    def ask(self, most: int) -> list[Values]:
        """The values at the next points, none of which has come before; fewer than `most` where there are no others."""

    def tell(self, trials: Sequence[Trial]) -> None:  # noqa: B027 - who asks for all learns nothing
        """What was found at the points that were asked for last, in their order."""


class Every(Asker):
    """All points, one after the other."""

    def __init__(self, points: Iterable[Values]) -> None:
        self._points = iter(points)

    def ask(self, most: int) -> list[Values]:
        """See `Asker`."""
        return list(islice(self._points, most))


class Parzen(Asker):
    """Optuna's TPE (J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, NIPS 24 (2011) 2546), which heeds limits.

    Raises:
        RunError: Optuna is not there.
    """

    def __init__(self, space: Space, goal: Goal, seed: int) -> None:
        self._space, self._goal = space, goal
        self._distributions: dict[str, BaseDistribution] = {
            one.axis.key: _distribution(one) for one in space.dimensions
        }
        self._study = _study(goal.end, derived(seed, "tuning") % 2**32)
        self._random = stream(seed, "points of a tuning")
        self._seen: set[str] = set()
        self._open: list[Asked] = []

    def ask(self, most: int) -> list[Values]:
        """See `Asker`. A point that has come before is passed over; after many of these in a row one is drawn."""
        found: list[Values] = []
        while len(found) < most and (asked := self._next()) is not None:
            found.append(self._values(asked))
            self._open.append(asked)
        return found

    def tell(self, trials: Sequence[Trial]) -> None:
        """See `Asker`. What has no result misses its limits by more than anything that has one."""
        for asked, trial in zip(self._open, trials, strict=True):
            asked.set_constraint("missed", trial.missed)
            self._study.tell(asked, 0.0 if trial.error else self._goal.value(trial))
        self._open.clear()

    def _next(self) -> Asked | None:
        if self._space.count is not None and len(self._seen) >= self._space.count:
            return None
        for _ in range(AGAIN):
            asked = self._study.ask(self._distributions)
            if self._new(self._values(asked)):
                return asked
            self._pass_over(asked)
        for _ in range(DRAWS):
            places = self._space.drawn(self._random)
            if self._new(self._space.values(places)):
                self._study.enqueue_trial(dict(places))
                return self._study.ask(self._distributions)
        return None

    def _new(self, values: Values) -> bool:
        known = same(values) in self._seen
        self._seen.add(same(values))
        return not known

    def _values(self, asked: Asked) -> Values:
        places: Mapping[str, Place] = asked.params
        return self._space.values(places)

    def _pass_over(self, asked: Asked) -> None:
        from optuna.trial import TrialState

        self._study.tell(asked, state=TrialState.FAIL)


def _distribution(one: Dimension) -> BaseDistribution:
    from optuna import distributions

    if one.values is None:
        return distributions.FloatDistribution(0.0, 1.0)
    last = len(one.values) - 1
    return (
        distributions.IntDistribution(0, last)
        if one.ordered
        else distributions.CategoricalDistribution(range(last + 1))
    )


def check() -> None:
    """Raises RunError if Optuna is not there."""
    try:
        import optuna  # noqa: F401 - takes half a second, and is needed for this alone
    except ImportError:
        raise RunError(
            "simnet tune needs Optuna: pip install 'simnet[tune]'; --method grid tries all points without it"
        ) from None


def version() -> str:
    """Optuna's."""
    from importlib.metadata import version as version_of

    return version_of("optuna")


def _study(end: End, seed: int) -> Study:
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a new study is no news
    try:
        return optuna.create_study(direction=_DIRECTIONS[end], sampler=optuna.samplers.TPESampler(seed=seed))
    finally:
        optuna.logging.set_verbosity(verbosity)
