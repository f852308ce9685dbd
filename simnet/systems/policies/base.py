"""What a policy of an edge may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simnet.clock import Signal
from simnet.language.kinds import check_options
from simnet.language.quantities import Model
from simnet.systems.parts.gather import Collector, Way

if TYPE_CHECKING:
    from simnet.clock import Clock
    from simnet.network.nodes.plain import Node

Guard = Callable[[Callable[[], Signal]], Signal]
"""Stands before the calls for a next exit: is given what makes the call, and returns its signal or one of its own."""


class EdgePolicy:
    """One policy of one system at one site; each method that is not overridden changes nothing.

    To add a kind: derive from this class in a file of your own, override what differs, give it a class of keys
    `Options`, and name it in a system's entry (``policies: {"my_file.py:MyPolicy": {limit: 3}}``) or register it as an
    entry point of the group ``simnet.policies``.

    Attributes:
        env: The clock.
        options: What the scenario says of the policy: an object of `Options`.
        edge: What it says of the system, see `simnet.systems.options.EdgeOptions`.
        cameras: How many will be followed.
    """

    Options: ClassVar[type[Model]] = Model
    """Keys of its entry."""

    def __init__(self, env: Clock, options: Any, edge: Any, cameras: int) -> None:
        self.env, self.options, self.edge, self.cameras = env, options, edge, cameras

    def collector(self, node: Node) -> Collector | None:
        """Where the cameras' reports meet, on `node`; None: where they do without this policy."""
        return None

    def followed(self, node: Node, mask: int, way: Way) -> Way:
        """The way from a camera, `node`, whose reports are the arcs of `mask`, to the collector."""
        return way

    def guard(self, exit_name: str, holder: Node) -> Guard | None:
        """What stands before the calls of `holder` for the exit `exit_name`, if anything.

        The signal of a call fires with something true when the exit has answered, and with None when its limit is over;
        a guard that fires None forces the sample to leave with what there is.
        """
        return None

    def report(self) -> Mapping[str, Any]:
        """Numbers for the summary, which are summed over the sites; nothing: it is not mentioned there."""
        return {}


def check_policy(kind: type[EdgePolicy]) -> None:
    """See that its keys are such.

    Raises:
        ValueError: they are not.
    """
    check_options(kind, Model)
