"""Which consecutive samples a timeline shows when nobody says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simnet.analysis.faults import Fault

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

DENSE, SPARSE = 12, 8  # samples shown when they overlap in time, and when they do not


def usual_length(samples: Mapping[str, pa.Table]) -> int:
    """How many samples fit a readable timeline: more if each is still under way when the next one comes."""
    table = next(iter(samples.values()))
    captured = table.column("captured_at").to_numpy()
    latencies = [table.column("latency").drop_null().to_numpy() for table in samples.values()]
    latency = np.concatenate(latencies) if latencies else np.zeros(0)
    if len(captured) < 2 or not len(latency):
        return SPARSE
    return DENSE if float(np.median(latency)) > float(np.diff(captured).mean()) else SPARSE


def choose_window(samples: Mapping[str, pa.Table], faults: Sequence[Fault], length: int) -> int:
    """Number of the first sample of the most telling window of `length` consecutive samples.

    A window is telling if every system leaves at many of its exits in it (each counted up to twice) and, where the
    scenario has faults, if the first fault that some sample saw begins in its first half. Of equals, the earliest.
    """
    tables = list(samples.values())
    count = min((table.num_rows for table in tables), default=0)
    starts = max(count - length, 0) + 1
    score = np.zeros(starts)
    for table in tables:
        answers = _answers(table)[:count]
        for answer in sorted(set(answers)):
            happened = np.concatenate([[0], np.cumsum(answers == answer)])
            in_window = happened[np.minimum(np.arange(starts) + length, count)] - happened[:starts]
            score += np.minimum(in_window, 2)
    if not count:
        return 0
    captured = tables[0].column("captured_at").to_numpy()
    for fault in faults:
        first = int(np.searchsorted(captured, fault.start))
        if first < count and fault.start > captured[0]:
            near = np.arange(starts)
            score[(near > first - 2) | (near < first - length // 2)] -= 1e6
            break
    return int(score.argmax())


def _answers(table: pa.Table) -> NDArray[Any]:
    """Outcome and exit of each sample in one word."""
    outcome = table.column("outcome").cast("string").to_numpy()
    exits = table.column("exit").cast("string").fill_null("").to_numpy()
    return np.asarray(outcome.astype(str) + "@" + exits.astype(str))
