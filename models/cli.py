"""Command line of the networks: train, evaluate, cards. torch is imported when a network runs, not for `--help`."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from models.cards import WeightsError, read_card, shipped
from models.cli_options import DataDir, Device, console
from models.cli_train import train
from models.data.base import DataError
from models.device import DeviceError, pick_device

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

app.command()(train)


@app.command()
def cards(
    write: Annotated[
        Path | None, typer.Option(help="Page to bring up to date, between its marks, instead of printing.")
    ] = None,
) -> None:
    """Print Markdown tables of all shipped weights: layers, cost of the segments, training and accuracy."""
    from models.catalogue import END, START, markdown

    tables = markdown(shipped())
    if write is None:
        print(tables, end="")
        return
    try:
        before, rest = write.read_text(encoding="utf-8").split(START)
        _, after = rest.split(END)
        write.write_text(f"{before}{START}\n{tables}{END}{after}", encoding="utf-8")
    except (OSError, ValueError) as problem:
        raise typer.BadParameter(f"{write}: {START} … {END} cannot be replaced: {problem}") from problem


@app.command()
def evaluate(
    name: Annotated[str, typer.Argument(help="Shipped weights by name (ada-ddnn-plaza) or a .safetensors file.")],
    split: Annotated[str, typer.Option(help="test or validation.")] = "test",
    thresholds: Annotated[
        str, typer.Option("-T", "--thresholds", help="Thresholds to list, T for all exits alike.")
    ] = ("0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1"),
    data_dir: DataDir = None,
    device: Device = "auto",
) -> None:
    """Print forced accuracy per exit; for a list of T exit shares, exit and system accuracy; and the calibrated T."""
    try:
        listed = [float(t) for t in thresholds.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{thresholds!r} is no list of numbers like 0.1,0.5", param_hint="-T") from None
    if any(not 0 <= t <= 1 for t in listed):
        raise typer.BadParameter("every T lies in [0, 1]", param_hint="-T")

    card = read_card(name)

    from models.data import open_dataset
    from models.evaluation import Exits, Scores, camera_accuracy, classifier_scores
    from models.weights import load_network

    network = load_network(card, pick_device(device))
    system, data = card.values["system"], card.values["data"]

    def scored(part: str) -> tuple[Scores, NDArray[np.int64]]:
        views = open_dataset(data, part, data_dir)
        return classifier_scores(network, views), views.labels

    scores, labels = scored(split)
    exits = Exits(system, scores, labels)
    samples = exits.correct.shape[1]
    console.print(f"{card.name} on {data} ({split}, {samples} samples)")
    console.print("forced accuracy: " + ", ".join(f"{k} {100 * v:.2f} %" for k, v in exits.forced_accuracies.items()))
    if (alone := camera_accuracy(scores, labels)) is not None:
        console.print("each camera alone: " + ", ".join(f"{100 * a:.2f} %" for a in alone))
    table = Table(title="share and accuracy in %", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits 80 columns
    table.add_column("T", no_wrap=True)
    for heading in (*(f"{n}\n{what}" for n in exits.names for what in ("share", "accuracy")), "system\naccuracy"):
        table.add_column(heading, justify="right", no_wrap=True)

    def row(label: str, values: Any) -> None:
        cells = [
            "–" if math.isnan(v) else f"{100 * v:.2f}"
            for pair in zip(values.shares, values.exit_accuracies, strict=True)
            for v in pair
        ]
        table.add_row(label, *cells, f"{100 * values.system_accuracy:.2f}")

    for t in listed:
        row(f"{t:g}", exits.outcome((t,) * (len(exits.names) - 1)))
    try:
        chosen = Exits(system, *scored("validation")).calibrate().thresholds
        origin = "calibrated on the validation split"
    except DataError:
        chosen = tuple(card.thresholds[exit_name] for exit_name in exits.names[:-1])
        origin = "the card's calibrated T (no validation split here)"
    row("calibrated", exits.outcome(chosen))
    console.print(table)
    picked = ", ".join(f"{n} {t:g}" for n, t in zip(exits.names, chosen, strict=False))
    console.print(f"{origin}: {picked}")


def main() -> None:
    """Run the command line; a data or weights problem is one message and exit status 2."""
    try:
        app()
    except (DataError, WeightsError, DeviceError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        raise SystemExit(2) from None
