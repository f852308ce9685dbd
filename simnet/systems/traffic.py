"""What a system sends for one sample, in bytes of payload, told from a network's graph. Headers belong to the links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simnet.models.codecs import codec as codec_named
from simnet.models.graph import INPUT, Graph, Part
from simnet.registry import PluginError


class Message(NamedTuple):
    """Each copy of a segment sends `size` bytes before the answer at an exit.

    `senders` is how many send it, where these are not all copies; the segment may then be `INPUT`: raw views.
    """

    segment: str
    exit: str
    size: int
    senders: int | None = None

    def total(self, graph: Graph) -> int:
        """Bytes of all senders."""
        return self.size * (graph.segments[self.segment].copies if self.senders is None else self.senders)


def feature_bytes(graph: Graph, codec: str, segment: str) -> int:
    """Bytes of the features that one copy of a segment sends; 0 where it sends none, or there is no such segment."""
    shape = graph.segments[segment].sends if segment in graph.segments else None
    if shape is None:
        return 0
    size = codec_named(codec).bytes(shape)
    if type(size) is not int or size < 0:
        raise PluginError(f"codec {codec!r}: bytes({shape}) gives {size!r}, not a whole number of bytes")
    return size


def until(graph: Graph, messages: Sequence[Message]) -> dict[str, int]:
    """Bytes that all senders have sent for a sample that leaves at each exit."""
    names = list(graph.exits)
    return {
        name: sum(
            message.total(graph)
            for message in messages
            if message.exit in names and names.index(message.exit) <= number
        )
        for number, name in enumerate(names)
    }


def per_segment(messages: Sequence[Message]) -> dict[str, int]:
    """Most that one copy of each segment sends of a sample."""
    found: dict[str, int] = {}
    for message in messages:
        found[message.segment] = found.get(message.segment, 0) + message.size
    return found


def default_messages(graph: Graph, codec: str) -> list[Message]:
    """Every feature and every score that another segment takes is sent once, before the first exit that needs it."""
    found: dict[tuple[str, str], Message] = {}
    for exit_name, segment in graph.exits.items():
        todo = [Part(segment.name)]
        while todo:
            part = todo.pop()
            for arcs in graph.into[part]:
                for arc in (graph.arcs[number] for number in arcs):
                    name = arc.source.segment
                    if name == INPUT:
                        continue
                    todo.append(arc.source)
                    size = feature_bytes(graph, codec, name) if arc.what == "features" else graph.score_bytes
                    found.setdefault((name, arc.what), Message(name, exit_name, size))
    return list(found.values())
