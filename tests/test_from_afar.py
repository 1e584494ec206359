"""Long ships seen at a fraction of the resolution, by a detector of the test's own."""

from dataclasses import replace

import numpy as np
import pytest
from anchors import RGB, calm_sea

from pdn_geo.detections import Detections
from pdn_geo.from_afar import apart_from, see_from_afar
from pdn_geo.grid import PixelGrid
from pdn_geo.saliency import SaliencyMap
from pdn_geo.saliency.long_objects import LongObject
from pdn_geo.sea import SeaStatistics
from pdn_geo.testing import FakeScene

SIZE, STRIDE, GSD_M = 800, 8, 1.0
SHIP = LongObject(x=340.0, y=416.0, length=200.0)
FACTOR, COARSER = 4, 8  # so that it is 50 and 25 px long


class Bright:
    """Takes what stands out in the patch for one hull lying along x."""

    name = "bright 1"

    def __init__(self, score=0.9, threshold=0.5):
        self.score, self.own_threshold = score, threshold
        self.patches, self.seas = [], []

    def threshold(self, gsd_m):
        return self.own_threshold

    def detect(self, patches, sea):
        (patch,) = patches
        self.patches.append(patch)
        self.seas.append(sea)
        contrast = (patch.values - sea.mean[:, None, None]) / sea.std[:, None, None]
        rows, cols = np.nonzero(contrast.max(axis=0) > 15)
        x, y = cols.mean() + 0.5, rows.mean() + 0.5
        one = np.ones(1)
        found = Detections(
            x=x * one, y=y * one, length=np.ptp(cols) * one + 1, width=np.ptp(rows) * one + 1,
            angle=0 * one, score=self.score * one, wake=0 * one, bow_known=one < 0, cut=one < 0,
            look=0 * one,
        )  # fmt: skip
        window = patch.look.window
        return [found.shifted(window.col_off, window.row_off)]


def seen(detector, objects=(SHIP,), *, par=0.5, least=0.5, gsd_m=GSD_M, water=1.0, width=32):
    pixels = calm_sea((SIZE, SIZE))
    sea = SeaStatistics(pixels.mean((1, 2)), pixels.std((1, 2)))
    pixels[:, 400 : 400 + width, 240:440] += 120
    grid = PixelGrid(height=SIZE, width=SIZE, assumed_gsd_m=gsd_m)
    scene = FakeScene(pixels, grid=grid, band_names=RGB)
    cells = (SIZE // STRIDE,) * 2
    saliency = SaliencyMap(
        stride=STRIDE, expected_boats=np.zeros(cells, np.float32),
        water=np.full(cells, water, np.float16), searchable=np.ones(cells, bool),
        reason=np.zeros(cells, np.uint8), reasons=("none",),
    )  # fmt: skip
    asked = []
    ships = see_from_afar(
        scene, objects, lambda gsd_m: asked.append(gsd_m) or detector, saliency, sea,
        par=par, least=least, first=7,
    )  # fmt: skip
    return ships, asked


def test_a_ship_has_its_place_and_size_in_scene_pixels_and_a_look_as_large_as_it():
    ships, _ = seen(Bright())
    (look,) = ships.looks
    boat = ships.boats
    assert (boat.x[0], boat.y[0]) == pytest.approx((340, 416), abs=COARSER)
    assert (boat.length[0], boat.width[0]) == pytest.approx((200, 32), abs=COARSER)
    assert look.order == boat.look[0] == 7
    window = look.window
    assert (window.width, window.height) == pytest.approx((200, 32), abs=2 * COARSER)
    assert look.expected_boats == 0
    assert "bright 1" in ships.note


def test_the_detector_is_that_of_the_coarser_pixels_and_sees_their_sea():
    detector = Bright()
    _, asked = seen(detector)
    assert asked == [FACTOR * GSD_M, COARSER * GSD_M]
    for patch, sea, factor in zip(detector.patches, detector.seas, asked, strict=True):
        assert patch.gsd_m == pytest.approx(factor)
        assert sea.std == pytest.approx(1.5 / factor, rel=0.3)  # of means of factor**2 pixels


def test_one_detector_serves_all_objects_of_a_size():
    _, asked = seen(Bright(), (SHIP, SHIP))
    assert len(asked) == 2


def test_a_ship_near_the_least_length_is_not_shown_twice_alike():
    _, asked = seen(Bright(), (replace(SHIP, length=70.0),))
    assert asked == [2 * GSD_M]


def test_a_view_holds_enough_of_the_sea_for_a_network():
    detector = Bright()
    seen(detector, (replace(SHIP, length=70.0),))
    assert min(detector.patches[0].values.shape[1:]) >= 96


def test_a_ship_is_seen_where_the_scene_does_not_tell_water_from_land():
    assert len(seen(Bright(), water=0.5)[0].boats) == 1


@pytest.mark.parametrize(("score", "found"), [(0.31, 1), (0.29, 0)])
def test_what_reaches_its_own_threshold_reaches_that_of_the_looks(score, found):
    ships, _ = seen(Bright(score, threshold=0.3), par=0.6, least=0.6)
    assert len(ships.boats) == found
    assert (ships.boats.score < 0.62).all()


@pytest.mark.parametrize(("score", "found"), [(0.36, 1), (0.34, 0)])
def test_a_high_threshold_for_boats_of_all_sizes_is_not_that_for_ships(score, found):
    ships, _ = seen(Bright(score, threshold=0.7), par=0.6, least=0.6)
    assert len(ships.boats) == found


def test_weak_ones_and_hulls_longer_than_any_ship_are_left_out():
    assert len(seen(Bright(score=0.3))[0].boats) == 0
    nothing, _ = seen(Bright(), gsd_m=3.0)
    assert len(nothing.boats) == len(nothing.looks) == 0
    assert nothing.note == ""


@pytest.mark.parametrize(("gsd_m", "found"), [(1.0, 0), (0.2, 1)], ids=["200 m", "40 m"])
def test_large_ships_are_slender(gsd_m, found):
    ships, _ = seen(Bright(), gsd_m=gsd_m, width=72)
    assert len(ships.boats) == found


def test_without_long_objects_no_detector_is_asked_for():
    ships, asked = seen(Bright(), ())
    assert len(ships.boats) == 0
    assert asked == []


def boats(*rows):
    """(x, y, length) each, along x and a quarter as wide."""
    x, y, length = np.array(rows, float).reshape(-1, 3).T
    zero, no = np.zeros(len(x)), np.zeros(len(x), bool)
    return Detections(
        x=x, y=y, length=length, width=length / 4, angle=zero, score=zero + 0.9, wake=zero,
        bow_known=no, cut=no, look=zero.astype(int),
    )  # fmt: skip


def test_pieces_of_a_ship_go_and_boats_beside_it_stay():
    ship = boats((340, 416, 200))
    close = boats((300, 420, 60), (300, 450, 60), (450, 416, 60), (341, 416, 190))
    assert apart_from(ship, close).length.tolist() == [60, 60, 190]
    assert apart_from(ship, close).y.tolist() == [450, 416, 416]


def test_without_ships_or_boats_nothing_changes():
    assert len(apart_from(boats(), boats((300, 420, 60)))) == 1
    assert len(apart_from(boats((340, 416, 200)), boats())) == 0
