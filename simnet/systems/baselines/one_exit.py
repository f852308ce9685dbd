"""What baselines have in common that answer every sample at one exit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simnet.models.graph import Graph, Part
from simnet.network.work import joined
from simnet.systems.base import Lifeline, Setting
from simnet.systems.gathering import Gathering, RawViews

if TYPE_CHECKING:
    from simnet.network.work import Work
    from simnet.systems.roles import Place

ALL_LEAVE = "every sample leaves at its only exit"
NOBODY_IS_ASKED = "no next exit is asked"


class OneExit(Gathering):
    """Every sample leaves at the exit of one segment, `answers`; nothing is tested, and nobody is asked for more."""

    usual_weights = "ada-ddnn"
    answers: ClassVar[str]
    """The segment whose scores are the answer."""

    @classmethod
    def exits_of(cls, options: Any, graph: Graph | None) -> tuple[str, ...] | None:
        """The exit of that segment; without one `fit` refuses the network."""
        if graph is None:
            return None
        return (exit_of(graph, cls.answering(graph)) or next(iter(graph.exits)),)

    @classmethod
    def answering(cls, graph: Graph) -> str:
        """The segment whose scores are the answer."""
        return cls.answers

    @classmethod
    def idle_keys(cls, options: Any) -> Mapping[str, str]:
        """Nothing is tested, and nobody asked."""
        tested = dict.fromkeys(("thresholds", "rule"), f"here: {ALL_LEAVE}")
        return tested | dict.fromkeys(("cloud_limit", "retry", "breaker"), f"here: {NOBODY_IS_ASKED}")

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.exit = exit_of(self.graph, self.answering(self.graph)) or ""

    def classify(self, sample: int) -> Lifeline:
        """Devices send, the node at which it meets answers."""
        arrived = yield self.gather(sample)
        return self.decide(self.exit, sample, arrived)


class AllInOnePlace(RawViews, OneExit):
    """Raw views meet on one node, which runs all segments that the answer takes."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._work: dict[int, Work] = {}

    @classmethod
    def hosts(cls, graph: Graph, place: Place, options: Any) -> dict[str, list[Part]]:
        """Everything that the answer takes, on one node: no features travel, so no codec touches them."""
        return {place.only(cls.meets): ancestors(graph, cls.answering(graph))}

    def classify(self, sample: int) -> Lifeline:
        """Its segments run on what has arrived, in one call."""
        arrived = yield self.gather(sample)
        yield self.compute(self.hub, self.work_on(arrived), sample)
        return self.decide(self.exit, sample, arrived)

    def work_on(self, arrived: int) -> Work:
        """All segments on the views that are there; of the parts without a view, those that have something to do."""
        if (known := self._work.get(arrived)) is None:
            parts = ancestors(self.graph, self.answering(self.graph))
            alive = [part for part in parts if self.graph.alive(part, arrived | self.onward)]
            known = self._work[arrived] = joined(self.work[part.segment] for part in alive)
        return known


def exit_of(graph: Graph, segment: str) -> str | None:
    """The exit at which a segment's scores are tested; None without one."""
    return graph.segments[segment].exit if segment in graph.segments else None


def ancestors(graph: Graph, segment: str) -> list[Part]:
    """A segment's parts and all parts that they take something of, in the graph's order; none without the segment."""
    found: set[Part] = set()
    todo = graph.parts_of(segment) if segment in graph.segments else []
    while todo:
        part = todo.pop()
        if part in graph.into and part not in found:
            found.add(part)
            todo += [graph.arcs[arc].source for arcs in graph.into[part] for arc in arcs]
    return [part for part in graph.parts if part in found]
