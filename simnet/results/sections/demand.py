"""What became of deadlines, classes and sites: sections of a system's summary (docs/results.md defines every key)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simnet.results.summary import ANSWERED, latency_of, mean_of, words

if TYPE_CHECKING:
    import pyarrow as pa

Mask = NDArray[np.bool_]


def demand_report(samples: pa.Table, exits: Sequence[str], end: float) -> dict[str, Any]:
    """The sections `deadlines`, `classes` and `sites`, each only where a sample has one.

    Args:
        samples: Columns as in `simnet.result_forms.samples_schema`.
        exits: The system's exits, from the devices upward.
        end: When the run ended, in s of simulated time.

    Returns:
        A mapping ready for JSON: times in seconds, shares in [0, 1], None where a value does not exist.
    """
    lives = _Lives.of(samples, end)
    report: dict[str, Any] = {}
    if lives.due.any():
        report["deadlines"] = lives.deadlines(np.ones(len(lives.due), bool))
    for section, column in (("classes", "class"), ("sites", "site")):
        group = words(samples, column)
        # In order of the first sample would depend on chance: in order of the alphabet.
        if names := sorted({name for name in group.tolist() if name is not None}):
            report[section] = {name: lives.part(group == name, exits) for name in names}
    return report


@dataclass(frozen=True)
class _Lives:
    """How each sample ended, as arrays; `due` has those with a deadline, `passed` those whose deadline has passed."""

    answered: Mask
    correct: Mask
    exit: NDArray[np.object_]
    latency: NDArray[np.float64]
    due: Mask
    in_time: Mask
    undecided: Mask

    @classmethod
    def of(cls, samples: pa.Table, end: float) -> _Lives:
        outcome = words(samples, "outcome")
        answered = np.isin(outcome, ANSWERED)
        latency = samples.column("latency").cast("float64").to_numpy()
        deadline = samples.column("deadline").cast("float64").to_numpy()
        with np.errstate(invalid="ignore"):  # without an answer or a deadline: not a number, and not in time
            in_time = answered & (latency <= deadline)
            ahead = samples.column("captured_at").to_numpy() + deadline > end
        correct = samples.column("correct").fill_null(False).to_numpy().astype(bool)
        undecided = (outcome == "unfinished") & ahead
        return cls(answered, correct, words(samples, "exit"), latency, ~np.isnan(deadline), in_time, undecided)

    def part(self, those: Mask, exits: Sequence[str]) -> dict[str, Any]:
        """The numbers of some samples."""
        answered = self.answered & those
        count = int(answered.sum())
        times = latency_of(self.latency[answered])
        here = {name: int((answered & (self.exit == name)).sum()) for name in exits}
        found: dict[str, Any] = {
            "captured": int(those.sum()),
            "answered": count,
            "accuracy": mean_of(self.correct[answered]),
            "latency": {key: times[key] for key in ("mean", "p50", "p95", "p99")},
            "exits": {name: {"count": n, "share": n / count if count else None} for name, n in here.items()},
        }
        if (self.due & those).any():
            found["deadlines"] = self.deadlines(those)
        return found

    def deadlines(self, those: Mask) -> dict[str, Any]:
        """Of the samples with a deadline how many were answered in time, late or not at all.

        A sample that was still under way when the run ended, its deadline yet to come, is undecided, and counts in no
        rate (our choice: neither a miss nor a success can be told).
        """
        due = self.due & those
        decided = due & ~self.undecided
        met, late, undecided = (int(mask.sum()) for mask in (
            due & self.in_time, due & self.answered & ~self.in_time, due & self.undecided
        ))  # fmt: skip
        samples, judged = int(due.sum()), int(decided.sum())
        unanswered = samples - met - late - undecided
        return {
            "samples": samples,
            "met": met,
            "late": late,
            "unanswered": unanswered,
            "undecided": undecided,
            "miss_rate": (late + unanswered) / judged if judged else None,
            "accuracy_in_time": int((due & self.in_time & self.correct).sum()) / judged if judged else None,
        }
