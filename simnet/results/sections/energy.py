"""What a run cost in joules: spans tell of computing and bytes, up times of idling (definitions: our choice).

A node with a power model draws `idle` watts while it is up (nothing while it is down), busy − idle more for each worker
that computes, and joules for every byte that it puts on a link or that reaches it. A batch is one call, whose energy
its samples share equally; idling belongs to no sample.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.language.names import LINK_ARROW
from simnet.network.line import Span
from simnet.network.nodes.spec import Node
from simnet.scenario import Scenario

ROUNDING = 1e-9
"""Part of a battery's charge by which sums of the same energies may differ."""


class Ledger:
    """Joules of every node with a power model, by use, and of every sample.

    `spans` are all of a run, in the order of their recording, `up_times` the seconds that each node was up, `samples`
    their number; `joined` has the places of the spans that were in one batch with the span before them.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node],
        spans: Sequence[Span],
        up_times: Mapping[str, float],
        samples: int,
        joined: Collection[int] = (),
    ) -> None:
        self._powered = {name: node.power for name, node in nodes.items() if node.power is not None}
        self.nodes = {
            name: {"idle": power.idle * up_times[name], "busy": 0.0, "sent": 0.0, "received": 0.0}
            for name, power in self._powered.items()
        }
        self.samples: NDArray[np.float64] = np.zeros(samples)
        """Joules that each sample caused: computing, sending and receiving, not idling."""
        shares = _shares(joined)
        for number, (sample, place, kind, _, started, ended, size, status) in enumerate(spans):
            if kind == "compute":
                if (power := self._powered.get(place)) is not None:
                    joules = (power.busy - power.idle) * (ended - started) * shares.get(number, 1.0)
                    self._add(place, "busy", sample, joules)
                continue
            source, _, target = place.partition(LINK_ARROW)
            if (power := self._powered.get(source)) is not None:
                self._add(source, "sent", sample, power.send * size)
            if status == "ok" and (power := self._powered.get(target)) is not None:
                self._add(target, "received", sample, power.receive * size)

    def _add(self, node: str, use: str, sample: int, joules: float) -> None:
        self.nodes[node][use] += joules
        if sample >= 0:  # heartbeats belong to no sample
            self.samples[sample] += joules


def _shares(joined: Collection[int]) -> dict[int, float]:
    """Place of a span → its part in the call of its batch, for those that had company."""
    batches: list[list[int]] = []
    for place in sorted(joined):
        if batches and batches[-1][-1] == place - 1:
            batches[-1].append(place)
        else:
            batches.append([place - 1, place])
    return {place: 1 / len(batch) for batch in batches for place in batch}


def energy_report(
    scenario: Scenario, ledger: Ledger, answered: int, empty_at: Mapping[str, float | None]
) -> dict[str, Any]:
    """The summary's section `energy`, in joules; empty where no node has a power model.

    `total` over all of these, `per_sample` = total / answered samples, `dynamic_per_sample` without idling; and the
    same of each node, with what is left in its battery and when that was empty (`empty_at`, in seconds, of each node
    that has one; None while it is not). `without` names the computers that have no power model.
    """
    if not ledger.nodes:
        return {}
    nodes: dict[str, Any] = {}
    for name, uses in ledger.nodes.items():
        total = sum(uses.values())
        nodes[name] = {**uses, "total": total, "per_sample": total / answered if answered else None}
        if (capacity := scenario.nodes[name].battery) is not None:
            left = capacity - total
            nodes[name]["battery_left"] = left if left > ROUNDING * capacity else 0.0
            nodes[name]["battery_empty_at"] = empty_at[name]
    total = sum(node["total"] for node in nodes.values())
    idle = sum(node["idle"] for node in nodes.values())
    return {
        "energy": {
            "total": total,
            "per_sample": total / answered if answered else None,
            "dynamic_per_sample": (total - idle) / answered if answered else None,
            "nodes": nodes,
            "without": [n for n, node in scenario.nodes.items() if node.tier != "router" and n not in nodes],
        }
    }
