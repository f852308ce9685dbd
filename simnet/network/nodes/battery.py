"""Batteries: nodes whose charge is used up go down for good, at that instant, whatever is going on.

Energy is drawn as time passes and bytes flow: idling, sleeping, waking, computing, bytes that leave over a link or
arrive over one. What is still under way is asked of the lines; what has ended is in the spans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, inf
from typing import TYPE_CHECKING, NamedTuple

from simnet.clock import PER_SECOND, Clock, Occurrence, Order, seconds
from simnet.network.nodes.power import charges, standby

if TYPE_CHECKING:
    from simnet.network.line import Span
    from simnet.network.links.base import Carrier
    from simnet.network.nodes.plain import Node
    from simnet.network.nodes.spec import Node as NodeSpec
    from simnet.network.nodes.spec import PowerModel

Recorder = Callable[["Span"], None]


class Draw(NamedTuple):
    """`joules` that are drawn evenly between two times of the clock."""

    begins: int
    ends: int
    joules: float

    def by(self, time: int) -> float:
        """Joules drawn by then."""
        if time >= self.ends:
            return self.joules
        return self.joules * (time - self.begins) / (self.ends - self.begins) if time > self.begins else 0.0


class Battery:
    """The charge of one node, `capacity` joules, and when it was used up, `empty_at` in s."""

    def __init__(self, env: Clock, node: Node, power: PowerModel, capacity: float, workers: int) -> None:
        self._env, self._node, self._power, self._capacity = env, node, power, capacity
        self.empty_at: float | None = None
        self.cut_off = 0.0
        """Joules for what had arrived of messages that were on their way to the node when it went down empty."""
        self._ended = 0.0
        self._busy = workers * (power.busy - power.idle)
        self._out: list[Carrier] = []
        self._in: list[Carrier] = []
        self._alarm: Occurrence | None = None
        node.on_change.append(self.watch)

    def sends_on(self, link: Carrier) -> None:
        """The node pays for what leaves over a link."""
        self._out.append(link)
        link.on_bandwidth.append(self.watch)

    def hears_on(self, link: Carrier) -> None:
        """The node pays for what arrives over a link."""
        self._in.append(link)
        link.on_bandwidth.append(self.watch)

    def watch(self) -> None:
        """Look at the charge anew, when what happens now is over: more may begin with it."""
        if self.empty_at is None:
            self._set_alarm(self._env.now, Order.FAULT_BEGINS, self._look)

    def draw(self, joules: float) -> None:
        """Take `joules` for what has just ended, also of kinds that do not tell of it beforehand."""
        self._ended += joules
        if self._ended + self._idle(self._env.now) >= self._capacity:
            self.watch()

    def _idle(self, time: int) -> float:
        """Joules of idling, sleeping and waking until a time that is not past, if the node stays as it is."""
        ahead = seconds(time - self._env.now) if self._node.up else 0.0
        sleeper = self._node.sleeper
        slept = None if sleeper is None else sleeper.slept(time)
        return sum(standby(self._power, self._node.up_time + ahead, slept))

    def _under_way(self, until: int) -> Iterator[Draw]:
        """What is drawn by what has begun, or will have by a time, and has not ended."""
        power = self._power
        for begins, ends in self._node.busy(until):
            yield Draw(begins, ends, (power.busy - power.idle) * seconds(ends - begins))
        for joules, links in ((power.send, self._out), (power.receive, self._in)):
            for link in links if joules else ():
                for begins, ends, size in link.leaving(until) if links is self._out else link.reaching(until):
                    yield Draw(begins, ends, joules * size)

    def _set_alarm(self, time: int, order: Order, act: Callable[[], None]) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._env.at(time, order, act)

    def _look(self) -> None:
        """See to it that somebody is there when the charge is used up.

        Far from it nobody needs to look before the greatest power that the node can draw would have used it up. From
        then on, what happens next on the clock is known, and until then nothing can begin that has not yet: either the
        charge lasts until then, or its end is known. A charge that may not last a picosecond is used up.
        """
        self._alarm = None
        now = self._env.now
        left = self._capacity - self._ended - self._idle(now) - sum(draw.by(now) for draw in self._under_way(now))
        following, safe = self._env.peek(), self._safe(now, left)
        if left <= 0 or safe <= now:
            self._empty()
        elif not self._node.up or safe == inf:
            return  # nothing is drawn
        elif safe >= following:
            self._set_alarm(int(safe), Order.LIMIT, self._look)
        elif (end := self._used_up(now, following)) is not None:
            self._set_alarm(end, Order.FAULT_BEGINS, self._empty)
        elif following < inf:
            self._set_alarm(int(following), Order.LIMIT, self._look)

    def _safe(self, now: int, left: float) -> float:
        """A time until which `left` joules last, whatever happens; infinite where nothing is ever drawn."""
        power = self._power
        most = power.idle + self._busy
        most += power.send * sum(link.bandwidth for link in self._out)
        most += power.receive * sum(link.bandwidth for link in self._in)
        return now + int(left / most * PER_SECOND) if most > 0 else inf

    def _used_up(self, now: int, until: float) -> int | None:
        """The first moment, not after `until`, at which all is used up if nothing begins that is not known of."""
        turns = () if self._node.sleeper is None else self._node.sleeper.turns
        least = self._power.idle if self._power.sleep is None else self._power.sleep
        if least > 0:  # then it is used up at the latest when
            until = min(until, now + ceil(self._capacity / least * PER_SECOND))
        if until == inf:
            ends = [draw.ends for draw in self._under_way(now)]
            until = max([*ends, *turns, now])
        draws = list(self._under_way(int(until)))
        before, spent = now, self._spent(now, draws)
        bends = {*turns, *(time for draw in draws for time in (draw.begins, draw.ends))}
        for time in [*sorted(time for time in bends if now < time < until), int(until)]:
            then = self._spent(time, draws)
            if then >= self._capacity:
                share = (self._capacity - spent) / (then - spent) if then > spent else 0.0
                return before + ceil((time - before) * share)
            before, spent = time, then
        return None

    def _spent(self, time: int, draws: list[Draw]) -> float:
        return self._ended + self._idle(time) + sum(draw.by(time) for draw in draws)

    def _empty(self) -> None:
        now = self._env.now
        self.empty_at = seconds(now)
        arrived = (draw for link in self._in for draw in link.reaching(now))
        self.cut_off = self._power.receive * sum(Draw(*one).by(now) for one in arrived)
        self._node.drain()


class Meters:
    """Records spans and has the batteries of the nodes that took part pay for them."""

    def __init__(self, record: Recorder) -> None:
        self._record = record
        self._batteries: dict[str, Battery] = {}
        self._powers: dict[str, PowerModel] = {}

    def add(self, node: Node, spec: NodeSpec) -> Battery:
        """Give `node` the battery of its `spec`, which has a power model, too, and let it pay."""
        assert spec.power is not None and spec.battery is not None  # the schema demands the one for the other
        battery = Battery(node.env, node, spec.power, spec.battery, spec.workers)
        self._batteries[node.name], self._powers[node.name] = battery, spec.power
        return battery

    def connect(self, source: str, target: str, link: Carrier) -> None:
        """Let the ends of a link that have batteries pay for what goes over it."""
        if (battery := self._batteries.get(source)) is not None:
            battery.sends_on(link)
        if (battery := self._batteries.get(target)) is not None:
            battery.hears_on(link)

    def begin(self) -> None:
        """Everything is there: watch the charges from now on."""
        for battery in self._batteries.values():
            battery.watch()

    def record(self, span: Span) -> None:
        """Append the span, then draw."""
        self._record(span)
        for node, _, joules in charges(span, self._powers):
            self._batteries[node].draw(joules)
