"""A testbed: a network cut into a chain for up to three machines, with an exit on some of them, on the simulator.

No weights are known of the networks that were measured, so what is decided at an exit is given by the published share
of samples that leave there; everything else is that of any run: system, nodes, links, bytes of features, ways back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import fmean

from simnet.clock import seconds
from simnet.models.cards.card import Card
from simnet.models.graph import INPUT, Graph, Segment, Take
from simnet.models.rules import Entropy
from simnet.network.links.spec import Link
from simnet.network.nodes.spec import Node
from simnet.systems.base import Lifeline, Setting, System
from simnet.systems.options import Reply, SystemOptions
from simnet.systems.roles import Roles, cameras, maybe, places, sites_of
from simnet.validation.lab import a_scenario
from simnet.workloads.periodic import Periodic
from simnet.world.captures import captures
from simnet.world.plan import Plan
from simnet.world.world import World

NAME = "published"
"""What the networks of testbeds are called where weights have a name, as in profiles."""
THRESHOLD = 0.5
"""T of every early exit; samples that leave have 0, others 1."""


class Chain(System):
    """Each segment runs on the machine of its name, which sends its features on; exits are called as segments are."""

    roles = Roles(device=cameras(most=1), edge=maybe("edge"), cloud=maybe("cloud"))

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.stops = [setting.network.nodes[setting.place.only(name)] for name in self.graph.segments]
        self.hops = [setting.network.route(here, there) for here, there in pairwise(self.stops)]

    def classify(self, sample: int) -> Lifeline:
        """From machine to machine, until an exit is sure, or the last one has answered."""
        *early, last = self.graph.segments.values()
        for node, hop, segment in zip(self.stops, self.hops, early, strict=False):
            yield self.compute(node, self.work[segment.name], sample)
            if segment.exit is not None:
                decision = self.decide(segment.exit, sample, self.graph.all)
                if self.leaves(decision):
                    return decision
            yield self.send(hop, self.size(segment.name), sample)
        yield self.compute(self.stops[-1], self.work[last.name], sample)
        return self.decide(last.name, sample, self.graph.all)


@dataclass(frozen=True)
class Piece:
    """What one machine runs of a network.

    Attributes:
        tier: The machine: `device`, `edge` or `cloud`.
        sends: Shape of what it sends on, as float32; None: it is the last.
        leave: Percent of all samples that leave at its exit; 0: it has none.
        flop: Floating-point operations of a sample, with a machine that has a speed.
        operations: Tensor operations of a sample.
        traffic: Bytes that they read and write.
        parameters: Number of weights.
    """

    tier: str
    sends: tuple[int, ...] | None = None
    leave: int = 0
    flop: int = 0
    operations: int = 0
    traffic: int = 0
    parameters: int = 0


@dataclass(frozen=True)
class Played:
    """What came of a testbed.

    Attributes:
        latency: Mean seconds from the capture to the answer, where that is wanted.
        sent: Bytes that all links carried, headers among them, for one sample.
        throughput: Answers per s between the first and the last; infinite of a single one.
    """

    latency: float
    sent: float
    throughput: float


def server(tier: str) -> Node:
    """A machine whose work counts nothing, or is given by its FLOP at 1 GFLOP/s."""
    return Node(tier=tier, speed=1e9)


def measured(tier: str, time: float) -> Node:
    """A machine by the measured seconds of its piece as a whole."""
    return Node(tier=tier, profile={NAME: {tier: {1: f"{time!r} s"}}})


def both_ways(source: str, target: str, bandwidth: float, latency: float = 0.0, header: int = 0) -> list[Link]:
    """A link of so many bytes/s and seconds in both directions."""
    values = {"bandwidth": bandwidth, "latency": latency, "header": header}
    return [Link.model_validate({"source": a, "target": b, **values}) for a, b in ((source, target), (target, source))]


def play(
    pieces: Sequence[Piece],
    nodes: Mapping[str, Node],
    links: Sequence[Link],
    every: float,
    samples: int = 1000,
    returns: bool = True,
) -> Played:
    """Play a testbed with one capture each `every` s; nodes are called by their tiers.

    Answers go back to the device without payload if it `returns`: their few bytes were not published.

    Raises:
        RuntimeError: a sample got no answer.
    """
    graph = _graph(pieces)
    options = SystemOptions(
        system=NAME, weights=NAME, thresholds=THRESHOLD, reply=Reply(to="device" if returns else "none", size=0)
    )
    scenario = a_scenario(nodes, links, samples=samples, workload=Periodic(every=every))
    (place,) = places(Chain.roles, nodes, sites_of(nodes, Chain.roles.seeing))
    exits = tuple(graph.exits)
    card = Card(Path(f"{NAME}.json"), {"graph": graph.as_dict()})
    thresholds = dict.fromkeys(exits[:-1], THRESHOLD)
    rules = dict.fromkeys(thresholds, Entropy())
    plan = Plan(NAME, Chain, options, card, exits, thresholds, rules, {}, "fp32", [place], [[]], scenario.data)
    shares = {piece.tier: piece.leave for piece in pieces}

    def ask(exit_name: str, sample: int, upstream: int) -> tuple[int, float]:
        """Of 100 samples in a row as many leave as the share says, evenly spread."""
        share = shares[exit_name]
        return 0, 0.0 if (sample + 1) * share // 100 > sample * share // 100 else 1.0

    captured = captures(scenario)
    world = World(scenario, plan, ask, captured)
    world.play()
    ended = [ending.at for ending in world.endings if ending is not None and ending.decision is not None]
    if len(ended) < samples:
        raise RuntimeError(f"{samples - len(ended)} of {samples} samples got no answer")
    latency = fmean(seconds(end - begin) for end, begin in zip(ended, captured.ticks, strict=True))
    sent = sum(span[6] for span in world.network.spans if span[2] == "transfer")
    lasted = seconds(max(ended) - min(ended))
    return Played(latency, sent / samples, (samples - 1) / lasted if lasted else inf)


def _graph(pieces: Sequence[Piece]) -> Graph:
    before = INPUT
    segments = []
    for piece in pieces:
        last = piece is pieces[-1]
        segments.append(
            Segment(
                piece.tier,
                (Take(before),),
                exit=piece.tier if last or piece.leave else None,
                sends=piece.sends,
                flop=piece.flop,
                operations=piece.operations,
                traffic=piece.traffic,
                parameters=piece.parameters,
            )
        )
        before = piece.tier
    return Graph(1, (3, 1, 1), segments, 2)
