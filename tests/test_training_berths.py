"""Berths on training crops: on the water, alongside what rises from it, and near land."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="training needs torch")
import numpy as np
from coasts import LAND, SHORE, SIDE, coast

from pdn_geo.training.berths import berth
from pdn_geo.training.boats import Boats
from pdn_geo.training.light import Light
from pdn_geo.training.pasting import paste
from pdn_geo.training.sprites import Sprite

LENGTH, WIDTH = 16.0, 5.0


def berths(crop):
    found = (berth(crop, LENGTH, WIDTH, np.random.default_rng(seed)) for seed in range(60))
    return [place for place in found if place is not None]


def test_boats_lie_along_the_shore_or_with_their_stern_to_it():
    places = berths(coast())
    assert len(places) > 30
    off_shore = np.array([x - SHORE for x, _, _ in places])
    across = np.abs(np.cos([heading for *_, heading in places]))
    along = across < 0.5
    assert (off_shore[along] < WIDTH / 2 + 3).all()
    assert (np.abs(off_shore[~along] - LENGTH / 2) < 3).all()
    assert 0.5 < along.mean() < 0.95


def test_a_jetty_that_the_water_map_does_not_know_has_berths_on_both_sides():
    crop = coast()
    values = crop.values.copy()
    values[:, 60:68, SHORE : SHORE + 40] = LAND
    rows = [y for x, y, _ in berths(replace(crop, values=values)) if SHORE + 10 < x < SHORE + 38]
    assert min(rows) < 60 < 68 < max(rows)
    assert not any(60 < y < 68 for y in rows)


def test_a_boat_at_its_berth_keeps_others_off():
    boats = Boats.concatenate(
        [Boats.one(SHORE + 3.0, y, LENGTH, WIDTH, np.pi / 2) for y in range(0, SIDE, 4)]
    )
    assert not any(x - SHORE < WIDTH for x, *_ in berths(coast(boats)))


def test_whitecaps_far_from_land_are_no_quays():
    crop = coast(water_everywhere=True)
    values = crop.values.copy()
    values[:, 60:66, 60:66] = LAND
    assert not berths(replace(crop, values=values))


def test_dark_yards_on_land_are_no_water():
    crop = coast()
    values, water = crop.values.copy(), np.zeros_like(crop.water)
    values[:, 40:70, 10:40] = crop.level[:, 40:70, 10:40]
    assert not berths(replace(crop, values=values, water=water))


def test_nothing_lies_beyond_the_scene_whose_edge_is_no_quay():
    crop = coast()
    valid = crop.valid.copy()
    valid[:60] = False
    crop = replace(crop, valid=valid, values=crop.values * valid, water=crop.water * valid)
    places = berths(crop)
    assert len(places) > 10
    assert all(y > 60 and x < SHORE + LENGTH / 2 + 3 for x, y, _ in places)


def test_many_boats_are_set_at_berths_and_none_of_them_is_under_way():
    cover = np.ones((10, 30), np.float32)
    sprite = Sprite(np.stack([cover] * 3), cover, gsd_m=1.0, length=30.0, width=10.0)
    light = Light(np.full(3, 200, np.float32))
    crops = (paste(coast(), [sprite], light, np.random.default_rng(seed)) for seed in range(200))
    boats = Boats.concatenate([crop.boats for crop in crops])
    at_berth = boats.x - SHORE < boats.width / 2 + 2
    assert at_berth.mean() > 0.2
    assert not (boats.wake[at_berth] == 1).any()
