"""The league's tables and figure, of statistics that are made up."""

from __future__ import annotations

from typing import Any

import pytest

from simnet.analysis.league import BYTES, CAPTURED, draw_league, pairs, rows
from simnet.analysis.style import look


def statistic(mean: float | None, half: float | None = 0.0) -> dict[str, Any]:
    if mean is None or half is None:
        return {"mean": mean, "low": None, "high": None, "n": 1}
    return {"mean": mean, "low": mean - half, "high": mean + half, "n": 5}


def system(accuracy: float | None, seconds: float) -> dict[str, Any]:
    return {
        "captured": statistic(1000),
        "accuracy_of_captured": statistic(accuracy, 0.01),
        "accuracy": statistic(0.9, 0.02),
        "latency.mean": statistic(seconds, 0.001),
        "latency.p95": statistic(2 * seconds, 0.002),
        "bytes.total": statistic(3_300_000, 30_000),
        "energy.dynamic_per_sample": statistic(0.0412, 0.0001),
        "flop.per_sample": statistic(39.8e6),
    }


@pytest.fixture
def summary() -> dict[str, Any]:
    systems = {"one": system(0.85, 0.02), "two": system(0.8, 0.05), "bound": system(0.9, 0.03)}
    found = {"accuracy.mean": statistic(-0.05, 0.01), "latency.mean": statistic(0.03, 0.002)}
    paired = {"two vs one": found, "bound vs one": found, "bound vs two": found}
    return {"repeats": {"systems": systems, "paired": paired}}


def test_every_number_stands_with_its_interval(summary: dict[str, Any]) -> None:
    head, first, *_ = rows(summary)
    assert dict(zip(head, first, strict=True)) == {
        "system": "`one`",
        "right of captured, %": "85.0 (84.0–86.0)",
        "right of finished, %": "90.0 (88.0–92.0)",
        "latency mean, ms": "20.0 (19.0–21.0)",
        "p95, ms": "40.0 (38.0–42.0)",
        "kB": "3.30 (3.27–3.33)",  # 3.3 MB of 1,000 samples
        "mJ": "41.2 (41.1–41.3)",
        "MFLOP": "39.8 (39.8–39.8)",
    }


def test_what_does_not_exist_is_a_dash(summary: dict[str, Any]) -> None:
    assert CAPTURED.cell(system(None, 0.1)) == "–"
    assert BYTES.cell({"captured": statistic(10), "bytes.total": statistic(4.0, None)}) == "–"
    assert BYTES.cell({"captured": statistic(10)}) == "–"


def test_differences_are_those_to_the_baseline_alone(summary: dict[str, Any]) -> None:
    assert pairs(summary, "one")[1:] == [
        ("`two`", "−5.0 (−6.0 to −4.0)", "+30.0 (+28.0 to +32.0)"),
        ("`bound`", "−5.0 (−6.0 to −4.0)", "+30.0 (+28.0 to +32.0)"),
    ]


def test_the_figure_has_every_system_in_every_panel(summary: dict[str, Any]) -> None:
    """A point lies at its means; a bound is hollow, and said to be none that can be built."""
    with look():
        figure = draw_league(summary, ["bound"])
    points = [
        [tuple(round(float(value[0]), 3) for value in c.lines[0].get_data()) for c in ax.containers]
        for ax in figure.axes
    ]
    assert points[0] == [(3.3, 85.0), (3.3, 80.0), (3.3, 90.0)]
    assert points[1] == [(20.0, 85.0), (50.0, 80.0), (30.0, 90.0)]
    assert points[2] == [(41.2, 85.0), (41.2, 80.0), (41.2, 90.0)]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["one", "two", "bound (not implementable)"]
    faces = [container.lines[0].get_markerfacecolor() for container in figure.axes[0].containers]
    assert faces[2] == "none" and "none" not in faces[:2]
