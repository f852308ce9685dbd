"""`python -m models cards`: Markdown tables of the shipped weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.models.options import sent
from simnet.models.cards.card import shipped
from simnet.terminal.output import say


def cards(
    write: Annotated[
        Path | None, typer.Option(help="Page to bring up to date, between its marks, instead of printing.")
    ] = None,
) -> None:
    """Print Markdown tables of all shipped weights: layers, cost of the segments, training and accuracy."""
    from simnet.models.cards.catalogue import markdown
    from simnet.models.cards.markdown import filled
    from simnet.models.studies.nearest import told_of

    shown = shipped()
    tables = markdown(shown, sent, told_of(shown))
    if write is None:
        say(tables, end="")
        return
    try:
        write.write_text(filled(write.read_text(encoding="utf-8"), {"cards": tables}), encoding="utf-8")
    except (OSError, ValueError) as problem:
        raise typer.BadParameter(f"{write}: {problem}") from problem
