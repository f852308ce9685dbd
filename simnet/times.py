"""Simulated time: whole picoseconds, and seconds at its edge. Without SimPy, for whoever only reads results."""

from __future__ import annotations

from decimal import Decimal

PER_SECOND = 10**12
"""Ticks of the clock, picoseconds, in a second."""


def ticks(time: float) -> int:
    """Whole picoseconds in a time in s, of its shortest decimal: 0.1 s are 10¹¹, as they were written.

    Half a picosecond goes to the even neighbour. Raises OverflowError or ValueError for what is not finite.
    """
    return round(Decimal(repr(float(time))).scaleb(12))


def seconds(time: int) -> float:
    """The float next to a time of the clock, in s."""
    return time / PER_SECOND
