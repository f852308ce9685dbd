"""What of a scenario the testbed can execute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from simnet.network.faults import ACTIONS
from simnet.network.faults.actions import Bandwidth, Down, Slow, Up
from simnet.network.nodes.spec import Queue
from simnet.scenario import Scenario

Compute = Literal["model", "network"]
"""Nodes are busy for the modelled time, or run their segments."""

MOST_FILES = 1024
"""Files that a process can wait for with `select`, which unlike its successors waits to the microsecond."""
OWN_FILES = 100
"""Of these, what a process has open besides the testbed's (our choice, generous)."""
_ACTIONS = (Down, Up, Slow, Bandwidth)
_LINK_KEYS = {"loss": None, "jitter": 0.0, "queue": None, "medium": None}
"""What only a simulated link does, and the value with which it does not."""


def check_fit(scenario: Scenario, compute: Compute) -> None:
    """Raise ScenarioError for the first thing that only a simulation can do."""
    for where, why in _unfit(scenario, compute):
        raise scenario.error(where, f"{why}; the testbed cannot do that, only a simulation")


def _unfit(scenario: Scenario, compute: Compute) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name, node in scenario.nodes.items():
        where = ("nodes", name)
        if node.kind is not None:
            yield (*where, "kind"), f"{name} is a node of a kind of its own"
        if node.queue != Queue():
            yield (*where, "queue"), f"calls at {name} overtake each other, or are refused"
        if node.batch is not None:
            yield (*where, "batch"), f"calls at {name} run together"
        if node.battery is not None:
            yield (*where, "battery"), f"{name} has a battery"
        if node.power is not None and node.power.sleep is not None:
            yield (*where, "power", "sleep"), f"{name} sleeps"
        if compute == "network" and node.load is not None:
            yield (*where, "load"), f"other work takes a share of {name}"
    ends = Counter(end for link in scenario.links for end in (link.source, link.target))
    if 2 * len(scenario.nodes) + max(ends.values(), default=0) + OWN_FILES > MOST_FILES:
        most = max(ends.values(), default=0) // 2
        yield ("nodes",), f"{len(scenario.nodes)} nodes, one with {most} links, need more open files than {MOST_FILES}"
    for link in scenario.links:
        called = f"{link.source} to {link.target}"
        if link.sharing != "fifo":
            yield ("links",), f"the link from {called} is shared in another way than message by message"
        for key, without in _LINK_KEYS.items():
            if getattr(link, key) != without:
                yield ("links",), f"the link from {called} has '{key}'"
        if link.trace is not None and min(link.trace.values) <= 0:
            yield ("links",), f"the link from {called} pauses"
    for number, fault in enumerate(scenario.faults):
        if ACTIONS[fault.action] not in _ACTIONS:
            yield ("faults", number), f"a fault does '{fault.action}'"
