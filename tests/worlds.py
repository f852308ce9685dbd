"""Small worlds without a network: round numbers for cost, and answers that are a pure function."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from clocked import Seconds

from simnet.models.cards.card import Card
from simnet.models.data.base import DatasetOptions
from simnet.models.graph import INPUT, Graph, Part, Segment, Take
from simnet.models.rules import Entropy
from simnet.network.faults.schedule import lossy_links, schedule_faults
from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Link
from simnet.network.networking import Networking
from simnet.network.nodes.battery import Battery
from simnet.network.nodes.spec import Node
from simnet.network.topology import Topology
from simnet.network.work import Work
from simnet.results.lives import Lives
from simnet.results.steps import Step, Steps, in_seconds
from simnet.scenario import Scenario
from simnet.systems import SYSTEMS
from simnet.systems.roles import places, sites_of, stand_ins
from simnet.workloads.periodic import Periodic
from simnet.workloads.poisson import Poisson
from simnet.world.captures import captures
from simnet.world.plan import Plan
from simnet.world.recording import samples_table, views_of
from simnet.world.world import World

FREE = {"operations": 0, "traffic": 0}
EXACT = 0.5e-12
"""Half a picosecond: the clock is exact, only the float that a test expects may be off by its rounding."""


@dataclass(frozen=True)
class FakeCost:
    """With nodes of 1 GFLOP/s: 1 ms on a device, 2 ms at the edge, 4 ms in the cloud, half a ms to aggregate.

    Sizes are bytes of the messages: `report` with or without features, `features` on request, `upload` of an edge.
    """

    flop: dict[str, float] = field(default_factory=lambda: {"device": 1e6, "local": 0.5e6, "edge": 2e6, "cloud": 4e6})
    report: int = 10_000
    upload: int = 20_000
    scores: int = 1_000
    features: int = 9_000
    raw_view: int = 50_000

    def graph(self, system: str, views: int = 6, edges: Sequence[Sequence[int]] = ()) -> Graph:
        """The graph of a network with these costs: shapes are such that the messages have these sizes."""
        each, several = tuple((view,) for view in range(views)), len(edges) > 1

        def cost(name: str, sent: int | None = None) -> dict[str, Any]:
            sends = None if sent is None else (sent, 1, 1)
            return {"flop": int(self.flop.get(name, 0)), "sends": sends, **FREE}

        if system == "ddnn-2017":  # one bit a value; scores of 4 bytes a class are the report
            device = [
                Segment("device", (Take(INPUT, groups=each),), views, **cost("device", 8 * self.features)),
                Segment("local", (Take("device", "scores"),), exit="local", **cost("local")),
            ]
            groups = tuple(tuple(group) for group in edges)
            exit_name = None if several else "edge"
            edge = [
                Segment(
                    "edge", (Take("device", groups=groups),), len(edges), exit_name, **cost("edge", 8 * self.upload)
                )
            ]
            fused = [Segment("edges", (Take("edge", "scores"),), exit="edge", **FREE)] if several else []
            cloud = Segment("cloud", (Take("edge" if edges else "device"),), exit="cloud", **cost("cloud"))
            segments = [*device, *(edge if edges else []), *fused, cloud]
            return Graph(views, (1, self.raw_view // 100, 100), segments, self.report // 4)
        ada = system != "ddnn"  # the baselines have its network
        features = self.features if ada else self.report
        surest = [Segment("surest", (Take("device", "scores"),), exit="edge-1", **FREE)] if ada else []
        segments = [
            Segment("device", (Take(INPUT, groups=each),), views, **cost("device", features // 4), scores=ada),
            *surest,
            Segment("edge", (Take("device"),), exit="edge-2" if ada else "edge", **cost("edge", self.upload // 4)),
            Segment("cloud", (Take("edge"),), exit="cloud", **cost("cloud")),
        ]
        return Graph(views, (1, self.raw_view // 100, 100), segments, self.scores // 4 - 1)


def fake_ask(exit_name: str, sample: int, views: int) -> tuple[int, float]:
    """A class and an entropy in [0, 1) drawn from exit, sample and views alone."""
    number = zlib.crc32(f"{exit_name}/{sample}/{views}".encode())
    return number % 10, number // 10 % 1000 / 1000


def by_views(graph: Graph, ask: Any) -> Any:
    """`ask` told of views, where the engine tells what arrived upstream."""

    def told(exit_name: str, sample: int, upstream: int) -> tuple[int, float]:
        return ask(exit_name, sample, graph.views_of(Part(graph.exits[exit_name].name), upstream))

    return told


def link(source: str, target: str, bandwidth: float = 1e6, latency: float = 0.01, header: int = 0, **more: Any) -> Link:
    return Link(source=source, target=target, bandwidth=bandwidth, latency=latency, header=header, **more)


def both(first: str, second: str, **values: Any) -> list[Link]:
    return [link(first, second, **values), link(second, first, **values)]


def node(tier: str, **values: Any) -> Node:
    return Node(tier=tier, **{"speed": 0.0 if tier == "router" else 1e9, **values})


def world_scenario(
    *,
    cameras: int = 6,
    samples: int | None = 1,
    duration: float | None = None,
    workload: Periodic | Poisson | None = None,
    system: str = "ddnn",
    thresholds: Any = 0.5,
    wait: float = 0.05,
    cloud_limit: float = 1.0,
    upload: str = "together",
    script: Sequence[Fault] = (),
    uplink: dict[str, Any] | None = None,
    backbone: dict[str, Any] | None = None,
    hub: dict[str, Any] | None = None,
    nodes: dict[str, Node] | None = None,
    seed: int = 1,
    reply: Any = "none",
) -> Scenario:
    """Cameras, an edge, a cloud; by default 10 ms + 10 ms for a report and 20 ms + 10 ms for an upload, no reply.

    `hub` are the values of a link that all cameras share, from a router to the edge.
    """
    names = [f"camera{number}" for number in range(1, cameras + 1)]
    network = {name: node("device", view=number) for number, name in enumerate(names, start=1)}
    network |= {"edge": node("edge"), "cloud": node("cloud")}
    links = [pair for name in names for pair in both(name, "edge" if hub is None else "hub", **(uplink or {}))]
    if hub is not None:
        network["hub"] = node("router")
        links += both("hub", "edge", **hub)
    links += both("edge", "cloud", **(backbone or {}))
    own = {"upload": upload} if system == "ada-ddnn" else {}
    spec = SYSTEMS[system].Options(
        system=system, weights="none", thresholds=thresholds, wait=wait, cloud_limit=cloud_limit, reply=reply, **own
    )
    return Scenario(
        name="world",
        seed=seed,
        data=DatasetOptions(set="plaza", order="file"),
        samples=samples,
        duration=duration,
        workload=workload or Periodic(every=1.0),
        nodes={**network, **(nodes or {})},
        links=links,
        systems={system: spec},
        faults=list(script),
    )


def tiered_scenario(
    tiers: str, *, gateway: bool = True, edges: int = 2, way: dict[str, Any] | None = None, **values: Any
) -> Scenario:
    """Cameras, and what `tiers` need of a gateway, edges and a cloud; every link as in `world_scenario`, or as `way`.

    Cameras hang on the gateway if there is one, else on their edge (half of them on each of two), else on the cloud.
    """
    single, tiered = tiers.startswith("device+"), "+edge" in tiers
    base = world_scenario(cameras=1 if single else 6, system="ddnn-2017", **values)
    names = [name for name, one in base.nodes.items() if one.tier == "device"]
    nodes = {name: base.nodes[name] for name in names}
    gateway = gateway and not single and tiers != "cloud only"
    places = [f"edge{number}" for number in range(1, (edges if "+edges+" in tiers else int(tiered)) + 1)]
    nodes |= ({"gateway": node("gateway")} if gateway else {}) | {name: node("edge") for name in places}
    nodes["cloud"] = base.nodes["cloud"]
    links = []
    for number, name in enumerate(names):
        up = "gateway" if gateway else places[number * len(places) // len(names)] if places else "cloud"
        links += both(name, up, **(way or {}))
    links += [pair for place in places if gateway for pair in both("gateway", place, **(way or {}))]
    links += [pair for place in places[1:] for pair in both(places[0], place, **(way or {}))]
    links += [pair for place in places or ["gateway"] * gateway for pair in both(place, "cloud", **(way or {}))]
    spec = base.systems["ddnn-2017"].model_copy(update={"tiers": tiers})
    return base.model_copy(
        update={"nodes": {**nodes, **values.get("nodes", {})}, "links": links, "systems": {"ddnn-2017": spec}}
    )


def edges_in(scenario: Scenario) -> list[list[int]]:
    """Equal numbers of cameras for each edge."""
    cameras = [(one.view or 1) - 1 for one in scenario.nodes.values() if one.tier == "device"]
    edges = sum(one.tier == "edge" for one in scenario.nodes.values())
    size = len(cameras) // max(edges, 1)
    return [cameras[number * size : (number + 1) * size] for number in range(edges)]


def plan_of(scenario: Scenario, cost: Any = None) -> Plan:
    """The scenario's only system, with a network that has costs and no weights."""
    ((name, spec),) = scenario.systems.items()
    kind = SYSTEMS[spec.system]
    edges = edges_in(scenario) if spec.system == "ddnn-2017" and "edge" in getattr(spec, "tiers", "") else []
    if spec.system == "ddnn-2017" and spec.tiers == "cloud only":
        edges = edges_in(scenario)
    there = places(kind.roles_of(spec), scenario.nodes, sites_of(scenario.nodes, ("device",)))
    views = max((view + 1 for place in there for view in place.views.values()), default=6)
    graph = (cost or FakeCost()).graph(spec.system, views, edges)
    card = Card(Path("none.json"), {"graph": graph.as_dict(), "architecture": {"codec": "fp32"}})
    exits = kind.exits_of(spec, graph) or ()
    early = exits[:-1]
    thresholds = spec.thresholds if isinstance(spec.thresholds, dict) else dict.fromkeys(early, spec.thresholds)
    codec = "binary" if spec.system == "ddnn-2017" else spec.codec or "fp32"
    rules = {exit_name: Entropy() for exit_name in early}
    others = [stand_ins(place, scenario.nodes) for place in there]
    instead, data = kind.instead(spec), scenario.data
    return Plan(name, kind, spec, card, exits, thresholds, rules, instead, codec, there, others, data)


def play(scenario: Scenario, ask: Any = fake_ask, cost: Any = None, without: str | None = None) -> World:
    """Play the scenario's only system to the end, with all faults or without one. Class 0 is always right."""
    plan, captured = plan_of(scenario, cost), captures(scenario)
    world = World(scenario, plan, by_views(plan.graph, ask), captured, truth=[0] * len(captured))
    world.play(without=without)
    return world


def rows(world: World, scenario: Scenario) -> list[dict[str, Any]]:
    """The samples table of a world, as dictionaries."""
    captured = captures(scenario)
    lives = Lives.of(captured, np.zeros(len(captured), np.int64), world.endings, world.env.now)
    views = views_of(world.systems[0][0].graph)
    return samples_table(lives, world.endings, Steps.of(world.network.spans), views_of=views).to_pylist()


def views_in(world: World) -> list[int]:
    """The views (bit mask) in each decision, in order of the samples that have one."""
    views = views_of(world.systems[0][0].graph)
    return [views(one.decision) for one in world.endings if one is not None and one.decision is not None]


def spans_of(world: World | Topology, place: str) -> list[Step]:
    network = world if isinstance(world, Topology) else world.network
    return [span for span in in_seconds(network.spans) if span[1] == place]


def charge_of(battery: Battery) -> float:
    """Joules left, when nothing is under way."""
    return battery._capacity - battery._ended - battery._idle(battery._env.now)


class Wire:
    """A network without a system, and a note of what arrived when: `heard` has (token, time) or (token, None)."""

    def __init__(
        self, nodes: dict[str, Node], links: list[Link], script: Sequence[Fault] = (), **networking: Any
    ) -> None:
        self.env = Seconds()
        lossy = lossy_links(script)
        self.network = Topology(self.env, nodes, links, Networking(**networking), lossy=lossy)
        self.heard: list[tuple[Any, float | None]] = []
        self.incidents = schedule_faults(self.network, script, nodes, seed=1)

    def done(self, token: Any) -> None:
        self.heard.append((token, self.env.s))

    def lost(self, token: Any) -> None:
        self.heard.append((token, None))

    @property
    def spans(self) -> list[Step]:
        return in_seconds(self.network.spans)

    def at(self, time: float, act: Any) -> None:
        """Call `act` at `time`."""
        self.env.on(time, act)

    def send(self, time: float, source: str, target: str, size: int, token: Any) -> None:
        route = self.network.route(self.network.nodes[source], self.network.nodes[target])
        self.at(time, lambda: route.send(0, size, self.done, self.lost, token))

    def compute(self, time: float, name: str, flop: float, token: Any) -> None:
        self.at(time, lambda: self.network.nodes[name].compute(0, Work(flop), self.done, self.lost, token))
