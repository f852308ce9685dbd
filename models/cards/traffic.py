"""What a system sends for one sample, in bytes of payload, from what its card says. No torch.

ADA-DDNN, section 3.2: a device sends entropy, scores and features together [S]; algorithm 1 sends features only.
DDNN of 2017: scores always, 4·|C| bytes; features at one bit a value, only when the sample did not leave at the local
exit [R]. The edge sends its features to the cloud for samples that left nowhere before. Headers belong to the links.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simnet.models import codecs
from simnet.models.cards.card import FLOAT
from simnet.models.data.base import VIEWS


@dataclass(frozen=True)
class Traffic:
    """Bytes of the messages of one sample."""

    devices: int
    report: int
    """What each device sends of every sample."""
    features: int
    """What each device sends only of samples that did not leave at the local exit (DDNN of 2017)."""
    upload: int
    """What the edge, or all edges together, send to the cloud."""

    @property
    def per_segment(self) -> dict[str, int]:
        """Most that a segment sends on: each device, and the edge."""
        return {"device": self.report + self.features, "edge": self.upload}

    def until(self, exit_name: str) -> int:
        """Bytes that all senders have sent for a sample that leaves at this exit."""
        total = self.devices * self.report
        if exit_name != "local":
            total += self.devices * self.features
        return total + (self.upload if exit_name == "cloud" else 0)


def traffic(card: Mapping[str, Any]) -> Traffic:
    """The messages of a card's system; features travel with the codec of its architecture."""
    arch, classes = card["architecture"], len(card["class_names"])
    shape = {name: segment["features"][-3:] for name, segment in card["segments"].items() if segment["features"]}
    if card["system"] == "ddnn-2017":
        bits = {name: codecs.codec("binary").bytes(s) for name, s in shape.items()}
        upload = len(arch["edges"]) * bits.get("edge", 0)
        return Traffic(len(arch["devices"]), FLOAT * classes, bits["device"], upload)
    codec = codecs.codec(arch.get("codec", "fp32"))
    report = codec.bytes(shape["device"])
    if card["system"] == "ada-ddnn":
        report += FLOAT + FLOAT * classes
    return Traffic(VIEWS, report, 0, codec.bytes(shape["edge"]))
