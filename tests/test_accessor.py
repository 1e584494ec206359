"""Boats in a DataArray, on a picture and on a map: what Jupyter users meet."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rioxarray
import xarray as xr
from affine import Affine
from products_examples import MARS, PIXELS, SIZE, findings, georeferencings, grid_at
from seas import UTM, make_sea, write_tif

import pdn_geo
import pdn_geo.accessor
from pdn_geo.detections import Detections
from pdn_geo.errors import OptionError
from pdn_geo.products import webmap
from pdn_geo.products.webmap import NoMapLibraryError, explore, on_mercator

GRIDS = georeferencings(3.0, 51.4, 1.0)
STRIDE = 10
RGB = np.zeros((SIZE // STRIDE, SIZE // STRIDE, 3), np.uint8)
RGB[..., 0] = np.arange(SIZE // STRIDE)[:, None]
RGB[..., 1] = np.arange(SIZE // STRIDE)
"""Red says the row, green the column."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tif(tmp_path_factory.mktemp("accessor") / "sea.tif", make_sea().values)


def test_detect_on_an_array_is_detect_on_its_file(scene: Path) -> None:
    with rioxarray.open_rasterio(scene) as array:
        found = array.pdn.detect(patches=8, model="classical")
    expected = pdn_geo.detect(scene, patches=8, model="classical")
    assert len(found.detections) == 5
    assert found.detections.crs == UTM
    assert found.detections.equals(expected.detections)


def test_it_offers_the_options_of_detect() -> None:
    array = xr.DataArray(np.zeros((4, 4)))
    options = list(inspect.signature(pdn_geo.detect).parameters)[1:]
    assert list(inspect.signature(array.pdn.detect).parameters) == options


def test_importing_the_package_does_not_import_xarray() -> None:
    code = "import sys, pdn_geo; print(sorted({'xarray', 'pandas', 'torch'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", GRIDS)
def test_the_picture_lies_where_the_scene_lies(name: str) -> None:
    grid = GRIDS[name]
    picture, (west, south, east, north) = on_mercator(RGB, STRIDE, grid)
    rows, cols = picture.shape[:2]
    x, y = np.random.default_rng(0).uniform(50, SIZE - 50, (2, 40))
    lon, lat = grid.to_lonlat(x, y)
    mercator = [np.arcsinh(np.tan(np.radians(v))) for v in (lat, south, north)]
    row = ((mercator[2] - mercator[0]) / (mercator[2] - mercator[1]) * rows).astype(int)
    col = ((lon - west) / (east - west) * cols).astype(int)
    red, green, _, alpha = picture[row, col].astype(float).T
    assert (alpha == 255).all()
    np.testing.assert_allclose(red, y / STRIDE - 0.5, atol=1)
    np.testing.assert_allclose(green, x / STRIDE - 0.5, atol=1)


def test_outside_a_turned_scene_the_picture_is_clear() -> None:
    picture, _ = on_mercator(RGB, STRIDE, GRIDS["rotated"])
    alpha = picture[..., 3]
    assert set(np.unique(alpha)) == {0, 255}
    assert alpha[0, 0] == alpha[-1, -1] == 0
    turned = np.radians(33)
    inside = 1 / (np.cos(turned) + np.sin(turned)) ** 2
    assert (alpha > 0).mean() == pytest.approx(inside, rel=0.1)


def test_folium_draws_scene_looks_and_boats(monkeypatch: pytest.MonkeyPatch) -> None:
    folium = pytest.importorskip("folium")
    monkeypatch.setattr(webmap, "find_spec", lambda name: name == "folium")
    drawn = explore(findings(GRIDS["north up"]), RGB, STRIDE)
    assert isinstance(drawn, folium.Map)
    page = drawn.get_root().render()
    assert "heading_deg" in page
    assert "expected_boats" in page
    assert page.count("data:image/png;base64,") == 1


def test_lonboard_comes_first_and_draws_the_same() -> None:
    lonboard = pytest.importorskip("lonboard")
    drawn = explore(findings(GRIDS["north up"]), RGB, STRIDE)
    assert isinstance(drawn, lonboard.Map)
    picture, looks, boats = drawn.layers
    assert isinstance(picture, lonboard.BitmapLayer)
    assert (looks.table.num_rows, boats.table.num_rows) == (3, 2)


@pytest.mark.parametrize("library", ["folium", "lonboard"])
def test_a_run_that_found_nothing_has_a_map(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Map = pytest.importorskip(library).Map  # noqa: N806
    monkeypatch.setattr(webmap, "find_spec", lambda name: name == library)
    nothing = findings(GRIDS["north up"], Detections.concatenate([]), looks=())
    assert isinstance(explore(nothing, RGB, STRIDE), Map)


def test_without_a_library_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webmap, "find_spec", lambda name: None)
    with pytest.raises(NoMapLibraryError, match="pip install lonboard"):
        explore(findings(GRIDS["north up"]), RGB, STRIDE)


@pytest.mark.parametrize("grid", [PIXELS, MARS, grid_at(0, -88, "EPSG:3031", Affine.scale(1, -1))])
def test_scenes_that_web_maps_cannot_show(grid) -> None:
    with pytest.raises(OptionError, match="plot"):
        on_mercator(RGB, STRIDE, grid)
