"""What a system asked its network while it ran, and when: the rows of ``scores.parquet`` (columns: docs/results.md).

Nothing is run for them. What was asked is known; with `complete` so are the answers of all exits.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import nan
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simnet.clock import Clock
from simnet.inference.answers import Answer, Answers
from simnet.models.graph import Graph, Part
from simnet.models.rules.base import normalized_entropy, probabilities
from simnet.network.numbered import Names
from simnet.times import floats, whole_numbers

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Masks = NDArray[np.object_]
"""For each sample what had arrived upstream, as a mask of the graph's arcs; None where nobody asked."""


class Questions:
    """What was asked of one exit or segment, as columns: 32 bytes a question.

    Attributes:
        upstreams: What had arrived, by its number: masks may be larger than numpy's numbers.
    """

    def __init__(self) -> None:
        self.upstreams = Names()
        self._sample, self._upstream, self._prediction = array("i"), array("i"), array("i")
        self._measure, self._at = array("d"), array("q")
        self._late: dict[int, int] = {}
        """Times that 64 bits do not hold."""

    def __len__(self) -> int:
        return len(self._sample)

    def add(self, sample: int, upstream: int, at: int, answer: Answer = (-1, nan)) -> None:
        """One more, at a time by the clock."""
        self._sample.append(sample)
        self._upstream.append(self.upstreams[upstream])
        self._prediction.append(answer[0])
        self._measure.append(answer[1])
        try:
            self._at.append(at)
        except OverflowError:
            self._late[len(self._at)] = at
            self._at.append(0)

    def last(self, count: int) -> tuple[Numbers, Numbers, Floats, NDArray[np.int32], Floats]:
        """Of each of `count` samples the last question, without one a number of −1: who was asked, number in
        `upstreams`, time in s, and the answer."""
        which = np.full(count, -1)
        which[np.frombuffer(self._sample, np.int32)] = np.arange(len(self))  # of several, numpy keeps the last
        those = np.flatnonzero(which >= 0)
        which = which[those]
        upstream = np.full(count, -1)
        upstream[those] = np.frombuffer(self._upstream, np.int32)[which]
        times = np.frombuffer(self._at, np.int64)
        if self._late:
            times = whole_numbers([self._late.get(n, at) for n, at in enumerate(self._at)])
        at = np.full(count, np.nan)
        at[those] = floats(times[which])
        answers = np.frombuffer(self._prediction, np.int32), np.frombuffer(self._measure, np.float64)
        return those, upstream, at, answers[0][which], answers[1][which]


class Teller(Protocol):
    """Who answers while a system plays: `Answers`, or nodes that have really run the network."""

    def get(self, exit_name: str, sample: int, upstream: int) -> Answer:
        """See `Answers.get`."""

    def opinions(self, segment: str, sample: int, upstream: int) -> Mapping[int, NDArray[np.float32]]:
        """See `Answers.opinions`."""


class Asked:
    """Answers as ever, and hears who was asked for what; `clock` is set before the first question.

    Where an exit is asked several times of one sample, the last time counts. `teller` answers, if it is not `answers`.
    """

    def __init__(self, answers: Answers, teller: Teller | None = None) -> None:
        self.answers = answers
        self._teller = answers if teller is None else teller
        self.clock: Clock
        self.exits: dict[str, Questions] = defaultdict(Questions)
        """By exit."""
        self.segments: dict[str, Questions] = defaultdict(Questions)
        """By segment whose copies were asked for their opinions."""

    def get(self, exit_name: str, sample: int, upstream: int) -> Answer:
        """See `Answers.get`."""
        answer = self._teller.get(exit_name, sample, upstream)
        self.exits[exit_name].add(sample, upstream, self.clock._now, answer)
        return answer

    def opinions(self, segment: str, sample: int, upstream: int) -> Mapping[int, NDArray[np.float32]]:
        """See `Answers.opinions`."""
        found = self._teller.opinions(segment, sample, upstream)
        self.segments[segment].add(sample, upstream, self.clock.now)
        return found


class Block:
    """Rows of one part, one for each sample; nothing is known of them yet. `at`: s when it was asked, NaN: never."""

    def __init__(self, exit_name: str | None, graph: Graph, part: Part, at: Floats) -> None:
        self.exit, self.part, self.at, self._graph = exit_name, part, at, graph
        seen = graph.views_of(part, graph.all)
        self.view = seen.bit_length() if seen and not seen & seen - 1 else None
        """Number of the view, from 1, where it sees one only."""
        self.prediction, self.views = np.full(len(at), -1, np.int64), np.zeros(len(at), np.uint32)
        self.measure, self.entropy, self.confidence = (np.full(len(at), np.nan) for _ in range(3))

    def put(self, those: Numbers, scores: NDArray[np.floating], mask: int) -> None:
        """What it said of some samples, of what had arrived."""
        self.prediction[those] = scores.argmax(axis=-1)
        self.entropy[those] = normalized_entropy(scores)
        self.confidence[those] = probabilities(scores).max(axis=-1)
        self.views[those] = self._graph.views_of(self.part, mask)


class Rows(list[Block]):
    """Blocks of rows, for `labels`, the true classes of the samples."""

    def __init__(self, labels: Numbers) -> None:
        super().__init__()
        self.labels = labels

    def add(self, exit_name: str | None, graph: Graph, part: Part, at: Floats) -> Block:
        """One more block, see `Block`."""
        self.append(block := Block(exit_name, graph, part, at))
        return block

    def singly(self) -> Iterator[Rows]:
        """Each block by itself; it is gone from here then."""
        while self:
            one = Rows(self.labels)
            one.append(self.pop(0))
            yield one


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
    n, answers, rows = len(labels), asked.answers, Rows(labels)
    heads = defaultdict[Part, list[tuple[int, Numbers]]](list)
    times = defaultdict[Part, Floats](lambda: np.full(n, np.nan))
    for exit_name in exits:
        questions = asked.exits[exit_name]
        was_asked, upstream, at, predictions, told = questions.last(n)
        block = rows.add(exit_name, graph, answers.part(exit_name), at)
        if complete is not None:
            never = np.flatnonzero(upstream < 0)
            upstream[never] = [questions.upstreams[mask] for mask in complete[never].tolist()]
        for mask, those in _groups(upstream, questions.upstreams):
            scores, measures = answers.told(exit_name, those, mask)
            block.put(those, scores, mask)
            block.measure[those] = measures
            for head in answers.heads(exit_name, mask):
                heads[head].append((mask, those))
                times[head][those] = at[those]
        block.prediction[was_asked] = predictions  # to the last bit what the system was told
        block.measure[was_asked] = told
    for segment, questions in asked.segments.items():
        _, upstream, at, _, _ = questions.last(n)
        for mask, those in _groups(upstream, questions.upstreams) if graph.segments[segment].scores else ():
            for part in graph.parts_of(segment):
                if graph.alive(part, mask):
                    heads[part].append((mask, those))
                    times[part][those] = at[those]
    for head in sorted(heads.keys() - {answers.part(name) for name in exits}, key=[*graph.parts].index):
        block = rows.add(None, graph, head, times[head])
        for mask, those in heads[head]:  # the last exit that took its scores counts
            block.put(those, answers.head_scores(head, those, mask), mask)
    return rows


def _groups(upstream: Numbers, upstreams: Names) -> Iterator[tuple[int, Numbers]]:
    """What arrived, and of which samples the same did, those of the first sample first; without those of which nobody
    asked, whose number is −1."""
    order = np.argsort(upstream, kind="stable")
    ends = np.cumsum(np.bincount(upstream + 1, minlength=len(upstreams) + 1))
    found = [(number, order[begin:end]) for number, (begin, end) in enumerate(pairwise(ends.tolist())) if begin < end]
    for number, those in sorted(found, key=lambda one: int(one[1][0])):
        yield upstreams.name(number), those
