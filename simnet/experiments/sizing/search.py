"""Where limits stop being kept, along values of which each is harder to keep them with than the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simnet.experiments.sizing.limits import Verdict


@dataclass(frozen=True)
class Bracket:
    """What bisection found, as numbers of values from the easiest, 0, on.

    Attributes:
        kept: The last value that surely keeps the limits; None: not even the easiest does surely.
        broken: The first one that surely does not; None: not even the hardest is sure not to.
    """

    kept: int | None
    broken: int | None

    def untold(self, count: int) -> range:
        """The values between, of which it cannot be told."""
        return range(-1 if self.kept is None else self.kept, count if self.broken is None else self.broken)[1:]


def bracket(count: int, verdict: Callable[[int], Verdict]) -> Bracket:
    """Bisect twice: for the last "yes" and for the first "no"; where every value can be told these are neighbours.

    `verdict` is asked for few of the `count` values, and once for each.
    """
    known: dict[int, Verdict] = {}

    def asked(number: int) -> Verdict:
        if number not in known:
            known[number] = verdict(number)
        return known[number]

    kept = _last(count, lambda number: asked(number) == "yes")
    seen_broken = min((number for number, one in known.items() if one == "no"), default=count)
    broken = _last(seen_broken, lambda number: asked(number) != "no", after=kept) + 1
    return Bracket(kept if kept >= 0 else None, broken if broken < count else None)


def _last(count: int, holds: Callable[[int], bool], after: int = -1) -> int:
    """The last number below `count` of which it holds, if it holds of all up to that one; at least `after`."""
    low, high = after, count
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low
