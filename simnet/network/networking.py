"""What holds for the whole network."""

from __future__ import annotations

from typing import Literal

from simnet.language.quantities import Model


class Networking(Model):
    """How messages find their way and share links: `routing` by least latency or fewest hops; weights of fair sharing.

    `weights`: flows on fair links have equal weights, or each 1 / the latency of its path, as TCP's rate falls with the
    round-trip time.
    """

    routing: Literal["latency", "hops"] = "latency"
    weights: Literal["equal", "latency"] = "equal"
