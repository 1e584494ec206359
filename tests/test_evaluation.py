"""`evaluate` on files: coordinates, formats, ignore areas, the command."""

import json
from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import shapely
from labels import HULLS, SEEN, UTM, found, geojson, rotated_grid, write
from pyproj import Transformer
from typer.testing import CliRunner

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.errors import OptionError, VectorError
from pdn_geo.evaluation import evaluate, pool
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.products import Findings, write_products


@pytest.fixture
def pixel_truth(tmp_path):
    return geojson(tmp_path / "a.hulls.geojson", HULLS, coordinates="pixel, x right, y down")


def test_hull_lines_in_pixels(pixel_truth):
    looks = [Window(col_off=0, row_off=0, width=200, height=200)]
    result = evaluate(SEEN, pixel_truth, looks=looks)
    assert (result.unit, result.tolerance) == ("px", 1.5)
    assert (result.labelled, result.hits, result.false_alarms) == (2, 2, 2)
    assert (result.ignored, result.doubtful) == (2, 1)
    assert result.rates.precision == 0.5
    assert result.selection_recall == 0.5
    assert result.ground.pixels == 200 * 200
    assert np.isnan(result.alarms_per_100_km2)
    at_07 = evaluate(SEEN, pixel_truth, threshold=0.75)
    assert (at_07.hits, at_07.false_alarms) == (2, 0)


def test_pixels_and_ground_agree_on_a_rotated_scene(tmp_path, pixel_truth):
    grid = rotated_grid()
    on_ground = [
        (shapely.transform(shape, lambda p: np.column_stack(grid.to_crs(*p.T))), properties)
        for shape, properties in HULLS
    ]
    truth = tmp_path / "truth.gpkg"
    kinds = [properties["kind"] for _, properties in on_ground]
    sure = np.array([properties.get("confidence", 3) for _, properties in on_ground])
    beam = np.array([properties.get("beam_px", 0) * 2.0 for _, properties in on_ground])
    write(truth, [s for s, _ in on_ground], crs=UTM, kind=kinds, confidence=sure, beam_m=beam)
    corners = SEEN.corners().reshape(-1, 2).T
    to_lonlat = Transformer.from_crs(UTM, "EPSG:4326", always_xy=True)
    lonlat = np.column_stack(to_lonlat.transform(*grid.to_crs(*corners))).reshape(-1, 4, 2)
    seen = geojson(
        tmp_path / "seen.geojson",
        [(shapely.Polygon(p), {"score": s}) for p, s in zip(lonlat, SEEN.score, strict=True)],
    )
    results = [
        evaluate(SEEN, pixel_truth, scene=grid),
        evaluate(SEEN, truth, scene=grid),
        evaluate(seen, truth),
        evaluate(seen, pixel_truth, scene=grid),
    ]
    for result in results:
        assert (result.unit, result.tolerance) == ("m", 15.0)
        assert (result.labelled, result.hits, result.false_alarms, result.ignored) == (2, 2, 2, 2)
        assert result.rates == results[0].rates
        # 0.04 % is UTM's scale on its central meridian
        expected = np.array([2 * np.hypot(40, 20), 80])
        np.testing.assert_allclose(result.boats.length, expected, rtol=6e-4)
        np.testing.assert_allclose(
            result.boats.heading_error_deg, [np.degrees(np.arctan2(20, 40)), 90], atol=0.02
        )
        assert result.ap50 == pytest.approx(results[0].ap50)


def test_web_mercator_metres_are_not_metres(tmp_path):
    """At 60 degrees north 10 units of EPSG:3857 are 5 m, so 28 units are within 15 m."""
    truth = write(tmp_path / "t.gpkg", [shapely.Point(0, 8_399_738)], crs="EPSG:3857")
    for off, hits in ((28, 1), (32, 0)):
        seen = write(
            tmp_path / f"{off}.gpkg", [shapely.Point(off, 8_399_738)], crs="EPSG:3857", score=[1.0]
        )
        assert evaluate(seen, truth).hits == hits


@pytest.mark.parametrize(
    ("gsd", "off_px", "hits"), [(1.0, 14.9, 1), (1.0, 15.1, 0), (20.0, 1.49, 1), (20.0, 1.51, 0)]
)
def test_tolerance_is_15_m_or_one_and_a_half_pixels(tmp_path, gsd, off_px, hits):
    truth = geojson(tmp_path / "t.geojson", [(shapely.Point(400, 400), {})], coordinates="pixels")
    seen = found([400 + off_px], [400])
    assert evaluate(seen, truth, gsd_m=gsd).hits == hits
    assert evaluate(seen, truth, scene=rotated_grid(gsd=gsd)).hits == hits


def test_across_the_antimeridian(tmp_path):
    seen = geojson(tmp_path / "s.geojson", [(shapely.Point(179.99999, -17), {"score": 1})])
    truth = geojson(tmp_path / "t.geojson", [(shapely.Point(-179.99999, -17), {})])
    assert evaluate(seen, truth).hits == 1


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "parquet", "geojson", "shp"])
def test_detections_in_every_format(tmp_path, suffix):
    path, boxes = tmp_path / f"seen.{suffix}", [shapely.box(0, 0, 0.001, 0.0005)]
    if suffix == "parquet":
        import geopandas

        geopandas.GeoDataFrame({"score": [0.25]}, geometry=boxes, crs=4326).to_parquet(path)
    else:
        pyogrio.raw.write(
            path,
            shapely.to_wkb(boxes),
            [np.array([0.25])],
            ["score"],
            crs="EPSG:4326",
            geometry_type="Polygon",
        )
    result = evaluate(path, geojson(tmp_path / "t.geojson", [(boxes[0], {"class": "ship"})]))
    assert result.boats.hit_score.tolist() == [0.25]
    assert result.boats.length_error == pytest.approx([0], abs=1e-6)


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "parquet", "geojson"])
@pytest.mark.parametrize("is_on_ground", [True, False])
def test_files_say_the_same_as_the_run(tmp_path, pixel_truth, suffix, is_on_ground):
    grid = rotated_grid() if is_on_ground else PixelGrid(height=800, width=1000)
    window = Window(col_off=0, row_off=0, width=200, height=200)
    findings = Findings(
        scene="scene.tif",
        grid=grid,
        detections=SEEN,
        looks=[Look(order=0, window=window, reason="bright", expected_boats=1.0)],
        searched_share=0.05,
        expected_missed=2.0,
        model="classical",
    )
    path = tmp_path / f"boats.{suffix}"
    write_products(findings, [path])
    looks = [window] if suffix == "gpkg" else None
    run = evaluate(SEEN, pixel_truth, scene=grid, looks=looks)
    file = evaluate(path, pixel_truth, scene=grid)
    assert file.unit == ("m" if is_on_ground else "px")
    assert file.rates == run.rates
    np.testing.assert_array_equal(file.boats.looked, run.boats.looked)
    np.testing.assert_allclose(file.boats.length_error, run.boats.length_error, atol=0.05)
    np.testing.assert_allclose(file.boats.hit_score, run.boats.hit_score)
    assert evaluate(path, pixel_truth, scene=grid, threshold=0.75).false_alarms == 0


def test_looks_come_with_a_geopackage(tmp_path):
    seen = write(tmp_path / "s.gpkg", [shapely.box(0, 0, 9, 3)], "detections", UTM, score=[0.5])
    write(seen, [shapely.box(-1000, -1000, 1000, 1000)], "looks", UTM, order=[0])
    write(seen, [shapely.box(-1000, -1000, 1000, 1000)], "searched_area", UTM, looks=[1])
    points = [shapely.Point(5, 1), shapely.Point(5000, 1)]
    result = evaluate(seen, write(tmp_path / "t.gpkg", points, crs=UTM))
    assert result.boats.looked.tolist() == [1, 0]
    assert result.ground.km2 == pytest.approx(4, rel=0.02)
    assert result.ground.basis == "looks"
    assert np.isnan(result.ap50)


def test_pixels_against_ground_need_the_scene(tmp_path, pixel_truth):
    seen = write(tmp_path / "s.gpkg", [shapely.Point(5, 1)], crs=UTM, score=[1.0])
    with pytest.raises(OptionError, match="give the scene"):
        evaluate(seen, pixel_truth)
    with pytest.raises(OptionError, match=r"only pixels$"):
        evaluate(seen, pixel_truth, scene=PixelGrid(height=9, width=9))
    no_crs = tmp_path / "t.fgb"
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        write(no_crs, [shapely.Point(5, 1)])
    assert evaluate(SEEN, no_crs).unit == "px"
    with pytest.raises(VectorError, match="has no CRS"):
        evaluate(SEEN, no_crs, truth_coordinates="crs")


def test_nothing_seen_and_nothing_there(tmp_path, pixel_truth):
    blind = evaluate(Detections.empty(), pixel_truth, looks=[])
    assert (blind.rates.recall, blind.rates.average_precision, blind.ap50) == (0, 0, 0)
    assert blind.selection_recall == 0
    empty = geojson(tmp_path / "empty.geojson", [])
    for truth in (empty, None):
        calm = evaluate(SEEN, truth, scene=PixelGrid(height=1000, width=1000))
        assert (calm.labelled, calm.false_alarms, calm.alarms_per_100_mpx) == (0, 6, 600)
        assert calm.to_dict()["recall"] is None
    assert json.dumps(evaluate(Detections.empty(), empty).to_dict(), allow_nan=False)


def test_empty_result_file_on_the_ground(tmp_path):
    seen = write(tmp_path / "s.gpkg", [], "detections", UTM, score=np.empty(0))
    result = evaluate(seen, write(tmp_path / "t.gpkg", [shapely.Point(5, 1)], crs=UTM))
    assert (result.labelled, result.hits, result.false_alarms) == (1, 0, 0)
    nothing = write(tmp_path / "n.gpkg", [], "hulls", UTM)
    assert evaluate(seen, nothing).labelled == 0


def test_bad_values_are_named(tmp_path, pixel_truth):
    with pytest.raises(VectorError, match="no such file"):
        evaluate(SEEN, tmp_path / "absent.gpkg")
    with pytest.raises(OptionError, match="threshold must be between 0 and 1, got 50"):
        evaluate(SEEN, pixel_truth, threshold=50)
    with pytest.raises(OptionError, match="must be positive, got 0"):
        evaluate(SEEN, pixel_truth, gsd_m=0)
    words = geojson(tmp_path / "w.geojson", [(shapely.Point(500, 5), {"confidence": "high"})])
    with pytest.raises(VectorError, match="'confidence' is not a number"):
        evaluate(SEEN, words)
    off = write(tmp_path / "off.gpkg", [shapely.Point(1e30, 1e30)], crs=UTM)
    with pytest.raises(VectorError, match="do not fit their CRS"):
        evaluate(SEEN, off, scene=rotated_grid())


def test_pool_sums_scenes(pixel_truth):
    blind = evaluate(found([900], [900], [0.3]), pixel_truth, site="b")
    keen = evaluate(SEEN, pixel_truth, site="a")
    both = pool([keen, blind, keen])
    assert both.sites == ("a", "b")
    assert both.boats.site.tolist() == [0, 0, 1, 1, 0, 0]
    assert (both.labelled, both.hits, both.false_alarms) == (6, 4, 5)
    assert (both.ignored, both.doubtful) == (4, 3)
    assert both.rates.recall == pytest.approx(4 / 6)
    low, high = both.intervals()["recall"]
    assert (low, high) == (0, 1)
    with pytest.raises(OptionError, match="differ in threshold"):
        pool([keen, replace(keen, threshold=0.5)])
    with pytest.raises(OptionError, match="nothing to pool"):
        pool([])


def test_recall_by_size_covers_every_measured_boat(pixel_truth):
    rows = evaluate(SEEN, pixel_truth, gsd_m=1).recall_by_size()
    assert rows == [{"from": 20, "to": 50, "boats": 2, "recall": 1.0}]


def test_lengths_of_blur_are_not_compared(tmp_path):
    speck = shapely.LineString([(30, 30), (34, 30)])
    truth = geojson(tmp_path / "t.geojson", [(speck, {"kind": "vessel", "beam_px": 2})])
    result = evaluate(found([32], [30], length=9), truth)
    assert result.hits == 1
    assert np.isnan(result.median_length_error)
    assert np.isnan(result.median_heading_error_deg)


def test_the_command_prints_a_table_and_json(tmp_path, pixel_truth):
    from pdn_geo_cli.evaluate import evaluate as command
    from typer import Typer

    app = Typer()
    app.command()(command)
    seen = geojson(
        tmp_path / "s.geojson",
        [
            (shapely.Polygon(c), {"score": s})
            for c, s in zip(SEEN.corners(), SEEN.score, strict=True)
        ],
        coordinates="pixels",
    )
    table = CliRunner().invoke(app, [str(seen), str(pixel_truth), "--gsd", "2"])
    assert table.exit_code == 0, table.output
    assert "recall" in table.stdout
    assert "within 15 m of the hull" in table.stdout
    out = CliRunner().invoke(app, [str(seen), str(pixel_truth), "--json", "--threshold", "0.5"])
    figures = json.loads(out.stdout)
    assert (figures["labelled"], figures["hits"], figures["threshold"]) == (2, 2, 0.5)
    assert len(figures["intervals"]["recall"]) == 2
