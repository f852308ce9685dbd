"""Five samples and three exits, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from simnet.analysis.exits.scores import Scores

NAN = float("nan")


def scores(**changed: Any) -> Scores:
    """Sample 0 leaves at a, 1 at b, 2 at c; 3 is forced to stay with b's answer; 4 gets none.

    They are captured at 0, 1, 2, 3 and 4 s. A sample is at a 2 s after its capture, at b after 3 s and at c after 5 s.
    """
    measure = np.array([[0.1, 0.4, 0.6, 0.5, NAN], [NAN, 0.2, 0.7, 0.9, NAN], [NAN, NAN, 0.3, NAN, NAN]])
    asked, captured = ~np.isnan(measure), np.arange(5.0)
    at = np.where(asked, captured + np.array([[2.0], [3.0], [5.0]]), NAN)
    values: dict[str, Any] = {
        "system": "mine",
        "exits": ("a", "b", "c"),
        "thresholds": {"a": 0.3, "b": 0.5},
        "asked": asked,
        "at": at,
        "measure": measure,
        "entropy": measure,
        "confidence": 1 - measure,
        "right": np.array([[1, 0, 1, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0]], bool),
        "views": np.where(asked, 0b11, 0),
        "sample": np.arange(5),
        "captured": captured,
        "exit": np.array([0, 1, 2, 1, -1]),
        "correct": np.array([1, 1, 1, 1, 0], bool),
        "forced": np.array([0, 0, 0, 1, 0], bool),
        "latency": np.array([2.0, 3.0, 5.0, 10.0, NAN]),
        "bytes": np.array([100, 100, 160, 160, 100]),
        "energy": np.array([1.0, 1.0, 2.0, 2.0, 1.0]),
        "finished": captured + np.array([2.0, 3.0, 5.0, 10.0, NAN]),
    }
    return Scores(**{**values, **changed})
