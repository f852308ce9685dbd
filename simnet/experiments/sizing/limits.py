"""A limit that a metric must keep: ``latency.p95 < 100 ms``, ``accuracy >= 95 %``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Literal

from simnet.experiments.sweeps.axes import QUANTITIES
from simnet.language import units
from simnet.language.units import Quantity
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
_QUANTITIES: Mapping[str, Quantity] = {
    "latency": units.TIME,
    "simulated_time": units.TIME,
    "bytes": units.SIZE,
    "energy": units.ENERGY,
    "flop": units.OPERATIONS,
}
"""Of the parts of a summary of which all numbers are of one quantity, that one."""


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
        """From a text such as ``latency.p95 < 100 ms``. Raises RunError for any other.

        Times, sizes, joules and operations need their unit, as everywhere, but for 0.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise _refused(text, "write a metric, <, <=, > or >=, and a value: 'latency.p95 < 100 ms'")
        key, sign, value = found.groups()
        return cls(text.strip(), key, sign, _number(text, key, value))

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


def quantity_of(key: str) -> Quantity | None:
    """What a metric of ours is measured in; None: it is a number, a share, or a user's own metric."""
    return _QUANTITIES.get(key.partition(".")[0])


def is_share(key: str) -> bool:
    """Whether a metric of ours is a share of 1."""
    return re.sub(r"\.(low|high)$", "", key).endswith(("accuracy", "accuracy_of_captured", "share", "miss_rate"))


def _number(text: str, key: str, value: str) -> float:
    parts = units.split(value)
    if parts is None:
        raise _refused(text, f"'{value}' is no number, percentage or quantity with its unit")
    if (quantity := quantity_of(key)) is not None:
        try:
            return float(quantity.parse(value))
        except ValueError as error:
            raise _refused(text, str(error)) from None
    if parts[1] in ("", "%"):
        bound = units.exactly(parts[0], Fraction(1, 100 if parts[1] else 1))
        if is_share(key) and not 0 <= bound <= 1:
            raise _refused(text, f"a share is from 0 to 1, or from 0 % to 100 %, found {value}")
        if not isfinite(bound):
            raise _refused(text, f"{value} is too large")
        return bound
    for quantity in () if is_share(key) else QUANTITIES:
        try:
            return float(quantity.parse(value))
        except ValueError:
            continue
    what = "no share" if is_share(key) else "no number, percentage or quantity with its unit"
    raise _refused(text, f"'{value}' is {what}")


def _refused(text: str, why: str) -> RunError:
    return RunError(f"limit '{text}': {why}")
