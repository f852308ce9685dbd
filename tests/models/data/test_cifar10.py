"""CIFAR-10: the cut, the splits, the places it is found in, and one clear message for everything that is wrong."""

from __future__ import annotations

import io
import pickle
import re
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from simnet.models.data import cifar10, open_dataset, open_file, options_of, set_of, words, written
from simnet.models.data.base import DataError
from simnet.models.data.cifar10 import DEFAULT_CUT, ORIGINAL, Cifar10, cut_of


def pictures(n: int, seed: int = 0, size: int = 32) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (n, 3, size, size), dtype=np.uint8)


def png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0)).save(file, "PNG")
    return file.getvalue()


def write(path: Path, images: NDArray[np.uint8], labels: list[Any] | None = None, column: str = "img") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    files = [{"bytes": png(image), "path": None} for image in images]
    labels = [number % 10 for number in range(len(images))] if labels is None else labels
    pq.write_table(pa.table({column: files, "label": labels}), path)
    return path


@pytest.fixture(autouse=True)
def small_and_offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torchvision.datasets

    def unreachable(_: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(cifar10, "VALIDATION", 4)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "download", unreachable)
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SIMNET_DATA", raising=False)


def test_each_patch_is_its_region() -> None:
    images = pictures(2)
    views = DEFAULT_CUT(images)
    assert views.shape == (2, 6, 3, 10, 16) and views.flags.c_contiguous
    for view in range(6):
        top, left = 1 + 10 * (view // 2), 16 * (view % 2)
        np.testing.assert_array_equal(views[:, view], images[:, :, top : top + 10, left : left + 16])


def test_the_lineages_cut_is_by_columns_from_the_corner() -> None:
    """Patch (r, c), r < 3, c < 2: rows 16c to 16c + 15, columns 10r to 10r + 9 (util.py of the public code)."""
    images = pictures(2)
    views = cut_of("16x10")(images)
    assert views.shape == (2, 6, 3, 16, 10)
    for r in range(3):
        for c in range(2):
            patch = images[:, :, 16 * c : 16 * c + 16, 10 * r : 10 * r + 10]
            np.testing.assert_array_equal(views[:, 2 * r + c], patch)


@pytest.mark.parametrize(
    ("name", "views", "shape"), [("whole", 1, (3, 32, 32)), ("1x1", 1, (3, 32, 32)), ("4x8", 32, (3, 8, 4))]
)
def test_a_cut_without_a_remainder_loses_no_pixel(name: str, views: int, shape: tuple[int, int, int]) -> None:
    images, cut = pictures(1), cut_of(name)
    made = cut(images)
    assert made.shape == (1, views, *shape) and cut.shape == shape
    assert sorted(made.flatten()) == sorted(images.flatten())
    np.testing.assert_array_equal(made[0, -1], images[0, :, 32 - shape[1] :, 32 - shape[2] :])


def test_data_with_keys_are_named_as_in_a_scenario(tmp_path: Path) -> None:
    images = pictures(12)
    write(tmp_path / "cifar10" / "train.parquet", images)
    whole, usual = (open_dataset(name, "validation", tmp_path) for name in ("{set: cifar10, cut: whole}", "cifar10"))
    assert (whole.views, whole.view_shape) == (1, (3, 32, 32)) and (usual.views, usual.view_shape) == (6, (3, 10, 16))
    np.testing.assert_array_equal(whole.pixels([1])[:, 0], images[9:10])
    np.testing.assert_array_equal(whole.cut(images), images[:, None])
    assert whole.checksum != usual.checksum == open_dataset("{set: cifar10, cut: 3x2}", "validation", tmp_path).checksum
    file = open_file("{set: cifar10, cut: whole}", tmp_path / "cifar10" / "train.parquet")
    assert file.view_shape == (3, 32, 32) and len(file) == 12


@pytest.mark.parametrize(("text", "name"), [("cifar10", "cifar10"), ("{set: cifar10, cut: 3x2}", "cifar10")])
def test_what_is_as_usual_is_written_as_the_name_alone(text: str, name: str) -> None:
    assert written(options_of(text)) == name and words(options_of(text)) == [name]


def test_what_is_written_is_read_again() -> None:
    options = options_of("{set: cifar10, cut: 16x10}")
    assert options_of(written(options)) == options and set_of(written(options)) == "cifar10"
    assert words(options) == ["cifar10", "16x10"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{set: cifar10, cut: 9x1}", "cut: must be whole, 16x10 or rows x columns of patches"),
        ("{set: cifar10, cut: 3x0}", "must be whole, 16x10 or rows x columns"),
        ("{set: cifar10, cutt: whole}", "cutt: unknown key 'cutt'; did you mean 'cut'? (allowed: set, order, cut)"),
        ("{cut: whole}", "names no data set; write {set: NAME, key: value, …}"),
        ("{set: cifar10", "not YAML"),
        ("{set: [1]}", "names no data set"),
        ("", "unknown data set ''"),
        ("{set: mnist}", "unknown data set 'mnist'; there are plaza, plaza2, cifar10, mvmc"),
    ],
)
def test_data_that_are_named_wrongly(text: str, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        options_of(text)


def test_splits_are_disjoint_and_in_order(tmp_path: Path) -> None:
    images = pictures(12)
    write(tmp_path / "cifar10" / "train.parquet", images)
    write(tmp_path / "cifar10" / "test.parquet", pictures(5, seed=1))
    train, validation, test = (open_dataset("cifar10", s, tmp_path) for s in ("train", "validation", "test"))
    assert (len(train), len(validation), len(test)) == (8, 4, 5)
    assert isinstance(train, Cifar10) and isinstance(validation, Cifar10)
    np.testing.assert_array_equal(np.concatenate([train.images(range(8)), validation.images(range(4))]), images)
    assert validation.labels.tolist() == [8, 9, 0, 1]
    views, label = validation[2]
    np.testing.assert_array_equal(views, DEFAULT_CUT(images[10:11])[0])
    np.testing.assert_array_equal(validation.pixels([3, 2])[1], views)
    assert label == 0
    assert len({train.checksum, validation.checksum, test.checksum}) == 3


def test_checksum_follows_pixels_and_labels(tmp_path: Path) -> None:
    images = pictures(6)
    path = write(tmp_path / "train.parquet", images)
    first = Cifar10("train", tmp_path).checksum
    assert Cifar10("train", tmp_path).checksum == first
    write(path, images, [1, 1, 2, 3, 4, 5])
    relabelled = Cifar10("train", tmp_path).checksum
    images[0, 0, 0, 0] ^= 1
    write(path, images)
    assert len({first, relabelled, Cifar10("train", tmp_path).checksum}) == 3


@pytest.mark.parametrize("column", ["img", "image"])
@pytest.mark.parametrize(
    "place",
    [
        "cifar10/train.parquet",
        "train.parquet",
        "cifar10/train-00000-of-00001.parquet",
        "cifar10/plain_text/train-00000-of-00001.parquet",
        "plain_text/train-00000-of-00001.parquet",
    ],
)
def test_layouts_of_parquet_are_found(place: str, column: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(6)
    write(tmp_path / place, images, column=column)
    monkeypatch.setenv("SIMNET_DATA", str(tmp_path))
    data = open_dataset("cifar10", "train")
    assert isinstance(data, Cifar10)
    np.testing.assert_array_equal(data.images([1, 0]), images[[1, 0]])


def test_named_folder_goes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a" / "test.parquet", pictures(2))
    write(tmp_path / "b" / "test.parquet", pictures(3))
    monkeypatch.setenv("SIMNET_DATA", str(tmp_path / "a"))
    assert len(open_dataset("cifar10", "test", tmp_path / "b")) == 3
    assert len(open_dataset("cifar10", "test")) == 2


def test_several_files_of_a_split_are_refused(tmp_path: Path) -> None:
    for part in range(2):
        write(tmp_path / f"train-0000{part}-of-00002.parquet", pictures(6))
    with pytest.raises(DataError, match="2 files match"):
        Cifar10("train", tmp_path)


def write_original(folder: Path, images: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    """The original distribution in miniature: one pickled batch for training, one for the test."""
    import torchvision.datasets

    folder.mkdir(parents=True)
    for name in ("data_batch_1", "test_batch"):
        (folder / name).write_bytes(
            pickle.dumps({"data": images.reshape(len(images), -1), "labels": [n % 10 for n in range(len(images))]})
        )
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list(cifar10.CLASSES)}))
    official = torchvision.datasets.CIFAR10
    monkeypatch.setattr(official, "train_list", [["data_batch_1", None]])
    monkeypatch.setattr(official, "test_list", [["test_batch", None]])
    monkeypatch.setattr(official, "meta", {"filename": "batches.meta", "key": "label_names", "md5": None})


@pytest.mark.parametrize("place", ["data/cifar10", "data", "cache/cifar10"])
def test_original_distribution_is_found(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = pictures(7)
    write_original(tmp_path / place / ORIGINAL, images, monkeypatch)
    data = Cifar10("train", tmp_path / "data")
    assert len(data) == 3
    np.testing.assert_array_equal(data.images(range(3)), images[:3])
    np.testing.assert_array_equal(Cifar10("test", tmp_path / "data").images(range(7)), images)
    assert data.checksum != Cifar10("validation", tmp_path / "data").checksum


def test_damaged_original_distribution(tmp_path: Path) -> None:
    (tmp_path / ORIGINAL).mkdir()
    with pytest.raises(DataError, match="is damaged: delete or replace it"):
        Cifar10("train", tmp_path)


@pytest.mark.parametrize("download", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_missing_data_is_one_message(download: bool, named: bool, tmp_path: Path) -> None:
    folder = tmp_path / "nothing here" if named else None
    with pytest.raises(DataError) as caught:
        Cifar10("train", folder, download=download)
    message = str(caught.value)
    assert "data set cifar10 (train) is missing" in message
    assert str(tmp_path / "cache" / "cifar10" / ORIGINAL) in message
    assert "--data-dir or SIMNET_DATA" in message and "\n" not in message
    assert ("no route to host" if download else "no download was asked for") in message
    assert (str(tmp_path / "nothing here" / "cifar10") in message) == named


def test_a_cache_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="is missing"):
        Cifar10("train")


def test_damaged_parquet(tmp_path: Path) -> None:
    path = write(tmp_path / "train.parquet", pictures(6))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        Cifar10("train", tmp_path)


def test_damaged_pages_behind_a_whole_footer(tmp_path: Path) -> None:
    path = write(tmp_path / "train.parquet", pictures(6))
    content = bytearray(path.read_bytes())
    content[4:2000] = b"\xff" * 1996
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"train\.parquet"):
        Cifar10("train", tmp_path).images(range(2))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": [0] * 6}, r"lacks the columns \['img'\]"),
        ({"img": [{"bytes": b""}] * 6}, r"lacks the columns \['label'\]"),
        ({"img": ["x"] * 6, "label": [0] * 6}, "must hold image files"),
        ({"img": [{"path": "x"}] * 6, "label": [0] * 6}, "must hold image files"),
        ({"img": [{"bytes": b""}] * 6, "label": ["cat"] * 6}, "must hold whole numbers"),
        ({"img": [{"bytes": b""}] * 6, "label": [0, 1, None, 2, 3, 4]}, "must hold whole numbers"),
        ({"img": [{"bytes": b""}] * 6, "label": [0, 1, 2, 3, 4, 10]}, "outside 0..9"),
        ({"img": [{"bytes": b""}] * 6, "label": [0, -1, 2, 3, 4, 5]}, "outside 0..9"),
        ({"img": [{"bytes": b""}] * 4, "label": [0] * 4}, "4 training images, more than 4 are needed"),
    ],
)
def test_wrong_columns(columns: dict[str, list[Any]], message: str, tmp_path: Path) -> None:
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=message):
        Cifar10("train", tmp_path)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"not an image", "row 1, column 'img' is no readable image"),
        (b"", "row 1, column 'img' is no readable image"),
        (None, "row 1, column 'img' is no readable image"),
        (png(pictures(1)[0])[:800], "row 1, column 'img' is no readable image"),
        (png(pictures(1, size=28)[0]), "row 1, column 'img' is 28x28, not 32x32"),
    ],
)
def test_images_that_cannot_be_used(file: bytes | None, message: str, tmp_path: Path) -> None:
    files = [{"bytes": png(pictures(1)[0])}, {"bytes": file}]
    pq.write_table(pa.table({"img": files, "label": [0, 1]}), tmp_path / "test.parquet")
    data = Cifar10("test", tmp_path)
    assert data.images([0]).shape == (1, 3, 32, 32)
    with pytest.raises(DataError, match=message):
        data.images([0, 1])


def test_unknown_names() -> None:
    with pytest.raises(DataError, match="unknown data set 'mnist'; there are plaza, plaza2, cifar10, mvmc"):
        open_dataset("mnist", "test")
    with pytest.raises(DataError, match="unknown split 'tset'; there are train, validation, test"):
        open_dataset("cifar10", "tset")


def test_real_data(cifar10_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "VALIDATION", 5_000)
    test = Cifar10("test", cifar10_folder, download=False)
    views, label = test[7]
    assert views.shape == (6, 3, 10, 16) and views.dtype == np.uint8 and 0 <= label < 10
    assert np.bincount(test.labels, minlength=10).min() > 0.09 * len(test)
    assert 90 < test.images(range(200)).mean() < 150
