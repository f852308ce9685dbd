"""Scenarios whose data have other cameras, or finer views: what runs, and what fits no weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from weights import write_random_weights

import simnet
from simnet.models.data import open_dataset
from simnet.models.data.plaza.plaza import Plaza
from simnet.scenario import ScenarioError

SCENARIO = """\
data: {{set: plaza, cameras: {cameras}, side: {side}}}
samples: 8
workload: {{every: 1 s}}
nodes:
  camera[1..{nodes}]: {{tier: device, preset: raspberry-pi-4, jitter: {{cv: 10 %}}}}
  edge: {{tier: edge, preset: jetson-orin-nano, jitter: {{cv: 10 %}}}}
  cloud: {{tier: cloud, preset: nvidia-t4, jitter: {{cv: 10 %}}}}
links:
  - {{between: [camera*, edge], preset: wifi}}
  - {{between: [edge, cloud], preset: wan}}
systems:
  ada-ddnn: {{weights: ada-ddnn-plaza.safetensors}}
"""


NARROW = {"device_widths": (4,), "device_pools": (1,), "edge_widths": (8,), "edge_pools": (1,), "cloud_widths": (8,)}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A scenario with so many cameras of such a side, and as many nodes; random weights for 12 cameras of 64 pixels."""
    folder = tmp_path_factory.mktemp("many")
    write_random_weights(folder, "ada-ddnn", "plaza", views=12, view=(64, 64), **NARROW)

    def written(cameras: int, side: int, nodes: int) -> Path:
        file = folder / "scenario.yaml"
        file.write_text(SCENARIO.format(cameras=cameras, side=side, nodes=nodes), encoding="utf-8")
        return file

    return written


def test_twelve_cameras_of_64_pixels(scenario: Callable[..., Path]) -> None:
    """Without a note; what is resolved names the same data."""
    loaded = simnet.load(scenario(12, 64, 12))
    run = simnet.run(loaded)
    assert run.notes == []
    images = run.samples("ada-ddnn")["image"].to_numpy()
    data = open_dataset(Plaza.Options(set="plaza", cameras=12, side=64), "test")
    assert np.array_equal(run.samples("ada-ddnn")["label"].to_numpy(), data.labels[images])
    assert set(run.samples("ada-ddnn")["views"].to_pylist()) == {2**12 - 1}


def test_weights_tell_the_data_that_they_were_trained_on(scenario: Callable[..., Path]) -> None:
    file = scenario(6, 32, 6)
    card = file.with_name("ada-ddnn-plaza.json")
    text = card.read_text(encoding="utf-8")
    keys = '{"set": "plaza", "cameras": 12, "side": 64}'
    card.write_text(text.replace('"data": "plaza"', f'"data": {json.dumps(keys)}'), encoding="utf-8")
    try:
        with pytest.raises(
            ScenarioError, match="is for 12 views of 3×64×64; plaza has 6 views of 3×32×32; it was"
        ) as e:
            simnet.run(simnet.load(file))
        assert str(e.value).endswith(f"it was trained on {keys}")
    finally:
        card.write_text(text, encoding="utf-8")


def test_weights_of_another_edition_are_refused(scenario: Callable[..., Path]) -> None:
    """Each way in one message; cards that say `plaza` mean the first edition, and keep meaning it."""
    file = scenario(12, 64, 12)
    card = file.with_name("ada-ddnn-plaza.json")
    text = card.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace("set: plaza,", "set: plaza2,"), encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        simnet.check(simnet.load(file))
    (problem,) = error.value.problems
    assert problem.message == "ada-ddnn-plaza is for data 'plaza', not 'plaza2'"
    card.write_text(text.replace('"data": "plaza"', '"data": "plaza2"'), encoding="utf-8")
    try:
        assert simnet.check(simnet.load(file)) is not None
        with pytest.raises(ScenarioError, match="ada-ddnn-plaza is for data 'plaza2', not 'plaza'"):
            simnet.check(simnet.load(scenario(12, 64, 12)))
    finally:
        card.write_text(text, encoding="utf-8")


def test_fewer_nodes_than_cameras_are_a_note(scenario: Callable[..., Path]) -> None:
    (note,) = simnet.run(simnet.load(scenario(12, 64, 11))).notes
    assert "only 11 of 12 views exist" in note


@pytest.mark.parametrize(
    ("cameras", "side", "nodes", "told"),
    [
        (12, 64, 13, "the network has 12 views; none is for 'camera13'"),
        (3, 64, 12, "ada-ddnn-plaza is for 12 views of 3×64×64; plaza has 3 views of 3×64×64"),
        (13, 64, 12, "ada-ddnn-plaza is for 12 views of 3×64×64; plaza has 13 views of 3×64×64"),
        (12, 32, 12, "ada-ddnn-plaza is for 12 views of 3×64×64; plaza has 12 views of 3×32×32"),
    ],
)
def test_what_does_not_fit_is_one_message(
    cameras: int, side: int, nodes: int, told: str, scenario: Callable[..., Path]
) -> None:
    """And by a check, too."""
    with pytest.raises(ScenarioError) as error:
        simnet.check(simnet.load(scenario(cameras, side, nodes)))
    (problem,) = error.value.problems
    assert told in problem.message
    assert problem.line in (12, 13) and problem.key.startswith("systems.ada-ddnn")


@pytest.mark.parametrize(
    ("trained", "data", "has"),
    [
        ("cifar10", "{set: cifar10, cut: whole}", "cifar10 has 1 view of 3×32×32"),
        ("cifar10", "{set: cifar10, cut: 16x10}", "cifar10 has 6 views of 3×16×10"),
        ("folder", "{set: folder, path: photos, side: 64, views: [a, b, c]}", "folder has 3 views of 3×64×64"),
        ("folder", "{set: folder, path: photos, side: 48}", "folder has 1 view of 3×48×48"),
    ],
)
def test_a_check_tells_the_shape_by_the_keys_alone(trained: str, data: str, has: str, tmp_path: Path) -> None:
    """No data lie there."""
    card = write_random_weights(tmp_path, "ada-ddnn", "plaza", views=12, view=(64, 64), **NARROW).with_suffix(".json")
    told = card.read_text(encoding="utf-8").replace('"data": "plaza"', f'"data": "{trained}"')
    card.write_text(told, encoding="utf-8")
    text = SCENARIO.format(cameras=12, side=64, nodes=12)
    file = tmp_path / "scenario.yaml"
    file.write_text(text.replace("{set: plaza, cameras: 12, side: 64}", data), encoding="utf-8")
    with pytest.raises(ScenarioError, match=f"is for 12 views of 3×64×64; {has}") as error:
        simnet.check(simnet.load(file))
    (problem,) = error.value.problems
    assert problem.key == "systems.ada-ddnn.weights"
