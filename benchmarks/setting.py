"""What the whole-process benchmarks share: the default scenario, its weights, a cache of their own, a stopwatch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from simnet.models.cards.card import WeightsError, read_card
from simnet.models.data import open_dataset
from simnet.models.data.cache import cache_dir
from simnet.scenario import Scenario, load_scenario

SCENARIO = Path("scenarios/six_cameras.yaml")


@dataclass(frozen=True)
class Cost:
    """Wall-clock and processor seconds of a process, from its start to its end, and the most memory, in bytes."""

    wall: float
    cpu: float
    memory: int


def measure(command: Sequence[str], cache: Path, show: bool = False) -> Cost:
    """Run a Python command (`-m ...`) with `cache` as a process; raises SystemExit with its message when it fails."""
    environment = {**os.environ, "SIMNET_CACHE": str(cache)}
    begin = perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = perf_counter() - begin
    if show:
        print(said, end="")
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each."""
    memory = int(median(cost.memory for cost in costs))
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs), memory)


def overrides(folder: Path, samples: int) -> tuple[list[str], list[str]]:
    """The scenario's systems with shipped weights or, of those that are missing, random ones made in `folder`.

    Returns `--set` values, and which systems got random weights; `folder` afterwards is a cache without answers, but
    with the pixels of the first `samples` samples.
    """
    changed, random = [], []
    scenario = load_scenario(SCENARIO)
    for name, spec in scenario.systems.items():
        try:
            read_card(spec.weights)
        except WeightsError:
            from tests.weights import write_random_weights

            path = write_random_weights(folder / "weights", spec.system, scenario.data.set)
            changed.append(f"systems.{name}.weights={path}")
            random.append(name)
    open_dataset(scenario.data, scenario.split).pixels(np.arange(samples))
    (folder / scenario.data.set).symlink_to((cache_dir() / scenario.data.set).absolute())
    return changed, random


def loaded(changed: Sequence[str], samples: int) -> Scenario:
    return load_scenario(SCENARIO, changed, samples=samples)
