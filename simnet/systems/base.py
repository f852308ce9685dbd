"""What every inference system is given, what it must be, and the steps that a protocol is written with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from simnet.clock import Clock, Order, Signal, ticks
from simnet.models.codecs import REAL_VALUED
from simnet.models.graph import FLOAT, INPUT, Graph, Part, Segment
from simnet.network.strict import MOST_BYTES
from simnet.network.work import Work
from simnet.systems.options import SystemOptions
from simnet.systems.roles import Place, Roles, Unfit
from simnet.systems.traffic import Message, default_messages, feature_bytes
from simnet.times import LONGEST

if TYPE_CHECKING:  # the scenario's checks import this module for what a system may be set to, and must stay quick
    import numpy as np
    from numpy.typing import NDArray

    from simnet.network.nodes.plain import Node
    from simnet.network.routing import Route
    from simnet.network.topology import Topology

TIERS = ("device", "gateway", "edge")
"""Where an answer may be wanted, from the devices upward."""
Ask = Callable[[str, int, int], tuple[int, float]]
"""(exit, sample, upstream) to (predicted class, measure): the real network, see `simnet.inference.answers`."""


Opinions = Callable[[str, int, int], Mapping[int, "NDArray[np.float32]"]]
"""(segment, sample, upstream) to the class scores of each of its copies that has something to work on."""


class Decision(NamedTuple):
    """How a sample was answered: at which exit, with what, from what had arrived (mask of the graph's arcs).

    `measure` is what the exit's rule says of its scores (entropy, by default); `forced` when a limit decided.
    """

    exit: str
    prediction: int
    measure: float
    upstream: int
    forced: bool = False


Lifeline = Generator[Signal, Any, Decision]
"""The life of one sample: yields signals, returns its decision; `simnet.clock.Lost` raised in it drops the sample."""


@dataclass(frozen=True)
class Setting:
    """What a system is put into.

    Attributes:
        network: The simulated network.
        place: Who plays what at its site.
        graph: The neural network.
        ask: What it answers at an exit.
        opinions: What the copies of a segment say.
        thresholds: T of every exit but the last.
        options: What the scenario says of the system.
        codec: How features travel.
        skews: Seconds by which a camera captures later than the sample, by name.
        truth: The right class of every sample, for an omniscient system; others are not told.
        accuracy: What is right at each exit on validation when every sample leaves there, as far as the card tells.
        seed: The scenario's, for random streams of a name of their own.
    """

    network: Topology
    place: Place
    graph: Graph
    ask: Ask
    opinions: Opinions
    thresholds: Mapping[str, float]
    options: Any
    codec: str = "fp32"
    skews: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    truth: Sequence[int] = ()
    accuracy: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    seed: int = 1


class System(ABC):
    """Base of all systems: a protocol that takes a sample through a network, from its capture to a decision.

    To add a kind: derive from this class, or from `OneEdge` (cameras report to an edge, which may ask a cloud), in a
    file of your own. Say which `roles` it needs and which `exits` a sample meets, give it an `Options` class for keys
    of its own, and write `classify`: a generator that yields signals (`compute`, `send`, `pause`, `gather` …), each of
    which resumes it with a value or raises `Lost`, and that returns what `decide` gives. Register it as an entry point
    of the group ``simnet.systems``, or name it in the scenario as ``module:Name``.

    There is one object for each site; `classify` is called once for each sample, and many of its generators are under
    way at the same time. Whoever holds a sample and goes down loses it: what waits there must raise `Lost`.
    """

    Options: ClassVar[type[SystemOptions]] = SystemOptions
    """Keys of its entry in a scenario."""
    roles: ClassVar[Roles]
    """The nodes that it needs."""
    exits: ClassVar[tuple[str, ...]]
    """Names of the exits in the order in which a sample meets them; they must be exits of the network."""
    usual_weights: ClassVar[str | None] = None
    """The kind of system whose weights it uses by default (``NAME-data``); None: those of its own name."""
    omniscient: ClassVar[bool] = False
    """Whether it is told the right answer of every sample (`Setting.truth`): a bound that nobody can build."""
    one_site: ClassVar[bool] = False
    """Whether it plays one site only."""
    forgets: ClassVar[bool] = False
    """Whether, with plain options, nothing of samples that have ended is remembered: what comes is the same whatever
    came before, and not played twice. It holds of this class alone, not of classes derived from it."""
    codecs: ClassVar[tuple[str, ...]] = REAL_VALUED
    """Our codecs with which its features may travel (a user's own always may)."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.env = setting, setting.network.env
        self.graph, self.options, self.threshold = setting.graph, setting.options, setting.thresholds
        self.work = {name: _work_of(one) for name, one in self.graph.segments.items()}
        """One call of each segment's copies."""
        self.coded = self.coded_between(self.hosts(self.graph, setting.place, self.options))
        """Arcs over which features travel with a lossy codec."""
        self.onward = 0
        """Arcs that have always arrived where an answer is asked for."""
        self._ask = setting.ask
        self.reply_size = self.graph.score_bytes if self.options.reply.size is None else self.options.reply.size
        """Bytes of the message that brings an answer to where it is wanted."""
        self.ways_back = _WaysBack(self)
        """The ways of that message from where the answer of an exit is; none if it need not travel."""

    # What is known before a run.

    @classmethod
    def roles_of(cls, options: Any) -> Roles:
        """The roles, where they depend on the options."""
        return cls.roles

    @classmethod
    def exits_of(cls, options: Any, graph: Graph | None) -> tuple[str, ...] | None:
        """The exits in order, where they depend on options or network; None while the network is not known."""
        return cls.exits

    @classmethod
    def instead(cls, options: Any) -> Mapping[str, str]:
        """Segments of the network that answer at an exit in place of its own (`Segment.instead`), by exit."""
        return {}

    @classmethod
    def idle_keys(cls, options: Any) -> Mapping[str, str]:
        """Keys of a scenario's entry that would do nothing with these options, and why ("with tiers '…': …")."""
        return {}

    @classmethod
    def calibrated(cls, card: Mapping[str, Any], options: Any) -> Mapping[str, float] | None:
        """T of each exit, of the values of the weights' card, where it is not those of the exits' rules; else None.

        What is missing the scenario must give.
        """
        return None

    @classmethod
    def range_of(cls, options: Any) -> tuple[float, float] | None:
        """Least and greatest T that make sense, where it is not the exits' rules that are compared with it."""
        return None

    @classmethod
    def fit(cls, graph: Graph, place: Place, options: Any) -> None:
        """Raise Unfit where the network and the nodes of a site do not go together."""
        if beyond := [f"'{name}'" for name, view in place.views.items() if view >= graph.views]:
            raise Unfit(
                f"the network has {graph.views} view{'s' * (graph.views != 1)}; none is for {', '.join(beyond)}"
            )

    @classmethod
    def hosts(cls, graph: Graph, place: Place, options: Any) -> dict[str, list[Part]]:
        """The parts of the network that each node runs: for memory, profiles, and which arcs cross machines.

        By default the segments go by their names to the role of that name or its plural: a node that sees a view runs
        the copy for it; others, all copies.
        """
        found: dict[str, list[Part]] = {}
        for role, names in place.nodes.items():
            for name in names:
                for segment in graph.segments:
                    if role in (segment, f"{segment}s"):
                        seen = place.views.get(name)
                        parts = graph.parts_of(segment) if seen is None else parts_seeing(graph, segment, seen)
                        found.setdefault(name, []).extend(parts)
        return found

    @classmethod
    def ways(cls, place: Place) -> Iterator[tuple[str, str]]:
        """Nodes between which messages go, from each role to the next: there must be a path of links."""
        names = [nodes for nodes in place.nodes.values() if nodes]
        for lower, upper in pairwise(names):
            for source in lower:
                for target in upper:
                    yield source, target

    @classmethod
    def messages(cls, graph: Graph, codec: str) -> list[Message]:
        """What is sent of a sample that goes all the way, for calibration by bytes and tables of weights."""
        return default_messages(graph, codec)

    # While it runs.

    on_answer: Callable[[int], None] | None = None
    """Told of every answer when it is where it is wanted: picoseconds since the sample's capture."""

    @abstractmethod
    def classify(self, sample: int) -> Lifeline:
        """The life of one sample from its capture to its decision, as the paper tells it."""

    def answered_at(self, exit_name: str) -> Node | None:
        """Where an answer of this exit is when `classify` returns it; None: nowhere that is known.

        By default the only node that hosts the exit's part of the network.
        """
        segment = self.graph.exits[exit_name].name
        hosts = self.hosts(self.graph, self.setting.place, self.options)
        found = [node for node, parts in hosts.items() if any(part.segment == segment for part in parts)]
        return self.setting.network.nodes[found[0]] if len(found) == 1 else None

    def deliver(self, sample: int, decision: Decision, got: Callable[[], None]) -> Signal:
        """Bring the answer to where it is wanted (`reply`), with `reply_size` bytes; calls `got` at each arrival.

        To several devices it is sent at once; it is there when the last has it that gets it (our choice). An answer
        that is found where it is wanted, or nearer to the devices, need not travel. What is returned fires when the
        last is through or lost; it raises Lost when nobody gets it.
        """
        return _Delivery(self.env, self.ways_back[decision.exit], sample, self.reply_size, got)

    def policy_report(self) -> Mapping[str, Any]:
        """What its policies did, for the summary; nothing without any."""
        return {}

    def decide(self, exit_name: str, sample: int, upstream: int, coded: int | None = None) -> Decision:
        """What the network answers at an exit, of what has arrived there.

        `coded`: the arcs over which features came with a lossy codec, where they are not always the same.
        """
        upstream |= self.onward
        prediction, measure = self._ask(exit_name, sample, upstream | (self.coded if coded is None else coded))
        return Decision(exit_name, prediction, measure, upstream)

    def opinions(self, segment: str, sample: int, upstream: int) -> Mapping[int, NDArray[np.float32]]:
        """Class scores `[classes]` of each copy of a segment, by its number, as far as something has arrived.

        Of a segment that gives none its features, flat.
        """
        return self.setting.opinions(segment, sample, upstream | self.onward | self.coded)

    def leaves(self, decision: Decision) -> bool:
        """Whether the sample leaves with this decision: the rule's measure is below T, strictly."""
        return decision.measure < self.threshold[decision.exit]

    def coded_between(self, hosts: Mapping[str, Sequence[Part]]) -> int:
        """Mask of the arcs over which features travel with a lossy codec, by the parts that each node runs."""
        return 0 if _lossless(self.setting.codec) else self.graph.coded(crossing(self.graph, hosts))

    def size(self, segment: str) -> int:
        """Bytes of the features that one copy of a segment sends. Raises LookupError where there is no such segment."""
        self.graph.parts_of(segment)
        return feature_bytes(self.graph, self.setting.codec, segment)

    def compute(self, node: Node, work: Work, sample: int) -> Signal:
        """Do `work` for a sample on a node; raises Lost when the node is down or goes down meanwhile."""
        if not isinstance(sample, int):
            raise TypeError(f"a sample is a whole number, found {sample!r}")
        done = Signal(self.env)
        node.compute(sample, work, done.fire, done.lose, f"{node.tier} down")
        return done

    def pause(self, seconds: float, order: Order = Order.LIMIT) -> Signal:
        """Do nothing for so long; `order` says what comes before the end of it at that instant, and what after."""
        if not 0 <= seconds <= LONGEST:
            raise ValueError(f"a pause is a time from 0 to {LONGEST:g} s, found {seconds!r}")
        over = Signal(self.env)
        self.env.at(self.env.now + ticks(seconds), order, over.fire)
        return over

    def send(self, route: Route, size: int, sample: int) -> Signal:
        """Send a message of `size` bytes; raises Lost when it does not arrive."""
        if not isinstance(size, int) or not 0 <= size <= MOST_BYTES:
            raise ValueError(f"the size of a message is a whole number of bytes from 0 to {MOST_BYTES}, found {size!r}")
        if not isinstance(sample, int):
            raise TypeError(f"a sample is a whole number, found {sample!r}")
        done = Signal(self.env)
        route.send(sample, size, done.fire, done.lose, "message lost")
        return done


class _Delivery(Signal):
    """See `System.deliver`."""

    def __init__(self, env: Clock, ways: Sequence[Route], sample: int, size: int, got: Callable[[], None]) -> None:
        super().__init__(env)
        self._got, self._open, self._arrived = got, len(ways), 0
        for way in ways:
            way.send(sample, size, self._there, self._through, None)

    def _there(self, _: Any) -> None:
        self._arrived += 1
        self._got()
        self._through(_)

    def _through(self, _: Any) -> None:
        self._open -= 1
        if not self._open:
            if self._arrived:
                self.fire()
            else:
                self.lose("reply lost")


class _WaysBack(dict[str, "list[Route]"]):
    """By exit; found when they are first asked for."""

    def __init__(self, system: System) -> None:
        super().__init__()
        self._system = system

    def __missing__(self, exit_name: str) -> list[Route]:
        self[exit_name] = found = list(self._find(exit_name))
        return found

    def _find(self, exit_name: str) -> Iterator[Route]:
        system, wanted = self._system, self._system.options.reply.to
        network, here = system.setting.network, system.answered_at(exit_name)
        if here is None or wanted == "none":
            return
        names = [name for names in system.setting.place.nodes.values() for name in names]
        for tier in TIERS[: TIERS.index(wanted) + 1][::-1]:  # where there is no edge, whoever is next to the devices
            if here.tier in TIERS[: TIERS.index(tier) + 1]:
                return
            if nodes := [network.nodes[name] for name in names if network.nodes[name].tier == tier]:
                yield from (network.route(here, node) for node in nodes)
                return


def needing(graph: Graph, *segments: str) -> None:
    """Raise Unfit where the network lacks segments that a system must have."""
    if missing := [f"'{name}'" for name in segments if name not in graph.segments]:
        *some, last = [f"'{name}'" for name in segments]
        raise Unfit(
            f"it needs segment{'s' * bool(some)} {', '.join(some)}{' and ' * bool(some)}{last}; "
            f"the network has no {' and no '.join(missing)}"
        )


def parts_seeing(graph: Graph, segment: str, view: int) -> list[Part]:
    """The copies of a segment that take a view and nothing else, of this view; all copies where they take no view."""
    parts = graph.parts_of(segment)
    taken = {part: [graph.arcs[arc].source for arcs in graph.into[part] for arc in arcs] for part in parts}
    if not any(source.segment == INPUT for sources in taken.values() for source in sources):
        return parts
    return [part for part, sources in taken.items() if Part(INPUT, view) in sources]


def crossing(graph: Graph, hosts: Mapping[str, Sequence[Part]]) -> int:
    """Mask of the arcs over which features go from one machine to another; of views none: they are raw."""
    place = {part: name for name, parts in hosts.items() for part in parts}
    mask = 0
    for number, arc in enumerate(graph.arcs):
        source, target = place.get(arc.source), place.get(arc.target)
        apart = source != target or source is None
        if arc.what == "features" and arc.source.segment != INPUT and apart:
            mask |= 1 << number
    return mask


def _work_of(segment: Segment) -> Work:
    """One call of one copy; what was not counted costs nothing."""
    operations, traffic = segment.operations or 0, float(segment.traffic or 0)
    return Work(float(segment.flop), (segment.name,), operations, traffic, float(FLOAT * segment.parameters))


def _lossless(codec: str) -> bool:
    from simnet.models.codecs import codec as named

    return named(codec).lossless
