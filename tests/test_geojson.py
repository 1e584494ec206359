import json
import math
from itertools import pairwise

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
    look,
    one_boat,
)
from pyproj import CRS
from shapely.geometry import shape

from pdn_geo.detections import Detections
from pdn_geo.grid import PixelGrid
from pdn_geo.products.geojson import write_geojson
from pdn_geo.products.lonlat import cut, unwrapped, wrapped


def written(tmp_path, found):
    """The file as text and as parsed by the strict standard."""
    path = tmp_path / "boats.geojson"
    write_geojson(found, path)
    text = path.read_text(encoding="utf-8")

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return text, json.loads(text, parse_constant=refuse)


def check_rfc7946(document, *, is_lonlat=True):
    assert document["type"] == "FeatureCollection"
    assert "crs" not in json.dumps(document).replace("pdn_geo", "")
    for feature in document["features"]:
        assert feature["type"] == "Feature"
        assert feature.keys() >= {"geometry", "properties"}
        assert not feature.keys() & {"coordinates", "geometries", "features"}
        check_geometry(feature["geometry"], is_lonlat=is_lonlat)


def check_geometry(geometry, *, is_lonlat=True):
    if geometry is None:
        return
    assert geometry.keys() == {"type", "coordinates"}
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    else:
        assert geometry["type"] == "MultiPolygon"
    for rings in polygons:
        for i, ring in enumerate(rings):
            assert len(ring) >= 4
            assert ring[0] == ring[-1]
            area = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2
            assert area > 0 if i == 0 else area < 0, "winding, section 3.1.6"
            if is_lonlat:
                check_positions(ring)


def check_positions(ring):
    for lon, lat in ring:
        assert -180 <= lon <= 180
        assert -90 <= lat <= 90
        assert round(lon, 7) == lon
        assert round(lat, 7) == lat
    for a, b in pairwise(ring):
        on_a_pole = abs(a[1]) == abs(b[1]) == 90
        assert abs(a[0] - b[0]) < 180 or on_a_pole, "antimeridian, section 3.1.9"


@pytest.mark.parametrize("name", list(georeferencings(3.1, 51.4, 1.0)))
def test_every_georeferencing_follows_the_rfc(tmp_path, name):
    found = findings(georeferencings(3.1, 51.4, 1.0)[name])
    _, document = written(tmp_path, found)
    check_rfc7946(document)
    check_geometry(document["searched_area"])
    assert len(document["features"]) == 2
    assert all(f["geometry"]["type"] == "Polygon" for f in document["features"])


def test_properties_are_plain_and_in_order(tmp_path):
    _, document = written(tmp_path, findings(UTM))
    first, second = (feature["properties"] for feature in document["features"])
    assert list(first)[:3] == ["score", "class", "length_m"]
    assert list(first)[-2:] == ["lon", "lat"]
    assert (first["score"], first["class"], first["look"]) == (0.75, "boat", 0)
    assert (first["heading_ambiguous"], second["heading_ambiguous"]) == (False, True)


def test_the_account_of_the_run_is_in_a_foreign_member(tmp_path):
    _, document = written(tmp_path, findings(UTM, expected_missed=math.nan))
    account = document["pdn_geo"]
    assert account["scene"] == "scene ø.tif"
    assert account["searched_share"] == 0.1
    assert account["expected_missed"] is None
    assert (account["boats"], account["looks"]) == (2, 3)
    assert account["patches"] == 1.5
    assert account["notes"].startswith("The anchor")
    assert account["coordinates"] == "longitude and latitude, WGS 84"


def test_the_searched_area_is_the_union_of_the_looks(tmp_path):
    _, document = written(tmp_path, findings(UTM))
    area = shape(document["searched_area"])
    assert len(area.geoms) == 2
    pixels = 2 * 256**2 - 56 * 128 + 512**2
    square_degrees = (1 / 111_195) ** 2 / math.cos(math.radians(51.4))
    assert area.area == pytest.approx(pixels * square_degrees, rel=0.01)


@pytest.mark.parametrize(
    "grid",
    [
        grid_at(180.0, 65.0, "EPSG:32660", Affine.scale(2, -2)),
        grid_at(180.0, 65.0, "EPSG:32601", Affine.rotation(30) * Affine.scale(2, -2)),
        grid_at(180.0, -16.0, "EPSG:3832", Affine.scale(10, -10)),
        grid_at(180.0, 10.0, "EPSG:4326", Affine.scale(1e-5, -1e-5)),
        grid_at(-180.0, 10.0, "EPSG:4326", Affine.scale(1e-5, 1e-5)),
        georeferencings(179.99999, 40.0, 1.0)["curved"],
    ],
    ids=["utm 60", "utm 1", "pacific", "degrees beyond 180", "below -180", "curved"],
)
def test_polygons_are_cut_at_the_antimeridian(tmp_path, grid):
    x, y = SIZE / 2, SIZE / 2
    boats = [one_boat(x=x, y=y, length=200.0, angle=a) for a in (0.0, 1.0)]
    found = findings(grid, Detections.concatenate(boats), looks=[look(0, SIZE // 2 - 128, 900)])
    _, document = written(tmp_path, found)
    check_rfc7946(document)
    check_geometry(document["searched_area"])
    gsd = grid.gsd_m
    for geometry, area_m2 in [
        *((feature["geometry"], 200 * 8 * gsd**2) for feature in document["features"]),
        (document["searched_area"], (256 * gsd) ** 2),
    ]:
        assert geometry["type"] == "MultiPolygon"
        sides = {np.sign(part.centroid.x) for part in shape(geometry).geoms}
        assert sides == {-1, 1}
        metres = 111_195**2 * math.cos(math.radians(shape(geometry).centroid.y))
        assert shape(geometry).area * metres == pytest.approx(area_m2, rel=0.02)


def test_the_searched_area_goes_round_a_pole(tmp_path):
    grid = grid_at(0.0, 89.999999, "EPSG:3413", Affine.scale(10, -10))
    found = findings(grid, Detections.empty(), looks=[look(0, SIZE // 2 - 128, SIZE // 2 - 128)])
    _, document = written(tmp_path, found)
    check_geometry(document["searched_area"])
    area = shape(document["searched_area"])
    assert area.bounds[0] == -180
    assert area.bounds[2:] == (180, 90)
    assert area.covers(shapely.points([10.0, -170.0], [89.9999, 89.9999])).all()
    assert area.bounds[1] == pytest.approx(90 - math.hypot(1280, 1280) / 111_694, abs=1e-3)


@settings(deadline=None, max_examples=60)
@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-80, 80),
    size=st.floats(0.001, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_cutting_keeps_the_area_and_undoes_any_turn(lon, lat, size, seed):
    angles = np.sort(np.random.default_rng(seed).uniform(0, 2 * np.pi, 6))
    points = np.stack([lon + size * np.cos(angles), lat + size * np.sin(angles)], axis=-1)
    whole = shapely.convex_hull(shapely.multipoints(points))
    jumping = shapely.transform(whole, lambda xy: np.stack([wrapped(xy[:, 0]), xy[:, 1]], 1))
    continuous = unwrapped(np.array([jumping, None], dtype=object))
    assert continuous[1] is None
    parts = cut(continuous[0])
    assert sum(part.area for part in parts) == pytest.approx(whole.area, rel=1e-6, abs=1e-9)
    assert all(p.bounds[0] >= -180 and p.bounds[2] <= 180 for p in parts)


def test_holes_wind_the_other_way_and_survive_the_antimeridian(tmp_path):
    grid = grid_at(180.0, -16.0, "EPSG:3832", Affine.scale(10, -10))
    ring = [
        look(i, 800 + 100 * c, 800 + 100 * r, 100)
        for i, (c, r) in enumerate(
            (c, r) for c in range(4) for r in range(4) if not (c in (1, 2) and r in (1, 2))
        )
    ]
    _, document = written(tmp_path, findings(grid, Detections.empty(), looks=ring))
    check_geometry(document["searched_area"])
    area = shape(document["searched_area"]).area
    _, document = written(
        tmp_path, findings(grid, Detections.empty(), looks=[look(0, 800, 800, 400)])
    )
    assert area / shape(document["searched_area"]).area == pytest.approx(12 / 16, rel=1e-3)


def test_without_georeferencing_coordinates_are_pixels_and_the_file_says_so(tmp_path):
    text, document = written(tmp_path, findings(PIXELS, one_boat(angle=0.3)))
    check_rfc7946(document, is_lonlat=False)
    assert document["pdn_geo"]["coordinates"].startswith("pixels of the scene, x right, y down")
    assert document["features"][0]["properties"]["length_m"] is None
    assert document["features"][0]["properties"]["lon"] is None
    assert "NaN" not in text
    hull = shapely.Polygon(one_boat(angle=0.3).corners()[0])
    assert shape(document["features"][0]["geometry"]).symmetric_difference(hull).area < 0.1


def test_another_body_is_named(tmp_path):
    _, document = written(tmp_path, findings(MARS))
    check_rfc7946(document)
    assert "not on Earth" in document["pdn_geo"]["coordinates"]
    lon, lat = MARS.to_lonlat(100.0, 200.0)
    centre = shape(document["features"][0]["geometry"]).centroid
    assert (centre.x, centre.y) == pytest.approx((float(lon), float(lat)), abs=1e-6)


def test_no_boats_and_no_looks_make_a_valid_collection(tmp_path):
    found = findings(UTM, Detections.empty(), looks=(), searched_share=0.0)
    _, document = written(tmp_path, found)
    check_rfc7946(document)
    assert document["features"] == []
    assert document["searched_area"] == {"type": "MultiPolygon", "coordinates": []}


def test_a_boat_off_the_map_has_no_geometry(tmp_path):
    class Nowhere:
        def to_crs(self, x, y):
            return np.full_like(x, np.nan), np.full_like(x, np.nan)

        to_pixel = to_crs

    grid = PixelGrid(height=SIZE, width=SIZE, crs=CRS.from_epsg(4326), mapping=Nowhere())
    text, document = written(tmp_path, findings(grid))
    assert [feature["geometry"] for feature in document["features"]] == [None, None]
    assert "NaN" not in text


def test_names_in_any_script_are_kept(tmp_path):
    text, _ = written(tmp_path, findings(UTM, scene='海 "a"\n.tif'))
    assert '海 \\"a\\"\\n.tif' in text


def test_one_line_a_boat(tmp_path):
    text, _ = written(tmp_path, findings(UTM))
    assert sum(line.startswith('{"type": "Feature"') for line in text.splitlines()) == 2


def test_gdal_reads_it_whatever_the_number_of_looks(tmp_path):
    import pyogrio

    looks = [look(i, 300 * (i % 6), 300 * (i // 6)) for i in range(36)]
    found = findings(UTM, looks=looks, notes=["A note. " * 2000])
    path = tmp_path / "boats.json"
    write_geojson(found, path)
    frame = pyogrio.read_dataframe(path)
    assert len(frame) == 2
    assert frame.crs == CRS.from_epsg(4326)
    assert frame["heading_ambiguous"].dtype == bool
