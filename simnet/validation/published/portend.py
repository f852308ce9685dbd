"""PORTEND (M. Ebrahimi et al., ICPADS 2023): early-exit networks over three tiers of EC2 instances.

Times are means of its repeated measurements of whole partitions (`aws_profiling_results` of
https://github.com/MaryamEbr/PORTEND_Performance_Model), which do not add up from times of single blocks; shapes are
those of its `intermediate_data.txt`; placements, exit shares and speed-ups those of its Table III and Fig. 6.
"""

from __future__ import annotations

from dataclasses import dataclass

from simnet.network.links.spec import Link
from simnet.validation.base import Published, Result, Settings
from simnet.validation.lab import MS
from simnet.validation.published.testbed import Piece, both_ways, measured, play, server

SLOPES = (0.98, 0.95, 0.97, 0.86)
"""Of its own model's latencies against those that it measured, over 838 configurations of four networks."""
ALLOWED = 0.05
"""Of a speed-up: what its own model misses for three of them."""
IMAGE_OF_CIFAR = (3, 32, 32)


@dataclass(frozen=True)
class Placement:
    """Blocks from the first on tier 0, with an exit, the others on tier 1; a1.large on one core, m4.large.

    Attributes:
        network: What is run.
        blocks: Those of tier 0 and of tier 1.
        sends: Shape of what tier 0 sends.
        leave: Percent of samples that leave on tier 0.
        first: ms of the blocks on tier 0, there.
        rest: ms of the others on tier 1.
        whole: ms of the whole network on tier 0: edge only.
        every: ms between two samples in its experiments.
        speed_up: Published, against edge only.
    """

    network: str
    blocks: str
    sends: tuple[int, ...]
    leave: int
    first: float
    rest: float
    whole: float
    every: float
    speed_up: float


PLACEMENTS = (
    Placement("ResNet-20", "1–9 and 10", (64, 8, 8), 99, 13.379332, 0.573985, 14.792259, 270, 1.07),
    Placement("ResNet-110", "1–25 and 26–40", (32, 16, 16), 82, 40.924407, 7.047408, 82.029155, 270, 1.49),
    Placement("EfficientNet-B0", "1–4 and 5–8", (40, 28, 28), 8, 268.211416, 23.066088, 580.112173, 707, 1.39),
)
RESNET_20_ON_T4 = 2.863776
"""ms of all its blocks on tier 2, a g4dn.xlarge."""


def links() -> list[Link]:
    """Tier 0 to 1: 10 Mbit/s, 20 ms; 1 to 2: 400 Mbit/s, 40 ms."""
    return [*both_ways("device", "edge", 10e6 / 8, 20 * MS), *both_ways("edge", "cloud", 400e6 / 8, 40 * MS)]


def all_on_tier_0(one: Placement) -> float:
    """Mean seconds with the whole network on tier 0."""
    return play([Piece("device")], {"device": measured("device", one.whole * MS)}, (), one.every * MS).latency


def split(one: Placement) -> float:
    """Mean seconds with the published placement and share of exits."""
    nodes = {
        "device": measured("device", one.first * MS),
        "edge": measured("edge", one.rest * MS),
        "cloud": server("cloud"),
    }
    return play([Piece("device", one.sends, one.leave), Piece("edge")], nodes, links(), one.every * MS).latency


def all_on_t4() -> float:
    """Mean seconds of ResNet-20 on the T4: the image goes over both links as float32."""
    nodes = {
        "device": server("device"),
        "edge": server("edge"),
        "cloud": measured("cloud", RESNET_20_ON_T4 * MS),
    }
    every = PLACEMENTS[0].every * MS
    return play([Piece("device", IMAGE_OF_CIFAR), Piece("cloud")], nodes, links(), every).latency


def speed_ups(settings: Settings) -> list[Result]:
    """Edge only ÷ the placement found, for three networks; the cloud alone is slower than the edge."""
    found = [
        Result(
            f"{one.network}, blocks {one.blocks}: speed-up",
            "",
            all_on_tier_0(one) / split(one),
            one.speed_up,
            ALLOWED * one.speed_up,
        )
        for one in PLACEMENTS
    ]
    cloud = all_on_tier_0(PLACEMENTS[0]) / all_on_t4()
    return [*found, Result("ResNet-20, T4 only: speed-up, below 1", "", cloud, 1.0, 0.0, bound=True)]


CHECKS = [
    Published(
        "portend",
        "PORTEND",
        "early exits on a1.large, the others on m4.large, 20 ms away",
        "M. Ebrahimi et al., ICPADS 2023, Table III and Fig. 6",
        speed_ups,
        allowed=f"slopes of its own model against its 838 measurements are {', '.join(map(str, SLOPES))}: 5 % of a "
        "speed-up is what that model misses for three of four networks",
        missing="VGGish, whose speed-up was not at hand; (de)serialising, 0.9 to 1.5 ms a message on the a1.large",
    )
]
