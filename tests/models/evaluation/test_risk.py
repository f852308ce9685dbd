"""Risk control: the binomial tail, the path from strict to loose, and that the promise is kept as often as promised."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from simnet.models.evaluation.risk import UnkeepableError, controlled, losses_of, most_losses, needed, path, tail


@pytest.mark.parametrize(("losses", "samples", "epsilon"), [(0, 10, 0.1), (3, 20, 0.25), (20, 20, 0.5)])
def test_tail_is_that_of_the_binomial_distribution(losses: int, samples: int, epsilon: float) -> None:
    right = sum(comb(samples, k) * epsilon**k * (1 - epsilon) ** (samples - k) for k in range(losses + 1))
    assert tail(losses, samples, epsilon) == pytest.approx(right)


def test_least_number_of_samples() -> None:
    """0.99²²⁹ = 0.1001 > 0.1, 0.99²³⁰ = 0.0991 ≤ 0.1."""
    assert needed(0.01, 0.1) == 230
    assert most_losses(229, 0.01, 0.1) == -1 and most_losses(230, 0.01, 0.1) == 0


def test_a_promise_that_so_few_samples_cannot_give_is_one_message() -> None:
    measures, correct = np.zeros((2, 229)), np.ones((2, 229), dtype=bool)
    with pytest.raises(UnkeepableError, match=r"at most 0.01 with probability 0.9 takes 230 .* there are 229"):
        controlled(measures, correct)


def test_loss_is_an_early_mistake_that_the_last_exit_would_not_have_made() -> None:
    measures = np.array([[0.1, 0.1, 0.1, 0.9], [0.0, 0.0, 0.0, 0.0]])
    correct = np.array([[False, True, False, False], [True, True, False, True]])
    assert losses_of(measures, correct, [0.5]).tolist() == [True, False, False, False]


def test_path_goes_from_strict_to_loose() -> None:
    found = path(np.array([[0.4, 0.1, 0.3, 0.2], [4, 1, 3, 2], [0, 0, 0, 0]]), steps=3)
    assert found.tolist() == [[-np.inf, -np.inf], [0.2, 2], [0.3, 3], [0.4, 4]]


def test_loosest_thresholds_that_keep_the_promise() -> None:
    """1,000 samples, of which the ten per cent that are least sure are wrong, and a risk of 3 %."""
    measures = np.stack([np.arange(1_000) / 1_000, np.zeros(1_000)])
    correct = np.stack([np.arange(1_000) < 900, np.ones(1_000, dtype=bool)])
    allowed = most_losses(1_000, 0.03, 0.1)
    (t,) = controlled(measures, correct, 0.03, 0.1)
    assert losses_of(measures, correct, [t]).sum() <= allowed < losses_of(measures, correct, [t + 0.006]).sum()
    assert controlled(measures, np.zeros_like(correct), 0.03, 0.1)[0] == pytest.approx(0.999)  # nothing to lose
    none = np.stack([np.zeros(1_000, dtype=bool), np.ones(1_000, dtype=bool)])
    (t,) = controlled(measures, none, 0.03, 0.1)
    assert losses_of(measures, none, [t]).sum() <= allowed


def test_promise_is_kept_in_at_least_the_promised_share_of_draws() -> None:
    """True risk of T is known: the first exit is wrong with probability t² · 0.4 at measure t, the second never."""
    random, epsilon, delta, draws = np.random.default_rng(1), 0.05, 0.2, 300
    kept = 0
    for _ in range(draws):
        t = random.random(400)
        measures = np.stack([t, np.zeros(400)])
        correct = np.stack([random.random(400) >= 0.4 * t**2, np.ones(400, dtype=bool)])
        (chosen,) = controlled(measures, correct, epsilon, delta)
        kept += 0.4 * min(chosen, 1.0) ** 3 / 3 <= epsilon  # ∫ 0.4 t² dt
    assert kept / draws >= 1 - delta - 0.04  # two standard errors of the share
    assert kept < draws  # nor is it so strict that it says nothing
