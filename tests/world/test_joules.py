"""What a sample costs in joules that leaves at each exit: by hand, and as thresholds that `calibrate` keeps."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner
from worlds import node, plan_of, world_scenario

from simnet.cli.models.app import app
from simnet.network.faults.spec import Fault
from simnet.network.nodes.spec import PowerModel
from simnet.world.joules import NoJoulesError, joules_until
from simnet.world.run import Options


class Blank(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.labels)


DATA: Any = Blank(labels=np.zeros(5, np.int64))
CAMERA = PowerModel(idle=1, busy=5, send=1e-6, receive=0)
EDGE = PowerModel(idle=2, busy=10, send=2e-6, receive=0.5e-6)


def scenario(powered: bool = True, **values: Any) -> Any:
    edge = node("edge", **({"power": EDGE} if powered else {}))
    nodes = {f"camera{n}": node("device", view=n, **({"power": CAMERA} if powered else {})) for n in range(1, 7)}
    return world_scenario(samples=5, nodes={**nodes, "edge": edge, "cloud": node("cloud")}, **values)


@pytest.mark.parametrize("thresholds", [0.0, 1.0])
def test_joules_of_each_exit_by_hand(thresholds: float) -> None:
    """Whatever T is, and without the fault that the scenario has.

    A camera computes 1 ms at 4 W above idling and sends 10,000 B at 1 uJ/B: 14 mJ. The edge receives these six reports
    at 0.5 uJ/B, 30 mJ, and computes 2 ms at 8 W, 16 mJ; 20,000 B more at 2 uJ/B are 40 mJ. The cloud's are nobody's.
    """
    made = scenario(thresholds=thresholds, script=[Fault(at=0.0, node="camera1", action="down")])
    found = joules_until(made, plan_of(made), DATA, Options(memo=False))
    assert found == pytest.approx({"edge": 6 * 0.014 + 0.030 + 0.016, "cloud": 6 * 0.014 + 0.030 + 0.016 + 0.040})
    assert list(found) == ["edge", "cloud"]


def test_where_no_joules_can_be_told() -> None:
    bare, made = scenario(powered=False), scenario(cloud_limit=1e-6)
    with pytest.raises(NoJoulesError, match="no node has a 'power' model"):
        joules_until(bare, plan_of(bare), DATA, Options(memo=False))
    with pytest.raises(NoJoulesError, match="no sample leaves at cloud there, whatever T is"):
        joules_until(made, plan_of(made), DATA, Options(memo=False))


SCENARIO = """\
data: {set: folder, path: photos, side: 16}
samples: 20
workload: {every: 1 s}
nodes:
  camera: {tier: device, speed: 1 GFLOP/s, power: {idle: 1 W, busy: 1 W, send: 1 mJ/B}}
  edge: {tier: edge, speed: 1 GFLOP/s, power: {idle: 1 W, busy: 1 W, send: 2 mJ/B}}
  cloud: {tier: cloud, speed: 1 GFLOP/s}
links:
  - {between: [camera, edge], bandwidth: 1 Mbit/s, latency: 1 ms, header: 0 B}
  - {between: [edge, cloud], bandwidth: 1 Mbit/s, latency: 1 ms, header: 0 B}
systems:
  ddnn: {weights: mine.safetensors, reply: none}
"""


def test_calibrate_keeps_a_budget_of_joules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending is all that costs: 1 mJ for each byte of the report, 2 mJ for each of what goes on."""
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(1)
    for name in ("cup", "tin"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(60):
            pixels = random.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    Path("scenario.yaml").write_text(SCENARIO, encoding="utf-8")

    def call(*arguments: str) -> Any:
        return CliRunner().invoke(app, arguments)

    photos = "{set: folder, path: photos, side: 16}"
    done = call(
        "train", "ddnn", photos, "--epochs", "1", "--batch", "16", "--threads", "1", "--out", "mine.safetensors"
    )
    assert done.exit_code == 0, done.output
    graph = json.loads(Path("mine.json").read_text(encoding="utf-8"))["graph"]["segments"]
    sent = {one["name"]: 4 * int(np.prod(one["sends"])) for one in graph if one.get("sends")}
    near, far = 1e-3 * sent["device"], 1e-3 * sent["device"] + 2e-3 * sent["edge"]
    where = ("--scenario", "scenario.yaml")
    middle = f"{(near + far) / 2:.6f} J"
    done = call("calibrate", "mine.safetensors", "--rule", "budget", "--energy", middle, *where)
    assert done.exit_code == 0, done.output
    calibration = json.loads(Path("mine.json").read_text(encoding="utf-8"))["calibration"]
    found = calibration["rules"]["budget"]
    assert found["of"] == "J" and found["costs"] == pytest.approx({"edge": near, "cloud": far})
    # half of the samples may go on; of an odd number the half that is less
    assert found["validation"]["shares"]["cloud"] == pytest.approx(0.5, abs=0.06)
    shares = found["validation"]["shares"]
    assert shares["edge"] * near + shares["cloud"] * far <= found["budget"] * (1 + 1e-9)
    again = call("calibrate", "mine.safetensors")  # the card knows the costs
    assert again.exit_code == 0, again.output
    assert json.loads(Path("mine.json").read_text(encoding="utf-8"))["calibration"] == calibration
    for options, message in (
        (("--energy", "1 uJ", *where), "is less than the"),
        (("--energy", middle, *where, "--system", "dnn"), "unknown system 'dnn'"),
        (("--energy", middle, "--bytes", "1 kB"), "give --bytes or --energy, not both"),
    ):
        done = call("calibrate", "mine.safetensors", "--rule", "budget", *options)
        assert done.exit_code == 2 and message in " ".join(done.output.split()), done.output
