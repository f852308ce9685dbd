"""The embedded data set: determinism, independence of batch and order, caching, and what the pictures hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from simnet.models.data import open_dataset
from simnet.models.data.base import DataError
from simnet.models.data.plaza.plaza import BLOCK, SIZES, Plaza
from simnet.models.data.plaza.render import CAMERAS, cameras_of

PINNED = [79.24, 56.31, 85.1, 63.96, 70.79, 55.89]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Plaza:
    return Plaza("test", 40, tmp_path_factory.mktemp("plaza"))


def test_views_are_six_small_colour_pictures(data: Plaza) -> None:
    views, label = data[3]
    assert views.shape == (6, 3, 32, 32)
    assert views.dtype == np.uint8
    assert 0 <= label < 10
    assert len(data) == 40
    assert label == data.labels[3]


def test_a_sample_is_the_same_in_any_batch_any_order_and_without_cache(data: Plaza, tmp_path: Path) -> None:
    shuffled = [7, 0, 31, 7, 12]
    file = tmp_path / "no folder"
    file.write_text("a file where the cache should be")
    uncached = Plaza("test", 40, file)
    assert np.array_equal(data.pixels(shuffled), np.stack([data[i][0] for i in shuffled]))
    assert np.array_equal(uncached.pixels(shuffled), data.pixels(shuffled))
    assert np.array_equal(Plaza("test", 13, file).labels, data.labels[:13])


def test_splits_and_seeds_give_other_samples(tmp_path: Path) -> None:
    first = [Plaza(split, 5, tmp_path / "x").pixels([0])[0] for split in SIZES]
    first.append(Plaza("test", 5, tmp_path / "x", seed=1).pixels([0])[0])
    for one in range(4):
        for other in range(one):
            assert not np.array_equal(first[one], first[other])


def test_checksum_follows_everything_that_changes_a_pixel(data: Plaza) -> None:
    assert Plaza("test", 40).checksum == data.checksum
    nearer = replace(CAMERAS[0], position=(5.0, -5.0, 3.0))
    others = [Plaza("train", 40), Plaza("test", 41), Plaza("test", 40, seed=1)]
    others.append(Plaza("test", 40, cameras=(nearer, *CAMERAS[1:])))
    assert len({data.checksum, *(other.checksum for other in others)}) == 5


def test_a_damaged_block_is_rendered_again(tmp_path: Path) -> None:
    views = Plaza("test", 5, tmp_path).pixels(range(5))
    (block,) = tmp_path.rglob("*.npy")
    block.write_bytes(block.read_bytes()[:1000])
    assert np.array_equal(Plaza("test", 5, tmp_path).pixels(range(5)), views)
    assert not list(tmp_path.rglob("*.part"))


def black(block: Path, other: Path) -> bytes:
    """A whole NumPy file of the right shape, all black, with what the block said of itself."""
    content = block.read_bytes()
    return content[:128] + bytes(len(content) - 128 - 256) + content[-256:]


DAMAGES = {
    "blackened": black,
    "one bit": lambda block, other: block.read_bytes()[:-400] + b"\x55" + block.read_bytes()[-399:],
    "another block": lambda block, other: other.read_bytes(),
    "without its end": lambda block, other: block.read_bytes()[:-256],
    "another end": lambda block, other: block.read_bytes()[:-256] + other.read_bytes()[-256:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_block_that_is_not_what_was_kept_is_rendered_again(damage: str, data: Plaza, tmp_path: Path) -> None:
    """Views decide answers: black ones were believed, and the accuracy fell from .94 to .08."""
    views, rows = data.pixels([1]), range(1, BLOCK // 2 + 1)  # half of the first block: it is rendered as a whole
    Plaza("test", BLOCK + 1, tmp_path).pixels([*rows, BLOCK])
    block, other = sorted(tmp_path.rglob("*.npy"))
    whole = block.read_bytes()
    block.write_bytes(DAMAGES[damage](block, other))
    assert block.read_bytes() != whole
    assert np.array_equal(Plaza("test", BLOCK + 1, tmp_path).pixels([1]), views)
    Plaza("test", BLOCK + 1, tmp_path).pixels(rows)
    assert block.read_bytes() == whole, "it is kept again"


def test_a_block_of_another_data_set_is_not_believed(tmp_path: Path) -> None:
    views = Plaza("test", 2, tmp_path).pixels([1])
    Plaza("validation", 2, tmp_path).pixels([1])
    blocks = {path.parent.name.partition("-")[0]: path for path in tmp_path.rglob("*.npy")}
    blocks["test"].write_bytes(blocks["validation"].read_bytes())
    assert np.array_equal(Plaza("test", 2, tmp_path).pixels([1]), views)


def test_a_few_samples_of_a_block_are_rendered_alone(tmp_path: Path) -> None:
    """A block is rendered, and kept on disk, when half of it has been asked for: here 20 of 40."""
    data, whole = Plaza("test", 40, tmp_path / "a"), Plaza("test", 40, tmp_path / "b").pixels(range(40))
    for rows in ([3, 31, 3], range(10, 27)):
        assert np.array_equal(data.pixels(rows), whole[list(rows)])
        assert not list((tmp_path / "a").rglob("*.npy"))
    assert np.array_equal(data.pixels([39, 3]), whole[[39, 3]])
    assert len(list((tmp_path / "a").rglob("*.npy"))) == 1
    assert np.array_equal(data.pixels(range(40)), whole)


def test_classes_are_balanced_and_cameras_differ_in_what_they_miss(data: Plaza) -> None:
    """A camera that does not see the object gives an exactly black view; at least one camera sees it."""
    counts = np.bincount(Plaza("test").labels, minlength=10)
    assert counts.min() > 0.9 * SIZES["test"] / 10
    seen = data.pixels(np.arange(40)).reshape(40, 6, -1).any(axis=2)
    assert seen.any(axis=1).all()
    assert seen[:, 0].mean() > seen[:, 5].mean()


def test_pixels_are_those_that_the_weights_were_trained_on(data: Plaza) -> None:
    """Mean brightness per camera of the first samples; another value means another VERSION and other weights."""
    means = data.pixels(np.arange(20)).mean(axis=(0, 2, 3, 4))
    assert means == pytest.approx(PINNED, abs=0.05)


def test_bad_requests_are_refused(data: Plaza) -> None:
    with pytest.raises(DataError, match="no split 'tset'"):
        Plaza("tset")
    with pytest.raises(DataError, match="at least 1"):
        Plaza("test", 0)
    with pytest.raises(IndexError, match="samples 0 to 39"):
        data.pixels([40])
    with pytest.raises(IndexError):
        data[40]


def test_one_block_is_what_is_kept_on_disk(data: Plaza, tmp_path: Path) -> None:
    data.pixels([0])
    again = Plaza("test", 1, tmp_path)
    again.pixels([0])
    (block,) = tmp_path.rglob("*.npy")
    assert np.load(block, mmap_mode="r").shape == (BLOCK, 6, 3, 32, 32)


@pytest.mark.parametrize("count", [1, 4, 9, 32])
def test_any_number_of_cameras(count: int, tmp_path: Path) -> None:
    """Somebody sees every object; scene and first cameras are those of six, but for noise."""
    file = tmp_path / "no folder"
    file.write_text("")
    data = Plaza("test", 6, file, cameras=cameras_of(count))
    pixels = data.pixels(range(6))
    assert (data.views, pixels.shape) == (count, (6, count, 3, 32, 32))
    assert pixels.any(axis=(2, 3, 4)).any(axis=1).all()
    assert np.array_equal(data.labels, Plaza("test", 6).labels)
    assert len({camera.position for camera in cameras_of(count)}) == count
    assert cameras_of(count)[:6] == CAMERAS[:count]


def test_number_of_cameras_is_an_option() -> None:
    options = Plaza.Options(set="plaza", cameras=3)
    data = open_dataset(options, "test")
    assert data.views == 3 and data.checksum != open_dataset("plaza", "test").checksum
    assert open_dataset("plaza", "test").checksum == Plaza("test").checksum
    for wrong in (0, 33, "6"):
        with pytest.raises(ValidationError):
            Plaza.Options(set="plaza", cameras=wrong)
    with pytest.raises(DataError, match="1 to 32 cameras, not 33"):
        Plaza("test", cameras=CAMERAS * 5 + CAMERAS[:3])
