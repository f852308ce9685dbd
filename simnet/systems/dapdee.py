"""DAPDEE (Ding et al. 2025): one device and one edge cut a network between them, and choose at which exit it ends.

That exit and cut are chosen together, by load, and again while the system runs, is the paper's [S]; so is how much
accuracy may be lost. Cuts and load are told as in DADS (Hu et al. 2019) [R]. What is sent, when it is decided again and
what that costs are ours [I].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simnet.clock import Lost, Order, seconds, ticks
from simnet.language.quantities import Share, Size, Time
from simnet.models.codecs import codec as codec_named
from simnet.models.graph import Graph, Part
from simnet.network.work import Work, joined
from simnet.systems.base import Decision, Lifeline, Setting, System
from simnet.systems.options import Reply, ReplyWay, SystemOptions
from simnet.systems.partition.dag import Dag, sent
from simnet.systems.partition.estimates import Rate
from simnet.systems.partition.slices import Slice, slices_of
from simnet.systems.parts.attempt import Steps, aside
from simnet.systems.parts.measured import MeasuredWay
from simnet.systems.policies.heartbeat import NO_SAMPLE
from simnet.systems.roles import Place, Roles, Unfit, cameras, one

if TYPE_CHECKING:
    from simnet.network.nodes.plain import Node
    from simnet.systems.partition.search import Choice

HEADER = 4
"""Bytes beside what is sent up: exit and number of the plan [I]."""
LOAD = 4
"""Bytes beside the scores in an answer: how slow the edge is now [I]."""
PLAN = 16
"""Bytes of the message that tells the edge of a new plan [I]."""
CHANGE = 0.2
"""Of the bandwidth's estimate since the last decision; beyond it, it is decided again [I]."""


class DapdeeOptions(SystemOptions):
    """Keys of DAPDEE."""

    planner: Literal["dapdee", "device-only", "edge-only", "neurosurgeon"] = "dapdee"
    """Who chooses exit and cut; the others always take the last exit: all on the device, all on the edge, or the best
    cut of one order of the vertices."""
    deadline: Time | None = None
    """Latency that is to be met under light load; without it the deepest exit always meets it."""
    accuracy_loss: Share = 0.012
    """By how much an exit may be less accurate on validation than the deepest [S: 1.2 points]."""
    period: Time = 1.0
    """How often it is decided again."""
    decision: Time = 0.002
    """What a decision takes of the device, at full speed."""
    probe: Size = 0
    """Bytes that the device sends at the end of a period in which it sent nothing, so that it hears of the link; 0:
    while the device does it all, nothing tells it that the link has become quicker."""
    sample_exits: bool = False
    """Whether a sample leaves before the chosen exit where an earlier one is sure of it (`thresholds`)."""
    reply: ReplyWay = Reply(to="device")
    """Where the answer is wanted (`device`, or `none`: it costs no way back), or that and the bytes of the message."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """The device must have time for more than decisions."""
        if self.period <= self.decision:
            yield "period", "must be longer than 'decision', or the device does nothing but decide"


Call = tuple[Work, str | None]
"""What is computed in one call, and the exit that is tested after it."""


@dataclass(eq=False)
class Plan:
    """What is done with a sample.

    Attributes:
        exit: The last exit.
        on_device: Calls on the device.
        on_edge: Calls on the edge; none: the device does it all.
        size: Bytes that are sent up.
        coded: The bits of what is sent with a lossy codec, as `Graph.coded` gives them.
        text: For the summary.
        samples: How many were captured under it.
    """

    exit: str
    on_device: Sequence[Call]
    on_edge: Sequence[Call]
    size: int
    coded: int
    text: str
    samples: int = 0


class Dapdee(System):
    """A device with a camera, and an edge."""

    Options: ClassVar[type[SystemOptions]] = DapdeeOptions
    roles = Roles(device=cameras(1, 1), edge=one("edge"))

    @classmethod
    def exits_of(cls, options: Any, graph: Graph | None) -> tuple[str, ...] | None:
        """Those of the network."""
        return None if graph is None else tuple(graph.exits)

    @classmethod
    def idle_keys(cls, options: Any) -> Mapping[str, str]:
        """Keys that only other settings ask for."""
        idle: dict[str, str] = {}
        if not options.sample_exits:
            idle["rule"] = "without 'sample_exits': no exit is tested"
        if options.planner != "dapdee":
            why = f"with planner '{options.planner}': it always takes the last exit"
            idle |= dict.fromkeys(("deadline", "accuracy_loss"), why)
        if options.planner in ("device-only", "edge-only"):
            idle |= dict.fromkeys(
                ("period", "decision", "probe"), f"with planner '{options.planner}': nothing is decided"
            )
        return idle

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """The network takes one view, and all that its exits depend on runs once."""
        super().fit(graph, place, options)
        try:
            slices_of(graph, "fp32")
        except ValueError as problem:
            raise Unfit(str(problem)) from None

    @classmethod
    def hosts(cls, graph: Graph, place: Place, options: Any) -> dict[str, list[Part]]:
        """Both hold all of the network, since the cut may be anywhere."""
        unused = {"device-only": "edge", "edge-only": "device"}.get(options.planner)
        return {place.only(role): list(graph.parts) for role in ("device", "edge") if role != unused}

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        network, place, options = setting.network, setting.place, setting.options
        self.device, self.edge = network.nodes[place.only("device")], network.nodes[place.only("edge")]
        self.uplink = MeasuredWay(self.env, network.route(self.device, self.edge), self.heard)
        self.down = network.route(self.edge, self.device) if options.reply.to == "device" else None
        self._way_back = [] if self.down is None else self.down.links
        if options.reply.size is None:
            self.reply_size = self.graph.score_bytes + LOAD
        self.slices = slices_of(self.graph, setting.codec)
        self.rate = Rate(options.period)
        self._skew = setting.skews.get(self.device.name, 0.0)
        self._on_device = {name: _alone(self.device, work) for name, work in self.work.items()}
        self._on_edge = {name: _alone(self.edge, work) for name, work in self.work.items()}
        self._edge_pace = 1.0
        self._deciding = Work(options.decision * 1e9 / _alone(self.device, Work(1e9))) if options.decision else None
        self._busy, self._decided_for = False, self.uplink.bandwidth.estimate
        self._counts = dict.fromkeys(("decisions", "heavy", "unmet", "changes"), 0)
        self._plans: dict[tuple[str, frozenset[int]], Plan] = {}
        self.plan = self._plan_of(self.choose())
        self._online = options.planner in ("dapdee", "neurosurgeon")
        if self._online:
            self._await_turn(1)

    # Deciding.

    def choose(self) -> Choice:
        """Exit and cut as of now: by the bandwidth and the edge's load as last heard of, the device's load, the rate.

        Paces and bandwidth are estimates of the device; that it knows its own pace is [S: "terminal computational
        load"].
        """
        from simnet.systems.partition.cuts import cut_in_order  # only now: a scenario is checked without numpy
        from simnet.systems.partition.search import Choice, inverse_search

        options, planner = self.options, self.options.planner
        names = list(self.slices)
        limit = inf if options.deadline is None else options.deadline
        rate = self.rate.at(seconds(self.env.now))
        if planner == "dapdee":
            dags = {name: self.dag(self.slices[name]) for name in names}
            return inverse_search(dags, self.setting.accuracy, rate, limit, options.accuracy_loss)
        dag = self.dag(self.slices[names[-1]])
        kept = {"device-only": dag.everything, "edge-only": frozenset((0,))}.get(planner) or cut_in_order(dag)
        loads = dag.loads(kept)
        return Choice(names[-1], kept, loads, "light" if loads.slowest * rate < 1 else "heavy", True)

    def dag(self, one: Slice) -> Dag:
        """The network up to an exit, with times as they are known to the device now."""
        slow, edge_slow = self.device.pace, self._edge_pace
        per_byte = 1 / self.uplink.bandwidth.estimate
        return one.dag(
            lambda name: self._on_device[name] * slow,
            lambda name: self._on_edge[name] * edge_slow,
            per_byte,
            (HEADER + self.uplink.header) * per_byte,
            self.uplink.delay + self._back,
        )

    @property
    def _back(self) -> float:
        """Seconds of an answer's way back, as the links are said to be; without a way now, those of the last one."""
        if self.down is not None:
            self._way_back = self.down.links or self._way_back
        return sum(
            (self.reply_size + link.spec.header) / link.base_bandwidth + link.spec.latency for link in self._way_back
        )

    def _await_turn(self, number: int) -> None:
        heard = self.uplink.messages

        def turn() -> None:
            self._await_turn(number + 1)
            if self.device.up and self.options.probe and self.uplink.messages == heard:
                aside(self.env, self.uplink.send(self.options.probe, NO_SAMPLE))
            self._decide()

        self.env.background(number * ticks(self.options.period), Order.CAPTURE, turn)

    def _decide(self) -> None:
        """Begin to decide, unless a decision is under way already."""
        if not self._busy:
            self._busy = True
            aside(self.env, self._deciding_now())

    def _deciding_now(self) -> Steps:
        """The device takes its time; a new plan is told to the edge. Samples under way keep theirs."""
        try:
            if self._deciding is not None:
                yield self.compute(self.device, self._deciding, NO_SAMPLE)
        finally:
            self._busy = False
        if not self.device.up:
            return
        self._decided_for = self.uplink.bandwidth.estimate
        choice = self.choose()
        self._counts["decisions"] += 1
        self._counts["heavy"] += choice.load == "heavy"
        self._counts["unmet"] += not choice.met
        plan = self._plan_of(choice)
        if plan is not self.plan:
            self.plan = plan
            self._counts["changes"] += 1
            yield from self.uplink.send(PLAN, NO_SAMPLE)

    def heard(self) -> None:
        """The link has been measured: decide again where it is another than it was."""
        if self._online and abs(self.uplink.bandwidth.estimate / self._decided_for - 1) > CHANGE:
            self._decide()

    # Plans.

    def _plan_of(self, choice: Choice) -> Plan:
        key = choice.exit, choice.kept
        if key not in self._plans:
            self._plans[key] = self._make(self.slices[choice.exit], choice.kept)
        return self._plans[key]

    def _make(self, one: Slice, kept: frozenset[int]) -> Plan:
        mine = one.names(kept)
        rest = [name for name in one.segments if name not in mine]
        crossing = sent(one.arcs, kept)
        size = HEADER + sum(int(one.size[vertex]) for vertex in crossing) if rest else 0
        names = [one.segments[vertex - 1] for vertex in crossing if vertex]
        apart = self.graph.arcs_from(*map(Part, names)) & self.graph.arcs_into(*map(Part, rest))
        of_features = sum(1 << number for number, arc in enumerate(self.graph.arcs) if arc.what == "features")
        lossless = codec_named(self.setting.codec).lossless
        text = f"{one.exit}, device {len(mine)} of {len(one.segments)}" + f" (sends {', '.join(names)})" * bool(names)
        return Plan(
            one.exit,
            self._calls(one, mine, ()),
            self._calls(one, rest, mine) if rest else (),
            size,
            0 if lossless else self.graph.coded(apart & of_features),
            text,
        )

    def _calls(self, whole: Slice, segments: Sequence[str], before: Sequence[str]) -> list[Call]:
        """What one machine does: one call, or with `sample_exits` one for each exit before whose trunk it ends."""
        calls: list[Call] = []
        done = set(before)
        for name, early in self.slices.items() if self.options.sample_exits else ():
            if name == whole.exit:
                break
            trunk = set(early.segments[:-1])
            there = done.union(segments)
            if early.segments[-1] in there or not trunk <= there or trunk <= set(before):
                continue
            wanted = [segment for segment in early.segments if segment not in done]
            calls.append((joined(self.work[segment] for segment in wanted), name))
            done.update(wanted)
        if rest := [segment for segment in segments if segment not in done]:
            last = whole.exit if whole.segments[-1] in rest else None
            calls.append((joined(self.work[segment] for segment in rest), last))
        return calls

    # Samples.

    def classify(self, sample: int) -> Lifeline:
        """The device runs its part and sends what the edge needs, which runs the rest and answers."""
        if self._skew:
            yield self.pause(self._skew, Order.CAPTURE)
        if not self.device.up:  # it has no image to send either
            raise Lost(f"{self.device.tier} down")
        self.rate.arrived(seconds(self.env.now))
        plan = self.plan
        plan.samples += 1
        for work, exit_name in plan.on_device:
            yield self.compute(self.device, work, sample)
            if exit_name is not None:
                decision = self._answer(exit_name, sample, plan)
                if exit_name == plan.exit or self.leaves(decision):
                    return decision
        yield from self.uplink.send(plan.size, sample)
        for work, exit_name in plan.on_edge:
            yield self.compute(self.edge, work, sample)
            assert exit_name is not None
            decision = self._answer(exit_name, sample, plan)
            if exit_name == plan.exit or self.leaves(decision):
                break
        pace = self.edge.pace
        if self.down is not None:
            yield self.send(self.down, self.reply_size, sample)
        self._edge_pace = pace
        return decision

    def _answer(self, exit_name: str, sample: int, plan: Plan) -> Decision:
        """What the network says at an exit, of what it depends on; what the edge was sent has been coded."""
        prediction, measure = self._ask(exit_name, sample, self.slices[exit_name].used | plan.coded)
        return Decision(exit_name, prediction, measure, self.graph.all)

    def answered_at(self, exit_name: str) -> Node | None:
        """The way back is part of `classify`: where an answer is depends on the plan."""
        return None

    def policy_report(self) -> Mapping[str, Any]:
        """How it was decided, and how many samples were captured under each plan."""
        samples = {plan.text: plan.samples for plan in self._plans.values() if plan.samples}
        return {"plans": {**self._counts, "samples": samples}}


def _alone(node: Node, work: Work) -> float:
    """Seconds that work adds to a call on a node, without load and faults."""
    return node.seconds(work) - node.seconds(Work(0.0))
