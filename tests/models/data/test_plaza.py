"""The embedded data set: determinism, independence of batch and order, caching, and what the pictures hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from simnet.models.cards.card import read_card
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


def test_a_block_is_read_as_it_is_asked_for_and_made_again_where_it_is_gone(tmp_path: Path) -> None:
    """Nothing of it stays mapped: a mapped file counts as memory. Rows in any order, also several times."""
    data = Plaza("test", 40, tmp_path)
    whole, (file,) = data.pixels(range(40)), tmp_path.rglob("*.npy")
    assert np.array_equal(data.pixels([39, 0, 7, 7]), whole[[39, 0, 7, 7]])
    if (maps := Path("/proc/self/maps")).exists():
        assert str(tmp_path) not in maps.read_text()
    before = file.read_bytes()
    file.write_bytes(bytes(len(before)))
    assert np.array_equal(data.pixels([5, 6]), whole[[5, 6]]), "another file"
    assert file.read_bytes() == bytes(len(before)), "two rows are not worth a block"
    file.unlink()
    assert np.array_equal(data.pixels(range(40)), whole)
    assert file.read_bytes() == before, "it is kept again"


def test_who_says_what_will_be_asked_for_gets_whole_blocks_at_once(tmp_path: Path) -> None:
    """Of 40 samples 19 are too few for the block, 20 are enough; the first question asks for two of them."""
    for count, blocks in ((19, 0), (20, 1)):
        data = Plaza("test", 40, tmp_path / str(count))
        data.expect(np.arange(count), lambda done, most: None)
        data.pixels([0, 1])
        assert len(list((tmp_path / str(count)).rglob("*.npy"))) == blocks


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


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where no block can be kept: what is asked for is rendered, and nothing else."""
    file = tmp_path_factory.mktemp("plaza") / "no folder"
    file.write_text("")
    return file


@pytest.mark.parametrize("count", [1, 4, 9, 32])
def test_any_number_of_cameras(count: int, nowhere: Path) -> None:
    """Somebody sees every object."""
    data = Plaza("test", 6, nowhere, cameras=cameras_of(count))
    pixels = data.pixels(range(6))
    assert (data.views, pixels.shape) == (count, (6, count, 3, 32, 32))
    assert pixels.any(axis=(2, 3, 4)).any(axis=1).all()
    assert np.array_equal(data.labels, Plaza("test", 6).labels)
    assert len({camera.position for camera in cameras_of(count)}) == count
    assert cameras_of(count)[:6] == CAMERAS[:count]


@pytest.mark.parametrize(("few", "many", "side"), [(1, 6, 32), (3, 6, 32), (6, 9, 32), (7, 9, 32), (2, 8, 64)])
def test_a_camera_sees_the_same_whatever_others_there_are(few: int, many: int, side: int, nowhere: Path) -> None:
    """To the last bit. But somebody sees every object: so a camera may see one that it misses among others."""
    fewer, more = (Plaza("test", 25, nowhere, cameras=cameras_of(n), side=side).pixels(range(25)) for n in (few, many))
    seen, there = fewer.any(axis=(2, 3, 4)), more[:, :few].any(axis=(2, 3, 4))
    assert np.array_equal(fewer[there], more[:, :few][there])
    assert there.sum() >= 15 * few
    assert (there & ~seen).sum() == 0
    alone = seen & ~there
    assert (seen.sum(axis=1)[alone.any(axis=1)] == 1).all()
    assert few > 1 or alone.any(), "camera 1 alone misses nothing; among six, some"


@pytest.mark.parametrize("side", [64, 96])
def test_the_same_scene_drawn_finer(side: int, nowhere: Path) -> None:
    """Means over the pixels of the default view are that view, but for the noise of a pixel, which is left out here."""
    quiet = tuple(replace(camera, noise=0.0) for camera in cameras_of(7))
    coarse = Plaza("test", 12, nowhere, cameras=quiet).pixels(range(12))
    fine = Plaza("test", 12, nowhere, cameras=quiet, side=side)
    assert fine.view_shape == (3, side, side)
    times = side // 32
    means = fine.pixels(range(12)).reshape(12, 7, 3, 32, times, 32, times).mean(axis=(4, 6))
    apart = np.abs(means - coarse).mean(axis=(2, 3, 4))
    other = np.abs(np.roll(means, 1, axis=0) - coarse).mean()
    assert apart.max() < 4 and apart.mean() < 1.5 and other > 25
    assert np.array_equal(means.any(axis=(2, 3, 4)), coarse.any(axis=(2, 3, 4)))


def test_a_finer_view_shows_more(nowhere: Path) -> None:
    """Of the nearest camera, in focus: what is lost by halving the view and doubling it again."""
    sharp = (replace(CAMERAS[0], noise=0.0, blur=0.0, occluded=0.0, unseen=0.0),)
    found = Plaza("test", 20, nowhere, cameras=sharp, side=64).pixels(range(20)).astype(float)
    half = found.reshape(20, 1, 3, 32, 2, 32, 2).mean(axis=(4, 6)).repeat(2, axis=3).repeat(2, axis=4)
    assert np.abs(found - half).mean() > 2


def test_large_samples_make_blocks_of_fewer(nowhere: Path) -> None:
    """64 MB hold 72 samples of 32 cameras of 96 by 96 pixels (884,736 B each), and no more than 250 of any."""
    blocks = [Plaza("test", cameras=cameras_of(n), side=side)._block for n, side in ((32, 96), (12, 64), (1, 32))]
    assert blocks == [72, 250, 250]
    largest = Plaza("test", 2, nowhere, cameras=cameras_of(32), side=96)
    assert largest.pixels([1]).shape == (1, 32, 3, 96, 96)


def test_a_block_is_not_that_of_another_side(tmp_path: Path) -> None:
    for side in (32, 64):
        Plaza("test", 2, tmp_path, cameras=cameras_of(1), side=side).pixels([0])
    shapes = {np.load(path, mmap_mode="r").shape for path in tmp_path.rglob("*.npy")}
    assert shapes == {(BLOCK, 1, 3, 32, 32), (BLOCK, 1, 3, 64, 64)}


def test_number_of_cameras_side_and_samples_are_options() -> None:
    usual = open_dataset("plaza", "test")
    assert usual.checksum == Plaza("test").checksum == read_card("ddnn-plaza").values["checksums"]["test"]
    given: list[dict[str, object]] = [{"cameras": 3}, {"side": 64}, {"samples": {"test": 40}}]
    made = [open_dataset(Plaza.Options.model_validate({"set": "plaza", **options}), "test") for options in given]
    assert [(data.views, data.view_shape[1], len(data)) for data in made] == [
        (3, 32, 10_000),
        (6, 64, 10_000),
        (6, 32, 40),
    ]
    assert len({usual.checksum, *(data.checksum for data in made)}) == 4
    same = Plaza.Options.model_validate({"set": "plaza", "cameras": 6, "side": 32, "samples": {"train": 9}})
    assert open_dataset(same, "test").checksum == usual.checksum and len(open_dataset(same, "train")) == 9


@pytest.mark.parametrize(
    "wrong",
    [{"cameras": 0}, {"cameras": 33}, {"cameras": "6"}, {"side": 50}, {"samples": {"test": 0}}, {"samples": 100}],
    ids=str,
)
def test_options_that_there_are_not(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Plaza.Options.model_validate({"set": "plaza", **wrong})


def test_cameras_and_sides_that_there_are_not() -> None:
    with pytest.raises(DataError, match="1 to 32 cameras, not 33"):
        Plaza("test", cameras=CAMERAS * 5 + CAMERAS[:3])
    with pytest.raises(DataError, match="32, 64, 96 pixels a side, not 50"):
        Plaza("test", side=50)
