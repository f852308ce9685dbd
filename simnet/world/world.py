"""One system in a scenario's network: the lives of its samples, from the first capture to the end of the run."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from math import inf
from types import GeneratorType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from simpy import Event

from simnet.clock import Clock, Life, Lost, Occurrence, Order, ProtocolError, Signal, seconds, ticks
from simnet.collector import no_garbage_collection
from simnet.network.faults.incidents import Incident, name_of
from simnet.network.faults.schedule import lossy_links, schedule_faults
from simnet.network.nodes.plain import Node
from simnet.network.topology import Topology
from simnet.registry import blamed
from simnet.results.kept.endings import Ending, Endings
from simnet.scenario import Scenario
from simnet.systems.base import Ask, Decision, Opinions, Setting, System
from simnet.systems.contract import fault_of
from simnet.world.again.rest import Rejoining, Rests, rests_of
from simnet.world.budget import Controller, flop_until
from simnet.world.captures import Captures
from simnet.world.plan import Plan
from simnet.world.sites import skews_of

_CAPTURE = int(Order.CAPTURE)


class World:
    """One system in a scenario's network: plays the life of every sample and notes how it ended.

    Every site has an instance of the system of its own, with its cameras and its edge; they meet in the network.
    """

    def __init__(
        self,
        scenario: Scenario,
        plan: Plan,
        ask: Ask,
        captured: Captures,
        opinions: Opinions | None = None,
        truth: Sequence[int] = (),
        topology: Callable[..., Topology] = Topology,
        clock: Clock | None = None,
    ) -> None:
        self.env = clock or Clock()
        priorities = captured.priority.tolist() if captured.priority.any() else ()
        self.network = topology(
            self.env,
            scenario.nodes,
            scenario.links,
            scenario.network,
            lossy=lossy_links(scenario.faults),
            seed=scenario.seed,
            weights=plan.card.name,
            priorities=priorities,
        )
        skews, say, accuracy = skews_of(scenario), opinions or _none, plan.card.forced_accuracy
        told = truth if plan.kind.omniscient else ()
        self.systems: list[list[System]] = []
        """For each of the sites that `captured` names: who plays, and who stands in, in order."""
        self._needed: list[list[list[Node]]] = []
        """Of each of them the nodes that must be up, where one stands in for another."""
        replaced = {name for name, node in scenario.nodes.items() if node.fallback is not None}
        replaced |= {str(scenario.nodes[name].fallback) for name in replaced}
        thresholds = [dict(plan.thresholds) for _ in plan.places]
        for place, others, of_site in zip(plan.places, plan.stand_ins, thresholds, strict=True):
            settings = [
                Setting(
                    self.network,
                    one,
                    plan.graph,
                    ask,
                    say,
                    of_site,
                    plan.options,
                    plan.codec,
                    skews,
                    truth=told,
                    accuracy=accuracy,
                    seed=scenario.seed,
                )
                for one in (place, *others)
            ]
            self.systems.append([plan.kind(setting) for setting in settings])
            playing = [[name for names in one.nodes.values() for name in names] for one in (place, *others)]
            self._needed.append([[self.network.nodes[n] for n in names if n in replaced] for names in playing])
        self.endings = Endings(len(captured))
        self.incidents: list[Incident] = []
        self._captured, self._site = captured.ticks, array("i", captured.site.astype(np.int32).tobytes())
        self._scenario, self._exits, self._graph = scenario, plan.exits, plan.graph
        self._classes, self._everything = plan.graph.classes, plan.graph.all
        self._left = len(captured)
        self.budget: Controller | None = None
        """What the thresholds follow; None: they stay as they are."""
        if (budget := plan.options.budget) is not None:
            powered = {name: node.power for name, node in scenario.nodes.items() if node.power is not None}
            flop = flop_until(plan.graph, plan.exits, plan.instead) if budget.measured == "flop" else {}
            self.budget = Controller(
                self.network, budget, self._site, self.endings, thresholds, plan.rules, flop, powered
            )
        self.rests: Rests | None = None
        """When it rested while it was played with all faults; None where that is no use."""
        self._note: Callable[[int], None] | None = None
        self._next = 0
        self._on_capture: list[Callable[[Any], None]] = [self._capture]
        self._over = Event(self.env)
        self._tell: Callable[[float], None] = lambda time: None

    def play(
        self,
        tell: Callable[[float], None] | None = None,
        without: str | None = None,
        part: Rejoining | None = None,
    ) -> None:
        """Run to the scenario's end: its duration, or until every sample has an outcome.

        `tell` hears of progress: the time in s. `without` names a fault that does not strike; nothing that others do,
        and nothing drawn, depends on that. `part` is what is played then, where the rest is known.
        """
        if tell is not None:
            self._tell = tell
        scenario = self._scenario
        script = [fault for fault in scenario.faults if without is None or name_of(fault) != without]
        self.incidents = schedule_faults(self.network, script, scenario.nodes, scenario.seed)
        if part is not None:
            part.begin(self)
            self._note = part.note
        elif without is None and (rests := rests_of(self, scenario)) is not None:
            self.rests, self._note = rests, rests.note
        self._await_capture()
        with no_garbage_collection():
            try:
                self.env.run(until=self._over if scenario.duration is None else ticks(scenario.duration))
            except RuntimeError as problem:  # SimPy's word for a clock on which nothing is left
                if self.env.peek() < inf or not self._left or problem.__cause__ is not None:
                    raise
                raise self._endless() from None
            finally:
                self.env.close()
        self.network.close()

    def skip(self, endings: Endings, count: int) -> None:
        """Begin after the first samples, which have these endings."""
        self.endings.copy(slice(count), endings)
        self._next, self._left = count, len(self.endings) - count

    def _endless(self) -> ProtocolError:
        """What to say when nothing is left to happen, and samples have no outcome."""
        if None not in self.endings:  # then some device has the answer
            return ProtocolError(
                f"{self._left} answers never end their way back: a link tells nobody what became of them"
            )
        sample = self.endings.index(None)
        return ProtocolError(
            f"{_called(self.systems[self._site[sample]][0])}.classify never ends for {self._left} of "
            f"{len(self.endings)} samples, first for sample {sample}: it waits for a signal that nobody fires"
        )

    def _await_capture(self) -> None:
        """Put the next capture on the clock."""
        if self._next < len(self._captured):
            Occurrence(self.env, self._captured[self._next], _CAPTURE, self._on_capture)

    def _capture(self, _: Event) -> None:
        sample = self._next
        if self._note is not None:
            self._note(sample)
        self._next += 1
        self._await_capture()
        if self.budget is not None:
            self.budget.captured(sample)
        Life(self.env, self._live(sample))

    def _live(self, sample: int) -> Generator[Signal, Any, None]:
        site = self._site[sample]
        choice = self.systems[site]
        system = choice[0] if len(choice) == 1 else self._up(choice, self._needed[site])
        life = system.classify(sample)
        if type(life) is not GeneratorType:
            raise ProtocolError(
                f"{_called(system)}.classify is no generator: it must yield signals and return a Decision"
            )
        try:
            decision = yield from life
            if type(decision) is not Decision:
                raise ProtocolError(
                    f"{_called(system)}.classify returned {decision!r} for sample {sample}, no Decision (see `decide`)"
                )
            exit_name, prediction, measure, upstream, _ = decision
            if not (  # in this order, since this is asked for every sample
                type(prediction) is int is type(upstream)
                and type(measure) is float
                and 0 <= prediction < self._classes
                and 0 <= upstream <= self._everything
                and exit_name in self._exits
            ) and (fault := fault_of(decision, self._exits, self._graph)):
                raise ProtocolError(f"{_called(system)}.classify: decision of sample {sample}: {fault}")
            if system.ways_back[exit_name]:  # the answer is there with the last message that arrives
                yield system.deliver(sample, decision, partial(self._answered, sample, decision))
            else:
                self._answered(sample, decision)
            if system.on_answer is not None:
                system.on_answer(self.env.now - self._captured[sample])
        except Lost as lost:
            self.endings[sample] = Ending(self.env.now, None, lost.reason)
        except Exception as problem:  # whatever a user's code raises
            if type(problem).__module__.startswith("simnet."):  # it tells already what is wrong, of data for instance
                raise
            if (told := blamed(problem)) is None:
                raise
            raise ProtocolError(f"{told}, at sample {sample}") from problem
        self._left -= 1
        if not self._left % 64:
            self._tell(seconds(self.env.now))
            self.network.spans.fold()
        if not self._left:
            self.env.stop(self._over)

    def _answered(self, sample: int, decision: Decision) -> None:
        self.endings[sample] = Ending(self.env.now, decision)

    @staticmethod
    def _up(choice: Sequence[System], needed: Sequence[Sequence[Node]]) -> System:
        """The first whose nodes are up, cameras apart; that a site knows at capture which are is our choice."""
        for system, nodes in zip(choice, needed, strict=True):
            if all(node.up for node in nodes):
                return system
        return choice[0]


def _none(segment: str, sample: int, upstream: int) -> Mapping[int, NDArray[np.float32]]:
    """Opinions of a network that has none."""
    return {}


def _called(system: System) -> str:
    return f"{type(system).__module__}.{type(system).__qualname__}"
