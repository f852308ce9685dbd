"""Tables and figures of a tuning made by hand: which trials come first, what is marked, what stands beside a mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from simnet.analysis.sweeps.tuned import draw_keys, draw_search, result_listing, trials_listing
from simnet.experiments.sizing.limits import Limit
from simnet.experiments.tuning.goal import Goal, Trial
from simnet.experiments.tuning.tuned import Tuned
from simnet.results.run import RunError

GOAL = Goal("minimise", "bytes.total", [Limit.read("accuracy >= 90 %")])


def trial(number: int, values: Sequence[Any], accuracy: float, size: float, dropped: float = 0) -> Trial:
    metrics = {"bytes.total": size, "accuracy": accuracy, "captured": 100.0, "unfinished": 0.0, "dropped": dropped}
    ends = {f"accuracy.{end}": accuracy + half for end, half in (("low", -0.01), ("high", 0.01))}
    return GOAL.judged(number, values, [{**metrics, **ends}])


TRIALS = [
    trial(0, ("fp32", 2), 0.95, 5e6),
    trial(1, ("1bit", 2), 0.80, 1e6),
    trial(2, ("int8", 1), 0.905, 3e6),
    GOAL.judged(3, ("int8", 0), ["no worker"]),
    trial(4, ("int8", 2), 0.93, 4e6),
]


def made(trials: Sequence[Trial] = TRIALS, tested: Trial | None = None, before: Trial | None = None) -> Tuned:
    about = {"name": "made", "system": "it", "over": {"codec": ["fp32", "int8", "1bit"], "workers": [0, 1, 2]}}
    return Tuned(None, about, GOAL, trials, tested, before)


def test_the_best_trials_come_first_and_then_those_that_miss_least() -> None:
    found = trials_listing(made())
    assert found.title == "it: least bytes.total, accuracy >= 90 %"
    assert [row[0] for row in found.rows] == ["2", "4", "0", "1"]
    assert found.rows[0] == ("2", "int8", "1", "3 MB", "90.5 %", "yes, by the mean only")  # 89.5 to 91.5 %
    assert found.rows[1][-1] == "yes" and found.rows[3][-1] == "no"
    assert found.caption == "5 trials on validation data; 3 keep all limits; 1 failed"


def test_both_figures_stand_side_by_side_with_what_got_no_answer() -> None:
    tested, before = trial(2, ("int8", 1), 0.88, 3.1e6, dropped=5), trial(-1, (), 0.96, 6e6)
    found = result_listing(made(tested=tested, before=before))
    assert found.rows[0] == ("bytes.total", "3 MB", "3.1 MB", "6 MB")
    assert found.rows[1][2] == "88.0 %\n87.0 % to 89.0 %"
    assert found.rows[2] == ("accuracy >= 90 %", "kept by the mean only", "missed", "kept")
    assert found.rows[3] == ("captured without an answer", "0", "5.00 %", "0")
    assert list(made(tested=tested).sentences())[1] == (
        "accuracy >= 90 %: kept by the mean only on validation data, but missed on test data"
    )


def test_the_search_has_the_best_so_far_and_the_bound() -> None:
    """Of 5, (1, which misses), 3, nothing and 4 MB the best so far is 5, 5, 3, 3, 3."""
    above, below = draw_search(made()).axes
    (step,) = (line for line in above.lines if line.get_drawstyle() == "steps-post")
    assert list(step.get_xydata()[:, 0]) == [0, 1, 2, 3, 4] and list(step.get_xydata()[:, 1]) == [5, 5, 3, 3, 3]
    (star,) = (line for line in above.lines if line.get_marker() == "*")
    assert [tuple(at) for at in star.get_xydata()] == [(2, 3)]
    assert [line.get_ydata()[0] for line in below.lines if line.get_linestyle() == "--"] == [90]
    kept, missed = (next(line for line in above.lines if line.get_marker() == mark) for mark in ("o", "x"))
    assert list(kept.get_xdata()) == [0, 2, 4] and list(missed.get_xdata()) == [1], "the one that failed is nowhere"


def test_each_key_has_a_panel_and_words_keep_their_order() -> None:
    left, right = draw_keys(made()).axes
    assert [text.get_text() for text in left.get_xticklabels()] == ["fp32", "int8", "1bit"]
    star = [next(line for line in ax.lines if line.get_marker() == "*").get_xydata()[0] for ax in (left, right)]
    assert [tuple(at) for at in star] == [(1, 3), (1, 3)]


def test_without_results_there_is_no_figure() -> None:
    with pytest.raises(RunError, match="made: no trial of this tuning has results"):
        draw_search(made([TRIALS[3]]))


def test_without_a_trial_that_keeps_the_limits_there_is_no_star() -> None:
    nothing = made([TRIALS[1]])
    assert not any(line.get_marker() == "*" for ax in draw_search(nothing).axes for line in ax.lines)
    told = "no trial keeps all limits; the nearest is codec=1bit, workers=2, which misses accuracy >= 90 % by 11.11 %"
    assert list(nothing.sentences()) == [f"{told} of the bound"]
