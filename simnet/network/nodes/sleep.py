"""Nodes that sleep: whenever nothing is left to do, after a while; what comes then wakes them, and waits for that.

A node has something to do from when a call reaches it until that is done, and from when a message is given to one of
its links until that has arrived or is lost; and while it wakes. It hears messages in its sleep (as with a wake-up
receiver, whose power is part of that of sleeping), and each wakes it. While it wakes, calls and messages that it is to
send wait. All of this is our choice.

Nothing is put on the clock for falling asleep: whether a node slept is seen when something comes, or when asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from simnet.clock import Clock, Occurrence, Order, seconds, ticks

if TYPE_CHECKING:
    from simnet.network.line import Callback, Send, Span
    from simnet.network.nodes.spec import PowerModel
    from simnet.network.work import Work


class Computer(Protocol):
    """What is asked of a `simnet.network.nodes.plain.Node`."""

    env: Clock
    name: str
    up: bool
    on_change: list[Callable[[], None]]
    on_down: list[Callable[[], None]]

    def compute(self, sample: int, work: Work, done: Callback, lost: Callback, token: Any) -> None:
        """Run `work` for one sample."""


class Slept(NamedTuple):
    """How a node's time up was spent: seconds `asleep`, seconds `waking`, and how often it was woken."""

    asleep: float = 0.0
    waking: float = 0.0
    wake_ups: int = 0


class Waits:
    """When those calls and messages were asked for that had to wait for a node to wake: what their spans must say."""

    def __init__(self, record: Callable[[Span], None] | None = None) -> None:
        self.record = record or (lambda span: None)
        """Takes the spans of those for which it never became awake."""
        self._asked: dict[tuple[int, str, int], list[int]] = {}

    def note(self, sample: int, place: str, begun: int, asked: int) -> None:
        """What is begun now was asked for earlier."""
        self._asked.setdefault((sample, place, begun), []).append(asked)

    def telling(self, record: Callable[[Span], None]) -> Callable[[Span], None]:
        """`record` for spans of lines and links, to which they were queued when the node was awake."""

        def tells(span: Span) -> None:
            if self._asked and (key := (span[0], span[1], span[3])) in self._asked:
                asked = self._asked[key]
                span = (*span[:3], asked.pop(0), *span[4:])
                if not asked:
                    del self._asked[key]
            record(span)

        return tells


class Sleeper:
    """When one node sleeps, and what waits until it is awake.

    It begins the run asleep. After `sleep_after` without anything to do it falls asleep; what comes at the very end of
    that is in time. Down it does not sleep, and what it was to do is lost; it comes up awake.
    """

    def __init__(self, node: Computer, power: PowerModel) -> None:
        self._env, self._node, self._name = node.env, node, node.name
        self._after, self._wakes_in = ticks(power.sleep_after), ticks(power.wake_up)
        self._begun = 0
        """Calls and messages that have not ended."""
        self._life = 0
        """How often it went down: what began before is none of its business any more."""
        self._awake_until = -1
        """When it falls asleep if nothing comes; of a node that has nothing to do."""
        self._asleep = self._waking = self._wake_ups = 0
        self._wakes: tuple[int, int] | None = None
        """From when to when it wakes, if it does."""
        self._alarm: Occurrence | None = None
        self._waiting: list[tuple[int, int, str, Callable[[], None], Callable[[], None]]] = []
        """What to do when it is awake, or when that is not to be, with sample, place, and when it was asked for."""
        self.waits = Waits()
        """Takes note of those that waited, and of how."""
        node.on_change.append(self._changed)
        node.on_down.append(self._lose)
        self._compute = node.compute
        node.compute = self.compute  # type: ignore[method-assign]

    def slept(self, time: int | None = None) -> Slept:
        """Until now, or until a time that is not past if nothing comes before."""
        time = self._env.now if time is None else time
        asleep, waking = self._asleep, self._waking
        if self._node.up:
            if self._wakes is not None:
                waking += min(time, self._wakes[1]) - self._wakes[0]
            elif not self._begun:
                asleep += max(0, time - max(self._awake_until, 0))
        return Slept(seconds(asleep), seconds(waking), self._wake_ups)

    @property
    def turns(self) -> tuple[int, ...]:
        """When it will fall asleep or be awake, by the clock, if nothing comes before."""
        if self._wakes is not None:
            return (self._wakes[1],)
        return () if self._begun else (self._awake_until,)

    def _is_awake(self) -> bool:
        """Whether something can begin now; else it wakes from now on. Down, whoever is asked says so."""
        if not self._node.up:
            return True
        now = self._env.now
        if self._wakes is None and not self._begun:
            if now > self._awake_until:
                self._asleep += now - max(self._awake_until, 0)
                self._wake_ups += 1
                if self._wakes_in:
                    self._wakes = now, now + self._wakes_in
                    self._alarm = self._env.at(self._wakes[1], Order.WORK_ENDS, self._wake)
            self._awake_until = now + self._after
        return self._wakes is None

    def _wake(self) -> None:
        now = self._env.now
        self._waking += self._wakes_in
        self._wakes, self._alarm, self._awake_until = None, None, now + self._after
        waiting, self._waiting = self._waiting, []
        for sample, asked, place, act, lose in waiting:
            if self._node.up:
                self.waits.note(sample, place, now, asked)
                act()
            else:  # what it did first has brought it down
                self._give_up(sample, asked, place, "lost")
                lose()

    def _changed(self) -> None:
        now = self._env.now
        if self._node.up:
            self._awake_until = now + self._after
            return
        if self._wakes is not None:
            self._waking += now - self._wakes[0]
        elif not self._begun:
            self._asleep += max(0, now - max(self._awake_until, 0))
        if self._alarm is not None:
            self._alarm.cancel()
        self._wakes, self._alarm = None, None
        self._begun, self._life = 0, self._life + 1

    def _lose(self) -> None:
        waiting, self._waiting = self._waiting, []
        for sample, asked, place, *_ in waiting:
            self._give_up(sample, asked, place, "lost")
        for *_, lose in waiting:
            lose()

    def close(self) -> None:
        """Record what waits at the end of a run as `unfinished`."""
        waiting, self._waiting = self._waiting, []
        for sample, asked, place, *_ in waiting:
            self._give_up(sample, asked, place, "unfinished")

    def _give_up(self, sample: int, asked: int, place: str, status: str) -> None:
        now, kind = self._env.now, "compute" if place == self._name else "transfer"
        self.waits.record((sample, place, kind, asked, now, now, 0, status))

    def compute(self, sample: int, work: Work, done: Callback, lost: Callback, token: Any) -> None:
        """See `Node.compute`."""
        self._attend(self._compute, self._name, sample, work, done, lost, token)

    def sending(self, send: Send, place: str) -> Send:
        """`send` for messages that leave the node over the link of this name."""
        return partial(self._attend, send, place)

    def hearing(self, send: Send) -> Send:
        """`send` for messages that end at the node."""

        def sends(sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
            send(sample, size, partial(self._heard, done), lost, token)

        return sends

    def _heard(self, done: Callback, token: Any) -> None:
        self._is_awake()
        done(token)

    def _attend(
        self, begin: Callable[..., None], place: str, sample: int, what: Any, done: Callback, lost: Callback, token: Any
    ) -> None:
        """Begin a call or a message, as soon as it is awake, and be awake until it ends."""
        if self._is_awake():
            self._begin(begin, sample, what, done, lost, token)
        else:
            asked = self._env.now, place, partial(self._begin, begin, sample, what, done, lost, token)
            self._waiting.append((sample, *asked, partial(lost, token)))

    def _begin(
        self, begin: Callable[..., None], sample: int, what: Any, done: Callback, lost: Callback, token: Any
    ) -> None:
        life = self._life if self._node.up else -1
        if self._node.up:
            self._begun += 1
        begin(sample, what, partial(self._end, life, done), partial(self._end, life, lost), token)

    def _end(self, life: int, tell: Callback, token: Any) -> None:
        if life == self._life:
            self._begun -= 1
            self._awake_until = self._env.now + self._after
        tell(token)
