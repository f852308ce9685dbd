"""What holds for the whole network."""

from __future__ import annotations

from typing import Literal

from simnet.language.quantities import Model


class Networking(Model):
    """How messages find their way and share links."""

    routing: Literal["latency", "hops"] = "latency"
    """Messages go by least latency or by fewest links."""
    weights: Literal["equal", "latency"] = "equal"
    """On fair links flows have equal weights, or each 1 / the latency of its path, as TCP's rate falls with the round-
    trip time."""
