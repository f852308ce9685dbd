"""A limit that a metric must keep: ``latency.p95 < 100 ms``, ``accuracy >= 95 %``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from simnet.experiments.sweeps.axes import QUANTITIES
from simnet.language import units
from simnet.results.run import RunError
from simnet.statistics.student import t_interval

Verdict = Literal["yes", "no", "cannot tell"]
_FORM = re.compile(r"\s*(\S+?)\s*(<=|>=|<|>)\s*(\S.*?)\s*")
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Estimate:
    """Mean of a metric over repeats with an interval; without one, where there is a single repeat, no ends."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Limit:
    """What a metric must be.

    Attributes:
        text: As it was asked for.
        key: The metric: dotted, as in a system's summary.
        sign: ``<``, ``<=``, ``>`` or ``>=``.
        bound: In SI units; a share of 1 for what was given in percent.
    """

    text: str
    key: str
    sign: str
    bound: float

    @classmethod
    def read(cls, text: str) -> Limit:
        """From a text such as ``latency.p95 < 100 ms``. Raises RunError for any other."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise RunError(f"limit '{text}': write a metric, <, <=, > or >=, and a value: 'latency.p95 < 100 ms'")
        key, sign, value = found.groups()
        return cls(text.strip(), key, sign, _number(text, value))

    def kept(self, value: float) -> bool:
        """Whether a value keeps it."""
        return _SIGNS[self.sign](value, self.bound)

    def verdict(self, estimate: Estimate) -> Verdict:
        """Whether the whole interval keeps it, none of it does, or the interval has both.

        Without an interval it cannot be told.
        """
        if estimate.low is None or estimate.high is None:
            return "cannot tell"
        ends = {self.kept(estimate.low), self.kept(estimate.high)}
        return "cannot tell" if len(ends) == 2 else "yes" if ends == {True} else "no"


def estimate(values: Sequence[float | None], level: float) -> Estimate | None:
    """Mean and t-interval of a metric's values over repeats; None where a repeat has none, or there are no values."""
    there = [value for value in values if value is not None]
    if not there or len(there) < len(values):
        return None
    if len(there) == 1:
        return Estimate(there[0], None, None)
    mean, half = t_interval(there, level)
    return Estimate(mean, mean - half, mean + half)


def _number(text: str, value: str) -> float:
    parts = units.split(value)
    if parts is not None and parts[1] in ("", "%"):
        return float(parts[0]) / (100 if parts[1] else 1)
    for quantity in QUANTITIES:
        try:
            return float(quantity.parse(value))
        except ValueError:
            continue
    raise RunError(f"limit '{text}': '{value}' is no number, percentage or quantity with its unit")
