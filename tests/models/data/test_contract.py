"""The contract of a data set: ours keep it, a user's in a file joins by it, and what breaks it is one message."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT

from simnet.models.data import DATASETS, dataset, open_dataset, open_file
from simnet.models.data.base import SPLITS, DataError, Dataset, DatasetOptions, check_dataset, check_pixels
from simnet.registry import ALL

MINE = """
from hashlib import sha256
import numpy as np
from simnet.models.data.base import Dataset, DatasetOptions

class Stripes(Dataset):
    class Options(DatasetOptions):
        count: int = 12

    name = "stripes"
    licence = "made up"
    class_names = ("dark", "light")
    views = 3
    view_shape = (3, 8, 5)

    def __init__(self, split, count):
        self.split = split
        self.labels = np.arange(count) % 2

    @classmethod
    def open(cls, options, split, data_dir):
        return cls(split, options.count)

    @property
    def checksum(self):
        return sha256(f"{self.split} {len(self)}".encode()).hexdigest()

    def pixels(self, rows):
        levels = np.uint8(40 + 160 * self.labels[np.asarray(rows)])
        return np.broadcast_to(levels[:, None, None, None, None], (len(rows), 3, 3, 8, 5)).copy()
"""
SHA = 'sha256(f"{self.split} {len(self)}".encode()).hexdigest()'


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "stripes.py").write_text(MINE)
    return tmp_path


def variant(folder: Path, change: tuple[str, str]) -> str:
    """A changed copy of the user's file; returns how to name it."""
    assert change[0] in MINE
    (folder / "changed.py").write_text(MINE.replace(*change))
    return "changed.py:Stripes"


@pytest.fixture(params=[name for name in DATASETS if hasattr(DATASETS[name], "view_shape")])
def ours(request: pytest.FixtureRequest) -> Dataset:
    for folder in (os.environ.get("SIMNET_DATA"), ROOT.parent / "shared" / "data"):
        try:
            if request.param.startswith("plaza") or (
                folder and (Path(folder) / request.param / "test.parquet").is_file()
            ):
                return open_dataset(request.param, "test", None if folder is None else Path(folder))
        except DataError:
            continue
    pytest.skip(f"no {request.param} data: name their folder in SIMNET_DATA")


def test_ours_keep_the_contract(ours: Dataset) -> None:
    assert check_dataset(type(ours), ours) is ours
    assert (ours.split, ours.views) == ("test", 6) and ours.licence
    assert len(ours.checksum) == 64 and int(ours.checksum, 16)
    rows = np.array([5, 0, 5])
    pixels = check_pixels(ours, rows)
    assert pixels.shape == (3, 6, *ours.view_shape)
    assert np.array_equal(pixels[0], pixels[2]) and not np.array_equal(pixels[0], pixels[1])
    last, label = ours[-1]
    assert np.array_equal(last, ours[len(ours) - 1][0]) and label == ours.labels[-1]
    assert np.array_equal(ours.cut(ours.images(rows)), pixels)
    with pytest.raises(IndexError, match=f"has {len(ours)} samples"):
        ours[len(ours)]


def test_ours_are_found_by_name_and_nothing_is_imported_before() -> None:
    told = (
        "import sys; from simnet.models.data import DATASETS; print(*DATASETS)\n"
        "print([m for m in sys.modules if m.startswith(('torch', 'simnet.models.data.plaza', 'simnet.models.data.c'))])"
    )
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert found == "plaza plaza2 cifar10 mvmc folder parquet npz\n[]\n"
    assert ALL["simnet.datasets"] is DATASETS
    assert [one.problem for one in DATASETS.found()] == [None] * 7


@pytest.mark.parametrize("name", ["stripes:Stripes", "stripes.py:Stripes"])
def test_a_users_data_set_of_three_views(name: str, mine: Path) -> None:
    data = open_dataset(name, "validation", folder=mine)
    assert (data.name, data.split, len(data), data.views, data.view_shape) == (
        "stripes",
        "validation",
        12,
        3,
        (3, 8, 5),
    )
    assert check_pixels(data, [1, 0]).reshape(2, -1).max(axis=1).tolist() == [200, 40]
    views, label = data[3]
    assert views.shape == (3, 3, 8, 5) and label == 1
    assert np.array_equal(data.images([2]), data.pixels([2]))  # augmented view by view


def test_options_of_a_users_data_set(mine: Path) -> None:
    name = "stripes.py:Stripes"
    kind = dataset(name, mine)
    assert len(open_dataset(kind.Options(set=name, count=4), "test", folder=mine)) == 4  # type: ignore[call-arg]
    assert len(open_dataset(DatasetOptions(set=name), "test", folder=mine)) == 12
    needed = variant(mine, ("count: int = 12", "count: int"))
    with pytest.raises(DataError, match=r"data set changed.py:Stripes: count: is missing"):
        open_dataset(needed, "test", folder=mine)


def test_a_users_data_set_trains_and_scores(mine: Path) -> None:
    from simnet.models.training.training import TrainingData

    data = open_dataset("stripes:Stripes", "train", folder=mine)
    for views, labels in TrainingData(data, shift=1).batches(6, seed=1):
        assert views.shape == (6, 3, 3, 8, 5)
        assert (views.flatten(1).float().mean(1) > 100).long().tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("class Stripes(Dataset)", "class Stripes"), "Stripes is no class derived from Dataset"),
        (("class Stripes", "class Spots"), "has no 'Stripes'"),
        (("def pixels", "def views_of"), "Stripes lacks pixels, which Dataset demands"),
        (('    licence = "made up"\n', ""), "Stripes has no licence"),
        (("class Options(DatasetOptions)", "class Options"), "Options is no class derived from DatasetOptions"),
        (("import numpy as np", "import no_such_module"), "cannot be imported"),
    ],
)
def test_a_kind_that_breaks_its_contract_is_one_message(change: tuple[str, str], message: str, mine: Path) -> None:
    name = variant(mine, change)
    with pytest.raises(DataError, match=message) as caught:
        open_dataset(name, "test", folder=mine)
    assert f"data set '{name}'" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("return cls(split, options.count)", "return None"), "open gives NoneType, no Dataset"),
        (("return cls(split, options.count)", "return open('gone')"), "cannot be opened (FileNotFoundError"),
        (("np.arange(count) % 2", "np.arange(count) % 3"), "label 2 of row 2 is outside 0..1"),
        (("np.arange(count) % 2", "np.arange(count) % 2 - 1"), "label -1 of row 0 is outside 0..1"),
        (("np.arange(count) % 2", "[0, 1]"), "labels is [0, 1], not an array [n] of whole numbers"),
        (("np.arange(count) % 2", "np.zeros(count)"), "labels is float64 (12,), not an array"),
        (("self.labels = ", "self.label = "), "has no labels; it must be an array"),
        (("        self.split = split\n", ""), "has no split; it must be text"),
        (("views = 3", "views = 0"), "views is 0, not a whole number from 1"),
        (("(3, 8, 5)\n\n", "(8, 5)\n\n"), "view_shape is (8, 5), not (3, height, width)"),
        (('("dark", "light")', '("dark", "dark")'), "class_names is ('dark', 'dark'), not a tuple"),
        ((SHA, "7"), "checksum is 7, not a hexadecimal"),
        ((SHA, "1 / 0"), "checksum fails (ZeroDivisionError"),
        (
            ("    def pixels", "    def __len__(self): return 3\n    def pixels"),
            "says that it has 3 samples",
        ),
    ],
)
def test_a_split_that_breaks_the_contract_is_one_message(change: tuple[str, str], message: str, mine: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_dataset(variant(mine, change), "test", folder=mine)
    assert str(caught.value).startswith("data set ") and message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("3, 3, 8, 5)).copy()", "3, 3, 8, 6)).copy()"),
            "uint8 (2, 3, 3, 8, 6), not uint8 (2, 3, 3, 8, 5)",
        ),
        (("(len(rows), 3, 3", "(len(rows), 6, 3"), "pixels gives uint8 (2, 6, 3, 8, 5)"),
        ((".copy()", ".copy()[:1]"), "pixels gives uint8 (1, 3, 3, 8, 5)"),
        ((".copy()", ".astype(float)"), "pixels gives float64 (2, 3, 3, 8, 5)"),
        ((".copy()", ".tolist()"), "pixels gives list, not an array of uint8"),
        ((".copy()", ".copied()"), "pixels cannot be read (AttributeError"),
    ],
)
def test_pixels_that_break_the_contract_are_one_message(change: tuple[str, str], message: str, mine: Path) -> None:
    data = open_dataset(variant(mine, change), "test", folder=mine)
    with pytest.raises(DataError) as caught:
        check_pixels(data, [0, 1])
    assert str(caught.value).startswith("data set stripes: ") and message in str(caught.value)


def test_a_kind_without_files(mine: Path) -> None:
    with pytest.raises(DataError, match="data set stripes cannot be read from a single file"):
        open_file("stripes:Stripes", mine / "a.parquet", mine)


def test_errors_survive_the_way_between_processes() -> None:
    with pytest.raises(DataError) as caught:
        open_dataset("mnist", SPLITS[0])
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is DataError and str(again) == str(caught.value)
