"""Coasts and harbours: seamless, repeatable, and true to their truth."""

import numpy as np
import pyogrio
import pytest
import shapely

from pdn_geo.errors import OptionError
from pdn_geo.geometry import Window, oriented_corners, oriented_polygons
from pdn_geo.ocean import SeaConfig, labels_of, negatives_of, simulate_scene
from pdn_geo.ocean.coast import Coast
from pdn_geo.ocean.scene import truth_path
from pdn_geo.ocean.sea import Sea, render_window
from pdn_geo.ocean.site import outlines

HARBOUR = SeaConfig(
    size=420, wind_mps=5, boats=6, seed=4, land=0.35, town=0.5, marinas=1, quays=1, piers=3,
    moorings=6, buoys=4, rocks=6, look="photo", jpeg=80,
)  # fmt: skip


@pytest.fixture(scope="module")
def harbour():
    return Sea(HARBOUR)


@pytest.fixture(scope="module")
def whole(harbour):
    """Pixels of the scene and 40 px around it."""
    return render_window(harbour, Window(col_off=-40, row_off=-40, width=500, height=500))


@pytest.fixture(scope="module")
def marina():
    """Close over a marina: calm, sharp, in numbers that follow reflectance."""
    return Sea(SeaConfig(size=500, gsd_m=0.3, wind_mps=2, boats=0, seed=3, marinas=1, swell_m=0))


def coast_of(config: SeaConfig) -> Coast:
    coast = Sea(config).coast
    assert coast is not None
    return coast


@pytest.mark.parametrize(
    "window",
    [
        Window(col_off=0, row_off=0, width=256, height=256),
        Window(col_off=203, row_off=111, width=97, height=201),
        Window(col_off=-33, row_off=-21, width=140, height=61),
        Window(col_off=301, row_off=299, width=1, height=1),
    ],
)
def test_a_window_is_the_crop_of_a_larger_one(harbour, whole, window):
    crop = Window(
        col_off=window.col_off + 40,
        row_off=window.row_off + 40,
        width=window.width,
        height=window.height,
    )
    np.testing.assert_array_equal(render_window(harbour, window), whole[(..., *crop.slices)])


def test_the_same_configuration_gives_the_same_pixels_and_another_seed_others(whole):
    window = Window(col_off=40, row_off=30, width=200, height=220)
    again = render_window(Sea(HARBOUR), window)
    np.testing.assert_array_equal(again, whole[:, 70:290, 80:280])


def test_a_harbour_has_all_that_was_asked_for(harbour):
    labels, negatives = labels_of(harbour), negatives_of(harbour)
    assert {"berthed", "still"} <= set(labels.status)
    assert (labels.status == "berthed").sum() > 10
    assert {"buoy", "rock", "pier", "pontoon", "quay"} <= set(negatives.what)
    assert len(negatives.x) == len(negatives.y) == len(negatives) > 20


def test_boats_lie_on_water_inside_the_scene_and_apart(harbour):
    labels, gsd_m = labels_of(harbour), HARBOUR.gsd_m
    corners = oriented_corners(labels.x, labels.y, labels.length, labels.width, labels.angle)
    assert (corners >= 0).all()
    assert (corners <= HARBOUR.size).all()
    x, y = corners.reshape(-1, 2).T * gsd_m
    assert harbour.coast.waters.wet(x, y, 2.0).all()
    hulls = oriented_polygons(labels.x, labels.y, labels.length, labels.width, labels.angle)
    one, other = shapely.STRtree(hulls).query(hulls, "intersects")
    assert (one == other).all()
    solid = outlines([work for work in harbour.coast.works.all if work.what != "buoy"])
    solid = shapely.STRtree(shapely.transform(solid, lambda points: points / gsd_m))
    assert not solid.query(hulls, "intersects").size


@pytest.mark.parametrize("land", [0.1, 0.5, 0.9])
def test_the_share_of_land_is_what_was_asked(land):
    config = SeaConfig(size=400, gsd_m=2, boats=0, land=land, seed=7)
    strand = coast_of(config).strand(Window(col_off=0, row_off=0, width=400, height=400))
    assert strand.land.mean() == pytest.approx(land, abs=0.03)


def test_all_land_has_no_sea_and_no_boats():
    sea = Sea(SeaConfig(size=96, boats=3, land=1.0, moorings=3, marinas=1, quays=1))
    window = Window(col_off=0, row_off=0, width=96, height=96)
    assert (sea.coast.strand(window).land == 1).all()
    assert len(labels_of(sea)) == 0
    assert render_window(sea, window).std() > 1


def test_moored_rows_are_square_to_their_pontoons(marina):
    boats = [vessel.boat for vessel in marina.vessels]
    assert len(boats) > 8
    assert {boat.status for boat in boats} == {"berthed"}
    walkway = max(
        (work for work in marina.coast.works.all if work.what == "pontoon"),
        key=lambda work: work.length_m,
    )
    off = np.array([boat.angle - walkway.angle for boat in boats])
    # along fingers, or alongside the cross piece at a walkway's end: a right angle each
    assert np.abs(np.sin(2 * off)).max() < np.sin(2 * 0.12)
    assert np.mean(np.abs(np.cos(off)) < 0.2) > 0.7


def test_moored_boats_lie_to_the_wind_and_are_not_berthed():
    sea = Sea(SeaConfig(size=500, wind_mps=6, boats=0, moorings=25, seed=3))
    labels = labels_of(sea)
    assert len(labels) > 12
    assert set(labels.status) == {"still"}
    mean = np.exp(1j * labels.angle).mean()
    assert abs(mean) > 0.95


def test_hulls_stand_out_from_what_surrounds_them(marina):
    image = render_window(marina, Window(col_off=0, row_off=0, width=500, height=500))
    image = image.astype(float)
    labels = labels_of(marina)
    cols, rows = np.meshgrid(np.arange(500) + 0.5, np.arange(500) + 0.5)
    water = np.median(image, axis=(1, 2))
    spread = np.median(np.abs(image - water[:, None, None]), axis=(1, 2)) + 1
    for i in range(len(labels)):
        dx, dy = cols - labels.x[i], rows - labels.y[i]
        cos, sin = np.cos(labels.angle[i]), np.sin(labels.angle[i])
        along, across = dx * cos + dy * sin, dy * cos - dx * sin
        inside = (np.abs(along) < 0.4 * labels.length[i]) & (np.abs(across) < 0.3 * labels.width[i])
        contrast = np.abs(image[:, inside] - water[:, None]).mean(axis=1) / spread
        assert contrast.max() > 5


def test_truth_files_hold_negatives_and_berthed_boats(tmp_path, harbour, monkeypatch):
    monkeypatch.setattr("pdn_geo.ocean.scene.Sea", lambda config: harbour)
    path = tmp_path / "harbour.tif"
    simulate_scene(path, HARBOUR, threads=1)
    hulls = pyogrio.read_dataframe(truth_path(path), layer="hulls")
    assert set(hulls["status"]) <= {"berthed", "still", "underway"}
    assert (hulls["status"] == "berthed").any()
    negatives = pyogrio.read_dataframe(truth_path(path), layer="negatives")
    assert len(negatives) == len(negatives_of(harbour))
    assert set(negatives["what"]) == set(negatives_of(harbour).what)


def test_the_open_sea_has_no_negatives():
    sea = Sea(SeaConfig(size=64, boats=0))
    assert sea.coast is None
    assert len(negatives_of(sea)) == 0


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"land": 1.2}, "land must be between 0 and 1, got 1.2"),
        ({"marinas": -1}, "marinas"),
        ({"look": "vivid"}, "look must be linear or photo, got vivid"),
        ({"jpeg": 0}, "jpeg must be between 1 and 100, got 0"),
        ({"jpeg": 80, "dtype": "uint16"}, "look and jpeg are for uint8"),
        ({"boat_m": (9.0, 3.0)}, "boat_m must be a range"),
    ],
)
def test_nonsense_is_refused(values, says):
    with pytest.raises(OptionError, match=says):
        SeaConfig(**values)
