"""DADS (C. Hu et al., INFOCOM 2019): ResNet18 between a Raspberry Pi 3B and a server, over four networks.

Published are only ratios to the device alone, so its time is the unit. Two latencies tell the two things that are not
published, how much is sent and how long the server takes; a third, and the throughputs, are then predicted.
"""

from __future__ import annotations

from simnet.language.units import BANDWIDTH
from simnet.models.segments import FLOAT
from simnet.network.links.presets import LINK_PRESETS
from simnet.validation.base import Published, Result, Settings
from simnet.validation.published.testbed import Piece, Played, both_ways, measured, play, server

PUBLISHED = {"dads-wifi": 8.32, "dads-4g": 7.23, "dads-3g": 4.14}
"""How many times sooner than on the device alone under light load, by the preset of the network between."""
THROUGHPUTS = {"dads-wifi": 9.31, "dads-4g": 9.78, "dads-3g": 8.3}
"""How many times as many samples as on the device alone under heavy load."""
FITTED = ("dads-wifi", "dads-4g")
ALONE = 10.0
"""Seconds that the device alone takes: any would do."""
SAMPLES = 200
DIGIT = 0.005
"""Half of the last digit published."""
ALLOWED = 0.1


def bandwidth(preset: str) -> float:
    """Bytes/s of a preset."""
    return BANDWIDTH.parse(LINK_PRESETS[preset].values["bandwidth"])


def unknowns() -> tuple[int, float]:
    """Values that are sent, as float32, and seconds on the server, by the networks that are fitted.

    From ALONE / ratio = bytes / bandwidth + server, twice.
    """
    (quick, slow) = (bandwidth(preset) for preset in FITTED)
    soon, late = (ALONE / PUBLISHED[preset] for preset in FITTED)
    size = (late - soon) / (1 / slow - 1 / quick)
    return round(size / FLOAT), soon - size / quick


def offloaded(preset: str, every: float) -> Played:
    """Everything on the server, with a sample each so many s."""
    values, computing = unknowns()
    nodes = {"device": server("device"), "edge": measured("edge", computing)}
    pieces = [Piece("device", (values,)), Piece("edge")]
    return play(pieces, nodes, both_ways("device", "edge", bandwidth(preset)), every, SAMPLES)


def alone() -> Played:
    """Everything on the device, which is always busy."""
    return play([Piece("device")], {"device": measured("device", ALONE)}, (), ALONE, SAMPLES)


def ratio(preset: str) -> float:
    """How many times sooner the answer is there than from the device, when nobody waits."""
    return alone().latency / offloaded(preset, ALONE).latency


def throughput(preset: str) -> float:
    """How many times as many answers as from the device, when more samples come than either can take."""
    return offloaded(preset, ALONE / 100).throughput / alone().throughput


def table(settings: Settings) -> list[Result]:
    """Wi-Fi and 4G give what is not published, 3G is predicted; DADS could send everything, so it is no slower."""
    latencies = [
        Result(f"{preset} (gives bytes and server)", "", ratio(preset), PUBLISHED[preset], DIGIT)
        if preset in FITTED
        else Result(f"{preset}: times sooner", "", ratio(preset), PUBLISHED[preset], ALLOWED * PUBLISHED[preset])
        for preset in PUBLISHED
    ]
    throughputs = [
        Result(f"{preset}: throughput of sending everything", "", throughput(preset), told, 0.0, bound=True)
        for preset, told in THROUGHPUTS.items()
    ]
    return [*latencies, *throughputs]


CHECKS = [
    Published(
        "dads",
        "DADS",
        "ResNet18 on a server: times sooner than on a Pi 3B, times as many",
        "C. Hu et al., INFOCOM 2019, section V.C",
        table,
        allowed="half of the last digit where fitted; on 3G 10 %, since DADS may cut within the network there, which "
        "is then sooner than to send everything; for the same reason its throughputs are bounds",
        missing="CAT1, and the throughputs with its own cuts: the times and bytes of its layers were not at hand",
    )
]
