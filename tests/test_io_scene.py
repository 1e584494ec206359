"""Reading windows: the ramp and plain rasterio are the oracles."""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.shutil import copy as copy_raster
from rasterio.vrt import WarpedVRT
from rasters import UTM, ramp, scene_window, write

from pdn_geo.errors import BlockReadError, OptionError, SceneError
from pdn_geo.geometry import Window
from pdn_geo.io import open_scene

SIZE = (333, 257)
LAYOUTS = {
    "striped": {},
    "one_strip": {"blockysize": SIZE[0]},
    "tiled": {"tiled": True, "blockxsize": 64, "blockysize": 32, "compress": "deflate"},
    "planar": {"interleave": "band", "compress": "lzw", "predictor": 2},
    "bigtiff": {"BIGTIFF": "YES", "tiled": True, "blockxsize": 128, "blockysize": 128},
    "big_endian": {"ENDIANNESS": "BIG"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One ramp in every layout."""
    folder = tmp_path_factory.mktemp("layouts")
    array = ramp(3, *SIZE)
    for name, options in LAYOUTS.items():
        write(folder / f"{name}.tif", array, photometric="minisblack", **UTM, **options)
    copy_raster(folder / "tiled.tif", folder / "cog.tif", driver="COG", blocksize=128)
    copy_raster(folder / "striped.tif", folder / "scene.vrt", driver="VRT")
    copy_raster(folder / "striped.tif", folder / "scene.png", driver="PNG")
    copy_raster(
        folder / "striped.tif", folder / "scene.jp2", driver="JP2OpenJPEG",
        QUALITY="100", REVERSIBLE="YES",
    )  # fmt: skip
    return folder


@pytest.mark.parametrize(
    "file", [*(f"{name}.tif" for name in LAYOUTS), "cog.tif", "scene.vrt", "scene.png", "scene.jp2"]
)
def test_every_layout_gives_the_same_bytes(folder, file):
    with open_scene(folder / file) as scene:
        assert (scene.grid.height, scene.grid.width) == SIZE
        pixels = scene.read(scene_window(scene))
        assert pixels.values.dtype == np.float32
        assert pixels.valid.all()
        np.testing.assert_array_equal(pixels.values, ramp(3, *SIZE))


def test_a_scene_in_an_archive(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "scenes.zip", "w") as archive:
        archive.write(folder / "tiled.tif", "tiled.tif")
    for name in (
        f"/vsizip/{tmp_path}/scenes.zip/tiled.tif",
        f"zip://{tmp_path}/scenes.zip!tiled.tif",
    ):
        with open_scene(name) as scene:
            assert scene.name == name
            np.testing.assert_array_equal(scene.read(scene_window(scene)).values, ramp(3, *SIZE))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_window_is_a_slice_of_the_scene(folder, data):
    col = data.draw(st.integers(0, SIZE[1] - 1))
    row = data.draw(st.integers(0, SIZE[0] - 1))
    width = data.draw(st.integers(1, SIZE[1] - col))
    height = data.draw(st.integers(1, SIZE[0] - row))
    window = Window(col_off=col, row_off=row, width=width, height=height)
    with open_scene(folder / "tiled.tif") as scene:
        values = scene.read(window).values
    np.testing.assert_array_equal(values, ramp(3, *SIZE)[(slice(None), *window.slices)])


@pytest.mark.parametrize("file", ["striped.tif", "tiled.tif", "scene.png"])
def test_many_threads_read_what_one_reads(folder, file):
    truth = ramp(3, *SIZE)

    def is_right(seed):
        rng = np.random.default_rng(seed)
        col, row = int(rng.integers(0, SIZE[1] - 50)), int(rng.integers(0, SIZE[0] - 50))
        window = Window(col_off=col, row_off=row, width=50, height=50)
        return np.array_equal(scene.read(window).values, truth[(slice(None), *window.slices)])

    with open_scene(folder / file) as scene, ThreadPoolExecutor(6) as pool:
        assert all(pool.map(is_right, range(60)))


def open_files():
    """Open descriptors of this process, where the system tells."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_handles_do_not_grow_with_threads_that_come_and_go(folder):
    window = Window(col_off=0, row_off=0, width=9, height=9)
    with open_scene(folder / "tiled.tif") as scene:
        before = open_files()
        for _ in range(20):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(scene.read, window).result()
        assert open_files() <= before + 1


def test_a_closed_scene_says_so(folder):
    scene = open_scene(folder / "tiled.tif")
    scene.close()
    with pytest.raises(SceneError, match="closed"):
        scene.read(Window(col_off=0, row_off=0, width=1, height=1))


def test_an_open_dataset_is_read_and_stays_open(folder):
    with rasterio.open(folder / "tiled.tif") as dataset:
        with open_scene(dataset) as scene:
            assert scene.name == str(folder / "tiled.tif")
            np.testing.assert_array_equal(scene.read(scene_window(scene)).values, dataset.read())
        assert not dataset.closed


def test_datasets_that_have_no_name_to_open_again(folder):
    """In memory, as a warped view, and opened at an overview level."""
    content = (folder / "tiled.tif").read_bytes()
    with (
        MemoryFile(content) as file,
        file.open() as dataset,
        open_scene(dataset) as scene,
        ThreadPoolExecutor(4) as pool,
    ):
        for pixels in pool.map(scene.read, [scene_window(scene)] * 8):
            np.testing.assert_array_equal(pixels.values, ramp(3, *SIZE))
    with (
        rasterio.open(folder / "tiled.tif") as dataset,
        WarpedVRT(dataset, crs="EPSG:3857") as view,
        open_scene(view) as scene,
    ):
        assert scene.crs_text == "EPSG:3857"
        np.testing.assert_array_equal(scene.read(scene_window(scene)).values, view.read())
    with rasterio.open(folder / "cog.tif", overview_level=0) as half, open_scene(half) as scene:
        np.testing.assert_array_equal(scene.read(scene_window(scene)).values, half.read())


@pytest.mark.parametrize("size", [(64, 64), (65, 63), (130, 99)])
def test_stored_overviews_as_rasterio_reads_them(tmp_path, size):
    path = write(tmp_path / "a.tif", ramp(2, *size), tiled=True, blockxsize=16, blockysize=16)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4], Resampling.average)
    with open_scene(path) as scene, rasterio.open(path, overview_level=1) as quarter:
        assert scene.overview_factors == [2, 4]
        pixels = scene.read_decimated(scene_window(scene), 4)
        assert pixels.values.shape == (2, -(-size[0] // 4), -(-size[1] // 4))
        rows, cols = quarter.shape
        np.testing.assert_array_equal(pixels.values[:, :rows, :cols], quarter.read())
        assert pixels.valid[:rows, :cols].all()
        assert not pixels.valid[rows:].any()
        part = Window(col_off=8, row_off=16, width=21, height=13)
        np.testing.assert_array_equal(
            scene.read_decimated(part, 4).values, pixels.values[:, 4:8, 2:8]
        )
        with pytest.raises(ValueError, match="no stored overview of 1/3"):
            scene.read_decimated(part, 3)
        with pytest.raises(ValueError, match="multiples of 4"):
            scene.read_decimated(Window(col_off=1, row_off=0, width=8, height=8), 4)


@pytest.mark.parametrize(
    ("col", "row", "width"), [(-1, 0, 5), (0, 330, 5), (250, 0, 20), (300, 400, 1)]
)
def test_a_window_outside_is_refused(folder, col, row, width):
    window = Window(col_off=col, row_off=row, width=width, height=5)
    with open_scene(folder / "tiled.tif") as scene, pytest.raises(ValueError, match="not inside"):
        scene.read(window)


def test_nothing_is_written_beside_the_input_and_its_sidecar_is_read(tmp_path):
    for driver, name in (("GTiff", "a.tif"), ("PNG", "a.png"), ("JPEG", "a.jpg")):
        path = write(tmp_path / name, ramp(1, dtype="uint8"), driver=driver)
        (tmp_path / f"{name}.aux.xml").unlink(missing_ok=True)
        before = {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
        content = path.read_bytes()
        with open_scene(path) as scene:
            scene.read(scene_window(scene))
            for factor in scene.overview_factors:
                scene.read_decimated(scene_window(scene), factor)
        assert {p: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == before
        assert path.read_bytes() == content
    gcps = "".join(
        f'<GCP Id="{i}" Pixel="{x}" Line="{y}" X="{10 + x / 1e3}" Y="{50 - y / 1e3}" Z="0"/>'
        for i, (x, y) in enumerate([(0, 0), (80, 0), (0, 60), (80, 60)])
    )
    sidecar = tmp_path / "a.png.aux.xml"
    sidecar.write_text(f'<PAMDataset><GCPList Projection="EPSG:4326">{gcps}</GCPList></PAMDataset>')
    with open_scene(tmp_path / "a.png") as scene:
        assert scene.grid.is_georeferenced
        scene.read(scene_window(scene))
    assert "GCPList" in sidecar.read_text()


def bad_files(folder):
    (folder / "empty.tif").write_bytes(b"")
    (folder / "text.tif").write_text("not a raster")
    (folder / "headless.tif").write_bytes(b"II*\0")
    (folder / "folder.tif").mkdir()
    return {
        "missing.tif": "no such file",
        "empty.tif": "empty file",
        "text.tif": "not a raster",
        "headless.tif": "headless.tif",
        "folder.tif": "is a folder",
    }


def test_what_cannot_be_opened_says_why(tmp_path):
    for name, reason in bad_files(tmp_path).items():
        with pytest.raises(SceneError, match=reason) as caught:
            open_scene(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)
    with pytest.raises(OptionError, match="path, a rasterio dataset or a DataArray"):
        open_scene(42)


@pytest.mark.parametrize("driver", ["GTiff", "PNG", "JPEG"])
def test_a_truncated_file_fails_where_it_ends_and_not_before(tmp_path, driver):
    rng = np.random.default_rng(0)
    array = rng.integers(0, 255, (1, 400, 300)).astype(np.uint8)
    path = write(tmp_path / f"a.{driver}", array, driver=driver)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    with open_scene(path) as scene:
        assert scene.read(Window(col_off=0, row_off=0, width=300, height=150)).valid.all()
        with pytest.raises(BlockReadError, match="columns 0-300, rows 0-400") as caught:
            scene.read(scene_window(scene))
        assert caught.value.window == scene_window(scene)
        assert scene.read(Window(col_off=9, row_off=0, width=3, height=9)).valid.all()


def test_refusals_are_silent_but_for_the_error(tmp_path, capfd):
    path = write(tmp_path / "a.tif", ramp(), compress="deflate")
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    path.write_bytes(content)
    with open_scene(path) as scene, pytest.raises(SceneError):
        scene.read(scene_window(scene))
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
