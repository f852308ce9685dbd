"""The tree of a YAML text, with lines: composed from events, so that no text can make it deep, large or slow.

PyYAML's own composer calls itself for every level and its scanner is slow; libyaml's events come fifty times faster and
cost no stack. Where libyaml refuses a text, PyYAML's scanner has the last word, and its message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

MOST_DEPTH = 30
"""Levels of nesting; no scenario needs half of them."""
_SLOW = 100_000
"""Letters beyond which a refused text is not read a second time."""


@dataclass(slots=True, eq=False)
class Node:
    """A place in a text: its line from 1, and a tag that it was given ("" without one)."""

    line: int
    tag: str


@dataclass(slots=True, eq=False)
class Scalar(Node):
    """A word; `plain` is one without quotes and tag, which may be a number."""

    text: str
    plain: bool


@dataclass(slots=True, eq=False)
class Sequence(Node):
    """A list."""

    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Mapping(Node):
    """Keys and values in their order, also doubled ones."""

    pairs: list[tuple[Node, Node]] = field(default_factory=list)


def compose(text: str, most: int) -> Node | None:
    """The tree of a text of one document; None: there is none. A node with several aliases is there once.

    Raises:
        yaml.YAMLError: no YAML, more than one document, nested too deeply, or more than `most` nodes.
    """
    fast = getattr(yaml, "CSafeLoader", None)
    if fast is not None:
        try:
            return _composed(yaml.parse(text, Loader=fast), most)
        except _Bottomless:
            raise
        except yaml.YAMLError:
            if len(text) > _SLOW:
                raise
    return _composed(yaml.parse(text, Loader=yaml.SafeLoader), most)


class _Bottomless(yaml.MarkedYAMLError):
    """Nested too deeply, or too much."""


class _Open:
    """A list or mapping whose end has not come."""

    __slots__ = ("key", "node")

    def __init__(self, node: Sequence | Mapping) -> None:
        self.node = node
        self.key: Node | None = None

    def add(self, child: Node) -> None:
        if isinstance(self.node, Sequence):
            self.node.items.append(child)
        elif self.key is None:
            self.key = child
        else:
            self.node.pairs.append((self.key, child))
            self.key = None


def _composed(events: Iterator[Any], most: int) -> Node | None:
    top, documents, count = _Open(Sequence(0, "")), 0, 0
    stack, anchors = [top], dict[str, Node]()
    for event in events:
        node: Node
        mark: Any = event.start_mark
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and event.tag is None
            node = Scalar(mark.line + 1, event.tag or "", event.value, plain)
        elif isinstance(event, yaml.MappingStartEvent):
            node = Mapping(mark.line + 1, event.tag or "")
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Sequence(mark.line + 1, event.tag or "")
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise yaml.MarkedYAMLError(problem=f"found undefined alias {event.anchor!r}", problem_mark=mark)
            stack[-1].add(anchors[event.anchor])
            continue
        elif isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
            continue
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise yaml.MarkedYAMLError(problem="there is more than one document", problem_mark=mark)
            continue
        else:
            continue
        count += 1
        if count > most or len(stack) > MOST_DEPTH:
            raise _Bottomless(problem="nested too deeply", problem_mark=mark)
        if event.anchor is not None:
            if event.anchor in anchors:
                raise yaml.MarkedYAMLError(problem=f"anchor {event.anchor!r} is there twice",
                                           problem_mark=mark)  # fmt: skip
            anchors[event.anchor] = node
        stack[-1].add(node)
        if not isinstance(node, Scalar):
            assert isinstance(node, Sequence | Mapping)  # the third kind
            stack.append(_Open(node))
    return top.node.items[0] if isinstance(top.node, Sequence) and top.node.items else None
