"""The curves over time of a report, and what would have been without a fault, by hand."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pyarrow as pa

from simnet.report.overtime import over_time


def played(without: pa.Table | None) -> Any:
    """Twenty samples, one a second: in four windows of five. Those of the second are wrong, and take 2 s, not 1 s."""
    slow = [5 <= number < 10 for number in range(20)]
    samples = pa.table(
        {
            "captured_at": [float(number) for number in range(20)],
            "correct": [not wrong for wrong in slow],
            "latency": [2.0 if wrong else 1.0 for wrong in slow],
        }
    )
    return SimpleNamespace(
        systems=("mine",),
        parts=lambda name, file, columns: iter([samples.select(columns)]),
        without=lambda name: without,
    )


def curves(page: str) -> list[list[str]]:
    """The curves of each plot, dotted ones with a mark."""
    plots = re.findall(r'<div class="plot">.*?</div>', page, re.DOTALL)
    found = [re.findall(r'<path d="([^"]*)" class="line s0( dotted)?"/>', plot) for plot in plots]
    return [[f"{way}{kind}" for way, kind in plot] for plot in found]


def test_without_the_fault_the_curve_is_dotted_where_it_is_another() -> None:
    """All right and 1 s: dotted in the second window and those beside it. Latencies go from 0 to 2.1 s."""
    without = pa.table(
        {"fault": ["storm"] * 5, "sample": list(range(5, 10)), "correct": [True] * 5, "latency": [1.0] * 5}
    )
    page = over_time(played(without), [])
    right, median, late = curves(page)
    assert right == ["M125 0L375 1000L625 0L875 0", "M125 0L375 0L625 0 dotted"]
    assert median == ["M125 523.8L375 47.6L625 523.8L875 523.8", "M125 523.8L375 523.8L625 523.8 dotted"]
    assert late == median
    assert "without that fault" in page


def test_a_sample_without_an_answer_there_is_not_right() -> None:
    """Without the other fault the last sample is dropped: four of five are right, and have a latency."""
    nothing = {"correct": pa.array([None], pa.bool_()), "latency": pa.array([None], pa.float64())}
    without = pa.table({"fault": ["calm"], "sample": [19], **nothing})
    right, median, _ = curves(over_time(played(without), []))
    assert right[1] == "M625 0L875 200 dotted"
    assert median[1] == "M625 523.8L875 523.8 dotted"


def test_nothing_is_dotted_where_nothing_would_have_been_other() -> None:
    empty = pa.table({name: pa.array([], pa.float64()) for name in ("sample", "correct", "latency")})
    empty = empty.append_column("fault", pa.array([], pa.string()))
    for without in (None, empty):
        page = over_time(played(without), [])
        assert "dotted" not in page and "without that fault" not in page
