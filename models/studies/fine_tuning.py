"""Fine-tuning with several seeds: how much of what view dropout or 1 bit brings is the draw of one seed.

Every run begins with the same weights. The card's seed stands for the shipped network itself; the others are trained
by the card's recipe with another seed, measured, and not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from simnet.models.cards.card import Card
from simnet.models.cards.sources import data_of
from simnet.models.cards.weights import build, load_network
from simnet.models.data import written
from simnet.models.data.base import Dataset
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import exit_scores, segment_scores
from simnet.models.networks.base import Network
from simnet.models.studies.base import EVALUATIONS, store, stored
from simnet.models.studies.faults import with_missing
from simnet.models.training.training import Recipe, Training


def run(
    card: Card,
    data: Dataset,
    rows: int,
    seeds: Sequence[int],
    data_dir: Path | None,
    tell: Callable[[str], None],
    chosen: str | None = None,
) -> None:
    """Measure the card's network and its likes with other seeds on `data`; what is stored is not run again.
    `chosen` says where the card's data lie now.

    A run has `forced`, the accuracy of each exit over all samples, and, where views were dropped in training,
    `cloud_missing`: for each mode the cloud's accuracy on the first `rows` samples with 0, 1, … cameras missing, the
    mean over all subsets. Raises DataError without the data set, WeightsError when the stored results are damaged.
    """
    study, how = f"fine-tuning-{card.name}", Recipe(**card.values["recipe"])
    head = {
        "weights": card.name,
        "sha256": card.values["sha256"],
        "data": card.values["data"],
        "split": data.split,
        "samples": len(data),
        "rows": min(rows, len(data)),
    }
    values: dict[str, Any] = {**head, "runs": []}
    if (EVALUATIONS / f"{study}.json").exists():
        found = stored(study)
        if {key: found.get(key) for key in head} == head:
            values = found
    for seed in seeds:
        if seed in [done["seed"] for done in values["runs"]]:
            continue
        network = load_network(card) if seed == how.seed else _trained(card, replace(how, seed=seed), data_dir, chosen)
        exits = Exits(exit_scores(network, segment_scores(network, data)), data.labels)
        line: dict[str, Any] = {"seed": seed, "forced": exits.forced_accuracies}
        if how.view_dropout:
            line["cloud_missing"] = {
                mode: [
                    fmean(entry["forced"]["cloud"] for entry in entries if len(entry["missing"]) == n)
                    for n in range(len(network.graph.seen))
                ]
                for mode, entries in with_missing(network, card, data, head["rows"]).items()
            }
        values["runs"].append(line)
        store(study, values)
        tell(f"{card.name}, seed {seed}: {line['forced']}")


def _trained(card: Card, how: Recipe, data_dir: Path | None, chosen: str | None) -> Network:
    """A network like the card's, trained anew."""
    training = Training(card.network, build(card).arch, written(data_of(card, chosen)[0]), how, data_dir, "cpu")
    while training.epoch < how.epochs:
        training.run_epoch(lambda: None)
    return training.result
