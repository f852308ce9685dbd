"""Small worlds without a network: round numbers for cost, and answers that are a pure function."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from simpy import Environment

from simnet.network.faults import schedule as faults
from simnet.network.faults.spec import Fault
from simnet.network.line import Span
from simnet.network.links.spec import Link
from simnet.network.nodes.spec import Node
from simnet.network.topology import Network
from simnet.network.work import Work
from simnet.scenario import Scenario
from simnet.scenario.scenario import Networking
from simnet.systems import SYSTEMS
from simnet.systems.options import SystemSpec
from simnet.workloads.spec import Periodic, Poisson
from simnet.world.captures import captures
from simnet.world.recording import samples_table
from simnet.world.run import World

EXACT = 1e-9
"""Seconds that a sum of floats may be off."""


@dataclass(frozen=True)
class FakeCost:
    """With nodes of 1 GFLOP/s: 1 ms on a device, 2 ms at the edge, 4 ms in the cloud, half a ms to aggregate."""

    flop: dict[str, float] = field(default_factory=lambda: {"device": 1e6, "local": 0.5e6, "edge": 2e6, "cloud": 4e6})
    report: int = 10_000
    upload: int = 20_000
    scores: int = 1_000
    features: int = 9_000
    raw_view: int = 50_000
    edges: int = 0


def fake_ask(exit_name: str, sample: int, views: int) -> tuple[int, float]:
    """A class and an entropy in [0, 1) drawn from exit, sample and views alone."""
    number = zlib.crc32(f"{exit_name}/{sample}/{views}".encode())
    return number % 10, number // 10 % 1000 / 1000


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
) -> Scenario:
    """Cameras, an edge, a cloud; by default 10 ms + 10 ms for a report and 20 ms + 10 ms for an upload.

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
    spec = SystemSpec(
        system=system, weights="none", thresholds=thresholds, wait=wait, cloud_limit=cloud_limit, upload=upload
    )
    return Scenario(
        name="world",
        seed=seed,
        data="plaza",
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


def play(scenario: Scenario, ask: Any = fake_ask, cost: Any = None) -> World:
    """Play the scenario's only system to the end."""
    ((name, spec),) = scenario.systems.items()
    exits = SYSTEMS[spec.system].exits_of(spec.tiers)[:-1]
    thresholds = spec.thresholds if isinstance(spec.thresholds, dict) else dict.fromkeys(exits, spec.thresholds)
    edges = edges_in(scenario)
    world = World(scenario, name, ask, cost or FakeCost(edges=len(edges)), thresholds, captures(scenario), edges)
    world.play()
    return world


def rows(world: World, scenario: Scenario) -> list[dict[str, Any]]:
    """The samples table of a world, as dictionaries."""
    captured = captures(scenario)
    labels = np.zeros(len(captured), np.int64)
    return samples_table(captured, labels, world.endings, world.network.spans).to_pylist()


def spans_of(world: World | Network, place: str) -> list[Span]:
    network = world if isinstance(world, Network) else world.network
    return [span for span in network.spans if span[1] == place]


class Wire:
    """A network without a system, and a note of what arrived when: `heard` has (token, time) or (token, None)."""

    def __init__(
        self, nodes: dict[str, Node], links: list[Link], script: Sequence[Fault] = (), **networking: Any
    ) -> None:
        self.env = Environment()
        values = {"nodes": nodes, "links": links, "faults": list(script), "network": Networking(**networking)}
        scenario = world_scenario().model_copy(update=values)
        self.network = Network(self.env, scenario)
        self.heard: list[tuple[Any, float | None]] = []
        self.incidents = faults.schedule(self.network, scenario)

    def done(self, token: Any) -> None:
        self.heard.append((token, self.env.now))

    def lost(self, token: Any) -> None:
        self.heard.append((token, None))

    def at(self, time: float, act: Any) -> None:
        """Call `act` at `time`."""
        self.env.timeout(time - self.env.now).callbacks.append(lambda _: act())

    def send(self, time: float, source: str, target: str, size: int, token: Any) -> None:
        route = self.network.route(self.network.nodes[source], self.network.nodes[target])
        self.at(time, lambda: route.send(0, size, self.done, self.lost, token))

    def compute(self, time: float, name: str, flop: float, token: Any) -> None:
        self.at(time, lambda: self.network.nodes[name].compute(0, Work(flop), self.done, self.lost, token))
