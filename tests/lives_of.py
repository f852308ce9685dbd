"""What sections are given, made from small tables written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, nan
from typing import Any

import numpy as np
import pyarrow as pa

from simnet.metrics import SECTIONS
from simnet.network.spans import Spans
from simnet.results.kept.recorded import Recorded
from simnet.results.ledger import Ledger
from simnet.results.lives import Lives, words
from simnet.results.section import Played
from simnet.results.steps import Steps
from simnet.scenario import Scenario


def lives_of(samples: pa.Table, left: Sequence[float] | None = None, end: float = nan) -> Lives:
    """The lives in a table of samples, which may have the end of answered samples only, or none: then `left` has it.

    `end` is that of the run, for those that are unfinished.
    """

    def numbers(column: str, none: float) -> np.ndarray:
        return np.array([none if value is None else value for value in samples[column].to_pylist()], type(none))

    captured, latency = numbers("captured_at", nan), numbers("latency", nan)
    gone = np.fmin(numbers("ended_at", inf), numbers("finished_at", inf)) if left is None else np.array(left, float)
    return Lives(
        captured=captured,
        left=gone,
        lasted=np.where(np.isnan(latency), np.where(np.isinf(gone), end, gone) - captured, latency),
        **{key: words(samples[key].to_pylist()) for key in ("outcome", "exit", "reason", "site")},
        image=numbers("image", -1),
        label=numbers("label", -1),
        prediction=numbers("prediction", -1),
        correct=numbers("correct", False),
        latency=latency,
        measure=numbers("entropy", nan),
        kind=words(samples["class"].to_pylist()),
        deadline=numbers("deadline", nan),
    )


def played(lives: Lives, exits: Sequence[str], end: float, scenario: Scenario | None = None, **more: Any) -> Played:
    """A system of which only this is known."""
    nothing: dict[str, Any] = {
        "recorded": Recorded(Spans()),
        "incidents": (),
        "empty_at": {},
        "policies": (),
        "thresholds": {},
    }
    nothing |= {"ledger": Ledger({}, Steps.of(()), {}, len(lives))}
    return Played(
        name="it", system="it", exits=tuple(exits), scenario=scenario, lives=lives, end=end, **{**nothing, **more}
    )  # fmt: skip


def sections(run: Played, *names: str) -> dict[str, Any]:
    """These sections of ours, those that there are."""
    found = {name: SECTIONS[name]().of(run) for name in names}
    return {name: section for name, section in found.items() if section is not None}
