"""What `evaluate` takes for truth: layers, kinds, pixels or ground, broken files."""

import json

import numpy as np
import pytest
import shapely
from labels import SEEN, UTM, found, geojson, rotated_grid, write
from pyproj import CRS

from pdn_geo.detections import Detections
from pdn_geo.errors import OptionError, VectorError
from pdn_geo.evaluation import evaluate
from pdn_geo.ocean import truth as ocean


def test_truth_in_several_layers(tmp_path):
    truth = write(tmp_path / "t.gpkg", [shapely.box(0, 0, 20, 5)], "hulls", UTM)
    write(truth, [shapely.box(100, 100, 200, 200)], "ignore", UTM)
    write(truth, [shapely.Point(500, 500)], "wakes", UTM)
    x, y = np.array([10, 150, 500]), np.array([2, 150, 500])
    seen = write(tmp_path / "s.gpkg", shapely.points(x, y), crs=UTM, score=[0.9, 0.8, 0.7])
    result = evaluate(seen, truth)
    assert (result.hits, result.false_alarms, result.ignored) == (1, 1, 1)
    assert evaluate(seen, truth, truth_layer="wakes").hits == 1
    with pytest.raises(VectorError, match="no layer 'boats'; it has hulls, ignore, wakes"):
        evaluate(seen, truth, truth_layer="boats")


def test_kinds_of_boats_are_boats(tmp_path):
    kinds = ["vessel", "Tug", None, "ship", "negative", "rejected", "wake", "ignore"]
    shapes = [shapely.box(500, 100 * i, 520, 100 * i + 5) for i in range(len(kinds))]
    pairs = [(shape, {"kind": kind}) for shape, kind in zip(shapes, kinds, strict=True)]
    assert evaluate(SEEN, geojson(tmp_path / "t.geojson", pairs)).labelled == 4


def test_simulated_truth_is_understood(tmp_path):
    hull, wake = shapely.box(500_000, 4_600_000, 500_030, 4_600_008), shapely.box(0, 0, 9, 9)
    kinds = np.array(["ferry"], dtype=object), np.array(["kelvin"], dtype=object)
    layers = [ocean.Layer(np.array([shape], dtype=object), {"kind": kind})
              for shape, kind in zip((hull, wake), kinds, strict=True)]  # fmt: skip
    none = ocean.Layer(np.empty(0, dtype=object), {"what": np.empty(0, dtype=object)})
    ocean.Truth(*layers, negatives=none, crs=CRS(UTM).to_wkt()).write(tmp_path / "sea.truth.gpkg")
    result = evaluate(Detections.empty(), tmp_path / "sea.truth.gpkg", scene=rotated_grid())
    assert result.labelled == 1
    np.testing.assert_allclose(result.boats.length, 30, rtol=1e-3)


@pytest.mark.parametrize("header", [{}, {"coordinate_note": "pixel coordinates"}])
def test_pixels_are_recognised(tmp_path, header):
    off_the_globe = shapely.Point(420, 95) if not header else shapely.Point(30, 20)
    truth = geojson(tmp_path / "t.geojson", [(off_the_globe, {})], **header)
    assert evaluate(found([off_the_globe.x], [off_the_globe.y]), truth).hits == 1


def test_small_pixel_numbers_need_to_be_told(tmp_path):
    truth = geojson(tmp_path / "t.geojson", [(shapely.Point(30, 20), {})])
    with pytest.raises(OptionError, match="places on the ground"):
        evaluate(found([30], [20]), truth)
    assert evaluate(found([30], [20]), truth, truth_coordinates="pixels").hits == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.geojson", "{not json"),
        ("t.geojson", ""),
        ("t.gpkg", "no database"),
        ("t.parquet", "PAR1 no more"),
        ("t.csv", "name,score\na,1\n"),
        ("t.geojson", '{"type": "FeatureCollection", "features": [{"type": "Feature"'),
        ("t.geojson", '{"type": "Point", "coordinates": [1e999, 5]}'),
    ],
)
def test_broken_truth_is_one_clear_error(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(VectorError) as error:
        evaluate(SEEN, path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_odd_geometry_is_mended_or_dropped(tmp_path):
    spiked = shapely.Polygon([(10, 10), (30, 10), (30, 20), (60, 20), (30, 20), (10, 20)])
    mixture = shapely.GeometryCollection([shapely.box(100, 100, 120, 110), shapely.Point(0, 0)])
    shapes = [spiked, mixture, shapely.Polygon(), shapely.box(200, 200, 220, 210)]
    truth = geojson(tmp_path / "t.geojson", [(s, {}) for s in shapes], coordinates="pixels")
    seen = found([20, 110, 210], [15, 105, 205], length=20, width=10)
    result = evaluate(seen, truth)
    assert (result.labelled, result.hits, result.ap50) == (3, 3, 1)
    np.testing.assert_allclose(result.boats.length, 20)


def test_a_sequence_of_features_is_a_vector_file(tmp_path):
    point = {"type": "Point", "coordinates": [500.0, 300.0]}
    line = json.dumps({"type": "Feature", "properties": {}, "geometry": point})
    (tmp_path / "t.geojson").write_text(f"{line}\n{line}\n")
    assert evaluate(found([500], [300]), tmp_path / "t.geojson").labelled == 2


def test_every_label_file_of_the_shared_data_is_taken_as_pixels(shared_data):
    paths = sorted(shared_data.glob("**/*.hulls.geojson"))
    labelled = {path: evaluate(Detections.empty(), path) for path in paths}
    assert {result.unit for result in labelled.values()} == {"px"}
    ports = [r for path, r in labelled.items() if path.parent.name == "sentinel2_ports"]
    assert sum(r.labelled + r.doubtful for r in ports) == 426
