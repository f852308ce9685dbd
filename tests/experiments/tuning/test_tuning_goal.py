"""Goals, limits and the space that is searched, by hand; no run."""

from __future__ import annotations

import pytest

from simnet.experiments.sizing.limits import Estimate, Limit
from simnet.experiments.sweeps.axes import written
from simnet.experiments.tuning.goal import BARELY, LOST, Goal, Trial, estimated
from simnet.experiments.tuning.space import Dimension, Space, same
from simnet.results.run import RunError
from simnet.streams import stream


def goal(*limits: str, end: str = "minimise", surely: bool = False) -> Goal:
    return Goal(end, "bytes", [Limit.read(one) for one in limits], surely)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("limit", "mean", "missed"),
    [
        ("accuracy >= 80 %", 0.8, 0),
        ("accuracy >= 80 %", 0.6, 0.25),  # 0.2 of 0.8
        ("accuracy > 80 %", 0.8, BARELY),  # just there, which is not above
        ("latency.p95 < 100 ms", 0.15, 0.5),
        ("dropped <= 0", 3.0, 3.0),  # of 0 there are no shares
        ("dropped <= 0", 0.0, 0),
    ],
)
def test_what_is_missed_is_a_share_of_the_bound(limit: str, mean: float, missed: float) -> None:
    found = goal(limit).missed(Limit.read(limit), Estimate(mean, None, None))
    assert found == pytest.approx(missed, rel=1e-12)


def test_surely_is_by_the_end_of_the_interval() -> None:
    limit = Limit.read("accuracy >= 80 %")
    kept_by_mean = Estimate(0.85, 0.76, 0.94)
    assert goal(surely=False).missed(limit, kept_by_mean) == 0
    assert goal(surely=True).missed(limit, kept_by_mean) == pytest.approx(0.05)  # 0.04 of 0.8
    assert goal(surely=True).missed(limit, Estimate(0.85, 0.81, 0.89)) == 0
    assert goal(surely=True).missed(limit, Estimate(0.85, None, None)) == LOST
    upper = Limit.read("latency < 100 ms")
    assert goal(surely=True).missed(upper, Estimate(0.09, 0.07, 0.11)) == pytest.approx(0.1)


def test_the_best_keeps_all_limits_and_the_nearest_misses_by_least() -> None:
    wanted = goal("accuracy >= 80 %")
    points = [(0.5, 10.0), (0.7, 20.0), (0.8, 40.0), (0.9, 40.0), (0.95, 60.0)]
    trials = [
        wanted.judged(number, (number,), [{"accuracy": accuracy, "bytes": size}])
        for number, (accuracy, size) in enumerate(points)
    ]
    assert [one.kept for one in trials] == [False, False, True, True, True]
    assert wanted.best(trials) is trials[2], "of equal ones the first"
    assert wanted.best(trials[:2]) is None and wanted.nearest(trials[:2]) is trials[1]
    most = goal("accuracy >= 80 %", end="maximise")
    assert most.best(trials) is trials[4]


def test_repeats_give_a_mean_and_one_run_its_own_interval() -> None:
    """1, 2, 3: mean 2, half width 4.303/√3 = 2.484."""
    found = estimated([{"a": 1.0}, {"a": 2.0}, {"a": 3.0}], "a")
    assert found is not None and found.low is not None
    assert found.mean == 2.0 and found.low == pytest.approx(2 - 2.4843, abs=1e-3)
    assert estimated([{"a": 1.0, "a.low": 0.5, "a.high": 1.5}], "a") == Estimate(1.0, 0.5, 1.5)
    assert estimated([{"a": 1.0}, {"a": None}], "a") is None


def test_a_trial_without_a_result_is_worse_than_any_other() -> None:
    wanted = goal("accuracy >= 80 %")
    broken = wanted.judged(0, (), [{"accuracy": 0.9, "bytes": 1.0}, "no memory"])
    assert (broken.error, broken.missed, broken.verdict) == ("no memory", LOST, "no")
    nothing = wanted.judged(1, (), [{"accuracy": 0.9, "bytes": None}])
    assert nothing.error == "no value of bytes" and nothing.missed == LOST
    assert wanted.nearest([broken, nothing]) is None
    with pytest.raises(RunError, match="unknown metric 'bytes'; did you mean 'byte'"):
        wanted.judged(0, (), [{"accuracy": 0.9, "byte": 1.0}])


@pytest.mark.parametrize(
    "limits",
    [
        ("accuracy >= 95 %", "accuracy < 90 %"),
        ("latency.p95 <= 10 ms", "latency.p95 > 10 ms"),
        ("a < 3", "b > 5", "a >= 3"),
    ],
)
def test_limits_that_nothing_keeps_are_refused(limits: tuple[str, ...]) -> None:
    with pytest.raises(RunError, match="no value can keep both limits"):
        goal(*limits)


def test_limits_that_leave_one_value_are_none_of_these() -> None:
    assert len(goal("a >= 3", "a <= 3", "b > 5", "b < 6").limits) == 4


@pytest.mark.parametrize(
    ("text", "values", "ordered"),
    [
        ("k=8,2,4", (2, 4, 8), True),
        ("k=1 Mbit/s,500 kbit/s,2 Mbit/s", ("500 kbit/s", "1 Mbit/s", "2 Mbit/s"), True),
        ("k=fp32,1bit,int8", ("fp32", "1bit", "int8"), False),
        ("k=1,null,2", (1, None, 2), False),
        ("k=true,false", (True, False), False),
        ("k={from: 0, to: 1, steps: 3}", (0, 0.5, 1), True),
        ("k={from: 1, to: 4, whole: true}", (1, 2, 3, 4), True),
        ("k={from: 0, to: 1}", None, True),
        ("k={from: 1 ms, to: 1 s, scale: log}", None, True),
    ],
)
def test_a_key_is_numbers_of_its_values_or_a_place(text: str, values: object, ordered: bool) -> None:
    found = Dimension.of(written(text))
    assert (found.values, found.ordered) == (values, ordered)


def test_places_are_values() -> None:
    space = Space.of([written("a=8,2,4"), written("b={from: 1 ms, to: 1 s, scale: log}"), written("c=x,y")])
    assert space.count is None
    assert space.values({"a": 0, "b": 0.0, "c": 1}) == (2, "1 ms", "y")
    assert space.values({"a": 2, "b": 1.0, "c": 0}) == (8, "1000 ms", "x")
    assert space.values({"a": 1, "b": 1 / 3, "c": 0}) == (4, "10 ms", "x")
    assert Space.of([written("a=8,2,4"), written("c=x,y")]).count == 6


def test_every_point_of_a_space_can_be_drawn() -> None:
    space, random = Space.of([written("a=1,2,3"), written("b=x,y")]), stream(1, "test")
    drawn = {space.values(space.drawn(random)) for _ in range(200)}
    assert drawn == {(a, b) for a in (1, 2, 3) for b in "xy"}


def test_points_are_the_same_only_with_the_same_values() -> None:
    assert same((1, "a")) == same((1, "a")) and same(({"x": 1},)) == same(({"x": 1},))
    assert len({same((value,)) for value in (1, 1.0, True, "1", None, "null")}) == 6


def test_a_trial_counts_as_kept_by_what_it_misses() -> None:
    assert Trial(0, (), 1, {}, "yes", 0.0).kept and not Trial(0, (), 1, {}, "yes", BARELY).kept
