"""Simulated time: whole picoseconds, and seconds at its edge. Without SimPy, for whoever only reads results."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the command line is ready before numpy is
    import numpy as np
    from numpy.typing import NDArray

PER_SECOND = 10**12
"""Ticks of the clock, picoseconds, in a second."""


LONGEST = 1e12
"""The longest time that is taken, in s."""


def ticks(time: float) -> int:
    """Whole picoseconds in a time in s, of its shortest decimal: 0.1 s are 10¹¹, as they were written.

    Half a picosecond goes to the even neighbour. Raises OverflowError or ValueError for what is not finite.
    """
    return round(Decimal(repr(float(time))).scaleb(12))


def ticks_of(times: NDArray[np.float64]) -> list[int]:
    """`ticks` of many times, none below 0: the decimals are asked only where the product is too near to a half."""
    import numpy as np

    scaled = times * float(PER_SECOND)  # as near as twice the space between floats to what `ticks` rounds
    whole = np.rint(scaled)
    with np.errstate(invalid="ignore"):
        sure = (0.5 - np.abs(scaled - whole)) > 4 * np.spacing(scaled)
    if sure.all():
        found: list[int] = whole.astype(np.int64).tolist()
        return found
    return [
        int(one) if good else ticks(time)
        for one, good, time in zip(whole.tolist(), sure.tolist(), times.tolist(), strict=True)
    ]


def seconds(time: int) -> float:
    """The float next to a time of the clock, in s."""
    return time / PER_SECOND


_EXACT = 1 << 53
"""Whole numbers below it are floats, too."""


def whole_numbers(times: Sequence[int]) -> NDArray[Any]:
    """Times of the clock as int64 or, where one is larger (106 days), as Python's own numbers (`object`).

    Of an array of 64-bit numbers it is a view.
    """
    import numpy as np

    if isinstance(times, array):
        return np.frombuffer(times, np.int64)
    try:
        return np.fromiter(times, np.int64, len(times))
    except OverflowError:
        found = np.empty(len(times), object)
        found[:] = times
        return found


def floats(times: NDArray[Any]) -> NDArray[np.float64]:
    """Times of the clock in s, to the last bit as by `seconds`."""
    import numpy as np

    if times.dtype != object and (not len(times) or -_EXACT < int(times.min()) <= int(times.max()) < _EXACT):
        return np.asarray(times / float(PER_SECOND))
    return np.array([seconds(time) for time in times.tolist()], float)
