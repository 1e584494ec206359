import json
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
from products_examples import MARS, PIXELS, SIZE, UTM, findings, georeferencings, one_boat
from pyproj import CRS

from pdn_geo.detections import Detections
from pdn_geo.errors import OptionError, OutputError
from pdn_geo.grid import PixelGrid
from pdn_geo.products import (
    check_output_paths,
    georeference,
    looks_table,
    searched_area_table,
    write_products,
)
from pdn_geo.products.write import WRITERS

EXTENSIONS = list(WRITERS)
LAYERED = [".geojson", ".json", ".fgb"]
TYPES = {
    "score": "OFTReal",
    "class": "OFTString",
    "length_m": "OFTReal",
    "width_m": "OFTReal",
    "heading_deg": "OFTReal",
    "heading_ambiguous": "OFTInteger",
    "wake": "OFTReal",
    "look": "OFTInteger",
    "lon": "OFTReal",
    "lat": "OFTReal",
}
EMPTY = findings(UTM, Detections.empty(), looks=(), searched_share=0.0)


def read(path: Path, **options) -> geopandas.GeoDataFrame:
    if path.suffix == ".parquet":
        return geopandas.read_parquet(path)
    if path.suffix == ".gpkg":
        options = {"layer": "detections", **options}
    return geopandas.read_file(path, **options)


@pytest.mark.parametrize("suffix", EXTENSIONS)
def test_every_format_says_the_same(tmp_path, suffix):
    path = tmp_path / f"boats{suffix}"
    write_products(findings(UTM), [path])
    frame = read(path).sort_values("score", ascending=False, ignore_index=True)
    table = georeference(findings(UTM))
    assert list(frame.columns) == [*table.columns, "geometry"]
    for name, column in table.columns.items():
        np.testing.assert_array_equal(frame[name].to_numpy(), column, err_msg=name)
    degrees = suffix in (".json", ".geojson")
    expected = table.to_geodataframe()
    assert frame.crs == (CRS.from_epsg(4326) if degrees else expected.crs)
    shift = frame.to_crs(expected.crs).geometry.hausdorff_distance(expected.geometry)
    assert shift.max() < (0.02 if degrees else 1e-6)
    assert frame["heading_ambiguous"].dtype == bool


@pytest.mark.parametrize("grid", [UTM, PIXELS, MARS], ids=["utm", "pixels", "mars"])
@pytest.mark.parametrize("suffix", [".gpkg", ".fgb"])
def test_an_empty_result_keeps_every_field_and_its_type(tmp_path, grid, suffix):
    path = tmp_path / f"boats{suffix}"
    write_products(replace(EMPTY, grid=grid), [path])
    info = pyogrio.read_info(path, layer="detections", force_feature_count=True)
    assert info["features"] == 0
    assert dict(zip(info["fields"], info["ogr_types"], strict=True)) == TYPES
    assert info["ogr_subtypes"][list(TYPES).index("heading_ambiguous")] == "OFSTBoolean"
    assert info["geometry_type"] == "Polygon"


def test_an_empty_parquet_keeps_every_field_and_its_type(tmp_path):
    write_products(EMPTY, [tmp_path / "empty.parquet"])
    write_products(findings(UTM), [tmp_path / "some.parquet"])
    empty, some = (geopandas.read_parquet(tmp_path / f"{n}.parquet") for n in ("empty", "some"))
    assert len(empty) == 0
    assert empty.dtypes.equals(some.dtypes)
    assert empty.crs == some.crs == CRS.from_epsg(32631)


def test_an_empty_geojson_can_be_read(tmp_path):
    write_products(EMPTY, [tmp_path / "empty.geojson"])
    assert len(geopandas.read_file(tmp_path / "empty.geojson")) == 0


@pytest.mark.parametrize("suffix", EXTENSIONS)
def test_the_same_result_is_the_same_bytes(tmp_path, suffix):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_products(findings(UTM), [tmp_path / name / f"boats{suffix}"])
    one, two = ((tmp_path / name / f"boats{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two


def test_geopackage_is_sound_and_holds_its_layers(tmp_path):
    path = tmp_path / "boats.gpkg"
    write_products(findings(UTM), [path])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["boats.gpkg"]
    with sqlite3.connect(path) as database:

        def rows(query):
            return database.execute(query).fetchall()

        assert rows("PRAGMA integrity_check") == [("ok",)]
        assert rows("PRAGMA foreign_key_check") == []
        assert rows("PRAGMA application_id") == [(int.from_bytes(b"GPKG"),)]
        assert rows("SELECT table_name, srs_id FROM gpkg_contents ORDER BY rowid") == [
            ("detections", 32631),
            ("looks", 32631),
            ("unsearched", 32631),
            ("searched_area", 32631),
            ("layer_styles", 0),
        ]
        kinds = rows("SELECT geometry_type_name FROM gpkg_geometry_columns ORDER BY rowid")
        assert [kind for (kind,) in kinds] == [
            "POLYGON", "POLYGON", "MULTIPOLYGON", "MULTIPOLYGON",
        ]  # fmt: skip
        described = rows("SELECT description FROM gpkg_contents WHERE table_name = 'detections'")
    database.close()
    assert described == [("Boats in scene ø.tif.",)]
    metadata = pyogrio.read_info(path, layer="searched_area")["layer_metadata"]
    assert metadata["scene"] == "scene ø.tif"
    assert metadata["expected_missed"] == "1.25"
    pyogrio.list_layers(path)
    geopandas.read_file(path, layer="detections")
    assert list(tmp_path.glob("*.aux.xml")) == []


def test_looks_and_searched_area_come_back(tmp_path):
    path = tmp_path / "boats.gpkg"
    write_products(findings(UTM), [path])
    looks = geopandas.read_file(path, layer="looks")
    assert looks["order"].tolist() == [0, 1, 2]
    assert looks["reason"].tolist() == ["bright, unlike the sea"] * 3
    assert looks["expected_boats"].tolist() == [0.5] * 3
    assert looks["detections"].tolist() == [1, 0, 1]
    assert looks.area.to_numpy() == pytest.approx([256**2, 256**2, 512**2])
    area = geopandas.read_file(path, layer="searched_area")
    assert area.area.item() == pytest.approx(2 * 256**2 - 56 * 128 + 512**2)
    row = area.iloc[0]
    assert row["scene"] == "scene ø.tif"
    assert (row["searched_share"], row["expected_missed"]) == (0.1, 1.25)
    assert (row["looks"], row["patches"], row["boats"]) == (3, 1.5, 2)
    assert row["model"] == "classical"
    assert row["georeferencing"] == "affine, WGS 84 / UTM zone 31N"
    assert row["notes"] == "The anchor is made from stored overviews."


def test_looks_are_clipped_to_the_scene():
    grid = PixelGrid(height=200, width=1100)
    boxes = looks_table(findings(grid)).geometry
    assert [box.bounds for box in boxes[:2]] == [(0, 0, 256, 200), (200, 128, 456, 200)]
    area = searched_area_table(findings(grid, looks=findings(grid).looks[:2])).geometry[0]
    assert area.area == 256 * 200 + 200 * 72


def test_long_edges_follow_a_curved_map_and_stay_plain_on_an_affine_one():
    grids = georeferencings(3.1, 51.4, 100.0)
    curved, plain = (looks_table(findings(grids[name])) for name in ("curved", "north up"))
    assert [len(box.exterior.coords) for box in plain.geometry] == [5, 5, 5]
    ring = np.array(curved.geometry[2].exterior.coords)
    assert len(ring) == 4 * 8 + 1
    x, y = grids["curved"].to_pixel(*((ring[1:] + ring[:-1]) / 2).T)  # middles of the edges
    off_edge = np.minimum.reduce([abs(x - 1000), abs(x - 1512), abs(y - 1000), abs(y - 1512)])
    assert off_edge.max() < 0.02  # 0.7 if the edges were straight


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".fgb"])
def test_pixel_coordinates_have_no_crs_and_say_so(tmp_path, suffix):
    path = tmp_path / f"boats{suffix}"
    write_products(findings(PIXELS), [path])
    frame = read(path)
    boat = frame[frame["score"] == 0.75]
    assert boat.total_bounds == pytest.approx([85, 196, 115, 204])
    assert boat[["length_m", "lon", "lat"]].isna().all(axis=None)
    if suffix == ".gpkg":
        info = pyogrio.read_info(path, layer="detections")
        assert "coordinates are pixels" in info["layer_metadata"]["DESCRIPTION"]
        assert frame.crs.name == "Undefined Cartesian SRS"
        with sqlite3.connect(path) as database:
            srs = database.execute("SELECT DISTINCT srs_id FROM gpkg_geometry_columns").fetchall()
        database.close()
        assert srs == [(-1,)]
    else:
        assert frame.crs is None


def test_flatgeobuf_and_parquet_carry_the_account(tmp_path):
    from pyarrow import parquet

    write_products(findings(UTM), [tmp_path / "b.fgb", tmp_path / "b.parquet"])
    described = pyogrio.read_info(tmp_path / "b.fgb")["layer_metadata"]["DESCRIPTION"]
    stored = parquet.read_metadata(tmp_path / "b.parquet").metadata[b"pdn_geo"]
    assert json.loads(described) == json.loads(stored)
    assert json.loads(stored)["scene"] == "scene ø.tif"


class HalfMap:
    def to_crs(self, x, y):
        return np.where(x < SIZE / 2, x / 1e5, np.nan), -np.asarray(y) / 1e5

    def to_pixel(self, crs_x, crs_y):
        return crs_x * 1e5, -crs_y * 1e5


@pytest.mark.parametrize("suffix", EXTENSIONS)
def test_boats_off_the_map_are_written_without_a_place(tmp_path, suffix):
    grid = PixelGrid(height=SIZE, width=SIZE, crs=CRS.from_epsg(4326), mapping=HalfMap())
    write_products(findings(grid), [tmp_path / f"boats{suffix}"])
    frame = read(tmp_path / f"boats{suffix}").sort_values("score")
    assert frame.geometry.isna().tolist() == [True, False]
    assert frame["lon"].isna().tolist() == [True, False]


def test_an_existing_file_is_replaced(tmp_path):
    for suffix in EXTENSIONS:
        path = tmp_path / f"boats{suffix}"
        path.write_text("something else")
        write_products(findings(UTM), [path])
        assert len(read(path)) == 2


def test_a_failure_leaves_no_file_and_keeps_the_old_one(tmp_path, monkeypatch):
    def fill_the_disk(found, path):
        path.write_bytes(b"half a file")
        raise OSError(28, "No space left on device")

    old = tmp_path / "boats.gpkg"
    old.write_text("the last run")
    monkeypatch.setitem(WRITERS, ".fgb", fill_the_disk)
    paths = [tmp_path / "boats.geojson", old, tmp_path / "boats.fgb"]
    with pytest.raises(OutputError, match=r"boats\.fgb: cannot write \(no space left on device\)"):
        write_products(findings(UTM), paths)
    assert [p.name for p in tmp_path.iterdir()] == ["boats.gpkg"]
    assert old.read_text() == "the last run"


FULL_DISK = """
import resource, sys
sys.path.insert(0, {tests!r})
from products_examples import UTM, findings, one_boat
from pdn_geo.detections import Detections
from pdn_geo.errors import OutputError
from pdn_geo.products import write_products
from pdn_geo.products.write import WRITERS
boats = Detections.concatenate([one_boat(x=i, y=i / 7, length=i / 3) for i in range(1, 1500)])
for limit in (1_000, 64_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for suffix in WRITERS:
        try:
            write_products(findings(UTM, boats), ["boats" + suffix])
        except OutputError as error:
            assert len(str(error).splitlines()) == 1, error
            print(suffix)
"""


def test_a_full_disk_is_an_output_error_in_every_format(tmp_path):
    code = FULL_DISK.format(tests=str(Path(__file__).parent))
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == 2 * EXTENSIONS
    assert list(tmp_path.iterdir()) == []


def test_paths_are_checked_before_any_work(tmp_path):
    scene = tmp_path / "scene.gpkg"
    scene.touch()
    check_output_paths([tmp_path / "a.GPKG", str(tmp_path / "a.fgb")], scene=scene)
    check_output_paths([], preview=tmp_path / "a.png", scene=object())

    def refused(error, match, *paths, **options):
        with pytest.raises(error, match=match):
            check_output_paths(paths, **options)

    refused(OptionError, r"'.shp'; use one of .geojson, .json, .gpkg", tmp_path / "a.shp")
    refused(OptionError, r"unknown extension ''", tmp_path / "a")
    refused(OptionError, r"must end in .png", preview=tmp_path / "a.gpkg")
    refused(OptionError, "twice", tmp_path / "a.fgb", tmp_path / "." / "a.fgb")
    refused(OptionError, "input scene", scene, scene=str(scene))
    refused(OutputError, "no folder", tmp_path / "none" / "a.fgb")
    (tmp_path / "folder.fgb").mkdir()
    refused(OutputError, "is a folder", tmp_path / "folder.fgb")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.fgb", "scene.gpkg"]


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(OutputError, match="cannot be written to"):
        check_output_paths([tmp_path / "a.fgb"])


def test_a_missing_folder_is_one_line_also_when_writing(tmp_path):
    with pytest.raises(OutputError, match="no such file or directory"):
        write_products(findings(UTM), [tmp_path / "none" / "a.fgb"])
    with pytest.raises(OptionError, match="unknown extension"):
        write_products(findings(UTM), [tmp_path / "a.kml"])


def test_findings_name_what_is_wrong():
    with pytest.raises(ValueError, match=r"searched_share must be within 0-1, got 1\.5"):
        findings(UTM, searched_share=1.5)
    with pytest.raises(ValueError, match="expected_missed must not be negative, got -1"):
        findings(UTM, expected_missed=-1)
    assert findings(UTM, one_boat()).patches == 1.5
