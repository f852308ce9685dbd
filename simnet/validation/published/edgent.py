"""Edgent (E. Li, Z. Zhou and X. Chen, MECOMM 2018): AlexNet for CIFAR-10 on a desktop PC, asked by a Raspberry Pi."""

from __future__ import annotations

from simnet.models.segments import FLOAT
from simnet.validation.base import Published, Result, Settings
from simnet.validation.published.testbed import Piece, both_ways, play, server

SLOW, FAST = 50e3 / 8, 1e6 / 8
"""The ends of its curve, in bytes/s."""
PUBLISHED = {SLOW: 2.317, FAST: 0.123}
"""Seconds until the answer, with everything at the edge."""
DIGIT = 0.0005
"""Half of the last digit of these."""
ALLOWED = 0.1
VALUES = round(PUBLISHED[SLOW] * SLOW / FLOAT)
"""What is sent, as float32: all that 50 kbit/s carry in the published time. How much it was is not told."""


def at_edge(bandwidth: float) -> float:
    """Seconds of a sample that is sent to the edge at so many bytes/s, whose computing counts nothing."""
    nodes = {"device": server("device"), "edge": server("edge")}
    return play(
        [Piece("device", (VALUES,)), Piece("edge")], nodes, both_ways("device", "edge", bandwidth), 10.0
    ).latency


def curve(settings: Settings) -> list[Result]:
    """One end of the curve gives the bytes, the other is predicted."""
    return [
        Result("edge only, 50 kbit/s (gives the bytes)", "s", at_edge(SLOW), PUBLISHED[SLOW], DIGIT),
        Result("edge only, 1 Mbit/s", "s", at_edge(FAST), PUBLISHED[FAST], ALLOWED * PUBLISHED[FAST]),
    ]


CHECKS = [
    Published(
        "edgent",
        "Edgent",
        "AlexNet at the edge, by the bandwidth of the way there",
        "E. Li, Z. Zhou and X. Chen, MECOMM 2018",
        curve,
        allowed="at 50 kbit/s half of the last digit; at 1 Mbit/s 10 %, since the edge's computing, which was not "
        "at hand and counts nothing here, has twenty times the weight",
        missing="device only, cuts and exits: the times of its layers were not at hand",
    )
]
