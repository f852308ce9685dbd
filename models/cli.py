"""Command line of the networks: train, evaluate, cards. torch is imported when a network runs, not for `--help`."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from models.cards import WEIGHTS, WeightsError, read_card, shipped
from models.data import DATASETS
from models.data.base import DataError
from models.device import DeviceError, pick_device

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
console = Console(markup=False, highlight=False)

DataDir = Annotated[
    Path | None, typer.Option(help="Folder with the data sets (cifar10/train.parquet …); else SIMNET_DATA.")
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


def _writable(path: Path, option: str) -> Path:
    """`path`, its folder made. Raises typer.BadParameter now rather than OSError after hours of training."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise typer.BadParameter(f"{path} cannot be written: {problem}", param_hint=option) from problem
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise typer.BadParameter(f"{path} cannot be written", param_hint=option)
    return path


@app.command()
def train(
    system: Annotated[str, typer.Argument(help="ddnn or ada-ddnn.")],
    data: Annotated[str, typer.Argument(help="plaza or cifar10.")],
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of the whole run.")] = 20,
    batch: Annotated[int, typer.Option(min=2, help="Samples per step.")] = 250,
    rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 0.1,
    shift: Annotated[int | None, typer.Option(help="Augmentation: largest shift in pixels.", min=0)] = None,
    fusion: Annotated[str | None, typer.Option(help="concat, tile, max or mean; default: the architecture's.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and augmentation.")] = 1,
    data_dir: DataDir = None,
    device: Device = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; 0: as many as there are.", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Weight file to write; default models/weights/<system>-<data>.")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Checkpoint file, written after every epoch.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
) -> None:
    """Train a system's network on a data set; write weights and card when the last epoch is done."""
    from dataclasses import replace

    import torch
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from models.data import open_dataset
    from models.layers import FUSION_KINDS
    from models.networks import EXITS, architecture
    from models.publish import publish
    from models.training import Recipe, Training

    if system not in EXITS:
        raise typer.BadParameter(f"{system!r} is none of {', '.join(EXITS)}", param_hint="SYSTEM")
    if data not in DATASETS:
        raise typer.BadParameter(f"{data!r} is none of {', '.join(DATASETS)}", param_hint="DATA")
    if not rate > 0 or math.isinf(rate):
        raise typer.BadParameter(f"{rate} is no positive number", param_hint="--rate")
    arch = architecture(system, data)
    if fusion is not None:
        kind = next((k for k in FUSION_KINDS if k == fusion), None)
        if kind is None or (kind == "tile" and data != "cifar10"):
            raise typer.BadParameter(
                f"{fusion!r}: {data} can be fused by {', '.join(FUSION_KINDS)} (tile only for the patches of cifar10)",
                param_hint="--fusion",
            )
        arch = replace(arch, fusion=kind)
    if threads:
        torch.set_num_threads(threads)
    recipe = Recipe(
        epochs=epochs,
        batch=batch,
        rate=rate,
        seed=seed,
        shift=shift if shift is not None else {"cifar10": 4, "plaza": 2}[data],
    )
    weights = _writable(out or WEIGHTS / f"{system}-{data}", "--out")
    named = weights.suffix in (".safetensors", ".json")  # "run.2" is a name without a suffix, too
    weights = weights.with_suffix(".safetensors") if named else weights.with_name(f"{weights.name}.safetensors")
    saved = _writable(checkpoint or Path("checkpoints") / f"{system}-{data}.pt", "--checkpoint")
    if resume and not saved.is_file():
        raise typer.BadParameter(f"no checkpoint {saved}", param_hint="--resume")
    where = pick_device(device)
    open_dataset(data, "test", data_dir)  # needed at the very end; missing, it should be known now
    option = "--batch"
    try:
        run = Training(arch, data, recipe, data_dir, where)
        option = "--resume"
        if resume:
            run.resume(saved)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint=option) from problem
    kept = f"{saved} holds epoch {run.epoch} of {epochs}; go on with --resume" if resume else None
    if not saved.exists():  # so that whoever stops the first epoch can resume, too
        run.save(saved)
        kept = f"{saved} holds the untrained network; go on with --resume"
    order = ("device", "edge", "cloud", "total")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=console) as progress:
            progress.console.print(
                f"{system} on {data}: {len(run.data.labels)} samples, {run.steps} steps an epoch, on {run.device}"
            )
            task = progress.add_task("training", total=epochs * run.steps, completed=run.epoch * run.steps)
            while run.epoch < epochs:
                line = run.run_epoch(lambda: progress.advance(task))
                run.save(saved)
                kept = f"{saved} holds epoch {run.epoch} of {epochs}; go on with --resume"
                losses = " ".join(f"{k} {line['loss'][k]:.3f}" for k in sorted(line["loss"], key=order.index))
                accuracies = " ".join(f"{k} {100 * v:.2f} %" for k, v in line["validation_accuracy"].items())
                progress.console.print(
                    f"epoch {line['epoch']}: loss {losses}; validation {accuracies}; {line['seconds']} s",
                    soft_wrap=True,
                )
    except KeyboardInterrupt:
        kept = kept or f"no epoch was finished; {saved} is still an earlier run's"
        console.print(f"stopped; {kept}", soft_wrap=True)
        raise typer.Exit(130) from None
    except FloatingPointError as problem:
        print(f"error: {problem}", file=sys.stderr)
        raise typer.Exit(1) from None
    publish(run, weights, data_dir)
    console.print(f"wrote {weights} and its card", soft_wrap=True)


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
