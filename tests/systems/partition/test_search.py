"""The inverse search, on chains whose cuts are told by hand."""

from __future__ import annotations

from math import inf

from simnet.systems.partition.dag import Dag
from simnet.systems.partition.search import choose, inverse_search

ARCS = ((0, 1), (1, 2))
DAGS = {
    "exit-1": Dag((0, 4, 1), (0, 1, 0), (10, 3, 0), ARCS),
    "exit-2": Dag((0, 6, 6), (0, 2, 1), (10, 3, 0), ARCS),
    "exit-3": Dag((0, 6, 20), (0, 2, 5), (10, 3, 0), ARCS),
}
"""By hand (T_d, T_x, T_e): exit-1 all on the device 5, 0, 0; exit-2 cut at 1: 6, 3, 1; exit-3 cut at 1: 6, 3, 5."""
ACCURACY = {"exit-1": 0.80, "exit-2": 0.89, "exit-3": 0.90}


def found(rate: float, limit: float, loss: float = 0.2) -> tuple[str, set[int], str, bool]:
    choice = inverse_search(DAGS, ACCURACY, rate, limit, loss)
    return choice.exit, set(choice.kept), choice.load, choice.met


def test_a_looser_limit_lets_deeper() -> None:
    """Fig. 6 [S]: latencies are 14, 10 and 5."""
    assert found(0.0, inf) == ("exit-3", {0, 1}, "light", True)
    assert found(0.0, 14.0) == ("exit-3", {0, 1}, "light", True)
    assert found(0.0, 13.9) == ("exit-2", {0, 1}, "light", True)
    assert found(0.0, 10.0) == ("exit-2", {0, 1}, "light", True)
    assert found(0.0, 9.9) == ("exit-1", {0, 1, 2}, "light", True)


def test_no_plan_meets_the_limit() -> None:
    """Then the least latency among the exits that are right often enough."""
    assert found(0.0, 4.9) == ("exit-1", {0, 1, 2}, "light", False)
    assert found(0.0, 4.9, loss=0.012) == ("exit-2", {0, 1}, "light", False)
    assert found(0.0, 4.9, loss=0.0) == ("exit-3", {0, 1}, "light", False)


def test_accuracy_bounds_the_exits() -> None:
    """0.89 is one point below 0.90, and 1.2 are allowed [S]; what is not known is not taken."""
    assert inverse_search(DAGS, ACCURACY, 0.0, 5.0, 0.01).exit == "exit-2"
    assert inverse_search(DAGS, ACCURACY, 0.0, 5.0, 0.0099).exit == "exit-3"
    assert inverse_search(DAGS, {"exit-3": 0.9}, 0.0, 5.0, 1.0).exit == "exit-3"
    assert inverse_search(DAGS, {}, 0.0, 5.0, 1.0).exit == "exit-3"


def test_load_is_heavy_when_the_quickest_cut_does_not_keep_up() -> None:
    """Of exit-3 the quickest cut is busy for 6 on the device: at a rate of 1/6 it does not keep up (strictly)."""
    assert choose("exit-3", DAGS["exit-3"], 0.99 / 6, inf).load == "light"
    heavy = choose("exit-3", DAGS["exit-3"], 1 / 6, inf)
    assert (heavy.load, set(heavy.kept), heavy.met) == ("heavy", {0, 1}, True)  # 6 is the least there is, and enough
    assert not choose("exit-3", DAGS["exit-3"], 1 / 5.9, inf).met


def test_under_heavy_load_the_throughput_counts() -> None:
    """At 1/5.5 exit-3 (6) and exit-2 (6) do not keep up, exit-1 does, in 5, where load is light again."""
    assert found(1 / 5.5, 1.0) == ("exit-1", {0, 1, 2}, "light", False)
    assert found(1 / 5.5, 6.0) == ("exit-1", {0, 1, 2}, "light", True)
    # Where none keeps up, the steadiest: exit-1, cut at 1, is busy for 4.
    assert found(1.0, 1.0) == ("exit-1", {0, 1}, "heavy", False)
