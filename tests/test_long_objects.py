"""Long things on the water, found in the anchor."""

import numpy as np
import pytest
from anchors import STRIDE, all_water, anchor_of, calm_sea

from pdn_geo.geometry import Window
from pdn_geo.saliency.long_objects import long_objects
from pdn_geo.saliency.prior import view_sea


def with_bar(rows, cols, height, width, brightness=120.0):
    pixels = calm_sea((800, 800))
    pixels[:, rows : rows + height, cols : cols + width] += brightness
    return pixels


def found_in(pixels, *, water=None, gsd_m=1.0, core=None):
    anchor = anchor_of(pixels, core=core)
    water = all_water(pixels) if water is None else water
    return long_objects(anchor, view_sea(anchor, all_water(pixels)), water, gsd_m)


def test_a_ship_is_found_where_it_lies_and_as_long_as_it_is():
    (ship,) = found_in(with_bar(400, 240, 32, 200))
    assert (ship.x, ship.y) == pytest.approx((340, 416), abs=STRIDE)
    assert ship.length == pytest.approx(200, abs=2 * STRIDE)


def test_a_fainter_wake_does_not_count():
    pixels = with_bar(400, 240, 32, 160)
    pixels[:, 408:424, 400:700] += 30
    (ship,) = found_in(pixels)
    assert ship.length == pytest.approx(160, abs=2 * STRIDE)


@pytest.mark.parametrize(
    "pixels",
    [calm_sea((800, 800)), with_bar(400, 240, 16, 48), with_bar(300, 300, 200, 200)],
    ids=["empty sea", "a boat that looks see whole", "a block"],
)
def test_what_is_no_long_ship_is_left_out(pixels):
    assert found_in(pixels) == []


def test_what_is_longer_than_any_ship_is_left_out():
    pier = with_bar(400, 40, 32, 600)
    assert len(found_in(pier, gsd_m=1.0)) == 1
    assert found_in(pier, gsd_m=3.0) == []


def test_nothing_is_sought_where_no_ship_is_long_enough():
    assert found_in(with_bar(400, 240, 32, 100), gsd_m=10.0) == []


def test_land_is_left_out():
    pixels = with_bar(400, 240, 32, 200)
    assert found_in(pixels, water=np.zeros_like(all_water(pixels))) == []


def test_each_tile_gives_those_in_its_core():
    upper = Window(col_off=0, row_off=0, width=100, height=40)
    lower = Window(col_off=0, row_off=40, width=100, height=60)
    pixels = with_bar(400, 240, 32, 200)
    assert found_in(pixels, core=upper) == []
    assert len(found_in(pixels, core=lower)) == 1
