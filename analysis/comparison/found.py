"""What a comparison has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simnet.analysis.comparison.changes import Changes
from simnet.analysis.comparison.measures import Measure
from simnet.analysis.comparison.settings import Setting
from simnet.analysis.comparison.sides import Side


@dataclass(frozen=True, eq=False)
class Pair:
    """Two systems, the older first, and how they differ.

    Attributes:
        first: The older side.
        second: The newer one.
        measures: Accuracy, latency, bytes, energy, with the difference second − first and its interval.
        changes: What became of the samples that both have; None where they are not the same ones.
        over: What the measures are of, in words.
        right_once: Of the samples that both answered, those that only the first, and only the second, got right; None
            where they are not the same ones.
        p_value: Of McNemar's exact test that these are as many; None where images come again.
        notes: What else a reader should know.
    """

    first: Side
    second: Side
    measures: list[Measure]
    changes: Changes | None
    over: str
    right_once: tuple[int, int] | None = None
    p_value: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, str]:
        """What the two are called beside each other: by what differs, run or system."""
        first, second = self.first, self.second
        if first.run is second.run:
            return first.system, second.system
        if first.system == second.system:
            return first.name, second.name
        return f"{first.name}: {first.system}", f"{second.name}: {second.system}"

    @property
    def title(self) -> str:
        """The pair in one line."""
        names = " → ".join(self.names)
        same = self.first.run is not self.second.run and self.first.system == self.second.system
        return f"{self.first.system}: {names}" if same else names

    def measure(self, name: str) -> Measure:
        """The measure of this name. Raises KeyError if the pair has none."""
        for one in self.measures:
            if one.name == name:
                return one
        raise KeyError(f"no measure {name!r}; there are {', '.join(one.name for one in self.measures)}")


@dataclass(frozen=True, eq=False)
class Found:
    """All of a comparison.

    Attributes:
        pairs: The pairs of systems.
        settings: What differs between the scenario of the first run and that of each other, by that run's name.
        notes: What a reader should know of all.
    """

    pairs: list[Pair]
    settings: Mapping[str, list[Setting]]
    notes: tuple[str, ...] = ()
