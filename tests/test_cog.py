"""Coarse rasters as COGs: reopened by rasterio and rio-cogeo, placed on the ground."""

import math
import resource
import subprocess
import sys
import textwrap
from dataclasses import dataclass

import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import CRS
from rio_cogeo import cog_validate

from pdn_geo.errors import BlockReadError, OutputError
from pdn_geo.geometry import Window
from pdn_geo.grid import AffineMapping, PixelGrid
from pdn_geo.io.cog import write_cog

UTM = CRS.from_epsg(32632)


def grid_of(height, width, transform=None):
    mapping = AffineMapping(transform or Affine(10, 0, 5e5, 0, -10, 5e6))
    return PixelGrid(height=height, width=width, crs=UTM, mapping=mapping)


def values_of(bands, rows, cols):
    return np.random.default_rng(0).normal(9, 2, (bands, rows, cols)).astype(np.float32)


@pytest.mark.parametrize("size", [(1, 1), (61, 83), (8 * 1100, 8 * 700)])
def test_a_valid_cog_with_the_same_values(tmp_path, size):
    grid, path = grid_of(*size), tmp_path / "a.tif"
    values = values_of(2, -(-size[0] // 8), -(-size[1] // 8))
    write_cog(path, values, grid=grid, stride=8, descriptions=["red mean", "valid"])
    assert cog_validate(path, strict=True) == (True, [], [])
    with rasterio.open(path) as dataset:
        np.testing.assert_array_equal(dataset.read(), values)
        assert dataset.descriptions == ("red mean", "valid")
        assert dataset.transform == Affine(80, 0, 5e5, 0, -80, 5e6)
        assert dataset.crs.to_epsg() == 32632
        structure = dataset.tags(ns="IMAGE_STRUCTURE")
        assert (structure["COMPRESSION"], structure["PREDICTOR"]) == ("DEFLATE", "3")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_rows_may_come_in_any_heights(tmp_path):
    grid, values = grid_of(8 * 600, 8 * 40), values_of(3, 600, 40)
    values[0, 10:20] = math.nan
    names = ["a", "b", "c"]
    write_cog(tmp_path / "a.tif", values, grid=grid, stride=8, descriptions=names, nodata=math.nan)
    rows = (values[:, start:stop] for start, stop in [(0, 1), (1, 300), (300, 600)])
    write_cog(tmp_path / "b.tif", rows, grid=grid, stride=8, descriptions=names, nodata=math.nan)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    with rasterio.open(tmp_path / "b.tif") as dataset:
        assert math.isnan(dataset.nodata)
        np.testing.assert_array_equal(dataset.read(), values)


@pytest.mark.parametrize(
    "transform",
    [Affine(0.5, 0.2, 5e5, 0.2, -0.5, 5e6), Affine(10, 0, 5e5, 0, 10, 5e6)],
    ids=["rotated", "south-up"],
)
def test_a_cell_lies_where_its_pixels_lie(tmp_path, transform):
    grid = grid_of(80, 160, transform)
    write_cog(tmp_path / "a.tif", values_of(1, 5, 10), grid=grid, stride=16, descriptions=["a"])
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.transform @ (7, 3) == pytest.approx(transform @ (7 * 16, 3 * 16))


def test_without_georeferencing_there_is_none(tmp_path):
    grid = PixelGrid(height=80, width=160)
    write_cog(tmp_path / "a.tif", values_of(1, 10, 20), grid=grid, stride=8, descriptions=["a"])
    with rasterio.open(tmp_path / "a.tif") as dataset:
        assert dataset.crs is None
        assert dataset.transform == Affine.identity()
        assert dataset.gcps == ([], None)


@dataclass(frozen=True)
class Curved:
    """Longitudes that grow with the square of x, across the antimeridian."""

    def to_crs(self, x, y):
        return (179.99 + x / 1e4 + x**2 / 1e8 + 180) % 360 - 180, 10 - y / 1e4

    def to_pixel(self, crs_x, crs_y):
        raise NotImplementedError


def test_a_curved_scene_gets_control_points(tmp_path):
    crs = CRS.from_epsg(4326)
    grid = PixelGrid(height=160, width=320, crs=crs, mapping=Curved())
    write_cog(tmp_path / "a.tif", values_of(1, 20, 40), grid=grid, stride=8, descriptions=["a"])
    with rasterio.open(tmp_path / "a.tif") as dataset:
        points, crs_of_points = dataset.gcps
    assert crs_of_points.to_epsg() == 4326
    assert len(points) == 25
    for point in points:
        lon, lat = grid.to_lonlat(8 * point.col, 8 * point.row)
        assert (point.x - lon) % 360 == pytest.approx(0, abs=1e-9) or point.x == pytest.approx(lon)
        assert point.y == pytest.approx(lat)
    longitudes = [point.x for point in points]
    assert max(longitudes) - min(longitudes) < 1


def write_small(path, rows=None):
    grid = grid_of(160, 160)
    write_cog(
        path, values_of(1, 20, 20) if rows is None else rows, grid=grid, stride=8, descriptions="a"
    )


def test_missing_folder(tmp_path):
    path = tmp_path / "no" / "a.tif"
    with pytest.raises(OutputError, match=r"a\.tif: folder .*no does not exist"):
        write_small(path)


def test_folder_in_the_way(tmp_path):
    with pytest.raises(OutputError, match="is a folder"):
        write_small(tmp_path)
    assert not list(tmp_path.parent.glob(f".{tmp_path.name}*"))


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Not a directory"):
        write_small(tmp_path / "file" / "a.tif")


def test_a_scene_that_fails_half_way_leaves_what_was_there(tmp_path):
    (tmp_path / "a.tif").write_text("the older result")

    def rows():
        yield values_of(1, 10, 20)
        raise BlockReadError("s", Window(col_off=0, row_off=80, width=1, height=1), "corrupt")

    with pytest.raises(BlockReadError):
        write_small(tmp_path / "a.tif", rows())
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    assert (tmp_path / "a.tif").read_text() == "the older result"


@pytest.mark.parametrize("limit", [500_000, 4_400_000, 4_800_000])
def test_full_disk(tmp_path, limit):
    """The limit on file sizes stands for the disk: it hits the plain file, or the COG."""
    script = f"""
        import resource, signal
        import numpy as np
        from pdn_geo.errors import OutputError
        from pdn_geo.grid import PixelGrid
        from pdn_geo.io.cog import write_cog

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
        bits = np.random.default_rng(0).integers(1, 2**31 - 2**25, (1, 1024, 1024), np.int32)
        grid = PixelGrid(height=8192, width=8192)
        try:
            write_cog("a.tif", bits.view(np.float32), grid=grid, stride=8, descriptions=["a"])
        except OutputError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("a.tif: ")
    assert len(done.stdout.splitlines()) == 1
    assert "Warning" not in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
