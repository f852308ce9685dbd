"""The network's answers before anything is played: to everything that arrives of a sample if nothing is lost.

What is lost while a run is played asks further questions; these are not foreseen.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np

from simnet.models.data import open_dataset
from simnet.models.rules import FeatureRule
from simnet.scenario import Scenario
from simnet.terminal.listener import Progress
from simnet.world.captures import captures, images_of
from simnet.world.plan import plans_of
from simnet.world.run import Options, answers_of, complete_of, seen_by
from simnet.world.world import World


def questions(scenario: Scenario) -> str:
    """What the network is asked in a scenario depends on, but for losses and its seed, as text.

    Data, the nodes that play, and of the systems what is said in words, such as weights, codec and what stands for
    missing views. Their numbers (thresholds, limits) choose among answers and change none.
    """
    about = scenario.model_dump(mode="json", include={"data", "split", "samples"})
    if scenario.duration is not None:
        about |= scenario.model_dump(mode="json", include={"duration", "workload", "sites"})
    systems = {name: spec.model_dump(mode="json") for name, spec in scenario.systems.items()}
    about["systems"] = {name: _words(spec) for name, spec in systems.items()}
    about["nodes"] = {
        name: node.model_dump(mode="json", include={"tier", "site", "view", "views"})
        for name, node in scenario.nodes.items()
    }
    return json.dumps(about, sort_keys=True, ensure_ascii=False)


def _words(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _words(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_words(value) for value in content]
    return None if isinstance(content, int | float) and not isinstance(content, bool) else content


def answer_all(scenario: Scenario, seeds: Iterable[int], options: Options, progress: Progress | None = None) -> None:
    """Have the network answer at all exits what scenarios with the same `questions` and one of `seeds` may ask of it.

    What is known is not asked again. Systems that read features, which are not kept, are left out.

    Raises:
        ScenarioError, DataError, WeightsError, PluginError, DeviceError: as `simnet.world.run.run`.
    """
    plans = plans_of(scenario)
    data = open_dataset(scenario.data, scenario.split, options.data_dir, scenario.folder)
    seen = seen_by(scenario, plans, data, options)
    images: dict[int, np.ndarray[Any, Any]] = defaultdict(lambda: np.zeros(len(data), bool))
    for seed in seeds:
        drawn = scenario.model_copy(update={"seed": seed})
        captured = captures(drawn)
        rows = images_of(drawn, len(captured), len(data))
        for site in np.unique(captured.site).tolist():
            images[site][rows[captured.site == site]] = True
        if all(wanted.all() for wanted in images.values()):
            break
    for name, plan in plans.items():
        if any(isinstance(rule, FeatureRule) for rule in plan.rules.values()):
            continue
        world = World(scenario, plan, _nobody, captured, None, data.labels[rows].tolist())
        arrives = complete_of(world)
        rows_of = {site: np.flatnonzero(wanted) for site, wanted in images.items()}
        masks = np.concatenate([np.full(len(found), arrives[site], object) for site, found in rows_of.items()])
        rows_of_all = np.concatenate(list(rows_of.values()))
        alone = np.zeros(len(masks), np.int64)
        answers = answers_of(plan, seen[name], alone, rows_of_all, options, progress)
        try:
            answers.forced_accuracy(masks)
        finally:
            answers.save()


def _nobody(exit_name: str, sample: int, upstream: int) -> Any:
    raise AssertionError("a world that is not played asks nobody")
