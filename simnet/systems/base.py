"""What every inference system is given: its devices, edge and cloud, and the steps that a protocol is written with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from simnet.events import Limit, Signal

if TYPE_CHECKING:  # the scenario's checks import this module for the exits only, and must stay quick
    from simpy import Environment

    from simnet.inference.cost import Cost
    from simnet.network.topology import Node, Route

Ask = Callable[[str, int, int], tuple[int, float]]
"""(exit, sample, views) to (predicted class, normalized entropy): the real network, see `simnet.inference.answers`."""


class Decision(NamedTuple):
    """How a sample was answered: at which exit, with what, from which views; `forced` when a limit decided."""

    exit: str
    prediction: int
    entropy: float
    views: int
    forced: bool = False


Protocol = Generator[Signal, Any, Decision]
"""The life of one sample: yields signals, returns its decision; `simnet.events.Lost` raised in it drops the sample."""


class Camera(NamedTuple):
    """A device, the number of the view that it sees (0-based) and its route to the edge."""

    node: Node
    view: int
    uplink: Route


class Place(NamedTuple):
    """Where a system runs."""

    env: Environment
    cameras: list[Camera]
    edge: Node
    cloud: Node
    upward: Route
    """From the edge to the cloud."""


class System(ABC):
    """Base of all systems. `thresholds` has T of every exit but the last, `wait` and `cloud_limit` are in seconds."""

    exits: ClassVar[tuple[str, ...]]
    """Names of the exits in the order in which a sample meets them."""
    segment_exits: ClassVar[tuple[str | None, str | None, str | None]]
    """The exit that tests the result of the device, edge and cloud segment; None where there is none."""

    def __init__(
        self,
        place: Place,
        ask: Ask,
        cost: Cost,
        thresholds: Mapping[str, float],
        wait: float,
        cloud_limit: float,
    ) -> None:
        self.place, self.cost, self.threshold = place, cost, thresholds
        self.wait, self.cloud_limit = Limit(place.env, wait), Limit(place.env, cloud_limit)
        self._ask = ask
        self.all_views = sum({1 << camera.view for camera in place.cameras})
        self.gathering: set[Gather] = set()
        """Samples of which the edge holds reports and waits for more."""
        self.edge_failures = 0
        place.edge.on_down.append(self._edge_fails)

    @abstractmethod
    def classify(self, sample: int) -> Protocol:
        """The life of one sample from its capture to its decision, as the paper tells it."""

    def gather(self, sample: int) -> Gather:
        """All devices compute and report; the signal fires at the edge with the bit mask of the views that arrived.

        It fires when every device has reported, or `wait` seconds after the first report arrived (our choice: the edge
        cannot know of the capture earlier). Raises Lost when no report arrives or the edge goes down meanwhile.
        """
        return Gather(self, sample)

    def decide(self, exit_name: str, sample: int, views: int) -> Decision:
        """What the network answers at an exit, with these views."""
        prediction, entropy = self._ask(exit_name, sample, views)
        return Decision(exit_name, prediction, entropy, views)

    def leaves(self, decision: Decision) -> bool:
        """Whether the sample leaves with this decision: normalized entropy below T, strictly."""
        return decision.entropy < self.threshold[decision.exit]

    def compute_at_edge(self, sample: int) -> Signal:
        """Run the edge segment; raises Lost when the edge goes down meanwhile."""
        done = Signal(self.place.env)
        self.place.edge.compute(sample, self.cost.flop["edge"], done.fire, done.lose, "edge down")
        return done

    def ask_cloud(self, sample: int) -> Signal:
        """Send the edge's features up and run the cloud segment; the signal fires with True when it has answered.

        False after `cloud_limit` seconds: then the edge's own answer counts, and the cloud's, should it still come, is
        late. Raises Lost then if the edge went down meanwhile: its answer went with it. That the edge knows at once
        when the cloud has answered is our simplification: no message back is charged.
        """
        return CloudCall(self, sample).answered

    def _edge_fails(self) -> None:
        self.edge_failures += 1
        for gather in list(self.gathering):
            gather.drop("edge down")


class Gather(Signal):
    """The reports of one sample on their way to the edge."""

    def __init__(self, system: System, sample: int) -> None:
        super().__init__(system.place.env)
        self._system, self._sample = system, sample
        cameras = system.place.cameras
        self._pending = len(cameras)
        self._views = 0
        flop = system.cost.flop["device"]
        computed, lost = self._computed, self._lost
        for camera in cameras:
            camera.node.compute(sample, flop, computed, lost, camera)

    def _computed(self, camera: Camera) -> None:
        camera.uplink.send(self._sample, self._system.cost.report, self._arrived, self._lost, camera)

    def _arrived(self, camera: Camera) -> None:
        self._pending -= 1
        if self.settled:
            return  # too late: the edge has gone on
        first = not self._views
        self._views |= 1 << camera.view
        if self._views == self._system.all_views:
            self._close()
        elif first:  # whether the others can still come, the edge cannot know
            self._system.gathering.add(self)
            self._system.wait.begin(self, self._close)

    def _lost(self, camera: Camera) -> None:
        self._pending -= 1
        if not self._pending and not self._views and not self.settled:
            self.drop("no report arrived" if self._system.place.edge.up else "edge down")

    def _close(self) -> None:
        self._system.gathering.discard(self)
        self.fire(self._views)

    def drop(self, reason: str) -> None:
        """Give the sample up."""
        self._system.gathering.discard(self)
        self.lose(reason)


class CloudCall:
    """One sample's way to the cloud and through its segment, under the edge's limit."""

    def __init__(self, system: System, sample: int) -> None:
        place = system.place
        self.answered = Signal(place.env)
        self._system, self._sample = system, sample
        self._edge_failures = system.edge_failures
        system.cloud_limit.begin(self.answered, self._give_up)
        place.upward.send(sample, system.cost.upload, self._arrived, self._lost, None)

    def _arrived(self, _: Any) -> None:
        system = self._system
        system.place.cloud.compute(self._sample, system.cost.flop["cloud"], self._computed, self._lost, None)

    def _computed(self, _: Any) -> None:
        if not self.answered.settled:
            self.answered.fire(True)

    def _lost(self, _: Any) -> None:
        """Nobody tells the edge: it learns it from its limit."""

    def _give_up(self) -> None:
        if self._edge_failures == self._system.edge_failures:
            self.answered.fire(False)
        else:
            self.answered.lose("edge down")  # the edge's own answer was in its memory
