"""Rays of `plaza` against areas and light worked out by hand, and a cache that is really used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simnet.models.data.plaza import plaza
from simnet.models.data.plaza.plaza import Plaza
from simnet.models.data.plaza.rays import Hits, Pinholes, cast
from simnet.models.data.plaza.shapes import ELLIPSOID, TUBE, UPRIGHT, WEDGE, Body


def seen_from_afar(body: Body, side: int = 32) -> Hits:
    """From 1 km along x: nearly parallel rays, a window 4 m wide, the sun behind the camera."""
    eye, target = np.array([[1000.0, 0, 0]], np.float32), np.zeros((1, 3), np.float32)
    camera = Pinholes.aimed(eye, target, np.array([0.002], np.float32))
    return cast(body.shapes(), camera, 1, np.array([[1.0, 0, 0]], np.float32), np.array([0.25], np.float32), side)


@pytest.mark.parametrize("side", [32, 64, 96])
@pytest.mark.parametrize(("kind", "area"), [(WEDGE, 4.0), (ELLIPSOID, np.pi), (TUBE, np.pi)])
def test_unit_shape_seen_along_its_axis_covers_its_cross_section(kind: int, area: float, side: int) -> None:
    body = Body(1)
    body.add(kind, (0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5), pitch=UPRIGHT)
    hits = seen_from_afar(body, side)
    assert hits.cover.shape == (1, side, side)
    assert hits.cover.mean() * 16 == pytest.approx(area, abs=0.08)
    assert hits.light[0, 0, side // 2, side // 2] == pytest.approx(0.5 * (1 + 0.25), abs=0.01)


@pytest.mark.parametrize(("kind", "taper"), [(TUBE, (1.0, 0, 0)), (WEDGE, (0, 0, 1.0))])
def test_cone_and_gable_cover_a_triangle_from_the_side(kind: int, taper: tuple[float, float, float]) -> None:
    body = Body(1)
    body.add(kind, (0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5), taper=taper)
    assert seen_from_afar(body).cover.mean() * 16 == pytest.approx(2.0, abs=0.15)


def test_the_nearer_shape_hides_the_farther_one() -> None:
    body = Body(1)
    body.add(WEDGE, (1, 0, 0), (0.1, 0.5, 0.5), (1.0, 0.0, 0.0))
    body.add(WEDGE, (-1, 0, 0), (0.1, 1, 1), (0.0, 1.0, 0.0))
    light = seen_from_afar(body).light[0]
    assert light[0, 16, 16] > 0 and light[1, 16, 16] == 0
    assert light[0, 16, 10] == 0 and light[1, 16, 10] > 0


def test_cached_views_are_not_rendered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plaza, "BLOCK", 8)
    first = Plaza("train", 8, tmp_path).pixels(range(8))
    monkeypatch.setattr(plaza, "render", lambda *_: pytest.fail("rendered again"))
    assert np.array_equal(Plaza("train", 8, tmp_path).pixels(range(8)), first)
    assert [path.suffix for path in tmp_path.rglob("*.*")] == [".npy"]
