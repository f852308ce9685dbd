"""The network's segments as nodes run them: one sample at a time, on one thread, on what they are given."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import torch

from simnet.models.cards.weights import load_network
from simnet.models.codecs import codec as codec_named
from simnet.models.data.base import Dataset, check_pixels
from simnet.models.graph import INPUT, Part
from simnet.models.networks.base import Given
from simnet.models.networks.passes import Pass
from simnet.scenario import Scenario
from simnet.systems.contract import hosts_of
from simnet.world.captures import captures, images_of
from simnet.world.plan import Plan

BATCH = 64
"""Samples that are prepared at a time."""


class Segments:
    """What every part of a system's network is given of every image, and the network.

    It is made before the nodes' processes, which share it. A part is given what it would be if all had arrived (our
    choice: a network takes as long for a sample of which something is missing).
    """

    @torch.inference_mode()
    def __init__(self, scenario: Scenario, plan: Plan, data: Dataset) -> None:
        torch.set_num_threads(1)
        self._network = load_network(plan.card, "cpu")
        self._graph = graph = plan.graph
        self._rows = images_of(scenario, len(captures(scenario)), len(data)).tolist()
        self._parts: dict[tuple[str, str], list[Part]] = {}
        """By node and segment, the copies that it runs."""
        self._hosts: dict[str, set[Part]] = defaultdict(set)
        self._lossless = codec_named(plan.codec, plan.card.path.parent).lossless
        for place in plan.places:
            for node, parts in hosts_of(plan.kind, graph, place, plan.options).items():
                for part in parts:
                    there = self._parts.setdefault((node, part.segment), [])
                    there += [] if part in there else [part]
                    self._hosts[node].add(part)
        self._given: dict[Part, list[list[Given]]] = {part: [] for part in graph.into if part.segment != INPUT}
        once = np.unique(self._rows)
        self._place = {row: place for place, row in enumerate(once.tolist())}
        for start in range(0, len(once), BATCH):
            rows = once[start : start + BATCH]
            views = self._network.prepare(torch.from_numpy(check_pixels(data, rows)))
            walk = Pass(self._network, views, codec=plan.codec)
            for part, given in self._given.items():
                given.append(walk._given(part, walk.usual))

    @torch.inference_mode()
    def run(self, node: str, sample: int, segments: Sequence[str]) -> None:
        """What a node computes in one call: copies of the segments that it has, or of others the first."""
        batch, place = self._at(sample)
        for segment, times in Counter(segments).items():
            for part in self._parts.get((node, segment), [Part(segment)] * times)[:times]:
                given = [Given(*(tensor[place : place + 1] for tensor in one)) for one in self._given[part][batch]]
                self._network.run(part, given)

    def content(self, source: str, target: str, sample: int) -> bytes:
        """What a node has for another of a sample: features, as fp32 writes them, then scores; each once.

        Nothing where features travel with a lossy codec: it says how many bytes they take, not which.
        """
        if sample < 0 or not self._lossless:
            return b""
        batch, place = self._at(sample)
        hosted = set().union(*self._hosts.values())  # what no node runs is worked out by who decides
        found: dict[tuple[str, Part], bytes] = {}
        for part in self._given:
            if part in self._hosts[source] or (part in hosted and part not in self._hosts[target]):
                continue
            for number, arcs in enumerate(self._graph.into[part]):
                for which, arc in enumerate(self._graph.arcs[one] for one in arcs):
                    if arc.source in self._hosts[source]:
                        values = self._given[part][batch][number].values[place, which]
                        found[arc.what, arc.source] = values.contiguous().numpy().tobytes()
        return b"".join(found[key] for key in sorted(found, key=lambda key: key[0]))

    def _at(self, sample: int) -> tuple[int, int]:
        """Where a sample is: number of its batch, and its place there."""
        return divmod(self._place[self._rows[sample]], BATCH) if sample >= 0 else (0, 0)
