"""What all studies share: where their results are kept, of which weights they are, and intervals."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path
from typing import Any

from simnet.models.cards.card import Card, WeightsError

EVALUATIONS = Path(__file__).parents[1] / "evaluations"
Z95 = 1.959963984540054
"""97.5 % point of the standard normal distribution."""


def store(name: str, values: dict[str, Any]) -> Path:
    """Write a study's results to `models/evaluations/<name>.json`."""
    EVALUATIONS.mkdir(exist_ok=True)
    path = EVALUATIONS / f"{name}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def stored(name: str, card: Card | None = None) -> dict[str, Any]:
    """A study's results; with `card`, only if they are of exactly these weights.

    Raises WeightsError when there are none, they cannot be read, or belong to other weights.
    """
    path = EVALUATIONS / f"{name}.json"
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise WeightsError(f"{path}: no readable evaluation: {problem}") from problem
    if card is not None:
        check_weights_of(values, card, name)
    return values


def check_weights_of(values: dict[str, Any], card: Card, name: str) -> None:
    """Raise WeightsError when `values`, of the study `name`, were found with other weights than the card's."""
    if values.get("sha256") != card.values["sha256"]:
        raise WeightsError(f"{EVALUATIONS / f'{name}.json'} is of other weights than {card.path}; run the study again")


def wilson(hits: int, samples: int) -> tuple[float, float]:
    """95 % interval of a proportion after Wilson (1927); (0, 1) for no samples."""
    if not samples:
        return 0.0, 1.0
    p, z2 = hits / samples, Z95 * Z95 / samples
    middle, half = p + z2 / 2, Z95 * sqrt(p * (1 - p) / samples + z2 / (4 * samples))
    return (middle - half) / (1 + z2), (middle + half) / (1 + z2)
