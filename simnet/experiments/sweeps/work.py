"""What is done for one run of a sweep, in whatever process: the scenario is made, played, and summed up."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from simnet.collector import no_garbage_collection
from simnet.language.errors import clipped
from simnet.scenario import Scenario
from simnet.scenario.changes import Change, changed_by


@dataclass(frozen=True)
class Job:
    """One run.

    Attributes:
        number: Of the run in its sweep.
        name: Of its file.
        base: The sweep's scenario, see `packed`.
        changes: What this point changes in it.
        seed: Its seed.
        data_dir: Folder with data sets.
        device: Where the network runs.
        network: Whether the network may run here; else an answer that is not known ends the attempt.
    """

    number: int
    name: str
    base: bytes
    changes: Sequence[Change]
    seed: int
    data_dir: Path | None
    device: str = "auto"
    network: bool = True


Outcome = dict[str, Any]
"""`summary` and `seconds` (of processor time), or `error`, or `unknown`: an answer of the network is missing."""


def packed(scenario: Scenario) -> bytes:
    """A scenario for other processes, which find the user's kinds by themselves."""
    import pickle

    if scenario._given is None or scenario._as_given != scenario.__dict__:  # made in Python
        scenario = changed_by(scenario, ())
    return pickle.dumps((scenario._given, scenario._source))


@lru_cache(maxsize=4)
def _unpacked(base: bytes) -> Scenario:
    import pickle
    from copy import deepcopy

    from simnet.scenario.changes import applied

    given, source = pickle.loads(base)
    return applied((), deepcopy(given), source)


def scenario_of(base: Scenario, changes: Sequence[Change], seed: int | None = None) -> Scenario:
    """The scenario of one run; `seed` None: its own. Raises ScenarioError."""
    scenario = changed_by(base, changes)
    return scenario if seed in (None, scenario.seed) else scenario.model_copy(update={"seed": seed})


def play(job: Job) -> Outcome:
    """Do one run. Whatever goes wrong in it is its outcome."""
    from simnet.inference.answers import UnknownAnswerError

    begun = time.process_time()
    try:
        with no_garbage_collection():
            summary = _summary(job)
    except UnknownAnswerError:
        return {"unknown": True}
    except Exception as problem:
        return {"error": told(problem)}
    return {"summary": summary, "seconds": time.process_time() - begun}


def told(problem: Exception) -> str:
    """One line of what went wrong; of what is a fault of ours, its kind, too."""
    from simnet.registry import blamed

    known = type(problem).__module__.startswith("simnet.")
    text = " ".join(str(problem).split()) or type(problem).__name__
    return clipped(text if known else blamed(problem) or f"{type(problem).__name__}: {text}")


def _summary(job: Job) -> dict[str, Any]:
    from simnet.models.rules import FeatureRule
    from simnet.results.run import summary_of
    from simnet.world import run as engine
    from simnet.world.plan import plans_of

    scenario = scenario_of(_unpacked(job.base), job.changes, job.seed)
    plans = plans_of(scenario)
    reads = any(isinstance(rule, FeatureRule) for plan in plans.values() for rule in plan.rules.values())
    options = engine.Options(
        device=job.device, data_dir=job.data_dir, again=False, network=job.network or reads
    )  # features are not kept: who reads them needs the network in any case
    results, _ = engine.run(scenario, options, plans=plans)
    return summary_of(scenario.name, in_file_form(scenario), results)


def in_file_form(scenario: Scenario) -> dict[str, Any]:
    """What a summary takes of a scenario, in the form of its file."""
    return {
        "seed": scenario.seed,
        "data": scenario.data.model_dump(mode="json"),
        "nodes": {name: {"tier": node.tier} for name, node in scenario.nodes.items()},
    }


def as_text(scenario: Scenario) -> str:
    """All that a scenario says, but for what it is called; equal texts, equal results of equal seeds."""
    content = scenario.model_dump(mode="json", exclude={"name", "description", "seed"})
    return json.dumps(content, sort_keys=True, ensure_ascii=False)
