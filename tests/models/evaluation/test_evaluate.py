"""`python -m models evaluate`: a file it has never seen, what `--json` prints, and every bad input as one message."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from fake_views import FakeViews, use_fake_views
from PIL import Image
from safetensors.torch import load_file, save_file
from weights import card_of, untrained, write_random_weights

from simnet.cli.models import app as cli
from simnet.models.cards.card import file_sha256, read_card
from simnet.models.cards.weights import load_network, save_weights
from simnet.models.data import open_file
from simnet.models.evaluation.outcome import Exits
from simnet.models.evaluation.scores import camera_accuracy, exit_scores, segment_scores
from simnet.models.networks.ddnn_2017 import Ddnn2017Architecture

Json = dict[str, Any]


def png(seed: int, side: int = 32) -> bytes:
    """A picture of noise."""
    content = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def cifar10_file(path: Path, n: int = 12, **columns: Any) -> Path:
    """A Parquet file of the cifar10 layout; `columns` replace or, with None, drop its own."""
    random = np.random.default_rng(n)
    made = {"label": random.integers(0, 10, n).tolist(), "img": [{"bytes": png(i), "path": ""} for i in range(n)]}
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({k: v for k, v in {**made, **columns}.items() if v is not None}), path)
    return path


def mvmc_file(path: Path, n: int = 9, **columns: Any) -> Path:
    """The same in the layout of mvmc, without the columns that an evaluation does not need."""
    made: Json = {f"view_{v}": [png(10 * i + v) for i in range(n)] for v in reversed(range(6))}
    made["label"] = [i % 3 for i in range(n)]
    pq.write_table(pa.table({k: v for k, v in {**made, **columns}.items() if v is not None}), path)
    return path


def ddnn_2017_weights(path: Path, **architecture: Any) -> Path:
    """Untrained weights of DDNN of 2017 for mvmc, with a card that a simulation can read."""
    network = untrained("ddnn-2017", Ddnn2017Architecture(**architecture))
    save_weights(network, card_of("ddnn-2017", "mvmc", network, 0.9), path)
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_random_weights(tmp_path, "ada-ddnn", "cifar10", threshold=0.97)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs the command line as a process would; returns exit status, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["models", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def evaluated(call: Callable[..., tuple[int, str, str]], *arguments: object) -> Json:
    """The one object that `--json` prints, checked for what always holds."""
    status, out, err = call("evaluate", *arguments, "--json")
    assert (status, err) == (0, "")
    found: Json = json.loads(out)
    assert list(found) == ["samples", "exits", "accuracy", "thresholds"]
    assert list(found["thresholds"]) == list(found["exits"])[:-1]
    assert sum(e["share"] for e in found["exits"].values()) == pytest.approx(1)
    weighted = sum(e["share"] * (e["accuracy"] or 0.0) for e in found["exits"].values())
    assert weighted == pytest.approx(found["accuracy"])
    for entry in found["exits"].values():
        assert list(entry) == ["forced_accuracy", "share", "accuracy"]
        assert (entry["accuracy"] is None) == (entry["share"] == 0)
    return found


def test_json_is_what_plain_torch_finds(weights: Path, tmp_path: Path, call: Any) -> None:
    """A file of another name, order and size; accuracies by a direct pass of the whole network over it."""
    path = cifar10_file(tmp_path / "held_out.parquet", 30)
    found = evaluated(call, weights, "--data", path)
    card, data = read_card(str(weights)), open_file("cifar10", path)
    assert found["samples"] == 30 and found["thresholds"] == card.thresholds
    with torch.no_grad():
        network = load_network(card)
        scores = network(network.prepare(torch.from_numpy(data.pixels(range(30)))))
    for exit_name, classifier in (("edge-2", "edge"), ("cloud", "cloud")):
        right = scores[classifier].argmax(1).numpy() == data.labels
        assert found["exits"][exit_name]["forced_accuracy"] == pytest.approx(right.mean())


def test_the_order_of_rows_and_columns_changes_nothing(weights: Path, tmp_path: Path, call: Any) -> None:
    path = cifar10_file(tmp_path / "one.parquet", 20)
    table = pq.read_table(path)
    other = tmp_path / "other.parquet"
    pq.write_table(table.select(["img", "label"]).take(list(reversed(range(20)))), other)
    assert evaluated(call, weights, "--data", path) == evaluated(call, weights, "--data", other)


def _bmp(i: int) -> bytes:
    """Uncompressed, so that all pictures of one size have as many bytes."""
    content = io.BytesIO()
    Image.open(io.BytesIO(png(i))).save(content, "BMP")
    return content.getvalue()


_BMPS = [_bmp(i) for i in range(20)]


@pytest.mark.parametrize(
    "images",
    [
        {"img": pa.array(_BMPS, pa.large_binary())},
        {"img": pa.array(_BMPS, pa.binary_view())},
        {"img": pa.array(_BMPS, pa.binary(len(_BMPS[0])))},
        {"img": pa.array(_BMPS).dictionary_encode()},
        {"img": pa.StructArray.from_arrays([pa.nulls(20), pa.array(_BMPS).dictionary_encode()], ["path", "bytes"])},
        {"img": None, "img.bytes": pa.array(_BMPS), "img.path": pa.array([""] * 20)},
        {"img": None, "image": pa.array(_BMPS)},
    ],
    ids=lambda images: ", ".join(f"{name}: {column.type}" for name, column in images.items() if column is not None),
)
def test_how_the_images_are_written_changes_nothing(images: Json, weights: Path, tmp_path: Path, call: Any) -> None:
    plain = cifar10_file(tmp_path / "plain.parquet", 20)
    small = pa.array(pq.read_table(plain)["label"].to_pylist(), pa.int8())
    other = cifar10_file(tmp_path / "label=3" / "no suffix", 20, **images, label=small)
    assert evaluated(call, weights, "--data", plain) == evaluated(call, weights, "--data", other)


def test_an_exit_where_nobody_left_has_no_accuracy(weights: Path, tmp_path: Path, call: Any) -> None:
    change_card(weights, lambda card: card["calibration"].update(thresholds={"edge-1": 0.0, "edge-2": 1}))
    found = evaluated(call, weights, "--data", cifar10_file(tmp_path / "a.parquet"))
    assert found["exits"]["edge-1"]["share"] == 0 and found["exits"]["edge-1"]["accuracy"] is None
    assert found["exits"]["edge-2"]["share"] == 1 and found["exits"]["cloud"]["accuracy"] is None


@pytest.mark.parametrize("edges", [(), ((0, 1, 2, 3, 4, 5),), ((0, 1, 2), (3, 4, 5))])
def test_ddnn_2017_on_a_file_of_six_views(edges: Any, tmp_path: Path, call: Any) -> None:
    weights = ddnn_2017_weights(tmp_path / "mine.safetensors", edges=edges)
    found = evaluated(call, weights, "--data", mvmc_file(tmp_path / "any name.parquet"), "--missing", "2")
    assert found["samples"] == 9
    assert list(found["exits"]) == (["local", "edge", "cloud"] if edges else ["local", "cloud"])


def test_a_temperature_in_the_card_moves_the_shares_and_not_the_cloud(weights: Path, tmp_path: Path, call: Any) -> None:
    path = cifar10_file(tmp_path / "a.parquet", 30)
    change_card(weights, lambda card: card["calibration"].update(thresholds={"edge-1": 0.0, "edge-2": 0.95}))
    plain = evaluated(call, weights, "--data", path)
    change_card(weights, lambda card: card["calibration"].update(temperatures={"edge": 0.05}))
    sharp = evaluated(call, weights, "--data", path)
    assert sharp["exits"]["edge-2"]["share"] > plain["exits"]["edge-2"]["share"]
    assert all(
        sharp["exits"][e]["forced_accuracy"] == plain["exits"][e]["forced_accuracy"] for e in ("edge-2", "cloud")
    )


def test_missing_cameras_and_codec_reach_the_network(weights: Path, tmp_path: Path, call: Any) -> None:
    path = cifar10_file(tmp_path / "a.parquet", 40)
    card, data = read_card(str(weights)), open_file("cifar10", path)
    found = evaluated(call, weights, "--data", path, "--missing", "3,5", "--codec", "1bit")
    present = torch.ones(40, 6, dtype=torch.bool)
    present[:, [2, 4]] = False
    with torch.no_grad():
        network = load_network(card)
        whole = network(network.prepare(torch.from_numpy(data.pixels(range(40)))), present, "1bit")
    right = whole["cloud"].argmax(1).numpy() == data.labels
    assert found["exits"]["cloud"]["forced_accuracy"] == pytest.approx(right.mean())
    scores = segment_scores(network, data, missing=(2, 4), codec="1bit")
    np.testing.assert_allclose(scores["cloud"], whole["cloud"].numpy(), atol=1e-5)
    assert np.isnan(scores["device"][:, [2, 4]]).all() and np.isfinite(scores["device"][:, [0, 1, 3, 5]]).all()
    alone = camera_accuracy(network, scores, data.labels)
    assert alone is not None and [a != a for a in alone] == [False, False, True, False, True, False]
    exits = Exits(exit_scores(network, scores), data.labels)
    assert np.isfinite(exits.measures).all()  # the surest is one of those that are there


def test_json_of_a_split_and_the_table(tmp_path: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use_fake_views(monkeypatch)
    weights = write_random_weights(tmp_path, "ddnn", "plaza")
    change_card(weights, lambda card: card.update(data_note="made up", class_names=list(FakeViews.class_names)))
    found = evaluated(call, weights, "--split", "validation")
    assert found["samples"] == len(FakeViews("validation"))
    status, out, _ = call("evaluate", weights, "--split", "validation", "-T", "0.5", "--missing", "1")
    assert status == 0 and "note: made up" in out and "calibrated on the validation split: edge 0.95" in out


def change_card(weights: Path, edit: Callable[[Json], object]) -> None:
    path = weights.with_suffix(".json")
    values = json.loads(path.read_text())
    edit(values)
    path.write_text(json.dumps(values))


def refused(done: tuple[int, str, str], *messages: str) -> None:
    """One line on stderr, nothing on stdout, status 2."""
    status, out, err = done
    assert (status, out) == (2, "") and err.startswith("error: ") and err.count("\n") == 1, (out, err)
    assert all(message in err for message in messages), err


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"img": None}, "lacks the columns"),
        ({"label": None}, "lacks the columns ['label']"),
        ({"label": [0] * 11 + [10]}, "row 11, column 'label': 10 is outside 0..9"),
        ({"label": [-1] + [0] * 11}, "row 0, column 'label': -1 is outside 0..9"),
        ({"label": ["cat"] * 12}, "must hold whole numbers"),
        ({"label": [None, *[0] * 11]}, "must hold whole numbers, none of them missing"),
        ({"img": ["text"] * 12}, "must hold image files"),
        ({"img": [{"bytes": png(0)}] * 11 + [{"bytes": b"no image"}]}, "row 11, column 'img' is no readable image"),
        ({"img": [{"bytes": png(0)}] * 11 + [{"bytes": png(0)[:200]}]}, "row 11, column 'img' is no readable image"),
        ({"img": [{"bytes": png(0)}] * 11 + [{"bytes": None}]}, "row 11, column 'img' is no readable image"),
        ({"img": [{"bytes": png(0, side=16)}] * 12}, "is 16x16, not 32x32"),
    ],
)
def test_bad_files_of_the_cifar10_layout(columns: Json, message: str, weights: Path, tmp_path: Path, call: Any) -> None:
    path = cifar10_file(tmp_path / "bad.parquet", **columns)
    refused(call("evaluate", weights, "--data", path, "--json"), "bad.parquet", message)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"view_3": None}, "lacks the columns ['view_3']"),
        ({"label": [0, 1, 2] * 2 + [0, 1, 3]}, "row 8, column 'label': 3 is outside 0..2"),
        ({"view_5": [b""] * 9}, "row 0, column 'view_5' is no readable image"),
    ],
)
def test_bad_files_of_the_mvmc_layout(columns: Json, message: str, tmp_path: Path, call: Any) -> None:
    weights = ddnn_2017_weights(tmp_path / "mine.safetensors")
    refused(call("evaluate", weights, "--data", mvmc_file(tmp_path / "bad.parquet", **columns)), "bad.parquet", message)


def test_files_that_are_none(weights: Path, tmp_path: Path, call: Any) -> None:
    for path, content in ((tmp_path / "text.parquet", b"hello"), (tmp_path / "none.parquet", None), (tmp_path, None)):
        if content is not None:
            path.write_bytes(content)
        refused(call("evaluate", weights, "--data", path, "--json"), str(path))
    refused(call("evaluate", weights, "--data", cifar10_file(tmp_path / "empty.parquet", 0, label=pa.array([], "int64"),
                 img=pa.array([], pa.struct({"bytes": pa.binary()})))), "holds no samples")  # fmt: skip
    refused(call("evaluate", weights, "--data", mvmc_file(tmp_path / "other.parquet")), "lacks the columns")


@pytest.mark.parametrize("devices", [None, [], ["a"], [9], 4])
def test_a_card_with_impossible_devices(devices: object, tmp_path: Path, call: Any) -> None:
    weights = ddnn_2017_weights(tmp_path / "mine.safetensors")
    change_card(weights, lambda card: card["architecture"].update(devices=devices))
    refused(call("evaluate", weights, "--data", mvmc_file(tmp_path / "a.parquet")), "its architecture makes no network")


def test_plaza_has_no_files(tmp_path: Path, call: Any) -> None:
    weights = write_random_weights(tmp_path, "ddnn", "plaza")
    path = cifar10_file(tmp_path / "a.parquet")
    refused(call("evaluate", weights, "--data", path), "data set plaza is generated: it has no files")


def _flip(weights: Path) -> None:
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


def _with_agreeing_card(weights: Path, edit: Callable[[], object]) -> None:
    edit()
    change_card(weights, lambda card: card.update(sha256=file_sha256(weights)))


def _truncate(weights: Path) -> None:
    _with_agreeing_card(weights, lambda: weights.write_bytes(weights.read_bytes()[:-100]))


def _reshape(weights: Path) -> None:
    tensors = load_file(weights)
    tensors["cloud.classifier.linear.bias"] = torch.zeros(7)
    _with_agreeing_card(weights, lambda: save_file(tensors, weights))


def _other_views(weights: Path) -> None:
    change_card(weights, lambda card: card["architecture"].update(view=[32, 32]))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_flip, "checksum"),
        (_truncate, "does not fit its card"),
        (_reshape, "does not fit its card"),
        (
            lambda weights: change_card(weights, lambda card: card.update(sha256="0" * 64)),
            "is not the card's 000000000000",
        ),
        (
            lambda weights: change_card(weights, lambda card: card.update(network="ddnn")),
            "its graph is not that of the network",
        ),
        (
            lambda weights: change_card(weights, lambda card: card.update(network="ddnn-2017")),
            "its architecture makes no network",
        ),
        (
            lambda weights: change_card(weights, lambda card: card.update(class_names=["a", "b"])),
            "class_names has 2, the graph 10",
        ),
        (lambda weights: change_card(weights, lambda card: card["calibration"].update(thresholds={})), "no calibrated"),
        (lambda weights: change_card(weights, lambda card: card.update(class_names=10)), "class_names must be a list"),
        (lambda weights: change_card(weights, lambda card: card.update(graph=3)), "graph: is no graph of segments"),
        (
            lambda weights: change_card(weights, lambda card: card["architecture"].update(view=[32])),
            "architecture.view must be height and width",
        ),
        (
            lambda weights: change_card(weights, lambda card: card["architecture"].update(edge_widths={})),
            "its architecture makes no network",
        ),
        (_other_views, "its graph is not that of the network"),
        (lambda weights: weights.unlink(), "are missing"),
        (lambda weights: weights.with_suffix(".json").write_text("{"), "not a readable card"),
    ],
)
def test_bad_weights_and_cards(
    damage: Callable[[Path], object], message: str, weights: Path, tmp_path: Path, call: Any
) -> None:
    path = cifar10_file(tmp_path / "good.parquet")
    damage(weights)
    refused(call("evaluate", weights, "--data", path, "--json"), weights.stem, message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--missing", "0"), "is no list of cameras"),
        (("--missing", "3;5"), "is no list of cameras"),
        (("--missing", "7"), "is no list of cameras"),
        (("--missing", "1,2,3,4,5,6"), "leaves no camera"),
        (("--codec", "int4"), "'int4' is none of fp32, fp16, int8, 1bit"),
        (("--split", "exam"), "'exam' is none of train, validation, test"),
    ],
)
def test_wrong_options(options: tuple[str, ...], message: str, weights: Path, call: Any) -> None:
    status, out, err = call("evaluate", weights, *options)
    assert (status, out) == (2, "") and message in " ".join(err.replace("│", " ").split())


def test_devices_of_a_smaller_network_count_as_its_cameras(tmp_path: Path, call: Any) -> None:
    weights = ddnn_2017_weights(tmp_path / "two.safetensors", devices=(1, 4))
    path = mvmc_file(tmp_path / "a.parquet")
    status, _, err = call("evaluate", weights, "--data", path, "--missing", "2,5")
    assert status == 2 and "leaves no camera" in err
    assert evaluated(call, weights, "--data", path, "--missing", "2")["samples"] == 9
    _, out, _ = call("evaluate", weights, "--data", path, "--missing", "2")
    assert "each camera alone, %: 2: –, 5: " in out
