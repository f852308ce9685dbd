"""What a system asked its network while it ran, and when: the rows of ``scores.parquet`` (columns: docs/results.md).

Nothing is run for them. What was asked is known; with `complete` so are the answers of all exits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simnet.clock import Clock
from simnet.inference.answers import Answer, Answers
from simnet.models.graph import Graph, Part
from simnet.models.rules.base import normalized_entropy, probabilities
from simnet.times import floats, whole_numbers

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Masks = NDArray[np.object_]
"""For each sample what had arrived upstream, as a mask of the graph's arcs; None where nobody asked."""


class Asked:
    """Answers as ever, and hears who was asked for what; `clock` is set before the first question.

    Where an exit is asked several times of one sample, the last time counts.
    """

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.clock: Clock
        self.exits: dict[str, list[tuple[int, int, Answer, int]]] = defaultdict(list)
        """By exit: sample, what had arrived, the answer, the time by the clock."""
        self.segments: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        """By segment whose copies were asked for their opinions: sample, what had arrived, the time."""

    def get(self, exit_name: str, sample: int, upstream: int) -> Answer:
        """See `Answers.get`."""
        answer = self.answers.get(exit_name, sample, upstream)
        self.exits[exit_name].append((sample, upstream, answer, self.clock._now))
        return answer

    def opinions(self, segment: str, sample: int, upstream: int) -> Mapping[int, NDArray[np.float32]]:
        """See `Answers.opinions`."""
        found = self.answers.opinions(segment, sample, upstream)
        self.segments[segment].append((sample, upstream, self.clock.now))
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
        masks, at, told = np.full(n, None), np.full(n, np.nan), np.full((n, 2), np.nan)
        if asked.exits.get(exit_name):
            samples, upstreams, told_then, times_then = zip(*asked.exits[exit_name], strict=True)
            one = np.array(samples)
            masks[one] = _objects(upstreams)  # of several for one sample, numpy keeps the last
            at[one], told[one] = floats(whole_numbers(times_then)), told_then
        was_asked = ~np.isnan(at)
        block = rows.add(exit_name, graph, answers.part(exit_name), at)
        for mask, those in _groups(masks if complete is None else np.where(was_asked, masks, complete)):
            scores, measures = answers.told(exit_name, those, mask)
            block.put(those, scores, mask)
            block.measure[those] = measures
            for head in answers.heads(exit_name, mask):
                heads[head].append((mask, those))
                times[head][those] = at[those]
        block.prediction[was_asked] = told[was_asked, 0]  # to the last bit what the system was told
        block.measure[was_asked] = told[was_asked, 1]
    for segment, questions in asked.segments.items():
        masks, at = np.full(n, None), np.full(n, np.nan)
        samples, upstreams, times_then = zip(*questions, strict=True)
        one = np.array(samples)
        masks[one], at[one] = _objects(upstreams), floats(whole_numbers(times_then))
        for mask, those in _groups(masks) if graph.segments[segment].scores else ():
            for part in graph.parts_of(segment):
                if graph.alive(part, mask):
                    heads[part].append((mask, those))
                    times[part][those] = at[those]
    for head in sorted(heads.keys() - {answers.part(name) for name in exits}, key=[*graph.parts].index):
        block = rows.add(None, graph, head, times[head])
        for mask, those in heads[head]:  # the last exit that took its scores counts
            block.put(those, answers.head_scores(head, those, mask), mask)
    return rows


def _objects(masks: Sequence[int]) -> Masks:
    """Masks as they are: with many arcs they are larger than numpy's numbers."""
    found = np.empty(len(masks), object)
    found[:] = masks
    return found


def _groups(masks: Masks) -> Iterator[tuple[int, Numbers]]:
    """What arrived, and of which samples the same did; without those of which nobody asked."""
    found = defaultdict[int, list[int]](list)
    for sample, mask in enumerate(masks.tolist()):
        if mask is not None:
            found[mask].append(sample)
    for mask, those in found.items():
        yield mask, np.array(those)
