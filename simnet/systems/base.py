"""What every inference system is given, what it must be, and the steps that a protocol is written with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from simpy import Timeout

from simnet.clock import Limit, Signal
from simnet.models.codecs import REAL_VALUED
from simnet.network.work import Work
from simnet.systems.policies.policy import Policy

if TYPE_CHECKING:  # the scenario's checks import this module for what a system may be set to, and must stay quick
    from simnet.inference.cost import Cost
    from simnet.network.nodes.plain import Node
    from simnet.network.routing import Route
    from simnet.network.topology import Network
    from simnet.systems.options import SystemSpec

Ask = Callable[[str, int, int], tuple[int, float]]
"""(exit, sample, views) to (predicted class, normalized entropy): the real network, see `simnet.inference.answers`."""
Step = tuple[str, str | None]
"""A segment of the network, and the exit that tests its result; None where there is none."""


class Decision(NamedTuple):
    """How a sample was answered: at which exit, with what, from which views; `forced` when a limit decided."""

    exit: str
    prediction: int
    entropy: float
    views: int
    forced: bool = False


Protocol = Generator[Signal, Any, Decision]
"""The life of one sample: yields signals, returns its decision; `simnet.events.Lost` raised in it drops the sample."""


class Setting(NamedTuple):
    """What a system is put into: a network, `cameras` with the number of the view each sees (0-based), and the rest.

    `thresholds` has T of every exit but the last; `edges` the views of each edge, where there may be several; `edge` is
    the one that serves these cameras (None: the network's first). `skews`: s by which a camera captures later, by name.
    """

    network: Network
    cameras: Sequence[tuple[str, int]]
    ask: Ask
    cost: Cost
    thresholds: Mapping[str, float]
    spec: SystemSpec
    edges: Sequence[Sequence[int]] = ()
    edge: Node | None = None
    skews: Mapping[str, float] = MappingProxyType({})


class System(ABC):
    """Base of all systems."""

    exits: ClassVar[tuple[str, ...]]
    """Names of the exits in the order in which a sample meets them."""
    steps: ClassVar[tuple[Step, ...]]
    """The segments whose results are asked for, in order, with their exits."""
    codecs: ClassVar[tuple[str, ...]] = REAL_VALUED
    """How its features may travel."""
    keys: ClassVar[tuple[str, ...]] = ()
    """Keys of a scenario's entry that not every system has."""

    def __init__(self, setting: Setting) -> None:
        self.env = setting.network.env
        self.cost, self.threshold = setting.cost, setting.thresholds
        self.work = {segment: Work(flop, (segment,)) for segment, flop in setting.cost.flop.items()}
        self.cloud_limit = Limit(self.env, setting.spec.cloud_limit)
        self.policy = Policy(self.env, setting.spec, len(setting.cameras))
        self.all_views = sum({1 << view for _, view in setting.cameras})
        self._ask = setting.ask

    @classmethod
    def steps_of(cls, tiers: str | None) -> tuple[Step, ...]:
        """The steps where the system is mapped on these tiers (only `ddnn-2017` has a choice)."""
        return cls.steps

    @classmethod
    def exits_of(cls, tiers: str | None) -> tuple[str, ...]:
        """The exits where the system is mapped on these tiers."""
        return tuple(exit_name for _, exit_name in cls.steps_of(tiers) if exit_name is not None)

    @classmethod
    def idle_keys(cls, tiers: str | None) -> Mapping[str, str]:
        """Keys of a scenario's entry that would do nothing on these tiers, and why."""
        return {}

    @abstractmethod
    def classify(self, sample: int) -> Protocol:
        """The life of one sample from its capture to its decision, as the paper tells it."""

    def decide(self, exit_name: str, sample: int, views: int) -> Decision:
        """What the network answers at an exit, with these views."""
        prediction, entropy = self._ask(exit_name, sample, views)
        return Decision(exit_name, prediction, entropy, views)

    def leaves(self, decision: Decision) -> bool:
        """Whether the sample leaves with this decision: normalized entropy below T, strictly."""
        return decision.entropy < self.threshold[decision.exit]

    def compute(self, node: Node, work: Work, sample: int) -> Signal:
        """Do `work` for a sample on a node; raises Lost when the node is down or goes down meanwhile."""
        done = Signal(self.env)
        node.compute(sample, work, done.fire, done.lose, f"{node.tier} down")
        return done

    def pause(self, seconds: float) -> Signal:
        """Do nothing for so long."""
        over = Signal(self.env)
        Timeout(self.env, seconds).callbacks.append(lambda _: over.fire())
        return over

    def send(self, route: Route, size: int, sample: int) -> Signal:
        """Send a message of `size` bytes; raises Lost when it does not arrive."""
        done = Signal(self.env)
        route.send(sample, size, done.fire, done.lose, "message lost")
        return done
