"""`python -m models evaluate`. torch is imported when the network runs, not for `--help`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from simnet.cli.models.options import DataDir, Device, console
from simnet.models import codecs
from simnet.models.cards.card import Card, WeightsError, read_card
from simnet.models.data.base import SPLITS, DataError, Dataset
from simnet.models.device import pick_device
from simnet.registry import PluginError
from simnet.terminal.output import say
from simnet.terminal.stacked import print_table

if TYPE_CHECKING:
    from simnet.models.evaluation.outcome import Exits, Outcome


def evaluate(
    name: Annotated[str, typer.Argument(help="Shipped weights by name (ada-ddnn-plaza) or a .safetensors file.")],
    data: Annotated[
        str | None,
        typer.Option(
            help="A Parquet file of the layout of the weights' data set, instead of a split; or, with keys as in a "
            "scenario ('{set: folder, path: photos}'), another data set, or where the card's lies now."
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="test or validation.")] = "test",
    thresholds: Annotated[
        str, typer.Option("-T", "--thresholds", help="Thresholds to list, T for all exits alike.")
    ] = ("0,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1"),
    missing: Annotated[str, typer.Option(help="Cameras that are missing, from 1, e.g. 3,5.")] = "",
    codec: Annotated[
        str | None, typer.Option(help=f"Features travel as {', '.join(codecs.REAL_VALUED)}; default: the card's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, at the calibrated T.")] = False,
    data_dir: DataDir = None,
    device: Device = "auto",
) -> None:
    """Print forced accuracy per exit; for a list of T and the calibrated T exit shares, exit and system accuracy."""
    listed = _thresholds(thresholds)
    chosen = _codec(codec)
    if split not in SPLITS:
        raise typer.BadParameter(f"{split!r} is none of {', '.join(SPLITS)}", param_hint="--split")
    card = read_card(name)
    gone = _missing(missing, card)

    from simnet.models.cards.sources import data_of, open_data
    from simnet.models.cards.weights import load_network
    from simnet.models.data import open_file, set_of, written
    from simnet.models.evaluation.outcome import Exits
    from simnet.models.evaluation.scores import camera_accuracy, exit_scores, seen_by, segment_scores, view_segment

    network = load_network(card, pick_device(device))
    keys = data if data is not None and data.lstrip().startswith("{") else None
    data_name = str(card.values["data"])
    if data is None or keys is not None:
        data_name = data_name if keys is None else written(data_of(card, keys)[0])
        views = open_data(card, split, data_dir, keys)
    else:
        views = open_file(data_name, Path(data), card.folder_of(set_of(data_name)))
    _check(card, views)
    scores = segment_scores(network, views, missing=gone, codec=chosen)
    exits = Exits(exit_scores(network, scores, card.temperatures), views.labels)
    if without := [exit_name for exit_name in exits.names[:-1] if exit_name not in card.thresholds]:
        raise WeightsError(f"{card.path}: no calibrated threshold for {', '.join(without)}")
    calibrated = exits.outcome([card.thresholds[exit_name] for exit_name in exits.names[:-1]])
    if as_json:
        say(json.dumps(as_values(exits, calibrated), indent=1))
        return
    source = split if data is None or keys is not None else Path(data).name
    console.print(f"{card.name} on {data_name} ({source}, {len(views)} samples)", soft_wrap=True)
    if note := card.values.get("data_note"):
        console.print(f"note: {note}")
    console.print("forced accuracy: " + ", ".join(f"{k} {100 * v:.2f} %" for k, v in exits.forced_accuracies.items()))
    own = view_segment(network.graph)
    if own is not None and (alone := camera_accuracy(network, scores, views.labels)) is not None:
        cameras = zip(seen_by(network.graph, own), alone, strict=True)
        listing = ", ".join(f"{view + 1}: {_percent(a)}" for view, a in cameras)
        console.print(f"each camera alone, %: {listing}")
    print_table(
        _table(exits, [(f"{t:g}", exits.outcome((t,) * (len(exits.names) - 1))) for t in listed], calibrated), console
    )
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


def _missing(text: str, card: Card) -> list[int]:
    """The views that are missing, from 0, of those that the card's network has."""
    numbers = [number.strip() for number in text.split(",")] if text else []
    views = card.graph.views
    known = [str(camera) for camera in range(1, views + 1)]
    if any(number not in known for number in numbers):
        raise typer.BadParameter(f"{text!r} is no list of cameras like 3,5 (1 to {views})", param_hint="--missing")
    gone = [known.index(number) for number in numbers]
    if not set(card.graph.seen) - set(gone):
        raise typer.BadParameter(f"{text!r} leaves no camera", param_hint="--missing")
    return gone


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
    graph, classes = card.graph, len(card.values["class_names"])
    mine, its = (classes, graph.views, graph.view), (len(data.class_names), data.views, tuple(data.view_shape))
    if mine != its or classes != graph.classes:

        def words(classes: int, views: int, view: Sequence[int]) -> str:
            return f"{classes} classes and {views} view{'s' * (views != 1)} of {view[1]}x{view[2]}"

        raise WeightsError(f"{card.path}: is for {words(*mine)}; {data.name} has {words(*its)}")
    if other := next(
        (pair for pair in zip(card.values["class_names"], data.class_names, strict=True) if pair[0] != pair[1]), None
    ):
        raise WeightsError(f"{card.path}: knows a class {other[0]!r:.80} where {data.name} has {other[1]!r:.80}")


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
