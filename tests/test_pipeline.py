"""The whole path on small seas with known boats."""

import json
from dataclasses import fields
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import rioxarray
from affine import Affine
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from seas import NORTH_UP, UTM, Sea, make_sea, write_tif

import pdn_geo
from pdn_geo.detections import Detections
from pdn_geo.engines import ClassicalDetector
from pdn_geo.errors import BlockReadError, OptionError, SceneError, VectorError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.result import DetectionResult
from pdn_geo.scene import Pixels
from pdn_geo.testing import FakeScene

detect = partial(pdn_geo.detect, model="classical")
"""Plain hulls on plain water, whose edges this detector finds to a fraction of a pixel."""


@pytest.fixture(scope="module")
def sea() -> Sea:
    return make_sea()


@pytest.fixture(scope="module")
def scene(sea: Sea, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scene")
    return write_tif(folder / "sea.tif", sea.values, tiled=True, blockxsize=256, blockysize=256)


@pytest.fixture(scope="module")
def result(scene: Path) -> DetectionResult:
    return detect(scene)


def assert_same(a: Detections, b: Detections) -> None:
    for field in fields(Detections):
        assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)


def nearest(found: Detections, boats: np.ndarray) -> Detections:
    """The detection nearest to each boat, which must be within 3 px."""
    distance = np.hypot(found.x[:, None] - boats[:, 0], found.y[:, None] - boats[:, 1])
    assert (distance.min(axis=0) < 3).all(), distance.min(axis=0)
    return found[distance.argmin(axis=0)]


def test_every_boat_is_found_where_it_is(result: DetectionResult, sea: Sea) -> None:
    found = nearest(result.findings.detections, sea.boats)
    assert len(result.findings.detections) == len(sea.boats)
    assert_allclose(found.x, sea.boats[:, 0], atol=0.5)
    assert_allclose(found.y, sea.boats[:, 1], atol=0.5)
    assert_allclose(found.length, sea.boats[:, 2], rtol=0.1)
    assert_allclose(np.sin(found.angle - sea.boats[:, 4]), 0, atol=0.05)


def test_tables_say_what_was_found_and_searched(result: DetectionResult) -> None:
    boats, looks, area = result.detections, result.looks, result.searched_area
    assert boats.crs == looks.crs == area.crs == UTM
    assert boats.geometry.within(area.union_all().buffer(1)).all()
    assert looks["order"].tolist() == list(range(len(looks)))
    assert looks["detections"].sum() == len(boats)
    assert 0 < area["searched_share"][0] <= 1
    assert area["expected_missed"][0] >= 0
    json.dumps(result.summary, allow_nan=False)


def test_saliency_lies_where_the_scene_lies(result: DetectionResult, sea: Sea) -> None:
    saliency = result.saliency
    assert saliency.rio.crs == CRS.from_string(UTM)
    assert saliency.rio.resolution() == (8, -8)
    for x, y, *_ in sea.boats:
        east, north = 500_000 + x, 5_000_000 - y
        around = saliency.sel(x=slice(east - 20, east + 20), y=slice(north + 20, north - 20))
        assert around.sum() > 0.2


def test_a_detector_of_ones_own_may_be_callable(scene: Path, result: DetectionResult) -> None:
    class Callable(ClassicalDetector):
        def __call__(self, *_: object) -> None:
            raise AssertionError("modules of torch are callable, and are detectors all the same")

    for model in (Callable(), lambda gsd_m: ClassicalDetector()):
        assert_same(detect(scene, model=model).findings.detections, result.findings.detections)


def test_reprs_are_for_people(result: DetectionResult) -> None:
    assert f"boats     {len(result.detections)}" in repr(result)
    assert "<table" in result._repr_html_()


def test_plot_draws_on_given_axes(result: DetectionResult) -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert result.plot(axes) is axes
    assert axes.images


@pytest.mark.parametrize("kind", ["striped", "one strip", "COG", "VRT", "jpeg2000"])
def test_layout_does_not_matter(
    kind: str, scene: Path, sea: Sea, result: DetectionResult, tmp_path: Path
) -> None:
    path = tmp_path / "other.tif"
    if kind == "striped":
        write_tif(path, sea.values, blockysize=7, compress="deflate")
    elif kind == "one strip":
        write_tif(path, sea.values, blockysize=960)
    elif kind == "COG":
        rasterio.shutil.copy(scene, path, driver="COG")
    elif kind == "VRT":
        path = tmp_path / "other.vrt"
        rasterio.shutil.copy(scene, path, driver="VRT")
    else:
        path = tmp_path / "other.jp2"
        rasterio.shutil.copy(scene, path, driver="JP2OpenJPEG", QUALITY=100, REVERSIBLE="YES")
    assert_same(detect(path).findings.detections, result.findings.detections)


def test_input_may_be_a_dataset_or_a_dataarray(scene: Path, result: DetectionResult) -> None:
    with rasterio.open(scene) as dataset:
        assert_same(detect(dataset).findings.detections, result.findings.detections)
    with rioxarray.open_rasterio(scene) as array:
        assert_same(detect(array).findings.detections, result.findings.detections)


def test_threads_do_not_matter(scene: Path, result: DetectionResult) -> None:
    assert_same(detect(scene, threads=5).findings.detections, result.findings.detections)


def south_up(values: np.ndarray) -> dict:
    transform = NORTH_UP * Affine.translation(0, 960) * Affine.scale(1, -1)
    return {"values": values[:, ::-1], "transform": transform}


def quarter_turn(values: np.ndarray) -> dict:
    # new (x, y) = old (y, 960 - x)
    transform = NORTH_UP * Affine(0, -1, 960, 1, 0, 0)
    return {"values": np.rot90(values, axes=(1, 2)), "transform": transform}


def control_points(values: np.ndarray) -> dict:
    points = [
        GroundControlPoint(row=row, col=col, x=500_000.0 + col, y=5_000_000.0 - row, z=0.0)
        for row in (0, 480, 960)
        for col in (0, 480, 960)
    ]
    return {"values": values, "gcps": points, "transform": None}


def in_crs(epsg: int) -> dict:
    """The affine transform into another CRS that fits the scene's corners."""
    from pyproj import Transformer

    to = Transformer.from_crs(UTM, epsg, always_xy=True).transform
    (x0, y0), (x1, y1), (x2, y2) = (
        to(500_000.0 + col, 5_000_000.0 - row) for col, row in ((0, 0), (960, 0), (0, 960))
    )
    transform = Affine(
        (x1 - x0) / 960, (x2 - x0) / 960, x0, (y1 - y0) / 960, (y2 - y0) / 960, y0
    )  # fmt: skip
    return {"crs": f"EPSG:{epsg}", "transform": transform}


VERSIONS = {
    "south-up": south_up,
    "rotated": quarter_turn,
    "control points": control_points,
    "EPSG:4326": lambda values: {"values": values, **in_crs(4326)},
    "EPSG:3857": lambda values: {"values": values, **in_crs(3857)},
}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_ground_does_not_depend_on_the_georeferencing(
    version: str, sea: Sea, result: DetectionResult, tmp_path: Path
) -> None:
    changed = VERSIONS[version](sea.values)
    path = write_tif(
        tmp_path / "version.tif", np.ascontiguousarray(changed.pop("values")), **changed
    )
    reference = result.detections.sort_values("lon", ignore_index=True)
    other = detect(path).detections.sort_values("lon", ignore_index=True)
    assert len(other) == len(reference)
    centres = other.to_crs(UTM).geometry.centroid
    assert centres.distance(reference.geometry.centroid).max() < 0.5
    assert_allclose(other["length_m"], reference["length_m"], rtol=0.01)
    assert_allclose(other["lat"], reference["lat"], atol=5e-6)
    turn = np.radians(other["heading_deg"] - reference["heading_deg"])
    assert_allclose(np.sin(turn), 0, atol=0.01)


def test_a_scene_without_georeferencing_is_in_pixels(sea: Sea, tmp_path: Path) -> None:
    path = write_tif(tmp_path / "plain.tif", sea.values, crs=None, transform=None)
    plain = detect(path, gsd_m=1.0)
    assert plain.detections.crs is None
    assert plain.detections["lon"].isna().all()
    assert "pixels" in repr(plain)
    nearest(plain.findings.detections, sea.boats)


def test_budget_and_area_of_interest_hold(scene: Path, tmp_path: Path) -> None:
    small = detect(scene, patches=1)
    assert 0 < small.findings.patches <= 1
    aoi = tmp_path / "aoi.geojson"
    corner = [[500_000 + x, 5_000_000 - y] for x, y in ((0, 0), (0, 300), (400, 300), (400, 0))]
    polygon = {"type": "Polygon", "coordinates": [[*corner, corner[0]]]}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
    aoi.write_text(json.dumps({**polygon, "crs": crs}))
    inside = detect(scene, aoi=aoi)
    assert len(inside.detections) == 1
    assert inside.findings.searched_share == pytest.approx(1)


def test_exhaustive_searches_everything(scene: Path) -> None:
    assert detect(scene, exhaustive=True).findings.searched_share == 1


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((3, 300, 300), np.uint8),
        np.full((1, 1, 1), 7, np.uint8),
        np.full((2, 37, 411), np.nan, np.float32),
        np.random.default_rng(0).integers(0, 255, (4, 5, 2000)).astype(np.uint16),
    ],
    ids=["constant", "one pixel", "all nodata", "a thin strip"],
)
def test_odd_scenes_give_valid_results(values: np.ndarray, tmp_path: Path) -> None:
    path = write_tif(tmp_path / "odd.tif", values)
    odd = detect(path)
    odd.write(tmp_path / "odd.gpkg", tmp_path / "odd.geojson")
    odd.save_preview(tmp_path / "odd.png")
    assert 0 <= odd.findings.searched_share <= 1


class Broken(FakeScene):
    """One block of the scene cannot be decoded."""

    bad = Window(col_off=512, row_off=512, width=256, height=256)

    def read(self, window: Window) -> Pixels:
        if window.intersection(self.bad):
            raise BlockReadError(self.name, window, "broken on purpose")
        return super().read(window)


def test_a_broken_block_fails_or_counts_as_unsearched(sea: Sea) -> None:
    scene = Broken(sea.values, grid=PixelGrid(height=960, width=960, assumed_gsd_m=1.0))
    with pytest.raises(BlockReadError, match="broken on purpose"):
        detect(scene)
    skipped = detect(scene, on_error="skip")
    assert skipped.failed
    assert "not searched" in repr(skipped)
    good = sea.boats[~Broken.bad.contains(sea.boats[:, 0], sea.boats[:, 1])]
    nearest(skipped.findings.detections, good)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"threshold": 1.5}, OptionError, "threshold"),
        ({"patches": 0}, OptionError, "patches"),
        ({"model": "oracle"}, OptionError, "model"),
        ({"threads": 0}, OptionError, "threads"),
        ({"bands": ["nir"]}, OptionError, "nir"),
        ({"aoi": "missing.gpkg"}, VectorError, "missing.gpkg"),
    ],
)
def test_bad_options_are_named(scene: Path, options: dict, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        detect(scene, **options)


def test_a_missing_scene_is_named() -> None:
    with pytest.raises(SceneError, match=r"nowhere\.tif"):
        detect("nowhere.tif")
