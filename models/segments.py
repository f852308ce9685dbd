"""A segment of a network as data: what it takes, gives and costs, and how a card holds it. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import prod
from typing import Any, Literal, NamedTuple

INPUT = "input"
"""What stands for the views where a segment's source is named."""
FLOAT = 4
"""Bytes of one float32 value, as scores and entropies travel."""

MOST = 10_000
"""Views or copies of a segment in a file: whoever writes more has mistyped it."""
MOST_CLASSES = 1_000_000
MOST_COST = 10**18
"""FLOP, weights or bytes of a segment, and values of its features."""

What = Literal["features", "scores"]


class GraphError(ValueError):
    """A graph that makes no network: an unknown source, a circle, a part that nobody gives anything."""


@dataclass(frozen=True)
class Take:
    """What each copy of a segment is given by the copies of another one.

    Attributes:
        source: The other segment's name, or `INPUT` for views.
        what: Its features or its class scores (of views: features).
        groups: For each copy the numbers of those copies of `source` that give it something; empty: all give to all.
        filled: Whether in the mode "zero input" what a source says of a black view stands in for one that is missing.
    """

    source: str
    what: What = "features"
    groups: tuple[tuple[int, ...], ...] = ()
    filled: bool = True


@dataclass(frozen=True)
class Segment:
    """One segment; costs are of one copy and one sample.

    Attributes:
        name: Its name, a word without spaces.
        takes: What it is given.
        copies: How many there are.
        exit: The exit at which its scores are tested; None: at none.
        sends: Shape of its features, without the batch; None: it gives no features to others.
        scores: Whether it gives class scores.
        trained: Whether its scores take part in the joint loss.
        instead: The exit that it can answer in place of the segment whose exit that is; empty: none. It has no weights.
        scale: The segment whose scores a fitted temperature divides for this exit; empty: its own.
        flop: Floating-point operations, two for a multiply-add.
        parameters: Number of its weights.
        memory: Bytes of weights and of the largest input and output held at once.
        operations: Tensor operators that torch dispatches in one call, however many samples; None: not counted.
        traffic: Bytes of the values, weights apart, that they read and write; None: not counted.
    """

    name: str
    takes: tuple[Take, ...]
    copies: int = 1
    exit: str | None = None
    sends: tuple[int, ...] | None = None
    scores: bool = True
    trained: bool = True
    scale: str = ""
    flop: int = 0
    parameters: int = 0
    memory: int = 0
    operations: int | None = None
    traffic: int | None = None
    instead: str = ""

    @property
    def activations(self) -> int:
        """Bytes of `memory` that are not parameters, which a batch takes for each sample.

        Statistics of batch norms count as such, too, since a card does not tell them apart: a bound from above.
        """
        return self.memory - FLOAT * self.parameters


class Part(NamedTuple):
    """One copy of a segment."""

    segment: str
    copy: int = 0


class Arc(NamedTuple):
    """`source` gives `target` its features or scores."""

    source: Part
    target: Part
    what: What
    filled: bool


ALWAYS = ("flop", "parameters", "memory")
"""What a card tells of every segment; all else where it is not as usual."""


def written(segment: Segment) -> dict[str, Any]:
    """Plain values for a card, without what is as usual."""
    return {**_unusual(segment, ALWAYS), "takes": [_unusual(take) for take in segment.takes]}


def _unusual(one: Segment | Take, always: Sequence[str] = ()) -> dict[str, Any]:
    usual = {field.name: field.default for field in fields(one) if field.name not in always}
    return {key: value for key, value in asdict(one).items() if key not in usual or value != usual[key]}


def segment_of(values: Mapping[str, Any]) -> Segment:
    """Inverse of `written`. Raises GraphError, KeyError, TypeError or AttributeError for what is no segment."""
    takes = tuple(
        Take(
            _text(take["source"]),
            _one_of(take.get("what", "features"), ("features", "scores")),
            tuple(tuple(whole(n, 0) for n in group) for group in take.get("groups", ())),
            _bool(take.get("filled", True)),
        )
        for take in values["takes"]
    )
    costs = costs_of(values, "sends")
    exit_name = values.get("exit")
    return Segment(
        _text(values["name"]),
        takes,
        whole(values.get("copies", 1), 1, MOST),
        None if exit_name is None else _text(exit_name),
        costs.get("sends"),
        _bool(values.get("scores", True)),
        _bool(values.get("trained", True)),
        _text(values.get("scale", "")),
        costs["flop"],
        costs["parameters"],
        costs["memory"],
        costs.get("operations"),
        costs.get("traffic"),
        _text(values.get("instead", "")),
    )


def costs_of(values: Mapping[str, Any], sends: str) -> dict[str, Any]:
    """What a card says that a segment costs, in a graph's words; `sends` is the key of its features' shape.

    Raises GraphError for what is no cost; what is missing is left out.
    """
    found: dict[str, Any] = {
        key: whole(values[key], 0, MOST_COST)
        for key in ("flop", "parameters", "memory", "operations", "traffic")
        if key in values
    }
    shape = values.get(sends)
    if shape is not None and (
        not isinstance(shape, list | tuple) or prod(whole(n, 1, MOST_COST) for n in shape) > MOST_COST
    ):
        raise GraphError(f"{sends} must be a shape, a list of whole numbers, found {shape!r}")
    return {**found, "sends": None if shape is None else tuple(shape)}


def whole(value: Any, least: int, most: float = math.inf) -> int:
    """The number, if it is whole and within these bounds. Raises GraphError."""
    if type(value) is not int or not least <= value <= most:
        upto = "on" if most == math.inf else f"to {most:,.0f}"
        raise GraphError(f"{value!r} is no whole number from {least} {upto}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise GraphError(f"{value!r} is no text")
    return value


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise GraphError(f"{value!r} is neither true nor false")
    return value


def _one_of(value: Any, allowed: Sequence[What]) -> What:
    if value not in allowed:
        raise GraphError(f"{value!r} is none of {', '.join(allowed)}")
    found: What = value
    return found
