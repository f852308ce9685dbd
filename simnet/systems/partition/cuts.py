"""Which vertices the device runs: for the least latency, for the greatest throughput, or a cut of one order of them.

Pure functions of a `Dag`. A chain of segments is a DAG, too, so a system that cuts chains can use them as well:
`cut_in_order` is Neurosurgeon's choice (Kang et al. 2017), on a DAG that of one topological order [R DADS].

A partition is the set of vertices that the device runs; it must be *closed*: with a vertex it has all that this one
takes something of. Of equally good ones the first in the order of `Partitions` is taken (our choice).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import isinf, lcm

import numpy as np
from numpy.typing import NDArray

from simnet.systems.partition.dag import Dag

MOST_SETS = 4_096
"""Closed sets up to which all are tried; a chain has as many as vertices [I]."""
WEIGHTS = tuple(2.0**n for n in range(-4, 5))
"""Of device and edge against the link, tried where there are more closed sets (as DADS [R]; the grid is ours)."""
CLOSER = tuple(2.0 ** (n / 4) for n in range(-4, 5))
"""Factors on the best of these weights, for a second turn around them."""


Node = int | str | tuple[str, int]
"""Of the graph that is cut: a vertex, an end, or what a vertex gives."""


@dataclass(frozen=True, eq=False)
class Partitions:
    """All closed sets of a graph, those with fewer vertices first.

    Attributes:
        kept: Vertices of each set, `[sets, vertices]`, 1 or 0.
        sent: Those of them whose results are sent, `[sets, vertices]`.
        split: Whether the edge has a part, `[sets]`.
    """

    kept: NDArray[np.float64]
    sent: NDArray[np.float64]
    split: NDArray[np.float64]

    def first_least(self, values: NDArray[np.float64]) -> frozenset[int]:
        """The vertices of the set with the least of `values` `[sets]`."""
        return frozenset(np.flatnonzero(self.kept[int(np.argmin(values))]).tolist())

    def times(self, dag: Dag) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Seconds of device, link and edge for each set; infinite where what cannot be sent would be."""
        send = np.asarray(dag.send, dtype=np.float64)
        unsendable = np.isinf(send)
        link = self.sent @ np.where(unsendable, 0.0, send) + self.split * dag.once
        if unsendable.any():
            link[self.sent[:, unsendable].any(axis=1)] = np.inf
        return self.kept @ np.asarray(dag.device), link, (1 - self.kept) @ np.asarray(dag.edge)


@lru_cache(maxsize=256)
def partitions(vertices: int, arcs: tuple[tuple[int, int], ...], most: int = MOST_SETS) -> Partitions | None:
    """All closed sets of a graph; None where there are more than `most`."""
    before = [0] * vertices
    for source, target in arcs:
        before[target] |= 1 << source
    sets = [1]
    for vertex in range(1, vertices):
        sets += [one | 1 << vertex for one in sets if not before[vertex] & ~one]
        if len(sets) > most:
            return None
    sets.sort(key=lambda one: (one.bit_count(), one))
    kept = np.array([[one >> vertex & 1 for vertex in range(vertices)] for one in sets], dtype=np.float64)
    sent = np.zeros_like(kept)
    for source, target in arcs:
        sent[:, source] = np.maximum(sent[:, source], kept[:, source] * (1 - kept[:, target]))
    return Partitions(kept, sent, np.asarray(1.0 - kept.all(axis=1), dtype=np.float64))


def least_latency(dag: Dag) -> frozenset[int]:
    """The partition with the least latency, exactly: the best of all, or a minimum cut where there are too many."""
    all_of_them = partitions(len(dag.device), tuple(dag.arcs))
    if all_of_them is None:
        return minimum_cut(dag)
    device, link, edge = all_of_them.times(dag)
    return all_of_them.first_least(device + link + edge + all_of_them.split * dag.aside)


def greatest_throughput(dag: Dag) -> frozenset[int]:
    """The partition that keeps no resource busy for long: with the least of its `Loads.slowest`.

    The best of all; where there are too many, the best of minimum cuts with weights (α, 1, γ) on device, link and edge,
    a heuristic: the problem is NP-hard (DADS [R]).
    """
    all_of_them = partitions(len(dag.device), tuple(dag.arcs))
    if all_of_them is not None:
        return all_of_them.first_least(np.maximum.reduce(all_of_them.times(dag)))

    def best(weights: Iterator[tuple[float, float]]) -> tuple[float, tuple[float, float], frozenset[int]]:
        found = []
        for alpha, gamma in weights:
            kept = minimum_cut(dag, (alpha, 1.0, gamma))
            found.append((dag.loads(kept).slowest, (alpha, gamma), kept))
        return min(found, key=lambda one: one[:2])

    first = best(product(WEIGHTS, WEIGHTS))
    alpha, gamma = first[1]
    second = best((alpha * a, gamma * c) for a, c in product(CLOSER, CLOSER))
    return min(first, second, key=lambda one: one[0])[2]


def minimum_cut(dag: Dag, weights: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> frozenset[int]:
    """The partition with the least latency, as a minimum cut between device and edge; exact.

    Capacities are those of DADS [R]: a vertex costs its time on the edge when it is cut from the device, and the other
    way round; what it gives is paid once, through a vertex of its own where several take it. That nothing goes back to
    the device is said by infinite arcs from every vertex to those whose results it takes [I]: without them the least
    cut can be one that no machines can run. `weights` multiply the times of device, link and edge.
    """
    import networkx as nx  # only now: a scenario is checked without it

    on_device, on_link, on_edge = weights
    finite: list[tuple[Node, Node, float]] = [("D", "apart", on_link * dag.once + dag.aside)]
    """The last: paid if the edge has a part, which is that of a last vertex."""
    graph = nx.DiGraph()  # an arc without a capacity has an infinite one
    graph.add_edge("D", 0)
    for vertex, targets in enumerate(dag.after):
        if vertex:
            finite.append(("D", vertex, on_edge * dag.edge[vertex]))
        finite.append((vertex, "E", on_device * dag.device[vertex]))
        if not targets:
            graph.add_edge("apart", vertex)
        result = ("result", vertex)
        if targets:
            finite.append((vertex, result, on_link * dag.send[vertex]))
        for target in targets:
            graph.add_edge(result, target)
            graph.add_edge(target, vertex)
    for (begin, end, _), capacity in zip(finite, _whole([time for *_, time in finite]), strict=True):
        graph.add_edge(begin, end, **({} if capacity is None else {"capacity": capacity}))
    _, (kept, _) = nx.minimum_cut(graph, "D", "E")
    return frozenset(vertex for vertex in kept if isinstance(vertex, int))


def _whole(times: Sequence[float]) -> list[int | None]:
    """The same in whole numbers of one unit, exactly; None for infinite ones.

    Flows are added and subtracted: of floats what is left of an arc that is full may be a rounding, not zero, and then
    the cut goes through the wrong arcs.
    """
    ratios = [None if isinf(time) else time.as_integer_ratio() for time in times]
    unit = lcm(*(ratio[1] for ratio in ratios if ratio is not None))
    return [None if ratio is None else ratio[0] * (unit // ratio[1]) for ratio in ratios]


def cut_in_order(dag: Dag, order: Sequence[int] | None = None) -> frozenset[int]:
    """The partition with the least latency among the beginnings of one topological order (by default 0, 1, 2 …).

    That is all that Neurosurgeon looks at: on a chain it is exact, on a DAG it may miss the best. Raises ValueError for
    an order that is not topological.
    """
    listed = list(range(len(dag.device))) if order is None else list(order)
    found = [frozenset(listed[:count]) for count in range(1, len(listed) + 1)]
    if set(listed) != dag.everything or not all(map(dag.is_closed, found)):
        raise ValueError(f"{listed} is no topological order of the {len(dag.device)} vertices")
    return min(found, key=lambda kept: dag.loads(kept).latency)
