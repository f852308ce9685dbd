"""The second edition of the embedded data set: what is as in the first, and that nothing but the object tells of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simnet.models.data import DATASETS, open_dataset, options_of, written
from simnet.models.data.base import DataError
from simnet.models.data.plaza import plaza
from simnet.models.data.plaza.numbers import Numbers
from simnet.models.data.plaza.plaza import Plaza
from simnet.models.data.plaza.render import CAMERAS, cameras_of
from simnet.models.data.plaza.second.plaza2 import Plaza2
from simnet.models.data.plaza.second.render import AMOUNTS, render
from simnet.models.data.plaza.second.things import EACH, Things
from simnet.models.data.plaza.shapes import OBJECT_DRAWS, Draws
from simnet.models.data.plaza.shortcuts import by_black_views, by_colours, by_nearest, ridge

PINNED = [89.92, 78.24, 67.28, 73.15, 82.51, 74.11]


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where no block can be kept: what is asked for is rendered, and nothing else."""
    file = tmp_path_factory.mktemp("plaza2") / "no folder"
    file.write_text("")
    return file


@pytest.fixture(scope="module")
def data(nowhere: Path) -> Plaza2:
    return Plaza2("test", 40, nowhere)


def numbers_of(samples: int, side: int = 32) -> Numbers:
    """Those of samples that no split has."""
    streams = [np.random.SeedSequence([99, sample]) for sample in range(samples)]
    return Numbers.drawn(streams, len(CAMERAS), side, AMOUNTS)


def test_it_is_a_set_of_its_own_with_the_first_ones_labels(data: Plaza2) -> None:
    """Checksums, and so answers and blocks, are others; what says `plaza` means what it did."""
    first = Plaza("test", 40)
    assert (data.name, first.name) == ("plaza2", "plaza")
    assert np.array_equal(data.labels, first.labels) and data.class_names == first.class_names
    assert data.checksum != first.checksum
    assert DATASETS["plaza"] is Plaza and DATASETS["plaza2"] is Plaza2
    chosen = options_of("{set: plaza2, cameras: 3, side: 64, samples: {test: 9}}")
    assert options_of(written(chosen)) == chosen
    opened = open_dataset(chosen, "test")
    assert (type(opened), opened.views, opened.view_shape, len(opened)) == (Plaza2, 3, (3, 64, 64), 9)
    with pytest.raises(DataError, match="plaza2 has no split 'tset'"):
        Plaza2("tset")


def test_a_sample_is_the_same_in_any_batch_and_any_order(data: Plaza2) -> None:
    rows = [7, 0, 31, 7, 12, 25]
    together = data._render(np.array(rows))
    assert np.array_equal(together, np.concatenate([data._render(np.array([row])) for row in rows]))
    assert np.array_equal(together, data.pixels(range(40))[rows])
    assert not np.array_equal(together[0], Plaza("test", 40).pixels([7])[0])


def test_its_blocks_lie_beside_the_first_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same folder of the cache, which is listed and cleared as one."""
    monkeypatch.setattr(plaza, "BLOCK", 2)
    kept = {kind: kind("validation", 2, tmp_path).pixels([0, 1]) for kind in (Plaza, Plaza2)}
    folders = sorted(
        path.parent.relative_to(tmp_path).as_posix().rpartition("-")[0] for path in tmp_path.rglob("*.npy")
    )
    assert folders == ["plaza/plaza2-validation", "plaza/validation"]
    for kind, views in kept.items():
        assert np.array_equal(kind("validation", 2, tmp_path).pixels([0, 1]), views)


def test_pixels_are_those_that_weights_are_trained_on(data: Plaza2) -> None:
    """Mean brightness per camera of the first samples; another value means another VERSION and other weights."""
    means = data.pixels(np.arange(20)).mean(axis=(0, 2, 3, 4))
    assert means == pytest.approx(PINNED, abs=0.05)


@pytest.mark.parametrize(("few", "many", "side"), [(1, 6, 32), (3, 9, 32), (2, 7, 64)])
def test_a_camera_sees_the_same_whatever_others_there_are(few: int, many: int, side: int, nowhere: Path) -> None:
    """To the last bit, but for a camera that must see what among others it may miss."""
    rows = range(12)
    fewer, more = (Plaza2("test", 12, nowhere, cameras=cameras_of(n), side=side).pixels(rows) for n in (few, many))
    there = more[:, :few].any(axis=(2, 3, 4))
    assert np.array_equal(fewer[there], more[:, :few][there])
    assert there.sum() >= 7 * few and fewer.any(axis=(2, 3, 4)).any(axis=1).all()


@pytest.mark.parametrize("side", [64, 96])
def test_the_same_scene_drawn_finer(side: int, nowhere: Path) -> None:
    """Means over the pixels of the default view are nearly that view, but for the noise of a pixel, left out here."""
    quiet = tuple(replace(camera, noise=0.0) for camera in CAMERAS)
    coarse = Plaza2("test", 10, nowhere, cameras=quiet).pixels(range(10))
    fine = Plaza2("test", 10, nowhere, cameras=quiet, side=side).pixels(range(10))
    times = side // 32
    means = fine.reshape(10, 6, 3, 32, times, 32, times).mean(axis=(4, 6))
    apart = np.abs(means - coarse).mean(axis=(2, 3, 4))
    other = np.abs(np.roll(means, 1, axis=0) - coarse).mean()
    assert apart.max() < 10 and apart.mean() < 3.5 and other > 25
    assert np.array_equal(means.any(axis=(2, 3, 4)), coarse.any(axis=(2, 3, 4)))


def test_nothing_but_the_object_is_drawn_by_its_label() -> None:
    """The same numbers with another label: all else is of the same classes, sizes and presence."""
    numbers = numbers_of(6)
    own, table = numbers.common[:, :OBJECT_DRAWS], numbers.common[:, OBJECT_DRAWS:]
    nobody, of_view = np.full(36, -1), numbers.of_view[:, :OBJECT_DRAWS]
    made = []
    for label in (2, 6):
        things = Things(np.full(6, label), own, Draws(table), nobody, of_view)
        things.stand(np.zeros((6, 2), np.float32), np.zeros(6, np.float32), np.zeros((36, 2), np.float32))
        made.append(things)
    others = np.arange(6 * EACH) % EACH != 0
    for part in ("label", "half", "middle", "there"):
        one, other = (getattr(things, part)[: 6 * EACH] for things in made)
        assert np.array_equal(one[others], other[others]), part
    assert set(made[0].label[: 6 * EACH : EACH]) == {2} and set(made[1].label[: 6 * EACH : EACH]) == {6}


def test_which_views_are_black_is_the_same_whatever_the_label() -> None:
    numbers = numbers_of(20)
    black = [~render(np.full(20, label), numbers, CAMERAS).any(axis=(2, 3, 4)) for label in (0, 5, 7)]
    assert np.array_equal(black[0], black[1]) and np.array_equal(black[0], black[2])
    assert 0.1 < black[0].mean() < 0.35


def test_without_the_object_the_rest_stays() -> None:
    """Where the object and its shadow are not, the view is the same; a lamp post leaves most of its window free."""
    numbers, label = numbers_of(8), np.full(8, 8)
    quiet = tuple(replace(camera, noise=0.0, blur=0.0, resolution=1e6, unseen=0.0) for camera in CAMERAS)
    with_it, without = (render(label, numbers, quiet, empty=empty).astype(int) for empty in (False, True))
    changed = (np.abs(with_it - without) > 3).any(axis=2)
    assert 0.01 < changed.mean() < 0.4
    assert changed[:, :, 8:24, 8:24].mean() > 2 * changed[:, :, :, :4].mean(), "it is in the middle"


def views(pattern: NDArray[np.bool_], level: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Views `[m, cameras, 3, 2, 2]` of one level each, black where the pattern says."""
    grey = np.where(pattern, level[:, None], 0)
    return np.broadcast_to(grey[:, :, None, None, None], (*pattern.shape, 3, 2, 2)).astype(np.uint8)


def test_probes_find_a_shortcut_that_is_there() -> None:
    """Labels told by the black views, or by the level, of two views: every probe that can see it is right always."""
    label = np.arange(40) % 2
    random = np.random.Generator(np.random.Philox(5))
    seen, level = np.ones((40, 2), bool), random.integers(40, 200, 40)
    seen[:, 1] = label
    told = views(seen, level)
    assert by_black_views(told, label, told[::-1], label[::-1]) == 1.0
    bright = views(np.ones((40, 2), bool), 60 + 100 * label)
    assert by_colours(bright, label, bright, label) == by_nearest(bright, label, bright, label) == 1.0
    assert by_black_views(bright, label, bright, label) == 0.5, "nothing is black: the first label for all"
    x, sign = random.standard_normal((60, 3)), 2 * label[:30].repeat(2) - 1
    x[:, 1] = 3 * sign
    assert ridge(x, (sign + 1) // 2, x[::-1], (sign[::-1] + 1) // 2) == 1.0


@pytest.fixture(scope="module")
def split(nowhere: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """600 samples to learn from and 300 to ask, of the first two cameras."""
    train, test = (Plaza2(name, size, nowhere, cameras=CAMERAS[:2]) for name, size in (("train", 600), ("test", 300)))
    return train.pixels(range(600)), train.labels, test.pixels(range(300)), test.labels


def test_shortcuts_lead_nowhere(split: tuple[NDArray[np.uint8], ...]) -> None:
    """Chance is 10 %; three deviations of a share of 300 are 5.2 %. Colours tell what is green, as they may."""
    assert by_black_views(*split) < 0.155
    assert by_nearest(*split) < 0.2
    assert by_colours(*split) < 0.3
