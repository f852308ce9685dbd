"""docs/own.md from the first line to the last, in an empty folder, as a new user would: on less data and epochs."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from paths import ROOT
from PIL import Image

from simnet.cli.models.app import main as models_main

PAGE = ROOT / "docs" / "own.md"
SAMPLES = "samples: {train: 32, validation: 32, test: 32}"
PHOTOS = "{set: folder, path: photos, side: 32, views: [left, right]}"
SMALLER = {
    ("ada-ddnn", "plaza"): ("ada-ddnn", f"{{set: plaza, {SAMPLES}}}", "--batch", "16", "--epochs", "1"),
    ("ada-ddnn", "{set: plaza, cameras: 3, samples: {train: 1000}}"): (
        "ada-ddnn",
        f"{{set: plaza, cameras: 3, {SAMPLES}}}",
        "--epochs",
        "1",
        "--batch",
        "16",
    ),
    ("ada-ddnn", PHOTOS): ("ada-ddnn", PHOTOS, "--epochs", "1", "--batch", "16"),
    ("chain.py:Chain", "plaza"): ("chain.py:Chain", f"{{set: plaza, {SAMPLES}}}", "--batch", "16", "--epochs", "1"),
}
"""NETWORK and DATA of the page's trainings, and what they become here; further options of the page that are repeated
here are left out."""


def commands() -> list[list[str]]:
    """The commands of the page in order."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def files() -> dict[str, str]:
    """The files of the page by the name in their first line."""
    found = re.findall(r"```(?:yaml|python)\n# (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return dict(found)


def smaller(words: list[str]) -> list[str]:
    """`train` with its arguments on less data, but for options that this would give twice."""
    network, data, *rest = words
    change = list(SMALLER[network, data])
    for option in ("--epochs", "--batch"):
        if option in rest:
            at = rest.index(option)
            del rest[at : at + 2]
    return [*change, *rest]


@pytest.fixture
def photos(tmp_path: Path) -> None:
    """What the page says of them: a folder for each class, in it a picture of each object for each camera."""
    random = np.random.default_rng(1)
    for level, name in enumerate(("bottle", "cup", "tin")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(15):
            for view in ("left", "right"):
                if (number, view) != (3, "right"):  # one camera has no picture of it
                    pixels = random.integers(60 * level, 60 * level + 90, (40, 50, 3), dtype=np.uint8)
                    Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number:04d}_{view}.png")


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs `python -m models ARGUMENTS` in this process, which must end well; returns what it prints."""

    def call(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["models", *arguments])
        with pytest.raises(SystemExit) as end:
            models_main()
        printed = capsys.readouterr()
        assert end.value.code == 0, printed.err
        return printed.out

    return call


@pytest.mark.usefixtures("photos")
def test_every_command_of_the_page_in_order(
    tmp_path: Path,
    models: Callable[..., str],
    simnet: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each training gives a whole card, and each scenario runs with it without a note."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIMNET_DATA", raising=False)
    torch.set_num_threads(1)
    for name, text in files().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    ran: list[str] = []
    for python, module, program, command, *words in commands():
        assert (python, module) == ("python", "-m")
        if program == "models":
            models(command, *(smaller(words) if command == "train" else words))
        else:
            assert (program, command) == ("simnet", "run")
            status, out, err = simnet("check", *words)
            assert status == 0 and "note:" not in out, out + err
            status, out, err = simnet(command, *words, "--samples", "5", "--no-figures")
            assert status == 0, err
            folder = tmp_path / "runs" / Path(words[0]).stem
            summary, manifest = (json.loads((folder / f"{n}.json").read_text("utf-8")) for n in ("summary", "manifest"))
            assert manifest["notes"] == [] and "note:" not in out, manifest["notes"]
            (system,) = summary["systems"].values()
            assert system["finished"] == 5
            ran.append(words[0])
    assert ran == ["three_cameras.yaml", "two_cameras.yaml", "two_cameras.yaml", "one_camera.yaml"]
    rules = [one["exit_rule"] for one in _read(tmp_path / "photos.json")["calibration"]["alternatives"]]
    assert "cautious.py:Cautious" in rules
    _whole(tmp_path / "ada-ddnn-plaza-cameras3.json", views=3, classes=10, segments=("device", "edge", "cloud"))
    _whole(tmp_path / "photos.json", views=2, classes=3, segments=("device", "edge", "cloud"))
    _whole(tmp_path / "Chain-plaza-cameras1.json", views=1, classes=10, segments=("device", "edge", "cloud"))
    photos = _read(tmp_path / "photos.json")
    assert photos["class_names"] == ["bottle", "cup", "tin"]
    assert sum(photos["samples"].values()) == 45 and photos["samples"]["train"] > 20


def _read(card: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(card.read_text("utf-8"))
    return values


def _whole(card: Path, views: int, classes: int, segments: tuple[str, ...]) -> None:
    """A card that a scenario can run with: T at every exit but the last, what each segment costs, reliability."""
    values = _read(card)
    graph = values["graph"]
    assert (graph["views"], graph["classes"], len(values["class_names"])) == (views, classes, classes)
    cost = {segment["name"]: segment for segment in graph["segments"]}
    assert all(cost[name][key] > 0 for name in segments for key in ("flop", "memory", "operations", "traffic"))
    exits = [segment["exit"] for segment in graph["segments"] if segment.get("exit")]
    assert list(values["calibration"]["thresholds"]) == exits[:-1]
    assert list(values["reliability"]) == exits
    assert all(0 <= values["reliability"][name]["ece"]["test"] <= 1 for name in exits)


def test_the_command_in_a_card_trains_the_same_again(tmp_path: Path, models: Callable[..., str]) -> None:
    """From the card of weights with keys of their data: the same weights, whatever the file is called."""
    first, again = tmp_path / "first.safetensors", tmp_path / "again.safetensors"
    where = ("--checkpoint", str(tmp_path / "point.pt"), "--threads", "1")
    data = f"{{set: plaza, cameras: 2, {SAMPLES}}}"
    models("train", "ada-ddnn", data, "--epochs", "1", "--batch", "16", "--out", str(first), *where)
    card = json.loads(first.with_suffix(".json").read_text("utf-8"))
    kept = {"set": "plaza", "cameras": 2, "samples": {"train": 32, "validation": 32, "test": 32}}
    assert json.loads(card["data"]) == kept
    python, module, program, *words = shlex.split(card["command"])
    assert (python, module, program) == ("python", "-m", "models")
    models(*words, "--out", str(again), *where)
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plaza", "--cameras", "0"), "data set plaza: cameras: must be 1 or more, found 0"),
        (("plaza", "--cameras", "33"), "data set plaza: cameras: must be 32 or less, found 33"),
        (("mvmc", "--cameras", "3"), "data set mvmc: cameras: unknown key 'cameras' (allowed: set, order)"),
        (("{set: plaza, side: 50}",), "data set plaza: side: unknown value 50 (allowed: 32, 64, 96)"),
        (("{set: plaza, camera: 3}",), "data set plaza: camera: unknown key 'camera'; did you mean 'cameras'?"),
        (("{set: plaza, samples: {tset: 3}}",), "samples.tset: unknown key 'tset'; did you mean 'test'?"),
        (("plazza",), "unknown data set 'plazza'"),
        (("{set: plaza",), "data '{set: plaza': not YAML"),
        (("{cameras: 3}",), "data '{cameras: 3}': names no data set; write {set: NAME, key: value, …}"),
    ],
)
def test_data_that_there_are_not(
    words: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message, exit status 2, before anything is trained."""
    monkeypatch.setattr("sys.argv", ["models", "train", "ada-ddnn", *words])
    with pytest.raises(SystemExit) as end:
        models_main()
    printed = capsys.readouterr().err
    assert end.value.code == 2
    assert printed.startswith("error: ") and told in printed
    assert len(printed.splitlines()) == 1
