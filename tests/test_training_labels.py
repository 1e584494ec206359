import json
import os
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from pyproj import CRS

from pdn_geo.errors import VectorError
from pdn_geo.grid import AffineMapping, PixelGrid
from pdn_geo.training.labels import read_labels

DATA = Path(os.environ.get("PDN_GEO_DATA", Path(__file__).parents[2] / "shared/data"))
SCENE = Path("harbour.tif")
PIXELS = PixelGrid(height=100, width=200)
# 2 m pixels, rows running east: a quarter turn of the usual
TURNED = PixelGrid(
    height=100,
    width=200,
    crs=CRS.from_epsg(32618),
    mapping=AffineMapping(Affine(0, 2, 500_000, -2, 0, 4_500_000)),
)


def feature(shape: shapely.Geometry, **properties):
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": shapely.geometry.mapping(shape),
    }


def write_pixels(path: Path, *features) -> Path:
    content = {
        "type": "FeatureCollection",
        "coordinates": "pixel coordinates, x right, y down",
        "features": list(features),
    }
    path.write_text(json.dumps(content))
    return path


def write_coco(path: Path, annotations, **image) -> Path:
    images = [
        {"id": 3, "file_name": "images/harbour.tif", "width": 200, "height": 100, **image},
        {"id": 4, "file_name": "other.tif"},
    ]
    categories = [{"id": 1, "name": "boat"}, {"id": 2, "name": "Ignore"}]
    annotations = [{"image_id": 3, "category_id": 1, **item} for item in annotations]
    content = {"images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(content))
    return path


def test_hull_lines_with_beams_and_what_is_said_of_them(tmp_path):
    line = shapely.LineString([(10, 20), (22, 36)])
    path = write_pixels(
        tmp_path / "a.geojson",
        feature(line, kind="vessel", beam_px=6, status="underway", confidence=3),
        feature(shapely.LineString([(50, 50), (56, 50)]), beam_px=4, status="berthed"),
        feature(shapely.Point(80, 90), kind="tug"),
        feature(line, beam_px=6, confidence=1),
        feature(shapely.box(100, 10, 120, 30), kind="ignore"),
        feature(shapely.Point(5, 5), kind="negative"),
        feature(shapely.Point(300, 5), kind="vessel"),
        feature(shapely.box(300, 10, 320, 30), kind="ignore"),
    )
    labels = read_labels(path, SCENE, PIXELS)
    boats = labels.boats
    np.testing.assert_allclose(boats.x, [16, 53, 80, 16])
    np.testing.assert_allclose(boats.y, [28, 50, 90, 28])
    np.testing.assert_allclose(boats.length, [20, 6, np.nan, 20])
    np.testing.assert_allclose(boats.width, [6, 4, np.nan, 6])
    np.testing.assert_allclose(np.tan(boats.angle[:2]), [4 / 3, 0], atol=1e-6)
    np.testing.assert_array_equal(boats.wake, [1, 0, np.nan, np.nan])
    assert boats.counts.tolist() == [True, True, True, False]
    assert not boats.bow_known.any()
    assert [area.bounds for area in labels.ignore] == [(100, 10, 120, 30)]


def test_places_on_the_ground_become_pixels_of_the_scene(tmp_path):
    """From longitudes to a scene with turned axes, with beams in metres and headings."""
    hulls = np.array([shapely.LineString([(20, 30), (60, 30)])] * 3)  # along pixel x: south
    to_map = TURNED.to_crs
    on_map = shapely.transform(hulls, lambda p: np.column_stack(to_map(p[:, 0], p[:, 1])))
    frame = geopandas.GeoDataFrame(
        {
            "width_m": [20.0, 20.0, 20.0],
            "heading_deg": [175.0, 5.0, 5.0],
            "heading_ambiguous": [False, False, True],
        },
        geometry=on_map,
        crs=32618,
    )
    path = tmp_path / "labels.gpkg"
    frame.to_crs(4326).to_file(path, layer="boats")
    areas = geopandas.GeoDataFrame(geometry=[shapely.box(499_990, 4_499_900, 500_010, 4_499_990)])
    areas.set_crs(32618).to_file(path, layer="ignore")
    labels = read_labels(path, SCENE, TURNED)
    boats = labels.boats
    np.testing.assert_allclose(np.stack([boats.x, boats.y]), [[40] * 3, [30] * 3], atol=1e-3)
    np.testing.assert_allclose(boats.length, 40, atol=1e-3)
    np.testing.assert_allclose(boats.width, 10, rtol=1e-3)
    assert boats.bow_known.tolist() == [True, True, False]
    np.testing.assert_allclose(np.cos(boats.angle[:2]), [1, -1], atol=1e-5)
    (area,) = labels.ignore
    np.testing.assert_allclose(area.bounds, (5, -5, 50, 5), atol=1e-3)


def test_a_heading_without_georeferencing_is_clockwise_from_image_up(tmp_path):
    across = shapely.LineString([(10, 20), (30, 20)])
    path = write_pixels(
        tmp_path / "a.geojson",
        feature(across, beam_px=5, heading_deg=100),
        feature(across, beam_px=5, heading_deg=260),
    )
    boats = read_labels(path, SCENE, PIXELS).boats
    np.testing.assert_allclose(np.cos(boats.angle), [1, -1], atol=1e-9)
    assert boats.bow_known.all()


def test_a_box_that_tells_no_axis_teaches_only_the_place(tmp_path):
    path = write_pixels(
        tmp_path / "a.geojson",
        feature(shapely.box(10, 10, 40, 30)),
        feature(shapely.box(10, 10, 40, 20)),
        feature(shapely.affinity.rotate(shapely.box(10, 10, 40, 30), 30)),
        feature(shapely.LineString([(10, 20), (15, 20)]), beam_px=4),
    )
    boats = read_labels(path, SCENE, PIXELS).boats
    np.testing.assert_allclose(boats.length, [np.nan, 30, 30, 5])
    np.testing.assert_allclose(boats.width, [np.nan, 10, 20, 4])


def test_a_line_without_a_beam_has_a_length_but_no_width(tmp_path):
    path = write_pixels(tmp_path / "a.geojson", feature(shapely.LineString([(10, 20), (30, 20)])))
    boats = read_labels(path, SCENE, PIXELS).boats
    assert boats.length.tolist() == [20]
    assert np.isnan(boats.width).all()


def test_coco_outlines_boxes_and_crowds(tmp_path):
    path = write_coco(
        tmp_path / "instances.json",
        [
            {"bbox": [0, 0, 9, 9], "segmentation": [[10, 20, 40, 20, 40, 28, 10, 28]]},
            {"bbox": [60, 50, 4, 20]},
            {"bbox": [80, 50, 10, 10], "segmentation": {"counts": [], "size": [1, 1]}},
            {"bbox": [100, 50, 30, 10], "iscrowd": 1},
            {"bbox": [150, 50, 30, 10], "category_id": 2},
            {"bbox": [1, 1, 5, 5], "image_id": 4},
        ],
    )
    labels = read_labels(path, SCENE, PIXELS)
    boats = labels.boats
    np.testing.assert_allclose(boats.x, [25, 62, 85])
    np.testing.assert_allclose(boats.y, [24, 60, 55])
    np.testing.assert_allclose(boats.length, [30, 20, np.nan])
    np.testing.assert_allclose(np.abs(np.sin(boats.angle[:2])), [0, 1], atol=1e-9)
    assert [area.bounds[0] for area in labels.ignore] == [100, 150]


def test_no_labels_at_all(tmp_path):
    labels = read_labels(write_coco(tmp_path / "a.json", []), SCENE, PIXELS)
    assert len(labels.boats) == 0
    assert labels.ignore == ()
    assert labels.boats.counts.dtype == bool


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", '{"images": [], "annotations": []}', "no images named harbour.tif"),
        ("a.json", '{"images": [{}], "annotations": []}', "not a valid COCO file"),
        ("a.json", '{"images": 3', "not a readable JSON"),
        ("a.gpkg", "no database", "not a readable vector file"),
    ],
)
def test_files_that_are_no_labels(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(VectorError, match=message):
        read_labels(path, SCENE, PIXELS)


def test_coco_of_another_size_and_a_missing_file(tmp_path):
    path = write_coco(tmp_path / "a.json", [], width=400)
    with pytest.raises(VectorError, match="is 400 x 100 px there, but the scene is 200 x 100"):
        read_labels(path, SCENE, PIXELS)
    with pytest.raises(VectorError, match="no such file"):
        read_labels(tmp_path / "b.json", SCENE, PIXELS)


def test_places_need_a_scene_on_the_ground(tmp_path):
    path = tmp_path / "a.gpkg"
    geopandas.GeoDataFrame(geometry=[shapely.Point(10, 20)], crs=4326).to_file(path)
    with pytest.raises(VectorError, match="places on the ground but the scene only pixels"):
        read_labels(path, SCENE, PIXELS)


def test_all_hulls_of_a_real_harbour():
    scene = DATA / "sentinel2_ports/athens.tif"
    if not scene.exists():
        pytest.skip("no imagery: set PDN_GEO_DATA")
    from pdn_geo.io import open_scene

    path = scene.with_name("athens.hulls.geojson")
    with open_scene(scene) as opened:
        labels = read_labels(path, scene, opened.grid)
    written = json.loads(path.read_text())["features"]
    vessels = [f["properties"] for f in written if f["properties"]["kind"] == "vessel"]
    lines = [f["geometry"]["coordinates"] for f in written if f["geometry"]["type"] == "LineString"]
    sides = [
        (v["beam_px"], np.hypot(*np.subtract(*ends)))
        for v, ends in zip(vessels, lines, strict=True)
    ]
    assert len(labels.boats) == len(vessels) > 50
    assert labels.boats.counts.sum() == sum(v["confidence"] > 1 for v in vessels)
    # a speck may be wider than long
    np.testing.assert_allclose(labels.boats.width, np.min(sides, axis=1), rtol=1e-6)
    np.testing.assert_allclose(labels.boats.length, np.max(sides, axis=1), rtol=1e-6)
    assert len(labels.ignore) == sum(f["properties"]["kind"] == "ignore" for f in written)
