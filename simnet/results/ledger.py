"""What a run cost in joules: spans tell of computing and bytes, up times of idling (definitions: our choice).

A node with a power model draws `idle` watts while it is up (nothing while it is down), busy − idle more for each worker
that computes, and joules for every byte that it puts on a link or that reaches it. A batch is one call, whose energy
its samples share equally; idling belongs to no sample.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simnet.network.line import Span
from simnet.network.nodes.power import charges
from simnet.network.nodes.spec import Node


class Ledger:
    """Joules of every node with a power model, by use, and of every sample.

    `spans` are all of a run, in the order of their recording, `up_times` the seconds that each node was up, `samples`
    their number; `joined` has the places of the spans that were in one batch with the span before them; `cut_off` the
    joules that nodes paid for what had arrived of messages when their batteries were empty.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node],
        spans: Sequence[Span],
        up_times: Mapping[str, float],
        samples: int,
        joined: Collection[int] = (),
        cut_off: Mapping[str, float] | None = None,
    ) -> None:
        powered = {name: node.power for name, node in nodes.items() if node.power is not None}
        self.nodes = {
            name: {"idle": power.idle * up_times[name], "busy": 0.0, "sent": 0.0, "received": 0.0}
            for name, power in powered.items()
        }
        for name, joules in (cut_off or {}).items():
            self.nodes[name]["received"] += joules
        self.samples: NDArray[np.float64] = np.zeros(samples)
        """Joules that each sample caused: computing, sending and receiving, not idling."""
        if not powered:
            return
        shares = _shares(joined)
        for number, span in enumerate(spans):
            sample = span[0]
            for node, use, joules in charges(span, powered):
                part = joules * shares.get(number, 1.0) if use == "busy" else joules
                self.nodes[node][use] += part
                if sample >= 0:  # heartbeats belong to no sample
                    self.samples[sample] += part


def _shares(joined: Collection[int]) -> dict[int, float]:
    """Place of a span → its part in the call of its batch, for those that had company."""
    batches: list[list[int]] = []
    for place in sorted(joined):
        if batches and batches[-1][-1] == place - 1:
            batches[-1].append(place)
        else:
            batches.append([place - 1, place])
    return {place: 1 / len(batch) for batch in batches for place in batch}
