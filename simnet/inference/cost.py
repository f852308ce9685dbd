"""What inference costs the simulated world: FLOP of a segment, bytes of a message, memory; from the weights' card."""

from __future__ import annotations

from simnet.models import codecs
from simnet.models.cards.card import FLOAT, Card

BINARY = "binary"
"""How DDNN of 2017's features travel: they are ±1, one bit each."""


class Cost:
    """FLOP and bytes of a system's segments and messages; shapes are those of the real tensors, checked as they run.

    `codec` is how features travel; class scores and entropies always travel as float32.
    """

    def __init__(self, card: Card, codec: str = "fp32") -> None:
        self.flop = {name: float(segment["flop"]) for name, segment in card.segments.items()}
        self.memory = {name: int(segment["memory"]) for name, segment in card.segments.items()}
        """Bytes that a segment takes for one sample: weights, and the largest input and output held at once."""
        self.activations = {n: self.memory[n] - FLOAT * int(s["parameters"]) for n, s in card.segments.items()}
        """Bytes of `memory` that are not parameters, which a batch takes for each sample.

        Statistics of batch norms count as such, too, since a card does not tell them apart: a bound from above.
        """
        self.edges = len(card.values["architecture"].get("edges", ()))
        """Edges that a network of several was made for; the cost of each is that of the first."""

        def sent(segment: str) -> int:
            shape = card.segments.get(segment, {}).get("features")
            return codecs.codec(codec).bytes(shape) if shape else 0

        scores = FLOAT * len(card.values["class_names"])
        self.features = sent("device")
        """Bytes of one device's features."""
        self.upload = sent("edge")
        """Bytes of one edge's features."""
        if codec == BINARY:  # DDNN of 2017: class scores first, features only if the sample goes on
            self.scores = self.report = scores
        else:
            classifies = "device" in card.values["classifiers"]
            self.scores = FLOAT + scores if classifies else 0
            """Bytes of a device's entropy and class scores."""
            # ADA-DDNN, section 3.2: entropy, result and features travel together; algorithm 1 sends features only.
            self.report = self.scores + self.features
        height, width = card.values["architecture"]["view"]
        self.raw_view = 3 * height * width
        """Bytes of one view as the camera takes it: three colours of one byte a pixel."""
