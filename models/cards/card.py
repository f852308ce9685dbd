"""Cards: what a weight file's JSON neighbour says of it. No torch, so that a scenario can be checked without it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from simnet.models.codecs import CODECS

WEIGHTS = Path(__file__).parent.parent / "weights"
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
    def temperatures(self) -> dict[str, float]:
        """What each classifier's scores are divided by before entropies are taken; 1 for those that are not named."""
        return dict(self.values["calibration"].get("temperatures", {}))

    @property
    def codec(self) -> str:
        """The codec that the network was trained for."""
        return str(self.values["architecture"].get("codec", "fp32"))

    @property
    def segments(self) -> dict[str, dict[str, Any]]:
        """Cost of the segments, see `simnet.models.cards.costs.segment_costs`."""
        return dict(self.values["segments"])


SEGMENT = ("flop", "parameters", "memory", "features")
"""Keys that every segment's cost has."""
REQUIRED = (
    *("system", "data", "class_names", "classifiers", "sha256"),
    *(f"segments.{name}.{key}" for name in ("device", "edge", "cloud") for key in SEGMENT),
    *("architecture.view", "calibration.thresholds"),
)
"""Keys that a simulation reads; a dot leads into an inner object. A system without an edge has no edge segment."""


def _has(values: Any, key: str) -> bool:
    for part in key.split("."):
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def _numbers(values: Any, good: Callable[[float], bool]) -> bool:
    return isinstance(values, dict) and all(type(v) in (int, float) and good(v) for v in values.values())


def _list_of(values: Any, kind: type) -> bool:
    return isinstance(values, list) and all(type(v) is kind for v in values)


def shipped() -> list[Card]:
    """Cards of all shipped weights, by name. Raises WeightsError for a damaged one."""
    return [read_card(name) for name in sorted(path.stem for path in WEIGHTS.glob("*.json"))]


def read_card(name: str) -> Card:
    """Find a card by name among the shipped weights, or by the path of a `.safetensors` or `.json` file.

    Raises WeightsError when it is missing, no JSON, lacks a required key or has a threshold outside [0, 1],
    a temperature that is not positive, a codec that is none, or names or a view size of another kind.
    """
    named = Path(name)
    path = named.with_suffix(".json") if named.suffix in (".json", ".safetensors") else WEIGHTS / f"{name}.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = sorted(p.stem for p in WEIGHTS.glob("*.json"))
        near = get_close_matches(named.stem, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise WeightsError(
            f"no weights {name!r}: {path.name} is not among the shipped ones ({', '.join(known)}) nor a file{hint}"
        ) from None
    except (OSError, ValueError) as problem:
        raise WeightsError(f"{path}: not a readable card: {problem}") from problem
    named_exits = values.get("classifiers") if isinstance(values, dict) else None
    edge = not isinstance(named_exits, list) or not named_exits or "edge" in named_exits
    missing = [key for key in REQUIRED if (edge or ".edge." not in key) and not _has(values, key)]
    if missing:
        raise WeightsError(f"{path}: the card lacks {', '.join(missing)}")
    for key in ("class_names", "classifiers"):
        if not _list_of(values[key], str):
            raise WeightsError(f"{path}: {key} must be a list of names")
    view = values["architecture"]["view"]
    if not (_list_of(view, int) and len(view) == 2):
        raise WeightsError(f"{path}: architecture.view must be height and width")
    calibration = values["calibration"]
    if not _numbers(calibration["thresholds"], lambda t: 0 <= t <= 1):
        raise WeightsError(f"{path}: calibration.thresholds must be numbers in [0, 1], one for each exit")
    if not _numbers(calibration.get("temperatures", {}), lambda t: 0 < t < math.inf):
        raise WeightsError(f"{path}: calibration.temperatures must be positive numbers, one for each classifier")
    codec = values["architecture"].get("codec", "fp32")
    if codec not in CODECS and not (isinstance(codec, str) and (":" in codec or codec in CODECS.names())):
        raise WeightsError(f"{path}: architecture.codec {codec!r} is none of {', '.join(CODECS)}")
    return Card(path, values)


def write_card(values: dict[str, Any], path: Path) -> None:
    """Write a card as JSON to `path`; a kill at any moment leaves the former one whole.

    Raises WeightsError when it cannot be written.
    """
    partial = path.with_suffix(".json.partial")
    try:
        partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as problem:
        raise WeightsError(f"{path}: cannot be written: {problem}") from problem


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
