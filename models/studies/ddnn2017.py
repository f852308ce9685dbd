"""DDNN of 2017 on `mvmc`: T sweep, cameras alone, growing number of cameras, cameras missing, fusion kinds, filters.

Two variants: `published`, with heads, cloud and recipe of the public code [R], and `ours`. Stored as
`ddnn-2017-published.json` and `ddnn-2017.json`: `runs` has one entry for each trained network (devices, fusion pair,
filters, seed), from which the other parts are summed up. A figure there is `{"samples", "seeds", "per_seed", "mean"}`:
a share of `samples` test samples for each seed, and their mean; `system` is at thresholds that were calibrated on the
validation split.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from simnet.models.cards.card import WeightsError, read_card
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset
from simnet.models.data.mvmc import CAMERAS
from simnet.models.evaluation.calibration import calibrated
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import Scores, exit_scores, scores_of, seen_by
from simnet.models.networks.base import Network
from simnet.models.networks.ddnn_2017 import PAIRS, PUBLISHED, Ddnn2017, bytes_per_device, raw_bytes
from simnet.models.networks.passes import Pass
from simnet.models.studies.base import EVALUATIONS, store, stored
from simnet.models.training.recipes import recipe
from simnet.models.training.training import Training

KIND, DATA = "ddnn-2017", "mvmc"
Variant = Literal["published", "ours"]
STUDIES: dict[Variant, str] = {"published": "ddnn-2017-published", "ours": "ddnn-2017"}
WEIGHTS: dict[Variant, str] = {"published": "ddnn-2017-mvmc-paper", "ours": "ddnn-2017-mvmc"}
PAIR = "MP-CC"
"""Fusion of the published sweeps."""
SWEEP = (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
ALL = tuple(range(CAMERAS))
FILTERS = (1, 2, 4, 8)
"""Channels of a device's features in the published table; its sweeps have `USUAL` ones [R]."""
USUAL = 4


def run(
    data_dir: Path | None, seeds: Sequence[int], tell: Callable[[str], None] = print, variant: Variant = "ours"
) -> dict[str, Any]:
    """Train what is not stored yet, sum up, store and return everything; goes on where it was stopped.

    Raises DataError without the data set, WeightsError when the stored results are damaged.
    """
    how, study = recipe("paper" if variant == "published" else "ours", DATA), STUDIES[variant]
    values: dict[str, Any] = {"data": DATA, "recipe": asdict(how), "runs": []}
    if (EVALUATIONS / f"{study}.json").exists() and stored(study)["recipe"] == _plain(values["recipe"]):
        values = stored(study)  # with the last sums, which stay until there are new ones
    train, validation, test = (open_dataset(DATA, split, data_dir) for split in ("train", "validation", "test"))
    views = {data.split: _Views(data) for data in (train, validation, test)}
    values["samples"] = {split: len(v.labels) for split, v in views.items()}
    values["checksums"] = {data.split: data.checksum for data in (train, validation, test)}
    values["baselines"] = _baselines(views["train"], views["test"])

    def trained(devices: tuple[int, ...], pair: str = PAIR, filters: int = USUAL) -> None:
        for seed in seeds:
            if any(_is(r, devices, pair, filters) and r["seed"] == seed for r in values["runs"]):
                continue
            local, cloud = PAIRS[pair]
            base = Ddnn2017.for_data(DATA, CAMERAS, test.view_shape[1:], len(test.class_names))
            of_variant = PUBLISHED if variant == "published" else {}
            arch = replace(base, devices=devices, local_fusion=local, cloud_fusion=cloud, filters=filters, **of_variant)
            training = Training(KIND, arch, DATA, replace(how, seed=seed), data_dir, "cpu")
            while training.epoch < how.epochs:
                training.run_epoch(lambda: None)
            found = _measured(training.result, views["validation"], views["test"])
            values["runs"].append({"devices": list(devices), "pair": pair, "filters": filters, "seed": seed, **found})
            values.update(_summary(values["runs"], seeds, len(views["test"].labels)))
            store(study, values)
            tell(
                f"devices {devices}, {pair}, {filters} filters, seed {seed}: {found['forced']}, "
                f"system {found['system']:.4f}"
            )

    trained(ALL)
    for camera in ALL:
        trained((camera,))
    order = _order(values["runs"], seeds)
    for n in range(2, CAMERAS):
        trained(tuple(sorted(order[:n])))
    for camera in ALL:
        trained(_without(camera))
    for pair in PAIRS:
        trained(ALL, pair)
    for filters in FILTERS:
        trained(ALL, PAIR, filters)
    values.update(_summary(values["runs"], seeds, len(views["test"].labels)))
    values["sweep_shipped"] = _shipped_sweep(WEIGHTS[variant], views["test"])
    store(study, values)
    return values


def _is(run: dict[str, Any], devices: Sequence[int], pair: str, filters: int) -> bool:
    """Whether a stored run is of these; the first runs had the usual filters and do not say so."""
    return bool(run["devices"] == sorted(devices) and run["pair"] == pair and run.get("filters", USUAL) == filters)


class _Views:
    """A split in memory: pixels, labels and which views show the object."""

    def __init__(self, data: Dataset) -> None:
        pixels = data.pixels(np.arange(len(data)))
        self.pixels = torch.from_numpy(pixels)
        self.labels = data.labels
        self.seen: NDArray[np.bool_] = np.asarray(pixels.any(axis=(2, 3, 4)))

    @torch.inference_mode()
    def scores(self, network: Network, missing: Sequence[int] = ()) -> Scores:
        """Scores of every segment, with some cameras missing."""
        network.eval()
        return scores_of(Pass(network, network.prepare(self.pixels)), missing)


def _measured(network: Network, validation: _Views, test: _Views) -> dict[str, Any]:
    """All figures of one network; `validation` accuracies are there to choose by."""
    held_out = Exits(exit_scores(network, validation.scores(network)), validation.labels)
    thresholds = calibrated(held_out).thresholds
    scores, devices = test.scores(network), seen_by(network.graph, "device")
    right = scores["device"].reshape(len(test.labels), len(devices), -1).argmax(-1) == test.labels[:, None]
    seen = test.seen[:, list(devices)]
    found = {
        "validation": held_out.forced_accuracies,
        "thresholds": list(thresholds),
        **_exits(network, scores, test.labels, thresholds),
        "device": {
            "accuracy": right.mean(0).tolist(),
            "seen": seen.mean(0).tolist(),
            "accuracy_where_seen": [float(right[s, i].mean()) for i, s in enumerate(seen.T)],
            "seen_and_right": (right & seen).mean(0).tolist(),
        },
        "sweep": _sweep(network, scores, test.labels),
    }
    if len(devices) == CAMERAS:
        found["failing"] = [_exits(network, test.scores(network, [i]), test.labels, thresholds) for i in devices]
    return found


def _exits(network: Network, scores: Scores, labels: NDArray[np.int64], thresholds: Sequence[float]) -> dict[str, Any]:
    exits = Exits(exit_scores(network, scores), labels)
    outcome = exits.outcome(thresholds)
    return {
        "forced": exits.forced_accuracies,
        "shares": dict(zip(exits.names, outcome.shares, strict=True)),
        "system": outcome.system_accuracy,
    }


def _sweep(network: Network, scores: Scores, labels: NDArray[np.int64]) -> list[dict[str, float]]:
    """Local share, system accuracy and bytes of a device for a sample, by the formula, at every T of `SWEEP`."""
    exits = Exits(exit_scores(network, scores), labels)
    lines = []
    for t in SWEEP:
        outcome = exits.outcome((t,) * (len(exits.names) - 1))
        sent = bytes_per_device(scores["local"].shape[-1], outcome.shares[0], network.arch.filters)
        lines.append({"T": t, "local_share": outcome.shares[0], "system": outcome.system_accuracy, "bytes": sent})
    return lines


def _shipped_sweep(weights: str, test: _Views) -> dict[str, Any] | None:
    """The sweep of the shipped weights, with their checksum; None where there are none."""
    try:
        card = read_card(weights)
    except WeightsError:
        return None
    network = load_network(card)
    lines = _sweep(network, test.scores(network), test.labels)
    return {"weights": card.name, "sha256": card.sha256, "samples": len(test.labels), "sweep": lines}


def _baselines(train: _Views, test: _Views) -> dict[str, Any]:
    """What is right without any pixel: the most frequent class; and that class for the pattern of black views."""
    commonest = Counter(train.labels.tolist()).most_common(1)[0][0]
    patterns: dict[tuple[bool, ...], Counter[int]] = defaultdict(Counter)
    for seen, label in zip(train.seen.tolist(), train.labels.tolist(), strict=True):
        patterns[tuple(seen)][label] += 1
    guesses = [patterns[p].most_common(1)[0][0] if p in patterns else commonest for p in map(tuple, test.seen.tolist())]
    samples = len(test.labels)
    return {
        "commonest class": {"samples": samples, "accuracy": float((test.labels == commonest).mean())},
        "class by pattern of black views": {"samples": samples, "accuracy": float((test.labels == guesses).mean())},
        "raw_bytes_per_device": raw_bytes(test.pixels.shape[-2:]),
    }


class _UntrainedError(LookupError):
    """A part of the study lacks a run."""


def _order(runs: Sequence[dict[str, Any]], seeds: Sequence[int]) -> list[int]:
    """Cameras from worst to best alone, by the share of validation samples that their network gets right."""

    def alone(camera: int) -> float:
        found = [r["validation"]["local"] for r in runs if r["devices"] == [camera] and r["seed"] in seeds]
        if len(found) < len(seeds):
            raise _UntrainedError
        return fmean(found)

    return sorted(ALL, key=alone)


def _without(camera: int) -> tuple[int, ...]:
    return tuple(c for c in ALL if c != camera)


def _summary(runs: Sequence[dict[str, Any]], seeds: Sequence[int], samples: int) -> dict[str, Any]:
    """The parts whose networks are all trained, with every seed."""

    def figure(
        of: Callable[[dict[str, Any]], float], devices: Sequence[int] = ALL, pair: str = PAIR, filters: int = USUAL
    ) -> dict[str, Any]:
        chosen = {r["seed"]: r for r in runs if _is(r, devices, pair, filters)}
        if not chosen.keys() >= set(seeds):
            raise _UntrainedError
        each = [of(chosen[seed]) for seed in seeds]
        return {"samples": samples, "seeds": list(seeds), "per_seed": each, "mean": fmean(each)}

    def exits(devices: Sequence[int], pair: str = PAIR, filters: int = USUAL) -> dict[str, Any]:
        return {
            "local": figure(lambda r: r["forced"]["local"], devices, pair, filters),
            "cloud": figure(lambda r: r["forced"]["cloud"], devices, pair, filters),
            "system": figure(lambda r: r["system"], devices, pair, filters),
        }

    def failing(camera: int) -> dict[str, Any]:
        return {
            "local": figure(lambda r: r["failing"][camera]["forced"]["local"]),
            "cloud": figure(lambda r: r["failing"][camera]["forced"]["cloud"]),
            "system": figure(lambda r: r["failing"][camera]["system"]),
        }

    def sweep(number: int, filters: int = USUAL) -> dict[str, Any]:
        names = ("local_share", "system", "bytes")
        found = {n: figure(lambda r, n=n: r["sweep"][number][n], filters=filters) for n in names}  # type: ignore[misc]
        return {"T": SWEEP[number], **found}

    kinds = ("seen", "accuracy_where_seen", "seen_and_right")

    def growing(n: int) -> dict[str, Any]:
        first = _order(runs, seeds)[:n]
        return {"cameras": first, **exits(first)}

    parts: dict[str, Callable[[], list[Any]]] = {
        "sweep": lambda: [sweep(number) for number in range(len(SWEEP))],
        "alone": lambda: [
            {
                "camera": c,
                **exits((c,)),
                **{k: figure(lambda r, k=k: r["device"][k][0], (c,)) for k in kinds},  # type: ignore[misc]
            }
            for c in ALL
        ],
        "order": lambda: _order(runs, seeds),
        "growing": lambda: [growing(n) for n in range(1, CAMERAS + 1)],
        "missing": lambda: [{"camera": c, "retrained": exits(_without(c)), "failing": failing(c)} for c in ALL],
        "fusion": lambda: [{"pair": pair, **exits(ALL, pair)} for pair in PAIRS],
        "filters": lambda: [
            {
                "filters": f,
                **exits(ALL, PAIR, f),
                "sweep": [sweep(number, f) for number in range(len(SWEEP))],
            }
            for f in FILTERS
        ],
    }
    found = {}
    for name, part in parts.items():
        with suppress(_UntrainedError):
            found[name] = part()
    return found


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON gives it back."""
    return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}
