"""The network's segments as nodes run them: one sample at a time, on one thread, on what they saw and were sent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from simnet.models.cards.weights import load_network
from simnet.models.codecs import codec as codec_named
from simnet.models.data.base import Dataset, check_pixels
from simnet.models.graph import INPUT, Arc, Part
from simnet.models.networks.base import Output
from simnet.models.networks.passes import Blank, Pass, carried
from simnet.models.rules import Entropy, FeatureRule
from simnet.models.rules.checked import judged
from simnet.scenario import Scenario
from simnet.testbed.contents import VIEW, Call, Item, Judged, Roles, Told, size_of
from simnet.world.captures import captures, images_of
from simnet.world.plan import Plan

ROOM = 256 * 2**20
"""Bytes that a node keeps of samples (our choice); the oldest go first."""
LEAST_SAMPLES = 64
"""Samples of which it keeps what it has in any case."""


class MissingError(Exception):
    """A node was to work on something that it does not have."""


class Segments:
    """A system's network, what cameras see, and what this node has of each sample.

    It is made before the nodes' processes, which share the network and the images; what a node has, it has alone.
    """

    @torch.inference_mode()
    def __init__(self, scenario: Scenario, plan: Plan, data: Dataset, roles: Roles) -> None:
        torch.set_num_threads(1)
        self.network, self.graph, self.roles = load_network(plan.card, "cpu"), plan.graph, roles
        self.zero_input = getattr(plan.options, "missing", None) == "zero input"
        self.blanks = Blank(self.network)
        for part in self.graph.into:
            self.blanks.output(part)
        self._scale = plan.card.temperatures
        self._rules = {name: plan.rules.get(name, Entropy()) for name in plan.exits}
        self._exits = {name: Part(self.graph.answering(name, plan.instead.get(name)).name) for name in plan.exits}
        self._flat = {part for part in self.graph.into if not self.graph.arcs_from(part)}
        """Parts whose features nobody takes: these are told."""
        rows = images_of(scenario, len(captures(scenario)), len(data))
        once, places = np.unique(rows, return_inverse=True)
        self._place: list[int] = places.tolist()
        self._pixels = check_pixels(data, once)
        self._views = self.network.prepare(torch.as_tensor(np.asarray(self._pixels)))
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        self._full = 0
        """Bytes that are kept."""

    def of(self, sample: int) -> Kept:
        """What this node has of a sample."""
        return self._kept.setdefault(sample, Kept())  # in one step: threads that run and that move messages both ask

    def _keep(self, sample: int, size: int) -> None:
        """Note that a sample takes more room, and make some."""
        self.of(sample).size += size
        self._full += size
        while self._full > ROOM and len(self._kept) > LEAST_SAMPLES:
            self._full -= self._kept.popitem(last=False)[1].size

    @torch.inference_mode()
    def warm_up(self, node: str) -> None:
        """Run all that a node may have to, on zeros: the first time takes longer, and a node at work has had it."""
        walk = _Walk(self, node, -1)
        for part in self.graph.into:
            if part in self.roles.hosts.get(node, ()):
                walk.make(part, 0)

    @torch.inference_mode()
    def run(self, node: str, sample: int, calls: Sequence[Call]) -> None:
        """What a node computes in one call."""
        walk = _Walk(self, node, sample)
        for part, upstream in calls:
            walk.make(part, upstream)
            made = self.of(sample).made.get(part, Output())
            self._keep(sample, sum(one.nbytes for one in made if one is not None))

    @torch.inference_mode()
    def told(self, node: str, sample: int, calls: Sequence[Call]) -> dict[Part, Told]:
        """What a node says of the parts that it has run; nothing of those that had nothing to work on."""
        found = {}
        for part, upstream in calls:
            made = self.of(sample).made.get(part)
            if upstream and made is not None:
                values = made.features if part in self._flat and made.scores is None else made.scores
                exits = [name for name, its in self._exits.items() if its == part]
                judgements = {name: self._judge(name, _Walk(self, node, sample), upstream) for name in exits}
                found[part] = Told(np.empty(0, np.float32) if values is None else _numbers(values), judgements)
        return found

    @torch.inference_mode()
    def answer(self, node: str, exit_name: str, sample: int, upstream: int) -> Judged | None:
        """What comes of an exit that no node runs a segment for, of what has arrived here."""
        try:
            return self._judge(exit_name, _Walk(self, node, sample), upstream)
        except MissingError:
            return None

    def _judge(self, exit_name: str, walk: _Walk, upstream: int) -> Judged:
        """The exit's test; a rule that reads earlier exits is asked by the world, which has their scores."""
        part, rule = self._exits[exit_name], self._rules[exit_name]
        segment = self.graph.segments[part.segment]
        scale = 1.0 if segment.scale else self._scale.get(segment.name, 1.0)
        scores = walk.scores(part, upstream).float().numpy() / scale
        if rule.reads_earlier:
            return -1, float("nan"), scores[0]
        where = f"exit rule {type(rule).__name__} at exit {exit_name!r}"
        seen = walk.features(part, upstream) if isinstance(rule, FeatureRule) else None
        features = None if seen is None else seen.float().numpy()
        answered, measures = judged(rule, scores, [], where, [walk.sample], features)
        return int(answered[0].argmax()), float(measures[0]), np.asarray(answered[0])

    # Messages.

    @torch.inference_mode()
    def content(self, node: str, sample: int, items: Sequence[Item]) -> bytes:
        """What is sent of a sample, as its bytes; nothing of what is here no longer."""
        return b"".join(self._written(sample, item) for item in items)

    def _written(self, sample: int, item: Item) -> bytes:
        if item.what == VIEW:
            return np.asarray(self._pixels[self._place[sample], item.part.copy]).tobytes()
        made = self.of(sample).made.get(item.part)
        values = None if made is None else made.features if item.what == "features" else made.scores
        if values is None:
            return bytes(size_of(self.roles, item) or 0)
        plain = values[0].float()
        data = self.roles.codec.encode(plain) if item.coded else codec_named("fp32").encode(plain)
        assert data is not None  # it says how, or it would not be sent
        return data

    @torch.inference_mode()
    def take(self, sample: int, items: Sequence[Item], data: bytes) -> None:
        """What has arrived of a sample."""
        at = 0
        for item in items:
            size = size_of(self.roles, item) or 0
            self.of(sample).arrived[item.what, item.part] = self._read(item, data[at : at + size])
            at += size
        self._keep(sample, at)

    def _read(self, item: Item, data: bytes) -> Tensor:
        graph = self.graph
        if item.what == VIEW:
            pixels = torch.from_numpy(np.frombuffer(data, np.uint8).copy()).reshape(1, 1, *graph.view)
            return self.network.prepare(pixels)[:, 0]
        segment = graph.segments[item.part.segment]
        shape = (graph.classes,) if item.what == "scores" else segment.sends or ()
        codec = self.roles.codec if item.coded else codec_named("fp32")
        return codec.decode(data, shape)[None]

    def view(self, node: str, sample: int, part: Part) -> Tensor:
        """A view as the network takes it. Raises MissingError."""
        if part in self.roles.views.get(node, ()):
            place = self._place[sample]
            return self._views[place : place + 1, part.copy]
        return self.of(sample).value(VIEW, part)

    def divisor(self, arc: Arc) -> float:
        """By what scores are divided for who takes them."""
        scale = self.graph.segments[arc.target.segment].scale
        return self._scale.get(scale, 1.0) if scale else 1.0


class Kept:
    """What a node has of a sample: outputs of parts that it has run, and what has arrived, `[1, ...]` each."""

    def __init__(self) -> None:
        self.made: dict[Part, Output] = {}
        self.arrived: dict[tuple[str, Part], Tensor] = {}
        self.size = 0
        """Bytes of these, as they came."""

    def value(self, what: str, part: Part) -> Tensor:
        """What has arrived. Raises MissingError."""
        if (found := self.arrived.get((what, part))) is None:
            raise MissingError(f"{what} of {part}")
        return found


class _Walk(Pass):
    """One sample on one node: what was not made here has arrived, or is not there."""

    def __init__(self, of: Segments, node: str, sample: int) -> None:
        super().__init__(of.network, torch.empty(1, 0), codec=of.roles.codec, zero_input=of.zero_input)
        self.graph, self.blanks = of.graph, of.blanks
        self._of, self._node, self.sample, self._kept = of, node, sample, of.of(sample)

    def make(self, part: Part, upstream: int) -> None:
        """Run a part; one with nothing to work on, too, on zeros."""
        try:
            made = self.network.run(part, self._given(part, upstream))
        except MissingError:
            self._kept.made.pop(part, None)
            return
        if upstream:
            self._kept.made[part] = made

    def output(self, part: Part, upstream: int) -> Output:
        """What has been made here already, or what no node runs."""
        made = self._kept.made.get(part)
        return super().output(part, upstream) if made is None else made

    def _value(self, number: int, arc: Arc, upstream: int) -> Tensor:
        source = arc.source
        if source.segment == INPUT:
            return self._of.view(self._node, self.sample, source)
        if (made := self._kept.made.get(source)) is not None:
            value = carried(made, arc)
        elif source in self._of.roles.hosted:
            value = self._kept.value(arc.what, source)
        else:  # worked out here
            value = carried(self.output(source, upstream), arc)
        return value / self._of.divisor(arc) if arc.what == "scores" else value


def _numbers(values: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return values[0].float().reshape(-1).numpy()
