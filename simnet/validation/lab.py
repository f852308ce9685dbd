"""The simulator's own network without an inference system in it: what checks put messages and work on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from simnet.clock import Clock, Order, seconds, ticks
from simnet.network.faults.schedule import lossy_links, schedule_faults
from simnet.network.faults.spec import Fault
from simnet.network.links.spec import Link
from simnet.network.networking import Networking
from simnet.network.nodes.spec import Node
from simnet.network.topology import Topology
from simnet.network.work import Work
from simnet.results.steps import Step, in_seconds
from simnet.scenario import Scenario
from simnet.workloads.poisson import Poisson
from simnet.workloads.spec import Workload

MS = 1e-3


def a_scenario(
    nodes: Mapping[str, Node],
    links: Sequence[Link] = (),
    *,
    seed: int = 1,
    samples: int = 1,
    workload: Workload | None = None,
    script: Sequence[Fault] = (),
    networking: Networking | None = None,
) -> Scenario:
    """Machines and links in a scenario that runs no inference system."""
    return Scenario(
        name="validation",
        seed=seed,
        data="plaza",
        samples=samples,
        workload=workload or Poisson(poisson=1.0),
        nodes=dict(nodes),
        links=list(links),
        systems={},
        faults=list(script),
        network=networking or Networking(),
    )


def server(workers: int = 1) -> Node:
    """A machine of 1 GFLOP/s."""
    return Node(tier="edge", speed=1e9, workers=workers)


def routers(*names: str) -> dict[str, Node]:
    """Nodes that only forward."""
    return {name: Node(tier="router") for name in names}


def chain(nodes: str, bandwidths: Sequence[float], latency: float = 0.0, sharing: str = "fair") -> list[Link]:
    """Links from each node (one letter each) to the next, of so many bytes/s."""
    return [
        Link.model_validate(
            {"source": here, "target": there, "bandwidth": bandwidth, "latency": latency, "sharing": sharing}
        )
        for here, there, bandwidth in zip(nodes, nodes[1:], bandwidths, strict=False)
    ]


class Lab:
    """A network on a clock; notes when each message or call ended (`ended`) or was lost (`lost`), by its name."""

    def __init__(self, scenario: Scenario) -> None:
        self.env = Clock()
        self.scenario = scenario
        lossy = lossy_links(scenario.faults)
        self.network = Topology(
            self.env, scenario.nodes, scenario.links, scenario.network, lossy=lossy, seed=scenario.seed
        )
        self.ended: dict[str, float] = {}
        self.lost: dict[str, float] = {}
        schedule_faults(self.network, scenario.faults, scenario.nodes, scenario.seed)

    def _done(self, name: str) -> None:
        self.ended[name] = seconds(self.env.now)

    def _lost(self, name: str) -> None:
        self.lost[name] = seconds(self.env.now)

    def at(self, time: float, act: Callable[[], None]) -> None:
        """Call `act` at `time` s."""
        self.env.at(ticks(time), Order.CAPTURE, act)

    def arrivals(self, times: Sequence[float], act: Callable[[int], None]) -> None:
        """Call `act` with 0, 1, … at these times in s, one of them on the clock at a time."""

        def arrive(number: int) -> None:
            if number + 1 < len(times):
                self.at(times[number + 1], lambda: arrive(number + 1))
            act(number)

        if times:
            self.at(times[0], lambda: arrive(0))

    def send(self, time: float, source: str, target: str, size: int, name: str) -> None:
        """Send a message of `size` bytes at `time` s."""
        route = self.network.route(self.network.nodes[source], self.network.nodes[target])
        self.at(time, lambda: route.send(0, size, self._done, self._lost, name))

    def compute(self, time: float, node: str, flop: float, name: str) -> None:
        """Have a node compute at `time` s."""
        self.at(time, lambda: self.network.nodes[node].compute(0, Work(flop), self._done, self._lost, name))

    def run(self, until: float | None = None) -> list[Step]:
        """Play to the end, or until a time in s; returns all spans, their times in s."""
        self.env.run(until=None if until is None else ticks(until))
        self.network.close()
        return in_seconds(self.network.spans)
