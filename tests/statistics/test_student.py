"""Student's t: quantiles of published tables, an interval by hand."""

from __future__ import annotations

from math import sqrt

import pytest

from simnet.statistics.student import t_interval, t_quantile, welch_interval


@pytest.mark.parametrize(
    ("level", "df", "t"),
    [
        (0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 3, 3.182), (0.95, 4, 2.776), (0.95, 9, 2.262), (0.95, 10, 2.228),
        (0.95, 19, 2.093), (0.95, 29, 2.045), (0.95, 120, 1.980), (0.95, 5000, 1.960), (0.9, 5, 2.015),
        (0.99, 1, 63.657), (0.99, 10, 3.169), (0.999, 9, 4.781), (0.999, 30, 3.646), (0.998, 1, 318.309),
    ],
)  # fmt: skip
def test_quantiles_of_student_s_t_are_those_of_the_tables(level: float, df: int, t: float):
    assert t_quantile(level, df) == pytest.approx(t, abs=5.1e-4)


def test_an_interval_by_hand():
    """1, 2, 3: variance 1, so 4.303 / √3 to either side of 2."""
    mean, half = t_interval([1.0, 2.0, 3.0])
    assert mean == 2 and half == pytest.approx(4.303 / sqrt(3), abs=1e-3)


def test_the_interval_of_a_difference_by_hand():
    """Equal sizes and variances: Welch's degrees of freedom are 2 + 2, the error √(1/3 + 1/3)."""
    mean, half = welch_interval([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    assert mean == -3 and half == pytest.approx(2.776 * sqrt(2 / 3), abs=1e-3)
