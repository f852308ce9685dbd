"""From a finished training run to a weight file with its card: accuracies, calibrated T, costs, provenance."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from simnet.models.cards.card import Card, WeightsError, write_card
from simnet.models.cards.costs import segment_costs
from simnet.models.cards.traffic import traffic
from simnet.models.cards.weights import load_network, save_weights
from simnet.models.data import open_dataset
from simnet.models.data.base import Dataset
from simnet.models.evaluation.calibration import DEFAULT_RULE, Rule, calibration
from simnet.models.evaluation.reliability import fitted_temperatures, reliability
from simnet.models.evaluation.scores import Exits, camera_accuracy, classifier_scores
from simnet.models.networks.early_exit import AnyArchitecture, Network, architecture, read_architecture
from simnet.models.training.recipes import RECIPES, recipe, settings_of
from simnet.models.training.training import Recipe, Training, hardware


def train_command(arch: AnyArchitecture, data: str, how: Recipe) -> str:
    """The command that trains this network anew, without the paths that differ between machines.

    It begins with the recipe that leaves the fewest settings to name.
    """
    usual = architecture(arch.system, data)
    settings = {name: settings_of(arch, how, (usual, recipe(name, data))) for name in RECIPES}
    nearest = min(RECIPES, key=lambda name: len(settings[name]))
    words = [] if nearest == RECIPES[0] else ["--recipe", nearest]
    words += [word for setting in settings[nearest] for word in ("--set", shlex.quote(setting))]
    return " ".join(["python -m models train", arch.system, data, *words, f"--seed {how.seed}"])


def judged(
    network: Network,
    card: dict[str, Any],
    validation: Dataset,
    test: Dataset,
    rule: Rule = DEFAULT_RULE,
    temperature: bool = False,
) -> dict[str, Any]:
    """What a card says of its network's answers: accuracies, thresholds by every rule, reliability.

    `card` has system, architecture, class names and segments. With `temperature` the temperatures that validation
    fits are in force; without, the card only tells what they would do to reliability.
    """
    system = card["system"]
    held_out, tested = classifier_scores(network, validation), classifier_scores(network, test)
    fitted = fitted_temperatures(system, held_out, validation.labels)
    used = fitted if temperature else {}
    on_validation = Exits(system, held_out, validation.labels, used)
    on_test = Exits(system, tested, test.labels, used)
    bytes_until = {name: traffic(card).until(name) for name in on_test.names}
    splits = {"validation": (held_out, validation.labels), "test": (tested, test.labels)}
    return {
        "classifiers": sorted(tested),
        "forced_accuracy": {"validation": on_validation.forced_accuracies, "test": on_test.forced_accuracies},
        "camera_accuracy": camera_accuracy(tested, test.labels),
        "calibration": calibration(on_validation, on_test, bytes_until, rule, used),
        "reliability": reliability(system, splits, fitted),
    }


def publish(run: Training, path: Path, data_dir: Path | None) -> None:
    """Evaluate the run's network, calibrate T on the validation split, and write weights and card to `path`.

    Raises DataError when the test split is missing.
    """
    test = open_dataset(run.data_name, "test", data_dir)
    told: dict[str, Any] = {
        "system": run.arch.system,
        "data": run.data_name,
        "data_licence": test.licence,
        **({} if test.note is None else {"data_note": test.note}),
        "class_names": list(test.class_names),
        "architecture": run.arch.as_dict(),
        "parameters": sum(p.numel() for p in run.result.parameters()),
        "segments": segment_costs(run.result),
        "recipe": asdict(run.recipe),
        "command": train_command(run.arch, run.data_name, run.recipe),
        "seed": run.recipe.seed,
        "epochs": run.epoch,
        "duration_seconds": round(sum(line["seconds"] for line in run.log), 1),
        "hardware": hardware(str(run.device)),
        "torch": torch.__version__,
        "samples": {"train": len(run.data.labels), "validation": len(run.validation), "test": len(test)},
        "checksums": {"validation": run.validation.checksum, "test": test.checksum},
    }
    found = judged(run.result, told, run.validation, test)
    save_weights(run.result, {**told, **found, "log": run.log}, path)


def recalibrate(
    card: Card, data_dir: Path | None, rule: Rule = DEFAULT_RULE, temperature: bool = False, device: str = "cpu"
) -> Card:
    """Evaluate and calibrate the card's weights again and rewrite the card, as `publish` would; the weights stay.

    The command in the card is written anew, too: it names what differs from the present architectures and recipes.
    Raises WeightsError when the weights do not fit, or the data are not those that the card was made with (images that
    the network was trained on could be among them); DataError when they are missing.
    """
    network = load_network(card, device)
    try:
        how = Recipe(**card.values["recipe"])
    except (KeyError, TypeError) as problem:
        raise WeightsError(f"{card.path}: the recipe is none that can be trained: {problem}") from problem
    splits = {name: open_dataset(card.values["data"], name, data_dir) for name in ("validation", "test")}
    for name, data in splits.items():
        if card.values.get("checksums", {}).get(name) != data.checksum:
            raise WeightsError(f"{card.path}: the {name} data here are not those that the card was made with")
    found = judged(network, card.values, splits["validation"], splits["test"], rule, temperature)
    command = train_command(read_architecture(card.values["architecture"]), card.values["data"], how)
    values = {**card.values, "command": command, **found}
    values = {key: values[key] for key in sorted(values, key=("log", "sha256").__contains__)}  # these two stay last
    write_card(values, card.path)
    return Card(card.path, values)
