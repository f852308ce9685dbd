"""Whether a system, ours or a user's, is what `System` demands; what is wrong is one message that names it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from simnet.registry import PluginError
from simnet.systems.options import SystemOptions
from simnet.systems.roles import Node, Place, Roles

if TYPE_CHECKING:
    from simnet.models.graph import Graph, Part
    from simnet.systems.base import Decision, System

EXITS = "the names of its exits, in the order in which a sample meets them"


def check_system(kind: type[System]) -> None:
    """What is known of a kind before it has options.

    Raises:
        ValueError: `Options`, `roles` or `exits` are none.
    """
    from simnet.systems.base import System

    if not (isinstance(kind.Options, type) and issubclass(kind.Options, SystemOptions)):
        raise ValueError(f"{kind.__name__}.Options is no class derived from simnet.SystemOptions")
    if kind.roles_of.__func__ is System.roles_of.__func__:  # type: ignore[attr-defined]
        roles = getattr(kind, "roles", None)
        if not isinstance(roles, Roles):
            raise ValueError(f"{kind.__name__} needs roles = Roles(...), the nodes that play in it; found {roles!r}")
    if kind.exits_of.__func__ is System.exits_of.__func__:  # type: ignore[attr-defined]
        exits = getattr(kind, "exits", None)
        if not _are_names(exits):
            raise ValueError(f"{kind.__name__} needs exits = (...), {EXITS}; found {exits!r}")


def _are_names(value: Any) -> bool:
    if not isinstance(value, tuple | list) or not all(isinstance(name, str) for name in value):
        return False
    return 0 < len(value) == len(set(value))


def roles_of(kind: type[System], options: SystemOptions, nodes: Mapping[str, Node] | None = None) -> Roles:
    """The roles of a system with these options; with `nodes`, played by those that the options choose.

    Raises PluginError where it tells none.
    """
    found: Any = kind.roles_of(options)
    if not isinstance(found, Roles):
        raise PluginError(f"system {options.system!r}: roles_of gives {found!r}, no Roles")
    return found if nodes is None or not options.roles else found.played_by(options.roles, nodes)


def exits_of(kind: type[System], options: SystemOptions, graph: Graph | None) -> tuple[str, ...] | None:
    """The exits of a system with these options; None while only the network can tell.

    Raises PluginError where it tells none.
    """
    found: Any = kind.exits_of(options, graph)
    if found is None and graph is None:
        return None
    if not _are_names(found):
        raise PluginError(f"system {options.system!r}: exits_of gives {found!r}, not {EXITS}")
    return tuple(found)


def hosts_of(kind: type[System], graph: Graph, place: Place, options: SystemOptions) -> Mapping[str, Sequence[Part]]:
    """The parts that each node runs. Raises PluginError for a node that does not play, or a part that there is not."""
    found: Any = kind.hosts(graph, place, options)
    if not isinstance(found, Mapping):
        raise PluginError(f"system {options.system!r}: hosts gives {found!r}, no lists of parts by node")
    playing = {name for names in place.nodes.values() for name in names}
    for node, parts in found.items():
        if node not in playing:
            raise PluginError(f"system {options.system!r}: hosts names a node {node!r}, which plays no role in it")
        if strange := [part for part in parts if part not in graph.into]:
            known = ", ".join(f"{one.name} ×{one.copies}" for one in graph.segments.values())
            raise PluginError(
                f"system {options.system!r}: hosts names a part {strange[0]!r}; the network has segments {known}"
            )
    return found


def ways_of(kind: type[System], place: Place, known: Container[str]) -> list[tuple[str, str]]:
    """The pairs of nodes between which messages go. Raises PluginError for what are no pairs of known nodes."""
    found: list[Any] = list(kind.ways(place))
    for pair in found:
        if not (isinstance(pair, tuple) and len(pair) == 2 and all(name in known for name in pair)):
            raise PluginError(f"system {kind.__name__}: ways gives {pair!r}, no pair of nodes of the scenario")
    return found


def report_of(system: System) -> Mapping[str, Any]:
    """What its policies did. Raises PluginError for anything but numbers by name."""
    found: Any = system.policy_report()
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        raise PluginError(f"system {type(system).__name__}: policy_report gives {found!r:.80}, no numbers by name")
    return found


def fault_of(decision: Decision, exits: Sequence[str], graph: Graph) -> str | None:
    """What is wrong with a decision; None: nothing."""
    exit_name, prediction, measure, upstream, _ = _values(decision)
    if exit_name not in exits:
        return f"exit {exit_name!r} is none of the system's exits ({', '.join(exits)})"
    if not isinstance(prediction, Integral) or not 0 <= int(prediction) < graph.classes:
        return f"prediction {prediction!r} is no class from 0 to {graph.classes - 1}"
    if not isinstance(upstream, Integral) or not 0 <= int(upstream) <= graph.all:
        return f"upstream {upstream!r} is no mask of the network's {len(graph.arcs)} arcs"
    if not isinstance(measure, Real):
        return f"measure {measure!r} is no number"
    return None


def _values(decision: Decision) -> tuple[Any, ...]:
    """As they are, whatever a user's code has put into them."""
    return decision
