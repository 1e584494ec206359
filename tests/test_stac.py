"""The STAC Item of a run: valid, where the scene lies, and true about the run."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
import shapely
from affine import Affine
from products_examples import MARS, PIXELS, SIZE, findings, georeferencings, grid_at
from pystac.validation import validate_dict
from rasters import UTM, ramp, write
from shapely.geometry import shape

from pdn_geo.errors import OutputError
from pdn_geo.io.acquired import Acquired, acquisition_time, parse_time
from pdn_geo.products.stac import stac_item, write_stac_item

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
GRIDS = {
    **georeferencings(3.0, 51.4, 1.0),
    "across the antimeridian": grid_at(180.0, -17.0, "EPSG:32760", Affine.scale(10, -10)),
    "no code": grid_at(3.0, 51.4, "+proj=laea +lat_0=50 +lon_0=3", Affine.scale(1, -1)),
    "pixels": PIXELS,
    "Mars": MARS,
}


def item_of(grid, path="run.json", **options) -> dict:
    fields = options.pop("fields", {})
    return stac_item(findings(grid, **fields), path, now=NOW, **options)


@pytest.mark.parametrize("name", GRIDS)
def test_items_are_valid_in_every_georeferencing(name: str) -> None:
    item = item_of(GRIDS[name])
    # the core schema, which pystac carries; those of the extensions are on the web
    assert validate_dict(item, extensions=[])
    assert pystac.Item.from_dict(item).datetime == NOW
    json.dumps(item, allow_nan=False)


@pytest.mark.parametrize("name", ["north up", "rotated", "curved", "no code"])
def test_the_footprint_is_the_outline_of_the_scene(name: str) -> None:
    grid = GRIDS[name]
    item = item_of(grid)
    footprint = shape(item["geometry"])
    lon, lat = grid.to_lonlat(np.array([0, SIZE, SIZE, 0]), np.array([0, 0, SIZE, SIZE]))
    corners = shapely.points(lon, lat)
    assert shapely.distance(footprint.exterior, corners).max() < 1e-6
    assert footprint.exterior.is_ccw
    inside = grid.to_lonlat(np.array([1.0]), np.array([SIZE / 2]))
    assert footprint.contains(shapely.points(*inside)[0])
    np.testing.assert_allclose(item["bbox"], footprint.bounds)


def test_across_the_antimeridian_the_box_runs_eastward() -> None:
    item = item_of(GRIDS["across the antimeridian"])
    west, south, east, north = item["bbox"]
    assert item["geometry"]["type"] == "MultiPolygon"
    assert 179 < west < 180
    assert -180 < east < -179
    assert south < -17 < north


@pytest.mark.parametrize("grid", [PIXELS, MARS], ids=["pixels", "Mars"])
def test_without_a_place_on_earth_there_is_no_geometry(grid) -> None:
    item = item_of(grid)
    assert item["geometry"] is None
    assert "bbox" not in item


def test_projection_fields_describe_the_grid() -> None:
    properties = item_of(GRIDS["north up"])["properties"]
    assert properties["proj:code"] == "EPSG:32631"
    assert properties["proj:shape"] == [SIZE, SIZE]
    assert properties["proj:transform"] == list(GRIDS["north up"].transform)[:6]
    assert properties["gsd"] == pytest.approx(1, rel=1e-3)
    assert "proj:wkt2" in item_of(GRIDS["no code"])["properties"]
    assert "proj:transform" not in item_of(GRIDS["curved"])["properties"]
    assert not any(name.startswith("proj:") for name in item_of(PIXELS)["properties"])


def test_the_account_of_the_run_is_in_it() -> None:
    properties = item_of(GRIDS["north up"])["properties"]
    assert properties["pdn_geo:searched_share"] == 0.1
    assert properties["pdn_geo:expected_missed"] == 1.25
    assert properties["pdn_geo:looks"] == 3
    assert properties["pdn_geo:boats"] == 2
    assert "10.0% of what could be searched" in properties["processing:lineage"]
    assert {"pdn-geo", "GDAL"} <= set(properties["processing:software"])
    assert properties["mlm:name"] == "pdn-geo-classical"
    unknown = {"searched_share": math.nan, "expected_missed": math.nan}
    properties = item_of(GRIDS["north up"], fields=unknown)["properties"]
    assert "pdn_geo:searched_share" not in properties
    assert None not in properties.values()


def test_datetime_is_the_scenes_or_says_that_it_is_not() -> None:
    taken = datetime(2024, 5, 31, 10, 20, 30, tzinfo=timezone(timedelta(hours=2)))
    dated = item_of(PIXELS, acquired=Acquired(taken, "TIFFTAG_DATETIME"))["properties"]
    assert dated["datetime"] == "2024-05-31T08:20:30Z"
    assert "TIFFTAG_DATETIME" in dated["pdn_geo:datetime_source"]
    assert dated["created"] == "2026-05-04T03:02:01Z"
    undated = item_of(PIXELS)["properties"]
    assert undated["datetime"] == undated["created"]
    assert undated["pdn_geo:datetime_source"].startswith("the run")


def test_assets_lead_from_the_item_to_the_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    scene = tmp_path / "in" / "scene.tif"
    outputs = [tmp_path / "out" / name for name in ("boats.gpkg", "boats.geojson", "boats.png")]
    for file in (scene, *outputs):
        file.touch()
    path = tmp_path / "out" / "item.json"
    assets = item_of(PIXELS, path, outputs=outputs, fields={"scene": str(scene)})["assets"]
    assert [asset["href"] for asset in assets.values()] == [
        "../in/scene.tif", "boats.gpkg", "boats.geojson", "boats.png",
    ]  # fmt: skip
    assert all((path.parent / asset["href"]).is_file() for asset in assets.values())
    assert assets["scene"]["type"] == pystac.MediaType.GEOTIFF
    assert assets["boats.gpkg"] == {
        "href": "boats.gpkg", "type": pystac.MediaType.GEOPACKAGE, "roles": ["data"],
    }  # fmt: skip
    assert assets["boats.png"]["roles"] == ["overview"]


def test_scenes_that_are_no_files() -> None:
    url = "https://example.org/scene.tif"
    for name in (url, f"/vsicurl/{url}"):
        assert item_of(PIXELS, fields={"scene": name})["assets"]["scene"]["href"] == url
    assert item_of(PIXELS, fields={"scene": "sigma0"})["assets"] == {}


def test_the_file_is_complete_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_stac_item(findings(GRIDS["north up"]), path)
    item = pystac.Item.from_file(path)
    assert item.id == "run"
    assert abs(item.datetime - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(OutputError):
        write_stac_item(findings(PIXELS), tmp_path / "no folder" / "run.json")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024:05:31 10:20:30", "2024-05-31T10:20:30+00:00"),
        ("2024-05-31T10:20:30.5Z", "2024-05-31T10:20:30.500000+00:00"),
        ("2024-05-31T10:20:30+02:00", "2024-05-31T08:20:30+00:00"),
        ("20240531102030", "2024-05-31T10:20:30+00:00"),
        ("20240531T102030Z", "2024-05-31T10:20:30+00:00"),
        ("2024-05-31", None),
        ("0000:00:00 00:00:00", None),
        ("noon", None),
        ("", None),
    ],
)
def test_times_as_tags_write_them(text: str, expected: str | None) -> None:
    time = parse_time(text)
    assert (time.isoformat() if time else None) == expected


def test_acquisition_time_takes_the_surest_tag(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", ramp(1), **UTM)
    assert acquisition_time(str(path)) is None
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(TIFFTAG_DATETIME="2025:01:01 00:00:00")
    written = Acquired(datetime(2025, 1, 1, tzinfo=UTC), "TIFFTAG_DATETIME")
    assert acquisition_time(str(path)) == written
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(ns="IMAGERY", ACQUISITIONDATETIME="2024-05-31T10:20:30Z")
    taken = Acquired(datetime(2024, 5, 31, 10, 20, 30, tzinfo=UTC), "ACQUISITIONDATETIME")
    assert acquisition_time(str(path)) == taken


def test_no_file_has_no_acquisition_time(tmp_path: Path) -> None:
    assert acquisition_time(str(tmp_path / "missing.tif")) is None
    assert acquisition_time("sigma0") is None
