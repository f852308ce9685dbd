"""The file's `nodes`: presets, traces of load, profiles, and who sees which view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simnet.language.checks import Checks, Raw
from simnet.language.errors import Path
from simnet.language.traces import Traces
from simnet.network.nodes.presets import NODE_PRESETS
from simnet.network.nodes.profile import read_profile
from simnet.network.nodes.spec import VIEWS, Node


def nodes_of(checks: Checks, traces: Traces, raw: Mapping[str, Any]) -> dict[str, Node]:
    """The machines that are good."""
    result: dict[str, Node] = {}
    seen: dict[str | None, dict[int, str]] = {}
    counts: dict[str | None, int] = {}
    for name, value in raw.items():
        path = ("nodes", name)
        checks.named(name, path)
        filled = _filled(checks, traces, value, path) if isinstance(value, dict) else value
        node = checks.check(Node, filled, path)
        if node is None:
            continue
        if node.tier != "router" and node.speed == 0 and node.preset == value.get("preset"):
            checks.wrong(path, "needs a speed: a preset or e.g. 'speed: 10 GFLOP/s'")
        if node.site is not None:
            checks.named(node.site, (*path, "site"))
        if node.tier == "device":
            number = counts[node.site] = counts.get(node.site, 0) + 1
            view = number if node.view is None else node.view
            seen_by = seen.setdefault(node.site, {})
            if view > VIEWS:
                whose = "a sample" if node.site is None else f"a sample of site '{node.site}'"
                checks.wrong(path, f"one device too many: {whose} has {VIEWS} views")
            elif view in seen_by:
                checks.wrong((*path, "view"), f"view {view} is already seen by '{seen_by[view]}'")
            seen_by[view] = name
            node = node.model_copy(update={"view": view})
        elif node.view is not None:
            checks.wrong((*path, "view"), f"only devices have a view, this is a {node.tier}")
        result[name] = node
    return result


def _filled(checks: Checks, traces: Traces, raw: Raw, path: Path) -> Raw:
    """`raw` with its preset's values and what its files say, without those that are no good."""
    values = {**checks.with_preset(raw, NODE_PRESETS, path)}
    if isinstance(values.get("queue"), int) and not isinstance(values["queue"], bool):
        values["queue"] = {"limit": values["queue"]}
    if isinstance(raw.get("power"), dict) and values.get("preset") is not None:
        # What a machine sends is added to what its preset draws, which would be 0 W else.
        values["power"] = {**NODE_PRESETS[values["preset"]].values.get("power", {}), **raw["power"]}
    if values.get("load") is not None:
        values["load"] = traces.load(values["load"], (*path, "load"))
    if values.get("profile") is not None and not isinstance(values["profile"], dict):
        values["profile"] = read_profile(checks, values["profile"], (*path, "profile"))
    return values


def sites_of(nodes: Mapping[str, Node]) -> dict[str | None, list[str]]:
    """The sites with their devices, in the file's order; None is that of devices that name none."""
    result: dict[str | None, list[str]] = {}
    for name, node in nodes.items():
        if node.tier == "device":
            result.setdefault(node.site, []).append(name)
    return result


def edges_for(nodes: Mapping[str, Node], site: str | None) -> list[str]:
    """The edges that can serve a site: its own, else those that are no site's."""
    edges = [(name, node.site) for name, node in nodes.items() if node.tier == "edge"]
    own = [name for name, owner in edges if owner == site]
    return own or [name for name, owner in edges if owner is None]
