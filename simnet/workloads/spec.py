"""What all workloads are: when samples are captured, of which class they are, when they must be answered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from simnet.clock import ProtocolError
from simnet.language.checks import Checks, Raw
from simnet.language.errors import Path
from simnet.language.kinds import kind_called
from simnet.language.quantities import MOST, Model, Share, Time
from simnet.language.traces import Traces
from simnet.streams import stream
from simnet.times import LONGEST, ticks_of
from simnet.workloads import WORKLOADS

Times = NDArray[np.float64]


class SampleClass(Model):
    """A part of the samples."""

    quiet = ("priority",)

    share: Annotated[Share, Field(gt=0)]
    """Share of the samples."""
    priority: Annotated[int, Field(ge=-MOST, le=MOST, strict=True)] = 0
    """Higher goes first where a queue heeds it."""
    deadline: Annotated[Time, Field(gt=0)] | None = None
    """Time after capture by which it must be answered."""


class Draws:
    """The random streams of one site's arrivals: `draws()` is the first, `draws("states")` one below it, by its name.

    Each is made anew when it is asked for: keep what you draw from. A draw from one shifts no other's.
    """

    def __init__(self, seed: int, name: str) -> None:
        self._seed, self._name = seed, name

    def __call__(self, part: str = "") -> np.random.Generator:
        """The stream, from its beginning."""
        return stream(self._seed, f"{self._name}/{part}" if part else self._name)


class Demand(Model, ABC):
    """A workload of whatever kind.

    To add a kind: derive from this class in a file of your own, declare the keys that it has, and write `arrivals`;
    name it in the scenario as ``workload: {kind: "module:Name", …}``, or register it as an entry point of the group
    ``simnet.workloads``. Values are checked as all of a scenario's are (`simnet.language.quantities`).

    `arrivals` is called once for each site and run. Whoever asks for fewer samples or a shorter time must get the first
    of the same arrivals: draw in the order of time.
    """

    quiet = ("skew", "classes")

    kind: str | None = None
    """A user's kind, by name or as ``file.py:Name``; ours have a key of their own."""
    deadline: Annotated[Time, Field(gt=0)] | None = None
    """Time after capture by which samples must be answered whose class has none."""
    skew: Time = 0.0
    """Each camera is up to so much late, a fixed time drawn for each."""
    classes: dict[str, SampleClass] = Field(default_factory=dict)
    """Classes of samples by name; their shares sum to 1."""

    @model_validator(mode="after")
    def _shares(self) -> Self:
        whole = sum(one.share for one in self.classes.values())
        if self.classes and abs(whole - 1) > 1e-9:
            raise ValueError(f"the shares of the classes must sum to 1 (100 %), found {100 * whole:.6g} %")
        return self

    @abstractmethod
    def arrivals(self, draws: Draws, count: int | None, duration: float | None) -> Times:
        """Arrival times in s, ascending, of at least the first `count`, or of all before `duration` s.

        One of the two is None. More arrivals than asked for do no harm; fewer than `count` are all there are.
        """

    def captures(self, draws: Draws, count: int | None, duration: float | None) -> list[int]:
        """The same by the clock, in whole picoseconds: what `arrivals` gives, rounded.

        To be overridden where multiples of a time must be exact, however many they are.

        Raises:
            ProtocolError: what `arrivals` gives are no ascending times.
        """
        times = np.asarray(self.arrivals(draws, count, duration))
        good = times.ndim == 1 and times.dtype.kind in "iuf"
        if not (good and (times >= 0).all() and (times <= LONGEST).all() and (np.diff(times) >= 0).all()):
            where = f"{type(self).__module__}.{type(self).__qualname__}.arrivals"
            raise ProtocolError(f"{where} must return ascending times from 0 s on, found {times!r}")
        return ticks_of(times.astype(np.float64))

    @property
    def most(self) -> int | None:
        """How many captures there are at most, where it is known beforehand; None: any number."""
        return None

    @property
    def captures_per_second(self) -> float | None:
        """Mean number of captures per second, where it is known beforehand."""
        return None

    @property
    def mean_stay(self) -> float | None:
        """Mean time in s after which the process itself changes, captures apart; None: it has no states."""
        return None

    @classmethod
    def read(cls, checks: Checks, traces: Traces, raw: Raw, path: Path) -> Self | None:
        """The workload that a file's keys and values describe, or None after noting what is wrong with them."""
        return checks.check(cls, raw, path)

    def written(self) -> Raw:
        """The section in a file: the kind and what is its own first."""
        values = self.model_dump(mode="json", by_alias=True)
        common = {key: values.pop(key) for key in Demand.model_fields if key != "kind" and key in values}
        return values | common


def kinds_in(raw: Mapping[str, Any]) -> list[str]:
    """Names of those of our kinds whose own key is there."""
    return [name for name in WORKLOADS if name in raw]


def _own_kind(value: object) -> object:
    """Keys and values become the workload of the kind that they name."""
    if isinstance(value, dict) and (names := [value["kind"]] if value.get("kind") else kinds_in(value)):
        return kind_called(WORKLOADS, names[0]).model_validate(value)
    return value


Workload = Annotated[SerializeAsAny[Demand], BeforeValidator(_own_kind)]
"""A workload as a value of a scenario."""
