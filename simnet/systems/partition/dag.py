"""A network's vertices with what they take on two machines and on the link between them, and what a partition costs.

The graph and its three kinds of costs are those of DADS (Hu et al. 2019) [R], which DAPDEE (Ding et al. 2025) builds
on [S]: a vertex takes a time on the device or on the edge, and what it gives, on the link, if the edge needs it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


def sent(arcs: Iterable[tuple[int, int]], kept: Collection[int]) -> list[int]:
    """The vertices whose results are sent when the device runs `kept`, in order; `arcs` lead from giver to taker."""
    return sorted({source for source, target in arcs if source in kept and target not in kept})


class Loads(NamedTuple):
    """What one sample takes of each resource under a partition, in s."""

    device: float
    link: float
    edge: float
    aside: float = 0.0
    """What it waits for beside: propagation, the answer's way back."""

    @property
    def latency(self) -> float:
        """Seconds until the answer, when nobody waits."""
        return sum(self)

    @property
    def slowest(self) -> float:
        """Seconds of the resource that is busy longest: one over it is the greatest throughput."""
        return max(self.device, self.link, self.edge)


@dataclass(frozen=True)
class Dag:
    """Vertices 0 … n−1 in a topological order; vertex 0 is the input, which is on the device and takes no time.

    Attributes:
        device: Seconds of every vertex on the device.
        edge: Seconds of every vertex on the edge.
        send: Seconds that what every vertex gives takes on the link; sent once, however many need it. Infinite for
            what cannot be sent.
        arcs: (v, w): w takes what v gives; v < w.
        once: Seconds on the link of what is sent beside, once for a sample that the edge has a part in.
        aside: Seconds that such a sample waits for beside, while no resource is busy with it.

    Raises ValueError where the arcs lead down, to vertices that there are not, or the lists are of different length.
    """

    device: Sequence[float]
    edge: Sequence[float]
    send: Sequence[float]
    arcs: Sequence[tuple[int, int]]
    once: float = 0.0
    aside: float = 0.0

    def __post_init__(self) -> None:
        count = len(self.device)
        if not count or len(self.edge) != count or len(self.send) != count:
            raise ValueError(f"{count}, {len(self.edge)} and {len(self.send)} times for the same vertices")
        if wrong := [arc for arc in self.arcs if not 0 <= arc[0] < arc[1] < count]:
            raise ValueError(f"arc {wrong[0]} does not lead upward among {count} vertices")

    @cached_property
    def before(self) -> list[list[int]]:
        """For each vertex those whose results it takes."""
        found: list[list[int]] = [[] for _ in self.device]
        for source, target in self.arcs:
            found[target].append(source)
        return found

    @cached_property
    def after(self) -> list[list[int]]:
        """For each vertex those that take its result."""
        found: list[list[int]] = [[] for _ in self.device]
        for source, target in self.arcs:
            found[source].append(target)
        return found

    @property
    def everything(self) -> frozenset[int]:
        """All vertices: the device does it all."""
        return frozenset(range(len(self.device)))

    def is_closed(self, kept: Collection[int]) -> bool:
        """Whether the device can run these: the input, and with a vertex all that it takes something of."""
        return 0 in kept and all(source in kept for vertex in kept for source in self.before[vertex])

    def loads(self, kept: Collection[int]) -> Loads:
        """What a sample takes when the device runs `kept` and the edge the rest."""
        rest = [vertex for vertex in range(len(self.device)) if vertex not in kept]
        device = sum(self.device[vertex] for vertex in sorted(kept))
        if not rest:
            return Loads(device, 0.0, 0.0)
        link = sum(self.send[vertex] for vertex in sent(self.arcs, kept)) + self.once
        return Loads(device, link, sum(self.edge[vertex] for vertex in rest), self.aside)
