"""DistrEE (Fei et al. 2025): nodes of one network run parts of a DNN side by side; a source decides when to stop.

Leaving early by the difference of features, on several nodes, to meet a quality of service is the paper's [S]; of the
protocol only its abstract is known to us, so messages, limits, the deadline rule and what failures do are ours [I].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from simnet.clock import Limit, Lost, Signal, seconds
from simnet.language.quantities import Time
from simnet.models.criteria import CRITERIA, NEVER, RANDOM, Stage, thresholds_of
from simnet.models.graph import INPUT, Graph, Part
from simnet.network.work import joined
from simnet.streams import keyed
from simnet.systems.base import Decision, Lifeline, Setting, System
from simnet.systems.options import SystemOptions
from simnet.systems.parts.forecast import transfers
from simnet.systems.roles import Place, Role, Roles, Unfit
from simnet.systems.traffic import Message, feature_bytes

if TYPE_CHECKING:
    from simnet.network.nodes.plain import Node

CONTROL = 4
"""Bytes of a message that says go on, or stop: the number of the sample (our choice)."""
LOAD_REPORT = 4
"""Bytes by which a node's message is longer when it tells its speed (our choice: one float32)."""
MOST_NODES = 8

Policy = Literal["feature-difference", "relative-difference", "similarity", "entropy", "random", "last-exit"]


class DistreeOptions(SystemOptions):
    """Keys of DistrEE."""

    policy: Policy = "feature-difference"
    """When the source leaves early: by the difference of features (cosine, or relative to their norm), by similar
    predictions, by the entropy, at random in the same shares as by the difference of features, or never."""
    control: Literal["continue", "speculative"] = "continue"
    """Whether nodes wait after each stage until they are told to go on, or go on until they are told to stop."""
    deadline: Annotated[Time, Field(gt=0)] | None = None
    """Time from capture within which the answer is wanted: the source forces an exit when the next stage would be too
    late. Nodes then tell their speed with every message."""
    wait: Time = 1.0
    """How long the source waits for further nodes after the first message of a stage."""


class Distree(System):
    """A source with the camera and the other nodes; stage by stage all compute, and their features meet at the source.

    Each node runs a student of its own on the whole image. A node whose features of a stage have not arrived in time is
    zeros from then on; the source's own student is always there.
    """

    Options: ClassVar[type[SystemOptions]] = DistreeOptions
    roles = Roles(
        source=Role("source", sees=True),
        device=Role("device", 1, MOST_NODES - 1),
    )
    one_site = True

    @classmethod
    def exits_of(cls, options: Any, graph: Graph | None) -> tuple[str, ...] | None:
        """One after each stage of the network."""
        return None if graph is None else tuple(graph.exits)

    @classmethod
    def idle_keys(cls, options: Any) -> Mapping[str, str]:
        """What decides is the policy, and the answer is where the camera is."""
        found = {
            "rule": "here: 'policy' says what is compared with the thresholds",
            "reply": "here: the source has the camera, and the answer",
        }
        if options.policy == NEVER:
            found["thresholds"] = f"with policy '{NEVER}': no sample leaves early by itself"
        return found

    @classmethod
    def range_of(cls, options: Any) -> tuple[float, float]:
        """What the policy's criterion measures."""
        return 0.0, _MOST.get(options.policy, 1.0)

    @classmethod
    def calibrated(cls, card: Mapping[str, Any], options: Any) -> Mapping[str, float]:
        """The thresholds of the policy; those of the card's `calibration` are of other exits' entropies."""
        if options.policy == NEVER:
            return dict.fromkeys(card["calibration"]["thresholds"], 0.0)
        return thresholds_of(card, options.policy)

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """The segments are those of stages, and there are as many nodes as students."""
        if missing := [f"'{name}'" for name in _names(1) if name not in graph.segments]:
            raise Unfit(
                f"it needs segments 'stage-1', 'adapter-1', 'head-1', 'aligned-1' and so on; the network has no "
                f"{' and no '.join(missing)}"
            )
        super().fit(graph, place, options)
        students = graph.segments["stage-1"].copies
        nodes = nodes_of(place)
        if len(nodes) != students:
            raise Unfit(
                f"the network has {students} students, one for each node (the source is one of them); "
                f"found {len(nodes)} nodes: {', '.join(nodes)}"
            )

    @classmethod
    def hosts(cls, graph: Graph, place: Place, options: Any) -> dict[str, list[Part]]:
        """A student on each node, in the scenario's order after the source, which has the heads, too."""
        stages = range(1, len(graph.exits) + 1)
        found = {
            name: [Part(f"{what}-{stage}", number) for stage in stages for what in ("stage", "adapter")]
            for number, name in enumerate(nodes_of(place))
        }
        found[place.only("source")] += [Part(f"{what}-{stage}") for stage in stages for what in ("head", "aligned")]
        return found

    @classmethod
    def ways(cls, place: Place) -> Iterator[tuple[str, str]]:
        """From the source to the other nodes and back."""
        source = place.only("source")
        for name in place.nodes["device"]:
            yield source, name
            yield name, source

    @classmethod
    def messages(cls, graph: Graph, codec: str) -> list[Message]:
        """The raw image, features after each stage, and before each stage but the first a word to go on."""
        exits, others = list(graph.exits), graph.segments["stage-1"].copies - 1
        found = [Message(INPUT, exits[0], graph.raw_view, others)]
        for number, name in enumerate(exits, start=1):
            if number > 1:
                found.append(Message(f"head-{number - 1}", name, CONTROL, others))
            found.append(Message(f"adapter-{number}", name, feature_bytes(graph, codec, f"adapter-{number}"), others))
        return found

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, place, options = setting.network, setting.place, setting.options
        self.nodes = [network.nodes[name] for name in nodes_of(place)]
        self.source = self.nodes[0]
        self.out = [network.route(self.source, node) for node in self.nodes]
        self.back = [network.route(node, self.source) for node in self.nodes]
        self.exit_names = list(self.graph.exits)
        stages = range(1, len(self.exit_names) + 1)
        self.criterion = CRITERIA.get(options.policy)
        reads = self.criterion is not None and self.criterion.reads_features
        self.on_node = [joined((self.work[f"stage-{n}"], self.work[f"adapter-{n}"])) for n in stages]
        """One call of each stage, with its adapter."""
        self.at_source = [
            joined((self.work[f"head-{n}"], self.work[f"aligned-{n}"])) if reads else self.work[f"head-{n}"]
            for n in stages
        ]
        """One call of the source after each stage."""
        self.everyone = (1 << len(self.nodes)) - 1
        """Bit i is node i, the source 0."""
        self.gone = [
            [
                self.graph.arcs_from(*(Part(f"adapter-{n}", node) for n in stages if n > number))
                for node in range(len(self.nodes))
            ]
            for number in range(len(self.exit_names))
        ]
        """For each stage (from 0) and node the arcs that are not there if it is missing from this stage on."""
        report = 0 if options.deadline is None else LOAD_REPORT
        self.feature_sizes = [self.size(f"adapter-{n}") + report for n in stages]
        self.wait = Limit(self.env, options.wait)
        self.pace = [1.0] * len(self.nodes)
        """How many times slower than usual each other node was, by what it told last."""
        self.speculative = options.control == "speculative"
        self.draws = keyed(setting.seed, "exits at random")
        self.skew = setting.skews.get(self.source.name, 0.0)

    def classify(self, sample: int) -> Lifeline:
        """Stage by stage; a sample leaves when the policy says so, the deadline forces it, or no stage is left."""
        if self.skew:
            yield self.pause(self.skew)
        if not self.source.up:
            raise Lost(f"{self.source.tier} down")
        captured = self.env.now
        upstream, present = self.graph.all, self.everyone
        before: Stage | None = None
        run = _Run(self, sample)
        for number, exit_name in enumerate(self.exit_names):
            arrived = yield run.stage(number, present)
            for node in range(len(self.nodes)):
                if present & ~arrived & 1 << node:
                    upstream &= ~self.gone[number][node]
            present = arrived
            yield self.compute(self.source, self.at_source[number], sample)
            decision = self.decide(exit_name, sample, upstream)
            here = self._known(number, sample, upstream)
            decision = decision._replace(measure=self._measure(sample, number, here, before, decision))
            if number == len(self.exit_names) - 1:
                break
            if number and self.leaves(decision):
                break
            if self._too_late(captured, number + 1, present):
                decision = decision._replace(forced=True)
                break
            before = here
            run.go_on(present)
        run.stop()
        return decision

    def answered_at(self, exit_name: str) -> Node | None:
        """All answers are at the source, nearer to nobody: it has the camera."""
        return None

    def _known(self, number: int, sample: int, upstream: int) -> Stage | None:
        """What the criterion may compare of a stage."""
        if self.criterion is None:
            return None
        scores = self.opinions(f"head-{number + 1}", sample, upstream)[0][None]
        aligned = (
            self.opinions(f"aligned-{number + 1}", sample, upstream)[0][None]
            if self.criterion.reads_features
            else _NONE
        )
        return Stage(scores, aligned)

    def _measure(self, sample: int, number: int, here: Stage | None, before: Stage | None, decision: Decision) -> float:
        """What is compared with T after a stage; infinite after the first, and where nothing is compared."""
        if self.options.policy == RANDOM:
            return self.draws.uniform(sample, number)
        if self.criterion is None or here is None or before is None:
            return inf
        return float(self.criterion.measure(here, before)[0])

    def _too_late(self, captured: int, number: int, present: int) -> bool:
        """Whether the next stage would end beyond the deadline, by what the nodes told last of their speed."""
        limit = self.options.deadline
        if limit is None:
            return False
        work, size = self.on_node[number], self.feature_sizes[number]
        others = [node for node in range(1, len(self.nodes)) if present >> node & 1]
        there = [0.0] * len(others) if self.speculative else transfers([(self.out[n], CONTROL) for n in others])
        back = transfers([(self.back[node], size) for node in others])
        longest = self.source.seconds(work) * self.source.pace
        for node, word, way in zip(others, there, back, strict=True):
            longest = max(longest, word + self.nodes[node].seconds(work) * self.pace[node] + way)
        return bool(seconds(self.env.now - captured) + longest > limit)


_NONE = np.zeros((1, 0))
_MOST = {"feature-difference": 2.0, "relative-difference": 1e6}
"""Greatest measure of a policy, where it is not 1."""


def nodes_of(place: Place) -> list[str]:
    """The nodes in the order of their students, the source first."""
    return [place.only("source"), *place.nodes["device"]]


def _names(stage: int) -> list[str]:
    return [f"{what}-{stage}" for what in ("stage", "adapter", "head", "aligned")]


class _Meeting(Signal):
    """A stage of one sample at the source: fires with the nodes (bits) whose features are there.

    When all have come that are still in play; or, at the earliest the limit after the first, when the source's own are
    there. Raises Lost when the source goes down.
    """

    def __init__(self, system: Distree) -> None:
        super().__init__(system.env)
        self._system, self._arrived = system, 0
        self._present: int | None = None
        self._over = False

    def open(self, present: int) -> None:
        """The source has come to this stage, with these nodes in play."""
        self._present = present
        source = self._system.source
        source.held[self] = None
        self._look()

    def arrived(self, node: int) -> None:
        """A node's features are there; too late, if the source has gone on."""
        if self.settled:
            return
        if not self._arrived:
            self._system.wait.begin(self, self._close)
        self._arrived |= 1 << node
        self._look()

    def _close(self) -> None:
        self._over = True
        self._look()

    def _look(self) -> None:
        if self._present is None:
            return
        there = self._arrived & self._present
        if there == self._present or (self._over and there & 1):  # it need not be told of its own features: they come
            self.fire(there)

    def _settle(self, value: Any) -> None:
        self._system.source.held.pop(self, None)
        super()._settle(value)


class _Run:
    """One sample on all nodes: what each of them holds of it, and how far it is."""

    def __init__(self, system: Distree, sample: int) -> None:
        self.system, self.sample = system, sample
        self._meetings = [_Meeting(system) for _ in system.exit_names]
        self._since = [0] * len(system.nodes)
        self._done = [-1] * len(system.nodes)
        """The last stage that each node has computed."""
        self._stopped = [False] * len(system.nodes)
        self._over = False
        self._begin(0, 0)
        for node in range(1, len(system.nodes)):
            system.out[node].send(sample, system.graph.raw_view, self._image, self._silent, node)

    def stage(self, number: int, present: int) -> Signal:
        """What the source waits for, once it has come to a stage."""
        meeting = self._meetings[number]
        meeting.open(present)
        return meeting

    def go_on(self, present: int) -> None:
        """The next stage: the source at once; the others are told, unless they go on by themselves."""
        self._begin(0, self._done[0] + 1)
        if not self.system.speculative:
            for node in range(1, len(self.system.nodes)):
                if present >> node & 1:
                    self.system.out[node].send(self.sample, CONTROL, self._told, self._silent, node)

    def stop(self) -> None:
        """The sample has its answer: nodes that would go on are told."""
        self._over = True
        number = sum(meeting.settled for meeting in self._meetings)
        if self.system.speculative and number < len(self._meetings):
            for node in range(1, len(self.system.nodes)):
                self.system.out[node].send(self.sample, CONTROL, self._stop, self._silent, node)

    def _image(self, node: int) -> None:
        self._begin(node, 0)

    def _told(self, node: int) -> None:
        if self.system.nodes[node].failed_at <= self._since[node]:  # else what it held of the sample is gone
            self._begin(node, self._done[node] + 1)

    def _stop(self, node: int) -> None:
        self._stopped[node] = True

    def _begin(self, node: int, number: int) -> None:
        if not number:
            self._since[node] = self.system.env.now
        self.system.nodes[node].compute(self.sample, self.system.on_node[number], self._computed, self._silent, node)

    def _computed(self, node: int) -> None:
        system = self.system
        number = self._done[node] = self._done[node] + 1
        if not node:
            self._meetings[number].arrived(0)
            return
        if self._stopped[node]:
            return
        token = node, number, system.nodes[node].pace
        system.back[node].send(self.sample, system.feature_sizes[number], self._features, self._silent, token)
        if system.speculative and number + 1 < len(self._meetings):
            self._begin(node, number + 1)

    def _features(self, token: tuple[int, int, float]) -> None:
        node, number, self.system.pace[node] = token
        if not self._over:
            self._meetings[number].arrived(node)

    def _silent(self, token: Any) -> None:
        """Nobody tells the source: it learns it from its limit; but its own student is its own."""
        if token == 0:
            for meeting in self._meetings:
                if not meeting.settled:
                    meeting.lose(f"{self.system.source.tier} down")
