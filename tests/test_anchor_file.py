"""`pdn-geo overviews`: the global anchor of a real file, written as a COG."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from pdn_geo_cli.app import app
from rasterio.enums import Resampling
from rio_cogeo import cog_validate
from typer.testing import CliRunner

from pdn_geo.io import anchor as anchor_module
from pdn_geo.io.anchor import AnchorReader, plan_anchor
from pdn_geo.io.anchor_file import write_anchor
from pdn_geo.io.scene import open_scene

HEIGHT, WIDTH = 777, 541
TILED = {"tiled": True, "blockxsize": 128, "blockysize": 64}


@pytest.fixture
def make_scene(tmp_path):
    """A georeferenced uint16 scene of three bands with a nodata corner."""

    def make(name="scene.tif", **options):
        values = np.random.default_rng(0).normal(900, 40, (3, HEIGHT, WIDTH)).astype("uint16")
        values[:, :100, :60] = 0
        profile = {"driver": "GTiff", "height": HEIGHT, "width": WIDTH, "count": 3}
        place = {"crs": "EPSG:32632", "transform": Affine(10, 0, 5e5, 0, -10, 5e6)}
        path = tmp_path / name
        with rasterio.open(
            path, "w", **profile, **place, dtype="uint16", nodata=0, photometric="rgb", **options
        ) as out:
            out.write(values)
        return path, values

    return make


def test_the_file_holds_the_statistics(make_scene, tmp_path, monkeypatch):
    monkeypatch.setattr(anchor_module, "_CELLS_IN_TILE", 1)  # several anchor tiles
    scene, values = make_scene()
    out = tmp_path / "anchor.tif"
    assert write_anchor(scene, out, threads=2) == "68 x 98 cells of 8 x 8 pixels"
    assert cog_validate(out, strict=True) == (True, [], [])
    with rasterio.open(out) as dataset:
        assert dataset.descriptions[:5] == (
            "red mean", "red max", "red min", "red std", "green mean",
        )  # fmt: skip
        assert dataset.descriptions[-1] == "valid"
        assert dataset.transform == Affine(80, 0, 5e5, 0, -80, 5e6)
        read = dataset.read()
    cell = values[1, 160:168, 240:248].astype(float)
    expected = [cell.mean(), cell.max(), cell.min(), cell.std()]
    np.testing.assert_allclose(read[4:8, 20, 30], expected, rtol=1e-5)
    assert np.isnan(read[:12, :12, :7]).all()
    assert (read[12, :12, :7] == 0).all()
    assert read[12, 12, 0] == 0.5  # rows 96 to 99 of the cell are nodata
    np.testing.assert_allclose(read[12, -1, -1], (HEIGHT % 8) * (WIDTH % 8) / 64)


def test_layout_does_not_matter(make_scene, tmp_path):
    """Strips, tiles or planes, one thread or three: the same bytes."""
    layouts = {"strips": {}, "tiles": TILED, "planes": {"interleave": "band", **TILED}}
    written = []
    for name, options in layouts.items():
        scene, _ = make_scene(f"{name}.tif", **options)
        for threads in (1, 3):
            out = tmp_path / f"{name}{threads}.tif"
            write_anchor(scene, out, threads=threads)
            written.append(out.read_bytes())
    assert len(set(written)) == 1


def test_a_truncated_file(make_scene):
    scene, _ = make_scene(**TILED, compress="deflate")
    scene.write_bytes(scene.read_bytes()[: scene.stat().st_size * 2 // 3])
    with open_scene(scene) as opened:
        plan = plan_anchor(opened.grid, bands=3)
        reader = AnchorReader(opened, plan, on_error="skip", threads=2)
        (anchor,) = reader
    lost = sum(window.area for window in reader.failed)
    assert 0.2 < lost / (HEIGHT * WIDTH) < 0.5
    assert (anchor.valid[-8:] == 0).all()
    assert (anchor.valid[20:40, 10:-1] == 1).all()


def test_command(make_scene, tmp_path):
    scene, _ = make_scene()
    with rasterio.open(scene, "r+") as dataset:
        dataset.build_overviews([2, 4], Resampling.average)
    out = tmp_path / "anchor.tif"
    run = CliRunner().invoke(
        app, ["overviews", str(scene), "--out", str(out), "--bands", "2", "--anchor", "overviews"]
    )
    assert run.exit_code == 0, run.output
    assert "read from stored overviews, 1/2" in run.output
    with rasterio.open(out) as dataset:
        assert dataset.count == 5


def test_command_without_stored_overviews_says_so(make_scene, tmp_path):
    scene, _ = make_scene()
    out = tmp_path / "anchor.tif"
    run = CliRunner().invoke(
        app, ["overviews", str(scene), "--out", str(out), "--anchor", "overviews"]
    )
    assert run.exit_code == 0, run.output
    assert "has no stored overviews: its pixels were read instead" in run.output
