"""Which images a run sees: its seed draws them, for all systems alike, unless the file's order is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc

import simnet
from simnet.models.data.plaza.plaza import Plaza
from simnet.world.captures import images_of

TEXT = """
samples: 60
seed: {seed}
data: {data}
workload: {{every: 10 ms}}
nodes:
  camera[1..6]: {{tier: device, speed: 1 GFLOP/s}}
  edge: {{tier: edge, speed: 10 GFLOP/s}}
  cloud: {{tier: cloud, speed: 100 GFLOP/s}}
links:
  - {{between: ["camera*", edge], bandwidth: 100 Mbit/s, latency: 1 ms}}
  - {{between: [edge, cloud], bandwidth: 100 Mbit/s, latency: 1 ms}}
systems:
  ddnn: {{thresholds: 1, weights: ddnn-plaza}}
  ada-ddnn: {{thresholds: 1, weights: ada-ddnn-plaza}}
"""


def scenario(seed: int, data: str = "plaza") -> simnet.Scenario:
    return simnet.load(TEXT.format(seed=seed, data=data))


def test_every_image_comes_once_before_any_comes_again():
    drawn = images_of(scenario(1), 25, 10)
    assert all(sorted(drawn[start : start + 10]) == list(range(10)) for start in (0, 10))
    assert len(set(drawn[20:])) == 5
    assert list(drawn[:10]) != list(drawn[10:20])
    assert list(images_of(scenario(1), 7, 10)) == list(drawn[:7])  # fewer samples are the first of them
    assert list(images_of(scenario(2), 25, 10)) != list(drawn)
    assert list(images_of(scenario(1, "{set: plaza, order: file}"), 25, 10)) == [n % 10 for n in range(25)]


def test_the_seed_chooses_the_images_for_all_systems_alike(tmp_path: Path):
    first, second = (simnet.run(scenario(seed)) for seed in (1, 2))
    images = [run.samples(system)["image"].to_numpy() for run in (first, second) for system in ("ddnn", "ada-ddnn")]
    assert np.array_equal(images[0], images[1]) and np.array_equal(images[2], images[3])
    assert not np.array_equal(images[0], images[2])
    assert len(set(images[0].tolist())) == 60
    accuracies = [pc.mean(run.samples("ddnn")["correct"].cast("int8")).as_py() for run in (first, second)]
    assert accuracies[0] != accuracies[1]  # it has a spread over seeds
    filed = simnet.run(scenario(1, "{set: plaza, order: file}"))
    assert filed.samples("ddnn")["image"].to_pylist() == list(range(60))
    assert np.array_equal(filed.samples("ddnn")["label"].to_numpy(), Plaza("test").labels[:60])
    assert np.array_equal(first.samples("ddnn")["label"].to_numpy(), Plaza("test").labels[images[0]])
