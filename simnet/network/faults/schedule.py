"""Faults, scripted and at random: each target's state is what its active faults say together, so they may overlap."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from simnet.clock import Clock, Occurrence, Order, ProtocolError, seconds, ticks
from simnet.network.faults import ACTIONS
from simnet.network.faults.actions import Action, State
from simnet.network.faults.incidents import Incident, connection_of, name_of
from simnet.network.faults.renewal import Renewal
from simnet.network.faults.spec import Fault
from simnet.network.links.base import Carrier
from simnet.network.nodes.plain import Node
from simnet.network.nodes.spec import Node as NodeSpec
from simnet.network.topology import Topology
from simnet.streams import stream


class _Target(ABC):
    """A node or link with the incidents that are active on it; `incidents` gets all of them."""

    def __init__(self, env: Clock, incidents: list[Incident], struck: Node | Carrier) -> None:
        self._env, self._incidents, self._struck = env, incidents, struck
        self._active: list[Incident] = []
        self._actions: dict[str, Action] = {}
        """By name, those that have been in effect here."""

    def begin(self, fault: Fault) -> Incident | None:
        """The fault strikes; None for an "up", which only ends outages."""
        ended: list[Incident] = []
        incident = None
        kind = ACTIONS[fault.action]
        if kind.ends_outages:
            ended = [other for other in self._active if other.outage]
            self._active = [other for other in self._active if not other.outage]
        else:
            if fault.action not in self._actions:
                self._actions[fault.action] = kind(self._struck)
            incident = Incident(fault, seconds(self._env.now))
            self._incidents.append(incident)
            self._active.append(incident)
        self._change(ended)
        return incident

    def end(self, incident: Incident) -> None:
        """Its time is over; nothing happens if an "up" has ended it before."""
        if incident in self._active:
            self._active.remove(incident)
            self._change([incident])

    @property
    def _up(self) -> bool:
        return not any(incident.outage for incident in self._active)

    def _state(self) -> State:
        """What the active incidents make of it."""
        state = State()
        for name, action in self._actions.items():
            action.apply([incident.fault for incident in self._active if incident.fault.action == name], state)
            if (found := state.wrong()) is not None:
                raise ProtocolError(f"fault action {name!r}: apply makes the state's {found}")
        return state

    def _close(self, ended: Iterable[Incident]) -> None:
        for incident in ended:
            incident.ended = seconds(self._env.now)

    @abstractmethod
    def _change(self, ended: Sequence[Incident]) -> None:
        """Put the target into the state that its active incidents make; `ended` have just left them."""


class _OnLink(_Target):
    """A direction of a link."""

    def __init__(self, env: Clock, incidents: list[Incident], link: Carrier) -> None:
        super().__init__(env, incidents, link)
        self._link = link

    def _change(self, ended: Sequence[Incident]) -> None:
        self._close(ended)
        state = self._state()
        self._link.set_state(state.up, state.bandwidth, state.loss)


class _OnNode(_Target):
    """After the last failure the node warms up; a new failure meanwhile starts over."""

    def __init__(self, env: Clock, incidents: list[Incident], node: Node, warm_up: float) -> None:
        super().__init__(env, incidents, node)
        self._node, self._warm_up = node, ticks(warm_up)
        self._warm: Occurrence | None = None
        """The end of the warm-up, while there is one; the outages in `_warming` last until then."""
        self._warming: list[Incident] = []
        self._over: list[Incident] = []
        """Outages that ended while others lasted."""

    def _change(self, ended: Sequence[Incident]) -> None:
        self._close(ended)
        outages = [incident for incident in ended if incident.outage]
        if not self._up:
            if self._warm is not None:
                self._warm.cancel()
                self._warm = None
                self._close(self._warming)
            self._over += outages
        elif outages and self._warm_up:
            now = self._env.now
            # Of those that end at one moment it must not matter which is the last.
            self._warming = [*outages, *(other for other in self._over if other.ended == seconds(now))]
            self._over.clear()
            for incident in self._warming:
                incident.ended = None
            self._warm = self._env.at(now + self._warm_up, Order.FAULT_ENDS, self._is_warm)
        self._set_state()

    def _is_warm(self) -> None:
        self._warm = None
        self._close(self._warming)
        self._set_state()

    def _set_state(self) -> None:
        state = self._state()
        self._node.set_state(state.up and self._warm is None, state.slow)


class _Strikes:
    """Faults that strike their targets at the same moments, once or again and again."""

    def __init__(self) -> None:
        self._members: list[tuple[_Target, Fault]] = []
        self._present: list[tuple[_Target, Incident]] = []

    def add(self, target: _Target, fault: Fault) -> None:
        """Of faults at random all have the same `at` and distributions."""
        self._members.append((target, fault))

    def begin(self) -> None:
        struck = [(target, target.begin(fault)) for target, fault in self._members]
        self._present = [(target, incident) for target, incident in struck if incident is not None]

    def end(self) -> None:
        for target, incident in self._present:
            target.end(incident)


class _AtRandom(_Strikes):
    """Strikes in turn with repairs, one event ahead: when a run will end is not known."""

    def start(self, env: Clock, random: np.random.Generator) -> None:
        """Put the first failure on the clock."""
        _, fault = self._members[0]
        self._env, self._renewal = env, Renewal(random, fault)
        self._next_failure(ticks(fault.at))

    def _next_failure(self, since: int) -> None:
        time = since + ticks(self._renewal.time_to_failure())
        self._env.background(time, Order.FAULT_BEGINS, self._fail)

    def _fail(self) -> None:
        self.begin()
        time = self._env.now + ticks(self._renewal.time_to_repair())
        self._env.background(time, Order.FAULT_ENDS, self._repair)

    def _repair(self) -> None:
        self.end()
        self._next_failure(self._env.now)


def lossy_links(faults: Iterable[Fault]) -> set[tuple[str, str] | None]:
    """Ends of the links that faults make lose packets, which `Topology` must know."""
    return {fault.link for fault in faults if ACTIONS[fault.action].loses_packets}


def schedule_faults(
    topology: Topology, faults: Sequence[Fault], nodes: Mapping[str, NodeSpec], seed: int
) -> list[Incident]:
    """Put faults on the clock; the list gets every incident when it begins.

    `nodes` are the specs of those in `topology` (they know how long a node warms up).

    Times of faults at random come from the stream `fault/NAME` for those that strike together, else from one for each
    node or connection, `fault/NAME/TARGET`. They depend on nothing that a system does.
    """
    env = topology.env
    incidents: list[Incident] = []
    targets: dict[str | tuple[str, str], _Target] = {}
    at_random: dict[tuple[str, tuple[float | None, ...]], _AtRandom] = {}
    for fault in faults:
        key = fault.node if fault.node is not None else fault.link
        assert key is not None  # the schema demands one of the two
        if key not in targets:
            targets[key] = (
                _OnNode(env, incidents, topology.nodes[key], nodes[key].warm_up)
                if isinstance(key, str)
                else _OnLink(env, incidents, topology.links[key])
            )
        if fault.mtbf is not None:
            source = f"fault/{name_of(fault)}" + ("" if fault.together else f"/{connection_of(fault)}")
            process = (source, (fault.at, fault.mtbf, fault.mttr, fault.shape))
            at_random.setdefault(process, _AtRandom()).add(targets[key], fault)
            continue
        strikes = _Strikes()
        strikes.add(targets[key], fault)
        ends = ACTIONS[fault.action].ends_outages
        env.at(ticks(fault.at), Order.FAULT_ENDS if ends else Order.FAULT_BEGINS, strikes.begin)
        if fault.lasts is not None:
            env.at(ticks(fault.at) + ticks(fault.lasts), Order.FAULT_ENDS, strikes.end)
    used: Counter[str] = Counter()
    for (source, _), strikes_at_random in at_random.items():
        used[source] += 1  # faults made in Python may share a name and differ in their times: a stream for each
        number = "" if used[source] == 1 else f"/{used[source]}"
        strikes_at_random.start(env, stream(seed, f"{source}{number}"))
    return incidents
