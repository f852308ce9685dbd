"""What nodes answer of what they have run, in the place of the network's known answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simnet.inference.answers import Answer, Answers
from simnet.models.graph import Part
from simnet.models.rules import FeatureRule
from simnet.models.rules.checked import judged
from simnet.testbed.contents import Contents, Judged, Told
from simnet.world.plan import Plan

if TYPE_CHECKING:
    from simnet.testbed.bench import Bench


class NodeAnswers:
    """Answers of the nodes' processes, each from what it has run on what has really arrived there.

    The node that ran an exit's segment told what came of it when it had; of an exit that no node runs a segment for
    that one is asked where what it is made of has come together. Where no node can tell, which has nothing of what was
    asked for (a system that asks before anything runs, say), the network's known answer counts, as in a simulation.
    """

    def __init__(self, bench: Bench, contents: Contents, plan: Plan, answers: Answers) -> None:
        self._bench, self._contents, self._plan, self._answers = bench, contents, plan, answers
        self._scores: dict[tuple[str, int], NDArray[np.floating]] = {}
        """By exit and sample, for rules that read them."""
        self._given: dict[tuple[str, int], dict[int, Judged]] = defaultdict(dict)
        """By exit and what had arrived upstream, what nodes answered of each sample."""
        self._known = 0
        """Questions that no node could answer."""

    def get(self, exit_name: str, sample: int, upstream: int) -> Answer:
        """See `Answers.get`."""
        found = self._found(exit_name, sample, upstream)
        if found is None:
            self._known += 1
            return self._answers.get(exit_name, sample, upstream)
        rule = self._plan.rules.get(exit_name)
        if rule is not None and rule.reads_earlier:
            found = self._with_earlier(exit_name, sample, upstream, found[2])
        self._scores[exit_name, sample] = found[2]
        self._given[exit_name, upstream][sample] = found
        return found[0], found[1]

    def opinions(self, segment: str, sample: int, upstream: int) -> Mapping[int, NDArray[np.float32]]:
        """See `Answers.opinions`."""
        graph, found = self._plan.graph, {}
        for part in graph.parts_of(segment):
            if graph.alive(part, upstream):
                if (told := self._told(part, sample, upstream)) is None:
                    self._known += 1
                    return self._answers.opinions(segment, sample, upstream)
                found[part.copy] = told.values
        return found

    def _told(self, part: Part, sample: int, upstream: int) -> Told | None:
        """What a node told of a part, if it ran on just what is asked for."""
        had, told = self._contents.told.get((sample, part), (0, None))
        key = self._plan.graph.key
        return told if told is not None and key(part, had) == key(part, upstream) else None

    def _found(self, exit_name: str, sample: int, upstream: int) -> Judged | None:
        part = self._answers.part(exit_name)
        if (told := self._told(part, sample, upstream)) is not None:
            return told.judged[exit_name]
        if part in self._contents.hosted or (node := self._contents.decider(part, sample, upstream)) is None:
            return None
        found: Judged | None = self._bench.ask(node, "answer", exit_name, sample, upstream)
        return found

    def _with_earlier(self, exit_name: str, sample: int, upstream: int, scores: NDArray[np.floating]) -> Judged:
        """What a rule says that reads the scores of earlier exits, too: of those that nodes told, if they did."""
        before = []
        for name in self._plan.exits[: self._plan.exits.index(exit_name)]:
            known = self._scores.get((name, sample))
            before.append(self._answers.told(name, np.array([sample]), upstream)[0] if known is None else known[None])
        where = f"system {self._plan.name!r}: exit {exit_name!r}"
        answered, measures = judged(self._plan.rules[exit_name], scores[None], before, where, [sample])
        return int(answered[0].argmax()), float(measures[0]), np.asarray(answered[0])

    def report(self) -> dict[str, Any]:
        """How often nodes answered, and how far that was from what a simulation says of the same.

        A decision differs where the class does, or the side of T on which the measure is.
        """
        off, differ = 0.0, 0
        for (exit_name, upstream), answers in self._given.items():
            samples = np.array(list(answers))
            scores, measures = self._answers.told(exit_name, samples, upstream)
            predictions, told, theirs = zip(*answers.values(), strict=True)
            off = max(off, float(np.abs(np.stack(theirs) - scores).max()))
            threshold = self._plan.thresholds.get(exit_name, np.inf)
            if isinstance(self._plan.rules.get(exit_name), FeatureRule):
                measures = np.array(told)  # its features are not kept
            here, there = np.array(told) < threshold, measures < threshold
            differ += int(((np.array(predictions) != scores.argmax(-1)) | (here != there)).sum())
        by_nodes = sum(map(len, self._given.values()))
        return {"by_nodes": by_nodes, "known_before": self._known, "differ": differ, "scores_off": off}
