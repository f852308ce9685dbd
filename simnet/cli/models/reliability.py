"""`python -m models reliability`: the reliability diagram of a card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.models.options import console
from simnet.models.cards.card import WeightsError, read_card


def reliability(
    name: Annotated[str, typer.Argument(help="Shipped weights by name or a .safetensors file.")],
    out: Annotated[Path, typer.Option(help="PNG file to write.")],
    split: Annotated[str, typer.Option(help="test or validation.")] = "test",
) -> None:
    """Draw the reliability diagram of every exit from the card."""
    from simnet.analysis.networks.reliability import draw_reliability
    from simnet.analysis.style import save

    if split not in ("test", "validation"):
        raise typer.BadParameter(f"{split!r} is none of test, validation", param_hint="--split")
    card = read_card(name)
    if "reliability" not in card.values:
        raise WeightsError(f"{card.path}: the card says nothing of reliability; run: python -m models calibrate {name}")
    try:
        console.print(f"wrote {save(draw_reliability(card.name, card.values['reliability'], split), out)}")
    except OSError as problem:
        raise typer.BadParameter(f"{out} cannot be written: {problem}", param_hint="--out") from problem
