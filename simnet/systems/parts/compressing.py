"""Features that travel with a codec only where they would take too long without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simnet.systems.parts.forecast import transmission

if TYPE_CHECKING:
    from simnet.network.line import Callback
    from simnet.network.routing import Route
    from simnet.systems.parts.gather import Way


class Compressing:
    """A way on which some messages have two sizes: as they are and, where that would take too long, coded.

    Args:
        way: The way that they take.
        route: Its links, whose present bandwidths the sender knows (our choice).
        sizes: Bytes as they are → bytes coded; messages of other sizes stay as they are.
        above: Seconds on the links' wires beyond which a message is coded.
        arcs: Mask of coded arcs that are noted for such a sample.
        noted: By sample, the arcs over which its features travelled coded; the last message counts.
    """

    def __init__(
        self, way: Way, route: Route, sizes: Mapping[int, int], above: float, arcs: int, noted: dict[int, int]
    ) -> None:
        self._way, self._route, self._sizes, self._above = way, route, sizes, above
        self._arcs, self._noted = arcs, noted

    def send(self, sample: int, size: int, done: Callback, lost: Callback, token: Any) -> None:
        """As `Route.send`."""
        if (coded := self._sizes.get(size)) is not None:
            takes = sum(transmission(link, size) for link in self._route.links)
            before = self._noted.get(sample, 0) & ~self._arcs
            if takes > self._above:
                size, before = coded, before | self._arcs
            self._noted[sample] = before
        self._way.send(sample, size, done, lost, token)
