"""What became of deadlines: the section `deadlines` (docs/results.md defines every key)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simnet.results.cells import percent
from simnet.results.lives import Lives, Mask, Places
from simnet.results.section import Played, Section
from simnet.results.tables import NUMBER

FORM = {**dict.fromkeys(("late", "unanswered"), int), **dict.fromkeys(("miss_rate", "accuracy_in_time"), NUMBER)}


class Deadlines(Section):
    """Of the samples with a deadline how many were answered in time, late or not at all."""

    name = "deadlines"
    form = FORM

    def of(self, run: Played) -> dict[str, Any] | None:
        """See `deadlines_of`."""
        everyone = np.ones(len(run.lives), bool)
        return deadlines_of(run.lives, everyone) if run.lives.due.any() else None

    def rows(self, found: Mapping[str, Any]) -> dict[str, str]:
        """The share that missed theirs, and that of right answers in time."""
        missed = f"{percent(found['miss_rate'])} ({found['late']:,} late, {found['unanswered']:,} unanswered)"
        return {"deadlines missed": missed, "right and in time": percent(found["accuracy_in_time"])}


def deadlines_of(lives: Lives, those: Mask | Places) -> dict[str, Any]:
    """The counts of `those` that have a deadline.

    A sample that was still under way when the run ended, its deadline yet to come, is undecided, and counts in no
    rate (our choice: neither a miss nor a success can be told).
    """
    with np.errstate(invalid="ignore"):  # without a deadline: not a number, and not ahead
        open_still = (lives.outcome[those] == "unfinished") & (lives.deadline[those] > lives.lasted[those])
    due, in_time = lives.due[those], lives.in_time[those]
    met, late, undecided = (int(mask.sum()) for mask in (
        due & in_time, due & lives.answered[those] & ~in_time, due & open_still
    ))  # fmt: skip
    samples, judged = int(due.sum()), int((due & ~open_still).sum())
    unanswered = samples - met - late - undecided
    return {
        "samples": samples,
        "met": met,
        "late": late,
        "unanswered": unanswered,
        "undecided": undecided,
        "miss_rate": (late + unanswered) / judged if judged else None,
        "accuracy_in_time": int((due & in_time & lives.correct[those]).sum()) / judged if judged else None,
    }
