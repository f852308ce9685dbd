"""A user's own images: class folders, Parquet by columns, numpy archives; splits, checksums, and what is refused."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from simnet import load
from simnet.models.data import DATASETS, open_dataset, options_of
from simnet.models.data.base import SPLITS, DataError, Dataset, check_dataset
from simnet.models.data.shares import Shares


def file_of(colour: int, size: tuple[int, int] = (10, 10), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (colour, 0, 255)).save(file, kind)
    return file.getvalue()


def photos(root: Path, classes: tuple[str, ...] = ("cup", "tin"), n: int = 40, views: tuple[str, ...] = ()) -> Path:
    """`n` images a class, of a colour each; of several views each a little lighter."""
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for sample in range(n):
            for view, suffix in enumerate(views or ("",)):
                ending = f"_{suffix}" if suffix else ""
                (root / name / f"{sample}{ending}.png").write_bytes(file_of(100 * number + 2 * sample + view))
    return root


def named(kind: str, **keys: Any) -> str:
    return json.dumps({"set": kind, **{key: str(v) if isinstance(v, Path) else v for key, v in keys.items()}})


def splits_of(text: str) -> dict[str, Dataset]:
    return {split: open_dataset(text, split) for split in SPLITS}


def colours(data: Dataset) -> list[int]:
    return data.pixels(range(len(data)))[:, 0, 0, 0, 0].tolist()


def test_splits_are_disjoint_whole_and_do_not_move(tmp_path: Path) -> None:
    text = named("folder", path=photos(tmp_path / "p"), side=8)
    splits = splits_of(text)
    for data in splits.values():
        check_dataset(type(data), data)
        assert data.class_names == ("cup", "tin") and (data.views, data.view_shape) == (1, (3, 8, 8))
    found = {split: colours(data) for split, data in splits.items()}
    everything = [2 * s for s in range(40)] + [100 + 2 * s for s in range(40)]
    assert sorted(colour for each in found.values() for colour in each) == everything
    assert all(len(found[split]) >= 4 for split in SPLITS)
    assert (splits["train"].labels == [colour >= 100 for colour in found["train"]]).all()
    (tmp_path / "p" / "cup" / "new.png").write_bytes(file_of(255))
    again = {split: colours(data) for split, data in splits_of(text).items()}
    assert {split: [c for c in each if c != 255] for split, each in again.items()} == found


def test_shares_are_kept_on_average() -> None:
    found = [Shares(validation=0.2, test=0.3).split_of(f"cup/{n}") for n in range(4_000)]
    for split, share in (("train", 0.5), ("validation", 0.2), ("test", 0.3)):
        assert abs(found.count(split) / 4_000 - share) < 0.03  # four standard errors


def test_folders_of_splits_are_the_splits(tmp_path: Path) -> None:
    for split, n in (("train", 30), ("test", 3)):
        photos(tmp_path / split, n=n)
    splits = splits_of(named("folder", path=tmp_path, side=8))
    assert len(splits["test"]) == 6 and len(splits["train"]) + len(splits["validation"]) == 60
    assert not set(colours(splits["train"])) & set(colours(splits["validation"]))
    photos(tmp_path / "validation", n=2)
    splits = splits_of(named("folder", path=tmp_path, side=8))
    assert [len(splits[split]) for split in SPLITS] == [60, 4, 6]


def test_views_are_told_by_the_names_of_the_files(tmp_path: Path) -> None:
    photos(tmp_path / "p", views=("left", "right"))
    (tmp_path / "p" / "cup" / "7_right.png").unlink()
    splits = splits_of(named("folder", path=tmp_path / "p", side=8, views=["right", "left"]))
    pixels = np.concatenate([data.pixels(range(len(data))) for data in splits.values()])[:, :, 0, 0, 0].astype(int)
    assert pixels.shape == (80, 2) and splits["test"].views == 2
    unseen = pixels[:, 0] == 0
    assert pixels[unseen].tolist() == [[0, 14]]  # the camera that does not see the object has a black view
    assert (pixels[~unseen, 0] == pixels[~unseen, 1] + 1).all()


def test_an_image_is_cropped_about_its_centre_and_stands_upright(tmp_path: Path) -> None:
    photos(tmp_path / "p", n=1)
    image = Image.new("RGB", (40, 20), (0, 0, 0))
    image.paste((200, 200, 200), (10, 0, 30, 20))
    image.save(tmp_path / "p" / "cup" / "0.png")
    turned = Image.new("RGB", (20, 20), (0, 0, 0))
    turned.paste((255, 255, 255), (0, 0, 20, 10))
    exif = Image.Exif()
    exif[0x0112] = 3  # stands on its head
    turned.save(tmp_path / "p" / "tin" / "0.png", exif=exif)
    every = named("folder", path=tmp_path / "p", side=8, shares={"validation": 0.1, "test": 0.1})
    found = {}
    for split in SPLITS:
        try:
            data = open_dataset(every, split)
        except DataError:
            continue
        found.update({int(label): data.pixels([row])[0, 0, 0] for row, label in enumerate(data.labels)})
    assert (found[0][:, 1:-1] == 200).all()  # but for the border, where the black outside shines through
    assert found[1][0].max() == 0 and found[1][-1].min() == 255


@pytest.mark.parametrize("change", ["pixel", "name", "class", "side"])
def test_checksum_is_of_the_content(tmp_path: Path, change: str) -> None:
    root = photos(tmp_path / "p", n=20)
    before = open_dataset(named("folder", path=root, side=8), "train").checksum
    (tmp_path / "q").mkdir()
    moved = root.rename(tmp_path / "q" / "elsewhere")
    assert open_dataset(named("folder", path=moved, side=8), "train").checksum == before
    match change:
        case "pixel":
            for file in (moved / "cup").iterdir():
                file.write_bytes(file_of(99))
        case "name":
            for file in (moved / "cup").iterdir():
                file.rename(file.with_stem(f"new{file.stem}"))
        case "class":
            (moved / "cup").rename(moved / "can")
    side = 9 if change == "side" else 8
    assert open_dataset(named("folder", path=moved, side=side), "train").checksum != before


def test_a_further_class_changes_the_checksum_where_labels_move(tmp_path: Path) -> None:
    """A class without samples in this split is none of its files, but cup and tin become 1 and 2."""
    for split in ("train", "test"):
        photos(tmp_path / split, n=2)
    text = named("folder", path=tmp_path, side=8)
    before = open_dataset(text, "test")
    assert before.labels.tolist() == [0, 0, 1, 1]
    photos(tmp_path / "train", ("axe",), n=1)
    after = open_dataset(text, "test")
    assert after.labels.tolist() == [1, 1, 2, 2] and after.checksum != before.checksum


def test_paths_of_a_scenario_are_seen_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from paths import ROOT

    text = (ROOT / "scenarios" / "six_cameras.yaml").read_text(encoding="utf-8")
    (tmp_path / "there").mkdir()
    file = tmp_path / "there" / "own.yaml"
    text = re.sub("(?m)^data: .*", "data: {set: folder, path: ../photos, side: 32}", text)
    text = re.sub(
        "(?m)^systems:(.|\n)*?(?=^\\S)", "systems: {ada-ddnn: {weights: ada-ddnn-plaza}}\n", text + "\nx-end: 1\n"
    )
    file.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert Path(load(file).data.path).resolve() == tmp_path / "photos"  # type: ignore[attr-defined]


def spoil(root: Path, how: str) -> None:
    match how:
        case "missing":
            root.rename(root.with_name("gone"))
        case "empty":
            for name in ("cup", "tin"):
                for file in (root / name).iterdir():
                    file.unlink()
        case "no classes":
            for name in ("cup", "tin"):
                (root / name).rename(root.with_name(name))
        case "one class":
            (root / "tin").rename(root.with_name("tin"))
        case "mixed":
            (root / "stray.png").write_bytes(file_of(1))
        case "text":
            (root / "cup" / "notes.txt").write_text("?")
        case "nested":
            (root / "cup" / "more").mkdir()
        case "split":
            (root / "train").mkdir()


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "p: cannot be read (No such file or directory)"),
        ("empty", "cup: is empty"),
        ("no classes", "p: holds no class folders; each class needs a folder of its own, two at least"),
        ("one class", "p: holds one class ('cup'); each class needs a folder of its own"),
        ("mixed", "p: 'stray.png' lies beside the classes' folders; every image needs a class"),
        ("text", "cup: 'notes.txt' is no image"),
        ("nested", "cup: 'more' is no image"),
        ("split", "p: has folders train but none for test"),
    ],
)
def test_what_is_no_folder_of_images_is_one_message(tmp_path: Path, how: str, message: str) -> None:
    root = photos(tmp_path / "p", n=20)
    spoil(root, how)
    with pytest.raises(DataError, match=re.escape(message)):
        open_dataset(named("folder", path=root), "train")


def test_an_image_that_is_none_is_named(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", n=20)
    for file in (root / "tin").iterdir():
        file.write_bytes(b"no image")
    data = open_dataset(named("folder", path=root), "train")
    with pytest.raises(DataError, match=r"tin/\d+\.png: is no readable image"):
        data.pixels(range(len(data)))


def test_an_image_of_sixteen_bits_is_refused_rather_than_cut_off(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", n=20)
    for file in (root / "tin").iterdir():
        Image.fromarray(np.full((9, 9), 1_000, np.uint16)).save(file)
    data = open_dataset(named("folder", path=root), "train")
    with pytest.raises(DataError, match="has more than 8 bits a channel; save it with 8"):
        data.pixels(range(len(data)))


@pytest.mark.parametrize("kind", ["L", "P", "RGBA", "CMYK", "1"])
def test_every_kind_of_eight_bits_is_read_in_colours(tmp_path: Path, kind: str) -> None:
    root = photos(tmp_path / "p", n=20)
    for file in [*(root / "tin").iterdir(), *(root / "cup").iterdir()]:
        Image.new("RGB", (9, 9), (255, 255, 255)).convert(kind).save(file.with_suffix(".tif"))
        file.unlink()
    data = open_dataset(named("folder", path=root), "train")
    assert data.pixels([0]).min() > 250


def test_names_of_views_may_have_underscores(tmp_path: Path) -> None:
    photos(tmp_path / "p", views=("cam_1", "1"))
    data = open_dataset(named("folder", path=tmp_path / "p", side=8, views=["cam_1", "1"]), "train")
    left, right = data.pixels(range(len(data)))[:, :, 0, 0, 0].astype(int).T
    assert (right == left + 1).all()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, "path"),
        ({"path": "p", "side": 4}, "side"),
        ({"path": "p", "views": ["a", "a"]}, "two views have one name"),
        ({"path": "p", "shares": {"test": 0.6, "validation": 0.5}}, "must leave some samples for training"),
        ({"path": "p", "views": ["a", "b"]}, "is no <sample>_<view>; the views are a, b"),
    ],
)
def test_keys_that_make_no_sense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: Any, message: str) -> None:
    photos(tmp_path / "p", n=20)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=re.escape(message)):
        open_dataset(named("folder", **keys), "train")


def table(path: Path, n: int = 40, label: str = "kind", words: bool = True, size: int = 10, first: int = 0) -> None:
    path.parent.mkdir(exist_ok=True)
    views = {f"cam{v}": [file_of(first + 2 * s + v, (size, size)) for s in range(n)] for v in range(2)}
    labels = [("cup", "tin")[s % 2] for s in range(n)] if words else [s % 2 for s in range(n)]
    pq.write_table(pa.table({**views, label: labels}), path)


PARQUET = {"views": ["cam1", "cam0"], "label": "kind", "classes": ["cup", "tin"]}


@pytest.mark.parametrize("words", [True, False])
def test_parquet_by_the_names_of_its_columns(tmp_path: Path, words: bool) -> None:
    table(tmp_path / "train.parquet", words=words)
    table(tmp_path / "test.parquet", 6, words=words, first=100)
    splits = splits_of(named("parquet", path=tmp_path, **PARQUET))
    for data in splits.values():
        check_dataset(type(data), data)
    assert splits["test"].pixels([1, 2])[:, :, 0, 0, 0].tolist() == [[103, 102], [105, 104]]
    assert splits["test"].labels.tolist() == [0, 1] * 3 and splits["test"].view_shape == (3, 10, 10)
    assert sorted(colours(splits["train"]) + colours(splits["validation"])) == [2 * s + 1 for s in range(40)]
    table(tmp_path / "validation.parquet", 4, words=words)
    assert [len(data) for data in splits_of(named("parquet", path=tmp_path, **PARQUET)).values()] == [40, 4, 6]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"label": "sort"}, "lacks the columns ['sort']"),
        ({"classes": ["cup", "can"]}, "row 1, column 'kind': 'tin' is none of cup, can"),
        ({"classes": ["cup"]}, "classes"),
        ({"views": ["cam0", "kind"]}, "'kind' must hold image files"),
        ({"views": ["cam0", "cam0"]}, "two views have one name"),
    ],
)
def test_parquet_of_another_layout_is_one_message(tmp_path: Path, keys: Any, message: str) -> None:
    table(tmp_path / "train.parquet")
    with pytest.raises(DataError, match=re.escape(message)):
        open_dataset(named("parquet", path=tmp_path, **{**PARQUET, **keys}), "train")


def test_parquet_with_views_of_different_sizes_is_one_message(tmp_path: Path) -> None:
    columns = {"cam0": [file_of(1)] * 20, "cam1": [file_of(1, (10, 12))] * 20, "kind": ["cup", "tin"] * 10}
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    data = open_dataset(named("parquet", path=tmp_path, **PARQUET), "train")
    with pytest.raises(DataError, match="column 'cam0' is 10x10, not 10x12 pixels"):
        data.pixels([0])
    with pytest.raises(DataError, match=r"lacks test\.parquet"):
        open_dataset(named("parquet", path=tmp_path, **PARQUET), "test")


def test_parquet_of_sixteen_bits_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((9, 9), 1_000, np.uint16)).save(file, "PNG")
    columns = {"cam0": [file.getvalue()] * 20, "cam1": [file.getvalue()] * 20, "kind": ["cup", "tin"] * 10}
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    with pytest.raises(DataError, match="row 0, column 'cam1' has more than 8 bits a channel"):
        open_dataset(named("parquet", path=tmp_path, **PARQUET), "train")


def archive(path: Path, n: int = 40, **changes: Any) -> str:
    """As `MVMC.npz` is laid out: fractions, labels for each view, 3 where it does not see the object."""
    random = np.random.default_rng(1)
    arrays: dict[str, NDArray[Any]] = {
        "X": random.random((n, 6, 3, 8, 8), dtype=np.float32),
        "y": np.repeat(np.arange(n)[:, None] % 3, 6, axis=1),
    }
    arrays["X"][:, 0] = np.arange(n)[:, None, None, None] / 255
    arrays["X"][0, 0, 0, 0, 0] = 1
    arrays["y"][:, 5] = 3
    np.savez(path, **{**arrays, **changes})
    return named("npz", path=path, classes=["car", "bus", "person"])


def test_archive_of_six_cameras(tmp_path: Path) -> None:
    splits = splits_of(archive(tmp_path / "MVMC.npz"))
    seen = []
    for data in splits.values():
        check_dataset(type(data), data)
        pixels = data.pixels(range(len(data)))
        assert (data.views, data.view_shape) == (6, (3, 8, 8)) and not pixels[:, 5].any() and pixels[:, 4].any()
        rows = pixels[:, 0, 2, 7, 7]
        assert (rows % 3 == data.labels).all()
        seen += rows.tolist()
    assert sorted(seen) == list(range(40))


def test_rows_for_test_are_those_that_the_user_names(tmp_path: Path) -> None:
    text = archive(tmp_path / "a.npz")
    (tmp_path / "rows.txt").write_text("3 1\n39\n")
    keys = {**json.loads(text), "test_rows": str(tmp_path / "rows.txt")}
    splits = splits_of(json.dumps(keys))
    assert splits["test"].pixels(range(3))[:, 0, 2, 7, 7].tolist() == [1, 3, 39]
    assert len(splits["train"]) + len(splits["validation"]) == 37 and len(splits["validation"]) >= 2
    (tmp_path / "rows.txt").write_text("3 40")
    with pytest.raises(DataError, match="must be different rows from 0 to 39"):
        open_dataset(json.dumps(keys), "test")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": np.zeros((40, 6, 8, 8))}, r"X must be numbers \[n, views, 3, h, w\], found float64 \(40, 6, 8, 8\)"),
        ({"X": np.full((40, 6, 3, 8, 8), np.nan)}, "X must lie from 0 to 1 or to 255"),
        ({"y": np.zeros(40)}, r"y must be whole numbers \[n, views\], found float64 \(40,\)"),
        ({"y": np.full((40, 6), 3)}, "row 0 is seen by no view"),
        ({"y": np.tile([0, 0, 1, 3, 3, 3], (40, 1))}, "row 0 has views of different classes"),
        ({"y": np.full((40, 6), 4)}, r"row 0 has a label outside 0 to 3 \(3: not seen\); name all classes"),
    ],
)
def test_archive_of_another_layout_is_one_message(tmp_path: Path, changes: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_dataset(archive(tmp_path / "a.npz", **changes), "train")


def test_what_is_no_archive_is_one_message(tmp_path: Path) -> None:
    text = archive(tmp_path / "a.npz")
    (tmp_path / "a.npz").write_bytes(b"PK no")
    with pytest.raises(DataError, match="cannot be read as a numpy archive"):
        open_dataset(text, "train")
    np.savez(tmp_path / "a.npz", Z=np.zeros(3))
    with pytest.raises(DataError, match="needs arrays X and y"):
        open_dataset(text, "train")


def test_other_columns_are_other_data(tmp_path: Path) -> None:
    """Answers that are kept between runs are known by the checksum."""
    table(tmp_path / "train.parquet")
    found = {open_dataset(named("parquet", path=tmp_path, **{**PARQUET, "views": v}), "train").checksum for v in (
        ["cam0", "cam1"], ["cam1", "cam0"], ["cam0"]
    )}  # fmt: skip
    assert len(found) == 3


def test_pixels_of_an_archive_are_scaled_alike_in_all_splits(tmp_path: Path) -> None:
    """One pixel above 128, in one row: all rows are whole numbers to 255 in floats, and none is stretched."""
    views = np.zeros((40, 6, 3, 8, 8), np.float32)
    views[0, 0, 0, 0, 0], views[1:, :, :, 0, 0] = 200.6, 1
    splits = splits_of(archive(tmp_path / "a.npz", X=views))
    assert sorted({int(data.pixels(range(len(data))).max()) for data in splits.values()}) == [1, 201]
    views[0, 0, 0, 0, 0] = 1.01
    with pytest.raises(DataError, match=r"must lie from 0 to 1 or to 255; the greatest is 1\.01"):
        open_dataset(archive(tmp_path / "a.npz", X=views), "train")


@pytest.mark.parametrize("kind", ["folder", "parquet", "npz"])
@pytest.mark.parametrize(
    ("place", "message"), [("~nobody-here/x", "there is no such user"), ("a\0b", "is no name of a file")]
)
def test_places_that_there_cannot_be(kind: str, place: str, message: str) -> None:
    keys = {"folder": {}, "parquet": PARQUET, "npz": {"classes": ["a", "b"]}}[kind]
    with pytest.raises(DataError, match=message):
        open_dataset(named(kind, path=place, **keys), "train")


def test_twins_and_untrained_classes_are_told(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", n=20)
    (root / "cup" / "3.bmp").write_bytes(file_of(1, kind="BMP"))
    with pytest.raises(DataError, match="cup: two files for sample '3'"):
        open_dataset(named("folder", path=root), "train")
    for split, classes in (("train", ("cup", "tin")), ("test", ("cup", "can"))):
        photos(tmp_path / "q" / split, classes, n=3)
    with pytest.raises(DataError, match="class 'can' has no folder in train"):
        open_dataset(named("folder", path=tmp_path / "q"), "test")


def parquet_of(folder: Path, labels: pa.Array, image: bytes | None = None) -> str:
    folder.mkdir()
    table = pa.table({"img": pa.array([image or file_of(n) for n in range(len(labels))]), "label": labels})
    for split in ("train", "test"):
        pq.write_table(table, folder / f"{split}.parquet")
    return named("parquet", path=folder, views=["img"], classes=["cup", "tin"])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (pa.array([0, 2**63 + 1], pa.uint64()), "row 1, column 'label': 9223372036854775809 is too large a number"),
        (pa.array([0, 2], pa.uint64()), "row 1, column 'label': 2 is outside 0..1"),
        (pa.array([0.0, 1.0]), "'label' must hold whole numbers, none of them missing; it is double"),
        (pa.array([0, None, None]), "'label' must hold whole numbers, none of them missing; 2 of them are"),
        (pa.array(["cup", None]), "row 1, column 'label': there is no label"),
    ],
)
def test_labels_of_another_kind_are_told_as_they_are(tmp_path: Path, labels: pa.Array, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        open_dataset(parquet_of(tmp_path / "p", labels), "test")


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view"])
def test_labels_of_every_kind_of_text(tmp_path: Path, kind: str) -> None:
    labels = pa.array(["tin", "cup", "tin"], getattr(pa, kind)())
    assert open_dataset(parquet_of(tmp_path / "p", labels), "test").labels.tolist() == [1, 0, 1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("label", "message"),
    [
        (np.inf, "y must be whole numbers"),
        (1e300, "row 0 has a label outside 0 to 2"),
        (-1e300, "row 0 has a label outside 0 to 2"),
    ],
)
def test_labels_that_no_number_can_hold_are_one_message(tmp_path: Path, label: float, message: str) -> None:
    """No warning of numpy's beside it."""
    y = np.zeros((30, 1))
    y[0] = label
    np.savez(tmp_path / "x.npz", X=np.zeros((30, 1, 3, 8, 8), np.uint8), y=y)
    with pytest.raises(DataError, match=message):
        open_dataset(named("npz", path=tmp_path / "x.npz", classes=["a", "b"]), "test")


@pytest.mark.parametrize("word", ["1_0", "+3", "٣", "1.0", "1" * 30])
def test_rows_for_test_are_plain_numbers(tmp_path: Path, word: str) -> None:
    np.savez(tmp_path / "x.npz", X=np.zeros((30, 1, 3, 8, 8), np.uint8), y=np.zeros((30, 1)))
    (tmp_path / "rows.txt").write_text(f"0 {word}\n", encoding="utf-8")
    text = named("npz", path=tmp_path / "x.npz", classes=["a", "b"], test_rows=tmp_path / "rows.txt")
    with pytest.raises(DataError, match=rf"rows\.txt: '{re.escape(word)}' is no row number"):
        open_dataset(text, "test")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["folder", "parquet"])
def test_an_image_of_very_many_pixels_is_one_message(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pillow warns of more than `MAX_IMAGE_PIXELS`, and refuses twice as many: 120 and 250 of 100."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for number, size in enumerate(((10, 10), (12, 10), (25, 10))):
        folder = tmp_path / str(number)
        if kind == "folder":
            for name in ("cup", "tin"):
                (folder / name).mkdir(parents=True)
                for sample in range(30):
                    (folder / name / f"{sample}.png").write_bytes(file_of(0, size))
            text = named("folder", path=folder, side=8)
        else:
            text = parquet_of(folder, pa.array([0, 1]), file_of(0, size))
        if number:
            with pytest.raises(DataError, match="has more than 100 pixels; make it smaller"):
                open_dataset(text, "test").pixels([0])
        else:
            assert open_dataset(text, "test").pixels([0]).shape[-3] == 3


def test_classes_and_views_are_told_before_anything_is_opened(tmp_path: Path) -> None:
    root = photos(tmp_path / "p", ("tin", "cup"), 3)
    for split in ("train", "test"):
        photos(tmp_path / "splits" / split, ("b", "a"), 3)
    np.savez(tmp_path / "x.npz", X=np.zeros((4, 2, 3, 8, 16), np.uint8), y=np.zeros((4, 2)))
    options = {
        kind: options_of(named(kind, **keys))
        for kind, keys in {
            "folder": {"path": root},
            "parquet": {"path": "nowhere", "views": ["l", "r"], "classes": ["x", "y"]},
            "npz": {"path": tmp_path / "x.npz", "classes": ["x", "y"]},
        }.items()
    }
    told = {kind: (DATASETS[kind].shape_of(one), DATASETS[kind].classes_of(one)) for kind, one in options.items()}
    assert told == {
        "folder": ((1, (3, 64, 64)), ("cup", "tin")),
        "parquet": ((2, None), ("x", "y")),
        "npz": ((2, (3, 8, 16)), ("x", "y")),
    }
    splits = options_of(named("folder", path=tmp_path / "splits"))
    assert DATASETS["folder"].classes_of(splits) == ("a", "b")
    for kind, key in (("folder", "path"), ("npz", "path")):
        gone = options[kind].model_copy(update={key: str(tmp_path / "gone")})
        assert DATASETS[kind].classes_of(gone) == (None if kind == "folder" else ("x", "y"))
        assert DATASETS[kind].shape_of(gone) == ((1, (3, 64, 64)) if kind == "folder" else None)
