"""The embedded data set: deterministic, cached safely, labelled without rendering, pictures that stay the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.data import plaza
from models.data.base import SPLITS, DataError
from models.data.plaza import Plaza
from models.data.plaza_rays import Pinholes, cast
from models.data.plaza_render import CAMERAS
from models.data.plaza_shapes import ELLIPSOID, TUBE, UPRIGHT, WEDGE, Body

# Mean grey level of each camera's view of the first four test samples at VERSION; see test_pixels_stay_the_same.
GREY: list[list[float]] = [
    [106.94, 117.51, 94.78, 100.04, 141.76, 117.21],
    [40.33, 0.00, 37.61, 46.19, 0.00, 37.80],
    [0.00, 92.42, 83.97, 0.00, 81.54, 105.39],
    [59.42, 66.66, 90.26, 91.15, 83.05, 0.00],
]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(plaza, "BLOCK", 8)
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path / "cache"))


def test_sample_is_the_same_whatever_the_batch_order_size_and_cache(tmp_path: Path) -> None:
    indices = [5, 17, 2, 9]
    together = Plaza("test", 20).views(indices)
    assert together.shape == (4, 6, 3, 32, 32) and together.dtype == np.uint8
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    uncached = Plaza("test", 18, cache_dir=blocked)
    np.testing.assert_array_equal(uncached.views(indices[::-1])[::-1], together)
    views, label = uncached[17]
    np.testing.assert_array_equal(views, together[1])
    assert label == Plaza("test", 20).labels[17]


def test_second_opening_reads_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Plaza("train", 8, cache_dir=tmp_path).views(range(8))
    assert [path.suffix for path in tmp_path.rglob("*.*")] == [".npy"]  # nothing half-written is left
    monkeypatch.setattr(plaza, "render", lambda *_: pytest.fail("rendered again"))
    np.testing.assert_array_equal(Plaza("train", 8, cache_dir=tmp_path).views(range(8)), first)


def test_damaged_block_is_rendered_again(tmp_path: Path) -> None:
    first = Plaza("train", 4, cache_dir=tmp_path).views([3])
    (block,) = tmp_path.rglob("*.npy")
    block.write_bytes(block.read_bytes()[:1000])
    np.testing.assert_array_equal(Plaza("train", 4, cache_dir=tmp_path).views([3]), first)


def test_splits_and_seeds_differ_and_labels_are_balanced(monkeypatch: pytest.MonkeyPatch) -> None:
    views = [Plaza(split, 2).views([0])[0] for split in SPLITS] + [Plaza("test", 2, seed=1).views([0])[0]]
    assert len({view.tobytes() for view in views}) == 4
    monkeypatch.setattr(plaza, "render", lambda *_: pytest.fail("labels must not need pictures"))
    for split, size in plaza.SIZES.items():
        data = Plaza(split)
        assert len(data) == size == len(data.labels)
        share = np.bincount(data.labels, minlength=10) / size
        assert np.abs(share - 0.1).max() < 4 * np.sqrt(0.09 / size)
        np.testing.assert_array_equal(Plaza(split, 50).labels, data.labels[:50])


def test_checksum_follows_everything_that_changes_views() -> None:
    moved = (replace(CAMERAS[0], position=(1.0, -9.0, 3.0)), *CAMERAS[1:])
    sets = [Plaza("test", 10), Plaza("test", 11), Plaza("train", 10)]
    sets += [Plaza("test", 10, seed=2), Plaza("test", 10, cameras=moved)]
    assert len({data.checksum for data in sets}) == 5
    assert Plaza("test", 10).checksum == sets[0].checksum


def test_pixels_stay_the_same() -> None:
    """Raise VERSION and renew these numbers when pixels change on purpose.

    Coarse means with a tolerance: the last bit of a sine may differ between processors, a picture may not.
    """
    grey = Plaza("test", 4).views(range(4)).mean(axis=(2, 3, 4))
    np.testing.assert_allclose(grey, GREY, atol=0.3)


def test_cameras_are_parameters_and_black_means_unseen() -> None:
    blind = tuple(replace(camera, unseen=1.0 if i else 0.0) for i, camera in enumerate(CAMERAS))
    views = Plaza("test", 8, cameras=blind).views(range(8))
    seen = views.any(axis=(2, 3, 4))
    assert seen.any(axis=1).all(), "somebody always sees the object"
    assert seen[:, 0].sum() >= 1 and seen.sum() <= 16


@pytest.mark.parametrize(("kind", "share"), [(WEDGE, 1.0), (ELLIPSOID, np.pi / 4), (TUBE, np.pi / 4)])
def test_shape_covers_the_area_that_geometry_says(kind: int, share: float) -> None:
    """Seen from far along its axis, a unit shape covers its cross-section: a square or a disc."""
    body = Body(1)
    body.add(kind, (0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5), pitch=UPRIGHT)
    eye = np.array([[1000.0, 0, 0]], np.float32)
    camera = Pinholes.aimed(eye, np.zeros((1, 3), np.float32), np.array([0.002], np.float32))
    hits = cast(body.shapes(), camera, 1, np.array([[1.0, 0, 0]], np.float32), np.array([0.25], np.float32))
    assert hits.cover.mean() == pytest.approx(share / 4, abs=0.005)
    assert hits.light[0, 0, 16, 16] == pytest.approx(0.5 * 1.25, abs=0.01)  # lit from the front, half reflected


def test_cone_covers_a_triangle_from_the_side() -> None:
    body = Body(1)
    body.add(TUBE, (0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5), taper=(1.0, 0, 0))
    eye = np.array([[1000.0, 0, 0]], np.float32)
    camera = Pinholes.aimed(eye, np.zeros((1, 3), np.float32), np.array([0.002], np.float32))
    hits = cast(body.shapes(), camera, 1, np.zeros((1, 3), np.float32), np.ones(1, np.float32))
    assert hits.cover.mean() == pytest.approx(0.5 / 4, abs=0.01)


@pytest.mark.parametrize(("split", "size", "cameras"), [("tests", 1, 6), ("test", 0, 6), ("test", 1, 5)])
def test_wrong_requests_say_so(split: str, size: int, cameras: int) -> None:
    with pytest.raises(DataError, match="plaza"):
        Plaza(split, size, cameras=CAMERAS[:cameras])


def test_index_outside_is_an_error() -> None:
    with pytest.raises(IndexError):
        Plaza("test", 3)[3]
    with pytest.raises(IndexError):
        Plaza("test", 3).views([-1])
