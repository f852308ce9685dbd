"""`python -m models evaluate`. torch is imported when the network runs, not for `--help`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from simnet.cli.models.options import DataDir, Device, console
from simnet.models import codecs
from simnet.models.cards.card import Card, WeightsError, read_card
from simnet.models.data.base import SPLITS, VIEWS, DataError, Dataset
from simnet.models.device import pick_device
from simnet.registry import PluginError

if TYPE_CHECKING:
    from simnet.models.evaluation.scores import Exits, Outcome


def evaluate(
    name: Annotated[str, typer.Argument(help="Shipped weights by name (ada-ddnn-plaza) or a .safetensors file.")],
    data: Annotated[
        Path | None, typer.Option(help="A Parquet file of the layout of the weights' data set, instead of a split.")
    ] = None,
    split: Annotated[str, typer.Option(help="test or validation.")] = "test",
    thresholds: Annotated[
        str, typer.Option("-T", "--thresholds", help="Thresholds to list, T for all exits alike.")
    ] = ("0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1"),
    missing: Annotated[str, typer.Option(help="Cameras that are missing, 1 to 6, e.g. 3,5.")] = "",
    codec: Annotated[
        str | None, typer.Option(help=f"Features travel as {', '.join(codecs.REAL_VALUED)}; default: the card's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, at the calibrated T.")] = False,
    data_dir: DataDir = None,
    device: Device = "auto",
) -> None:
    """Print forced accuracy per exit; for a list of T and the calibrated T exit shares, exit and system accuracy."""
    listed = _thresholds(thresholds)
    present = _present(missing)
    chosen = _codec(codec)
    if split not in SPLITS:
        raise typer.BadParameter(f"{split!r} is none of {', '.join(SPLITS)}", param_hint="--split")
    card = read_card(name)

    from simnet.models.cards.weights import load_network
    from simnet.models.data import open_dataset, open_file
    from simnet.models.evaluation.scores import Exits, camera_accuracy, classifier_scores

    network = load_network(card, pick_device(device))
    if not any(present[view] for view in network.arch.devices):
        raise typer.BadParameter(f"{missing!r} leaves no camera", param_hint="--missing")
    data_name = card.values["data"]
    views = open_dataset(data_name, split, data_dir) if data is None else open_file(data_name, data)
    _check(card, views)
    scores = classifier_scores(network, views, present=present, codec=chosen)
    exits = Exits(card.values["system"], scores, views.labels, card.temperatures)
    if without := [exit_name for exit_name in exits.names[:-1] if exit_name not in card.thresholds]:
        raise WeightsError(f"{card.path}: no calibrated threshold for {', '.join(without)}")
    calibrated = exits.outcome([card.thresholds[exit_name] for exit_name in exits.names[:-1]])
    if as_json:
        print(json.dumps(as_values(exits, calibrated), indent=1))
        return
    source = split if data is None else data.name
    console.print(f"{card.name} on {data_name} ({source}, {len(views)} samples)", soft_wrap=True)
    if note := card.values.get("data_note"):
        console.print(f"note: {note}")
    console.print("forced accuracy: " + ", ".join(f"{k} {100 * v:.2f} %" for k, v in exits.forced_accuracies.items()))
    if (alone := camera_accuracy(scores, views.labels)) is not None:
        cameras = zip(network.arch.devices, alone, strict=True)
        listing = ", ".join(f"{view + 1}: {_percent(a)}" for view, a in cameras)
        console.print(f"each camera alone, %: {listing}")
    console.print(_table(exits, [(f"{t:g}", exits.outcome((t,) * (len(exits.names) - 1))) for t in listed], calibrated))
    picked = ", ".join(f"{exit_name} {t:g}" for exit_name, t in card.thresholds.items())
    console.print(f"calibrated on the validation split: {picked}")


def as_values(exits: Exits, outcome: Outcome) -> dict[str, Any]:
    """What `--json` prints: numbers of samples, per exit and of the system; accuracy is None where no sample left."""
    forced = exits.forced_accuracies
    return {
        "samples": exits.correct.shape[1],
        "exits": {
            name: {
                "forced_accuracy": forced[name],
                "share": share,
                "accuracy": None if accuracy != accuracy else accuracy,
            }
            for name, share, accuracy in zip(exits.names, outcome.shares, outcome.exit_accuracies, strict=True)
        },
        "accuracy": outcome.system_accuracy,
        "thresholds": dict(zip(exits.names, outcome.thresholds, strict=False)),
    }


def _thresholds(text: str) -> list[float]:
    try:
        listed = [float(t) for t in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no list of numbers like 0.1,0.5", param_hint="-T") from None
    if any(not 0 <= t <= 1 for t in listed):
        raise typer.BadParameter("every T lies in [0, 1]", param_hint="-T")
    return listed


def _present(missing: str) -> list[bool]:
    numbers = [number.strip() for number in missing.split(",")] if missing else []
    known = [str(camera) for camera in range(1, VIEWS + 1)]
    if any(number not in known for number in numbers):
        raise typer.BadParameter(f"{missing!r} is no list of cameras like 3,5 (1 to {VIEWS})", param_hint="--missing")
    return [camera not in numbers for camera in known]


def _codec(name: str | None) -> str | None:
    if name is None or name in codecs.REAL_VALUED:
        return name
    try:
        if name not in codecs.CODECS:  # nobody has features of ±1 by chance
            codecs.codec(name)
            return name
    except PluginError as problem:
        raise typer.BadParameter(str(problem), param_hint="--codec") from None
    except ValueError:
        pass
    raise typer.BadParameter(f"{name!r} is none of {', '.join(codecs.REAL_VALUED)}", param_hint="--codec")


def _check(card: Card, data: Dataset) -> None:
    """Refuse data of another shape than the network's, as a card that was changed by hand can ask for."""
    if not len(data):
        raise DataError(f"data set {data.name} ({data.split}) has no samples")
    height, width = card.values["architecture"]["view"]
    found = data[0][0].shape[-2:]
    if found != (height, width) or len(data.class_names) != len(card.values["class_names"]):
        raise WeightsError(
            f"{card.path}: is for {len(card.values['class_names'])} classes and views of {height}x{width}; {data.name} "
            f"has {len(data.class_names)} and {found[0]}x{found[1]}"
        )


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{100 * value:.2f}"


def _table(exits: Exits, rows: list[tuple[str, Outcome]], calibrated: Outcome) -> Table:
    table = Table(title="share and accuracy in %", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits 80 columns
    table.add_column("T", no_wrap=True)
    for heading in (*(f"{n}\n{what}" for n in exits.names for what in ("share", "accuracy")), "system\naccuracy"):
        table.add_column(heading, justify="right", no_wrap=True)
    for label, outcome in (*rows, ("calibrated", calibrated)):
        pairs = zip(outcome.shares, outcome.exit_accuracies, strict=True)
        table.add_row(label, *(_percent(v) for pair in pairs for v in pair), _percent(outcome.system_accuracy))
    return table
