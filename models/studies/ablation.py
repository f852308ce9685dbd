"""Ablation: our CIFAR-10 recipe and architecture with one thing changed at a time, in short runs of equal length.

Short runs rank what helps early; they are no substitute for the long ones. Accuracies are on the validation split.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from simnet.models.data import open_dataset
from simnet.models.networks import NETWORKS
from simnet.models.studies.base import EVALUATIONS, store, stored
from simnet.models.training.recipes import changed, recipe
from simnet.models.training.training import Training

KIND, DATA = "ada-ddnn", "cifar10"
STUDY = f"ablation-{DATA}"
AVERAGE = 0.99
"""Of the weights in the short runs: the recipe's average reaches back further than these last."""
VARIANTS: dict[str, tuple[str, ...]] = {
    "ours": (),
    "edge and cloud of the first release": (
        "edge_widths=[64,64]",
        "edge_pools=[2]",
        "cloud_widths=[128,128,192,256]",
        "cloud_pools=[2]",
    ),
    "channel concatenation instead of tile fusion": ("fusion=concat",),
    "no whitening of the first layer": ("whitening=false",),
    "no averaging of weights": ("average=0",),
    "devices pool after layer 1, not 2": ("device_pools=[1]",),
    "rate 0.1": ("rate=0.1",),
    "device loss × 0.6": ('loss_weights={"device":0.6,"edge":1.0,"cloud":1.0}',),
    "weight decay on biases and norms": ("decay_all=true",),
    "no warm-up": ("warm_up=0",),
    "label smoothing 0.1": ("label_smoothing=0.1",),
}
"""Settings of each variant, as `python -m models train --set` takes them."""


def run(epochs: int, seeds: Sequence[int], data_dir: Path | None, tell: Callable[[str], None]) -> None:
    """Train every variant for `epochs` with each seed and store its last line of the log; what is stored stays.

    Raises DataError without the data set, WeightsError when the stored results are damaged.
    """
    values: dict[str, Any] = {"data": DATA, "split": "validation", "runs": []}
    if (EVALUATIONS / f"{STUDY}.json").exists():
        values = stored(STUDY)
    data = open_dataset(DATA, "validation", data_dir)
    usual = NETWORKS[KIND].for_data(DATA, data.views, data.view_shape[1:], len(data.class_names))
    for seed, (name, settings) in product(seeds, VARIANTS.items()):
        key: dict[str, Any] = {"variant": name, "epochs": epochs, "seed": seed}
        if any(all(found[k] == v for k, v in key.items()) for found in values["runs"]):
            continue
        how = replace(recipe("ours", DATA), epochs=epochs, warm_up=1.0, average=AVERAGE, seed=seed)
        arch, how = changed(usual, how, settings)
        training = Training(KIND, arch, DATA, how, data_dir, "cpu")
        while training.epoch < epochs:
            training.run_epoch(lambda: None)
        last = training.log[-1]
        parameters = sum(p.numel() for p in training.network.parameters())
        values["runs"].append({**key, "settings": list(settings), "parameters": parameters, **last})
        store(STUDY, values)
        tell(f"{name}, seed {seed}: {last['validation_accuracy']}")
