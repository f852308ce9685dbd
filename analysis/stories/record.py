"""The samples of a system as arrays, as they were and as they would have been without each fault."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simnet.results.lives import ANSWERED
from simnet.results.run import Results

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Record:
    """Samples in order of capture, one entry of each array per sample.

    Attributes:
        captured: When, in s.
        correct: Whether it was answered, and rightly.
        exit: Where it was answered; None without an answer.
        latency: In s; not a number without an answer.
        bytes: Sent for it, over all hops.
    """

    captured: Floats
    correct: NDArray[np.bool_]
    exit: NDArray[np.object_]
    latency: Floats
    bytes: Floats

    def __len__(self) -> int:
        return len(self.captured)


def record_of(run: Results, system: str) -> Record:
    """The samples of a system as they were, without those of the warm-up.

    Raises:
        RunError: a table is damaged.
    """
    samples = run.samples(system).slice(run.summary.get("warm_up", 0))
    return Record(samples.column("captured_at").to_numpy(), **_columns(samples))


def without_each(run: Results, system: str, record: Record) -> dict[str, Record]:
    """The same samples without each fault of which that is known, by its name; none in runs of former versions.

    Raises:
        RunError: a table is damaged.
    """
    table = run.without(system)
    if table is None:
        return {}
    first = run.summary.get("warm_up", 0)
    faults, numbers, columns = table.column("fault").cast("string").to_numpy(), table.column("sample"), _columns(table)
    found = {}
    for fault, told in run.summary["systems"][system].get("faults", {}).items():
        if told["compared"] and told["periods"]:
            those = (faults == fault) & (numbers.to_numpy() >= first)
            at = numbers.to_numpy()[those] - first
            changed = {}
            for name, values in columns.items():
                changed[name] = getattr(record, name).copy()
                changed[name][at] = values[those]
            found[fault] = replace(record, **changed)
    return found


def _columns(table: pa.Table) -> dict[str, Any]:
    answered = np.isin(table.column("outcome").cast("string").to_numpy(), ANSWERED)
    correct = table.column("correct").cast("float64").to_numpy()
    return {
        "correct": answered & (np.nan_to_num(correct) > 0),
        "exit": np.where(answered, table.column("exit").cast("string").to_numpy(), None),
        "latency": np.where(answered, table.column("latency").to_numpy(), np.nan),
        "bytes": table.column("bytes").to_numpy().astype(float),
    }
