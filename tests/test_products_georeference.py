import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from products_examples import (
    MARS,
    PIXELS,
    SIZE,
    UTM,
    findings,
    georeferencings,
    grid_at,
    one_boat,
    seen_in,
)
from pyproj import CRS, Geod

from pdn_geo.detections import Detections
from pdn_geo.grid import PixelGrid
from pdn_geo.products import georeference
from pdn_geo.products.georeference import ground_hulls

COLUMNS = [
    "score",
    "class",
    "length_m",
    "width_m",
    "heading_deg",
    "heading_ambiguous",
    "wake",
    "look",
    "lon",
    "lat",
]


def values(table, i=0):
    return {name: column[i] for name, column in table.columns.items()}


def turn_between(a, b, period):
    return abs((a - b + period / 2) % period - period / 2)


PLACES = [(3.1, 60.2, 1.0), (-58.4, -34.5, 3.0), (118.0, 5.0, 10.0), (179.97, 70.0, 0.5)]


@pytest.mark.parametrize(("lon", "lat", "gsd"), PLACES)
@pytest.mark.parametrize("bearing", [0.0, 37.0, 142.5, 268.0])
def test_a_boat_has_one_hull_on_the_ground_in_every_georeferencing(lon, lat, gsd, bearing):
    length, width = 40 * gsd, 9 * gsd
    rings = []
    for name, grid in georeferencings(lon, lat, gsd).items():
        boat = seen_in(grid, lon, lat, length, width, bearing)
        row = values(georeference(findings(grid, boat)))
        assert row["length_m"] == pytest.approx(length, rel=0.01), name
        assert row["width_m"] == pytest.approx(width, rel=0.01), name
        assert turn_between(row["heading_deg"], bearing, 360) < 0.5, name
        assert row["lon"] == pytest.approx(lon, abs=1e-6), name
        assert row["lat"] == pytest.approx(lat, abs=1e-6), name
        polygon = georeference(findings(grid, boat), lonlat=True).geometry[0]
        rings.append(shapely.get_coordinates(polygon)[:4])
    geod = Geod(ellps="WGS84")
    for ring in rings[1:]:
        *_, distance = geod.inv(*rings[0].T, *ring.T)
        assert distance.max() < 0.5 * gsd


@pytest.mark.parametrize(
    "name", ["north up", "rotated", "south up", "sheared", "degrees", "curved"]
)
def test_the_polygon_is_the_rectangle_that_the_columns_say(name):
    grid = georeferencings(3.1, 60.2, 1.0)[name]
    boat = seen_in(grid, 3.1, 60.2, 40, 9, 142.5)
    table = georeference(findings(grid, boat), lonlat=True)
    bow_left, stern_left, stern_right, bow_right = shapely.get_coordinates(table.geometry[0])[:4]
    geod = Geod(ellps="WGS84")
    along, _, length = geod.inv(*stern_left, *bow_left)
    across, _, width = geod.inv(*bow_left, *bow_right)
    assert (length, width) == pytest.approx((40, 9), rel=1e-3)
    assert along == pytest.approx(142.5, abs=0.1)
    assert turn_between(across, 142.5 + 90, 360) < 0.1
    assert geod.inv(*stern_left, *stern_right)[2] == pytest.approx(9, rel=1e-3)
    assert table.geometry[0].exterior.is_ccw


def test_polygons_are_in_the_crs_of_the_scene():
    table = georeference(findings(UTM, one_boat(x=1000.0, y=1000.0, length=30.0, width=8.0)))
    assert table.crs == CRS.from_epsg(32631)
    centre = shapely.centroid(table.geometry[0])
    assert (centre.x, centre.y) == pytest.approx(UTM.to_crs(1000, 1000), abs=1e-6)
    assert table.geometry[0].area == pytest.approx(240, rel=1e-3)


def test_every_column_has_its_type():
    table = georeference(findings(UTM))
    kinds = {name: column.dtype.kind for name, column in table.columns.items()}
    assert list(kinds) == COLUMNS
    assert kinds == dict(zip(COLUMNS, "fOfffbfiff", strict=True))


@settings(deadline=None)
@given(angle=st.floats(-10, 10), bow_known=st.booleans())
def test_without_a_bow_the_heading_is_an_axis(angle, bow_known):
    boats = Detections.concatenate(
        [one_boat(angle=a, bow_known=bow_known) for a in (angle, angle + np.pi)]
    )
    one, other = (values(georeference(findings(UTM, boats)), i) for i in (0, 1))
    period = 360 if bow_known else 180
    assert 0 <= one["heading_deg"] < period
    assert one["heading_ambiguous"] == (not bow_known)
    opposite = 180 if bow_known else 0
    assert turn_between(one["heading_deg"] + opposite, other["heading_deg"], period) < 0.02


def test_a_heading_just_short_of_north_is_zero_and_not_360():
    boats = one_boat(angle=-np.pi / 2 - 1e-6)
    up = PixelGrid(height=SIZE, width=SIZE, assumed_gsd_m=1.0)
    assert values(georeference(findings(up, boats)))["heading_deg"] == 0.0


@given(angle=st.floats(-3, 3))
def test_a_round_hull_still_points_to_its_bow(angle):
    boats = one_boat(angle=angle, length=5.0, width=5.0)
    heading = values(georeference(findings(PIXELS, boats)))["heading_deg"]
    assert turn_between(heading, 90 + np.degrees(angle), 360) < 0.02


def test_without_georeferencing_places_are_pixels_and_metres_unknown():
    table = georeference(findings(PIXELS, one_boat(angle=0.3)))
    row = values(table)
    assert table.crs is None
    for name in ("length_m", "width_m", "lon", "lat"):
        assert np.isnan(row[name]), name
    assert row["heading_deg"] == pytest.approx(90 + np.degrees(0.3), abs=0.01)
    expected = shapely.Polygon(one_boat(angle=0.3).corners()[0])
    assert table.geometry[0].symmetric_difference(expected).area < 1e-6
    assert georeference(findings(PIXELS), lonlat=True).crs is None


def test_an_assumed_pixel_size_gives_metres_only():
    grid = PixelGrid(height=SIZE, width=SIZE, assumed_gsd_m=3.0)
    row = values(georeference(findings(grid, one_boat())))
    assert (row["length_m"], row["width_m"]) == (90, 24)
    assert np.isnan(row["lon"])
    assert "pixels of 3 m" in findings(grid).georeferencing


def test_another_body_has_its_own_degrees_and_metres():
    row = values(georeference(findings(MARS, one_boat(length=30.0))))
    lon, lat = MARS.to_lonlat(100.0, 200.0)
    assert (row["lon"], row["lat"]) == pytest.approx((float(lon), float(lat)), abs=1e-6)
    assert row["length_m"] == pytest.approx(150, rel=0.01)


class HalfMap:
    """Only the left half of the scene is on the map."""

    def to_crs(self, x, y):
        return np.where(x < SIZE / 2, x / 1e5, np.nan), np.where(x < SIZE / 2, -y / 1e5, np.nan)

    def to_pixel(self, crs_x, crs_y):
        return crs_x * 1e5, -crs_y * 1e5


def test_a_boat_off_the_map_has_no_place_but_is_kept():
    grid = PixelGrid(height=SIZE, width=SIZE, crs=CRS.from_epsg(4326), mapping=HalfMap())
    boats = Detections.concatenate([one_boat(), one_boat(x=1500.0)])
    table = georeference(findings(grid, boats))
    assert [polygon is None for polygon in table.geometry] == [False, True]
    for name in ("length_m", "width_m", "heading_deg", "lon", "lat"):
        assert np.isfinite(table.columns[name][0]), name
        assert np.isnan(table.columns[name][1]), name
    assert table.columns["heading_ambiguous"].tolist() == [False, True]
    assert table.to_geodataframe().geometry.isna().tolist() == [False, True]


def test_longitudes_beyond_180_are_brought_back():
    grid = grid_at(180.0, 10.0, "EPSG:4326", Affine.scale(1e-5, -1e-5))
    lon = values(georeference(findings(grid, one_boat(x=1500.0))))["lon"]
    assert lon == pytest.approx(-179.995, abs=1e-6)


def test_a_data_frame_has_the_columns_and_the_crs():
    frame = georeference(findings(UTM)).to_geodataframe()
    assert list(frame.columns) == [*COLUMNS, "geometry"]
    assert frame.crs == CRS.from_epsg(32631)
    assert frame["look"].tolist() == [0, 2]
    assert georeference(findings(PIXELS)).to_geodataframe().crs is None


def test_no_boats_keep_every_column():
    table = georeference(findings(UTM, Detections.empty()))
    assert len(table) == 0
    assert list(table.to_geodataframe().columns) == [*COLUMNS, "geometry"]


def test_ground_hulls_of_square_pixels_are_the_hulls():
    boats = Detections.concatenate([one_boat(angle=a) for a in np.linspace(-3, 3, 7)])
    hulls = ground_hulls(boats, PixelGrid(height=9, width=9, assumed_gsd_m=2.0))
    np.testing.assert_allclose(hulls.length_m, 60)
    np.testing.assert_allclose(hulls.corners, boats.corners()[:, [0, 3, 2, 1]])
