"""The places whose use is told: nodes, directions of links and media, and what was served when at each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from simnet.network.links.spec import Link as LinkSpec
from simnet.network.nodes.spec import Node as NodeSpec
from simnet.results.kept.places import AtPlaces
from simnet.results.kept.recorded import Recorded
from simnet.results.steps import Floats, Mask, Numbers, Steps

NODE, LINK, MEDIUM = "node", "link", "medium"
SLACK = 1e-6
"""Bytes that rounding may add: they must not seem to wait for the end of a pause."""


class Carried(Protocol):
    """What is asked of a link."""

    @property
    def place(self) -> str:
        """Its name in the spans."""

    @property
    def one_by_one(self) -> bool:
        """See `simnet.network.links.base.Carrier`."""


@dataclass(frozen=True, eq=False)
class Capacity:
    """Bytes that a link could have carried from 0 s on: `bytes[i]` until `times[i]`, then `rates[i]` a second."""

    times: Floats
    bytes: Floats
    rates: Floats

    @classmethod
    def of(cls, bandwidths: Sequence[tuple[float, float]], end: float) -> Capacity:
        """Of a link with each bandwidth (bytes/s) from its time (s) on, the first being 0 s, until the run's end."""
        lasting = [one for one, later in pairwise(bandwidths) if later[0] > one[0]]
        steps = [step for step in (*lasting, bandwidths[-1]) if step[0] < end] or [(0.0, bandwidths[-1][1])]
        times = np.array([*(time for time, _ in steps), end])
        rates = np.array([rate for _, rate in steps])
        return cls(times, np.concatenate([[0.0], np.cumsum(np.diff(times) * rates)]), rates)

    def until(self, times: Floats) -> Floats:
        """Bytes until each time."""
        return np.interp(times, self.times, self.bytes)

    def when(self, amounts: Floats) -> Floats:
        """The first time until which so many bytes could have been carried; the run's end, if it was too short."""
        surely = amounts - np.maximum(SLACK, 1e-15 * amounts)
        step = np.clip(np.searchsorted(self.bytes, surely) - 1, 0, len(self.rates) - 1)
        return np.minimum(self.times[step] + (surely - self.bytes[step]) / self.rates[step], self.times[-1:])


@dataclass(frozen=True, eq=False)
class Station:
    """What happened at one place; arrays have an entry for each call or message, in the order of their ends.

    Attributes:
        name: The place; of a medium, `medium` and its name.
        kind: Node, link or medium.
        servers: How many calls it can serve at once.
        sample: Number of the sample; −1 for heartbeats.
        queued: When it arrived, in s.
        started: When its service began.
        served: When its service ended: of a message, when its last byte had left; None where that is not known.
        ended: When it was done, or had arrived.
        size: Bytes on the wire; None at a node.
        alone: False for a call that ran in one batch with the one before it: the worker served both at once.
        began: Whether it was served at all.
        ok: Whether it was done.
        dropped, lost, unfinished: How it ended else.
        capacity: What a link could carry; None at a node and a medium.
        links: Those that share a medium.
    """

    name: str
    kind: str
    servers: int
    sample: Numbers
    queued: Floats
    started: Floats
    served: Floats | None
    ended: Floats
    size: Numbers | None
    alone: Mask
    began: Mask
    ok: Mask
    dropped: Mask
    lost: Mask
    unfinished: Mask
    capacity: Capacity | None = None
    links: Sequence[Station] = ()


@dataclass(frozen=True)
class Places:
    """What is there in a scenario's network, by the names of spans.

    Attributes:
        workers: Of each node.
        one_by_one: Of each direction of a link, whether messages follow one another.
        bandwidths: Of each direction of a link, from when on (s) it had which (bytes/s).
        media: The links of each shared medium.
    """

    workers: Mapping[str, int]
    one_by_one: Mapping[str, bool]
    bandwidths: Mapping[str, Sequence[tuple[float, float]]]
    media: Mapping[str, Sequence[str]] = field(default_factory=dict)


def places_of(
    nodes: Mapping[str, NodeSpec],
    links: Sequence[LinkSpec],
    carriers: Mapping[tuple[str, str], Carried],
    bandwidths: Mapping[str, Sequence[tuple[float, float]]],
) -> Places:
    """The places of a network; `carriers` are its links by their ends, `bandwidths` what they had in the run."""
    media: dict[str, list[str]] = {}
    for spec in links:
        carrier = carriers[spec.source, spec.target]
        if spec.medium is not None and carrier.one_by_one:
            media.setdefault(spec.medium, []).append(carrier.place)
    one_by_one = {carrier.place: carrier.one_by_one for carrier in carriers.values()}
    return Places({name: node.workers for name, node in nodes.items()}, one_by_one, bandwidths, media)


def stations_of(places: Places, recorded: Recorded, end: float) -> Iterator[Station]:
    """All places at which something happened: nodes, links, and media that several of their links used."""
    at = AtPlaces(recorded, [*places.workers, *places.one_by_one])
    shared = {link for links in places.media.values() for link in links}
    for name, workers in places.workers.items():
        if (steps := at.get(name)) is not None:
            yield _station(name, NODE, workers, steps, steps.ended)
    served: dict[str, Station] = {}
    for name, one_by_one in places.one_by_one.items():
        if (steps := at.get(name)) is not None:
            capacity = Capacity.of(places.bandwidths[name], end)
            left = _left(steps, capacity) if one_by_one else None
            link = _station(name, LINK, 1, steps, left, capacity)
            if name in shared:
                served[name] = link
            yield link
    for medium, links in places.media.items():
        if used := [served[link] for link in links if link in served]:
            yield _together(f"medium {medium}", used)


def _left(steps: Steps, capacity: Capacity) -> Floats:
    """When the last byte of each message had left, on a link that has them one by one.

    Its span ends with its arrival. But it had the whole bandwidth from its start on, so that is when the link could
    have carried its bytes.
    """
    left = capacity.when(capacity.until(steps.started) + steps.size)
    return np.clip(left, steps.started, steps.ended)


def _station(
    name: str,
    kind: str,
    servers: int,
    steps: Steps,
    served: Floats | None,
    capacity: Capacity | None = None,
) -> Station:
    dropped, lost, unfinished, ok = (
        steps.status == (steps.statuses.index(word) if word in steps.statuses else -1)
        for word in ("dropped", "lost", "unfinished", "ok")
    )
    return Station(
        name=name,
        kind=kind,
        servers=servers,
        sample=steps.sample,
        queued=steps.queued,
        started=steps.started,
        served=served,
        ended=steps.ended,
        size=None if kind == NODE else steps.size,
        alone=~steps.joined,
        began=ok | (steps.started < steps.ended),
        ok=ok,
        dropped=dropped,
        lost=lost,
        unfinished=unfinished,
        capacity=capacity,
    )


_ARRAYS = ("sample", "queued", "started", "served", "ended", "size", "alone", "began")
_ENDS = ("ok", "dropped", "lost", "unfinished")


def _together(name: str, links: Sequence[Station]) -> Station:
    """A medium that several links share."""
    arrays: dict[str, Any] = {key: np.concatenate([getattr(link, key) for link in links]) for key in (*_ARRAYS, *_ENDS)}
    return Station(name=name, kind=MEDIUM, servers=1, links=links, **arrays)
