"""One walk through a network's graph, for training, evaluation and simulation alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

import torch
from torch import Tensor

from simnet.models.codecs import Codec
from simnet.models.codecs import codec as codec_named
from simnet.models.graph import INPUT, Arc, Part
from simnet.models.networks.base import Given, Network, Output

SMALLEST_BATCH = 32
"""Smaller batches are filled up with repetitions: below it the libraries choose other kernels, whose last bits differ.

So a sample gets the same bits alone as among others (on one machine; seen on an x86-64 CPU from 32 upward).
"""


class Blank:
    """What parts give for black views: in the mode "zero input" it stands in for what is missing."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._known: dict[Part, Output] = {}

    @torch.inference_mode()
    def output(self, part: Part) -> Output:
        """Features and scores of one black sample, without the batch."""
        if part not in self._known:
            graph, where = self._network.graph, next(self._network.parameters()).device
            if part.segment == INPUT:
                pixels = torch.zeros((1, *graph.view), dtype=torch.uint8, device=where)
                self._known[part] = Output(self._network.prepare(pixels)[0])
            else:
                given = []
                for arcs in graph.into[part]:
                    each = [self._sent(graph.arcs[arc]) for arc in arcs]
                    values = torch.stack(each).expand(SMALLEST_BATCH, *[-1] * (each[0].dim() + 1))
                    present = torch.ones(SMALLEST_BATCH, len(arcs), dtype=torch.bool, device=where)
                    given.append(Given(values, present))
                made = self._network.run(part, given)
                self._known[part] = Output(*(None if one is None else one[0].clone() for one in made))
        return self._known[part]

    def _sent(self, arc: Arc) -> Tensor:
        return carried(self.output(arc.source), arc)


def carried(made: Output, arc: Arc) -> Tensor:
    """What of a part's output an arc carries. Raises TypeError where the part gives no such thing."""
    value = made.features if arc.what == "features" else made.scores
    if value is None:
        raise TypeError(f"{arc.source.segment!r} gives no {arc.what}, which {arc.target.segment!r} takes")
    return value


class Pass:
    """A batch of prepared views `[n, views, 3, h, w]` on its way through a network; each part runs once.

    Args:
        network: The network.
        views: What it is given.
        codec: How features travel over all arcs but those of views; by default the architecture's.
        present: `[n, views]` bool, which views of each sample are there; what of a part's senders there is follows from
            it. None: `upstream` tells, for all samples alike.
        zero_input: A missing sender's part is filled with what it gives for a black view, where the graph says so.
    """

    def __init__(
        self,
        network: Network,
        views: Tensor,
        *,
        codec: str | Codec | None = None,
        present: Tensor | None = None,
        zero_input: bool = False,
    ) -> None:
        named = network.arch.codec if codec is None else codec
        self.network, self.graph = network, network.graph
        self.codec = codec_named(named) if isinstance(named, str) else named
        self._views, self._present, self._zero_input = views, present, zero_input
        self._made: dict[tuple[Part, int], Output] = {}
        self._sent: dict[tuple[Part, int], Tensor] = {}
        self._there: dict[Part, Tensor] = {}

    def scores(self, part: Part, upstream: int | None = None) -> Tensor:
        """Class scores `[n, classes]` of a part, of what arrived (mask of arcs; None: everything).

        Raises TypeError where it gives none.
        """
        made = self.output(part, self.usual if upstream is None else upstream).scores
        if made is None:
            raise TypeError(f"segment {part.segment!r} gives no scores")
        return made

    def features(self, part: Part, upstream: int) -> Tensor | None:
        """What an exit rule may read at a part: the features that it makes, else those that it is given.

        `[n, ...]`; of k senders `[n, k, ...]`, zeros for one that is not there. None where it is given none.
        """
        made = self.output(part, upstream).features
        if made is not None:
            return made
        for arcs in self.graph.into[part]:
            each = [(number, self.graph.arcs[number]) for number in arcs]
            if all(arc.what == "features" and arc.source.segment != INPUT for _, arc in each):
                values = self._taken(each, upstream).values
                return values[:, 0] if len(each) == 1 else values
        return None

    @cached_property
    def usual(self) -> int:
        """All arcs have arrived, and features travelled over each with the codec."""
        between = sum(1 << n for n, arc in enumerate(self.graph.arcs) if arc.source.segment != INPUT)
        return self.graph.all | (0 if self.codec.lossless else self.graph.coded(between))

    def output(self, part: Part, upstream: int) -> Output:
        """Features and scores of a part, of what arrived."""
        if part.segment == INPUT:
            return Output(self._views[:, part.copy])
        key = part, self.graph.key(part, upstream)
        if key not in self._made:
            self._made[key] = self.network.run(part, self._given(part, upstream))
        return self._made[key]

    def without(self, parts: Collection[Part]) -> Pass:
        """A walk over the same batch on which all has been made that this one made, but by these parts."""
        again = Pass(self.network, self._views, codec=self.codec, present=self._present, zero_input=self._zero_input)
        again._made = {kept: made for kept, made in self._made.items() if kept[0] not in parts}
        return again

    def forget(self) -> None:
        """Let go of all that was made of other parts' output; what is made of views alone stays."""
        views = {part for part, takes in self.graph.into.items() if self._of_views(takes)}
        self._made = {kept: made for kept, made in self._made.items() if kept[0] in views}
        self._sent = {kept: sent for kept, sent in self._sent.items() if kept[0] in views}

    def _of_views(self, takes: Sequence[Sequence[int]]) -> bool:
        return all(self.graph.arcs[arc].source.segment == INPUT for arcs in takes for arc in arcs)

    def _given(self, part: Part, upstream: int) -> list[Given]:
        return [self._taken([(n, self.graph.arcs[n]) for n in arcs], upstream) for arcs in self.graph.into[part]]

    def _taken(self, arcs: Sequence[tuple[int, Arc]], upstream: int) -> Given:
        count, where = len(self._views), self._views.device
        values: list[Tensor | None] = []
        here: list[Tensor] = []
        for number, arc in arcs:
            arrived = bool(upstream >> number & 1) and self.graph.alive(arc.source, upstream)
            filled = self._zero_input and arc.filled
            value = self._value(number, arc, upstream) if arrived else None
            if value is None and filled:
                value = self._blank(number, arc, upstream)
            values.append(value)
            sure = torch.full((count,), arrived or filled, device=where)
            here.append(sure if self._present is None or filled else sure & self._is_there(arc.source))
        shape = next((value for value in values if value is not None), None)
        if shape is None:
            shape = self._blank(*arcs[0], upstream)
        each = [torch.zeros_like(shape) if value is None else value for value in values]
        stacked = each[0].unsqueeze(1) if len(each) == 1 else torch.stack(each, dim=1)  # of one sender no copy
        return Given(stacked, torch.stack(here, dim=1))

    def _value(self, number: int, arc: Arc, upstream: int) -> Tensor:
        """What arrives of an arc's source; with a lossy codec, what that makes of it."""
        if not self._is_coded(number, arc, upstream):
            return carried(self.output(arc.source, upstream), arc)
        key = arc.source, self.graph.key(arc.source, upstream)
        if key not in self._sent:
            self._sent[key] = self.codec.transmit(carried(self.output(arc.source, upstream), arc))
        return self._sent[key]

    def _is_coded(self, number: int, arc: Arc, upstream: int) -> bool:
        return arc.what == "features" and bool(upstream >> (len(self.graph.arcs) + number) & 1)

    def _blank(self, number: int, arc: Arc, upstream: int) -> Tensor:
        """What arrives of an arc's source for black views, for every sample the same."""
        value = carried(self.blanks.output(arc.source), arc)[None]
        arrived = self.codec.transmit(value) if self._is_coded(number, arc, upstream) else value
        return arrived.expand(len(self._views), *[-1] * (arrived.dim() - 1))

    @cached_property
    def blanks(self) -> Blank:
        """What parts give for black views."""
        return Blank(self.network)

    def _is_there(self, part: Part) -> Tensor:
        """For each sample whether a part has anything to work on, `[n]` bool, given the views that are present."""
        assert self._present is not None
        if part.segment == INPUT:
            return self._present[:, part.copy]
        if part not in self._there:
            sources = [self.graph.arcs[arc].source for arcs in self.graph.into[part] for arc in arcs]
            self._there[part] = torch.stack([self._is_there(source) for source in sources], dim=1).any(1)
        return self._there[part]


def given_all(walk: Pass, part: Part) -> list[Given]:
    """What a part is given when everything arrives; for measuring what a segment costs."""
    return walk._given(part, walk.usual)
