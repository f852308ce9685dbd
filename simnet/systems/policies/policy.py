"""What a system does about cameras and next exits that do not answer: its heartbeats, repetitions and breakers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simnet.systems.parts.gather import Collector, Way
from simnet.systems.policies.breaker import CircuitBreaker
from simnet.systems.policies.heartbeat import Watch
from simnet.systems.policies.retry import Retries

if TYPE_CHECKING:
    from simpy import Environment

    from simnet.network.nodes.plain import Node
    from simnet.systems.options import EdgeOptions


class Policy:
    """The parts that a system's settings ask for; without them, what a system is built of is as plain as can be."""

    def __init__(self, env: Environment, spec: EdgeOptions, cameras: int) -> None:
        self._env, self._spec, self._cameras = env, spec, cameras
        self.retries = None if spec.retry is None else Retries(env, spec.retry, spec.cloud_limit)
        self._watch: Watch | None = None
        self._breakers: dict[str, CircuitBreaker] = {}

    def collector(self, node: Node) -> Collector:
        """Where the cameras' reports meet: with heartbeats it watches them."""
        spec = self._spec
        if spec.heartbeat is None:
            return Collector(self._env, node, spec.wait)
        self._watch = Watch(self._env, node, spec.wait, spec.heartbeat, self._cameras)
        return self._watch

    def followed(self, node: Node, mask: int, way: Way) -> Way:
        """The way from a camera to that collector: with heartbeats one on which the collector listens."""
        return way if self._watch is None else self._watch.follow(node, mask, way)

    def breaker(self, exit_name: str, holder: Node) -> CircuitBreaker | None:
        """What stands before the calls of `holder` for the next exit, `exit_name`, if anything."""
        if self._spec.breaker is None:
            return None
        self._breakers[exit_name] = CircuitBreaker(holder, self._spec.breaker)
        return self._breakers[exit_name]

    def report(self) -> dict[str, Any]:
        """Counts and seconds, by key of the scenario for the keys in use, breakers by exit; see docs/results.md."""
        found: dict[str, Any] = {}
        if self._watch is not None:
            found["heartbeat"] = self._watch.report()
        if self.retries is not None:
            found["retry"] = self.retries.report()
        if self._breakers:
            found["breaker"] = {name: breaker.report() for name, breaker in self._breakers.items()}
        return found


def policy_report(reports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The summary's section `policy`: the sums over all reports, one for each site; empty where no key is in use."""
    total: dict[str, Any] = {}
    for report in reports:
        _add(total, report)
    return {"policy": total} if total else {}


def _add(total: dict[str, Any], report: Mapping[str, Any]) -> None:
    for key, value in report.items():
        if isinstance(value, Mapping):
            _add(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + value
