"""What a sweep goes over: values, intervals with units, points that are drawn, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml
from paths import ROOT

from simnet.experiments.sweeps.axes import Axis, axis, in_si, settings_of, written
from simnet.experiments.sweeps.design import points_of
from simnet.experiments.sweeps.spec import Asked, read_sweep
from simnet.experiments.sweeps.work import scenario_of
from simnet.json_schema import sweep_schema
from simnet.language.errors import ScenarioError
from simnet.scenario import load_scenario


def test_values_on_a_command_line_are_read_as_a_file_reads_them():
    found = written("links.1.bandwidth=1 Mbit/s, 10 Mbit/s,0.5,on,{a: 1},'x,y'")
    assert found.key == "links.1.bandwidth"
    assert found.values == ("1 Mbit/s", "10 Mbit/s", 0.5, True, {"a": 1}, "x,y")
    assert written("a.b=3").values == (3,)
    assert written("a.b=[3, 4]").values == (3, 4)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{from: 0, to: 1, steps: 5}", (0, 0.25, 0.5, 0.75, 1)),
        ("{from: 0.5, to: 1.5, steps: 3}", (0.5, 1.0, 1.5)),
        ("{from: 1, to: 100, steps: 3, scale: log}", (1, 10, 100)),
        ("{from: 1, to: 4, steps: 4, whole: true}", (1, 2, 3, 4)),
        ("{from: 1, to: 2, steps: 5, whole: true}", (1, 2)),
        ("{from: 1 Mbit/s, to: 3 Mbit/s, steps: 3}", ("1 Mbit/s", "2 Mbit/s", "3 Mbit/s")),
        ("{from: 500 kbit/s, to: 1 Mbit/s, steps: 3}", ("500 kbit/s", "750 kbit/s", "1000 kbit/s")),
        ("{from: 0, to: 1 s, steps: 2}", ("0 s", "1 s")),
        ("{from: 0, to: 90 %, steps: 3}", ("0 %", "45 %", "90 %")),
        ("{from: 1234567, to: 1234569, steps: 3}", (1234567, 1234568, 1234569)),
        ("{from: 1 MB, to: 1 MiB, steps: 2}", ("1 MB", "1.048576 MB")),
        ("{from: 1, to: 2, steps: 3}", (1, 1.5, 2)),
        ("{from: -0.3, to: 0.3, steps: 3}", (-0.3, 0.0, 0.3)),
        ("{from: 0, to: 0.6, steps: 4}", (0.0, 0.2, 0.4, 0.6)),
        ("{from: 1e-320, to: 1e-300, steps: 2, scale: log}", (1e-320, 1e-300)),
    ],
)
def test_an_interval_of_a_grid(text: str, values: tuple[object, ...]):
    """Both ends are just what was written, and between whole ends what is whole is a whole number."""
    found = written(f"a={text}").grid()
    assert found == values and [type(one) for one in found] == [type(one) for one in values]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "write KEY=VALUE,VALUE,… or KEY={from: …, to: …}, e.g. --over systems"),
        ("=3", "write KEY=VALUE,VALUE,… or KEY={from: …, to: …}, e.g. --over systems"),
        ("a..b=3", "dotted key"),
        ("a=", "an empty list gives no point"),
        ("a=1,2,1", "a value is given twice"),
        ("a={from: 1, too: 2}", "unknown key 'too'; did you mean 'to'"),
        ("a={from: 2, to: 1}", "'from' must be less than 'to', found 2 and 1"),
        ("a={from: 1 s, to: 2 Mbit/s}", "different units, s and Mbit/s"),
        ("a={from: -1e308, to: 1e308, steps: 3}", "too far apart"),
        ("a={from: 1, to: 1 s}", "different units, none and s"),
        ("a={from: 0, to: 2, scale: log}", "both ends must be more than 0, found 0"),
        ("a={from: x, to: 2}", "must be numbers, with or without a unit, found 'x'"),
        ("a={from: 1, to: 2, scale: lin}", "unknown value 'lin'; did you mean 'linear'"),
        ("a={b: 1}", "write a list of values, or {from: …, to: …}"),
        ("a=[1", "not YAML"),
    ],
)
def test_a_wrong_axis_is_one_message(text: str, message: str):
    with pytest.raises(ScenarioError) as raised:
        written(text)
    assert message in str(raised.value) and str(raised.value).startswith("--over ")
    assert len(raised.value.problems) == 1 or "too" in text


def test_a_grid_has_all_combinations_the_last_axis_the_fastest():
    axes = [axis("a", [1, 2], "here"), axis("b", ["x", "y", "z"], "here")]
    assert points_of(axes, "grid", None, 1) == [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")]
    with pytest.raises(ScenarioError, match="a grid has all points"):
        points_of(axes, "grid", 3, 1)
    with pytest.raises(ScenarioError, match="needs 'steps'"):
        points_of([written("a={from: 0, to: 1}")], "grid", None, 1)
    many = [axis(name, list(range(1001)), "here") for name in "ab"]
    with pytest.raises(ScenarioError, match="1,002,001 points; at most 1,000,000"):
        points_of(many, "grid", None, 1)


def test_a_latin_hypercube_has_one_point_in_each_part_of_every_axis():
    axes = [written("a={from: 0, to: 10}"), written("b={from: 1, to: 1024, scale: log}"), axis("c", ["x", "y"], "here")]
    points = points_of(axes, "latin-hypercube", 10, 1)
    assert sorted(int(a) for a, _, _ in points) == list(range(10))
    from math import log2

    assert sorted(int(log2(b)) for _, b, _ in points) == list(range(10)), "each factor of two of ten"
    assert sorted(c for _, _, c in points) == ["x"] * 5 + ["y"] * 5
    assert points == points_of(axes, "latin-hypercube", 10, 1) != points_of(axes, "latin-hypercube", 10, 2)


def test_random_points_are_in_their_intervals_and_a_function_of_the_seed():
    axes: list[Axis] = [written("a={from: 2 ms, to: 3 ms}"), written("b=1,2")]
    points = points_of(axes, "random", 40, 7)
    assert points == points_of(axes, "random", 40, 7) and len(points) == 40
    assert all(2 <= float(a.removesuffix(" ms")) <= 3 for a, _ in points) and {b for _, b in points} == {1, 2}
    assert len(points_of([axis("b", [1, 2], "here")], "random", 40, 7)) == 2, "none comes twice"
    with pytest.raises(ScenarioError, match="needs 'points'"):
        points_of(axes, "random", None, 7)


def test_whole_numbers_are_drawn_with_equal_shares():
    """A quarter of [0, 1) for each of four; on a logarithmic scale log(2.5 / 1.5) / log(4.5 / 0.5) = 0.2325 for 2."""
    linear = written("a={from: 1, to: 4, whole: true}")
    assert [linear.at(n / 8 + 1 / 16) for n in range(8)] == [1, 1, 2, 2, 3, 3, 4, 4]
    ratios = written("a={from: 1, to: 4, whole: true, scale: log}")
    assert sum(ratios.at((n + 0.5) / 10_000) == 2 for n in range(10_000)) == pytest.approx(2325, abs=1)


def test_values_with_units_in_si():
    assert in_si(["8 Mbit/s", "1 kB/s", None]) == [1e6, 1e3, None]
    assert in_si(["10 ms", "1 s"]) == [0.01, 1.0]
    assert in_si(["10 ms", "1 kB/s"]) is None and in_si([1, 2]) is None and in_si(["ddnn"]) is None


SHIPPED = sorted((ROOT / "scenarios" / "sweeps").glob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_sweep_is_one_at_all_of_its_points(file: Path):
    asked = read_sweep(file)
    points = asked.values()
    assert len(points) == {"threshold": 11, "uplink": 25, "hypercube": 40}[file.stem]
    for values in points:
        scenario_of(asked.base, list(settings_of(asked.axes, values)))
    form = sweep_schema()
    jsonschema.Draft202012Validator.check_schema(form)
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    jsonschema.validate(given, form)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**given, "method": "lhs"}, form)


BASE = "data: plaza\nsamples: 10\nworkload: {every: 1 s}\nnodes: {}\nlinks: []\nsystems: {}\n"


def test_what_a_sweep_file_says_of_the_draw_holds_until_it_is_said_otherwise():
    asked = read_sweep(ROOT / "scenarios" / "sweeps" / "hypercube.yaml")
    assert (asked.method, asked.points, asked.seed) == ("latin-hypercube", 40, 1)
    for told, becomes in (
        ((None, None), ("latin-hypercube", 40)),
        (("random", None), ("random", 40)),
        ((None, 7), ("latin-hypercube", 7)),
        (("grid", None), ("grid", None)),
    ):
        other = asked.drawn(*told)
        assert (other.method, other.points, other.seed) == (*becomes, 1)
    assert asked.drawn(None, None, 3).seed == 3


@pytest.mark.parametrize(
    ("repeats", "key", "message"),
    [
        (10_001, "samples", "that are 10,001 repeats; at most 10,000"),
        (9_000, "samples", "that are 1,080,000 runs; at most 1,000,000"),
        (2, "seed", "repeats have seeds of their own: sweep over 'seed', or repeat, not both"),
    ],
)
def test_too_many_runs_and_seeds_from_two_sides(repeats: int, key: str, message: str):
    """120 values × 9,000; and with both seeds the table's one column could not tell them apart."""
    axes = [axis(key, list(range(1, 2 if repeats > 10_000 else 121)), "here")]
    base = load_scenario(ROOT / "scenarios" / "six_cameras.yaml")
    with pytest.raises(ScenarioError) as wrong:
        Asked("a", base, axes, repeats=repeats).values()
    assert message in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenario: base.yaml\nover:\n  links.9.bandwidth: []\n", ":3: links.9.bandwidth: an empty list"),
        ("scenario: base.yaml\nover: {}\n", ":2: over: "),
        ("scenario: base.yaml\novr: {a: [1]}\n", ":2: ovr: unknown key 'ovr'; did you mean 'over'?"),
        ("scenario: base.yaml\nover: {a: [1]}\nmethod: lhs\n", ":3: method: unknown value 'lhs'"),
        ("scenario: base.yaml\nover: {a: [1]}\nrepeats: 0\n", ":3: repeats: must be 1 or more, found 0"),
        ("scenario: bse.yaml\nover: {a: [1]}\n", "bse.yaml: no such file; "),
    ],
)
def test_a_mistake_in_a_sweep_file_has_its_line(tmp_path: Path, text: str, message: str):
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    file = tmp_path / "sweep.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as raised:
        read_sweep(file)
    assert message in str(raised.value)


@pytest.mark.parametrize("option", ["--most ", "--least "])
def test_what_is_written_to_another_option_is_told_of_that_one(option: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        written("let.cameras", option)
    assert f"e.g. {option}let.cameras=1,2,4,8" in str(caught.value) and "over" not in str(caught.value).lower()
