"""DADS (C. Hu et al., INFOCOM 2019): ResNet18 between a Raspberry Pi 3B and a server, over four networks, light load.

Published are only ratios to the device alone, so its time is the unit. Two of them tell the two things that are not
published, how much is sent and how long the server takes; a third is then predicted.
"""

from __future__ import annotations

from simnet.language.units import BANDWIDTH
from simnet.models.segments import FLOAT
from simnet.network.links.presets import LINK_PRESETS
from simnet.validation.base import Published, Result, Settings
from simnet.validation.published.testbed import Piece, both_ways, measured, play, server

PUBLISHED = {"dads-wifi": 8.32, "dads-4g": 7.23, "dads-3g": 4.14}
"""How many times sooner than on the device alone, by the preset of the network between."""
FITTED = ("dads-wifi", "dads-4g")
ALONE = 10.0
"""Seconds that the device alone takes: any would do."""
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


def ratio(preset: str) -> float:
    """How many times sooner the answer is there when everything runs on the server."""
    values, computing = unknowns()
    nodes = {"device": server("device"), "edge": measured("edge", computing)}
    pieces = [Piece("device", (values,)), Piece("edge")]
    offloaded = play(pieces, nodes, both_ways("device", "edge", bandwidth(preset)), ALONE).latency
    alone = play([Piece("device")], {"device": measured("device", ALONE)}, (), ALONE).latency
    return alone / offloaded


def table(settings: Settings) -> list[Result]:
    """Wi-Fi and 4G give what is not published, 3G is predicted."""
    return [
        Result(f"{preset} (gives bytes and server)", "", ratio(preset), PUBLISHED[preset], DIGIT)
        if preset in FITTED
        else Result(f"{preset}: times sooner", "", ratio(preset), PUBLISHED[preset], ALLOWED * PUBLISHED[preset])
        for preset in PUBLISHED
    ]


CHECKS = [
    Published(
        "dads",
        "DADS",
        "ResNet18, times sooner than on a Raspberry Pi 3B alone",
        "C. Hu et al., INFOCOM 2019, section V.C",
        table,
        allowed="half of the last digit where fitted; on 3G 10 %, since DADS may cut within the network there, which "
        "is then sooner than to send everything",
        missing="CAT1 and the throughputs, for which DADS cuts within the network: the times and bytes of its layers "
        "were not at hand",
    )
]
