"""What the network said of every sample, of what was asked: the rows of ``scores.parquet`` (columns: docs/results.md).

Nothing is run for them. What was asked is known; with `complete` so are the answers of all exits. There is a block of
rows for each exit and head, made when it is asked for: of many samples only one at a time is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simnet.models.graph import Graph, Part
from simnet.models.rules.base import normalized_entropy, probabilities
from simnet.world.asked import Asked, Floats, Numbers, Questions

Masks = NDArray[np.object_]
"""For each sample what had arrived upstream, as a mask of the graph's arcs; None where nobody asked."""
AT_ONCE = 1 << 14
"""Samples whose scores, a number for each class, are in memory at a time."""


class Block:
    """Rows of one part, one for each sample; nothing is known of them yet. `at`: s when it was asked, NaN: never."""

    def __init__(self, exit_name: str | None, graph: Graph, part: Part, at: Floats) -> None:
        self.exit, self.part, self.at, self._graph = exit_name, part, at, graph
        seen = graph.views_of(part, graph.all)
        self.view = seen.bit_length() if seen and not seen & seen - 1 else None
        """Number of the view, from 1, where it sees one only."""
        self.prediction, self.views = np.full(len(at), -1, np.int64), np.zeros(len(at), np.uint32)
        self.measure, self.entropy, self.confidence = (np.full(len(at), np.nan) for _ in range(3))

    def some(self, those: slice) -> Block:
        """Some of the rows."""
        found = copy(self)
        for name in ("at", "prediction", "views", "measure", "entropy", "confidence"):
            setattr(found, name, getattr(self, name)[those])
        return found

    def put(self, those: Numbers, scores: NDArray[np.floating], mask: int) -> None:
        """What it said of some samples, of what had arrived."""
        self.prediction[those] = scores.argmax(axis=-1)
        self.entropy[those] = normalized_entropy(scores)
        self.confidence[those] = probabilities(scores).max(axis=-1)
        self.views[those] = self._graph.views_of(self.part, mask)


class Rows:
    """Blocks of rows, for `labels`, the true classes of the samples; made anew each time they are asked for."""

    def __init__(self, labels: Numbers, blocks: Sequence[Callable[[], Block]]) -> None:
        self.labels, self._blocks = labels, blocks

    def __len__(self) -> int:
        """How many blocks."""
        return len(self._blocks)

    def __iter__(self) -> Iterator[Block]:
        for block in self._blocks:
            yield block()


def scores_rows(
    asked: Asked, graph: Graph, exits: Sequence[str], labels: Numbers, complete: Masks | None = None
) -> Rows:
    """What every exit, and every head of whose scores an exit's are made, said of every sample.

    Args:
        asked: What the system asked.
        graph: Its network.
        exits: The exits of the system, in order.
        labels: The true class of each sample.
        complete: What arrives of each sample if nothing is lost, where the answers of all exits to that are known;
            None: only what was asked is told.
    """
    answers = asked.answers
    of_exit = {name: _Told(asked.exits[name], len(labels), complete) for name in exits}
    heads: dict[Part, dict[_Told, list[int]]] = {}
    """Of each who asked it, in order, for what that had arrived."""
    for name, told in of_exit.items():
        for mask in told.masks:
            for head in answers.heads(name, mask):
                heads.setdefault(head, {}).setdefault(told, []).append(mask)
    for segment, questions in asked.segments.items():
        told = _Told(questions, len(labels), None)
        for mask in told.masks if graph.segments[segment].scores else ():
            for part in graph.parts_of(segment):
                if graph.alive(part, mask):
                    heads.setdefault(part, {}).setdefault(told, []).append(mask)
    further = sorted(heads.keys() - {answers.part(name) for name in exits}, key=[*graph.parts].index)
    blocks: list[Callable[[], Block]] = [partial(_of_exit, asked, graph, name, told) for name, told in of_exit.items()]
    blocks += [partial(_of_head, asked, graph, head, heads[head]) for head in further]
    return Rows(labels, blocks)


class _Told:
    """Questions of each of `count` samples: the last one or, where there is none and `complete` is known, that."""

    def __init__(self, questions: Questions, count: int, complete: Masks | None) -> None:
        self.questions, self.count, self._complete = questions, count, complete
        upstream, _ = self.all()
        first = np.full(len(questions.upstreams) + 1, count)
        first[upstream[::-1]] = np.arange(count)[::-1]  # of several, numpy keeps the last; number −1 is beyond all
        there = [number for number in range(len(questions.upstreams)) if first[number] < count]
        self.masks = [questions.upstreams.name(number) for number in sorted(there, key=first.__getitem__)]
        """What had arrived, that of the first sample first."""

    def all(self) -> tuple[NDArray[np.int32], Floats]:
        """Of each sample the number of what had arrived, −1 where nothing is told; and when it was asked, in s."""
        _, upstream, at, _, _ = self.questions.last(self.count)
        if self._complete is not None:
            never = np.flatnonzero(upstream < 0)
            upstream[never] = [self.questions.upstreams[mask] for mask in self._complete[never].tolist()]
        return upstream, at

    def groups(self, masks: Sequence[int]) -> Iterator[tuple[int, Numbers, Floats]]:
        """The samples of whom this had arrived, a part of them at a time, and when they were asked."""
        upstream, at = self.all()
        for mask in masks:
            those = np.flatnonzero(upstream == self.questions.upstreams[mask])
            for begin, end in pairwise([*range(0, len(those), AT_ONCE), len(those)]):
                yield mask, (some := those[begin:end]), at[some]


def _of_exit(asked: Asked, graph: Graph, name: str, told: _Told) -> Block:
    answers = asked.answers
    was_asked, _, at, predictions, measures = told.questions.last(told.count)
    block = Block(name, graph, answers.part(name), at)
    for mask, those, _ in told.groups(told.masks):
        scores, block.measure[those] = answers.told(name, those, mask)
        block.put(those, scores, mask)
    block.prediction[was_asked] = predictions  # to the last bit what the system was told
    block.measure[was_asked] = measures
    return block


def _of_head(asked: Asked, graph: Graph, head: Part, asking: dict[_Told, list[int]]) -> Block:
    count = next(iter(asking)).count
    block = Block(None, graph, head, np.full(count, np.nan))
    for told, masks in asking.items():  # the last exit that took its scores counts
        for mask, those, at in told.groups(masks):
            block.at[those] = at
            block.put(those, asked.answers.head_scores(head, those, mask), mask)
    return block
