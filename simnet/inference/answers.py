"""What the network answers at an exit: a lookup for the engine, filled in batches that look ahead.

On a miss the samples that come next in arrival order and are likely to meet the same are answered, too; a deeper exit's
only for those that go on. The answer does not depend on who else is in the batch, so looking ahead changes nothing but
the time it takes; a wrong guess costs that time only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.inference.memo import Memo, Table
from simnet.inference.window import WINDOW, room_of, window_of
from simnet.models.cards.card import Card
from simnet.models.data.base import Dataset
from simnet.models.data.cache import ANSWERS, cache_dir
from simnet.models.device import BATCH, kind_of, numerics
from simnet.models.graph import Part
from simnet.models.rules import Entropy, ExitRule, FeatureRule
from simnet.models.rules.checked import judged
from simnet.terminal.listener import Progress

Answer = tuple[int, float]
"""Predicted class, and what the exit's rule measures: low means sure."""

_TOLD = 8
"""Windows of answers that are at hand as they were told; older ones are in the memo."""

VERSION = 3
"""Raise when the same weights would answer otherwise: fusion, preparation, layers. Memos follow it."""


def memo_folder(card: Card, data: Dataset, codec: str = "fp32", zero_input: bool = False, device: str = "cpu") -> Path:
    """Where the answers of this network on these data are kept between runs; `codec`, `zero_input`: see `Batches`.

    Answers of another kind of device, or under other settings of torch, are others, within rounding or more.
    """
    about = [
        VERSION,
        card.sha256,
        card.network,
        card.values["architecture"],
        card.temperatures,
        codec,
        zero_input,
        device,
        numerics(),
    ]
    network = json.dumps(about, sort_keys=True)
    return cache_dir() / ANSWERS / f"{sha256(network.encode()).hexdigest()[:16]}-{data.checksum[:16]}"


class UnknownAnswerError(Exception):
    """An answer that only the network could give, which was not to run."""


class Answers:
    """Answers of one system's network, by exit, sample number and what arrived upstream.

    Args:
        card: The weights' card.
        data: The samples; the run's samples are its first ones, again and again.
        exits: The exits in the order in which a sample meets them.
        thresholds: T of every exit but the last: tells which samples go on.
        alike: For each sample the number of a group (an epoch between two faults, a site) within which the same is
            likely to arrive.
        rows: For each sample its number in the data; by default the samples are those of the data in order.
        rules: The rule of an exit; entropy for those that are not named.
        instead: Segments that answer at an exit in place of its own.
        codec: How features travel over arcs that a question says are coded, see `Batches`.
        zero_input: See `Batches`.
        device: Where the network runs.
        batch: Samples that run at a time; None: as the device likes it (`BATCH`).
        window: Samples ahead that are looked at, at most (`window_of`).
        memo: Folder for later runs.
        progress: Hears how the network gets on, if asked.
        system: Name of the system, for messages.
        network: Whether the network may run for what is not known; else UnknownAnswerError is raised.
    """

    def __init__(
        self,
        card: Card,
        data: Dataset,
        exits: Sequence[str],
        thresholds: Mapping[str, float],
        alike: NDArray[np.int64],
        *,
        rows: NDArray[np.int64] | None = None,
        rules: Mapping[str, ExitRule] | None = None,
        instead: Mapping[str, str] | None = None,
        codec: str = "fp32",
        zero_input: bool = False,
        device: str = "auto",
        batch: int | None = None,
        window: int = WINDOW,
        memo: Path | None = None,
        progress: Progress | None = None,
        system: str = "",
        network: bool = True,
    ) -> None:
        self._card, self._data, self._wish = card, data, device
        self._may_run = network
        self._graph = graph = card.graph
        self._codec, self._zero_input = codec, zero_input
        self._exits = {name: number for number, name in enumerate(exits)}
        self._parts = [Part(graph.answering(name, (instead or {}).get(name)).name) for name in exits]
        self._thresholds = [thresholds.get(name, np.inf) for name in exits]
        self._rules = [(rules or {}).get(name, Entropy()) for name in exits]
        self._alike, self._batch = alike, BATCH[kind_of(device)] if batch is None else batch
        self._window = window_of(graph, self._batch, max(window, self._batch))
        self._index = np.arange(len(alike), dtype=np.int64) % len(data) if rows is None else rows
        about: dict[str, Any] | None = None
        if memo is not None:
            about = {"weights": card.name, "data": data.name, "split": data.split, "samples": len(data), "codec": codec}
        self._memo = Memo(len(data), graph.classes, memo, about)
        self._progress, self._name, self._system = progress, system, f"system {system!r}: " if system else ""
        self._asked = np.zeros((len(exits), len(alike)), bool)
        """Which samples have been answered at an exit."""
        self._past = np.zeros((len(exits), len(alike)), bool)
        """Which will not get to an exit: they leave before it."""
        self._found: dict[tuple[str, int], dict[int, Answer]] = {}
        self._keyed: dict[tuple[str, int], dict[int, Answer]] = {}
        self._usual: dict[tuple[str, int], int] = {}
        self._surprises: dict[tuple[str, int], int] = {}
        self._batches: Any = None  # made when a segment must really run: that imports torch
        self.complete: NDArray[np.object_] | None = None
        """For each sample what arrives if nothing is lost, where all exits are to be answered to that, too."""

    def get(self, exit_name: str, sample: int, upstream: int) -> Answer:
        """The answer at an exit for a sample; `upstream` is the mask of what arrived (and travelled coded)."""
        found = self._found.get((exit_name, upstream))
        if found is None:
            if exit_name not in self._exits:
                raise LookupError(f"there is no exit {exit_name!r}, only {', '.join(self._exits)}")
            key = exit_name, self._key(self._exits[exit_name], upstream)
            found = self._found[exit_name, upstream] = self._keyed.setdefault(key, {})
        answer = found.get(sample)
        if answer is None:
            self._fill(exit_name, sample, upstream, found)
            answer = found[sample]
        return answer

    def opinions(self, segment: str, sample: int, upstream: int) -> dict[int, NDArray[np.float32]]:
        """Class scores `[classes]` of every copy of a segment that has something to work on, by its number.

        Of a segment that gives none its features, flat.
        """
        row, found = self._index[sample], {}
        one = self._graph.segments.get(segment)
        width = None if one is None or one.scores or one.sends is None else prod(one.sends)
        for part in self._graph.parts_of(segment):
            if self._graph.alive(part, upstream):
                table = self._memo.table((part, self._graph.key(part, upstream)), width)
                if not table.known[row]:
                    ahead = np.arange(sample, min(sample + self._window, len(self._index)))
                    alike = ahead[self._alike[ahead] == self._alike[sample]]
                    try:
                        self._ensure(part, upstream, np.unique(self._index[alike]))
                    except UnknownAnswerError:
                        self._ensure(part, upstream, np.array([row]))
                found[part.copy] = table.scores[row]
        return found

    def part(self, exit_name: str) -> Part:
        """The part of the network that answers at an exit."""
        return self._parts[self._exits[exit_name]]

    def told(
        self, exit_name: str, samples: NDArray[np.int64], upstream: int
    ) -> tuple[NDArray[np.floating], NDArray[np.float64]]:
        """The scores `[n, classes]` that an exit answers with, and what its rule measures, `[n]`.

        Of a rule that reads features the exit's own scores, and NaN: its features are not kept.
        """
        number = self._exits[exit_name]
        if isinstance(self._rules[number], FeatureRule):
            return self._scores_at(number, self._index[samples], upstream), np.full(len(samples), np.nan)
        return self._judged(number, samples, upstream)

    def heads(self, exit_name: str, upstream: int) -> list[Part]:
        """The parts of whose scores those of an exit are made, and of theirs: known wherever the exit was asked."""
        found, todo = dict[Part, None](), [self.part(exit_name)]
        while todo:
            more = [part for part in self._scored(todo.pop(), upstream) if part not in found]
            found |= dict.fromkeys(more)
            todo += more
        return list(found)

    def head_scores(self, head: Part, samples: NDArray[np.int64], upstream: int) -> NDArray[np.float64]:
        """The scores `[n, classes]` of a part as those are given them that take them: divided by their temperature."""
        rows = self._index[samples]
        self._ensure(head, upstream, np.unique(rows))
        takers = (arc.target.segment for arc in self._graph.arcs if arc.source == head and arc.what == "scores")
        scale = next((self._graph.segments[name].scale for name in takers), "") or head.segment
        scores = self._memo.table((head, self._graph.key(head, upstream))).scores[rows]
        return np.asarray(scores / self._card.temperatures.get(scale, 1.0), np.float64)

    def _key(self, number: int, upstream: int) -> int:
        return self._graph.key(self._parts[number], upstream)

    def _table(self, number: int, upstream: int) -> Table:
        return self._memo.table((self._parts[number], self._key(number, upstream)))

    def _fill(self, exit_name: str, sample: int, upstream: int, found: dict[int, Answer]) -> None:
        """Answer `sample` and those ahead that are likely to meet the same."""
        number = self._exits[exit_name]
        key, group = self._key(number, upstream), int(self._alike[sample])
        if self._usual.setdefault((exit_name, group), key) == key:
            reach = self._window
        else:  # a loss that the others of the group did not meet: look ahead further each time it happens again
            reach = self._surprises[exit_name, key] = min(2 * self._surprises.get((exit_name, key), 1), self._batch)
            if reach == self._batch:  # it has become the usual thing
                self._usual[exit_name, group] = key
        ahead = np.arange(sample, min(sample + reach, len(self._index)))
        ahead = ahead[self._alike[ahead] == group]
        try:
            predictions, measures, reached = self._reach(number, ahead, upstream, sample)
        except UnknownAnswerError:  # perhaps only of a sample ahead, which nobody has asked for
            predictions, measures, reached = self._reach(number, ahead[:1], upstream, sample)
        if len(found) > _TOLD * self._window:  # time has gone on: who comes back late is looked up again
            for passed in [one for one in found if one < sample]:
                del found[passed]
        found.update(zip(reached.tolist(), zip(predictions.tolist(), measures.tolist(), strict=True), strict=True))
        if self.complete is not None:
            self._answer_all(ahead)
        if self._progress is not None and self._batches is not None:
            self._asked[number, reached] = True
            self._past[number + 1 :, reached[measures < self._thresholds[number]]] = True
            done = int(self._asked.sum())
            left = ~(self._asked[:, sample:] | self._past[:, sample:])
            self._progress.evaluated(self._name, done, done + int(left.sum()))

    def _answer_all(self, samples: NDArray[np.int64]) -> None:
        """Answer every exit to what is complete, as long as the features are at hand."""
        assert self.complete is not None
        masks = self.complete[samples]
        for mask in dict.fromkeys(masks.tolist()):
            for number in range(len(self._exits)):
                self._scores_at(number, self._index[samples[masks == mask]], mask)

    def _reach(
        self, number: int, ahead: NDArray[np.int64], upstream: int, asked: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Answers at exit `number` for those of `ahead` that get so far (and for `asked`), and who these are."""
        before = number - 1
        while before >= 0 and not self._graph.alive(self._parts[before], upstream):
            before -= 1  # an exit of which the question says nothing: everyone may have passed it
        if before >= 0:
            _, measures, passed = self._reach(before, ahead, upstream, asked)
            ahead = passed[~(measures < self._thresholds[before]) | (passed == asked)]
        return (*self._answered(number, ahead, upstream), ahead)

    def _answered(
        self, number: int, samples: NDArray[np.int64], upstream: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Predicted class and measure at an exit."""
        answered, measures = self._judged(number, samples, upstream)
        return answered.argmax(axis=-1), measures

    def _judged(
        self, number: int, samples: NDArray[np.int64], upstream: int
    ) -> tuple[NDArray[np.floating], NDArray[np.float64]]:
        """The scores that an exit answers with, and what its rule measures."""
        rows = self._index[samples]
        scores = self._scores_at(number, rows, upstream)
        rule = self._rules[number]
        before = [self._scores_at(n, rows, upstream) for n in range(number)] if rule.reads_earlier else []
        where = f"{self._system}exit rule {type(rule).__name__} at exit {list(self._exits)[number]!r}"
        size = self._batch if isinstance(rule, FeatureRule) else len(samples)  # features of a whole run are too much
        found = []
        for start in range(0, max(1, len(samples)), max(1, size)):
            some = slice(start, start + size)
            features = self._features_at(number, rows[some], upstream) if isinstance(rule, FeatureRule) else None
            found.append(judged(rule, scores[some], [one[some] for one in before], where, samples[some], features))
        return np.concatenate([answered for answered, _ in found]), np.concatenate([measures for _, measures in found])

    def _features_at(self, number: int, rows: NDArray[np.int64], upstream: int) -> NDArray[np.float32] | None:
        """What a rule may read at an exit for `rows`, computed anew: the memo is one of scores."""
        part = self._parts[number]
        once, places = np.unique(rows, return_inverse=True)
        for source in self._scored(part, upstream):  # the exit's own scores may come from the disk without these
            self._ensure(source, upstream, once)
        features = self._network().read(part, upstream, once, self._given(part, upstream, once))
        return None if features is None else features[places]

    def _scores_at(self, number: int, rows: NDArray[np.int64], upstream: int) -> NDArray[np.floating]:
        part = self._parts[number]
        self._ensure(part, upstream, np.unique(rows))
        segment = self._graph.segments[part.segment]
        scores = self._memo.table((part, self._graph.key(part, upstream))).scores[rows]
        # Where another segment scales it, what it chose from was divided already.
        return scores if segment.scale else scores / self._card.temperatures.get(segment.name, 1.0)

    def _ensure(self, part: Part, upstream: int, rows: NDArray[np.int64]) -> None:
        """See to it that the scores of `rows` are known, those of the parts that it takes scores of first."""
        table = self._memo.table((part, self._graph.key(part, upstream)))
        unknown = table.ask(rows)
        if not len(unknown):
            return
        sources = self._scored(part, upstream)
        for chunk in np.array_split(unknown, -(-len(unknown) // self._batch)):
            for source in sources:
                self._ensure(source, upstream, chunk)
            table.put(chunk, self._run(part, upstream, chunk))

    def _scored(self, part: Part, upstream: int) -> list[Part]:
        """The parts whose scores a part is given."""
        arcs = [(n, self._graph.arcs[n]) for arcs in self._graph.into[part] for n in arcs]
        return [a.source for n, a in arcs if a.what == "scores" and self._arrives(n, a.source, upstream)]

    def _arrives(self, number: int, source: Part, upstream: int) -> bool:
        return bool(upstream >> number & 1) and self._graph.alive(source, upstream)

    def _run(self, part: Part, upstream: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = self._network().run(part, upstream, rows, self._given(part, upstream, rows))
        return scores

    def _network(self) -> Any:
        if self._batches is None:
            if not self._may_run:
                raise UnknownAnswerError
            if self._progress is not None:
                self._progress.begun(f"loading the network of {self._name}")
                self._data.expect(self._index, partial(self._progress.rendered, self._data.name))

            from simnet.inference.batches import Batches

            room = room_of(self._graph, self._window)
            self._batches = Batches(self._card, self._data, self._wish, self._codec, self._zero_input, room=room)
        return self._batches

    def _given(self, part: Part, upstream: int, rows: NDArray[np.int64]) -> dict[Part, NDArray[np.float32]]:
        """Scores of `rows`, known already, of the parts whose scores a part is given."""
        scale = self._graph.segments[part.segment].scale
        known = {}
        for source in self._scored(part, upstream):
            table = self._memo.table((source, self._graph.key(source, upstream)))
            known[source] = table.scores[rows] / (self._card.temperatures.get(scale, 1.0) if scale else 1.0)
        return known

    def forced_accuracy(self, upstream: NDArray[np.object_]) -> dict[str, float] | None:
        """Accuracy of each exit when every sample is made to leave there with its `upstream`; None without samples."""
        if not len(self._index):
            return None
        labels = self._data.labels[self._index]
        right = dict.fromkeys(self._exits, 0)
        for mask in dict.fromkeys(upstream.tolist()):
            of_mask = np.flatnonzero(upstream == mask)
            for those in np.array_split(of_mask, -(-len(of_mask) // self._window)):
                for name, number in self._exits.items():
                    predictions, _ = self._answered(number, those, mask)
                    right[name] += int((predictions == labels[those]).sum())
        return {name: count / len(labels) for name, count in right.items()}

    def save(self) -> None:
        """Keep the answers for later runs."""
        self._memo.save()

    def rest(self) -> None:
        """Let go of the network and of what is held for it; whoever asks again loads it again."""
        self._batches = None

    def report(self) -> dict[str, Any]:
        """How the answers came about: device, batches, samples, mean batch size, answers known from earlier runs."""
        ran = self._batches
        return {
            "device": None if ran is None else ran.device,
            "batches": 0 if ran is None else ran.batches,
            "samples": 0 if ran is None else ran.samples,
            "mean_batch": 0.0 if ran is None else ran.samples / max(1, ran.batches),
            "recalled": sum(self._memo.table(key).recalled for key in self._memo.keys if key[0] in self._parts),
        }
