"""Codecs: accuracy against bytes with features as fp32, fp16, int8 or 1 bit; the real network runs on what arrives."""

from __future__ import annotations

from math import prod
from typing import Any

from simnet.models.cards.card import Card
from simnet.models.cards.weights import load_network
from simnet.models.codecs import REAL_VALUED, codec
from simnet.models.data.base import VIEWS, Dataset
from simnet.models.evaluation.scores import Exits, classifier_scores


def run(card: Card, data: Dataset, validation: Dataset) -> dict[str, Any]:
    """Accuracies and bytes of the card's weights with every codec on `data`; T is calibrated anew on `validation`.

    Bytes are of features alone, a sample: from all devices to the edge, and from the edge to the cloud for one sample
    that goes there (expected: times the cloud's share).
    """
    network = load_network(card)
    device, edge = (card.segments[segment]["features"] for segment in ("device", "edge"))
    entries = {}
    for name in REAL_VALUED:
        scored = ((classifier_scores(network, split, codec=name), split.labels) for split in (validation, data))
        held_out, exits = (Exits(card.values["system"], *pair, card.temperatures) for pair in scored)
        outcome = exits.outcome(held_out.calibrate().thresholds)
        report, upload = codec(name).bytes(device), codec(name).bytes(edge)
        entries[name] = {
            "thresholds": dict(zip(exits.names, outcome.thresholds, strict=False)),
            "forced": exits.forced_accuracies,
            "shares": dict(zip(exits.names, outcome.shares, strict=True)),
            "system": outcome.system_accuracy,
            "bytes": {
                "device_to_edge": VIEWS * report,
                "edge_to_cloud": upload,
                "expected": VIEWS * report + outcome.shares[-1] * upload,
                "raw_views": VIEWS * 3 * prod(card.values["architecture"]["view"]),
            },
        }
    return {
        "weights": card.name,
        "sha256": card.values["sha256"],
        "data": card.values["data"],
        "split": data.split,
        "samples": len(data),
        "trained_for": card.values["architecture"].get("codec", "fp32"),
        "codecs": entries,
    }
