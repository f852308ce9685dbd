"""The decisions of a run with other thresholds, from what its exits said of its samples.

A sample leaves at the first exit whose measure is below T, strictly. What each exit answers does not depend on T, so
the replay is exact as far as the exits were asked: with a higher T always; with a lower one a sample would go on to an
exit that nobody asked, unless the run knows it (``--forced``). Such a sample is *not known*, and counted as such.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simnet.analysis.exits.scores import Floats, Mask, Numbers, Scores

UNKNOWN = -1


@dataclass(frozen=True)
class Replay:
    """What becomes of the samples that were answered, for each T of `grid`.

    Attributes:
        grid: The thresholds, ascending.
        n: Samples that count.
        left: How many leave at each exit, `[grid, exits]`.
        right: How many of them are right there, `[grid, exits]`.
        unknown: How many would go on to an exit that was not asked, at the latest before each exit, `[grid, exits]`:
            the numbers of an exit are exact where this is 0.
    """

    grid: Floats
    n: int
    left: Numbers
    right: Numbers
    unknown: Numbers

    @property
    def lost(self) -> Numbers:
        """Samples of which it is not known where they leave, `[grid]`."""
        return self.unknown[:, -1] if self.unknown.shape[1] else np.zeros(len(self.grid), np.int64)


def counted(scores: Scores) -> Mask:
    """The samples that a replay is of: those that were answered, and of which an exit was asked."""
    return np.asarray((scores.exit >= 0) & scores.known.any(axis=0))


def taken(scores: Scores, thresholds: Floats) -> tuple[Numbers, Numbers]:
    """The exit that each sample takes with `thresholds` (one for each exit, infinite at the last), or `UNKNOWN`.

    Also the number of the exit at which that is seen; for those not known, of the first that was not asked. Who was
    forced to stay with an exit's answer leaves there at the latest; an exit that was passed without a question (nothing
    had arrived for it) is passed.
    """
    exits, n = scores.measure.shape
    later = np.zeros(n, bool)
    passed = np.zeros((exits, n), bool)
    for number in reversed(range(exits)):
        passed[number] = ~scores.known[number] & later
        later |= scores.known[number]
    found, seen, open_ = np.full(n, UNKNOWN), np.full(n, exits - 1), np.ones(n, bool)
    for number in range(exits):
        leaves = scores.measure[number] < thresholds[number]
        if number == exits - 1:
            leaves = np.ones(n, bool)
        leaves |= scores.forced & (scores.exit == number)
        ends = open_ & scores.known[number] & leaves
        ignorant = open_ & ~scores.known[number] & ~passed[number]
        found[ends], seen[ends | ignorant] = number, number
        open_ &= ~(ends | ignorant)
    return found, seen


def replay(scores: Scores, grid: Floats) -> Replay:
    """With one T for all exits but the last, for each T of a grid."""
    return replayed(scores, grid, np.repeat(grid[:, None], len(scores.exits), axis=1))


def replayed(scores: Scores, grid: Floats, thresholds: Floats) -> Replay:
    """With `thresholds` `[grid, exits]`, those of each exit for each entry of the grid."""
    those, exits = counted(scores), len(scores.exits)
    left, right, unknown = (np.zeros((len(grid), exits), np.int64) for _ in range(3))
    for row, each in enumerate(thresholds):
        found, seen = taken(scores, each)
        for number in range(exits):
            here = those & (found == number)
            left[row, number] = here.sum()
            right[row, number] = (here & scores.right[number]).sum()
            unknown[row, number] = (those & (found == UNKNOWN) & (seen <= number)).sum()
    return Replay(grid, int(those.sum()), left, right, unknown)


def grid_of(scores: Scores, points: int = 101) -> Floats:
    """Thresholds worth a look: [0, 1], or from the least to the greatest measure where these lie beyond."""
    measured = scores.measure[:-1][scores.known[:-1]]
    measured = measured[np.isfinite(measured)]
    low, high = (float(measured.min()), float(measured.max())) if measured.size else (0.0, 1.0)
    low, high = (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)
    in_force = [t for t in scores.in_force if np.isfinite(t) and low <= t <= high]
    return np.unique([*np.linspace(low, high, points), *in_force])


def otherwise(scores: Scores) -> int:
    """How many samples left elsewhere than T in force says: thresholds that vary, or a system that does not go by T."""
    found, _ = taken(scores, scores.in_force)
    return int((counted(scores) & (found != UNKNOWN) & (found != scores.exit)).sum())
