"""The decisions of five samples with other thresholds, and what they would have cost, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from made import NAN, scores

from simnet.analysis.exits.confidence import bins_of
from simnet.analysis.exits.costs import Costs, costs_of
from simnet.analysis.exits.fronts import front
from simnet.analysis.exits.histograms import counts
from simnet.analysis.exits.over_time import by_window, together
from simnet.analysis.exits.replay import UNKNOWN, grid_of, otherwise, replay, taken
from simnet.analysis.faults import Fault
from simnet.results.run import Results
from simnet.results.tables import spans_schema


def test_every_t_gives_the_exits_that_the_rule_says():
    """Only what is below T leaves, strictly; what nobody asked is counted as not known, from that exit on."""
    found = replay(scores(), np.array([0.0, 0.3, 0.4, 0.45, 1.0]))
    assert found.n == 4  # the fifth has no answer
    assert found.left.tolist() == [
        [0, 1, 1],  # 0 would go on to b, 1 to c: not asked; 3 stays at b, forced
        [1, 2, 1],
        [1, 2, 1],  # 1 measures 0.4 at a: not below
        [2, 1, 1],
        [4, 0, 0],
    ]
    assert found.right.tolist() == [[0, 1, 1], [1, 2, 1], [1, 2, 1], [1, 1, 1], [2, 0, 0]]
    assert found.unknown.tolist() == [[0, 1, 2], [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert found.lost.tolist() == [2, 0, 0, 0, 0]


def test_the_run_itself_is_found_again_or_it_is_told_how_often_not():
    assert taken(scores(), scores().in_force)[0].tolist() == [0, 1, 2, 1, UNKNOWN]
    assert otherwise(scores()) == 0
    assert otherwise(scores(thresholds={"a": 0.45, "b": 0.5})) == 1  # sample 1 would have left at a


def test_what_forced_runs_know_counts_where_the_same_views_had_arrived():
    """Sample 0 was asked at a with views 1 and 2. b's answer to both is what it would have met, that to one is not."""
    plain = scores()
    measure, views = plain.measure.copy(), plain.views.copy()
    measure[1, 0], views[1, 0] = 0.05, 0b11
    known = scores(measure=measure, views=views)
    assert replay(known, np.array([0.1])).left[0].tolist() == [0, 2, 1]  # 0 and, forced, 3 at b
    assert replay(known, np.array([0.1])).unknown[0].tolist() == [0, 0, 1]  # 1 would go on to c
    views[1, 0] = 0b01
    assert replay(scores(measure=measure, views=views), np.array([0.1])).unknown[0].tolist() == [0, 1, 2]


def test_who_answers_without_asking_is_counted_over_time_but_not_replayed():
    """A system of one's own gave sample 0 a right answer of its own: no exit said anything of it."""
    measure, asked, right = (values.copy() for values in (scores().measure, scores().asked, scores().right))
    measure[:, 0], asked[:, 0], right[:, 0] = NAN, False, False
    own = scores(measure=measure, asked=asked, right=right)
    assert replay(own, np.array([0.3])).n == 3
    found, _, correct = by_window(own, np.array([0.0, 1.5, 4.5]))
    assert found[0].tolist() == [1, 0] and correct.tolist() == [2, 2]


def test_an_exit_for_which_nothing_had_arrived_is_passed():
    """Sample 2 met c without having been asked at b."""
    plain = scores()
    asked, measure = plain.asked.copy(), plain.measure.copy()
    asked[1, 2], measure[1, 2] = False, NAN
    found, seen = taken(scores(asked=asked, measure=measure), np.array([0.3, 0.5, np.inf]))
    assert (found[2], seen[2]) == (2, 2)


def test_the_grid_holds_t_in_force_and_what_other_rules_measure():
    assert {0.0, 0.3, 0.5, 1.0} <= set(grid_of(scores()).tolist())
    wide = grid_of(scores(measure=scores().measure * 10))
    assert (wide[0], wide[-1]) == (1.0, 9.0)


def test_windows_count_exits_forced_answers_and_right_ones():
    found, forced, right = by_window(scores(), np.array([0.0, 1.5, 4.5]))
    assert found.tolist() == [[1, 0], [1, 1], [0, 1], [0, 1]]  # a, b, c, no answer
    assert forced.tolist() == [[0, 0], [0, 1], [0, 0], [0, 0]]
    assert right.tolist() == [2, 2]


def test_faults_of_one_time_are_named_together_and_those_outside_not_at_all():
    faults = [Fault(1, 2, frozenset("x"), "x down", True), Fault(1, 2, frozenset("y"), "y down", True)]
    faults += [Fault(5, 9, frozenset("z"), "z down", True), Fault(0.5, float("inf"), frozenset("w"), "w down", True)]
    assert together(faults, 0.75, 4.0) == [(0.75, 4.0, ["w down"]), (1, 2, ["x down", "y down"])]


def test_a_histogram_parts_right_and_wrong_answers():
    right, wrong = counts(scores(), 0, np.array([0.0, 0.45, 1.0]))
    assert (right.tolist(), wrong.tolist()) == ([1, 1], [1, 1])


def test_calibration_error_of_two_bins():
    """0.95 and 0.85 are in two bins: one of one right, none of one: (0.05 + 0.85) / 2."""
    found = bins_of(np.array([0.95, 0.85]), np.array([True, False]))
    assert found.error == pytest.approx(0.45)
    assert found.count.tolist() == [0] * 8 + [1, 1]
    assert np.isnan(bins_of(np.array([]), np.array([], bool)).error)


def recorded() -> Results:
    """Spans of the five samples: camera, report, edge (for those that go on), upload (for 2 and 3)."""
    import pyarrow as pa

    rows = []
    for sample, begin in enumerate(np.arange(5.0)):
        rows.append((sample, "camera", "compute", begin, begin, begin + 1, 0, "ok", None))
        rows.append((sample, "camera→edge", "transfer", begin + 1, begin + 1, begin + 2, 100, "ok", "camera→edge"))
        if sample in (1, 2, 3):
            rows.append((sample, "edge", "compute", begin + 2, begin + 2, begin + 3, 0, "ok", None))
        if sample in (2, 3):
            status = "ok" if sample == 2 else "lost"
            rows.append((sample, "edge→cloud", "transfer", begin + 3, begin + 3, begin + 4, 60, status, "edge→cloud"))
    columns = [pa.array(values, pa.string() if pa.types.is_dictionary(kind.type) else kind.type).cast(kind.type)
               for values, kind in zip(zip(*rows, strict=True), spans_schema(), strict=True)]  # fmt: skip
    spans = pa.table(columns, schema=spans_schema())
    nodes = {
        "camera": {"power": {"idle": "1 W", "busy": "2 W"}},
        "edge": {"power": {"send": "0.01 J/B"}},
        "cloud": None,
    }
    summary = {"scenario": "by hand", "systems": {"mine": {}}}
    return Results(None, summary, {}, {"nodes": nodes}, "", {"mine": {"spans.parquet": spans}})


def test_costs_at_a_passed_exit_are_those_of_the_steps_before_it():
    """The camera draws 1 W more for 1 s; the report has 100 B; the upload 60 B at 10 mJ each."""
    costs = costs_of(recorded(), scores(energy=np.array([1.0, 1.0, 1.6, 1.6, 1.0])))
    assert costs.latency[:, 2].tolist() == [2, 3, 5]
    assert costs.bytes[:, 2].tolist() == [100, 100, 160]
    assert costs.energy[:, 2].tolist() == pytest.approx([1.0, 1.0, 1.6])
    assert costs.latency[:, 3][:2].tolist() == [2, 3]  # without what it waited for in vain
    assert costs.bytes[1, 3] == 100 and np.isnan(costs.latency[2, 3])


def test_what_follows_the_decision_is_added_as_those_that_left_there_had_it():
    """Answers at a take 0.5 s more to where they are wanted, with 7 B."""
    plain = scores()
    latency, size = plain.latency.copy(), plain.bytes.copy()
    latency[0], size[0] = 2.5, 107
    costs = costs_of(recorded(), scores(latency=latency, bytes=size))
    assert costs.latency[0].tolist()[:4] == [2.5, 2.5, 2.5, 2.5]
    assert costs.bytes[0].tolist()[:4] == [107, 107, 107, 107]


def test_a_front_begins_at_the_run_and_ends_where_all_leave_at_once():
    """Latencies 2, 3, 5 and, forced, 10 s; at the end all of 2 s, two of four right (a: samples 0 and 2)."""
    one = scores(energy=np.array([1.0, 1.0, 1.6, 1.6, 1.0]))
    found = front(one, costs_of(recorded(), one))
    assert (found.accuracy[0], found.latency[0], found.bytes[0]) == (1.0, 5.0, 130.0)
    assert (found.accuracy[-1], found.latency[-1], found.bytes[-1]) == (0.5, 2.0, 100.0)
    assert found.energy[[0, -1]].tolist() == pytest.approx([1.3, 1.0])
    at = int(np.searchsorted(found.floor, 0.44))  # T of a is 0.44, of b 0.5: only sample 1 leaves earlier
    assert (found.accuracy[at], found.latency[at]) == (0.75, (2 + 2 + 5 + 10) / 4)
    at = int(np.searchsorted(found.floor, 0.56))  # 3, with 0.5, leaves at a of its own accord: 2 s, not 10 s
    assert (found.accuracy[at], found.latency[at]) == (0.5, (2 + 2 + 5 + 2) / 4)


def test_a_front_of_what_is_not_known_is_not_drawn():
    unknown = Costs(*(np.full((3, 5), NAN) for _ in range(3)))
    found = front(scores(), unknown)
    assert np.isnan(found.latency).all() and found.accuracy[0] == 1.0
