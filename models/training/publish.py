"""From a finished training run to a weight file with its card: accuracies, calibrated T, costs, provenance."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from simnet.models.cards.card import Card, WeightsError, write_card
from simnet.models.cards.costs import measured
from simnet.models.cards.sources import open_data
from simnet.models.cards.weights import load_network, save_weights
from simnet.models.data import open_dataset, set_of
from simnet.models.data.base import Dataset
from simnet.models.evaluation.alternatives import NONE, Kinds, Split, alternatives, in_force, reads_features
from simnet.models.evaluation.calibration import DEFAULT_RULE, Aims, Rule, calibration
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.reliability import fitted_temperatures, reliability
from simnet.models.evaluation.scores import camera_accuracy, exit_features, exit_scores, segment_scores
from simnet.models.graph import Graph
from simnet.models.networks.base import Network
from simnet.models.training.recipes import RECIPES, recipe, settings_of
from simnet.models.training.training import Recipe, Training, hardware

Sent = Callable[[str, Graph, str], Mapping[str, int]]
"""(kind of network, graph, codec) → bytes that are sent for a sample that leaves at each exit.

What is sent is the protocol's business: a system tells (`simnet.systems.bytes_until`).
"""


def train_command(kind: str, network: Network, data: str, how: Recipe) -> str:
    """The command that trains this network anew, without the paths that differ between machines.

    `kind` and `data` are what network and data set are found by. It begins with the recipe that leaves
    the fewest settings to name.
    """
    arch, kind_of_data = network.arch, set_of(data)
    usual = network.for_data(kind_of_data, arch.views, arch.view, arch.classes)
    bases = {
        name: (replace(usual, **network.variants.get(name, {})), recipe(name, kind_of_data, network.usual))
        for name in RECIPES
    }
    settings = {name: settings_of(arch, how, base) for name, base in bases.items()}
    nearest = min(RECIPES, key=lambda name: len(settings[name]))
    words = [] if nearest == RECIPES[0] else ["--recipe", nearest]
    words += [word for setting in settings[nearest] for word in ("--set", shlex.quote(setting))]
    return " ".join(["python -m models train", shlex.quote(kind), shlex.quote(data), *words, f"--seed {how.seed}"])


def judged(
    network: Network,
    validation: Dataset,
    test: Dataset,
    until: Mapping[str, int],
    rule: Rule = DEFAULT_RULE,
    temperature: bool = False,
    exit_rules: Kinds = NONE,
    aims: Aims = Aims(),  # noqa: B008 - frozen
) -> dict[str, Any]:
    """What a card says of its network's answers: accuracies, thresholds by every rule, reliability.

    `until` has the bytes sent for a sample that leaves at each exit. With `temperature` the temperatures that
    validation fits are in force; without, the card only tells what they would do to reliability. `exit_rules` are
    further ones that thresholds are wanted for.
    """
    held_out, tested = segment_scores(network, validation), segment_scores(network, test)
    fitted = fitted_temperatures(network, held_out, validation.labels)
    used = in_force(fitted, network.graph, temperature)
    on_validation = Exits(exit_scores(network, held_out, used), validation.labels)
    on_test = Exits(exit_scores(network, tested, used), test.labels)
    reads = reads_features(exit_rules)
    splits = {
        name: Split(scores, data.labels, exit_features(network, data) if reads else {})
        for name, scores, data in (("validation", held_out, validation), ("test", tested, test))
    }
    return {
        "forced_accuracy": {"validation": on_validation.forced_accuracies, "test": on_test.forced_accuracies},
        "camera_accuracy": camera_accuracy(network, tested, test.labels),
        "calibration": {
            **calibration(on_validation, on_test, until, rule, used, aims),
            "alternatives": list(
                alternatives(network, splits["validation"], splits["test"], until, rule, used, exit_rules, aims)
            ),
        },
        "reliability": reliability(network, {name: one[:2] for name, one in splits.items()}, fitted),
    }


def publish(run: Training, path: Path, data_dir: Path | None, sent: Sent) -> None:
    """Evaluate the run's network, calibrate T on the validation split, and write weights and card to `path`.

    Raises DataError when the test split is missing.
    """
    test = open_dataset(run.data_name, "test", data_dir)
    run.conclude()
    network = run.result
    graph = measured(network)
    told: dict[str, Any] = {
        "network": run.kind,
        "data": run.data_name,
        "data_licence": test.licence,
        **({"data_note": test.note} if test.note else {}),
        "class_names": list(test.class_names),
        "architecture": run.arch.as_dict(),
        "parameters": sum(p.numel() for p in network.parameters()),
        "graph": graph.as_dict(),
        "layers": network.layers(),
        "recipe": asdict(run.recipe),
        "command": train_command(run.kind, network, run.data_name, run.recipe),
        "seed": run.recipe.seed,
        "epochs": run.epoch,
        "duration_seconds": round(sum(line["seconds"] for line in run.log), 1),
        "hardware": hardware(str(run.device)),
        "precision": run.precision,
        "torch": torch.__version__,
        "samples": {"train": len(run.data.labels), "validation": len(run.validation), "test": len(test)},
        "checksums": {"validation": run.validation.checksum, "test": test.checksum},
    }
    found = judged(network, run.validation, test, sent(run.kind, graph, run.arch.codec))
    own = network.own_values(graph, run.validation)
    save_weights(network, {**told, **found, **own, "log": run.log}, path)


def recalibrate(
    card: Card,
    data_dir: Path | None,
    sent: Sent,
    rule: Rule = DEFAULT_RULE,
    temperature: bool = False,
    device: str = "cpu",
    exit_rules: Kinds = NONE,
    aims: Aims = Aims(),  # noqa: B008 - frozen
    data: str | None = None,
) -> Card:
    """Evaluate and calibrate the card's weights again and rewrite the card, as `publish` would; the weights stay.

    A card of the first edition becomes one of this. The command in the card is written anew, too: it names what differs
    from the present architectures and recipes. `data` says where the card's data lie now. Raises WeightsError when the
    weights do not fit, or the data are not those that the card was made with (images that the network was trained on
    could be among them); DataError when they are missing.
    """
    network = load_network(card, device)
    try:
        how = Recipe(**card.values["recipe"])
    except (KeyError, TypeError) as problem:
        raise WeightsError(f"{card.path}: the recipe is none that can be trained: {problem}") from problem
    kind = str(card.values["data"])
    splits = {name: open_data(card, name, data_dir, data) for name in ("validation", "test")}
    for name, opened in splits.items():
        if card.values.get("checksums", {}).get(name) != opened.checksum:
            raise WeightsError(f"{card.path}: the {name} data here are not those that the card was made with")
    until = sent(card.network, card.graph, card.codec)
    found = judged(network, splits["validation"], splits["test"], until, rule, temperature, exit_rules, aims)
    command = train_command(card.network, network, kind, how)
    own = network.own_values(card.graph, splits["validation"])
    values = {**renewed(card, network), "command": command, **found, **own}
    values = {key: values[key] for key in sorted(values, key=("log", "sha256").__contains__)}  # these two stay last
    write_card(values, card.path)
    return Card(card.path, values)


def renewed(card: Card, network: Network) -> dict[str, Any]:
    """The card's values in the present form: network and graph in place of system and segments."""
    new = {
        "network": card.network,
        "architecture": network.arch.as_dict(),
        "graph": (card.counted if card.graph.structure == network.graph.structure else measured(network)).as_dict(),
        "layers": network.layers(),
    }
    former = {"system": "network", "segments": "graph", "classifiers": None}
    values: dict[str, Any] = {}
    for key, value in card.values.items():
        place = former.get(key, key)
        if place is not None:
            values[place] = new.get(place, value)
    return {**values, **{key: value for key, value in new.items() if key not in values}}
