"""Stored overviews as the anchor's source: taken when honest, refused when not."""

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling

from pdn_geo.errors import BlockReadError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.io.anchor import AnchorReader, plan_anchor
from pdn_geo.io.overviews import check_overview, choose_overviews
from pdn_geo.io.scene import open_scene
from pdn_geo.scene import Pixels
from pdn_geo.testing import FakeScene

SIZE = 512


def sea(dtype="uint8", height=SIZE, width=SIZE, noise=8.0):
    rng = np.random.default_rng(0)
    values = 90 + 20 * np.sin(np.arange(width) / 70) + rng.normal(0, noise, (2, height, width))
    return values.clip(0, 255).astype(dtype)


def block_means(values, factor):
    """(bands, rows, cols) reduced by plain means, the last of them over what is there."""
    pad = [(0, 0), *((0, -size % factor) for size in values.shape[1:])]
    padded = np.pad(values.astype(np.float64), pad, constant_values=np.nan)
    bands, height, width = padded.shape
    blocks = padded.reshape(bands, height // factor, factor, width // factor, factor)
    return np.nanmean(blocks, axis=(2, 4))


class SceneWithOverviews(FakeScene):
    """Overviews are arrays by factor; None is one that cannot be decoded."""

    def __init__(self, values, overviews, **options):
        super().__init__(values, **options)
        self._overviews = overviews

    @property
    def overview_factors(self):
        return sorted(self._overviews)

    def read_decimated(self, window, factor):
        if self._overviews[factor] is None:
            raise BlockReadError(self.name, window, "corrupt overview")
        row, col = window.row_off // factor, window.col_off // factor
        height, width = -(-window.height // factor), -(-window.width // factor)
        values = self._overviews[factor][:, row : row + height, col : col + width]
        valid = np.isfinite(values).all(axis=0)
        return Pixels(np.where(valid, values, 0).astype(np.float32), valid)


def anchor_of(scene, source="overviews"):
    plan = plan_anchor(scene.grid, bands=len(scene.band_names))
    reader = AnchorReader(scene, plan, source=source)
    (anchor,) = reader
    return anchor, reader


@pytest.mark.parametrize("shape", [(SIZE, SIZE), (501, 307)])
def test_the_finest_honest_overview_gives_the_anchor(shape):
    values = sea("float32", *shape)
    scene = SceneWithOverviews(values, {f: block_means(values, f) for f in (2, 4, 8)})
    anchor, reader = anchor_of(scene)
    pixels, _ = anchor_of(scene, "pixels")
    assert reader.source_used == "overviews"
    assert reader.note == "read from stored overviews, 1/2: single bright pixels are damped."
    whole = np.s_[:, : shape[0] // 8, : shape[1] // 8]
    np.testing.assert_allclose(anchor.mean[whole], pixels.mean[whole], rtol=1e-5)
    assert (anchor.max <= pixels.max + 1e-3).all()
    assert (anchor.min >= pixels.min - 1e-3).all()
    assert (anchor.std[whole] < pixels.std[whole]).all()
    np.testing.assert_allclose(anchor.valid, pixels.valid, atol=1e-6)
    assert sum(w.area for w in scene.reads[:25]) <= 25 * 64**2  # only the samples


def test_one_pixel_a_cell_is_said():
    values = sea("float32")
    anchor, reader = anchor_of(SceneWithOverviews(values, {8: block_means(values, 8)}))
    assert reader.source_used == "overviews"
    assert "no spread" in reader.note
    assert not anchor.std.any()


@pytest.mark.parametrize(
    ("overviews", "words"),
    [
        ({}, "has no stored overviews"),
        ({3: sea()[:, ::3, ::3], 16: sea()[:, ::16, ::16]}, "fits cells of 8 pixels"),
        ({2: sea()[:, ::2, ::2]}, "do not hold averages"),
        ({4: sea()[:, 1::4, 2::4]}, "do not hold averages"),
        ({2: np.zeros((2, 256, 256))}, "do not match its pixels"),
        ({2: np.full((2, 256, 256), np.nan)}, "do not match its pixels"),
        ({2: block_means(sea(), 2)[:, ::-1]}, "do not hold averages|do not match"),
        ({2: None}, "do not match its pixels or cannot be read"),
    ],
)
def test_other_overviews_do_not_win(overviews, words):
    scene = SceneWithOverviews(sea(), overviews)
    anchor, reader = anchor_of(scene)
    assert reader.source_used == "pixels"
    assert reader.note.endswith("its pixels were read instead.")
    assert any(word in reader.note for word in words.split("|"))
    np.testing.assert_array_equal(anchor.max, anchor_of(scene, "pixels")[0].max)


@pytest.mark.parametrize(
    ("gsd_m", "overviews", "source", "words"),
    [
        (1.0, {2: block_means(sea("float32"), 2)}, "overviews", "read from stored overviews, 1/2"),
        (3.0, {2: block_means(sea("float32"), 2)}, "pixels", "1/2 is 6 m"),
        (0.5, {8: block_means(sea("float32"), 8)}, "pixels", "1/8 is 4 m"),
        (np.nan, {2: block_means(sea("float32"), 2)}, "pixels", "1/2 is of unknown size"),
        (1.0, {2: sea("float32")[:, ::2, ::2]}, "pixels", "do not hold averages"),
        (1.0, {}, "pixels", "has no stored overviews"),
    ],
)
def test_auto_takes_them_where_small_boats_show(gsd_m, overviews, source, words):
    grid = PixelGrid(height=SIZE, width=SIZE, assumed_gsd_m=None if np.isnan(gsd_m) else gsd_m)
    _, reader = anchor_of(SceneWithOverviews(sea("float32"), overviews, grid=grid), "auto")
    assert reader.source_used == source
    assert words in reader.note


def test_an_overview_that_is_half_empty_is_broken():
    half = block_means(sea(), 2)
    half[:, 128:] = 0
    assert check_overview(SceneWithOverviews(sea(), {2: half}), 2) == "broken"


def test_reflectance_is_judged_on_its_own_scale():
    values = sea("float32") / 10_000
    assert check_overview(SceneWithOverviews(values, {2: values[:, ::2, ::2]}), 2) == "not averaged"
    assert check_overview(SceneWithOverviews(values, {2: block_means(values, 2)}), 2) == "averaged"


def test_a_scene_without_valid_pixels_cannot_be_checked():
    scene = SceneWithOverviews(np.full((2, SIZE, SIZE), np.nan), {2: np.zeros((2, 256, 256))})
    source, note = choose_overviews(scene, stride=8)
    assert source is None
    assert "no valid pixels" in note


def test_one_broken_overview_block_falls_back_to_its_pixels():
    class Torn(SceneWithOverviews):
        armed = False

        def read_decimated(self, window, factor):
            if self.armed:
                raise BlockReadError(self.name, window, "corrupt")
            return super().read_decimated(window, factor)

    values = sea("float32")
    scene = Torn(values, {2: block_means(values, 2)})
    reader = AnchorReader(scene, plan_anchor(scene.grid, bands=2), source="overviews")
    scene.armed = True
    (anchor,) = reader
    np.testing.assert_array_equal(anchor.max, anchor_of(scene, "pixels")[0].max)


@pytest.fixture
def file_with_overviews(tmp_path):
    def make(resampling, dtype="uint8", noise=8.0):
        path = tmp_path / "scene.tif"
        profile = {"driver": "GTiff", "width": SIZE, "height": SIZE, "count": 2, "dtype": dtype}
        with rasterio.open(path, "w", **profile, tiled=True, blockxsize=256, blockysize=256) as out:
            out.write(sea(dtype, noise=noise))
        with rasterio.open(path, "r+") as out:
            out.build_overviews([2, 4, 8], resampling)
        return path

    return make


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("noise", [2.0, 20.0])
@pytest.mark.parametrize("kind", ["average", "gauss", "bilinear", "cubic", "lanczos", "nearest"])
def test_overviews_as_gdal_makes_them(file_with_overviews, kind, dtype, noise):
    path = file_with_overviews(Resampling[kind], dtype, noise)
    expected = "not averaged" if kind == "nearest" else "averaged"
    with open_scene(path) as scene:
        assert scene.overview_factors == [2, 4, 8]
        assert check_overview(scene, 2) == expected
        assert check_overview(scene, 4) == expected


def test_samples_stay_inside_the_smallest_scenes():
    values = sea("float32", 5, 3)
    scene = SceneWithOverviews(values, {2: block_means(values, 2)}, block_shape=(1, 3))
    assert check_overview(scene, 2) == "averaged"
    inside = Window(col_off=0, row_off=0, width=3, height=5)
    assert all(window.intersection(inside) == window for window in scene.reads)
