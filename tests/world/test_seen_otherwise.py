"""Systems of one scenario that see the same samples in other cuts, and name the nodes that play in them.

Thirty made-up images in the layout of CIFAR-10: ada-ddnn has them in 3 x 2 patches from six cameras, dapdee whole, from
the third camera.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from weights import architecture, untrained, write_network

import simnet
from simnet.models.cards.card import read_card
from simnet.models.cards.weights import load_network
from simnet.models.data import open_dataset
from simnet.models.data.base import DataError
from simnet.models.data.cifar10 import DEFAULT_CUT
from simnet.models.networks.dapdee import ResNetArchitecture
from simnet.scenario import ScenarioError
from simnet.world.plan import plans_of
from simnet.world.run import Options, seen_by

SCENARIO = """\
data: cifar10
samples: 45
workload: {every: 100 ms}
nodes:
  camera[1..6]: {tier: device, preset: raspberry-pi-4}
  edge: {tier: edge, preset: jetson-orin-nano}
  cloud: {tier: cloud, preset: nvidia-t4}
links:
  - {between: [camera*, edge], preset: wifi}
  - {between: [edge, cloud], preset: wan}
systems:
  ada-ddnn: {weights: patches.safetensors, thresholds: 0}
  dapdee: {weights: whole.safetensors, planner: device-only, data: {cut: whole}, roles: {device: camera3}}
"""
NARROW = {"device_widths": (4,), "device_pools": (1,), "edge_widths": (8,), "edge_pools": (1,), "cloud_widths": (8,)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (30, 32, 32, 3), dtype=np.uint8)
    files = []
    for image in images:
        file = BytesIO()
        Image.fromarray(image).save(file, "PNG")
        files.append({"bytes": file.getvalue(), "path": None})
    (tmp_path / "cifar10").mkdir()
    pq.write_table(pa.table({"img": files, "label": np.arange(30) % 10}), tmp_path / "cifar10" / "test.parquet")
    monkeypatch.setenv("SIMNET_DATA", str(tmp_path))
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path / "cache"))
    patches = untrained("ada-ddnn", replace(architecture("ada-ddnn", "cifar10"), **NARROW))
    write_network(patches, "ada-ddnn", "cifar10", tmp_path / "patches.safetensors")
    whole = untrained("resnet14", ResNetArchitecture(view=(32, 32), stem=4, widths=(4, 4, 8), classes=10))
    write_network(whole, "resnet14", "cifar10", tmp_path / "whole.safetensors")
    (tmp_path / "scenario.yaml").write_text(SCENARIO)
    return tmp_path


def test_a_sample_is_the_same_image_in_every_system(folder: Path) -> None:
    """Each system answers what plain PyTorch answers of its own cut of one and the same image."""
    run = simnet.run(folder / "scenario.yaml", device="cpu")
    one, other = (run.samples(name) for name in ("ada-ddnn", "dapdee"))
    for column in ("image", "label", "captured_at"):
        assert one[column].equals(other[column])
    images = one["image"].to_numpy()
    assert set(images) == set(range(30)) and list(images[:30]) != list(range(30)), "in a random order, then again"
    assert one["label"].to_pylist() == [image % 10 for image in images]
    cut, whole = open_dataset("cifar10", "test"), open_dataset("{set: cifar10, cut: whole}", "test")
    assert np.array_equal(DEFAULT_CUT(whole.pixels(images)[:, 0]), cut.pixels(images))
    for table, data, name, last in ((one, cut, "patches", "cloud"), (other, whole, "whole", "exit-3")):
        network = load_network(read_card(str(folder / f"{name}.safetensors")))
        with torch.inference_mode():
            scores = network(network.prepare(torch.from_numpy(data.pixels(images))))[last]
        assert table["prediction"].to_pylist() == scores.argmax(1).tolist()
        assert set(table["exit"].to_pylist()) == {last}
    assert run.summary["paired"]["dapdee vs ada-ddnn"]["samples"] == 45


def test_only_the_nodes_of_a_role_play(folder: Path) -> None:
    """The third camera has dapdee's only view, and does all the work."""
    run = simnet.run(folder / "scenario.yaml", device="cpu")
    assert set(run.spans("dapdee")["place"].to_pylist()) == {"camera3"}
    assert set(run.samples("dapdee")["views"].to_pylist()) == {0b1}
    assert set(run.samples("ada-ddnn")["views"].to_pylist()) == {0b111111}
    assert run.summary["systems"]["dapdee"]["bytes"]["raw_offload"] == 45 * 32 * 32 * 3
    assert run.summary["systems"]["ada-ddnn"]["bytes"]["raw_offload"] == 45 * 6 * 10 * 16 * 3


def test_operations_are_those_of_the_segments_that_ran(folder: Path) -> None:
    """All leave at the last exit: six devices, the edge and the cloud; the trunk and the last head on camera 3."""
    run = simnet.run(folder / "scenario.yaml", device="cpu")
    patches, whole = (read_card(str(folder / f"{name}.json")).graph.segments for name in ("patches", "whole"))
    cut = 6 * patches["device"].flop + patches["edge"].flop + patches["cloud"].flop
    one = sum(segment.flop for name, segment in whole.items() if name not in ("exit-1", "exit-2"))
    found = {name: system["flop"] for name, system in run.summary["systems"].items()}
    assert found["ada-ddnn"]["per_sample"] == cut and found["ada-ddnn"]["total"] == 45 * cut
    assert found["ada-ddnn"]["nodes"]["camera4"] == 45 * patches["device"].flop
    assert found["dapdee"] == {"total": 45 * one, "per_sample": one, "nodes": {"camera3": 45 * one}}


def test_what_is_resolved_says_so_and_so_does_the_manifest(folder: Path) -> None:
    run = simnet.run(folder / "scenario.yaml", device="cpu", out=folder / "run")
    again = simnet.load(folder / "run" / "scenario.yaml")
    assert again.systems["dapdee"].data == {"cut": "whole"} and again.systems["dapdee"].roles == {
        "device": ("camera3",)
    }
    assert run.manifest["data"]["sha256"] == open_dataset("cifar10", "test").checksum
    whole = open_dataset("{set: cifar10, cut: whole}", "test").checksum
    assert run.manifest["systems"]["dapdee"]["data"] == whole
    assert "data" not in run.manifest["systems"]["ada-ddnn"]


def test_globs_and_lists_name_nodes_in_the_order_of_the_file(folder: Path) -> None:
    loaded = simnet.load(
        folder / "scenario.yaml", 'systems.ada-ddnn.roles={device: ["camera[5..6]", "camera?"], edge: edge}'
    )
    assert loaded.systems["ada-ddnn"].roles == {"device": tuple(f"camera{n}" for n in range(1, 7)), "edge": ("edge",)}
    (place,) = plans_of(loaded)["ada-ddnn"].places
    assert place.views == {f"camera{n}": n - 1 for n in range(1, 7)} and place.only("cloud") == "cloud"


def test_who_is_named_for_one_role_plays_no_other(folder: Path) -> None:
    """A role that is not named is played by the others of its tier; views go by the order of those that see."""
    loaded = simnet.load(folder / "scenario.yaml", "systems.ada-ddnn.roles={edge: camera2}")
    (place,) = plans_of(loaded)["ada-ddnn"].places
    assert place.only("edge") == "camera2"
    assert place.views == {"camera1": 0, "camera3": 1, "camera4": 2, "camera5": 3, "camera6": 4}


@pytest.mark.parametrize(
    ("old", "new", "messages"),
    [
        ("cut: whole", "cuts: whole", ["yaml:13: systems.dapdee.data.cuts", "only cut", "did you mean 'cut'?"]),
        ("cut: whole", "order: file", ["systems.dapdee.data.order: all systems see the same samples", "only cut"]),
        ("cut: whole", "cut: 3", ["scenario.yaml:13: systems.dapdee.data.cut: "]),
        ("cut: whole", "cut: 9x9", ["systems.dapdee.data.cut: must be whole, 16x10 or rows x columns"]),
        ("{cut: whole}", "whole", ["systems.dapdee.data: ", "'whole'"]),
        (", data: {cut: whole}", "", ["whole is for 1 view of 3×32×32; cifar10 has 6 views of 3×10×16"]),
        ("device: camera3", "device: camera9", ["systems.dapdee.roles.device: unknown node 'camera9'"]),
        ("device: camera3", "devices: camera3", ["systems.dapdee.roles.devices: unknown role 'devices'", "'device'?"]),
        ("device: camera3", "device: []", ["systems.dapdee.roles.device: "]),
        ("device: camera3", "device: camera*", ["role 'device' needs exactly one node of tier 'device', found 6"]),
        ("device: camera3", "device: [camera3, edge]", ["roles.device: must be nodes of one tier, found device, edge"]),
        ("device: camera3", "device: camera3, edge: camera3", ["roles.edge: 'camera3' already plays 'device'"]),
        (", roles: {device: camera3}", "", ["role 'device' needs exactly one node of tier 'device', found 6"]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_message(folder: Path, old: str, new: str, messages: list[str]) -> None:
    assert old in SCENARIO
    (folder / "scenario.yaml").write_text(SCENARIO.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        simnet.check(simnet.load(folder / "scenario.yaml"))
    (problem,) = caught.value.problems
    assert all(message in str(problem) for message in messages), problem


def test_plaza_is_the_same_scene_with_more_cameras(tmp_path: Path) -> None:
    few, finer = (
        open_dataset(f"{{set: plaza, {keys}, samples: {{test: 500}}}}", "test") for keys in ("cameras: 3", "side: 64")
    )
    assert np.array_equal(few.labels, finer.labels)


def test_other_samples_are_refused(folder: Path) -> None:
    """A data set that says that a key changes how samples are seen, and changes them."""
    (folder / "shifty.py").write_text(
        "from typing import ClassVar\n"
        "import numpy as np\n"
        "from simnet.models.data.cifar10 import Cifar10\n"
        "class Shifty(Cifar10):\n"
        "    name = 'shifty'\n"
        "    class Options(Cifar10.Options):\n"
        "        seeing: ClassVar[tuple[str, ...]] = ('cut', 'shift')\n"
        "        shift: int = 0\n"
        "    @classmethod\n"
        "    def open(cls, options, split, data_dir):\n"
        "        made = super().open(options, split, data_dir)\n"
        "        made.labels = np.roll(made.labels, options.shift)\n"
        "        return made\n"
    )
    for name in ("patches", "whole"):
        card = folder / f"{name}.json"
        card.write_text(card.read_text().replace('"data": "cifar10"', '"data": "shifty.py:Shifty"'))
    text = SCENARIO.replace("data: cifar10", 'data: "shifty.py:Shifty"')
    (folder / "scenario.yaml").write_text(text)
    assert simnet.run(folder / "scenario.yaml", device="cpu").summary["samples"] == 45
    (folder / "scenario.yaml").write_text(text.replace("cut: whole", "cut: whole, shift: 1"))
    with pytest.raises(DataError, match=r"with the keys of system 'dapdee' \(cut, shift\) it has other samples"):
        simnet.run(folder / "scenario.yaml", device="cpu")


def test_data_that_two_systems_see_alike_are_opened_once(folder: Path) -> None:
    text = (
        SCENARIO
        + "  again: {system: dapdee, weights: whole.safetensors, data: {cut: whole}, roles: {device: camera1}}\n"
    )
    (folder / "scenario.yaml").write_text(text)
    loaded = simnet.load(folder / "scenario.yaml")
    data = open_dataset(loaded.data, "test")
    seen = seen_by(loaded, plans_of(loaded), data, Options())
    assert seen["ada-ddnn"] is data and seen["dapdee"] is seen["again"] is not data
