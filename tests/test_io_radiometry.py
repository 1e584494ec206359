"""Any dtype to float32, and which pixels are valid; plain rasterio is the oracle."""

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasters import ramp, scene_window, write

from pdn_geo.errors import SceneError
from pdn_geo.io import open_scene
from pdn_geo.io.limits import check_block, check_size
from pdn_geo.io.radiometry import Radiometry, nodata_in, to_float32

FLOAT_MAX = float(np.finfo(np.float32).max)


def read(path, **options):
    with open_scene(path, **options) as scene:
        return scene.read(scene_window(scene))


REAL = "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float32 float64"


@pytest.mark.parametrize("dtype", REAL.split())
def test_real_dtypes(tmp_path, dtype):
    array = ramp(2, dtype=dtype)
    pixels = read(write(tmp_path / "a.tif", array))
    assert pixels.valid.all()
    np.testing.assert_array_equal(pixels.values, array.astype(np.float32))


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "complex_int16"])
def test_complex_is_amplitude(tmp_path, dtype):
    array = np.full((1, 4, 5), 3 - 4j, dtype="complex64" if dtype == "complex_int16" else dtype)
    path = write(tmp_path / "a.tif", array, dtype=dtype)
    np.testing.assert_array_equal(read(path).values, 5)
    with open_scene(path) as scene:
        assert "complex values are read as amplitude" in scene.notes


def test_bands_of_several_dtypes(tmp_path):
    vrt = tmp_path / "mixed.vrt"
    write(tmp_path / "a.tif", ramp(1, dtype="uint8"))
    write(tmp_path / "b.tif", ramp(1, dtype="float64") / 7)
    bands = "".join(
        f'<VRTRasterBand dataType="{dtype}" band="{i}"><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand>"
        for i, (dtype, name) in enumerate([("Byte", "a.tif"), ("Float64", "b.tif")], start=1)
    )
    vrt.write_text(f'<VRTDataset rasterXSize="80" rasterYSize="60">{bands}</VRTDataset>')
    values = read(vrt).values
    np.testing.assert_array_equal(values[0], ramp(1, dtype="uint8")[0])
    np.testing.assert_array_equal(values[1], (ramp(1, dtype="float64")[0] / 7).astype(np.float32))


@given(
    arrays(np.float64, (2, 3, 4), elements=st.one_of(st.floats(), st.sampled_from([1e300, -1e39])))
)
def test_what_float32_cannot_hold_is_not_valid(array):
    pixels = Radiometry(nodata=(None, None)).pixels(array, None, None)
    with np.errstate(over="ignore"):
        finite = np.isfinite(array.astype(np.float32)).all(axis=0)
    np.testing.assert_array_equal(pixels.valid, finite)
    assert np.isfinite(pixels.values).all()
    assert not pixels.values[:, ~finite].any()
    np.testing.assert_array_equal(pixels.values[:, finite], array[:, finite].astype(np.float32))


def test_reading_never_changes_the_callers_array():
    array = np.array([[[1.0, np.nan]]], dtype=np.float32)
    Radiometry(nodata=(None,)).pixels(array, None, None)
    assert np.isnan(array[0, 0, 1])
    assert to_float32(array) is not array


@pytest.mark.parametrize(
    ("value", "dtype", "stored"),
    [
        (None, "uint8", None),
        (0, "uint8", 0),
        (-9999, "uint8", None),
        (0.5, "int16", None),
        (np.nan, "int16", None),
        (np.inf, "uint8", None),
        (-32768, "int16", -32768),
        (2.0**63, "uint64", 2**63),
        (FLOAT_MAX * (1 + 1e-8), "float32", FLOAT_MAX),
        (-FLOAT_MAX * (1 + 1e-8), "float32", -FLOAT_MAX),
        (1e200, "float32", None),
        (1e200, "float64", 1e200),
        (0.1, "float32", float(np.float32(0.1))),
        (-9999, "complex64", -9999),
        (0, "complex_int16", 0),
    ],
)
def test_nodata_tags_as_the_dtype_stores_them(value, dtype, stored):
    assert nodata_in(value, dtype) == stored


def test_a_plausible_nodata_value_needs_all_bands_as_in_rasterio(tmp_path):
    array = np.ones((3, 2, 4), dtype=np.uint8)
    array[0, 0, :2] = 0
    array[1:, 0, 1] = 0
    path = write(tmp_path / "a.tif", array, nodata=0, photometric="rgb")
    with rasterio.open(path) as dataset:
        expected = dataset.dataset_mask() > 0
    pixels = read(path)
    assert pixels.valid.sum() == 7
    np.testing.assert_array_equal(pixels.valid, expected)
    assert pixels.values[1, 0, 0] == 1


@pytest.mark.parametrize(("dtype", "nodata"), [("int16", -9999), ("float32", -3.4e38)])
def test_an_impossible_nodata_value_in_one_band_spoils_the_pixel(tmp_path, dtype, nodata):
    array = np.ones((3, 2, 4), dtype=dtype)
    array[1, 1, 2] = nodata
    valid = read(write(tmp_path / "a.tif", array, nodata=nodata)).valid
    assert valid.sum() == 7
    assert not valid[1, 2]


def test_nodata_nan_and_sar_decibels(tmp_path):
    array = np.full((1, 3, 4), -17.25, dtype=np.float32)
    array[0, 0, 0] = np.nan
    pixels = read(write(tmp_path / "a.tif", array, nodata=np.nan))
    assert pixels.valid.sum() == 11
    assert pixels.values[0, 1, 1] == np.float32(-17.25)


@pytest.mark.parametrize("kind", ["plain", "nodata", "alpha"])
def test_bytes_are_what_read_gives(tmp_path, kind):
    options = {"nodata": 83} if kind == "nodata" else {}
    array = ramp(4 if kind == "alpha" else 3, dtype="uint8")
    if kind == "alpha":
        options["colour"] = ("red", "green", "blue", "alpha")
        array[3, :20, :30] = 0
    elif kind == "nodata":
        array[:, 10:20, 5:9] = 83
    with open_scene(write(tmp_path / "a.tif", array, **options)) as scene:
        assert scene.is_bytes
        pixels, as_bytes = (get(scene_window(scene)) for get in (scene.read, scene.read_bytes))
    assert as_bytes.values.dtype == np.uint8
    np.testing.assert_array_equal(as_bytes.values, pixels.values)
    np.testing.assert_array_equal(as_bytes.valid, pixels.valid)
    assert pixels.valid.all() == (kind == "plain")


def test_what_more_than_bytes_can_hold_is_not_read_as_such(tmp_path):
    wide = ramp(3)
    palette = ramp(1, dtype="uint8")
    for array, colormap in ((wide, None), (palette, {0: (1, 2, 3, 255), 9: (200, 30, 40, 255)})):
        path = write(tmp_path / "a.tif", array)
        if colormap:
            with rasterio.open(path, "r+") as dataset:
                dataset.write_colormap(1, colormap)
        with open_scene(path) as scene:
            assert not scene.is_bytes


@pytest.mark.parametrize("internal", [True, False])
def test_mask_bands(tmp_path, internal):
    mask = np.zeros((60, 80), dtype=bool)
    mask[10:, 20:] = True
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal):
        path = write(tmp_path / "a.tif", ramp(3, dtype="uint8"), masks=mask)
    assert (tmp_path / "a.tif.msk").exists() is not internal
    pixels = read(path)
    np.testing.assert_array_equal(pixels.valid, mask)
    np.testing.assert_array_equal(pixels.values[:, mask], ramp(3, dtype="uint8")[:, mask])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_alpha_of_any_dtype(tmp_path, dtype):
    array = ramp(2, dtype=dtype)
    array[1] = np.where(np.arange(80) < 30, 0, 1)
    pixels = read(write(tmp_path / "a.tif", array, colour=["gray", "alpha"]))
    np.testing.assert_array_equal(pixels.valid, array[1] > 0)
    assert len(pixels.values) == 1


def test_a_wholly_transparent_scene_has_no_valid_pixel(tmp_path):
    array = ramp(4, dtype="uint8")
    array[3] = 0
    path = write(tmp_path / "a.tif", array, colour=["red", "green", "blue", "alpha"])
    assert not read(path).valid.any()


def test_a_palette_becomes_colours_and_its_clear_entry_nodata(tmp_path):
    index = (np.indices((6, 8)).sum(axis=0) % 4).astype(np.uint8)[None]
    path = write(tmp_path / "a.png", index, driver="GTiff")
    table = {0: (9, 8, 7, 255), 1: (200, 100, 50, 255), 2: (0, 0, 0, 0), 3: (1, 2, 3, 255)}
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, table)
    with rasterio.open(path) as dataset:
        stored = dataset.colormap(1)
    pixels = read(path)
    rgba = np.moveaxis(np.array([stored[i] for i in range(4)])[index[0]], -1, 0)
    valid = rgba[3] > 0
    np.testing.assert_array_equal(pixels.valid, valid)
    np.testing.assert_array_equal(pixels.values[:, valid], rgba[:3][:, valid])


def test_a_grey_palette_is_one_band(tmp_path):
    path = write(tmp_path / "a.tif", np.array([[[0, 1]]], dtype=np.uint8), nbits=1)
    with rasterio.open(path, "r+") as dataset:
        dataset.write_colormap(1, {0: (255, 255, 255), 1: (0, 0, 0)})
    with open_scene(path) as scene:
        assert scene.band_names == ("gray",)
    np.testing.assert_array_equal(read(path).values, [[[255, 0]]])


def test_an_index_beyond_the_palette_is_not_valid():
    radiometry = Radiometry(nodata=(None,), lut=np.ones((3, 4), dtype=np.float32))
    pixels = radiometry.pixels(np.array([[[0, 2, 3, 255]]], dtype=np.uint8), None, None)
    np.testing.assert_array_equal(pixels.valid, [[True, True, False, False]])
    assert pixels.values.shape == (3, 1, 4)


@pytest.mark.parametrize(("dtype", "full"), [("uint8", 255), ("uint16", 65535)])
def test_cmyk_becomes_rgb(tmp_path, dtype, full):
    ink = np.array([[0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 1, 0]]) * full
    array = ink.T[:, None].astype(dtype)
    path = write(tmp_path / "a.tif", array, photometric="cmyk")
    with open_scene(path) as scene:
        assert scene.band_names == ("red", "green", "blue")
    np.testing.assert_array_equal(
        read(path).values[:, 0].T / full, [[1, 1, 1], [0, 0, 0], [0, 1, 1], [1, 0, 0]]
    )


def test_scale_tags_are_left_alone_and_said_so(tmp_path):
    path = write(tmp_path / "a.tif", ramp())
    with rasterio.open(path, "r+") as dataset:
        dataset.scales, dataset.offsets = [0.01], [-3]
    with open_scene(path) as scene:
        assert "scale and offset tags are not applied" in scene.notes
    np.testing.assert_array_equal(read(path).values, ramp())


def test_a_nodata_tag_that_cannot_occur_is_ignored_and_said_so(tmp_path):
    path = write(tmp_path / "a.tif", ramp(), nodata=0.5)
    with open_scene(path) as scene:
        assert "nodata 0.5 is ignored: uint16 cannot hold it" in scene.notes
    assert read(path).valid.all()


def test_limits_name_the_number():
    check_size("a", width=10**6, height=10**6, bands=500)
    with pytest.raises(SceneError, match="65535 bands"):
        check_size("a", width=9, height=9, bands=65535)
    with pytest.raises(SceneError, match="2147483647 x 2147483647 pixels"):
        check_size("a", width=2**31 - 1, height=2**31 - 1, bands=1)
    with pytest.raises(SceneError, match="no raster band"):
        check_size("a", width=9, height=9, bands=0)
    check_block("a", block_shape=(1024, 1024), bytes_per_pixel=12)
    with pytest.raises(SceneError, match="1144 MiB"):
        check_block("a", block_shape=(20_000, 20_000), bytes_per_pixel=3)


def test_a_vrt_of_absurd_size_is_refused(tmp_path):
    path = tmp_path / "a.vrt"
    path.write_text(
        '<VRTDataset rasterXSize="2000000000" rasterYSize="2000000000">'
        '<VRTRasterBand dataType="Byte" band="1"/></VRTDataset>'
    )
    with pytest.raises(SceneError, match="2000000000 x 2000000000 pixels"):
        open_scene(path)
