"""The example package is installed as a user's would be, into a fresh environment, and its scenarios run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paths import ROOT

EXAMPLES = ROOT / "examples"
LONGEST = {"majority.py": 25, "gate.py": 20, "nearest_mean.py": 20, "resnet18.py": 40}
"""Lines that an example may take, comments, imports and blank lines apart."""


def lines_of(file: Path) -> int:
    text = [line.strip() for line in file.read_text(encoding="utf-8").split('"""', 2)[2].splitlines()]
    return sum(bool(line) and not line.startswith(("#", "import ", "from ")) for line in text)


@pytest.mark.parametrize("name", LONGEST)
def test_an_example_is_short(name: str) -> None:
    assert lines_of(EXAMPLES / "simnet_examples" / name) <= LONGEST[name]


def test_a_gate_learns_who_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that are the surer the more often right: the gate's measure is the share of mistakes among its like."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from simnet_examples.gate import Gate

    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 4_000)
    scores = random.exponential(2, 4_000)[:, None] * (np.eye(3)[labels] + random.normal(0, 0.8, (4_000, 3)))
    gate = Gate()
    gate.parameters = Gate.fit(scores, [], labels)
    measures, wrong = gate.measure(scores, []), scores.argmax(-1) != labels
    assert abs(measures.mean() - wrong.mean()) < 0.01
    for part in np.array_split(measures.argsort(), 4):
        assert abs(measures[part].mean() - wrong[part].mean()) < 0.05


def test_the_nearest_mean_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Class 0 at 0 and 2, class 1 at 9: means 1 and 9. At 3 the nearest is 2 away, the next 6; at 5 both are 4."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from simnet_examples.nearest_mean import NearestMean

    rule, none = NearestMean(), np.zeros((3, 2))
    rule.parameters = NearestMean.fit(none, [], np.array([0, 0, 1]), np.float32([[[0]], [[2]], [[9]]]))  # type: ignore[assignment]
    assert rule.parameters == {"means": [[1.0], [9.0]]}
    assert rule.measure(none, [], np.float32([[[3]], [[5]], [[9]]])).tolist() == pytest.approx([1 / 3, 1, 0])
    assert rule.measure(none, []).tolist() == [0.5] * 3


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment that sees this one's packages and has the example package installed."""
    pytest.importorskip("hatchling", reason="hatchling is not installed, with which the examples are built")
    folder = tmp_path_factory.mktemp("fresh")
    shutil.copytree(EXAMPLES, folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    python = folder / "env" / "bin" / "python"
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    (site / "others.pth").write_text(f"{ROOT}\n{sysconfig.get_paths()['purelib']}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-build-isolation"]
    done = subprocess.run([*command, "--quiet", str(folder / "examples")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return python


def simnet(python: Path, folder: Path, *arguments: str, module: str = "simnet") -> str:
    done = subprocess.run(
        [str(python), "-m", module, *arguments], cwd=folder, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(python: Path, folder: Path, scenario: Path, samples: int, *more: str) -> dict[str, Any]:
    """The systems of the summary of a run."""
    some = ["--samples", str(samples), "--out", "run", "--no-figures", "--quiet", *more]
    simnet(python, folder, "run", str(scenario), *some)
    systems: dict[str, Any] = json.loads((folder / "run" / "summary.json").read_text(encoding="utf-8"))["systems"]
    return systems


def test_the_installed_kinds_are_listed(python: Path, tmp_path: Path) -> None:
    listed = json.loads(simnet(python, tmp_path, "plugins", "--json"))
    found = {(one["group"], one["name"]): one["origin"] for one in listed if one["origin"] != "simnet"}
    assert found == {
        ("simnet.systems", "majority"): "simnet_examples.majority:Majority",
        ("simnet.exit_rules", "gate"): "simnet_examples.gate:Gate",
        ("simnet.exit_rules", "nearest-mean"): "simnet_examples.nearest_mean:NearestMean",
        ("simnet.networks", "resnet18"): "simnet_examples.resnet18:ResNet18",
        ("simnet.codecs", "nibble"): "simnet_examples.nibble:Nibble",
        ("simnet.datasets", "stripes"): "simnet_examples.stripes:Stripes",
    }


def test_systems_rules_and_codecs_of_ones_own_run_beside_ours(python: Path, tmp_path: Path) -> None:
    systems = run(python, tmp_path, EXAMPLES / "majority.yaml", 60)
    assert {name: one["finished"] for name, one in systems.items()} == dict.fromkeys(
        ("majority", "entropy", "margin", "nibble"), 60
    )
    assert list(systems["majority"]["exits"]) == ["edge-1", "cloud"]
    assert systems["majority"]["exits"]["edge-1"]["count"] > 0 < systems["majority"]["exits"]["cloud"]["count"]
    # 8 x 8 x 8 values: two a byte and 8 bytes, instead of four bytes each; entropy and scores, and 78 bytes of headers
    values, together = 8 * 8 * 8, 4 + 4 * 10 + 78
    sent = {name: one["bytes"]["device_to_edge"] / 60 / 6 for name, one in systems.items()}
    assert sent["nibble"] == values / 2 + 8 + together
    assert sent["entropy"] == 4 * values + together
    assert sent["majority"] == 4 * values + together - 4, "no entropy is sent"


def test_torchvisions_resnet_is_trained_and_runs_on_data_of_ones_own(python: Path, tmp_path: Path) -> None:
    """By the command that its file names, with one epoch."""
    (command,) = [
        line
        for line in (EXAMPLES / "simnet_examples" / "resnet18.py").read_text().splitlines()
        if "models train" in line
    ]
    words = command.split()[3:]
    words[words.index("--epochs") + 1] = "1"
    simnet(python, tmp_path, *words, module="models")
    shutil.copy(EXAMPLES / "stripes.yaml", tmp_path / "stripes.yaml")
    system = run(python, tmp_path, tmp_path / "stripes.yaml", 40, "--forced")["ddnn"]
    assert system["finished"] == 40 and list(system["exits"]) == ["edge", "cloud"]
    card = json.loads((tmp_path / "resnet18.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in card["graph"]["segments"]] == ["device", "edge", "cloud"]
    assert card["parameters"] > 11e6, "all of ResNet-18"
