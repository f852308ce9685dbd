"""What a check is, what it finds, and when it passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

LEVEL = 0.999
"""Of every interval. About 20 are compared, so by Bonferroni a flawless simulator fails one of them in 2 % of seeds."""


class Unavailable(Exception):  # noqa: N818 - no error: the reference is not to be had here
    """A reference cannot be asked on this machine; `reason` says why, and what would help."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Settings:
    """How thoroughly to check: `full` for more and longer replications; `seed` for all that is drawn."""

    seed: int = 1
    full: bool = False


@dataclass(frozen=True)
class Result:
    """A value of the simulator beside its reference's, both in `unit`.

    It passes when they differ by `tolerance` at most. Where the value is a mean over replications, `tolerance` is the
    half width of its confidence interval, and the interval itself must be no wider than `widest` to either side: an
    interval that holds everything proves nothing. Where the reference is only a `bound` from above, less agrees, too.
    """

    what: str
    unit: str
    simulated: float
    reference: float
    tolerance: float
    widest: float | None = None
    bound: bool = False

    @property
    def error(self) -> float:
        """Simulated minus reference, in `unit`."""
        return self.simulated - self.reference

    @property
    def passed(self) -> bool:
        """Whether it agrees; a value that is not a number never does."""
        near = self.error <= self.tolerance and (self.bound or -self.error <= self.tolerance)
        return near and (self.widest is None or self.tolerance <= self.widest)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, which has no word for what is not a number: None."""
        values = {
            "simulated": self.simulated,
            "reference": self.reference,
            "error": self.error,
            "tolerance": self.tolerance,
            "widest": self.widest,
        }
        finite = {key: value if value is not None and isfinite(value) else None for key, value in values.items()}
        bound = {"bound": True} if self.bound else {}
        return {"what": self.what, "unit": self.unit, **finite, **bound, "passed": self.passed}


def exactly(what: str, unit: str, simulated: float, reference: float, tolerance: float = 1e-9) -> Result:
    """A value that must agree but for the rounding of sums of floats: within 1e-9 of the unit unless told otherwise."""
    return Result(what, unit, simulated, reference, tolerance)


def arrived(token: str, time: float | None, reference: float, tolerance: float = 1e-9) -> Result:
    """When something happened, in s; what never happened is not a number, so it fails."""
    return exactly(token, "s", float("nan") if time is None else time, reference, tolerance)


@dataclass(frozen=True)
class Check:
    """One comparison: `name` for the command line, `reference` with what, `source` where the reference comes from."""

    name: str
    reference: str
    about: str
    source: str
    run: Callable[[Settings], list[Result]]
    """Raises Unavailable where the reference is not to be had."""


@dataclass(frozen=True)
class Published(Check):
    """Somebody else's testbed from its own numbers, beside what was published of it; `reference` is its name.

    Attributes:
        allowed: Why the tolerances are what they are.
        missing: What of it is not simulated, and why.
    """

    allowed: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Finding:
    """What came of a check: its results, or the `reason` for which it was skipped or broke off."""

    check: Check
    status: str
    """passed, failed or skipped."""
    results: list[Result] = field(default_factory=list)
    reason: str = ""
    seconds: float = 0.0
    """Processor time of this process."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = {}
        if isinstance(self.check, Published):
            told = {"allowed": self.check.allowed, "missing": self.check.missing or None}
        return {
            "name": self.check.name,
            "reference": self.check.reference,
            "about": self.check.about,
            "source": self.check.source,
            **told,
            "status": self.status,
            "reason": self.reason or None,
            "processor_seconds": round(self.seconds, 3),
            "results": [result.to_dict() for result in self.results],
        }
