"""What is wanted, one metric as low or as high as can be while others keep limits, and how trials stand to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from simnet.experiments.sizing.limits import Estimate, Limit, Verdict, estimate
from simnet.experiments.sizing.size import together
from simnet.language.errors import unknown
from simnet.results.run import RunError
from simnet.statistics.student import LEVEL

End = Literal["minimise", "maximise"]
LOST = 1e6
"""By how much a trial misses where there is nothing to compare: more than any number could."""
BARELY = 1e-9
"""By how much a value misses that is just at a limit which it must not reach."""
Metrics = Mapping[str, float | None]
"""Numbers of one run of the system, by dotted keys; see `simnet.experiments.sweeps.table.metrics_of`."""


@dataclass(frozen=True)
class Trial:
    """A point that was played.

    Attributes:
        number: Its place among all, from 0.
        values: Of the keys.
        repeats: Runs of it.
        estimates: By metric, of the goal's and of those that say what was lost: mean and 95 % interval; None where a
            run has no such number.
        verdict: Whether all limits are kept by the intervals: surely, surely not, or that cannot be told.
        missed: By how much limits are missed in all, each as a share of its bound; 0: all are kept.
        error: Why there is no result.
    """

    number: int
    values: Sequence[Any]
    repeats: int
    estimates: Mapping[str, Estimate | None]
    verdict: Verdict
    missed: float
    error: str | None = None

    @property
    def kept(self) -> bool:
        """Whether it keeps all limits and has the goal's metric."""
        return self.missed == 0


@dataclass(frozen=True)
class Goal:
    """One metric and its direction, and limits.

    Attributes:
        end: The direction.
        key: The metric: dotted, as in a system's summary.
        limits: What must be kept.
        surely: Whether by the whole interval; else by the mean.
    """

    end: End
    key: str
    limits: Sequence[Limit] = ()
    surely: bool = False

    def __post_init__(self) -> None:
        """Raises RunError for limits that no value keeps."""
        for one in self.limits:
            for other in self.limits:
                low, high = one.bound, other.bound
                if one.key == other.key and one.sign.startswith(">") and other.sign.startswith("<"):
                    strict = len(one.sign) == 1 or len(other.sign) == 1
                    if low > high or (low == high and strict):
                        raise RunError(f"no value can keep both limits: '{one.text}' and '{other.text}'")

    @property
    def keys(self) -> list[str]:
        """The metrics that it is about."""
        return list(dict.fromkeys([self.key, *(limit.key for limit in self.limits)]))

    def better(self, one: float, other: float) -> bool:
        """Whether one value of the metric is better than another."""
        return one < other if self.end == "minimise" else one > other

    def judged(self, number: int, values: Sequence[Any], runs: Sequence[Metrics | str]) -> Trial:
        """How a point stands to it.

        Args:
            number: The trial's.
            values: Of the keys there.
            runs: Its repeats: numbers, or a message of what went wrong.

        Raises:
            RunError: there is no such metric.
        """
        found = [run for run in runs if not isinstance(run, str)]
        if error := next((run for run in runs if isinstance(run, str)), None):
            return Trial(number, values, len(runs), {}, "no", LOST, error)
        for key in self.keys:
            if not any(key in run for run in found):
                raise RunError(unknown("metric", key, [one for one in found[0] if not one.endswith((".low", ".high"))]))
        estimates = {key: estimated(found, key) for key in self.keys + _LOSSES}
        verdict = together(self.limits, [estimates[limit.key] for limit in self.limits])
        missed = sum(self.missed(limit, estimates[limit.key]) for limit in self.limits)
        if estimates[self.key] is None:
            return Trial(number, values, len(runs), estimates, "no", LOST + missed, f"no value of {self.key}")
        return Trial(number, values, len(runs), estimates, verdict, missed)

    def best(self, trials: Sequence[Trial]) -> Trial | None:
        """The best of those that keep all limits, of equal ones the first; None: there are none."""
        best: Trial | None = None
        for one in trials:
            if one.kept and (best is None or self.better(self.value(one), self.value(best))):
                best = one
        return best

    def nearest(self, trials: Sequence[Trial]) -> Trial | None:
        """The one that misses its limits by least; None: no trial has results."""
        there = [one for one in trials if one.error is None]
        return min(there, key=lambda one: one.missed, default=None)

    def value(self, trial: Trial) -> float:
        """The metric of a trial that has it."""
        found = trial.estimates[self.key]
        assert found is not None
        return found.mean

    def missed(self, limit: Limit, found: Estimate | None) -> float:
        """By which share of its bound a limit is missed, or by how much where that is 0."""
        if found is None:
            return LOST
        value = found.mean
        if self.surely:
            end = found.high if limit.sign.startswith("<") else found.low
            if end is None:  # of one run, and without an interval within it
                return LOST
            value = end
        if limit.kept(value):
            return 0.0
        return max(abs(value - limit.bound) / (abs(limit.bound) or 1.0), BARELY)


_LOSSES = ["dropped", "unfinished", "captured"]
"""Counts without which no mean of what was answered is told."""


def estimated(runs: Sequence[Metrics], key: str) -> Estimate | None:
    """Mean of a metric with Student's 95 % interval over repeats; of one run with the interval within it, if any."""
    found = estimate([run.get(key) for run in runs], LEVEL)
    if found is not None and len(runs) == 1:
        return Estimate(found.mean, runs[0].get(f"{key}.low"), runs[0].get(f"{key}.high"))
    return found
