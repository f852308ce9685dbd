"""What a timeline shows: which samples, from when to when, in which colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simnet.analysis.faults import Fault
from simnet.analysis.style import OTHERS, SAMPLES


@dataclass(frozen=True)
class View:
    """What one system's panel shows: samples `first` to `last`, between the times `start` and `end`."""

    first: int
    last: int
    start: float
    end: float
    faults: tuple[Fault, ...]
    colours: Mapping[str, str]
    markers: Mapping[str, str]

    def shows(self, sample: int) -> bool:
        """Whether a sample is one of those asked for."""
        return self.first <= sample <= self.last

    def colour(self, sample: int) -> str:
        """The colour of a sample's steps; of others, that of whatever was in the way."""
        return SAMPLES[sample % len(SAMPLES)] if self.shows(sample) else OTHERS


def period_of(tables: Any, first: int, last: int) -> tuple[float, float]:
    """From the first capture to the last answer, but no longer than twice the captures or half of the answers need."""
    start, end, captured, half = np.inf, -np.inf, -np.inf, -np.inf
    for table in tables:
        part = table.slice(first, last - first + 1)
        times = part.column("captured_at").to_numpy()
        done = part.column("finished_at").fill_null(times.max()).to_numpy()
        start, captured = min(start, times.min()), max(captured, times.max())
        end, half = max(end, done.max()), max(half, float(np.median(done)))
    span = max(captured - start, 1e-3)
    end = min(end, max(captured + span, half))
    margin = 0.012 * max(end - start, 1e-3)
    return float(start - margin), float(end + 4 * margin)  # a marker and a number stand after the last answer


def captures_of(tables: Any, first: int, last: int) -> tuple[float, float]:
    """From the first capture to the last."""
    times = next(iter(tables)).column("captured_at").to_numpy()[first : last + 1]
    margin = 0.004 * max(times[-1] - times[0], 1e-3)
    return float(times[0] - margin), float(times[-1] + margin)
