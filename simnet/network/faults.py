"""Scripted faults: each target's state is what its active faults say together, so they may overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf, prod

import numpy as np
from numpy.typing import NDArray
from simpy import Environment, Event
from simpy.events import URGENT

from simnet.network.link import Link
from simnet.network.node import Node
from simnet.network.topology import Network
from simnet.scenario import Scenario
from simnet.scenario.schema import Fault


class _Target:
    """A node or link with the faults that are active on it."""

    def __init__(self, part: Node | Link, bandwidth: float) -> None:
        self._part, self._bandwidth = part, bandwidth
        self._active: list[Fault] = []

    def begin(self, fault: Fault) -> None:
        if fault.action == "up":
            self._active = [other for other in self._active if other.action != "down"]
        else:
            self._active.append(fault)
        self._apply()

    def end(self, fault: Fault) -> None:
        if fault in self._active:
            self._active.remove(fault)
            self._apply()

    def _values(self, action: str) -> list[float]:
        return [fault.value for fault in self._active if fault.action == action and fault.value is not None]

    def _apply(self) -> None:
        up = all(fault.action != "down" for fault in self._active)
        if isinstance(self._part, Node):
            self._part.set_state(up, prod(self._values("slow")))
        else:
            self._part.set_state(up, (self._values("bandwidth") or [self._bandwidth])[-1])


class _Turn(Event):
    """A fault's begin or end; at its time it comes before whatever else happens then."""

    _ok, _value = True, None

    def __init__(self, env: Environment, time: float, act: Callable[[Fault], None], fault: Fault) -> None:
        super().__init__(env)
        self.callbacks.append(lambda _: act(fault))
        env.schedule(self, URGENT, time - env.now)


def schedule(network: Network, scenario: Scenario) -> None:
    """Put the scenario's faults on the clock: several slow-downs multiply, of several bandwidths the latest holds."""
    bandwidths = {(spec.source, spec.target): spec.bandwidth for spec in scenario.links}
    targets: dict[Node | Link, _Target] = {}
    for fault in scenario.faults:
        if fault.node is not None:
            part: Node | Link = network.nodes[fault.node]
            bandwidth = 0.0
        else:
            assert fault.link is not None  # the schema demands one of the two
            part, bandwidth = network.links[fault.link], bandwidths[fault.link]
        target = targets.setdefault(part, _Target(part, bandwidth))
        _Turn(network.env, fault.at, target.begin, fault)
        if fault.lasts is not None:
            _Turn(network.env, fault.at + fault.lasts, target.end, fault)


def views_up(scenario: Scenario, cameras: Iterable[tuple[str, int]], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """Bit mask of the views whose camera the script leaves up, at each of `times`; a guess at who will report."""
    masks = np.zeros(len(times), np.int64)
    for name, view in cameras:
        up = np.ones(len(times), bool)
        for fault in sorted((f for f in scenario.faults if f.node == name), key=lambda f: f.at):
            if fault.action == "down":
                up &= (times < fault.at) | (times >= fault.at + (inf if fault.lasts is None else fault.lasts))
            elif fault.action == "up":
                up |= times >= fault.at
        masks |= up.astype(np.int64) << view
    return masks
