"""Points of a tuning are played by the same workers, batch after batch, and kept as those of a sweep are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from simnet.experiments.sweeps import store
from simnet.experiments.sweeps.crew import Crew
from simnet.experiments.sweeps.spec import Asked
from simnet.experiments.sweeps.sweep import How, Inputs, Run, crew_of, do, known_of, planned
from simnet.experiments.sweeps.table import metrics_of
from simnet.experiments.tuning.goal import Metrics
from simnet.language.errors import ScenarioError
from simnet.scenario import Scenario
from simnet.terminal.listener import Progress

Known = Mapping[str, Any]
"""`summary` or `error` of a run."""


@dataclass(frozen=True)
class Row:
    """A run: of which split of the data, of which trial (None: the scenario as it was), and what is known of it."""

    split: str
    trial: int | None
    run: Run
    known: Known


class Player:
    """Plays points of a scenario with one system; a context, within which its workers stay.

    Attributes:
        rows: All runs so far.
        refused: What the first point was told that is no valid scenario.
        ready: Whether the folder is there.
        inputs: Checksums of weights and data.
    """

    def __init__(
        self, system: str, out: Path | None, how: How, progress: Progress | None, runs: int, at_once: int
    ) -> None:
        self.rows: list[Row] = []
        self.refused: ScenarioError | None = None
        self.ready = False
        self.inputs = Inputs(how.data_dir)
        self._system, self._out, self._how, self._progress = system, out, how, progress
        self._runs, self._at_once = runs, at_once
        self._kept = store.Store(out)
        self._stack = ExitStack()
        self._crew: Crew | None = None

    def __enter__(self) -> Player:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def play(
        self, asked: Asked, points: Sequence[tuple[Any, ...]], trials: Sequence[int | None]
    ) -> list[list[Metrics | str]]:
        """The repeats of each point: the system's numbers, or a message of what went wrong.

        Args:
            asked: Scenario, keys and repeats.
            points: The values of the keys at each.
            trials: Number of each.

        Raises:
            RunError: the folder cannot be written, or there are no workers.
        """
        plan = planned(asked, points, self._kept, self.inputs, self._how)
        self.refused = self.refused or plan.refused
        if plan.valid:
            self._prepare(asked.base)
        if plan.jobs and self._crew is None:
            self._crew = self._stack.enter_context(crew_of(self._how, self._at_once))
        before = len(self.rows)
        failed = sum("error" in row.known for row in self.rows)
        after = max(self._runs - before - len(plan.runs), 0)
        crew = self._crew if plan.jobs else None
        try:
            do(asked, plan, self._kept, crew, self._how, self._progress, (before, after, failed))
        finally:
            found: list[list[Metrics | str]] = [[] for _ in points]
            for run in plan.runs:
                if (known := known_of(run, self._kept)) is not None:
                    self.rows.append(Row(asked.base.split, trials[run.point], run, known))
                    found[run.point].append(self._told(known))
        return found

    def _told(self, known: Known) -> Metrics | str:
        return str(known["error"]) if "error" in known else dict(metrics_of(known["summary"]["systems"][self._system]))

    def _prepare(self, base: Scenario) -> None:
        if self._out is not None and not self.ready:
            store.prepare(self._out)
            store.write_whole(self._out / store.BASE, base.to_yaml().encode("utf-8", "backslashreplace"))
            self.ready = True
