"""Statistics per cell against brute force in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pdn_geo.io.byte_cells import BytePixels
from pdn_geo.io.cells import cell_statistics
from pdn_geo.scene import Pixels


def brute_force(pixels, stride):
    """The plain reading of the definition, cell by cell, in float64."""
    bands, height, width = pixels.values.shape
    rows, cols = -(-height // stride), -(-width // stride)
    statistics, share = np.zeros((4, bands, rows, cols)), np.zeros((rows, cols))
    for row in range(rows):
        for col in range(cols):
            cut = np.s_[row * stride : (row + 1) * stride, col * stride : (col + 1) * stride]
            valid = pixels.valid[cut]
            share[row, col] = valid.sum() / stride**2
            if valid.any():
                cell = pixels.values[(slice(None), *cut)][:, valid].astype(np.float64)
                per_band = cell.mean(axis=1), cell.max(axis=1), cell.min(axis=1), cell.std(axis=1)
                statistics[:, :, row, col] = per_band
    return statistics, share


def random_pixels(seed, bands, height, width, *, share_valid=1.0, mean=60.0, std=10.0):
    rng = np.random.default_rng(seed)
    valid = rng.random((height, width)) < share_valid
    values = np.where(valid, rng.normal(mean, std, (bands, height, width)), 0)
    return Pixels(values.astype(np.float32), valid)


def of_many_windows(most: int, strides: list[int]):
    """Windows of 1 to `most` rows and columns, with any share of them valid."""
    drawn = given(
        seed=st.integers(0, 2**32 - 1),
        height=st.integers(1, most),
        width=st.integers(1, most),
        stride=st.sampled_from(strides),
        share_valid=st.sampled_from([0.0, 0.02, 0.7, 1.0]),
    )
    return lambda test: settings(max_examples=60, deadline=None)(drawn(test))


@of_many_windows(most=40, strides=[2, 8, 16])
def test_cells_equal_brute_force(seed, height, width, stride, share_valid):
    pixels = random_pixels(seed, 2, height, width, share_valid=share_valid)
    block = cell_statistics(pixels, stride)
    statistics, share = brute_force(pixels, stride)
    np.testing.assert_allclose(block.statistics, statistics, rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(block.valid, share.astype(np.float32))


@of_many_windows(most=70, strides=[8, 16, 32])
def test_cells_of_bytes_equal_brute_force(seed, height, width, stride, share_valid):
    rng = np.random.default_rng(seed)
    valid = rng.random((height, width)) < share_valid
    values = np.where(valid, rng.integers(0, 256, (2, height, width)), 0).astype(np.uint8)
    block = cell_statistics(BytePixels(values, valid), stride)
    statistics, share = brute_force(Pixels(values, valid), stride)
    np.testing.assert_allclose(block.statistics, statistics, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(block.valid, share.astype(np.float32))


@pytest.mark.parametrize("stride", [8, 256])
def test_the_largest_cells_of_bytes_do_not_overflow(stride):
    values = np.full((1, stride, 2 * stride), 255, np.uint8)
    values[0, :, :stride:2] = 0
    pixels = BytePixels(values, np.ones(values.shape[1:], bool))
    mean, maximum, minimum, std = cell_statistics(pixels, stride).statistics[:, 0, 0]
    np.testing.assert_array_equal(mean, [127.5, 255])
    np.testing.assert_array_equal(maximum, [255, 255])
    np.testing.assert_array_equal(minimum, [0, 255])
    np.testing.assert_array_equal(std, [127.5, 0])


def test_spread_of_16_bit_data_does_not_cancel():
    pixels = random_pixels(0, 1, 64, 64, mean=60_000, std=10)
    statistics, _ = brute_force(pixels, 8)
    std = cell_statistics(pixels, 8).statistics[3]
    np.testing.assert_allclose(std, statistics[3], rtol=1e-3)


@pytest.mark.parametrize("value", [0.1, 60_000.0, -23.456])
def test_flat_cells_have_no_spread(value):
    values = np.full((1, 32, 32), value, np.float32)
    mean, _, _, std = cell_statistics(Pixels(values, np.ones((32, 32), bool)), 8).statistics
    assert std.max() <= 1e-6 * abs(value)
    np.testing.assert_allclose(mean, np.float32(value), rtol=1e-6)


def test_a_ramp_puts_every_number_in_its_place():
    row, col = np.mgrid[:61, :83]
    values = (100 * row + col)[None].astype(np.float32)
    statistics = cell_statistics(Pixels(values, np.ones((61, 83), bool)), 8).statistics
    assert statistics.shape == (4, 1, 8, 11)
    _, maximum, minimum, _ = statistics[:, 0]
    cell_row, cell_col = np.mgrid[:8, :11]
    np.testing.assert_array_equal(minimum, 800 * cell_row + 8 * cell_col)
    last_row, last_col = np.minimum(8 * cell_row + 7, 60), np.minimum(8 * cell_col + 7, 82)
    np.testing.assert_array_equal(maximum, 100 * last_row + last_col)


def test_a_cell_does_not_depend_on_its_neighbours_nor_on_the_window():
    pixels = random_pixels(1, 3, 96, 4096, share_valid=0.9)
    pixels.valid[:40] = True
    whole = cell_statistics(pixels, 8)
    for row, col, rows, cols in [(0, 0, 8, 8), (32, 16, 24, 1000), (88, 4088, 8, 8)]:
        cut = np.s_[..., row : row + rows, col : col + cols]
        part = cell_statistics(Pixels(pixels.values[cut], pixels.valid[cut]), 8)
        cells = np.s_[..., row // 8 : (row + rows) // 8, col // 8 : (col + cols) // 8]
        assert part.statistics.tobytes() == whole.statistics[cells].tobytes()
        assert part.valid.tobytes() == whole.valid[cells].tobytes()


def test_unflagged_nodata_near_the_largest_float_stays_finite():
    values = np.zeros((1, 16, 16), np.float32)
    values[0, :8] = np.finfo(np.float32).max
    values[0, 8:, :3] = -np.finfo(np.float32).max
    assert np.isfinite(cell_statistics(Pixels(values, np.ones((16, 16), bool)), 8).statistics).all()
