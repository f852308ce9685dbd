"""A resolved scenario back in the file format."""

from __future__ import annotations

import math
from typing import Any

import yaml

from simnet.scenario.schema import Fault, Link, Node, Periodic, Scenario
from simnet.scenario.units import format_bandwidth, format_rate, format_size, format_speed, format_time


def dump(scenario: Scenario) -> str:
    """YAML that loads to an equal scenario.

    Raises:
        ValueError: a link has no opposite direction.
    """
    workload = scenario.workload
    content: dict[str, Any] = {
        "name": scenario.name,
        "description": scenario.description,
        "seed": scenario.seed,
        "data": scenario.data,
        "split": scenario.split,
        "samples": scenario.samples,
        "duration": None if scenario.duration is None else format_time(scenario.duration),
        "workload": {"every": format_time(workload.every), "jitter": format_time(workload.jitter)}
        if isinstance(workload, Periodic)
        else {"poisson": format_rate(workload.poisson)},
        "nodes": {name: _node(node) for name, node in scenario.nodes.items()},
        "links": _links(scenario.links),
        "systems": {
            name: {
                "system": spec.system,
                "weights": spec.weights,
                "thresholds": spec.thresholds,
                "wait": format_time(spec.wait),
                "cloud_limit": format_time(spec.cloud_limit),
                **spec.model_dump(include={"codec", "upload", "missing", "tiers"}, exclude_defaults=True),
            }
            for name, spec in scenario.systems.items()
        },
        "faults": [_fault(fault) for fault in scenario.faults],
    }
    return "".join(f"{key}:{_text(value)}\n" for key, value in content.items() if value is not None)


def _text(value: Any) -> str:
    """A top-level value: a section with one line for each entry, anything else on one line."""
    if isinstance(value, list) and value:
        return "".join(f"\n  - {_flow(entry)}" for entry in value)
    if isinstance(value, dict) and all(isinstance(entry, dict) for entry in value.values()):
        return "".join(f"\n  {_flow(key)}: {_flow(entry)}" for key, entry in value.items())
    return f" {_flow(value)}"


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, sort_keys=False, default_flow_style=True, width=math.inf, allow_unicode=True)
    return text.removesuffix("...\n").rstrip("\n")


def _node(node: Node) -> dict[str, Any]:
    values = {
        "tier": node.tier,
        "preset": node.preset,
        "speed": format_speed(node.speed),
        "workers": node.workers,
        "overhead": format_time(node.overhead),
        "memory": None if node.memory is None else format_size(node.memory),
        "view": node.view,
    }
    # An empty memory is said out loud beside a preset, whose own would come back otherwise.
    return {k: v for k, v in values.items() if v is not None or (k == "memory" and node.preset is not None)}


def _links(links: list[Link]) -> list[dict[str, Any]]:
    by_ends = {(link.source, link.target): link for link in links}
    result = []
    while by_ends:
        (source, target), up = next(iter(by_ends.items()))
        del by_ends[source, target]
        down = by_ends.pop((target, source), None)
        if down is None:
            raise ValueError(f"the link {source} - {target} has no opposite direction; a file cannot say so")
        result.append(
            {
                "between": [source, target],
                "bandwidth": _pair(format_bandwidth(up.bandwidth), format_bandwidth(down.bandwidth)),
                "latency": _pair(format_time(up.latency), format_time(down.latency)),
                "header": _pair(format_size(up.header), format_size(down.header)),
            }
        )
    return result


def _pair(up: str, down: str) -> str | dict[str, str]:
    return up if up == down else {"up": up, "down": down}


def _fault(fault: Fault) -> dict[str, Any]:
    entry: dict[str, Any] = {"at": format_time(fault.at)}
    if fault.lasts is not None:
        entry["for"] = format_time(fault.lasts)
    if fault.link is not None:
        entry |= {"link": list(fault.link), "direction": "up"}
    else:
        entry["node"] = fault.node
    if fault.action == "slow":
        return entry | {"slow": fault.value}
    if fault.action == "bandwidth":
        return entry | {"bandwidth": format_bandwidth(fault.value or 0.0)}
    return entry | {"is": fault.action}
