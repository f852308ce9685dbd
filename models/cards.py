"""Cards: what a weight file's JSON neighbour says of it. No torch, so that a scenario can be checked without it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEIGHTS = Path(__file__).parent / "weights"
FLOAT = 4
"""Bytes of one float32 value, as features, scores and entropy travel."""


class WeightsError(Exception):
    """Weights or their card are missing, damaged or do not belong together; the message says which and why."""


@dataclass(frozen=True)
class Card:
    """A card and where its weights lie; `values` holds all that the file says."""

    path: Path
    values: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the weights, e.g. `ada-ddnn-plaza`."""
        return self.path.stem

    @property
    def weights(self) -> Path:
        """The safetensors file."""
        return self.path.with_suffix(".safetensors")

    @property
    def sha256(self) -> str:
        """Checksum of the weight file, as the card states it."""
        return str(self.values["sha256"])

    @property
    def thresholds(self) -> dict[str, float]:
        """Calibrated T of every exit but the last."""
        return dict(self.values["calibration"]["thresholds"])

    @property
    def segments(self) -> dict[str, dict[str, Any]]:
        """Cost of the segments, see `models.cost.segment_costs`."""
        return dict(self.values["segments"])


REQUIRED = (
    *("system", "data", "class_names", "classifiers", "sha256"),
    *(
        f"segments.{name}.{key}"
        for name in ("device", "edge", "cloud")
        for key in ("flop", "parameters", "memory", "features")
    ),
    *("architecture.view", "calibration.thresholds"),
)
"""Keys that a simulation reads; a dot leads into an inner object."""


def _has(values: Any, key: str) -> bool:
    for part in key.split("."):
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def shipped() -> list[Card]:
    """Cards of all shipped weights, by name. Raises WeightsError for a damaged one."""
    return [read_card(path.stem) for path in sorted(WEIGHTS.glob("*.json"))]


def read_card(name: str) -> Card:
    """Find a card by name among the shipped weights, or by the path of a `.safetensors` or `.json` file.

    Raises WeightsError when it is missing, no JSON, lacks a required key or has a threshold outside [0, 1].
    """
    named = Path(name)
    path = named.with_suffix(".json") if named.suffix in (".json", ".safetensors") else WEIGHTS / f"{name}.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in WEIGHTS.glob("*.json")))
        raise WeightsError(
            f"no weights {name!r}: {path.name} is not among the shipped ones ({known}) nor a file"
        ) from None
    except (OSError, ValueError) as problem:
        raise WeightsError(f"{path}: not a readable card: {problem}") from problem
    missing = [key for key in REQUIRED if not _has(values, key)]
    if missing:
        raise WeightsError(f"{path}: the card lacks {', '.join(missing)}")
    thresholds = values["calibration"]["thresholds"]
    if not isinstance(thresholds, dict) or not all(
        isinstance(t, int | float) and 0 <= t <= 1 for t in thresholds.values()
    ):
        raise WeightsError(f"{path}: calibration.thresholds must be numbers in [0, 1], one for each exit")
    return Card(path, values)


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_weights(card: Card) -> None:
    """Compare the weight file with its card. Raises WeightsError when it is missing or its checksum is another."""
    if not card.weights.is_file():
        raise WeightsError(f"{card.weights}: the weights of card {card.path.name} are missing")
    try:
        found = file_sha256(card.weights)
    except OSError as problem:
        raise WeightsError(f"{card.weights}: cannot be read: {problem}") from problem
    if found != card.sha256:
        raise WeightsError(f"{card.weights}: checksum {found[:12]}… is not the card's {card.sha256[:12]}…")
