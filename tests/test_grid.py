import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod

from pdn_geo.grid import AffineMapping, PixelGrid

UTM = CRS.from_epsg(32633)


def grid(transform: Affine, crs: CRS = UTM) -> PixelGrid:
    return PixelGrid(height=80, width=100, crs=crs, mapping=AffineMapping(transform))


@given(st.floats(-180, 180), st.floats(0.2, 30), st.booleans(), st.floats(0, 100), st.floats(0, 80))
def test_pixel_to_crs_and_back(
    degrees: float, gsd: float, south_up: bool, x: float, y: float
) -> None:
    cos, sin = gsd * math.cos(math.radians(degrees)), gsd * math.sin(math.radians(degrees))
    flip = 1 if south_up else -1
    g = grid(Affine(cos, -sin * flip, 5e5, sin, cos * flip, 5e6))
    back = g.to_pixel(*g.to_crs(x, y))
    np.testing.assert_allclose(back, (x, y), atol=1e-6)


def test_web_mercator_pixels_shrink_with_latitude() -> None:
    # 10 m of Web Mercator at Gdynia (54.5 N) are 5.8 m on the ground
    x, y = 2.06e6, 7.26e6
    g = grid(Affine(10, 0, x, 0, -10, y), CRS.from_epsg(3857))
    lat = g.to_lonlat(50, 40)[1]
    assert g.gsd_m == pytest.approx(10 * math.cos(math.radians(lat)), rel=5e-3)


def test_jacobian_is_the_geodesic_in_degrees() -> None:
    g = grid(Affine(1e-4, 0, 20, 0, -1e-4, 60), CRS.from_epsg(4326))
    jacobian = g.ground_jacobian(50.0, 40.0)
    lon, lat = g.to_lonlat(50, 40)
    east = Geod(ellps="WGS84").inv(lon - 5e-5, lat, lon + 5e-5, lat)[2]
    north = Geod(ellps="WGS84").inv(lon, lat - 5e-5, lon, lat + 5e-5)[2]
    np.testing.assert_allclose(jacobian, [[east, 0], [0, -north]], atol=1e-4)
    assert east < 0.51 * north


def test_south_up_and_rotated_jacobians_point_the_right_way() -> None:
    south_up = grid(Affine(2, 0, 5e5, 0, 2, 5e6)).ground_jacobian(50.0, 40.0)
    np.testing.assert_allclose(south_up, [[2, 0], [0, 2]], atol=2e-3)
    quarter = grid(Affine(0, 2, 5e5, 2, 0, 5e6)).ground_jacobian(50.0, 40.0)
    np.testing.assert_allclose(quarter, [[0, 2], [2, 0]], atol=2e-3)


def test_without_georeferencing_metres_need_to_be_told() -> None:
    unknown = PixelGrid(height=5, width=5)
    assert math.isnan(unknown.gsd_m)
    assert np.isnan(unknown.to_lonlat(np.zeros(3), np.zeros(3))).all()
    told = PixelGrid(height=5, width=5, assumed_gsd_m=3.0)
    assert told.gsd_m == pytest.approx(3)
    assert told.ground_jacobian(np.zeros(4), np.zeros(4)).shape == (4, 2, 2)


def test_a_mars_scene_has_the_longitudes_of_mars() -> None:
    mars = CRS.from_proj4("+proj=eqc +R=3396190 +units=m +no_defs")
    g = grid(Affine(1, 0, 0, 0, -1, 0), mars)
    assert not g.is_on_earth
    assert g.gsd_m == pytest.approx(1, rel=1e-3)
    assert g.to_lonlat(0, 0) == (0, 0)


def test_points_off_the_map_are_nan_not_infinite() -> None:
    polar = grid(Affine(1e6, 0, 0, 0, -1e6, 0), CRS.from_epsg(32633))
    lon, lat = polar.to_lonlat(np.array([0.1, 90.0]), np.array([0.0, 0.0]))
    assert np.isfinite(lon[0])
    assert np.isnan(lon[1])
    assert np.isnan(lat[1])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"height": 0, "width": 3}, "height must be positive, got 0"),
        ({"height": 1, "width": 3, "crs": UTM}, "crs and mapping go together"),
        ({"height": 1, "width": 3, "assumed_gsd_m": -1.0}, "assumed_gsd_m must be positive"),
    ],
)
def test_bad_values_are_named(kwargs: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PixelGrid(**kwargs)


def test_a_transform_onto_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="onto a line"):
        AffineMapping(Affine(0, 0, 5, 0, 0, 5))
