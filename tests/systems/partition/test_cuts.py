"""Partitions of a DAG: the worked example, and brute force over every subset of the vertices."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from math import inf

import numpy as np
import pytest

from simnet.systems.partition import cuts
from simnet.systems.partition.cuts import (
    Partitions,
    cut_in_order,
    greatest_throughput,
    least_latency,
    minimum_cut,
    partitions,
)
from simnet.systems.partition.dag import Dag, Loads

EXAMPLE = Dag((0, 19, 20, 3), (0, 6, 5, 20), (10, 8, 25, 2), ((0, 1), (1, 2), (1, 3)))
"""Without arcs against the stream the least cut is {0, 3} for 24, which nothing can run: 3 takes what 1 gives."""


def every_closed_set(dag: Dag) -> list[frozenset[int]]:
    """By trying all subsets, without a word on the order of vertices."""
    rest = range(1, len(dag.device))
    found = (frozenset((0, *some)) for count in range(len(rest) + 1) for some in combinations(rest, count))
    return [kept for kept in found if all(s in kept for s, t in dag.arcs if t in kept)]


def random_dag(draw: random.Random, most: int = 8) -> Dag:
    """Whole numbers, so that sums are exact; some vertices cost nothing, several may be last."""
    count = draw.randint(2, most)
    arcs = [(s, t) for t in range(1, count) for s in sorted(draw.sample(range(t), draw.randint(1, min(3, t))))]

    def times() -> list[int]:
        return [draw.choice((0, draw.randint(1, 30))) for _ in range(count)]

    device, edge, send = times(), times(), times()
    device[0] = edge[0] = 0
    return Dag(device, edge, send, arcs, draw.choice((0, draw.randint(1, 9))), draw.choice((0, draw.randint(1, 9))))


def by_hand(dag: Dag, kept: frozenset[int]) -> Loads:
    """T_d, T_x and T_e from their definitions."""
    rest = dag.everything - kept
    sent = {s for s, t in dag.arcs if s in kept and t in rest}
    apart = 1 if rest else 0
    return Loads(
        sum(dag.device[v] for v in kept),
        sum(dag.send[v] for v in sent) + apart * dag.once,
        sum(dag.edge[v] for v in rest),
        apart * dag.aside,
    )


def sets_of(known: Partitions) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(row).tolist()) for row in known.kept}


@pytest.mark.parametrize("find", [minimum_cut, least_latency])
def test_the_worked_example(find: object) -> None:
    kept = find(EXAMPLE)  # type: ignore[operator]
    assert kept == {0, 1, 3}
    assert EXAMPLE.loads(kept) == (22, 8, 5, 0)
    assert EXAMPLE.loads(kept).latency == 35
    assert not EXAMPLE.is_closed({0, 3}) and EXAMPLE.is_closed({0, 1, 3})


def test_against_brute_force() -> None:
    """On 600 random DAGs both ways to the least latency, and the greatest throughput, are those of all subsets."""
    draw, branched, apart = random.Random(7), 0, 0
    for _ in range(600):
        dag = random_dag(draw)
        every = every_closed_set(dag)
        known = partitions(len(dag.device), tuple(dag.arcs))
        assert known is not None and sets_of(known) == set(every)
        least = min(by_hand(dag, kept).latency for kept in every)
        for kept in (minimum_cut(dag), least_latency(dag)):
            assert dag.is_closed(kept)
            assert dag.loads(kept) == by_hand(dag, kept)
            assert dag.loads(kept).latency == least
        steadiest = greatest_throughput(dag)
        assert dag.loads(steadiest).slowest == min(by_hand(dag, kept).slowest for kept in every)
        branched += len(dag.arcs) >= len(dag.device)
        apart += 1 < len(minimum_cut(dag)) < len(dag.device)
    assert branched > 300 and apart > 100  # they are no chains, and the cuts no ends


@pytest.mark.parametrize("find", [minimum_cut, least_latency])
def test_times_that_are_no_whole_numbers(find: Callable[[Dag], frozenset[int]]) -> None:
    """All on the device: 1.1; {0} 0.3 + 2.1, {0, 1} 0.9 + 0.4 + 2.1, with 2 1 + 0.1 + 1.3, with 3 1 + 0.4 + 0.8.

    In floats 0.9 less what flows through it leaves a rounding: a full arc seems open, and {0} the least.
    """
    tenths = Dag((0, 0.9, 0.1, 0.1), (0, 0, 0.8, 1.3), (0.3, 0.1, 0.8, 1.1), ((0, 1), (0, 2), (1, 2), (1, 3)))
    assert find(tenths) == {0, 1, 2, 3}


def test_times_of_machines_against_brute_force() -> None:
    """FLOP over a speed, bytes over a bandwidth, of magnitudes far apart; some results cannot be sent."""
    draw = random.Random(11)
    for _ in range(400):
        dag = random_dag(draw)
        unit = [10.0 ** draw.randint(-9, 3) / draw.choice((3, 7, 4e9)) for _ in range(3)]
        times = [[time * one for time in row] for row, one in zip((dag.device, dag.edge, dag.send), unit, strict=True)]
        send = [draw.choice((time, time, inf)) for time in times[2]]
        dag = Dag(times[0], times[1], send, dag.arcs, dag.once * unit[2], dag.aside * unit[2])
        every = every_closed_set(dag)
        least = min(by_hand(dag, kept).latency for kept in every)
        for kept in (minimum_cut(dag), least_latency(dag)):
            assert kept in every
            assert by_hand(dag, kept).latency == pytest.approx(least, rel=1e-12)
        steadiest = by_hand(dag, greatest_throughput(dag)).slowest
        assert steadiest == pytest.approx(min(by_hand(dag, kept).slowest for kept in every), rel=1e-12)


def test_weights_of_a_cut() -> None:
    """Weight 3 on the device is a device three times as slow."""
    draw = random.Random(3)
    for _ in range(60):
        dag = replace(random_dag(draw), aside=0)
        slow = Dag([3 * t for t in dag.device], [2 * t for t in dag.edge], dag.send, dag.arcs, dag.once)
        kept = minimum_cut(dag, (3.0, 1.0, 2.0))
        assert slow.loads(kept).latency == slow.loads(minimum_cut(slow)).latency


def test_too_many_sets_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """With more closed sets the latency stays exact, and the throughput comes near to the greatest."""
    draw, near, count = random.Random(5), 0, 25
    monkeypatch.setattr(cuts, "WEIGHTS", (0.125, 0.5, 1.0, 2.0, 8.0))
    monkeypatch.setattr(cuts, "CLOSER", (0.7, 1.0, 1.4))
    for _ in range(count):
        dag = random_dag(draw)
        exact = dag.loads(least_latency(dag)).latency, dag.loads(greatest_throughput(dag)).slowest
        with monkeypatch.context() as few:
            few.setattr(cuts, "partitions", lambda vertices, arcs: None)
            assert dag.loads(least_latency(dag)).latency == exact[0]
            found = greatest_throughput(dag)
            assert dag.is_closed(found)
            slowest = dag.loads(found).slowest
            assert slowest >= exact[1]
            near += slowest <= 1.2 * exact[1]
    assert near >= 0.8 * count


def test_closed_sets_are_bounded() -> None:
    wide = tuple((0, vertex) for vertex in range(1, 14))  # 2^13 sets
    assert partitions(14, wide) is None
    some = partitions(13, wide[:-1])
    assert some is not None and len(some.kept) == 4_096
    chain = partitions(5_000, tuple((n, n + 1) for n in range(4_999)))
    assert chain is None


def test_cuts_of_an_order() -> None:
    """Neurosurgeon looks at the beginnings of one order: of the example's, {0, 1} for 19 + 8 + 25 and three others."""
    assert cut_in_order(EXAMPLE) == {0}  # 10 + 31
    assert EXAMPLE.loads(frozenset((0,))).latency == 41
    assert cut_in_order(EXAMPLE, [0, 1, 3, 2]) == {0, 1, 3}  # in this order it finds the best
    with pytest.raises(ValueError, match="no topological order"):
        cut_in_order(EXAMPLE, [0, 2, 1, 3])
    with pytest.raises(ValueError, match="no topological order"):
        cut_in_order(EXAMPLE, [0, 1, 2])
    draw = random.Random(2)
    for _ in range(60):
        dag = random_dag(draw)
        count = len(dag.device)
        chain = replace(dag, arcs=[(n, n + 1) for n in range(count - 1)])
        assert chain.loads(cut_in_order(chain)).latency == chain.loads(minimum_cut(chain)).latency
        assert dag.loads(cut_in_order(dag)).latency >= dag.loads(minimum_cut(dag)).latency


def test_what_is_no_dag() -> None:
    with pytest.raises(ValueError, match=r"arc \(2, 1\) does not lead upward"):
        Dag((0, 1, 1), (0, 1, 1), (1, 1, 1), ((0, 1), (2, 1)))
    with pytest.raises(ValueError, match="2, 3 and 2 times for the same vertices"):
        Dag((0, 1), (0, 1, 1), (1, 1), ((0, 1),))
