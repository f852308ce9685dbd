"""A rule that changes what it is given, fails, or gives no numbers is one message, in calibration as in a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simnet.models.evaluation.outcome import Exits
from simnet.models.rules import ExitRule
from simnet.models.rules.checked import grid_of, learned
from simnet.registry import PluginError

SCORES = np.random.default_rng(1).normal(size=(2, 6, 3))
LABELS = np.arange(6) % 3


class Bad(ExitRule):
    """`measure`, `answers` and `fit` are what a test makes of them."""

    def measure(self, here: Any, before: Any) -> Any:
        return np.zeros(len(here))


def change(self: Any, here: Any, before: Any) -> Any:
    here[...] = 0
    return np.zeros(len(here))


@pytest.mark.parametrize(
    ("name", "what", "message"),
    [
        ("measure", change, "read-only"),
        (
            "measure",
            lambda self, here, before: np.full(len(here), np.nan),
            "measure gives no number .NaN. for sample 0",
        ),
        ("measure", lambda self, here, before: 0.5, r"measure gives shape \(\) for 6 samples"),
        ("measure", lambda self, here, before: np.zeros(len(here), complex), "no numbers"),
        ("answers", lambda self, here, before: np.hstack([here, here]), r"answers gives shape \(6, 6\), not \(6, 3\)"),
        ("answers", lambda self, here, before: here * np.nan, "answers gives no number .NaN. for sample 0"),
        ("measure", lambda self, here, before: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_what_is_no_rule_is_told(name: str, what: Any, message: str) -> None:
    kind = type("Worse", (Bad,), {name: what})
    before = SCORES.copy()
    with pytest.raises(PluginError, match=rf"exit rule Worse at exit 'early': .*{message}"):
        Exits({"early": SCORES[0], "late": SCORES[1]}, LABELS, {"early": kind()})
    assert np.array_equal(SCORES, before)


def spoil(cls: Any, here: Any, before: Any, labels: Any) -> Any:
    labels[...] = 0


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (classmethod(spoil), "fit fails .*read-only"),
        (classmethod(lambda cls, here, before, labels: {"w": np.zeros(3)}), "fit gives .* no names with plain values"),
        (classmethod(lambda cls, here, before, labels: {"w": float("nan")}), "fit gives"),
        (classmethod(lambda cls, here, before, labels: {1: 2}), "fit gives"),
        (lambda self, here, before, labels: {}, "fit fails"),
    ],
)
def test_what_a_rule_learns_must_fit_a_card(fit: Any, message: str) -> None:
    with pytest.raises(PluginError, match=f"exit rule Worse: {message}"):
        learned(type("Worse", (Bad,), {"fit": fit}), SCORES[1], [SCORES[0]], LABELS)
    assert LABELS.tolist() == [0, 1, 2] * 2


@pytest.mark.parametrize("grid", [[], [0.5, 0.1], "ab", [0.0, np.nan], [[0.1]]])
def test_a_grid_is_an_ascending_list_of_numbers(grid: Any) -> None:
    with pytest.raises(PluginError, match="exit rule Worse: grid gives"):
        grid_of(type("Worse", (Bad,), {"grid": lambda self, step=0.01: grid})())
