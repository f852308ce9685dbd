"""The place around `plaza2`'s objects against lengths, areas and light worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simnet.models.data.plaza.rays import Pinholes
from simnet.models.data.plaza.second import shadows, textures, town
from simnet.models.data.plaza.second.light import LIGHT_DRAWS, Light
from simnet.models.data.plaza.second.textures import TEXELS, Atlas, level_of
from simnet.models.data.plaza.second.things import EACH, FURNITURE, OTHERS, SPOTS, THING_DRAWS, Things, pairs
from simnet.models.data.plaza.second.town import WALLS, Backdrop, shaded
from simnet.models.data.plaza.shapes import OBJECT_DRAWS, Draws


def test_levels_are_the_nearest_powers_of_two() -> None:
    """A pixel of 1.4 texels is nearer to one, of 1.5 to two (the border is √2); none is beyond what there is."""
    texels = np.array([0.1, 1.0, 1.4, 1.5, 2.8, 2.9, 11.0, 1000.0], np.float32)
    assert level_of(texels).tolist() == [0, 0, 0, 1, 1, 2, 3, 6]


def test_a_tile_repeats_and_its_levels_are_means() -> None:
    """Tile 1 counts its columns, 0 to 63: level 2 has means of four (1.5, 5.5, …), the coarsest that of all (31.5)."""
    tiles = np.stack([np.zeros((TEXELS, TEXELS)), np.tile(np.arange(TEXELS), (TEXELS, 1))])
    atlas, y = Atlas(tiles), np.full(4, 17.9, np.float32)
    x = np.array([0.5, 5.99, 63.2, 64 + 5.0], np.float32)
    found = {level: atlas.look(1, np.full(4, level, np.int32), x, y).tolist() for level in (0, 2, 6)}
    assert found == {0: [0, 5, 63, 5], 2: [1.5, 5.5, 61.5, 5.5], 6: [31.5] * 4}
    assert atlas.look(1, np.zeros(1, np.int32), np.array([-1.0], np.float32), y[:1]).tolist() == [63], "leftwards, too"
    assert not atlas.look(0, np.zeros(4, np.int32), x, y).any()


def test_tiles_are_factors_around_one() -> None:
    """So that a far wall is as bright as its colour says."""
    far = np.full(1, textures.LEVELS - 1, np.int32)
    at = np.zeros(1, np.float32)
    for tile in (textures.ASPHALT, textures.GRASS, textures.PLASTER, textures.BARK, textures.LEAVES):
        assert textures.surfaces().look(tile, far, at, at)[0] == pytest.approx(1, abs=0.06)
    glass = [textures.storeys().look(2 * textures.STYLES + k, far, at, at)[0] for k in range(2 * textures.STYLES)]
    assert min(glass) > 0.05 and max(glass) < 0.6


@pytest.mark.parametrize("wall", range(len(WALLS)))
def test_a_ray_from_the_centre_meets_the_wall_it_points_at(wall: int) -> None:
    """At the wall's distance; with 60° off its normal, if it met it, at twice that."""
    angle, distance = np.radians(WALLS[wall, 0]), WALLS[wall, 1]
    ahead = np.array([[np.cos(angle), np.sin(angle), 0.0]], np.float32)
    eye = np.array([[0.0, 0.0, 5.0]], np.float32)
    view = Backdrop.of(Pinholes.aimed(eye, eye + ahead, np.array([0.1], np.float32)))
    assert view.number[0].tolist() == [(wall - 1) % 7, wall, (wall + 1) % 7]
    way, which = view.meet([np.full((1, 1, 1), part, np.float32) for part in ahead[0]])
    assert way[0, 0, 0] == pytest.approx(distance, rel=1e-4) and which[0, 0, 0] == 1


def test_houses_keep_the_sun_from_what_lies_behind_them() -> None:
    """One metre before wall 1, which is 19.5 m off and 1.6 m high at least, with the sun at 45° behind it.

    Its shadow is as long as it is high: at most 4 storeys of 3.4 m, a gable's half and a soft edge, so not 18 m.
    """
    angle = np.radians(WALLS[1, 0])
    out = np.array([np.cos(angle), np.sin(angle)], np.float32)
    toward = np.array([[out[0], out[1], 1.0]], np.float32) / np.float32(np.sqrt(2))
    at = (WALLS[1, 1] - np.array([1.0, 18.0], np.float32))[None]
    near, far = shaded(at * out[0], at * out[1], np.zeros((), np.float32), toward)[0]
    assert (near, far) == (1, 0)
    high = np.array([[0.0, 0.0, 1.0]], np.float32)
    assert shaded(at * out[0], at * out[1], np.zeros((), np.float32), high).max() == 0, "not at noon in the tropics"


def test_a_bus_throws_its_shadow_away_from_the_sun() -> None:
    """Alone, along x, 2.7 to 3.2 m high and 2.3 to 2.6 m wide; the sun at 45° over +y: dark from −1.3 to −3.8.

    And not beyond −4.5, nor on the other side; in the middle of the maps as at the edge of the fine one.
    """
    draws, nobody = np.full((1, OBJECT_DRAWS), 0.5, np.float32), np.full(1, -1)
    things = Things(np.array([2]), draws, Draws(np.full((1, THING_DRAWS), 0.5, np.float32)), nobody, draws)
    things.there[1:] = False
    place, heading = np.zeros((1, 2), np.float32), np.zeros(1, np.float32)
    things.stand(place, heading, place)
    light = Light.drawn(Draws(np.full((1, LIGHT_DRAWS), 0.1, np.float32)))
    light = replace(light, toward=np.array([[0, 1, 1]], np.float32) / np.float32(np.sqrt(2)))
    half, radius = things.half[:1], things.radius[:1]
    cast = shadows.Shadows.cast(things, place, half, heading, radius, light, np.zeros(1, np.int64))
    y = np.array([[[-1.6, -2.5, -3.6, -4.8, 1.6, 2.5, 5.0]]], np.float32)
    assert cast.on_ground(np.zeros_like(y), y)[0, 0] == pytest.approx([1, 1, 1, 0, 0, 0, 0], abs=0.05)
    assert cast.below(np.zeros_like(y), y * 0)[0, 0, 0] == pytest.approx(0.55), "under it hardly any sky"


def test_light_by_weather_and_hour() -> None:
    """A clear sky lets shadows be, at dusk, too; a closed one does not; only rain is wet; cameras open at dusk."""
    noon, dull, rain, late = (0.1, 0.0), (0.6, 0.0), (0.8, 0.0), (0.1, 1.0)
    table = np.full((4, LIGHT_DRAWS), 0.5, np.float32)
    for row, (kind, hour) in enumerate((noon, dull, rain, late)):
        table[row, 2], table[row, 4] = kind, hour
    light = Light.drawn(Draws(table))
    assert (light.sun.max(axis=1) > shadows.SUNNY).tolist() == [True, False, False, True]
    assert light.wet.tolist() == pytest.approx([0, 0, 0.7, 0])
    assert light.dusk.tolist() == pytest.approx([0, 0, 0, 1])
    assert np.sqrt((light.toward**2).sum(axis=1)) == pytest.approx(1)
    assert light.toward[3, 2] == pytest.approx(np.sin(0.16), abs=1e-6)
    open_, shut = light.exposure(np.ones(4, np.float32)), light.exposure(np.zeros(4, np.float32))
    assert open_[3] > open_[0] > shut[0]


def test_a_camera_sees_what_always_stands_there_only_beyond_the_middle() -> None:
    """From the east: things with x < 0; the object and the others in any case, and what is before the camera."""
    thing, view = pairs(1, 1, np.array([[20.0, 0.0, 5.0]], np.float32))
    fixed = [k - 1 - OTHERS for k in thing if OTHERS < k < EACH]
    assert fixed == np.flatnonzero(SPOTS[:, 0] < 0).tolist() and 0 < len(fixed) < len(FURNITURE)
    assert thing[: 1 + OTHERS].tolist() == list(range(1 + OTHERS)) and thing[-1] == EACH
    assert set(view.tolist()) == {0}
    assert len(town.FLOORS) == len(town.GABLE) == town.HOUSES == 56
