"""`python -m models`: what a user sees of training and evaluation, and of every mistake."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fake_views import use_fake_views
from paths import ROOT
from PIL import Image
from typer.testing import CliRunner, Result
from weights import write_random_weights

from simnet import ScenarioError, load
from simnet.cli.models import app as cli
from simnet.cli.models.train import short_name
from simnet.models.cards.card import WEIGHTS, WeightsError, read_card
from simnet.models.cards.weights import load_network
from simnet.models.data.base import DataError
from simnet.models.training import training
from simnet.world.plan import plans_of

TRAIN = ("train", "ada-ddnn", "plaza", "--epochs", "2", "--batch", "16", "--threads", "1")
WITHOUT_TORCH = (
    "import sys; sys.modules['torch'] = None; sys.argv[0] = 'models'; from simnet.cli.models.app import main; main()"
)


@pytest.fixture(autouse=True)
def in_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIMNET_DATA", raising=False)
    use_fake_views(monkeypatch)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


def python_m(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=Path.cwd(),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def words(result: Result) -> str:
    """All that was printed, without the frames and line breaks that typer puts around a message."""
    return " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("command", ["", "train", "evaluate", "calibrate", "reliability", "list", "cards"])
def test_help_needs_no_torch(command: str) -> None:
    done = python_m("-c", WITHOUT_TORCH, *([command] if command else []), "--help")
    assert done.returncode == 0 and "Usage" in done.stdout and done.stderr == ""


def test_cards_need_no_torch() -> None:
    done = python_m("-c", WITHOUT_TORCH, "cards")
    assert done.returncode == 0 and done.stderr == ""
    assert all(f"`{path.stem}`" in done.stdout for path in WEIGHTS.glob("*.json"))


@pytest.fixture(autouse=True)
def usual_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for the console, which asked how wide it is when it was made."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("simnet.cli.models.options.console._width", 80)


@pytest.mark.parametrize("columns", [80, 40])
def test_list_needs_no_torch_and_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    done = python_m("-c", WITHOUT_TORCH, "list")
    assert done.returncode == 0 and done.stderr == "" and "…" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= columns
    printed = " ".join(done.stdout.split())
    as_json = python_m("-c", WITHOUT_TORCH, "list", "--json")
    found = json.loads(as_json.stdout)
    files = [path for path in WEIGHTS.iterdir() if path.suffix in (".safetensors", ".json")]
    assert found["bytes"] == sum(path.stat().st_size for path in files)
    assert [weights["name"] for weights in found["weights"]] == sorted(path.stem for path in WEIGHTS.glob("*.json"))
    for weights in found["weights"]:
        card = read_card(weights["name"])
        assert weights["forced_accuracy"] == card.values["forced_accuracy"]["test"]
        assert f"system {100 * weights['system_accuracy']:.2f}" in printed
        for name, segment in weights["segments"].items():
            assert segment["flop"] == card.graph.segments[name].flop and f"{segment['parameters']:,}" in printed
            assert segment["bytes_sent"] == 0 or f"{segment['bytes_sent']:,}" in printed


def test_cards_are_written_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- cards -->\nold\n<!-- end of cards -->\nafter\n")
    assert call("cards", "--write", str(page)).exit_code == 0
    text = page.read_text()
    assert text.startswith("before\n<!-- cards -->\n") and text.endswith("<!-- end of cards -->\nafter\n")
    assert "old" not in text and "| segment |" in text
    page.write_text("no marks")
    assert call("cards", "--write", str(page)).exit_code == 2


def test_train_resume_and_evaluate(tmp_path: Path) -> None:
    done = call(*TRAIN, "--out", "mine")
    assert done.exit_code == 0, done.output
    assert "epoch 1: loss device" in done.output and "validation edge-1" in done.output and "ETA" in done.output
    card = read_card("mine.safetensors")
    assert card.values["epochs"] == 2 and Path("checkpoints/ada-ddnn-plaza.pt").is_file()
    load_network(card)

    again = call(*TRAIN, "--out", "again.v2", "--resume")  # nothing is left to train: it is published again
    assert again.exit_code == 0 and "epoch" not in again.output.replace("an epoch", "")
    assert read_card("again.v2.json").sha256 == card.sha256
    other = call(*TRAIN, "--seed", "2", "--resume")
    assert other.exit_code == 2 and "its seed is 1, not 2" in words(other)

    shown = call("evaluate", "mine.json", "-T", "0,1")
    assert shown.exit_code == 0, shown.output
    forced = card.values["forced_accuracy"]["test"]
    assert "forced accuracy: " + ", ".join(f"{e} {100 * a:.2f} %" for e, a in forced.items()) in words(shown)
    rows = {line.split()[0]: line.split()[1:] for line in shown.output.splitlines() if len(line.split()) == 8}
    cloud = f"{100 * forced['cloud']:.2f}"
    assert rows["0"] == ["0.00", "–", "0.00", "–", "100.00", cloud, cloud]
    chosen = card.values["calibration"]["test"]
    assert rows["calibrated"][-1] == f"{100 * chosen['system_accuracy']:.2f}"
    assert rows["calibrated"][:6:2] == [f"{100 * share:.2f}" for share in chosen["shares"].values()]
    assert rows["T"] == ["share", "accuracy"] * 3 + ["accuracy"]
    assert max(map(len, shown.output.splitlines())) <= 80 and "…" not in shown.output
    picked = ", ".join(f"{e} {t:g}" for e, t in card.thresholds.items())
    assert f"calibrated on the validation split: {picked}" in words(shown)
    assert call("evaluate", "mine.json", "-T", "0.5", "--split", "validation").exit_code == 0

    # Calibration anew finds what publishing found, another rule chooses among what is stored.
    before = Path("mine.json").read_text()
    assert call("calibrate", "mine.json").exit_code == 0
    assert json.loads(Path("mine.json").read_text()) == json.loads(before)
    done = call("calibrate", "mine.json", "--rule", "accuracy", "--temperature")
    assert done.exit_code == 0 and "with temperature" in done.output, done.output
    changed = read_card("mine.json")
    assert changed.values["calibration"]["rule"] == "accuracy"
    assert set(card.temperatures) == {"vote", "mean"}  # in force always
    assert set(changed.temperatures) == {"device", "edge", "cloud", "vote", "mean"}
    assert changed.thresholds == changed.values["calibration"]["rules"]["accuracy"]["thresholds"]
    again = call("calibrate", "mine.json", "--temperature")  # the card's own rule stays in force
    assert again.exit_code == 0 and "T by the rule accuracy" in words(again)
    assert read_card("mine.json").values == changed.values
    unscaled = ("forced_accuracy", "calibration", "camera_accuracy")
    kept = {key: value for key, value in card.values.items() if key not in unscaled}
    assert {key: value for key, value in changed.values.items() if key not in unscaled} == kept
    assert list(changed.values)[-2:] == ["log", "sha256"]
    load_network(changed)

    drawn = call("reliability", "mine.json", "--out", "deep/picture.png")
    assert drawn.exit_code == 0 and Path("deep/picture.png").read_bytes().startswith(b"\x89PNG")
    assert call("reliability", "mine.json", "--out", ".").exit_code == 2


@pytest.mark.parametrize(("steps", "kept"), [(1, "holds the untrained network"), (4, "holds epoch 1 of 2")])
def test_ctrl_c_leaves_a_usable_checkpoint(steps: int, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, calls = training.joint_loss, 0

    def interrupted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls > steps:
            raise KeyboardInterrupt
        return honest(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "joint_loss", interrupted)
    stopped = call(*TRAIN, "--out", "resumed")
    assert stopped.exit_code == 130, stopped.output
    assert kept in words(stopped) and not Path("resumed.safetensors").exists()

    monkeypatch.setattr(training, "joint_loss", honest)
    assert call(*TRAIN, "--out", "resumed", "--resume").exit_code == 0
    assert call(*TRAIN, "--out", "straight", "--checkpoint", "other.pt").exit_code == 0
    assert read_card("resumed.json").sha256 == read_card("straight.json").sha256


def test_ctrl_c_before_the_first_epoch_keeps_an_earlier_runs_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    Path("checkpoints").mkdir()
    earlier = Path("checkpoints/ada-ddnn-plaza.pt")
    earlier.write_bytes(b"of an earlier run")
    monkeypatch.setattr(training, "joint_loss", interrupted)
    stopped = call(*TRAIN, "--out", "x")
    assert stopped.exit_code == 130 and "is still an earlier run's" in words(stopped)
    assert earlier.read_bytes() == b"of an earlier run"


def test_a_real_interrupt_of_a_real_process(tmp_path: Path) -> None:
    code = (
        "import pytest, fake_views; from simnet.cli.models.app import main; "
        "fake_views.use_fake_views(pytest.MonkeyPatch()); main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, *TRAIN[:3], "--epochs", "9999", *TRAIN[5:], "--out", "x"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where a shell runs us in background
    )
    assert process.stdout is not None
    until = time.monotonic() + 60
    while "epoch 1:" not in (line := process.stdout.readline()):
        assert line and time.monotonic() < until
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "go on with --resume" in out and "Traceback" not in err
    assert torch.load(tmp_path / "checkpoints" / "ada-ddnn-plaza.pt", weights_only=True)["epoch"] >= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "adaddnn", "plaza"), "'adaddnn' is none of ddnn, ada-ddnn, ddnn-2017"),
        (("train", "ddnn-2017", "plaza", "--fusion", "max"), "has 2: --set local_fusion=… and --set cloud_fusion=…"),
        (("train", "ddnn", "plaza", "--fusion", "sum"), "can be fused by concat, tile, max, mean"),
        (("train", "ddnn", "plaza", "--fusion", "tile"), "tile only for the patches of cifar10"),
        (
            ("train", "ddnn", "plaza", "--set", "edge_width=[8,8]"),
            "setting of an architecture or a recipe 'edge_width'; did you mean 'edge_widths'? (allowed: anneal, ",
        ),
        (("train", "ddnn", "plaza", "--rate", "0"), "no positive number"),
        (("train", "ddnn", "plaza", "--rate", "nan"), "no positive number"),
        (("train", "ddnn", "plaza", "--batch", "100"), "a batch of 100 is more than the 48 training samples"),
        (("train", "ddnn", "plaza", "--resume"), "no checkpoint checkpoints/ddnn-plaza.pt"),
        (("train", "ddnn", "plaza", "--out", "."), "cannot be written"),
        (("train", "ddnn", "plaza", "--out", "file/x"), "cannot be written"),
        (("train", "ddnn", "plaza", "--checkpoint", "file/x"), "cannot be written"),
        (("train", "ddnn", "plaza", "--batch", "16", "--checkpoint", "file", "--resume"), "is no readable checkpoint"),
        (("calibrate", "mine.json", "--rule", "luck"), "'luck' is none of accuracy, early, bytes"),
        (("reliability", "mine.json", "--out", "x", "--split", "train"), "'train' is none of test, validation"),
        (("evaluate", "mine.json", "-T", "0.5,many"), "no list of numbers"),
        (("evaluate", "mine.json", "-T", ""), "no list of numbers"),
        (("evaluate", "mine.json", "-T", "0.5,1.5"), "every T lies in [0, 1]"),
        (("evaluate", "mine.json", "-T", "nan"), "every T lies in [0, 1]"),
    ],
)
def test_wrong_options_are_one_message(arguments: tuple[str, ...], message: str) -> None:
    Path("file").write_text("something else")
    done = call(*arguments, *(("--out", "x") if arguments[0] == "train" and "--out" not in arguments else ()))
    assert done.exit_code == 2 and message in words(done)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("gpu", "'gpu' is none of auto, cpu, cuda"),
        pytest.param(
            "cuda",
            "no CUDA device is available here",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here"),
        ),
    ],
)
def test_a_device_that_is_not_there_is_one_message(
    device: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["models", "train", "ddnn", "plaza", "--device", device, "--out", "x"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert message in printed and len(printed.splitlines()) == 1


def test_promises_and_budgets_that_cannot_be_kept_are_one_message_and_change_nothing() -> None:
    """20 validation samples: (1 − ε)²⁰ ≤ 0.1 takes ε ≥ 0.109, so 12 % can be promised and 10 % cannot."""
    assert call(*TRAIN[:3], "--epochs", "1", *TRAIN[5:], "--out", "mine").exit_code == 0
    before = read_card("mine.json").values
    cheapest = 6 * read_card("mine.json").graph.segments["device"].flop
    for rule, options, message in (
        ("risk", (), "a risk of at most 0.01 with probability 0.9 takes 230 validation samples at least; there are 20"),
        ("risk", ("--epsilon", "0.1"), "takes 22 validation samples"),
        ("risk", ("--epsilon", "1.5"), "1.5 is no share between 0 and 1"),
        ("risk", ("--delta", "0"), "0 is no share between 0 and 1"),
        ("budget", (), "budget needs --bytes, --flop or --energy"),
        ("budget", ("--flop", "1000"), f"a budget of 1000 is less than the {cheapest:g} of the cheapest exit"),
        ("budget", ("--flop", "nan"), "'nan FLOP' is no number of operations"),
        ("budget", ("--flop", "0 FLOP"), "'0 FLOP' is not more than nothing"),
        ("budget", ("--energy", "0.5 J"), "needs --scenario FILE, whose nodes say what they draw ('power')"),
        ("budget", ("--energy", "0.5"), "'0.5' has no unit"),
        ("budget", ("--scenario", "x.yaml"), "says where joules are measured, which --energy asks for"),
        ("budget", ("--bytes", "1 B"), "a budget of 1 is less than the 12552 of the cheapest exit"),
        ("budget", ("--bytes", "much"), "--bytes"),
        ("budget", ("--bytes", "1 MB", "--flop", "1e9"), "give --bytes or --flop, not both"),
    ):
        done = call("calibrate", "mine.json", "--rule", rule, *options)
        assert done.exit_code == 2 and message in words(done), done.output
        assert read_card("mine.json").values == before
    assert call("calibrate", "mine.json", "--rule", "risk", "--epsilon", "0.12").exit_code == 0
    assert read_card("mine.json").values["calibration"]["rule"] == "risk"
    assert read_card("mine.json").values["calibration"]["rules"]["risk"]["epsilon"] == 0.12
    done = call("calibrate", "mine.json", "--rule", "budget", "--bytes", "13 kB")
    assert done.exit_code == 0, done.output
    found = read_card("mine.json").values["calibration"]["rules"]["budget"]
    assert (found["budget"], found["of"]) == (13_000, "bytes") and found["validation"]["bytes"] <= 13_000


def test_calibration_gives_a_former_card_the_segments_that_its_network_has_since() -> None:
    """A card of before the vote: it loads, has no vote, and calibration adds segments and thresholds, nothing else."""
    assert call(*TRAIN[:3], "--epochs", "1", *TRAIN[5:], "--out", "mine").exit_code == 0
    new = read_card("mine.json").values
    former = json.loads(json.dumps(new))
    former["graph"]["segments"] = [one for one in former["graph"]["segments"] if not one.get("instead")]
    del former["calibration"]["alternatives"]
    Path("mine.json").write_text(json.dumps(former))
    assert len(former["graph"]["segments"]) < len(new["graph"]["segments"])
    assert read_card("mine.json").calibrated("entropy", {"edge-1": "vote"}) is None
    done = call("calibrate", "mine.json")
    assert done.exit_code == 0, done.output
    assert read_card("mine.json").values == new
    assert read_card("mine.json").calibrated("entropy", {"edge-1": "vote"}) is not None


def test_calibration_refuses_other_data_and_changes_nothing(tmp_path: Path) -> None:
    """Validation data from elsewhere could hold images that the network was trained on."""
    assert call(*TRAIN[:3], "--epochs", "1", *TRAIN[5:], "--out", "mine").exit_code == 0
    path = Path("mine.json")
    values = json.loads(path.read_text())
    values["checksums"]["validation"] = "another"
    path.write_text(json.dumps(values))
    done = call("calibrate", "mine.json")
    assert isinstance(done.exception, WeightsError) and "the validation data here are not those" in str(done.exception)
    assert json.loads(path.read_text()) == values
    del values["reliability"]
    values["recipe"]["luck"] = 1
    path.write_text(json.dumps(values))
    done = call("reliability", "mine.json", "--out", "x.png")
    assert isinstance(done.exception, WeightsError) and "says nothing of reliability" in str(done.exception)
    done = call("calibrate", "mine.json")
    assert isinstance(done.exception, WeightsError) and "none that can be trained" in str(done.exception)


def test_diverged_training_says_what_to_do() -> None:
    done = call(*TRAIN, "--rate", "1e30", "--out", "x")
    assert done.exit_code == 1 and "lower the rate" in done.output and not Path("x.json").exists()


def test_missing_test_split_is_known_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(name: str, split: str, data_dir: Path | None) -> None:
        raise DataError(f"no {split}")

    monkeypatch.setattr("simnet.models.data.open_dataset", opened)
    done = call(*TRAIN, "--out", "x")
    assert isinstance(done.exception, DataError) and str(done.exception) == "no test"


def test_bad_weights_and_data_are_one_line_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = write_random_weights(tmp_path, "ddnn", "plaza")
    path = weights.with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "data": "mnist"}))
    for arguments, message in (
        (["evaluate", "nobody"], "error: no weights 'nobody'"),
        (["train", "nobody.py:Net", "plaza"], "error: network 'nobody.py:Net': there is no file nobody.py"),
        (["train", "ddnn", "nobody.py:Data"], "error: data set 'nobody.py:Data': there is no file nobody.py"),
        (["train", "ddnn", "mnist"], "error: unknown data set 'mnist'; there are plaza, plaza2, cifar10, mvmc"),
        (
            ["train", "ddnn", "{set: plaza, cut: 1}"],
            "error: data set plaza: cut: unknown key 'cut' (allowed: set, order",
        ),
        (["evaluate", "ddnn-plaza.json"], "error: unknown data set 'mnist'"),
    ):
        monkeypatch.setattr(sys, "argv", ["models", *arguments])
        with pytest.raises(SystemExit, match="2"):
            cli.main()
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.startswith(message) and printed.err.count("\n") == 1


MINE = """
from dataclasses import dataclass
from torch import nn
from simnet.models.graph import INPUT, Graph, Segment, Take
from simnet.models.networks import base
from simnet.models.networks.base import Network, Output

@dataclass(frozen=True)
class Architecture(base.Architecture):
    width: int = 4

class Eye(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, stride=4)

    def forward(self, view):
        return self.conv(view).relu()

class Net(Network):
    Architecture = Architecture

    def __init__(self, arch):
        super().__init__(arch)
        self.eyes = nn.ModuleList(Eye(arch.width) for _ in range(arch.views))
        self.gate = nn.Linear(arch.width, arch.classes)
        self.brain = nn.Linear(arch.views * arch.width, arch.classes)
        each = tuple((view,) for view in range(arch.views))
        self.graph = Graph(arch.views, (3, *arch.view), [
            Segment("eye", (Take(INPUT, groups=each),), arch.views, scores=False),
            Segment("gate", (Take("eye"),), exit="near"),
            Segment("brain", (Take("eye"),), exit="far"),
        ], arch.classes)

    def run(self, part, given):
        if part.segment == "eye":
            return Output(self.eyes[part.copy](given[0].values[:, 0]))
        seen = given[0].values.mean((-2, -1))
        if part.segment == "gate":
            return Output(None, self.gate(seen.mean(1)))
        return Output(None, self.brain(seen.flatten(1)))

    def module(self, part):
        return self.eyes[part.copy] if part.segment == "eye" else getattr(self, part.segment)
"""
DATA = """
from hashlib import sha256
import numpy as np
from simnet.models.data.base import Dataset

class Data(Dataset):
    name = "lamps"
    licence = "mine"
    class_names = ("dark", "dim", "light")
    views = 3
    view_shape = (3, 16, 16)

    def __init__(self, split):
        self.split, self.labels = split, np.arange({"train": 60, "validation": 30, "test": 30}[split]) % 3

    @classmethod
    def open(cls, options, split, data_dir):
        return cls(split)

    @property
    def checksum(self):
        return sha256(self.split.encode()).hexdigest()

    def pixels(self, rows):
        level = np.uint8(20 + 100 * self.labels[np.asarray(rows)])
        return np.broadcast_to(level[:, None, None, None, None], (len(rows), 3, 3, 16, 16)).copy()
"""


def test_a_users_network_and_data_in_files(tmp_path: Path) -> None:
    """Three views of 16x16, two exits: trained for an epoch, published with a card, evaluated, calibrated, studied."""
    Path("mine.py").write_text(MINE)
    Path("data.py").write_text(DATA)
    done = call("train", "mine.py:Net", "data.py:Data", "--epochs", "1", "--batch", "10", "--set", "width=6")
    assert done.exit_code == 0, done.output
    assert "loss gate" in done.output and "validation near" in done.output
    assert Path("checkpoints/Net-Data.pt").is_file()
    card = read_card("Net-Data.json")
    assert (card.network, card.values["data"], card.values["data_licence"]) == ("mine.py:Net", "data.py:Data", "mine")
    graph = card.graph
    assert (graph.views, graph.view, list(graph.exits)) == (3, (3, 16, 16), ["near", "far"])
    assert graph.segments["eye"].sends == (6, 4, 4) and graph.segments["eye"].flop == 2 * 16 * 6 * 27
    command = "python -m models train mine.py:Net data.py:Data --set width=6 --set epochs=1 --set batch=10 --seed 1"
    assert card.values["command"] == command
    assert card.values["calibration"]["rules"]["bytes"]["test"]["bytes"] == 3 * 4 * 96
    load_network(card)

    shown = call("evaluate", "Net-Data.json", "--missing", "2", "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.output)
    assert found["samples"] == 30 and list(found["exits"]) == ["near", "far"]
    assert call("evaluate", "Net-Data.json", "-T", "0.5").exit_code == 0
    assert "is no list of cameras like 3,5 (1 to 3)" in words(call("evaluate", "Net-Data.json", "--missing", "4"))
    before = read_card("Net-Data.json").values
    assert call("calibrate", "Net-Data.json").exit_code == 0
    assert read_card("Net-Data.json").values == before

    (tmp_path / "away").mkdir()
    elsewhere = call("train", "mine.py:Net", "data.py:Data", "--epochs", "1", "--batch", "10", "--out", "away/net")
    assert elsewhere.exit_code == 0  # the files are found in the working directory
    assert call("evaluate", "away/net.json", "--json").exit_code == 0


def test_an_own_network_for_a_data_set_of_ours() -> None:
    Path("mine.py").write_text(MINE)
    done = call("train", "mine.py:Net", "plaza", "--epochs", "1", "--batch", "16", "--fusion", "max")
    assert done.exit_code == 2 and "mine.py:Net has none" in words(done)
    assert call("train", "mine.py:Net", "plaza", "--epochs", "1", "--batch", "16", "--out", "x").exit_code == 0
    assert read_card("x.json").graph.views == 6


def test_unknown_weights_need_no_torch() -> None:
    done = python_m("-c", WITHOUT_TORCH, "evaluate", "nobody")
    assert done.returncode == 2 and done.stderr.startswith("error: no weights 'nobody'")


def yard(root: Path, classes: tuple[str, ...] = ("cup", "tin"), n: int = 60) -> str:
    """A folder of grey images of two levels, and its name with keys."""
    random = np.random.default_rng(1)
    for level, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for number in range(n):
            pixels = random.integers(90 * level, 90 * level + 120, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return f"{{set: folder, path: {root}, side: 16}}"


QUICK = ("--epochs", "1", "--batch", "16", "--threads", "1")


def test_data_are_found_beside_the_card_or_by_name_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained beside the images; asked from elsewhere, then moved away from them, then with images of other classes."""
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    elsewhere.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "rule.py").write_text(
        "from simnet import ExitRule\n\n\nclass Half(ExitRule):\n    def measure(self, here, before):\n"
        "        return here[:, 0] * 0 + 0.5\n",
        encoding="utf-8",
    )
    done = call("train", "ddnn", yard(Path("yard")), *QUICK, "--out", "mine")
    assert done.exit_code == 0, done.output
    assert call("calibrate", "mine.json", "--exit-rule", "rule.py:Half").exit_code == 0
    told = call("evaluate", "mine.json", "--json").output
    monkeypatch.chdir(elsewhere)
    assert call("evaluate", str(here / "mine.json"), "--json").output == told
    done = call("calibrate", str(here / "mine.json"))  # rule.py lies beside the card, too
    assert done.exit_code == 0, done.output
    for ending in ("json", "safetensors"):
        shutil.copy(here / f"mine.{ending}", elsewhere)
    shutil.copy(here / "rule.py", elsewhere)
    where = yard(tmp_path / "other", ("cup", "box"))
    now = f"{{set: folder, path: {here / 'yard'}, side: 16}}"
    for command in (("evaluate", "mine.json"), ("calibrate", "mine.json"), ("study", "risk", "--weights", "mine.json")):
        done = call(*command)
        message = "mine.json: path of its data, 'yard', lies neither beside the card nor in the current directory"
        assert isinstance(done.exception, DataError) and str(done.exception).startswith(message)
        assert "--data" in str(done.exception)
    assert call("evaluate", "mine.json", "--data", now, "--json").output == told
    assert call("calibrate", "mine.json", "--data", now).exit_code == 0
    done = call("calibrate", "mine.json", "--data", now, "--exit-rule", f"{here / 'rule.py'}:Half")
    assert done.exit_code == 0, done.output
    entries = read_card("mine.json").values["calibration"]["alternatives"]
    assert [one["exit_rule"] for one in entries if ":" in one["exit_rule"]] == [f"{here / 'rule.py'}:Half"], "once"
    done = call("calibrate", "mine.json", "--data", now, "--exit-rule", "rule.py:Half")
    assert done.exit_code == 0, done.output
    done = call("evaluate", "mine.json", "--data", where)
    assert str(done.exception) == "mine.json: knows a class 'cup' where folder has 'box'"
    done = call("calibrate", "mine.json", "--data", where)
    assert "are not those that the card was made with" in str(done.exception)
    card = Path("mine.json").read_text(encoding="utf-8")
    Path("mine.json").write_text(card.replace("rule.py:Half", "gone.py:Half"), encoding="utf-8")
    done = call("calibrate", "mine.json", "--data", now)
    assert "there is no file gone.py; mine.json has T of it" in str(done.exception)


def test_weights_are_not_written_over_those_of_other_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`shares` do not show in the name; a name that is given may be any."""
    text = yard(Path("yard"))
    other = text.replace("side: 16", "side: 16, shares: {test: 0.2}")
    assert call("train", "ddnn", text, *QUICK).exit_code == 0
    assert Path("ddnn-folder-yard-side16.json").is_file()
    done = call("train", "ddnn", other, *QUICK)
    assert done.exit_code == 2 and "is there, and of other data" in words(done) and "--out" in words(done)
    assert call("train", "ddnn", text, *QUICK).exit_code == 0


def test_names_that_no_file_can_have() -> None:
    """Of 255 bytes 25 are left for endings; names made of keys are cut, with a digest of the whole."""
    done = call("train", "ddnn", "plaza", *QUICK, "--out", "x" * 231)
    assert done.exit_code == 2 and "a file's name may have 230 bytes at most" in words(done)
    assert short_name("x" * 230) == "x" * 230
    one, other = short_name("é" * 115 + "1"), short_name("é" * 115 + "2")
    assert one != other and one[:110] == "é" * 110 and len(one) == 110 + 9


def test_a_check_compares_classes_and_views_before_data_are_opened() -> None:
    """Two classes and one view of 16 x 16 are known."""
    assert call("train", "ddnn", yard(Path("yard")), *QUICK, "--out", "mine").exit_code == 0
    yard(Path("other"), ("cup", "box"), 1)
    np.savez("x.npz", X=np.zeros((4, 1, 3, 8, 8), np.uint8), y=np.zeros((4, 1)))
    scenario: dict[str, Any] = {
        "samples": 5,
        "workload": {"every": "1 s"},
        "nodes": {tier: {"tier": tier, "speed": "1 GFLOP/s"} for tier in ("device", "edge", "cloud")},
        "links": [{"between": pair, "preset": "wifi"} for pair in (["device", "edge"], ["edge", "cloud"])],
        "systems": {"ddnn": {"weights": "mine.safetensors"}},
    }
    for data, message in (
        ({"set": "folder", "path": "other", "side": 16}, "mine knows a class 'cup' where folder has 'box'"),
        ({"set": "folder", "path": "yard", "side": 32}, "mine is for 1 view of 3×16×16; folder has 1 view of 3×32×32"),
        (
            {"set": "parquet", "path": "gone", "views": ["l", "r"], "classes": ["cup", "tin"]},
            "mine is for 1 view of 3×16×16; parquet has 2 views",
        ),
        (
            {"set": "parquet", "path": "gone", "views": ["l"], "classes": ["cup", "tin", "box"]},
            "mine is for 2 classes; parquet has 3",
        ),
        (
            {"set": "npz", "path": "x.npz", "classes": ["cup", "tin"]},
            "mine is for 1 view of 3×16×16; npz has 1 view of 3×8×8",
        ),
    ):
        card = json.loads(Path("mine.json").read_text())
        Path("mine.json").write_text(json.dumps({**card, "data": data["set"]}))
        with pytest.raises(ScenarioError, match=message):
            plans_of(load({**scenario, "data": data}))
    Path("mine.json").write_text(json.dumps({**card, "data": "parquet"}))
    plans_of(load({**scenario, "data": {"set": "parquet", "path": "gone", "views": ["l"], "classes": ["cup", "tin"]}}))
