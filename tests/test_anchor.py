"""The global anchor of a scene: its plan and one streaming pass."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasters import write

from pdn_geo.errors import BlockReadError, OptionError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.io import anchor as anchor_module
from pdn_geo.io import open_scene, sweep
from pdn_geo.io.anchor import HALO, AnchorReader, plan_anchor
from pdn_geo.io.cells import cell_statistics
from pdn_geo.testing import FakeScene


@pytest.fixture
def small_tiles(monkeypatch):
    """Anchor tiles of few rows and reads of few pixels, so that a small scene has many."""
    monkeypatch.setattr(anchor_module, "_CELLS_IN_TILE", 1)
    monkeypatch.setattr(anchor_module, "_SMALLEST_CORE", 5)
    monkeypatch.setattr(sweep, "_VALUES_IN_FLIGHT", 2**14)
    monkeypatch.setattr(sweep, "_SMALLEST_UNIT", 2**12)


def noisy_scene(height=613, width=171, *, block_shape=(64, 64), cls=FakeScene, bands=2):
    rng = np.random.default_rng(0)
    values = rng.normal(50, 9, (bands, height, width))
    valid = rng.random((height, width)) < 0.95
    valid[:100, :100] = True
    valid[200:300] = False
    return cls(values, valid=valid, block_shape=block_shape)


def read_anchors(scene, **options):
    plan = plan_anchor(scene.grid, bands=len(scene.band_names))
    reader = AnchorReader(scene, plan, **options)
    return list(reader), reader


def joined(anchors):
    """(mean, max, min, std, valid) of the cores, put together."""
    parts = []
    for anchor in anchors:
        top = anchor.core.row_off - anchor.window.row_off
        rows = slice(top, top + anchor.core.height)
        arrays = (anchor.mean, anchor.max, anchor.min, anchor.std, anchor.valid[None])
        parts.append(np.concatenate([array[:, rows] for array in arrays]))
    return np.concatenate(parts, axis=1)


def whole(scene, stride=8):
    """The same from one read of everything."""
    grid = scene.grid
    everything = Window(col_off=0, row_off=0, width=grid.width, height=grid.height)
    block = cell_statistics(scene.read(everything), stride)
    return np.concatenate([*block.statistics, block.valid[None]])


@given(height=st.integers(1, 200_000), width=st.integers(1, 200_000), bands=st.integers(1, 13))
@settings(max_examples=200, deadline=None)
def test_tiles_partition_the_cells_and_stay_small(height, width, bands):
    plan = plan_anchor(PixelGrid(height=height, width=width), bands=bands)
    assert plan.height == -(-height // plan.stride)
    assert plan.width == -(-width // plan.stride)
    assert plan.height * plan.width <= 2**25
    assert plan.stride == 8 or -(-height // plan.stride * 2) * -(-width // plan.stride * 2) > 2**25
    next_row = 0
    for tile in plan.tiles:
        assert (tile.core.col_off, tile.core.width) == (0, plan.width)
        assert tile.core.row_off == next_row
        next_row = tile.core.row_end
        assert tile.window.row_off == max(tile.core.row_off - HALO, 0)
        assert tile.window.row_end == min(tile.core.row_end + HALO, plan.height)
        is_bounded = tile.window.area * (16 * bands + 4) <= 150_000_000
        assert is_bounded or tile.core.height <= 64
    assert next_row == plan.height


def test_usual_sizes():
    assert len(plan_anchor(PixelGrid(height=10240, width=10240), bands=3).tiles) == 1
    huge = plan_anchor(PixelGrid(height=40960, width=40960), bands=3)
    assert huge.stride == 8
    assert len(huge.tiles) > 8
    assert plan_anchor(PixelGrid(height=100_000, width=100_000), bands=3).stride == 32


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (8, 8), (9, 1000), (61, 83)])
def test_small_and_odd_scenes(shape):
    scene = FakeScene(np.random.default_rng(0).normal(9, 2, (3, *shape)))
    anchors, _ = read_anchors(scene)
    np.testing.assert_array_equal(joined(anchors), whole(scene))


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("block_shape", [(1, 171), (3, 171), (64, 64), (50, 50), (613, 171)])
@pytest.mark.parametrize("threads", [1, 3])
def test_tiled_reading_equals_one_read(block_shape, threads):
    scene = noisy_scene(block_shape=block_shape)
    anchors, reader = read_anchors(scene, threads=threads)
    assert len(anchors) > 5
    expected = whole(scene)
    assert joined(anchors).tobytes() == expected.tobytes()
    for anchor in anchors:  # the halo too
        rows = slice(anchor.window.row_off, anchor.window.row_end)
        np.testing.assert_array_equal(anchor.mean, expected[:2, rows])
        np.testing.assert_array_equal(anchor.valid, expected[-1, rows])
    assert (reader.failed, reader.source_used, reader.note) == ([], "pixels", "")


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("block_shape", [(1, 171), (64, 64), (50, 50), (613, 171)])
def test_every_pixel_is_read_once(block_shape):
    scene = noisy_scene(block_shape=block_shape)
    read_anchors(scene, threads=2)
    times = np.zeros((613, 171), int)
    for window in scene.reads:
        times[window.slices] += 1
    assert (times == 1).all()


@pytest.mark.usefixtures("small_tiles")
def test_a_consumer_may_change_its_tiles():
    scene = noisy_scene()
    plan = plan_anchor(scene.grid, bands=2)
    expected = joined(read_anchors(scene)[0])
    kept = []
    for anchor in AnchorReader(scene, plan):
        kept.append(joined([anchor]))
        for array in (anchor.mean, anchor.max, anchor.min, anchor.std, anchor.valid):
            array[:] = -1
    np.testing.assert_array_equal(np.concatenate(kept, axis=1), expected)


@pytest.mark.usefixtures("small_tiles")
def test_progress_counts_all_pixels():
    scene, seen = noisy_scene(), []
    read_anchors(scene, progress=lambda done, total: seen.append((done, total)))
    done, totals = zip(*seen, strict=True)
    assert set(totals) == {613 * 171}
    assert done[-1] == 613 * 171
    assert list(done) == sorted(done)


def test_stopping_early_stops_the_reading(small_tiles):
    scene = noisy_scene()
    reader = AnchorReader(scene, plan_anchor(scene.grid, bands=2), threads=1)
    anchors = iter(reader)
    next(anchors)
    anchors.close()
    so_far = len(scene.reads)
    whole(scene)
    assert 0 < so_far < len(scene.reads)


class BrokenScene(FakeScene):
    """Cannot decode the native block that holds pixel (column 70, row 130)."""

    def read(self, window):
        height, width = self.block_shape
        block = Window(
            col_off=70 // width * width, row_off=130 // height * height, width=width, height=height
        )
        if block.intersection(window):
            raise BlockReadError(self.name, window, "corrupt")
        return super().read(window)


def test_a_broken_block_is_an_error():
    with pytest.raises(BlockReadError, match=r"fake scene: cannot read columns .*: corrupt"):
        read_anchors(noisy_scene(cls=BrokenScene))


@pytest.mark.parametrize("block_shape", [(64, 64), (3, 171), (1, 171), (50, 50)])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_broken_block_can_be_skipped(small_tiles, block_shape, threads):
    scene = noisy_scene(block_shape=block_shape, cls=BrokenScene)
    anchors, reader = read_anchors(scene, on_error="skip", threads=threads)
    height, width = block_shape
    lost = np.zeros((613, 171), bool)
    for window in reader.failed:
        lost[window.slices] = True
    expected = np.zeros_like(lost)
    top, left = 130 // height * height, 70 // width * width
    expected[top : top + height, left : left + width] = True
    np.testing.assert_array_equal(lost, expected)
    sound = noisy_scene()
    masked = FakeScene(sound._values, valid=sound._valid & ~expected)
    np.testing.assert_array_equal(joined(anchors), whole(masked))


def test_a_scene_that_is_all_broken_has_no_valid_cell():
    scene = noisy_scene(block_shape=(613, 171), cls=BrokenScene)
    anchors, reader = read_anchors(scene, on_error="skip")
    assert not joined(anchors).any()
    assert sum(window.area for window in reader.failed) == 613 * 171


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("on_error", ["fail", "skip"])
def test_bytes_have_the_anchor_of_their_floats(tmp_path, on_error):
    rng = np.random.default_rng(0)
    values = rng.integers(1, 256, (2, 613, 171)).astype(np.uint8)
    values[:, 200:300, 30:] = 0
    path = write(tmp_path / "scene.tif", values, nodata=0, blockysize=3)
    with open_scene(path) as scene:
        anchors, _ = read_anchors(scene, threads=2, on_error=on_error)
        expected = whole(scene)
    np.testing.assert_allclose(joined(anchors), expected, rtol=1e-5, atol=1e-6)


def test_threads_must_be_positive():
    with pytest.raises(OptionError, match="threads must be at least 1, got 0"):
        read_anchors(noisy_scene(), threads=0)


@given(
    height=st.integers(1, 3000),
    width=st.integers(1, 3000),
    block=st.tuples(st.integers(1, 700), st.integers(1, 3000)),
    stride=st.sampled_from([8, 16, 64]),
    limit=st.integers(1, 2**20),
)
@settings(max_examples=100, deadline=None)
def test_units_tile_the_scene_on_cells(height, width, block, stride, limit):
    grid = PixelGrid(height=height, width=width)
    units = list(sweep.plan_units(grid, block, stride=stride, limit=limit))
    pieces = [p for u in units for p in sweep.split_unit(u, stride=stride, limit=limit)]
    for windows in (units, pieces):
        assert sum(w.area for w in windows) == height * width
        assert len({(w.row_off, w.col_off) for w in windows}) == len(windows)
        assert all(w.row_off % stride == 0 and w.col_off % stride == 0 for w in windows)
        assert all(w.row_end <= height and w.col_end <= width for w in windows)
    assert all(p.area <= max(limit, stride**2) for p in pieces)
    assert [u.row_off for u in units] == sorted(u.row_off for u in units)
