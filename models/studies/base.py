"""What all studies share: where their results are kept, and of which weights they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from simnet.models.cards.card import Card, WeightsError

EVALUATIONS = Path(__file__).parents[1] / "evaluations"


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
