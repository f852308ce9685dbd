"""Bisection for where limits stop being kept, limits and their verdicts, order of values: by hand, without a run."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest

from simnet.experiments.sizing.limits import Estimate, Limit, estimate
from simnet.experiments.sizing.search import Bracket, bracket
from simnet.experiments.sizing.size import looks_at, ordered, together
from simnet.experiments.sweeps.axes import written
from simnet.language.errors import ScenarioError
from simnet.results.run import RunError


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_every_pattern_is_found(count: int) -> None:
    """All ways in which yes, then cannot tell, then no can follow each other, told by counting them."""
    for kept, not_broken in combinations_with_replacement(range(count + 1), 2):
        answers = ["yes"] * kept + ["cannot tell"] * (not_broken - kept) + ["no"] * (count - not_broken)
        found = bracket(count, answers.__getitem__)
        assert found == Bracket(kept - 1 if kept else None, not_broken if not_broken < count else None), answers
        assert list(found.untold(count)) == list(range(kept, not_broken))


def test_few_values_are_asked_for() -> None:
    """Of 1,000 values, the ten or eleven that bisection needs: where all can be told, the second one adds none."""
    asked: set[int] = set()

    def verdict(number: int) -> str:
        asked.add(number)
        return "yes" if number < 333 else "no"

    assert bracket(1000, verdict) == Bracket(332, 333)  # type: ignore[arg-type]
    assert len(asked) <= 11


@pytest.mark.parametrize(
    ("text", "key", "sign", "bound"),
    [
        ("latency.p95 < 100 ms", "latency.p95", "<", 0.1),
        ("accuracy>=95%", "accuracy", ">=", 0.95),
        ("  bytes.total <= 2 MB ", "bytes.total", "<=", 2e6),
        ("energy.per_sample > 3 mJ", "energy.per_sample", ">", 0.003),
        ("dropped <= 0", "dropped", "<=", 0.0),
        ("latency.max <= 0", "latency.max", "<=", 0.0),
        ("flop.per_sample < 2 GFLOP", "flop.per_sample", "<", 2e9),
        ("exits.cloud.share <= 0.3", "exits.cloud.share", "<=", 0.3),
        ("mine.depth < 3 ms", "mine.depth", "<", 0.003),
    ],
)
def test_limits_are_read(text: str, key: str, sign: str, bound: float) -> None:
    found = Limit.read(text)
    assert (found.key, found.sign, found.bound) == (key, sign, pytest.approx(bound))


@pytest.mark.parametrize("text", ["latency.p95", "latency.p95 = 3 ms", "< 3 ms", "latency.p95 < soon", "a < 3 apples"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(RunError, match=r"limit '"):
        Limit.read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency.p95 < 100", "'100' has no unit; write e.g. '100 ms'"),
        ("latency.mean < 10 MB", "'10 MB' is no time"),
        ("latency.mean < 10 %", "'10 %' is no time"),
        ("simulated_time < 3", "'3' has no unit"),
        ("bytes.total <= 2000", "'2000' has no unit; write e.g. '2000 kB'"),
        ("energy.per_sample < 2 W", "'2 W' is no energy"),
        ("flop.per_sample < 1 GFLOP/s", "is no number of operations; "),
        ("accuracy >= 95", "a share is from 0 to 1, or from 0 % to 100 %, found 95"),
        ("exits.cloud.share < 120 %", "a share is from 0 to 1"),
        ("accuracy.low > 90", "a share is from 0 to 1"),
        ("accuracy > 3 ms", "'3 ms' is no share"),
        ("dropped < 1e400", "1e400 is too large"),
    ],
)
def test_a_limit_is_of_its_metric_s_quantity(text: str, message: str) -> None:
    """100 of a latency would be 100 s, and 95 of an accuracy 9,500 %: nobody means that."""
    with pytest.raises(RunError) as wrong:
        Limit.read(text)
    assert message in str(wrong.value) and str(wrong.value).startswith(f"limit '{text}': ")


def test_an_interval_decides_by_both_ends() -> None:
    limit = Limit.read("latency.p95 < 100 ms")
    assert limit.verdict(Estimate(0.08, 0.07, 0.099)) == "yes"
    assert limit.verdict(Estimate(0.08, 0.07, 0.1)) == "cannot tell"  # 100 ms are not below 100 ms
    assert limit.verdict(Estimate(0.12, 0.1, 0.14)) == "no"
    assert limit.verdict(Estimate(0.01, None, None)) == "cannot tell"
    least = Limit.read("accuracy >= 90 %")
    assert [least.verdict(Estimate(0.9, *ends)) for ends in ((0.9, 0.92), (0.89, 0.92), (0.8, 0.89))] == [
        "yes",
        "cannot tell",
        "no",
    ]


def test_one_broken_limit_breaks_all() -> None:
    limits = [Limit.read("latency.p95 < 100 ms"), Limit.read("accuracy > 90 %")]
    good, bad, open_ = Estimate(0.95, 0.94, 0.96), Estimate(0.5, 0.4, 0.6), Estimate(0.9, 0.85, 0.95)
    fast = Estimate(0.05, 0.04, 0.06)
    assert together(limits, [fast, good]) == "yes"
    assert together(limits, [fast, open_]) == "cannot tell"
    assert together(limits, [bad, open_]) == "no" == together(limits, [fast, None])


def test_interval_of_repeats() -> None:
    """1, 2, 3: mean 2, standard error 1/√3; t of 95 % with two degrees of freedom is 4.303."""
    found = estimate([1.0, 2.0, 3.0], 0.95)
    assert found is not None and found.high is not None
    assert found.mean == 2.0 and found.high - 2 == pytest.approx(4.303 / 3**0.5, rel=1e-3)
    assert estimate([1.0, None], 0.95) is None and estimate([], 0.95) is None
    assert estimate([4.0], 0.95) == Estimate(4.0, None, None)


def test_repeats_are_looked_at_after_each_doubling() -> None:
    assert looks_at(24) == [3, 6, 12, 24] and looks_at(2) == [2] and looks_at(3) == [3] and looks_at(7) == [3, 6, 7]


@pytest.mark.parametrize(
    ("text", "end", "values"),
    [
        ("k={from: 1, to: 4}", "most", [1, 2, 3, 4]),
        ("k={from: 1, to: 4}", "least", [4, 3, 2, 1]),
        ("k=8,2,4", "most", [2, 4, 8]),
        ("k=1 Mbit/s,500 kbit/s,2 Mbit/s", "least", ["2 Mbit/s", "1 Mbit/s", "500 kbit/s"]),
        ("k={from: 0, to: 1, steps: 3}", "most", [0, 0.5, 1]),
    ],
)
def test_values_go_from_the_easiest_on(text: str, end: str, values: list[object]) -> None:
    assert ordered(written(text, "--most "), end) == values  # type: ignore[arg-type]


def test_an_interval_without_steps_has_sixty_five() -> None:
    found = ordered(written("k={from: 100 kbit/s, to: 10 Mbit/s, scale: log}", "--least "), "least")
    assert len(found) == 65


@pytest.mark.parametrize("text", ["k=fifo,fair", "k={from: 3, to: 3}", "k=1 s,1 MB"])
def test_values_without_an_order_are_refused(text: str) -> None:
    with pytest.raises(ScenarioError):
        ordered(written(text, "--most "), "most")


def test_more_values_than_a_sweep_may_have_are_refused() -> None:
    with pytest.raises(ScenarioError, match="that are 10,000,000,000 values; at most 1,000,000"):
        ordered(written("k={from: 1, to: 10000000000}", "--most "), "most")
