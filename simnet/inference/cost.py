"""What inference costs the simulated world: FLOP of a segment, bytes of a message, memory; from the weights' card."""

from __future__ import annotations

from math import prod

from models.cards import FLOAT, Card


class Cost:
    """FLOP and bytes of a system's segments and messages; shapes are those of the real tensors, checked as they run."""

    def __init__(self, card: Card) -> None:
        self.flop = {name: float(segment["flop"]) for name, segment in card.segments.items()}
        self.memory = {name: int(segment["memory"]) for name, segment in card.segments.items()}
        classes = len(card.values["class_names"])
        features = {
            name: FLOAT * prod(segment["features"]) for name, segment in card.segments.items() if segment["features"]
        }
        classifies = "device" in card.values["classifiers"]
        # ADA-DDNN, section 3.2: entropy, result and features travel together; algorithm 1 sends features only.
        self.report = features["device"] + (FLOAT + FLOAT * classes if classifies else 0)
        self.upload = features["edge"]
        height, width = card.values["architecture"]["view"]
        self.raw_view = 3 * height * width
        """Bytes of one view as the camera takes it: three colours of one byte a pixel."""
