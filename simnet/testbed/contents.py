"""What of every sample is on which node, and so what a message carries, as the world knows it. No torch.

Nodes hold the values, see `simnet.testbed.segments`; here are only their names, with what had arrived upstream of each.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simnet.models.codecs import Codec
from simnet.models.codecs import codec as codec_named
from simnet.models.graph import FLOAT, INPUT, Graph, Part
from simnet.systems.contract import hosts_of
from simnet.world.plan import Plan

VIEW = "view"
MOST_TRIED = 10
"""Things to send of which all combinations are tried; of more, all or none."""

Judged = tuple[int, float, NDArray[np.floating]]
"""Predicted class, what the rule measures, and the scores `[classes]` that these are made of."""


class Told(NamedTuple):
    """What a node tells of a part that it has run: scores `[classes]` or flat features, and where an exit is tested on
    these, what came of it."""

    values: NDArray[np.float32]
    judged: Mapping[str, Judged]


class Item(NamedTuple):
    """What a message carries: a raw view, features or scores of a part; `coded`: written by the system's codec."""

    what: str
    part: Part
    coded: bool = False


class Held(NamedTuple):
    """Something that a node has of a sample.

    Attributes:
        upstream: What had arrived where it was made, as a mask of the graph's arcs.
        lossy: Whether it came with a codec that loses something.
        own: Whether it was made here.
    """

    upstream: int
    lossy: bool
    own: bool


Holding = dict[tuple[str, Part], Held]
Call = tuple[Part, int]
"""A copy of a segment that runs, and what has arrived upstream of it."""
Cargo = tuple[tuple[Item, int], ...]
"""What a message carries, each with what had arrived upstream of it."""


class Roles:
    """Who of a plan runs what, and sees what; shared by the world and the nodes."""

    def __init__(self, plan: Plan) -> None:
        self.graph: Graph = plan.graph
        self.hosts: dict[str, set[Part]] = defaultdict(set)
        self.views: dict[str, set[Part]] = defaultdict(set)
        for place in (*plan.places, *(other for others in plan.stand_ins for other in others)):
            for node, parts in hosts_of(plan.kind, plan.graph, place, plan.options).items():
                self.hosts[node].update(parts)
            for node, view in place.views.items():
                self.views[node].add(Part(INPUT, view))
        self.hosted = set().union(*self.hosts.values())
        """What no node runs is worked out by who decides."""
        self.codec: Codec = codec_named(plan.codec, plan.card.path.parent)

    @property
    def writes(self) -> bool:
        """Whether features can be sent: a codec that does not say how it writes and reads them leaves them out."""
        kind = type(self.codec)
        return kind.encode is not Codec.encode and kind.decode is not Codec.decode


class Contents:
    """Of every sample, what is where: seen, made, arrived, gone with its node."""

    def __init__(self, roles: Roles) -> None:
        self._roles, self._graph = roles, roles.graph
        self._held: dict[str, dict[int, Holding]] = defaultdict(dict)
        self._sent: dict[tuple[str, str, int], set[tuple[str, Part]]] = defaultdict(set)
        self._passed: dict[tuple[Any, ...], deque[Cargo]] = defaultdict(deque)
        self.told: dict[tuple[int, Part], tuple[int, Told]] = {}
        """By sample and part that has run: what had arrived upstream of it, and what its node told."""
        self._chosen: dict[tuple[Any, ...], tuple[Item, ...]] = {}

    @property
    def hosted(self) -> set[Part]:
        """What some node runs."""
        return self._roles.hosted

    def _of(self, node: str, sample: int) -> Holding:
        held = self._held[node].get(sample)
        if held is None:
            held = {(VIEW, view): Held(0, False, True) for view in self._roles.views.get(node, ())}
            self._held[node][sample] = held
        return held

    def upstream(self, part: Part, held: Holding, asked: int = -1) -> int:
        """What of `asked` has arrived upstream of a part on a node that has this; 0: it has nothing to work on."""
        found = 0
        for arcs in self._graph.into[part]:
            for number in arcs:
                arc, bit = self._graph.arcs[number], 1 << number
                if not asked & bit:
                    continue
                if arc.source.segment == INPUT:
                    found |= bit if (VIEW, arc.source) in held else 0
                elif (there := held.get((arc.what, arc.source))) is not None:
                    found |= bit | there.upstream
                    found |= self._graph.coded(bit) if there.lossy and arc.what == "features" else 0
                elif arc.source not in self._roles.hosted and (before := self.upstream(arc.source, held, asked)):
                    found |= bit | before
        return found

    def calls(self, node: str, sample: int, segments: Sequence[str]) -> list[Call]:
        """The copies that a node runs in one call, of its own those that have something to work on first."""
        held, found = dict(self._of(node, sample)), list[Call]()
        for segment, times in Counter(segments).items():
            parts = [part for part in self._graph.parts_of(segment) if part in self._roles.hosts[node]]
            each = [(part, self.upstream(part, held)) for part in parts or [Part(segment)]]
            chosen = sorted(each, key=lambda one: not one[1])[:times]
            found += chosen
            held |= {(what, part): Held(mask, False, True) for part, mask in chosen if mask for what in _MADE}
        return found

    def made(self, node: str, sample: int, calls: Sequence[Call], told: Mapping[Part, Told]) -> None:
        """A node has run these."""
        held = self._of(node, sample)
        for part, upstream in calls:
            if upstream and part in told:
                held |= {(what, part): Held(upstream, False, True) for what in _MADE}
                self.told[sample, part] = upstream, told[part]

    def message(self, sample: int, source: str, end: str, size: int) -> Cargo:
        """What is in a message of `size` bytes: of what the source has seen or made and the end needs, as much as fits.

        First what has neither arrived there nor been sent; then what is on its way; then what is there.
        """
        mine, theirs, sent = self._of(source, sample), self._of(end, sample), self._sent[source, end, sample]
        needed = [key for key, held in mine.items() if held.own and self._is_needed(key, mine, end)]
        for wanted in (
            [key for key in needed if key not in theirs and key not in sent],
            [key for key in needed if key not in theirs],
            needed,
        ):
            if items := self._fitting(tuple(wanted), size):
                sent.update((item.what, item.part) for item in items)
                return tuple((item, mine[item.what, item.part].upstream) for item in items)
        return ()

    def _is_needed(self, key: tuple[str, Part], mine: Holding, end: str) -> bool:
        what, part = key
        takes = "features" if what == VIEW else what
        for arc in self._graph.arcs:
            if arc.source == part and arc.what == takes:
                ours = mine.get((takes, arc.target))
                if (ours is None or not ours.own) and (
                    arc.target in self._roles.hosts.get(end, ()) or arc.target not in self._roles.hosted
                ):
                    return True
        return False

    def _fitting(self, wanted: tuple[tuple[str, Part], ...], size: int) -> tuple[Item, ...]:
        key = wanted, size
        if key not in self._chosen:
            best: tuple[int, tuple[Item, ...]] = 0, ()
            for coded in (True, False):
                items = [Item(what, part, coded and what == "features") for what, part in wanted]
                sizes = {item: self.size(item) for item in items}
                counts = range(1, len(items) + 1) if len(items) <= MOST_TRIED else [len(items)]
                for some in (some for count in counts for some in combinations(items, count)):
                    whole = [sizes[item] for item in some]
                    if None not in whole and best[0] < (total := sum(filter(None, whole))) <= size:
                        best = total, some
            self._chosen[key] = best[1]
        return self._chosen[key]

    def size(self, item: Item) -> int | None:
        """Bytes of something in a message; None: it cannot be written."""
        return size_of(self._roles, item)

    def arrived(self, node: str, message: tuple[int, str, str, int], cargo: Cargo) -> None:
        """A message (sample, ends, bytes) is on a node: at its end, or on its way."""
        sample, _, end, _ = message
        if node != end:
            self._passed[node, message].append(cargo)
            return
        held, lossy = self._of(node, sample), not self._roles.codec.lossless
        for item, upstream in cargo:
            held[item.what, item.part] = Held(upstream, item.coded and lossy, False)

    def passed(self, node: str, message: tuple[int, str, str, int]) -> Cargo:
        """What a node passes on."""
        waiting = self._passed[node, message]
        return waiting.popleft() if waiting else ()

    def died(self, node: str) -> None:
        """All that a node had is gone."""
        self._held.pop(node, None)
        for key in [key for key in self._passed if key[0] == node]:
            del self._passed[key]

    def decider(self, part: Part, sample: int, upstream: int) -> str | None:
        """The node that can work out a part that nobody runs, of just what has arrived by `upstream`; None: no node."""
        wanted = self._graph.key(part, upstream)
        for came in (True, False):  # who was told rather than who tells
            for node, samples in self._held.items():
                held = samples.get(sample, {})
                if (
                    self._graph.key(part, self.upstream(part, held, upstream)) == wanted
                    and any(not one.own for one in held.values()) is came
                ):
                    return node
        return None


_MADE = ("features", "scores")


def size_of(roles: Roles, item: Item) -> int | None:
    """Bytes of something in a message; None: it cannot be written, or there is no such thing."""
    graph = roles.graph
    if item.what == VIEW:
        return graph.raw_view
    segment = graph.segments[item.part.segment]
    if item.what == "scores":
        return graph.score_bytes if segment.scores else None
    if segment.sends is None or (item.coded and not roles.writes):
        return None
    count = 1
    for number in segment.sends:
        count *= number
    return roles.codec.bytes(segment.sends) if item.coded else FLOAT * count
