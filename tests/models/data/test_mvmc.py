"""mvmc and single Parquet files: splits by frame, both layouts, and one clear message for everything that is wrong."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from numpy.typing import NDArray
from PIL import Image

from simnet.models.data import open_dataset, open_file
from simnet.models.data.base import DataError
from simnet.models.data.cifar10 import DEFAULT_CUT, Cifar10
from simnet.models.data.mvmc import VALIDATION, Mvmc, held_out_frames


def pictures(*shape: int, side: int = 32) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(1, 256, (*shape, 3, side, side), dtype=np.uint8)


def png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0)).save(file, "PNG")
    return file.getvalue()


def columns(
    views: NDArray[np.uint8], labels: list[Any] | None = None, frames: list[int] | None = None
) -> dict[str, Any]:
    n = len(views)
    made: dict[str, Any] = {f"view_{v}": [png(image) for image in views[:, v]] for v in range(6)}
    made["label"] = [i % 3 for i in range(n)] if labels is None else labels
    made["frame"] = list(range(n)) if frames is None else frames
    made["object"] = [0] * n
    return made


def write(path: Path, values: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(values), path)
    return path


LABELS = [0] * 24 + [2] * 12 + [1] * 4
FRAMES = [i // 2 for i in range(40)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    views = pictures(40, 6)
    views[::3, 1] = 0
    write(tmp_path / "mvmc" / "train.parquet", columns(views, LABELS, FRAMES))
    write(tmp_path / "mvmc" / "test.parquet", columns(pictures(5, 6)))
    return tmp_path


def test_validation_is_cut_by_frame_and_has_each_class_of_both_groups(folder: Path) -> None:
    train, validation, test = (Mvmc(split, folder) for split in ("train", "validation", "test"))
    assert len(train) + len(validation) == 40 and len(test) == 5
    assert not set(train.frames) & set(validation.frames)
    assert set(train.frames) | set(validation.frames) == set(FRAMES)
    assert 0.1 < len(validation) / 40 < 0.25
    assert 1 in train.labels and 1 in validation.labels  # the rarest class
    again = Mvmc("validation", folder)
    assert again.frames.tolist() == validation.frames.tolist() and again.checksum == validation.checksum
    assert len({data.checksum for data in (train, validation, test)}) == 3


def test_held_out_frames_do_not_depend_on_the_order_of_the_rows() -> None:
    frames, labels = np.array(FRAMES), np.array(LABELS)
    turned = held_out_frames(frames[::-1], labels[::-1])
    assert turned == held_out_frames(frames, labels)
    assert len(turned) == pytest.approx(VALIDATION * 20, abs=1)


def test_views_are_the_files_pixels_and_black_is_unseen(folder: Path) -> None:
    everything = pictures(40, 6)
    everything[::3, 1] = 0
    data = Mvmc("train", folder)
    rows = np.flatnonzero(np.isin(FRAMES, data.frames))
    np.testing.assert_array_equal(data.pixels([0, 3]), everything[rows[[0, 3]]])
    views, label = data[2]
    np.testing.assert_array_equal(views, everything[rows[2]])
    assert label == LABELS[rows[2]]
    seen = data.seen(range(len(data)))
    assert seen.shape == (len(data), 6) and seen[:, [0, 2, 3, 4, 5]].all()
    np.testing.assert_array_equal(seen[:, 1], rows % 3 != 0)


def test_one_frame_cannot_be_split(tmp_path: Path) -> None:
    write(tmp_path / "mvmc" / "train.parquet", columns(pictures(3, 6), frames=[1, 1, 1]))
    with pytest.raises(DataError, match="1 frames are too few"):
        Mvmc("train", tmp_path)


def test_training_file_must_name_frames(tmp_path: Path) -> None:
    values = columns(pictures(3, 6))
    del values["frame"]
    write(tmp_path / "mvmc" / "train.parquet", values)
    with pytest.raises(DataError, match="lacks the column 'frame'"):
        Mvmc("train", tmp_path)


@pytest.mark.parametrize("named", [True, False])
def test_missing_data_is_one_message(named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIMNET_DATA", raising=False)
    with pytest.raises(DataError, match=r"data set mvmc \(test\) is missing: .*--data-dir or SIMNET_DATA") as caught:
        open_dataset("mvmc", "test", tmp_path if named else None)
    assert "\n" not in str(caught.value) and (str(tmp_path) in str(caught.value)) == named


def as_structs(values: dict[str, Any]) -> dict[str, Any]:
    return {k: [{"bytes": b, "path": None} for b in v] if k.startswith("view") else v for k, v in values.items()}


@pytest.mark.parametrize("structs", [False, True])
def test_a_file_of_any_name_and_order_is_opened_whole(structs: bool, tmp_path: Path) -> None:
    views = pictures(4, 6)
    values = columns(views, [2, 0, 1, 1])
    values = dict(reversed(list((as_structs(values) if structs else values).items())))
    del values["frame"], values["object"]
    data = open_file("mvmc", write(tmp_path / "held out.pq", values))
    assert (data.name, len(data), data.labels.tolist()) == ("mvmc", 4, [2, 0, 1, 1])
    np.testing.assert_array_equal(data.pixels([3, 0]), views[[3, 0]])


@pytest.mark.parametrize("form", ["struct", "binary", "large binary"])
@pytest.mark.parametrize("column", ["img", "image"])
def test_a_file_of_cifar10_is_opened_whole(form: str, column: str, tmp_path: Path) -> None:
    images = pictures(3)
    files: Any = [png(image) for image in images]
    if form == "struct":
        files = [{"bytes": content} for content in files]
    elif form == "large binary":
        files = pa.array(files, pa.large_binary())
    data = open_file("cifar10", write(tmp_path / "a.parquet", {"label": [9, 0, 3], column: files}))
    assert isinstance(data, Cifar10) and data.labels.tolist() == [9, 0, 3]
    np.testing.assert_array_equal(data.pixels([2, 1]), DEFAULT_CUT(images[[2, 1]]))


def test_what_is_opened_whole_needs_the_file_no_longer(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", columns(pictures(2, 6)))
    data = open_file("mvmc", path)
    checksum = data.checksum
    path.unlink()
    assert data.pixels([0, 1]).shape == (2, 6, 3, 32, 32) and data.checksum == checksum


GOOD = pictures(2, 6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"view_4": None}, r"lacks the columns \['view_4'\]"),
        ({"view_0": None, "label": None}, r"lacks the columns \['view_0', 'label'\]"),
        ({"view_2": [png(GOOD[0, 0]), b"no image"]}, "row 1, column 'view_2' is no readable image"),
        ({"view_2": [png(GOOD[0, 0])[:900], png(GOOD[0, 0])]}, "row 0, column 'view_2' is no readable image"),
        ({"view_5": [None, png(GOOD[0, 0])]}, "row 0, column 'view_5' is no readable image"),
        ({"view_5": [png(GOOD[0, 0]), png(pictures(side=28))]}, "row 1, column 'view_5' is 28x28, not 32x32 pixels"),
        ({"view_1": ["a", "b"]}, "'view_1' must hold image files"),
        ({"view_1": [{"path": "a"}] * 2}, "'view_1' must hold image files"),
        ({"label": [0, 3]}, r"row 1, column 'label': 3 is outside 0\.\.2"),
        ({"label": [-1, 0]}, r"row 0, column 'label': -1 is outside 0\.\.2"),
        ({"label": [None, 0]}, "'label' must hold whole numbers, none of them missing"),
        ({"label": [0.5, 0]}, "'label' must hold whole numbers"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_message(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    values = {k: v for k, v in {**columns(GOOD), **change}.items() if v is not None}
    path = write(tmp_path / "a.parquet", values)
    with pytest.raises(DataError, match=message) as caught:
        open_file("mvmc", path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["absent", "empty", "text", "cut off"])
def test_no_parquet_is_one_message(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    if kind == "cut off":
        write(path, columns(GOOD))
        path.write_bytes(path.read_bytes()[:-20])
    elif kind != "absent":
        path.write_bytes(b"" if kind == "empty" else b"label,img\n")
    with pytest.raises(DataError, match="cannot be read as Parquet") as caught:
        open_file("mvmc", path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_without_samples_is_refused(tmp_path: Path) -> None:
    table = pa.table(columns(GOOD)).slice(0, 0)
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="holds no samples"):
        open_file("mvmc", tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("name", "message"), [("plaza", "plaza is generated: it has no files"), ("mnist", "unknown data set 'mnist'")]
)
def test_data_sets_without_files(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        open_file(name, tmp_path / "a.parquet")


@pytest.fixture
def mvmc_folder() -> Path:
    for folder in (os.environ.get("SIMNET_DATA"), ROOT.parent / "shared" / "data"):
        if folder and (Path(folder) / "mvmc" / "train.parquet").is_file():
            return Path(folder)
    pytest.skip("no mvmc data: name their folder in SIMNET_DATA")


def test_real_data(mvmc_folder: Path) -> None:
    train, validation, test = (Mvmc(split, mvmc_folder) for split in ("train", "validation", "test"))
    assert (len(train) + len(validation), len(test)) == (1110, 146)
    assert not set(train.frames) & set(validation.frames)
    assert np.bincount(np.concatenate([train.labels, validation.labels])).tolist() == [813, 7, 290]
    assert np.bincount(train.labels)[1] >= 1 and np.bincount(validation.labels)[1] >= 1
    seen = test.seen(range(len(test)))
    assert seen.any(1).all() and 0.2 < seen[:, 0].mean() < 0.4  # camera 1 seldom sees the object
