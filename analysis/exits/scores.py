"""What the exits of a system said of every sample, as arrays, read from a run's tables: no network, no data set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.results.lives import ANSWERED
from simnet.results.run import SCENARIO, Results, RunError

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """One system's samples, without those of the warm-up; by exit `[exits, n]`, else `[n]`.

    Attributes:
        system: Its name in the run.
        exits: Names of the exits, in order.
        thresholds: T in force at each exit but the last, by name.
        asked: Whether the system asked the exit.
        at: Simulated time in s at which it did; NaN where it did not.
        measure: What the exit's rule measured; NaN where it is not known.
        entropy: Normalized entropy of its scores; NaN where it is not known.
        confidence: Largest class probability; NaN where it is not known.
        right: Whether the exit's answer is the true class; False where it is not known.
        views: Bit mask of the views in the exit's answer.
        sample: Number of the sample.
        captured: Simulated time of capture in s.
        exit: Number of the exit at which the sample was answered; −1 without an answer.
        correct: Whether its answer is the true class; False without one.
        forced: Whether it was answered there because what lies beyond could not be reached.
        latency: From capture to answer in s; NaN without one.
        bytes: All bytes sent for it.
        energy: What it caused in J; NaN where no node has a power model.
        finished: Simulated time of the answer in s; NaN without one.
    """

    system: str
    exits: tuple[str, ...]
    thresholds: dict[str, float]
    asked: Mask
    at: Floats
    measure: Floats
    entropy: Floats
    confidence: Floats
    right: Mask
    views: Numbers
    sample: Numbers
    captured: Floats
    exit: Numbers
    correct: Mask
    forced: Mask
    latency: Floats
    bytes: Numbers
    energy: Floats
    finished: Floats

    def __len__(self) -> int:
        return len(self.sample)

    @cached_property
    def known(self) -> Mask:
        """Where the answer of an exit is what the sample would have met there, `[exits, n]`.

        It was asked; or it is known from `--forced` and made of the views that the last exit asked had.
        """
        rank = np.where(self.asked, np.arange(len(self.exits))[:, None], -1).max(axis=0, initial=-1)
        met = self.views[np.maximum(rank, 0), np.arange(len(self))] if len(self.exits) else self.views
        known: Mask = self.asked | (~np.isnan(self.measure) & (rank >= 0) & (self.views == met))
        return known

    @property
    def quantity(self) -> str:
        """What the rules measure, for the axis of T."""
        off = np.abs(self.measure[:-1] - self.entropy[:-1])[self.known[:-1]]
        return "normalized entropy" if (off < 1e-9).all() else "measure of the exit's rule"

    @property
    def in_force(self) -> Floats:
        """T of each exit; infinite at the last, where everyone leaves, and where none is said."""
        found = [self.thresholds.get(name, np.inf) for name in self.exits]
        return np.array([*found[:-1], np.inf] if found else [], float)


def read_scores(run: Results, system: str) -> Scores:
    """What the exits of one system said.

    Raises:
        RunError: no such system, a damaged table, or a run of a version that kept no scores.
    """
    table = run.scores(system)
    if table is None:
        again = f"; make it anew: simnet run {run.path / SCENARIO}" if run.path is not None else ""
        raise RunError(f"{run.place}: {system}: of a version that kept no scores of its exits{again}")
    samples, first = run.samples(system), run.summary.get("warm_up", 0)
    numbers = run.summary["systems"][system]
    exits, n = tuple(numbers["exits"]), samples.num_rows
    name = table.column("exit").cast("string").to_numpy(zero_copy_only=False)
    where = {one: np.flatnonzero(name == one) for one in exits}
    if any(len(rows) != n for rows in where.values()):
        raise RunError(f"{run.place}: {system}: scores.parquet is damaged (not one row for each sample and exit)")

    def of(column: str, missing: object = None) -> NDArray[Any]:
        """`[exits, n]`; nulls as `missing`, or else not a number."""
        values = table.column(column)
        values = (values if missing is None else values.fill_null(missing)).to_numpy()
        return np.stack([values[where[one]][first:] for one in exits])

    def told(column: str) -> Floats:
        found: Floats = samples.column(column).to_numpy().astype(float)[first:]
        return found

    outcome = samples.column("outcome").cast("string").to_numpy(zero_copy_only=False)[first:]
    left = samples.column("exit").cast("string").to_numpy(zero_copy_only=False)[first:]
    answered = np.isin(outcome, ANSWERED)
    number = np.full(n - first, -1)
    for rank, one in enumerate(exits):
        number[answered & (left == one)] = rank
    return Scores(
        system=system,
        exits=exits,
        thresholds={one: value for one, value in numbers["thresholds"].items() if value is not None},
        asked=of("asked", False),
        at=of("asked_at"),
        measure=of("measure"),
        entropy=of("entropy"),
        confidence=of("confidence"),
        right=of("correct", False),
        views=of("views", 0).astype(np.int64),
        sample=np.arange(first, n),
        captured=told("captured_at"),
        exit=number,
        correct=samples.column("correct").fill_null(False).to_numpy()[first:],
        forced=np.asarray(outcome == "forced"),
        latency=told("latency"),
        bytes=told("bytes").astype(np.int64),
        energy=told("energy"),
        finished=told("finished_at"),
    )
