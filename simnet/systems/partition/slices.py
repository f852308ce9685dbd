"""A network's graph up to each of its exits, as vertices between which it can be cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from simnet.models.codecs import codec as codec_named
from simnet.models.graph import INPUT, Graph, Part, Segment
from simnet.systems.partition.dag import Dag
from simnet.systems.traffic import feature_bytes


@dataclass(frozen=True)
class Slice:
    """The network up to one exit: vertex 0 is the view, the others are the segments in the graph's order.

    Attributes:
        exit: Name of the exit.
        segments: Names of vertices 1 … n.
        arcs: Between vertices.
        size: Bytes of what each vertex gives, when it is sent; infinite where the codec cannot send it.
        used: Mask of the graph's arcs that the exit's answer depends on.
    """

    exit: str
    segments: tuple[str, ...]
    arcs: tuple[tuple[int, int], ...]
    size: tuple[float, ...]
    used: int

    def names(self, kept: frozenset[int]) -> list[str]:
        """The segments among some vertices, in order."""
        return [self.segments[vertex - 1] for vertex in sorted(kept) if vertex]

    def dag(
        self,
        on_device: Callable[[str], float],
        on_edge: Callable[[str], float],
        per_byte: float,
        once: float = 0.0,
        aside: float = 0.0,
    ) -> Dag:
        """With the seconds of each segment on both machines and those of a byte on the link; see `Dag`."""
        return Dag(
            (0.0, *map(on_device, self.segments)),
            (0.0, *map(on_edge, self.segments)),
            [size * per_byte for size in self.size],
            self.arcs,
            once,
            aside,
        )


def slices_of(graph: Graph, codec: str) -> dict[str, Slice]:
    """The network up to each exit, by its name, from the first on. Raises ValueError where it cannot be cut so.

    It takes one view, and every segment has one copy. What a vertex gives is sent as raw pixels (the view), with the
    codec (features) or as float32 (scores).
    """
    if graph.views != 1:
        raise ValueError(f"it cuts networks of one view; this one has {graph.views}")
    if several := [name for name, segment in graph.segments.items() if segment.copies > 1]:
        raise ValueError(f"it cuts networks whose segments have one copy; '{several[0]}' has several")
    return {name: _slice(graph, name, segment, codec) for name, segment in graph.exits.items()}


def _slice(graph: Graph, exit_name: str, head: Segment, codec: str) -> Slice:
    needed, todo = {head.name}, [head.name]
    while todo:
        for arcs in graph.into[Part(todo.pop())]:
            for source in (graph.arcs[arc].source.segment for arc in arcs):
                if source != INPUT and source not in needed:
                    needed.add(source)
                    todo.append(source)
    segments = tuple(name for name in graph.segments if name in needed)
    place = {INPUT: 0, **{name: number for number, name in enumerate(segments, start=1)}}
    used = graph.arcs_into(*map(Part, segments))
    between = [arc for number, arc in enumerate(graph.arcs) if used >> number & 1]
    pairs = dict.fromkeys((place[arc.source.segment], place[arc.target.segment]) for arc in between)
    given: dict[str, set[str]] = {}
    for arc in between:
        given.setdefault(arc.source.segment, set()).add(arc.what)
    sizes = [graph.raw_view, *(_size(graph, name, given.get(name, set()), codec) for name in segments)]
    return Slice(exit_name, segments, tuple(pairs), tuple(sizes), used)


def _size(graph: Graph, name: str, given: set[str], codec: str) -> float:
    """Bytes of what others take of a segment; infinite where it cannot be sent.

    A codec that is not lossless looks at channels, rows and columns: what has none is not sent with it.
    """
    shape = graph.segments[name].sends
    size = 0.0
    if "features" in given:
        sendable = shape is not None and (len(shape) == 3 or codec_named(codec).lossless)
        size += feature_bytes(graph, codec, name) if sendable else inf
    return size + (graph.score_bytes if "scores" in given else 0)
