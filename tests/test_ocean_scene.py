"""Whole simulated scenes: seamless, repeatable, and true to their truth."""

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
import typer
from pdn_geo_cli.simulate import simulate
from typer.testing import CliRunner

from pdn_geo.errors import OptionError, OutputError
from pdn_geo.geometry import Window
from pdn_geo.ocean import scene as scene_module
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.scene import scene_grid, simulate_scene, truth_path
from pdn_geo.ocean.sea import Rendered, Sea, render_window
from pdn_geo.ocean.truth import truth_of

CONFIG = SeaConfig(size=540, boats=8, wind_mps=7, seed=4, clouds=0.1, bands=4, dtype="uint16")


@pytest.fixture(scope="module")
def sea():
    return Sea(CONFIG)


@pytest.fixture(scope="module")
def around(sea):
    """Pixels of the scene and 60 px of the sea around it."""
    return render_window(sea, Window(col_off=-60, row_off=-60, width=660, height=660))


@pytest.fixture(scope="module")
def still_sea():
    """Calm, cloudless and close: hulls stand out."""
    return Sea(SeaConfig(size=900, boats=20, wind_mps=2, seed=8))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("sea") / "scene.tif"
    shares = []
    mask = path.with_name("foam.tif")
    truth = simulate_scene(path, CONFIG, whitecap_mask=mask, threads=2, progress=shares.append)
    return path, mask, truth, shares


@pytest.mark.parametrize(
    "window",
    [
        Window(col_off=0, row_off=0, width=256, height=256),
        Window(col_off=200, row_off=251, width=97, height=300),
        Window(col_off=-50, row_off=-30, width=140, height=61),
        Window(col_off=511, row_off=512, width=1, height=1),
    ],
)
def test_a_window_is_the_crop_of_a_larger_one(sea, around, window):
    crop = Window(
        col_off=window.col_off + 60,
        row_off=window.row_off + 60,
        width=window.width,
        height=window.height,
    )
    expected = around[(slice(None), *crop.slices)]
    np.testing.assert_array_equal(render_window(sea, window), expected)


def test_blocks_join_without_a_seam(around):
    steps = np.abs(np.diff(around[1].astype(float), axis=1)).mean(axis=0)
    for seam in (59, 59 + 256, 59 + 512):
        assert steps[seam] < 1.25 * np.median(steps)


def test_file_holds_the_sea_whatever_the_threads_and_tiles(
    written, around, sea, tmp_path, monkeypatch
):
    path, _, _, shares = written
    with rasterio.open(path) as file:
        assert file.dtypes == ("uint16",) * 4
        assert file.crs.is_projected
        assert file.crs.linear_units == "metre"
        assert file.res == (1.0, 1.0)
        assert file.descriptions == ("red", "green", "blue", "nir")
        assert file.block_shapes[0] == (512, 512)
        pixels = file.read()
    np.testing.assert_array_equal(pixels, around[:, 60:600, 60:600])
    assert shares == sorted(shares)
    assert shares[-1] == 1
    monkeypatch.setattr(scene_module, "TILE", 256)
    monkeypatch.setattr(scene_module, "Sea", lambda config: sea)
    again = tmp_path / "again.tif"
    simulate_scene(again, CONFIG, threads=1)
    with rasterio.open(again) as file:
        np.testing.assert_array_equal(file.read(), pixels)


def test_no_tile_is_larger_than_asked(monkeypatch, sea, tmp_path):
    seen = []

    def blank(self, window):
        seen.append(window.area)
        shape = (window.height, window.width)
        return Rendered(np.zeros((4, *shape), np.uint16), np.zeros(shape, np.float32))

    monkeypatch.setattr(scene_module, "Sea", lambda config: sea)
    monkeypatch.setattr(scene_module, "TILE", 256)
    monkeypatch.setattr(Sea, "render", blank)
    simulate_scene(tmp_path / "scene.tif", CONFIG, threads=2)
    assert len(seen) == 9
    assert max(seen) == 256**2
    assert sum(seen) == 540**2


def test_truth_is_in_the_file(written):
    path, _, truth, _ = written
    with rasterio.open(path) as file:
        bounds, crs = shapely.box(*file.bounds), file.crs
    hulls = pyogrio.read_dataframe(truth_path(path), layer="hulls")
    assert len(hulls) == 8
    assert hulls.crs == crs
    assert hulls.within(bounds).all()
    assert set(hulls["status"]) <= {"underway", "still"}
    assert ((hulls["speed_mps"] > 0) == (hulls["status"] == "underway")).all()
    np.testing.assert_allclose(hulls.area, hulls["length_m"] * hulls["width_m"], rtol=0.01)
    pairs = shapely.STRtree(hulls.geometry).query(hulls.geometry, "intersects")
    assert pairs.shape[1] == 8  # each with itself only
    wakes = pyogrio.read_dataframe(truth_path(path), layer="wakes")
    assert len(wakes) == 2 * (hulls["status"] == "underway").sum() == len(truth.wakes)
    assert set(wakes["boat"]) == set(hulls["boat"][hulls["status"] == "underway"])
    assert wakes.is_valid.all()


def test_heading_points_from_stern_to_bow_on_the_ground(sea):
    truth = truth_of(sea, scene_grid(CONFIG))
    geod = scene_grid(CONFIG).crs.get_geod()
    for vessel, box, heading in zip(
        sea.vessels, truth.hulls.geometry, truth.hulls.fields["heading_deg"], strict=True
    ):
        corners = shapely.get_coordinates(box)[:4]
        bow, stern = corners[:2].mean(axis=0), corners[2:].mean(axis=0)
        to_lonlat = scene_grid(CONFIG)._to_lonlat
        bearing, _, length = geod.inv(*to_lonlat.transform(*stern), *to_lonlat.transform(*bow))
        assert abs((bearing - heading + 180) % 360 - 180) < 0.2
        assert length == pytest.approx(vessel.boat.length_m, rel=1e-3)


def test_hulls_are_where_the_truth_says(still_sea):
    grid = scene_grid(still_sea.config)
    truth = truth_of(still_sea, grid)
    image = render_window(still_sea, Window(col_off=0, row_off=0, width=900, height=900)).astype(
        float
    )
    sea_level = np.median(image, axis=(1, 2))
    spread = np.median(np.abs(image - sea_level[:, None, None]), axis=(1, 2))
    found = []
    for box in truth.hulls.geometry:
        x, y = grid.to_pixel(*shapely.get_coordinates(box).T)
        corners = shapely.Polygon(np.stack([x, y], 1))
        cols, rows = np.meshgrid(np.arange(int(x.min()), int(x.max()) + 1),
                                 np.arange(int(y.min()), int(y.max()) + 1))  # fmt: skip
        inside = shapely.contains_xy(corners.buffer(-0.3), cols + 0.5, rows + 0.5)
        pixels = image[:, rows[inside], cols[inside]]
        contrast = np.abs(pixels - sea_level[:, None]).mean(axis=1) / spread
        found.append(contrast.max() > 6)
    assert np.mean(found) == 1


def test_foam_mask_is_a_percentage(written, sea):
    _, mask, _, _ = written
    with rasterio.open(mask) as file:
        percent = file.read(1)
        assert file.count == 1
    assert percent.max() <= 100
    drawn = sea.render(Window(col_off=0, row_off=0, width=540, height=540)).foam
    np.testing.assert_allclose(percent, 100 * drawn, atol=0.5001)


def test_bands_see_moving_things_at_different_moments(sea):
    """A boat under way shifts between bands, a still one does not."""
    underway = next(v for v in sea.vessels if v.wake is not None)
    still = next(v for v in sea.vessels if v.wake is None)
    moved = [
        np.hypot(*np.subtract(v.boat.moved(1.0), v.boat.moved(0.0))) for v in (underway, still)
    ]
    assert moved[0] == pytest.approx(underway.boat.speed_mps)
    assert moved[1] == 0
    assert len(set(sea.config.times_s)) == 4


def test_no_boats_and_no_wind(tmp_path):
    path = tmp_path / "calm.tif"
    truth = simulate_scene(path, SeaConfig(size=64, boats=0, wind_mps=0, gsd_m=30))
    assert len(truth.hulls) == len(truth.wakes) == 0
    for layer in ("hulls", "wakes"):
        assert len(pyogrio.read_dataframe(truth_path(path), layer=layer)) == 0
    with rasterio.open(path) as file:
        assert (file.width, file.height) == (64, 64)
        assert 0 < np.median(file.read()) < 120


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"size": 0}, "size must be between 1"),
        ({"gsd_m": 0.05}, "gsd must be between 0.1 and 30, got 0.05"),
        ({"wind_mps": 31}, "wind must be between 0 and 30"),
        ({"wind_mps": float("nan")}, "wind"),
        ({"boats": -1}, "boats"),
        ({"clouds": 1.5}, "clouds"),
        ({"bands": 2}, "bands"),
        ({"dtype": "int8"}, "dtype must be uint8 or uint16"),
        ({"band_times_s": (0.0,)}, "band_times_s must hold 3 times"),
    ],
)
def test_nonsense_is_refused(values, says):
    with pytest.raises(OptionError, match=says):
        SeaConfig(**values)


def test_too_many_boats_leave_nothing_behind(tmp_path):
    with pytest.raises(OptionError, match="500 boats do not fit into 60 m x 60 m"):
        simulate_scene(tmp_path / "full.tif", SeaConfig(size=60, boats=500))
    assert not list(tmp_path.iterdir())


def test_failure_while_writing_leaves_nothing_behind(tmp_path, monkeypatch, sea):
    def broken(self, window):
        raise OSError("disk full")

    monkeypatch.setattr(scene_module, "Sea", lambda config: sea)
    monkeypatch.setattr(Sea, "render", broken)
    with pytest.raises(OutputError, match="disk full"):
        simulate_scene(tmp_path / "scene.tif", CONFIG)
    assert not list(tmp_path.iterdir())


def test_unknown_folder_and_odd_names_are_refused(tmp_path, monkeypatch, sea):
    monkeypatch.setattr(scene_module, "Sea", lambda config: sea)
    with pytest.raises(OutputError, match="no such folder"):
        simulate_scene(tmp_path / "nowhere" / "scene.tif", CONFIG)
    with pytest.raises(OptionError, match=r"name it \.tif"):
        simulate_scene(tmp_path / "scene.png", CONFIG)
    with pytest.raises(OptionError, match="cannot be the scene"):
        simulate_scene(tmp_path / "s.tif", CONFIG, whitecap_mask=tmp_path / "s.tif")


def test_command_writes_a_scene(tmp_path):
    app = typer.Typer()
    app.command()(simulate)
    out = tmp_path / "tiny.tif"
    command = ["--out", str(out), "--size", "130", "--boats", "3", "--wind", "4", "--seed", "2"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert "3 boats" in result.stdout
    assert out.exists()
    assert truth_path(out).exists()
