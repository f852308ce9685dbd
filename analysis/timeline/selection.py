"""What a timeline is asked to show: samples, systems, nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simnet.language.errors import unknown
from simnet.language.names import match
from simnet.results.run import SAMPLES, Results, RunError

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Selection:
    """What to show; None and empty: all that is readable.

    Attributes:
        first: Number of the first sample; None, and no `last`: the figure looks for a telling window.
        count: How many samples.
        last: Number of the last sample, instead of `count`.
        systems: Their names.
        nodes: Names or patterns (`camera*`, `camera[1..3]`) of nodes; links between them are shown, too.
    """

    first: int | None = None
    count: int | None = None
    last: int | None = None
    systems: Sequence[str] = ()
    nodes: Sequence[str] = ()

    def systems_of(self, run: Results) -> list[str]:
        """The systems, in the order in which they are asked for, else in the run's. Raises RunError: no such one."""
        for name in self.systems:
            run.has(name, SAMPLES)
        return list(dict.fromkeys(self.systems)) or list(run.systems)

    def nodes_of(self, run: Results) -> set[str] | None:
        """The nodes asked for; None: all. Raises RunError: no such one."""
        names = list(run.scenario.get("nodes") or {})
        found: set[str] = set()
        for pattern in self.nodes:
            try:
                some = match(pattern, names)
            except ValueError as problem:
                raise RunError(f"{run.place}: {problem}") from problem
            if not some:
                raise RunError(f"{run.place}: {unknown('node', pattern, names)}")
            found.update(some)
        return found if self.nodes else None

    def samples_of(
        self, run: Results, tables: Mapping[str, Any], telling: Callable[[int], int], usual: Callable[[], int]
    ) -> tuple[int, int]:
        """Numbers of the first and last sample; `telling` finds the first of so many, `usual` tells how many.

        Raises:
            RunError: there are no such samples.
        """
        total = min((table.num_rows for table in tables.values()), default=0)
        there = f"this run has 0 to {total - 1}" if total else "this run has none"
        if self.last is not None:
            length = self.count or (usual() if self.first is None else self.last - self.first + 1)
            first = max(0, self.last - length + 1) if self.first is None else self.first
            if self.first is not None and self.count is not None:
                raise RunError(f"{run.place}: give two of the first sample, the last one and how many, not all three")
            if not 0 <= first <= self.last < total:
                raise RunError(f"{run.place}: no samples {first} to {self.last}; {there}")
            return first, self.last
        length = usual() if self.count is None else self.count
        first = telling(length) if self.first is None else self.first
        if not 0 <= first < total or length < 1:
            raise RunError(f"{run.place}: no samples {first} to {first + length - 1}; {there}")
        return first, min(first + length, total) - 1
