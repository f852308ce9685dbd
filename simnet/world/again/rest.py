"""Moments at which a world rests, so that of the run without a fault only what can differ is played.

At a capture the world *rests* if no sample is under way, nothing is on a link or in a processor, and all that is on the
clock is the script, what changes by itself, and limits under which nobody waits. What comes then depends on the script
and on what is captured. So the run without a fault is the run with it

* until a rest before the fault first strikes: there it begins;
* from a rest after the fault is over at which the run with it rested, too: there it ends.

One thing more is left of what came before: when the limits will be looked at next, which decides which is first of two
that run out at one instant. Where two do so, this must be equal, too, and there must be none on the clock at the start.

That holds for worlds without memory only, see `_forgetful`; others are played from beginning to end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any, Protocol

from simnet.clock import Limit, Occurrence, ticks
from simnet.network.faults import ACTIONS
from simnet.network.faults.actions import Bandwidth, Down, Slow, Up
from simnet.network.faults.incidents import name_of
from simnet.network.links.base import Link
from simnet.network.nodes.plain import Node

if TYPE_CHECKING:
    from simnet.clock import Clock
    from simnet.network.topology import Topology
    from simnet.results.kept.endings import Endings
    from simnet.scenario import Scenario
    from simnet.systems.base import System

Waiting = tuple[tuple[int, int], ...]
"""Limits on the clock in the order in which they will be looked at: time and number of each."""

MOST = 64
"""Limits on the clock up to which it is looked at: it must cost little beside a sample's life."""
_ACTIONS = (Down, Up, Slow, Bandwidth)
_REMEMBERED = ("heartbeat", "retry", "breaker", "policies", "latency_target", "codec_above", "budget")
"""Options with which a system remembers samples that have ended."""


class Playing(Protocol):
    """What is asked of a `simnet.world.world.World`."""

    env: Clock
    network: Topology
    systems: list[list[System]]
    endings: Endings
    budget: Any
    rests: Rests | None

    def skip(self, endings: Endings, count: int) -> None:
        """Begin after the first samples, which have these endings."""


class Rests:
    """When a world rested: by number of the sample captured then, the limits that were on its clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._script = {id(event): event for event in clock.entries}  # kept, or their numbers would come again
        self.found: dict[int, Waiting] = {}

    def note(self, sample: int) -> None:
        """Remember whether it rests now, at the capture of a sample."""
        if (waiting := self.now()) is not None:
            self.found[sample] = waiting

    def now(self) -> Waiting | None:
        """The limits on the clock if it rests; None: it does not."""
        if self._clock.lives:
            return None
        waiting: list[tuple[int, int, int]] = []
        for time, _, number, event in self._clock.waiting(self._script):
            callback = event.callbacks[0] if type(event) is Occurrence else None
            limit = callback.__self__ if type(callback) is MethodType else None
            if not (type(limit) is Limit and limit.idle) or len(waiting) == MOST:
                return None
            waiting.append((time, number, limit.number))
        return tuple((time, limit) for time, _, limit in sorted(waiting))


class Rejoining:
    """What is to be played in a world without a fault, when one with it has been played.

    Args:
        played: The latter.
        begins: When the fault first strikes, by the clock.
        over: When its last strike is over; None: never, or it is not known.
        captured: When each sample is captured, by the clock.
        heeding: Whether it heeds when limits will be looked at; see `sure`.
    """

    def __init__(
        self, played: Playing, begins: int, over: int | None, captured: Sequence[int], heeding: bool = False
    ) -> None:
        self._rests, self._tied = {} if played.rests is None else played.rests.found, played.env.tied
        self._endings, self._over, self._captured, self._heeding = played.endings, over, captured, heeding
        early = (n for n, limits in self._rests.items() if captured[n] < begins and not (heeding and limits))
        self.first = max(early, default=0)
        """The sample to begin with."""
        self.last = len(captured)
        """The first sample that was no longer played."""

    def begin(self, world: Playing) -> None:
        """What happened before is known."""
        self._world, self._now = world, Rests(world.env)
        world.skip(self._endings, self.first)

    def note(self, sample: int) -> None:
        """End the world's run at a capture from which on all is as it was."""
        if self._over is None or self._captured[sample] <= self._over or sample not in self._rests:
            return
        waiting = self._now.now()
        if waiting is not None and (
            self._tied < self._captured[sample] or (self._heeding and waiting == self._rests[sample])
        ):
            self.last = sample
            self._world.endings.copy(slice(sample, None), self._endings)
            self._world.env.halt()

    @property
    def sure(self) -> bool:
        """Whether all is as if everything had been played: no two limits ran out at once, or all was heeded."""
        return self._heeding or self._world.env.tied < 0


def rests_of(world: Playing, scenario: Scenario) -> Rests | None:
    """For a world of which all events are those of its script; None where it has a memory."""
    return Rests(world.env) if scenario.faults and _forgetful(world, scenario) else None


def rejoining(played: Playing, scenario: Scenario, name: str, captured: Sequence[int]) -> Iterator[Rejoining]:
    """What to play without a fault, in turn until one is `sure`; `played` is the world with it."""
    strikes = [fault for fault in scenario.faults if name_of(fault) == name]
    over: int | None = 0
    for fault in strikes:
        if over is None or fault.lasts is None or fault.mtbf is not None:
            over = None
        else:
            over = max(over, ticks(fault.at) + ticks(fault.lasts))
    begins = min(ticks(fault.at) for fault in strikes)
    for heeding in (False, True):
        yield Rejoining(played, begins, over, captured, heeding)


def _forgetful(world: Playing, scenario: Scenario) -> bool:
    """Whether nothing but what is under way decides what comes: no queue, draw, charge, policy or user's code does.

    A node's time of its last failure, and how long it was up, tell nothing to samples that are captured later.
    """
    network = world.network
    return (
        world.budget is None
        and not network.batteries
        and all(type(node) is Node and not node.varies and node.sleeper is None for node in network.nodes.values())
        and all(type(link) is Link for link in network.links.values())
        and all(ACTIONS[fault.action] in _ACTIONS for fault in scenario.faults)
        and all(_forgets(system) for systems in world.systems for system in systems)
    )


def _forgets(system: System) -> bool:
    """A class derived from one that forgets says so itself, or is taken to remember."""
    return vars(type(system)).get("forgets") is True and not any(
        getattr(system.options, key, None) for key in _REMEMBERED
    )
