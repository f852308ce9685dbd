"""What the commands of `python -m models` share: options and the console."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simnet.terminal import output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simnet.models.cards.card import Card

console = output.console()

DataDir = Annotated[
    Path | None, typer.Option(help="Folder with the data sets (cifar10/train.parquet …); else SIMNET_DATA.")
]
Data = Annotated[
    str | None,
    typer.Option(help="Where the card's data lie now, as a scenario names data: '{set: folder, path: photos}'."),
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


def sent(card: Card) -> Mapping[str, int]:
    """Bytes that one copy of each segment of a card's network sends of a sample, as its system tells."""
    from simnet.systems import bytes_per_segment

    return bytes_per_segment(card.network, card.graph, card.codec)
