"""A network as data: a graph of segments, what each takes, gives and costs. No torch; a card holds it.

A *segment* is a part of a network that runs in one piece on one machine; it may have several *copies* (one for each
view, one for each node), and copy c of segment s is the *part* (s, c). Parts take features or scores of other parts, or
views, over *arcs*. What has no weights (the surest of several devices, an aggregation of scores) is a segment, too, so
that every exit is one segment's scores.

What a part answers depends on what arrived *upstream*: a bit mask over the graph's arcs, which `key` reduces to those
that matter to one part. Lossy codecs are a second mask over the same arcs, in the bits above: `coded`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

from simnet.models.segments import (
    FLOAT,
    INPUT,
    MOST,
    MOST_CLASSES,
    Arc,
    GraphError,
    Part,
    Segment,
    Take,
    segment_of,
    whole,
    written,
)

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["FLOAT", "INPUT", "Arc", "Graph", "GraphError", "Part", "Segment", "Take"]
"""All that a network is described with."""

MOST_ARCS = 100_000
"""Of a graph: beyond it masks and walks take for ever."""


class Graph:
    """Segments in an order in which they can run, their parts and arcs.

    Args:
        views: Views of a sample.
        view: Channels, height and width of one view.
        segments: The segments; each after those that it takes something of.
        classes: Names or number of the classes.

    Raises:
        GraphError: names are not unique, a source or copy does not exist, there is a circle, or no exit.
    """

    def __init__(self, views: int, view: Sequence[int], segments: Iterable[Segment], classes: int) -> None:
        self.views, self.view, self.classes = views, tuple(view), classes
        listed = list(segments)
        self.segments = {segment.name: segment for segment in listed}
        """The segments by name, in order."""
        self.arcs: list[Arc] = []
        self.into: dict[Part, list[list[int]]] = {}
        """For each part, in order, and each of its takes, the numbers of its arcs."""
        _check_names(listed, views, view, classes)
        for segment in listed:
            for copy in range(segment.copies):
                part = Part(segment.name, copy)
                self.into[part] = [self._add(part, take) for take in segment.takes]
        self.all = (1 << len(self.arcs)) - 1
        """Mask of all arcs: everything has arrived."""
        self._keys: dict[tuple[Part, int], int] = {}
        self._living: dict[int, frozenset[Part]] = {}
        self._from: dict[Part, int] = {}
        for number, arc in enumerate(self.arcs):
            self._from[arc.source] = self._from.get(arc.source, 0) | 1 << number

    def _add(self, part: Part, take: Take) -> list[int]:
        there = self.views if take.source == INPUT else self._before(part, take).copies
        if take.groups and part.copy >= len(take.groups):
            raise GraphError(f"segment {part.segment!r} takes of {take.source!r} for {len(take.groups)} copies only")
        chosen = take.groups[part.copy] if take.groups else tuple(range(there))
        if not chosen or not all(0 <= number < there for number in chosen):
            raise GraphError(
                f"segment {part.segment!r}, copy {part.copy}: of {take.source!r} there are copies 0 to {there - 1}, "
                f"not {', '.join(map(str, chosen)) or 'none'}"
            )
        first = len(self.arcs)
        if first + len(chosen) > MOST_ARCS:
            raise GraphError(f"segment {part.segment!r}: copies of segments take more than {MOST_ARCS:,} things in all")
        self.arcs += [Arc(Part(take.source, number), part, take.what, take.filled) for number in chosen]
        return list(range(first, len(self.arcs)))

    def _before(self, part: Part, take: Take) -> Segment:
        """The segment that `take` names, which must stand before the one that takes."""
        source = self.segments.get(take.source)
        if source is None:
            known = ", ".join([INPUT, *self.segments])
            raise GraphError(
                f"segment {part.segment!r} takes of an unknown segment {take.source!r} (there are {known})"
            )
        if Part(source.name) not in self.into:
            raise GraphError(f"segments {source.name!r} and {part.segment!r} stand in a circle, or in the wrong order")
        if take.what == "scores" and not source.scores:
            raise GraphError(f"segment {part.segment!r} takes scores of {source.name!r}, which gives none")
        return source

    @cached_property
    def exits(self) -> dict[str, Segment]:
        """The segment whose scores are tested at each exit, in order."""
        return {segment.exit: segment for segment in self.segments.values() if segment.exit is not None}

    def answering(self, exit_name: str, segment: str | None = None) -> Segment:
        """The segment whose scores are tested at an exit, or another that can stand in for it, by its name.

        Raises LookupError where there is no such exit, or the segment cannot.
        """
        own = self.exits[exit_name]
        if segment is None or segment == own.name:
            return own
        found = self.segments[segment]
        if found.instead != exit_name:
            raise LookupError(f"segment {segment!r} cannot answer exit {exit_name!r}")
        return found

    @property
    def bare(self) -> Graph:
        """The same graph without what can stand in for exits: nothing else takes anything of these."""
        return Graph(self.views, self.view, [s for s in self.segments.values() if not s.instead], self.classes)

    @cached_property
    def seen(self) -> list[int]:
        """The views that a part takes."""
        return sorted({arc.source.copy for arc in self.arcs if arc.source.segment == INPUT})

    @property
    def parts(self) -> Iterator[Part]:
        """All parts, in order."""
        return iter(self.into)

    def parts_of(self, segment: str) -> list[Part]:
        """The copies of a segment. Raises LookupError where there is none of this name."""
        if segment not in self.segments:
            raise LookupError(f"there is no segment {segment!r}, only {', '.join(self.segments)}")
        return [Part(segment, copy) for copy in range(self.segments[segment].copies)]

    @cached_property
    def networkx(self) -> nx.MultiDiGraph:
        """Parts and arcs as a networkx graph; the data of an arc are its number (`arc`) and `what` it carries."""
        import networkx as nx

        made = nx.MultiDiGraph()
        made.add_nodes_from(self.into)
        for number, arc in enumerate(self.arcs):
            made.add_edge(arc.source, arc.target, arc=number, what=arc.what)
        return made

    # Masks.

    def arcs_from(self, *parts: Part) -> int:
        """Mask of the arcs out of some parts."""
        mask = 0
        for part in parts:
            mask |= self._from.get(part, 0)
        return mask

    def arcs_into(self, *parts: Part) -> int:
        """Mask of the arcs into some parts."""
        return sum(1 << arc for part in parts for arcs in self.into[part] for arc in arcs)

    def of_views(self, views: int) -> int:
        """Mask of what arrives if these views (bit mask) are there and the others missing; nothing else is lost."""
        missing = [Part(INPUT, view) for view in range(self.views) if not views >> view & 1]
        return self.all & ~self.arcs_from(*missing)

    def coded(self, arcs: int) -> int:
        """The bits that say over which arcs, of a mask, features travel with a lossy codec."""
        return arcs << len(self.arcs)

    def key(self, part: Part, upstream: int) -> int:
        """Of `upstream` (arrived and coded arcs) the bits that matter to a part: equal keys, equal answers."""
        known = self._keys.get((part, upstream))
        if known is None:
            known = self._keys[part, upstream] = self._key(part, upstream)
        return known

    def _key(self, part: Part, upstream: int) -> int:
        kept, todo, several = 0, [part], len(self.arcs)
        while todo:
            for arcs in self.into[todo.pop()]:
                for number in arcs:
                    arc = self.arcs[number]
                    if kept >> number & 1 or not upstream >> number & 1 or not self.alive(arc.source, upstream):
                        continue
                    kept |= 1 << number
                    if arc.what == "features":
                        kept |= upstream & 1 << (several + number)
                    if arc.source.segment != INPUT:
                        todo.append(arc.source)
        return kept

    def alive(self, part: Part, upstream: int) -> bool:
        """Whether a part has anything to work on."""
        if part.segment == INPUT:
            return True
        living = self._living.get(upstream)
        if living is None:
            living = self._living[upstream] = self._find_living(upstream)
        return part in living

    def _find_living(self, upstream: int) -> frozenset[Part]:
        """The parts that have something to work on; each stands after those that it takes something of."""
        found: set[Part] = set()
        for part, takes in self.into.items():
            arrived = (self.arcs[arc].source for arcs in takes for arc in arcs if upstream >> arc & 1)
            if any(source.segment == INPUT or source in found for source in arrived):
                found.add(part)
        return frozenset(found)

    def views_of(self, part: Part, upstream: int) -> int:
        """Bit mask of the views that took part in what a part answers."""
        kept = self.key(part, upstream)
        return sum(
            {1 << arc.source.copy for n, arc in enumerate(self.arcs) if kept >> n & 1 and arc.source[0] == INPUT}
        )

    # Bytes.

    @property
    def raw_view(self) -> int:
        """Bytes of one view as a camera takes it: one byte for each colour of a pixel."""
        return prod(self.view)

    @property
    def score_bytes(self) -> int:
        """Bytes of one part's class scores, as float32."""
        return FLOAT * self.classes

    # FLOP.

    @property
    def flop_until(self) -> dict[str, int]:
        """FLOP of all parts that a sample has gone through when it leaves at each exit."""
        done: set[Part] = set()
        found = {}
        for exit_name, segment in self.exits.items():
            todo = [Part(segment.name)]
            while todo:
                part = todo.pop()
                if part not in done and part.segment != INPUT:
                    done.add(part)
                    todo += [self.arcs[arc].source for arcs in self.into[part] for arc in arcs]
            found[exit_name] = sum(self.segments[part.segment].flop for part in done)
        return found

    # To a card and back.

    def as_dict(self) -> dict[str, Any]:
        """Plain values for a card."""
        return {"views": self.views, "view": list(self.view), "classes": self.classes,
                "segments": [written(segment) for segment in self.segments.values()]}  # fmt: skip

    @classmethod
    def from_dict(cls, values: Any) -> Graph:
        """Inverse of `as_dict`. Raises GraphError for anything that is no graph."""
        try:
            return cls(
                whole(values["views"], 1, MOST),
                [whole(n, 1, MOST) for n in values["view"]],
                [segment_of(one) for one in values["segments"]],
                whole(values["classes"], 2, MOST_CLASSES),
            )
        except (KeyError, TypeError, AttributeError) as problem:
            raise GraphError(f"is no graph of segments: {problem}") from None

    @property
    def structure(self) -> dict[str, Any]:
        """The same without costs: two networks of one structure compute alike, whatever their weights."""
        bare = {"flop": 0, "parameters": 0, "memory": 0, "operations": None, "traffic": None, "sends": None}
        return self.with_costs(dict.fromkeys(self.segments, bare)).as_dict()

    @property
    def counted(self) -> bool:
        """Whether it says how many operations every segment has and what they read and write."""
        return all(None not in (one.operations, one.traffic) for one in self.segments.values())

    def with_costs(self, costs: Mapping[str, Mapping[str, Any]]) -> Graph:
        """The same graph with further values of its segments, by name: `flop`, `memory`, `operations`, `sends` …"""
        segments = [replace(segment, **costs.get(name, {})) for name, segment in self.segments.items()]
        return Graph(self.views, self.view, segments, self.classes)


def _check_names(segments: Sequence[Segment], views: int, view: Sequence[int], classes: int) -> None:
    names = [segment.name for segment in segments]
    if not segments:
        raise GraphError("a network needs at least one segment")
    for name in names:
        if not name or not name.replace("-", "").replace("_", "").isalnum() or name == INPUT:
            raise GraphError(f"{name!r} is no name of a segment: use letters, digits, '-' and '_' (not {INPUT!r})")
        if names.count(name) > 1:
            raise GraphError(f"there are two segments {name!r}")
    exits = [segment.exit for segment in segments if segment.exit is not None]
    if not exits:
        raise GraphError("a network needs at least one segment with an exit")
    for segment in segments:
        if segment.exit is not None and exits.count(segment.exit) > 1:
            raise GraphError(f"there are two exits {segment.exit!r}")
        if segment.exit is not None and (segment.copies > 1 or not segment.scores):
            what = "has several copies" if segment.copies > 1 else "gives no scores"
            raise GraphError(f"exit {segment.exit!r}: its segment {segment.name!r} {what}")
        if segment.instead and (segment.instead not in exits or segment.copies > 1 or not segment.scores):
            raise GraphError(f"segment {segment.name!r} cannot answer exit {segment.instead!r} in place of another")
        if not segment.takes or segment.copies < 1:
            raise GraphError(f"segment {segment.name!r} takes nothing or has no copies")
        if segment.scale and segment.scale not in names:
            raise GraphError(f"segment {segment.name!r}: there is no segment {segment.scale!r} to scale")
    if views < 1 or len(view) != 3 or classes < 2:
        raise GraphError("a graph needs a view at least, its channels, height and width, and two classes")
