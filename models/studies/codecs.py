"""Codecs: accuracy against bytes with features as fp32, fp16, int8 or 1 bit; the real network runs on what arrives."""

from __future__ import annotations

from typing import Any

from simnet.models.cards.card import Card, WeightsError
from simnet.models.cards.weights import load_network
from simnet.models.codecs import REAL_VALUED, codec
from simnet.models.data.base import Dataset
from simnet.models.evaluation.calibration import calibrated
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import exit_scores, segment_scores


def run(card: Card, data: Dataset, validation: Dataset) -> dict[str, Any]:
    """Accuracies and bytes of the card's weights with every codec on `data`; T is calibrated anew on `validation`.

    Bytes are of features alone, a sample: from all devices to the edge, and from the edge to the cloud for one sample
    that goes there (expected: times the cloud's share). Raises WeightsError for a network that sends no such features.
    """
    network, segments = load_network(card), card.graph.segments
    device, edge = (segments[name].sends if name in segments else None for name in ("device", "edge"))
    if device is None or edge is None:
        raise WeightsError(f"{card.path}: the study is of features from devices to an edge and from there to a cloud")
    devices = segments["device"].copies
    entries = {}
    for name in REAL_VALUED:
        held_out, exits = (
            Exits(exit_scores(network, segment_scores(network, split, codec=name), card.temperatures), split.labels)
            for split in (validation, data)
        )
        outcome = exits.outcome(calibrated(held_out).thresholds)
        report, upload = codec(name).bytes(device), codec(name).bytes(edge)
        entries[name] = {
            "thresholds": dict(zip(exits.names, outcome.thresholds, strict=False)),
            "forced": exits.forced_accuracies,
            "shares": dict(zip(exits.names, outcome.shares, strict=True)),
            "system": outcome.system_accuracy,
            "bytes": {
                "device_to_edge": devices * report,
                "edge_to_cloud": upload,
                "expected": devices * report + outcome.shares[-1] * upload,
                "raw_views": devices * card.graph.raw_view,
            },
        }
    return {
        "weights": card.name,
        "sha256": card.values["sha256"],
        "data": card.values["data"],
        "split": data.split,
        "samples": len(data),
        "trained_for": card.codec,
        "codecs": entries,
    }
