"""DataArrays: numpy, lazily read and chunked; never loaded as a whole."""

import numpy as np
import pytest
import rioxarray
import xarray as xr
from affine import Affine
from rasters import UTM, ramp, scene_window, write
from xarray.backends import BackendArray
from xarray.core import indexing

from pdn_geo.errors import SceneError
from pdn_geo.geometry import Window
from pdn_geo.io import open_scene

WINDOW = Window(col_off=11, row_off=7, width=30, height=20)


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "a.tif", ramp(3), photometric="rgb", **UTM)


def test_a_lazily_opened_file_gives_what_the_file_gives(path):
    with rioxarray.open_rasterio(path) as array, open_scene(array) as scene:
        with open_scene(path) as same:
            assert scene.grid == same.grid
            np.testing.assert_array_equal(scene.read(WINDOW).values, same.read(WINDOW).values)
        assert not array.variable._in_memory
        assert scene.path is None
        assert scene.overview_factors == []


def test_a_slice_keeps_its_place(path):
    with rioxarray.open_rasterio(path) as array, open_scene(path) as whole:
        with open_scene(array.isel(x=slice(20, None), y=slice(10, None))) as part:
            np.testing.assert_allclose(part.grid.to_crs(0, 0), whole.grid.to_crs(20, 10))
        with open_scene(array.isel(x=slice(None, None, 2), y=slice(None, None, -1))) as part:
            assert part.grid.transform.almost_equals(Affine(20, 0, 499_995, 0, 10, 4_499_400))


@pytest.mark.parametrize("dims", [("band", "y", "x"), ("y", "x", "band"), ("x", "band", "y")])
def test_dimensions_in_any_order(dims):
    array = xr.DataArray(ramp(3), dims=("band", "y", "x")).transpose(*dims)
    with open_scene(array) as scene:
        assert (scene.grid.height, scene.grid.width) == (60, 80)
        assert not scene.grid.is_georeferenced
        np.testing.assert_array_equal(
            scene.read(WINDOW).values, ramp(3)[(slice(None), *WINDOW.slices)]
        )


def test_two_dimensions_and_more():
    flat = xr.DataArray(ramp(1)[0], dims=("lat", "lon"), name="sigma0")
    with open_scene(flat, gsd_m=10) as scene:
        assert (scene.name, scene.grid.gsd_m, scene.band_names) == ("sigma0", 10, ("gray",))
        np.testing.assert_array_equal(scene.read(scene_window(scene)).values, ramp(1))
    series = xr.DataArray(ramp(3)[None], dims=("time", "band", "y", "x"))
    with open_scene(series) as scene:
        np.testing.assert_array_equal(scene.read(scene_window(scene)).values, ramp(3))
    with pytest.raises(SceneError, match=r"expected \(band, y, x\)"):
        open_scene(xr.concat([series, series], "time"))
    with pytest.raises(SceneError, match="expected"):
        open_scene(xr.DataArray([1.0, 2.0], dims="x"))
    with pytest.raises(SceneError, match="choose a variable"):
        open_scene(xr.Dataset({"a": flat}))
    with pytest.raises(SceneError, match="not numbers"):
        open_scene(flat.astype(str))


def test_band_names_nodata_and_nan():
    values = ramp(4, dtype="float32")
    values[:, 0, 0] = -9999
    values[2, 1, 1] = np.nan
    array = xr.DataArray(
        values,
        dims=("band", "y", "x"),
        coords={"band": ["B02", "B03", "B04", "B08"]},
        attrs={"_FillValue": -9999},
    )
    with open_scene(array) as scene:
        assert scene.band_names == ("red", "green", "blue", "nir")
        pixels = scene.read(scene_window(scene))
    assert pixels.valid.sum() == 60 * 80 - 2
    np.testing.assert_array_equal(pixels.values[0, 2:], values[2, 2:])
    assert np.isnan(array.values[2, 1, 1])


@pytest.mark.parametrize("masked", [False, True])
def test_bytes_without_names_are_red_green_and_blue(tmp_path, masked):
    path = write(tmp_path / "bytes.tif", ramp(3, dtype="uint8"), photometric="rgb", **UTM)
    with rioxarray.open_rasterio(path, masked=masked) as array, open_scene(array) as scene:
        assert scene.band_names == ("red", "green", "blue")


def test_other_bands_are_not_taken_for_colours():
    dims = ("band", "y", "x")
    named = {"long_name": ("VV", "VH", "ratio")}
    wide, radar = ramp(3, dtype="uint16"), ramp(3, dtype="uint8")
    with open_scene(xr.DataArray(wide, dims=dims)) as scene:
        assert scene.band_names == ("band 1", "band 2", "band 3")
    with open_scene(xr.DataArray(radar, dims=dims, attrs=named)) as scene:
        assert scene.band_names == named["long_name"]


def test_coordinates_that_are_not_evenly_spaced_are_said():
    array = xr.DataArray(
        ramp(1)[0], dims=("y", "x"), coords={"y": np.arange(60.0) ** 2, "x": np.arange(80.0)}
    ).rio.write_crs(32618)
    with open_scene(array) as scene:
        assert not scene.grid.is_georeferenced
        assert "not evenly spaced" in scene.notes[-1]


def test_rotated_without_coordinates():
    transform = UTM["transform"] * Affine.rotation(20)
    array = xr.DataArray(ramp(1)[0], dims=("y", "x")).rio.write_crs(32618)
    with open_scene(array.rio.write_transform(transform)) as scene:
        assert scene.grid.transform.almost_equals(transform)


def test_only_the_window_is_computed():
    """A backend that counts the pixels it hands out."""

    class Counting(BackendArray):
        shape, dtype, handed_out = (3, 60, 80), np.dtype("uint16"), 0

        def __getitem__(self, key):
            return indexing.explicit_indexing_adapter(
                key, self.shape, indexing.IndexingSupport.OUTER, self._get
            )

        def _get(self, key):
            chosen = [np.atleast_1d(np.arange(n)[k]) for n, k in zip(self.shape, key, strict=True)]
            part = ramp(3)[np.ix_(*chosen)]
            Counting.handed_out += part.size
            return part

    lazy = xr.Variable(("band", "y", "x"), indexing.LazilyIndexedArray(Counting()))
    with open_scene(xr.DataArray(lazy)) as scene:
        values = scene.read(WINDOW).values
    np.testing.assert_array_equal(values, ramp(3)[(slice(None), *WINDOW.slices)])
    assert Counting.handed_out == 3 * WINDOW.area
