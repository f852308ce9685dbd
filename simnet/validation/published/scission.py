"""Scission (L. Lockhart et al., UCC 2020): VGG19 cut for a Raspberry Pi 4, an edge and a cloud.

Published in the README of https://github.com/qub-blesson/Scission: the best pipelines, their seconds and bytes, for a
query that wants the Pi used, layer 10 at the edge and layer 16 in the cloud. Links are those of its
`network_stats.csv`; what is sent are the float32 features in a file of numpy's. The Pi is our preset, which is fitted
to whole networks of the same source; the times of single layers were not at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

from simnet.models.segments import FLOAT
from simnet.network.links.spec import Link
from simnet.network.nodes.presets import NODE_PRESETS
from simnet.network.nodes.spec import Node
from simnet.validation.base import Published, Result, Settings, exactly
from simnet.validation.lab import MS
from simnet.validation.published.testbed import Piece, Played, both_ways, play, server

PI = "raspberry-pi-4"
NPY_HEADER = 128
"""Bytes before the values in a file that numpy writes."""
AT_EDGE, IN_CLOUD = 10, 16
"""Layers that the query places."""
BEST = (6, 11)
"""Last layers on the Pi and at the edge of the best pipeline."""
FIFTH = (6, 12)
SECONDS = 9.0106
MEGABYTES = {BEST: 2.4087, FIFTH: 3.2115}
DIGIT = 0.00005
"""Half of the last digit of these."""
ALLOWED = 0.05
STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels and convolutions of 3×3 before each pooling."""


@dataclass(frozen=True)
class Layer:
    """A layer as Keras counts them, a convolution together with its ReLU."""

    sends: tuple[int, ...]
    flop: int = 0
    operations: int = 0
    traffic: int = 0
    parameters: int = 0


def vgg(stages: Sequence[tuple[int, int]] = STAGES) -> list[Layer]:
    """The layers of VGG19 (Simonyan and Zisserman 2015), from the input, of 3 × 224 × 224, to the predictions."""
    found = [Layer((3, 224, 224))]
    channels, side = 3, 224
    for width, convolutions in stages:
        for _ in range(convolutions):
            given, made, weights = channels * side**2, width * side**2, 9 * channels * width
            # The convolution reads what is given and writes; the ReLU reads and writes that in place.
            traffic = FLOAT * (given + 3 * made)
            found.append(Layer((width, side, side), 2 * weights * side**2, 2, traffic, weights + width))
            channels = width
        side //= 2
        # Pooling reads four values for one, and writes that and its place, in 8 bytes.
        found.append(Layer((width, side, side), 0, 1, FLOAT * (4 + 1 + 2) * width * side**2))
    values = prod(found[-1].sends)
    found.append(Layer((values,)))
    for width in (4096, 4096, 1000):
        found.append(Layer((width,), 2 * values * width, 2, FLOAT * (values + 3 * width), (values + 1) * width))
        values = width
    return found


def piece(tier: str, layers: Sequence[Layer], last: bool = False) -> Piece:
    """Layers that run in one call."""
    return Piece(
        tier,
        None if last else layers[-1].sends,
        flop=sum(layer.flop for layer in layers),
        operations=sum(layer.operations for layer in layers),
        traffic=sum(layer.traffic for layer in layers),
        parameters=sum(layer.parameters for layer in layers),
    )


def unknown(tier: str, layers: Sequence[Layer], last: bool = False) -> Piece:
    """Layers on a machine of which nothing is known: their computing counts nothing."""
    return Piece(tier, None if last else layers[-1].sends)


def links() -> list[Link]:
    """Pi to edge: 66.7 ms, 1.6 Mbit/s; edge to cloud: 20 ms, 50 Mbit/s. It adds the whole ping to a transfer."""
    return [
        *both_ways("device", "edge", 1.6e6 / 8, 66.7 * MS, NPY_HEADER),
        *both_ways("edge", "cloud", 50e6 / 8, 20 * MS, NPY_HEADER),
    ]


def pi() -> Node:
    """The preset."""
    return Node.model_validate({"tier": "device", **NODE_PRESETS[PI].values})


def pipeline(on_pi: int, at_edge: int) -> Played:
    """One image with the layers up to these on the Pi and at the edge; answers stay in the cloud."""
    layers = vgg()
    pieces = [
        piece("device", layers[: on_pi + 1]),
        unknown("edge", layers[on_pi + 1 : at_edge + 1]),
        unknown("cloud", layers[at_edge + 1 :], last=True),
    ]
    nodes = {"device": pi(), "edge": server("edge"), "cloud": server("cloud")}
    return play(pieces, nodes, links(), 100.0, samples=1, returns=False)


def allowed_cuts() -> Iterator[tuple[int, int]]:
    """All pipelines that the query allows: last layers on the Pi and at the edge; layer 0 is the input."""
    return ((on_pi, at_edge) for on_pi in range(1, AT_EDGE) for at_edge in range(AT_EDGE, IN_CLOUD))


def best(cuts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The pipeline with the least latency, each of them played."""
    return min(cuts, key=lambda cut: pipeline(*cut).latency)


def optimum(settings: Settings) -> list[Result]:
    """Where the best cut is, what it sends, and how long it takes."""
    on_pi, at_edge = best(allowed_cuts())
    first, fifth = pipeline(*BEST), pipeline(*FIFTH)
    return [
        exactly("best cut: last layer on the Pi", "", on_pi, BEST[0]),
        exactly("best cut: last layer at the edge", "", at_edge, BEST[1]),
        Result("sent with the best cut", "MB", first.sent / 1e6, MEGABYTES[BEST], DIGIT),
        Result("sent with the fifth best, 0–6 and 7–12", "MB", fifth.sent / 1e6, MEGABYTES[FIFTH], DIGIT),
        Result("latency of the best cut", "s", first.latency, SECONDS, ALLOWED * SECONDS),
    ]


CHECKS = [
    Published(
        "scission",
        "Scission",
        "VGG19 on a Pi 4, an edge and a cloud: the best of 54 cuts",
        "L. Lockhart et al., UCC 2020, README of its repository",
        optimum,
        allowed="bytes: half of the last digit; latency: 5 %, since 0.77 s of 9.01 s are not transfers, of which the "
        "edge's and the cloud's count nothing here, and the preset is up to 19 % off for whole networks",
        missing="9.0106 s to the last digit: the times of VGG19's layers on its machines were not at hand",
    )
]
