"""What a system does about cameras and next exits that do not answer: its heartbeats, repetitions and breakers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from simnet.clock import Signal
from simnet.registry import PluginError
from simnet.systems.parts.gather import Collector, Way
from simnet.systems.policies import POLICIES
from simnet.systems.policies.base import EdgePolicy, Guard
from simnet.systems.policies.retry import Retries

if TYPE_CHECKING:
    from collections.abc import Callable

    from simnet.clock import Clock
    from simnet.network.nodes.plain import Node
    from simnet.systems.options import EdgeOptions


class Policy:
    """The parts that a system's settings ask for; without them, what a system is built of is as plain as can be."""

    def __init__(self, env: Clock, spec: EdgeOptions, cameras: int) -> None:
        self._env, self._spec = env, spec
        self.retries = None if spec.retry is None else Retries(env, spec.retry, spec.cloud_limit)
        ours = {"heartbeat": spec.heartbeat, "breaker": spec.breaker}
        chosen = {**{name: options for name, options in ours.items() if options is not None}, **spec.policies}
        self._parts: dict[str, EdgePolicy] = {
            name: POLICIES.get(name)(env, options, spec, cameras) for name, options in chosen.items()
        }

    def collector(self, node: Node) -> Collector:
        """Where the cameras' reports meet: as the first policy with a collector of its own says, else a plain one."""
        for name, part in self._parts.items():
            if (found := part.collector(node)) is not None:
                _must(isinstance(found, Collector), name, "collector", found, "no Collector")
                return found
        return Collector(self._env, node, self._spec.wait)

    def followed(self, node: Node, mask: int, way: Way) -> Way:
        """The way from a camera to that collector, as the policies follow it one after the other."""
        for name, part in self._parts.items():
            way = part.followed(node, mask, way)
            _must(callable(getattr(way, "send", None)), name, "followed", way, "no way with a method send")
        return way

    def guard(self, exit_name: str, holder: Node) -> Guard | None:
        """What stands before the calls of `holder` for the next exit, `exit_name`, if anything; the first outermost."""
        whole: Guard | None = None
        for name, part in reversed(self._parts.items()):
            if (own := part.guard(exit_name, holder)) is not None:
                _must(callable(own), name, "guard", own, "no function of what makes the call")
                whole = own if whole is None else partial(_through, own, whole)
        return whole

    def report(self) -> dict[str, Any]:
        """Counts and seconds, by key of the scenario or name of the policy; see docs/results.md."""
        found: dict[str, Any] = {} if self.retries is None else {"retry": self.retries.report()}
        for name, part in self._parts.items():
            if report := part.report():
                _must(_counts(report), name, "report", report, "no numbers by name, which can be summed over sites")
                found[name] = dict(report)
        order = [name for name in ("heartbeat", "retry", "breaker") if name in found]
        return {name: found[name] for name in dict.fromkeys([*order, *found])}


def _must(good: bool, name: str, method: str, found: object, but: str) -> None:
    """Refuse what a policy's method gave, unless it is good."""
    if not good:
        raise PluginError(f"policy {name!r}: {method} gives {found!r}, {but}")


def _counts(report: object) -> bool:
    """Whether a report holds numbers, or further such reports, by name."""
    return isinstance(report, Mapping) and all(
        isinstance(key, str) and (isinstance(value, int | float) or _counts(value)) for key, value in report.items()
    )


def _through(outer: Guard, inner: Guard, make: Callable[[], Signal]) -> Signal:
    """A call that has to pass two guards."""
    return outer(partial(inner, make))


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
