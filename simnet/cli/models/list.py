"""`python -m models list`: the shipped weights at a glance."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from simnet.cli.models.options import console, sent
from simnet.models.cards.card import WEIGHTS, shipped
from simnet.terminal.output import say
from simnet.terminal.stacked import print_table


def list_weights(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print all shipped weights: data, cost and bytes sent per segment, accuracies, and their total size."""
    from simnet.models.cards.catalogue import overview, overview_table
    from simnet.models.studies.nearest import data_notes, told_of

    cards = shipped()
    size = sum(path.stat().st_size for path in WEIGHTS.iterdir() if path.suffix in (".safetensors", ".json"))
    if as_json:
        weights = [overview(card, sent) for card in cards]
        say(json.dumps({"weights": weights, "data": data_notes(cards), "bytes": size}, indent=1))
        return
    print_table(overview_table(cards, sent), console)
    for name, told in told_of(cards).items():
        console.print(f"{name}: {told}")
    console.print(f"{len(cards)} weights, {size / 1e6:.1f} MB with their cards")
