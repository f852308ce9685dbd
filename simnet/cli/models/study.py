"""`python -m models study`: computes evaluations and stores them. torch is imported when a network runs."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from simnet.cli.models.options import Data, DataDir, console
from simnet.models.cards.card import read_card, shipped

FAULTS = {
    "ADA-DDNN": "ada-ddnn-cifar10",
    "with view dropout": "ada-ddnn-cifar10-view-dropout",
    "DDNN": "ddnn-cifar10",
    "ADA-DDNN, plaza": "ada-ddnn-plaza",
    "plaza, view dropout": "ada-ddnn-plaza-view-dropout",
}
"""Networks of the fault study and their names in figures; view dropout follows what it is compared with."""
CODECS = ("ada-ddnn-cifar10", "ada-ddnn-cifar10-1bit", "ada-ddnn-plaza", "ada-ddnn-plaza-1bit")
FINE_TUNED = (
    *(name for name in FAULTS.values() if name.endswith("-view-dropout")),
    *(name for name in CODECS if name.endswith("-1bit")),
)
EARLY_STOP = ("distree-cifar10-n4", "distree-cifar10-n2", "distree-cifar10-n8")
"""Networks whose policies are compared over their whole range."""
DATA = ("mvmc",)
"""Data sets that are looked at without a network."""
STUDIES = (
    "data",
    "faults",
    "codecs",
    "risk",
    "fine-tuning",
    "ablation",
    "early-stop",
    "ddnn-2017",
    "ddnn-2017-published",
)


def study(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(STUDIES)}.")],
    weights: Annotated[list[str] | None, typer.Option(help="Only these weights; may be repeated.")] = None,
    rows: Annotated[
        int, typer.Option(help="faults, fine-tuning: test samples that cameras fail for, the first ones.", min=1)
    ] = 1_000,
    epochs: Annotated[int, typer.Option(help="ablation: epochs of each run.", min=1)] = 3,
    seeds: Annotated[int, typer.Option(help="ablation, fine-tuning, ddnn-2017 (both): number of seeds.", min=1)] = 3,
    draws: Annotated[int, typer.Option(help="risk: draws of validation data.", min=1)] = 500,
    data: Data = None,
    data_dir: DataDir = None,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: as many as there are.", min=0)] = 0,
) -> None:
    """Compute a study and store it in models/evaluations; one that takes long goes on where it was stopped."""
    import torch

    from simnet.models.cards.sources import open_data
    from simnet.models.data import open_dataset
    from simnet.models.studies import ablation, codecs, ddnn2017, early_stop, faults, fine_tuning, nearest, risk
    from simnet.models.studies.base import store

    if name not in STUDIES:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(STUDIES)}", param_hint="NAME")
    if data is not None and (name == "ablation" or name in ddnn2017.STUDIES.values()):
        raise typer.BadParameter(f"{name} trains on data of its own", param_hint="--data")
    if threads:
        torch.set_num_threads(threads)
    tell = partial(console.print, soft_wrap=True)
    if name == "ablation":
        ablation.run(epochs, range(1, seeds + 1), data_dir, tell)
        return
    for variant, of_variant in ddnn2017.STUDIES.items():
        if name == of_variant:
            ddnn2017.run(data_dir, range(1, seeds + 1), tell, variant)
            return
    if name == "data":
        for one in DATA if data is None else (data,):
            train, tested = (open_dataset(one, split, data_dir) for split in ("train", "test"))
            console.print(f"wrote {store(f'data-{tested.name}', nearest.run(train, tested))}", soft_wrap=True)
        return
    usual = {
        "faults": tuple(FAULTS.values()),
        "codecs": CODECS,
        "fine-tuning": FINE_TUNED,
        "early-stop": EARLY_STOP,
        "risk": tuple(card.name for card in shipped()),
    }[name]
    for one in weights or usual:
        card = read_card(one)
        tested = open_data(card, "test", data_dir, data)
        if name == "fine-tuning":
            fine_tuning.run(card, tested, rows, range(1, seeds + 1), data_dir, tell, data)
            continue
        if name == "faults":
            found = faults.run(card, tested, rows)
        else:
            held_out = open_data(card, "validation", data_dir, data)
            if name == "risk":
                found = risk.run(card, held_out, tested, draws)
            else:
                found = (early_stop if name == "early-stop" else codecs).run(card, tested, held_out)
        console.print(f"wrote {store(f'{name}-{card.name}', found)}", soft_wrap=True)
