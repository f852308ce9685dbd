"""What arrival processes have in common: draws in blocks, summed up as if in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from simnet.workloads.spec import Times

BLOCK = 1024
"""How many draws are made at a time where it is not known how many will be needed."""


def walk(draw: np.random.Generator, mean: float) -> Iterator[Times]:
    """Arrival times of a Poisson process, block by block, without end."""
    last = 0.0
    while True:
        times = sums(last, draw.exponential(mean, BLOCK))
        last = float(times[-1])
        yield times


def sums(start: float, steps: Times) -> Times:
    """`start` plus the first step, the first two, …: added up as in one long block, to the last bit."""
    return np.cumsum(np.concatenate([[start], steps]))[1:]


def collect(blocks: Iterator[Times], enough: Callable[[float, int], bool]) -> Times:
    """Blocks of arrivals until `enough(last of them, how many)`; blocks may be empty."""
    found, last, number = [np.empty(0)], 0.0, 0
    while not enough(last, number):
        found.append(next(blocks))
        number += len(found[-1])
        last = float(found[-1][-1]) if len(found[-1]) else last
    return np.concatenate(found)
