"""Figures of sweeps: what is drawn of which, values and intervals by hand, fronts, scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from simnet.analysis.figures import draw_sweep_figures
from simnet.analysis.sweeps.draw import draw_heat, draw_lines, front, sweep_kinds
from simnet.analysis.sweeps.listing import listing
from simnet.analysis.sweeps.points import points_of
from simnet.analysis.sweeps.scales import scale_of
from simnet.experiments.sweeps.sweep import Results
from simnet.experiments.sweeps.table import table_of
from simnet.results.run import RunError


def system(accuracy: float | None, p95: float) -> dict[str, Any]:
    return {
        "accuracy": accuracy,
        "latency": {"p95": p95},
        "intervals": {"accuracy": {"low": None if accuracy is None else accuracy - 0.1, "high": 1.0}},
        "usage": {"places": {"edge": {"utilisation": 0.5}}},
    }


def made(over: Mapping[str, Sequence[Any]], rows: Sequence[Any], repeats: int = 1, method: str = "grid") -> Results:
    about = {
        "name": "made", "over": {key: list(values) for key, values in over.items()}, "method": method,
        "points": len(rows) // repeats, "repeats": repeats, "failed": 0,
    }  # fmt: skip
    return Results(None, about, table_of(list(over), rows))


def run(point: int, values: Sequence[Any], accuracy: float | None, p95: float = 0.1, repeat: int = 0) -> Any:
    return point, values, repeat, 7 + repeat, {"summary": {"systems": {"it": system(accuracy, p95)}}}


ONE = made({"a": [1, 2, 4]}, [run(0, [1], 0.5), run(1, [2], 0.75), run(2, [4], 1.0)])


def test_the_table_has_a_row_for_each_run_and_system_and_none_for_each_place():
    table = made(
        {"b": ["8 kbit/s", "1 kB/s"]}, [run(0, ["8 kbit/s"], 0.5), (1, ["1 kB/s"], 0, 7, {"error": "no"})]
    ).table
    assert table.column_names == [
        "point", "b", "b [SI]", "repeat", "seed", "system", "accuracy", "accuracy.low", "accuracy.high", "latency.p95",
        "error",
    ]  # fmt: skip
    good, bad = table.to_pylist()
    assert good["b [SI]"] == bad["b [SI]"] == 1000.0 and good["accuracy.low"] == pytest.approx(0.4)
    assert (good["system"], good["error"], bad["system"], bad["error"]) == ("it", None, None, "no")


def test_means_over_repeats_have_student_s_interval_and_one_run_its_own():
    """1, 2, 3: mean 2, and 4.303 / √3 to either side."""
    found = made({"a": [1]}, [run(0, [1], None, p95, n) for n, p95 in enumerate((1.0, 2.0, 3.0))], repeats=3)
    (point,) = points_of(found, "it")
    value = point.value("latency.p95")
    assert value.mean == 2 and value.high == pytest.approx(2 + 4.3027 / sqrt(3), abs=1e-4)
    assert point.value("accuracy") == (None, None, None)
    assert points_of(ONE, "it")[1].value("accuracy") == (0.75, 0.65, 1.0)
    found = listing(ONE, 2)
    first, second = ["0", "1", "it", "50.0 % ± 30.0 %", "100 ms"], ["1", "2", "it", "75.0 % ± 17.5 %", "100 ms"]
    assert found.rows == [first, second] and found.columns[0] == "point"


def test_lines_are_the_values_in_the_words_of_the_axis():
    figure = draw_lines(ONE, ["accuracy", "latency.p95"])
    accuracy, latency = figure.axes
    (line,) = accuracy.lines
    assert line.get_xdata().tolist() == [1, 2, 4] and line.get_ydata().tolist() == [50, 75, 100]
    assert accuracy.get_ylabel() == "right answers, %" and accuracy.get_xlabel() == "a"
    assert latency.lines[0].get_ydata().tolist() == pytest.approx([100, 100, 100])


def test_a_heat_map_has_each_point_in_its_cell_and_none_where_there_is_none():
    rows = [run(0, [1, "x"], 0.1), run(1, [1, "y"], 0.2), run(2, [2, "x"], 0.3), (3, [2, "y"], 0, 7, {"error": "no"})]
    figure = draw_heat(made({"a": [1, 2], "b": ["x", "y"]}, rows), ["accuracy"])
    panel = figure.axes[0]
    written = {(text.get_position(), text.get_text()) for text in panel.texts}
    assert written == {((0.5, 0.5), "10"), ((0.5, 1.5), "20"), ((1.5, 0.5), "30")}
    assert [text.get_text() for text in panel.get_yticklabels()] == ["x", "y"]


def test_a_front_is_what_no_other_beats_in_both():
    points = [(1.0, 0.5), (2.0, 0.9), (2.0, 0.8), (3.0, 0.9), (0.5, 0.5), (4.0, 1.0)]
    assert front(points, more_x=False, more_y=True) == [(0.5, 0.5), (2.0, 0.9), (4.0, 1.0)]
    assert front(points, more_x=True, more_y=True) == [(4.0, 1.0)]


def test_which_figures_show_a_sweep():
    two, three = {"a": [1, 2], "b": [1, 2]}, {"a": [1, 2], "b": [1, 2], "c": [1, 2]}
    assert sweep_kinds(ONE) == ["lines", "front"]
    assert sweep_kinds(made(two, [])) == ["heat", "front"]
    assert sweep_kinds(made({**two, "c": [1]}, [])) == ["heat", "front"], "one value is no axis"
    assert sweep_kinds(made(three, [])) == ["points", "front"]
    assert sweep_kinds(made(two, [], method="random")) == ["points", "front"]


def test_axes_of_quantities_are_in_the_unit_of_the_first_and_logarithmic_over_large_ratios():
    scale = scale_of("bandwidth", ["10 Mbit/s", "1 Gbit/s", "500 kbit/s"])
    assert scale.title == "bandwidth, Mbit/s" and scale.log
    assert scale.places == pytest.approx({"500 kbit/s": 0.5, "10 Mbit/s": 10, "1 Gbit/s": 1000})
    assert not scale_of("a", [1, 19]).log and not scale_of("a", [0, 100]).log
    words = scale_of("preset", ["wifi", "wan"])
    assert words.texts == ["wifi", "wan"] and words.at("wan") == 1


def test_every_kind_is_drawn_and_mistakes_are_one_message(tmp_path: Path, simnet: Callable[..., Any]):
    three = made({"a": [1, 2], "b": ["x", "y"], "c": [1, 2]}, [run(0, [1, "x", 1], 0.1), run(1, [2, "y", 2], 0.2)])
    for sweep, kinds in ((ONE, ["lines", "front"]), (three, ["points", "front"])):
        drawn = draw_sweep_figures(sweep, tmp_path, ending="svg")
        assert [path.stem for path in drawn.files] == kinds and not drawn.problems
    with pytest.raises(RunError, match=r"unknown metric 'latency\.p59'; did you mean 'latency\.p95'"):
        draw_sweep_figures(ONE, tmp_path, ["latency.p59"])
    with pytest.raises(RunError, match="no run of this sweep has results"):
        draw_sweep_figures(made({"a": [1]}, [(0, [1], 0, 7, {"error": "no"})]), tmp_path)
    status, _, err = simnet("plot", tmp_path, "--metrics", "accuracy")
    assert status == 2 and "--metrics is of sweeps, and this is none" in err


def test_counts_have_no_ticks_between_them():
    """Of 2 and 3 cameras an axis in fifths of a camera would come of its own."""
    found = draw_lines(made({"a": [2, 3]}, [run(0, [2], 0.5), run(1, [3], 0.6)]), ["accuracy"])
    ticks = found.axes[0].get_xticks()
    assert {2.0, 3.0} <= set(ticks) and all(tick == int(tick) for tick in ticks)


def test_long_values_that_begin_alike_are_told_apart():
    names = [{"preset": "raspberry-pi-3"}, {"preset": "raspberry-pi-4"}]
    assert scale_of("node", names).texts == ['{"pres…-pi-3"}', '{"pres…-pi-4"}']
