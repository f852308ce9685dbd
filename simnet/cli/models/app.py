"""Command line of the networks: train, evaluate, cards. torch is imported when a network runs, not for `--help`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from simnet.cli.models.calibrate import calibrate, reliability
from simnet.cli.models.evaluate import evaluate
from simnet.cli.models.options import console
from simnet.cli.models.reproduce import reproduce, study
from simnet.cli.models.train import train
from simnet.models.cards.card import WEIGHTS, WeightsError, shipped
from simnet.models.data.base import DataError
from simnet.models.device import DeviceError

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_weights(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print all shipped weights: data, cost and bytes sent per segment, accuracies, and their total size."""
    from simnet.models.cards.catalogue import overview, overview_table

    cards = shipped()
    size = sum(path.stat().st_size for path in WEIGHTS.iterdir() if path.suffix in (".safetensors", ".json"))
    if as_json:
        print(json.dumps({"weights": [overview(card) for card in cards], "bytes": size}, indent=1))
        return
    console.print(overview_table(cards))
    console.print(f"{len(cards)} weights, {size / 1e6:.1f} MB with their cards")


@app.command()
def cards(
    write: Annotated[
        Path | None, typer.Option(help="Page to bring up to date, between its marks, instead of printing.")
    ] = None,
) -> None:
    """Print Markdown tables of all shipped weights: layers, cost of the segments, training and accuracy."""
    from simnet.models.cards.catalogue import markdown
    from simnet.models.cards.markdown import filled

    tables = markdown(shipped())
    if write is None:
        print(tables, end="")
        return
    try:
        write.write_text(filled(write.read_text(encoding="utf-8"), {"cards": tables}), encoding="utf-8")
    except (OSError, ValueError) as problem:
        raise typer.BadParameter(f"{write}: {problem}") from problem


for command in (train, evaluate, calibrate, reliability, study, reproduce):
    app.command()(command)


def main() -> None:
    """Run the command line; a data or weights problem is one message and exit status 2."""
    try:
        app()
    except (DataError, WeightsError, DeviceError) as problem:
        print(f"error: {' '.join(str(problem).split())}", file=sys.stderr)  # torch's reasons have many lines
        raise SystemExit(2) from None
