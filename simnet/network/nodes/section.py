"""The file's `nodes`: presets, traces of load, profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simnet.language.checks import Checks, Raw
from simnet.language.errors import Path, unknown
from simnet.language.kinds import check_given, settled_kind, split
from simnet.language.traces import Traces
from simnet.network.nodes import NODES
from simnet.network.nodes.presets import NODE_PRESETS
from simnet.network.nodes.profile import read_profile
from simnet.network.nodes.spec import Node, NodeEntry


def nodes_of(checks: Checks, traces: Traces, raw: Mapping[str, Any]) -> dict[str, Node]:
    """The machines that are good."""
    result: dict[str, Node] = {}
    for name, value in raw.items():
        path = ("nodes", name)
        checks.named(name, path)
        node = _node(checks, traces, value, path)
        if node is None:
            continue
        checks.named(node.tier, (*path, "tier"))
        if node.tier != "router" and node.speed == 0 and node.preset == value.get("preset"):
            checks.wrong(path, "needs a speed: a preset or e.g. 'speed: 10 GFLOP/s'")
        if node.site is not None:
            checks.named(node.site, (*path, "site"))
        result[name] = node
    for name, node in result.items():
        if node.fallback is not None:
            _check_fallback(checks, name, node, node.fallback, raw, result)
    return result


def _check_fallback(
    checks: Checks, name: str, node: Node, fallback: str, known: Iterable[str], nodes: Mapping[str, Node]
) -> None:
    """Note it if the one who shall stand in for a node cannot."""
    path = ("nodes", name, "fallback")
    if fallback not in known:
        checks.wrong(path, unknown("node", fallback, [other for other in nodes if other != name]))
    elif fallback == name:
        checks.wrong(path, f"'{name}' cannot stand in for itself")
    elif fallback in nodes and nodes[fallback].tier != node.tier:
        tier = nodes[fallback].tier
        checks.wrong(path, f"who stands in must be of the same tier: '{name}' is a {node.tier}, '{fallback}' a {tier}")


def _node(checks: Checks, traces: Traces, raw: Any, path: Path) -> Node | None:
    """The machine that an entry describes, with the own keys of its kind."""
    filled = _filled(checks, traces, raw, path) if isinstance(raw, dict) else raw
    named = filled.get("kind") if isinstance(filled, dict) else None
    if named is None:
        entry = checks.check(NodeEntry, filled, path)
        # Checked just now: not again.
        return None if entry is None else Node.model_construct(entry.model_fields_set, **dict(entry))
    kind = settled_kind(checks, NODES, named, (*path, "kind"))
    parts = None if kind is None else split(checks, NodeEntry, kind[1], {**filled, "kind": kind[0]}, path)
    if kind is None or parts is None:
        return None
    entry, options = parts
    values = {key: getattr(entry, key) for key in NodeEntry.model_fields}
    node = Node.model_construct(entry.model_fields_set, **values, options=options)
    try:
        check_given(node, kind[1], kind[0], "node", options)
    except ValueError as problem:
        checks.wrong(path, str(problem))
        return None
    return node


def _filled(checks: Checks, traces: Traces, raw: Raw, path: Path) -> Raw:
    """`raw` with its preset's values and what its files say, without those that are no good."""
    values = {**checks.with_preset(raw, NODE_PRESETS, path)}
    if isinstance(values.get("queue"), int) and not isinstance(values["queue"], bool):
        values["queue"] = {"limit": values["queue"]}
    if isinstance(raw.get("power"), dict) and values.get("preset") is not None:
        # What a machine sends is added to what its preset draws, which would be 0 W else.
        values["power"] = {**NODE_PRESETS[values["preset"]].values.get("power", {}), **raw["power"]}
    if "speed" in raw and "memory_bandwidth" not in raw:
        values.pop("memory_bandwidth", None)  # fitted together with the preset's speed
    if values.get("load") is not None:
        values["load"] = traces.load(values["load"], (*path, "load"))
    if values.get("profile") is not None and not isinstance(values["profile"], dict):
        jitter = values.get("jitter")
        spread = isinstance(jitter, dict) and jitter.get("measured") is True
        values["profile"] = read_profile(checks, values["profile"], (*path, "profile"), spread)
        if values["profile"] is None and spread:
            del values["jitter"]  # what is wrong has been said
    return values
