"""`python -m models train`. torch is imported when training begins, not for `--help`."""

from __future__ import annotations

import math
import os
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_type_hints

import typer

from simnet.cli.models.options import DataDir, Device, console
from simnet.models.cards.card import WEIGHTS, WeightsError, read_card
from simnet.models.data import DATASETS, options_of, words, written
from simnet.models.data.base import Dataset
from simnet.models.device import pick_device
from simnet.models.graph import GraphError
from simnet.models.networks import NETWORKS
from simnet.registry import Registry
from simnet.terminal.output import say
from simnet.terminal.stopping import message, status

if TYPE_CHECKING:
    from simnet.models.networks.base import Network

T = TypeVar("T")
LONGEST = 230
"""Bytes of a file's name, so that 25 are left for endings (common file systems take 255)."""


def short_name(name: str) -> str:
    """The name, if a file can be called so; else its beginning and a digest of all of it."""
    whole = os.fsencode(name)
    if len(whole) <= LONGEST:
        return name
    return whole[: LONGEST - 9].decode("utf-8", "ignore") + "-" + sha256(whole).hexdigest()[:8]


def _writable(path: Path, option: str) -> Path:
    """`path`, its folder made. Raises typer.BadParameter now rather than OSError after hours of training."""
    if len(os.fsencode(path.name)) > LONGEST:
        text = f"{path.name[:40]}…: a file's name may have {LONGEST} bytes at most"
        raise typer.BadParameter(text, param_hint=option)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise typer.BadParameter(f"{path} cannot be written: {problem}", param_hint=option) from problem
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise typer.BadParameter(f"{path} cannot be written", param_hint=option)
    return path


def _check_twin(card: Path, data: str) -> None:
    """Refuse to write over weights that have this name by chance. Raises typer.BadParameter.

    Keys of the data that have keys themselves do not show in the name, nor do all signs of a path.
    """
    if not card.is_file():
        return
    try:
        found = read_card(str(card)).values["data"]
    except WeightsError:
        return
    if found != data:
        raise typer.BadParameter(
            f"{card.with_suffix('.safetensors')} is there, and of other data ({found}); choose a name",
            param_hint="--out",
        )


def _kind(registry: Registry[T], name: str, argument: str) -> type[T]:
    """A kind by its name. Raises typer.BadParameter when there is none, PluginError when a user's cannot be used."""
    try:
        return registry[name]
    except KeyError:
        known = ", ".join(registry.names())
        text = f"{name!r} is none of {known}; write file.py:Name or module:Name for one of your own"
        raise typer.BadParameter(text, param_hint=argument) from None


def _architecture(kind: type[Network], network: str, name: str, data: Dataset) -> Any:
    """What the network is by default for a data set. Raises typer.BadParameter where it makes none for its shapes."""
    try:
        return kind.for_data(name, data.views, data.view_shape[1:], len(data.class_names))
    except ValueError as problem:
        raise typer.BadParameter(f"{network} cannot be made for {name}: {problem}", param_hint="NETWORK") from problem


def _check_fusion(arch: Any, network: str, data: str, fusion: str) -> None:
    """Raise typer.BadParameter where the architecture knows no such fusion."""
    kinds = get_args(get_type_hints(type(arch)).get("fusion"))
    if not kinds:
        others = [f"--set {field.name}=…" for field in fields(arch) if field.name.endswith("_fusion")]
        has = f"has {len(others)}: {' and '.join(others)}" if others else "has none"
        raise typer.BadParameter(f"{network} {has}", param_hint="--fusion")
    if fusion not in kinds or (fusion == "tile" and arch.fusion != "tile"):
        raise typer.BadParameter(
            f"{fusion!r}: {data} can be fused by {', '.join(kinds)} (tile only for the patches of cifar10)",
            param_hint="--fusion",
        )


def train(
    network: Annotated[
        str, typer.Argument(help=f"{', '.join(NETWORKS)}, or a network of your own: file.py:Name or module:Name.")
    ],
    data: Annotated[
        str,
        typer.Argument(
            help=f"{', '.join(DATASETS)}, or a data set of your own (file.py:Name, module:Name); with keys as in a "
            "scenario: '{set: cifar10, cut: whole}'."
        ),
    ],
    cameras: Annotated[int | None, typer.Option(help="Cameras of plaza: short for the data set's key.")] = None,
    recipe: Annotated[str, typer.Option(help="ours, paper or lineage; the options below change it.")] = "ours",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs of the whole run.")] = None,
    batch: Annotated[int | None, typer.Option(min=2, help="Samples per step.")] = None,
    rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    shift: Annotated[int | None, typer.Option(help="Augmentation: largest shift in pixels.", min=0)] = None,
    fusion: Annotated[str | None, typer.Option(help="concat, tile, max or mean; default: the architecture's.")] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="name=value for any other field of architecture or recipe; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of weights, order and augmentation.")] = 1,
    data_dir: DataDir = None,
    device: Device = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; 0: as many as there are.", min=0)] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Weight file to write; default models/weights/<network>-<data>; here, of own kinds or keys."),
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Checkpoint file, written after every epoch.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint.")] = False,
) -> None:
    """Train a network on a data set; write weights and card when the last epoch is done."""
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

    from simnet.models.data import open_dataset
    from simnet.models.training.publish import publish
    from simnet.models.training.recipes import RECIPES, changed
    from simnet.models.training.recipes import recipe as recipe_of
    from simnet.models.training.training import Training
    from simnet.systems import bytes_until

    kind = _kind(NETWORKS, network, "NETWORK")
    chosen = options_of(data, further=None if cameras is None else {"cameras": cameras})
    if recipe not in RECIPES:
        raise typer.BadParameter(f"{recipe!r} is none of {', '.join(RECIPES)}", param_hint="--recipe")
    if rate is not None and (not rate > 0 or math.isinf(rate)):
        raise typer.BadParameter(f"{rate} is no positive number", param_hint="--rate")
    test = open_dataset(chosen, "test", data_dir)  # needed at the very end; missing, it should be known now
    arch = replace(_architecture(kind, network, chosen.set, test), **kind.variants.get(recipe, {}))
    if fusion is not None:
        _check_fusion(arch, network, data, fusion)
        arch = replace(arch, fusion=fusion)
    if threads:
        torch.set_num_threads(threads)
    given: dict[str, Any] = {"epochs": epochs, "batch": batch, "rate": rate, "shift": shift}
    own = kind.usual
    how = replace(recipe_of(recipe, chosen.set, own), seed=seed, **{k: v for k, v in given.items() if v is not None})
    try:
        arch, how = changed(arch, how, setting or ())
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--set") from problem
    data = written(chosen)
    stem = short_name("-".join(name.rpartition(":")[2] for name in (network, *words(chosen))))
    ours = network in NETWORKS and data in DATASETS
    weights = _writable(out or (WEIGHTS / stem if ours else Path(stem)), "--out")
    named = weights.suffix in (".safetensors", ".json")  # "run.2" is a name without a suffix, too
    weights = weights.with_suffix(".safetensors") if named else weights.with_name(f"{weights.name}.safetensors")
    if out is None:
        _check_twin(weights.with_suffix(".json"), data)
    saved = _writable(checkpoint or Path("checkpoints") / f"{stem}.pt", "--checkpoint")
    if resume and not saved.is_file():
        raise typer.BadParameter(f"no checkpoint {saved}", param_hint="--resume")
    where = pick_device(device)
    option = "--batch"
    try:
        run = Training(network, arch, data, how, data_dir, where)
        option = "--resume"
        if resume:
            run.resume(saved)
    except GraphError as problem:
        raise typer.BadParameter(str(problem), param_hint="NETWORK") from problem
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint=option) from problem
    kept = f"{saved} holds epoch {run.epoch} of {how.epochs}; go on with --resume" if resume else None
    if not saved.exists():  # so that whoever stops the first epoch can resume, too
        run.save(saved)
        kept = f"{saved} holds the untrained network; go on with --resume"
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=console) as progress:
            progress.console.print(
                f"{network} on {data}: {len(run.data.labels)} samples, {run.steps} steps an epoch, on {run.device}"
            )
            task = progress.add_task("training", total=how.epochs * run.steps, completed=run.epoch * run.steps)
            while run.epoch < how.epochs:
                line = run.run_epoch(lambda: progress.advance(task))
                run.save(saved)
                kept = f"{saved} holds epoch {run.epoch} of {how.epochs}; go on with --resume"
                losses = " ".join(f"{k} {v:.3f}" for k, v in line["loss"].items())
                accuracies = " ".join(f"{k} {100 * v:.2f} %" for k, v in line["validation_accuracy"].items())
                progress.console.print(
                    f"epoch {line['epoch']}: loss {losses}; validation {accuracies}; {line['seconds']} s",
                    soft_wrap=True,
                )
    except KeyboardInterrupt as stop:
        kept = kept or f"no epoch was finished; {saved} is still an earlier run's"
        console.print(message(stop, kept), soft_wrap=True)
        raise typer.Exit(status(stop)) from None
    except FloatingPointError as problem:
        say(f"error: {problem}", error=True)
        raise typer.Exit(1) from None
    publish(run, weights, data_dir, bytes_until)
    console.print(f"wrote {weights} and its card", soft_wrap=True)
