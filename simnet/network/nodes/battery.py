"""Batteries: nodes whose charge is used up go down for good.

Idling is drawn all the time; a call or a message when it ends, so that a battery can be overdrawn by what was under way
when it ran empty (our choice: a call's energy is known exactly only then).
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, ulp
from typing import TYPE_CHECKING

from simpy import Environment, Event, Timeout
from simpy.events import URGENT

from simnet.network.nodes.power import charges

if TYPE_CHECKING:
    from simnet.network.line import Span
    from simnet.network.nodes.plain import Node
    from simnet.network.nodes.spec import Node as NodeSpec
    from simnet.network.nodes.spec import PowerModel

Recorder = Callable[["Span"], None]
SOON = 1.0
"""Seconds before idling alone would have used up the charge from which on the alarm is exact."""


class Battery:
    """The charge of one node, in joules; `empty_at` is when it was used up, in seconds."""

    def __init__(self, env: Environment, node: Node, power: PowerModel, capacity: float) -> None:
        self._env, self._node, self._power = env, node, power
        self.charge, self.empty_at = capacity, None if capacity > 0 else env.now
        self._idling_since: float | None = env.now
        self._alarm: Event | None = None
        self._alarm_at = inf
        node.on_change.append(self._changed)
        self._watch()

    def _idle(self) -> None:
        """Draw what idling took so far."""
        if self._idling_since is not None:
            self.charge -= self._power.idle * (self._env.now - self._idling_since)
            self._idling_since = self._env.now

    def _changed(self) -> None:
        self._idle()
        self._idling_since = self._env.now if self._node.up else None
        self._watch()

    def draw(self, joules: float) -> None:
        """Take `joules` for what has just ended."""
        self._idle()
        self.charge -= joules
        if self.charge <= 0:
            self._empty()
        else:
            self._watch()

    def _watch(self) -> None:
        """See to it that an alarm comes no later than the time at which idling alone will have used up the charge.

        Whatever is drawn brings that time forward. With an alarm for it each time, thousands that nobody needs any more
        would stay on the clock; so it comes at half of the time, and is set anew, until the end is near.
        """
        if self._idling_since is None or self._power.idle <= 0 or self.empty_at is not None:
            return
        left = max(0.0, self.charge / self._power.idle)
        if self._env.now + left < self._alarm_at:
            delay = left if left < SOON else left / 2
            self._alarm, self._alarm_at = Timeout(self._env, delay), self._env.now + delay
            self._alarm.callbacks.append(self._look)

    def _look(self, alarm: Event) -> None:
        if alarm is not self._alarm:
            return
        self._alarm_at = inf
        if self._idling_since is None or self.empty_at is not None:
            return
        self._idle()
        if self.charge <= max(1e-9, 4 * ulp(self._env.now)) * self._power.idle:  # what rounding left: no time passes
            self._empty()
        else:
            self._watch()

    def _empty(self) -> None:
        if self.empty_at is None:
            self.charge, self.empty_at = min(self.charge, 0.0), self._env.now
            end = Event(self._env)  # not within the callback of the job that drew the last of it
            end._ok, end._value = True, None
            end.callbacks.append(lambda _: self._node.drain())
            self._env.schedule(end, URGENT)


class Meters:
    """Records spans and has the batteries of the nodes that took part pay for them."""

    def __init__(self, record: Recorder) -> None:
        self._record = record
        self._batteries: dict[str, Battery] = {}
        self._powers: dict[str, PowerModel] = {}

    def add(self, node: Node, spec: NodeSpec) -> Battery:
        """Give `node` the battery of its `spec`, which has a power model, too, and let it pay."""
        assert spec.power is not None and spec.battery is not None  # the schema demands the one for the other
        battery = Battery(node.env, node, spec.power, spec.battery)
        self._batteries[node.name], self._powers[node.name] = battery, spec.power
        return battery

    def record(self, span: Span) -> None:
        """Append the span, then draw."""
        self._record(span)
        for node, _, joules in charges(span, self._powers):
            self._batteries[node].draw(joules)
