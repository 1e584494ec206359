"""The water mask on scenes whose water is known."""

import numpy as np
import pytest
from scipy import ndimage

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.geometry import Window
from pdn_geo.saliency.water import water_probability

STRIDE = 8


def anchor_of(pixels) -> GlobalAnchor:
    """Brute-force reduction of (bands, rows, cols), sides a multiple of the stride."""
    bands, height, width = pixels.shape
    rows, cols = height // STRIDE, width // STRIDE
    cells = pixels.reshape(bands, rows, STRIDE, cols, STRIDE).astype(np.float32)
    valid = np.isfinite(cells[0]).mean(axis=(1, 3)).astype(np.float32)
    cells = np.nan_to_num(cells)
    window = Window(col_off=0, row_off=0, width=cols, height=rows)
    return GlobalAnchor(
        stride=STRIDE,
        window=window,
        core=window,
        mean=cells.mean(axis=(2, 4)),
        max=cells.max(axis=(2, 4)),
        min=cells.min(axis=(2, 4)),
        std=cells.std(axis=(2, 4)),
        valid=valid,
    )


def sea(rng, shape, level=40.0, noise=2.0):
    """Bluish, (red, green, blue)."""
    swell = ndimage.gaussian_filter(rng.normal(size=shape), 3)
    swell *= noise / swell.std()
    colour = np.array([0.7, 1.0, 1.05])[:, None, None]
    return colour * (level + swell) + rng.normal(0, noise / 2, (3, *shape))


def town(rng, shape):
    """Bright blocks of 12 px and roofs, reddish."""
    blocks = rng.uniform(40, 220, (shape[0] // 12 + 1, shape[1] // 12 + 1))
    blocks = np.kron(blocks, np.ones((12, 12)))[: shape[0], : shape[1]]
    colour = np.array([1.1, 1.0, 0.9])[:, None, None]
    return colour * blocks + rng.normal(0, 15, (3, *shape))


@pytest.fixture
def coast():
    rng = np.random.default_rng(0)
    pixels = sea(rng, (800, 1600))
    pixels[:, :, 1000:] = town(rng, (800, 600))
    return pixels


RGB = ("red", "green", "blue")


def test_coast_without_infrared(coast):
    water = water_probability(anchor_of(coast), RGB, 3.0)
    assert water.dtype == np.float32
    assert water[:, :120].min() > 0.5
    assert np.mean(water[:, 130:] > 0.5) < 0.02


def test_one_band_is_enough(coast):
    water = water_probability(anchor_of(coast[:1]), ("gray",), float("nan"))
    assert np.mean(water[:, :120] > 0.5) > 0.99
    assert np.mean(water[:, 130:] > 0.5) < 0.05


def test_a_linear_change_of_units_changes_little(coast):
    a = water_probability(anchor_of(coast), RGB, 3.0)
    b = water_probability(anchor_of(coast * 257), RGB, 3.0)
    np.testing.assert_allclose(a, b, atol=1e-3)


def test_ships_at_sea_are_water_and_big_islands_are_not(coast):
    coast[:, 200:210, 200:260] = 230
    coast[:, 400:600, 400:600] = town(np.random.default_rng(1), (200, 200))
    water = water_probability(anchor_of(coast), RGB, 3.0)
    assert water[24:27, 24:34].min() > 0.5
    assert water[55:70, 55:70].max() < 0.5


def test_infrared_decides_where_the_look_does_not():
    """A dark smooth forest and bright turbid water: only the bands tell."""
    rng = np.random.default_rng(0)
    pixels = np.empty((5, 480, 960))
    bands = ("blue", "green", "red", "nir", "swir")
    pixels[:] = np.array([60, 70, 60, 25, 10])[:, None, None]
    pixels[:, :, 480:] = np.array([15, 20, 12, 120, 50])[:, None, None]
    pixels += rng.normal(0, 1, pixels.shape)
    water = water_probability(anchor_of(pixels), bands, 10.0)
    assert water[:, :58].min() > 0.9
    assert water[:, 62:].max() < 0.1


@pytest.mark.parametrize("noise", [1.0, 10.0])
def test_open_sea_is_never_lost(noise):
    """Calm is water; a sea as rough as land may be in doubt, but stays worth a search."""
    rng = np.random.default_rng(0)
    water = water_probability(anchor_of(sea(rng, (800, 800), noise=noise)), RGB, 1.0)
    assert np.mean(water >= 0.5) > 0.95


def test_town_without_water():
    rng = np.random.default_rng(0)
    water = water_probability(anchor_of(town(rng, (800, 800))), RGB, 1.0)
    assert np.mean(water > 0.5) < 0.01


def test_nodata_is_not_water(coast):
    coast[:, :400] = np.nan
    water = water_probability(anchor_of(coast), RGB, 3.0)
    assert water[:50].max() == 0
    assert water[52:, :118].min() > 0.5
    coast[:] = np.nan
    assert water_probability(anchor_of(coast), RGB, 3.0).max() == 0


@pytest.mark.parametrize("value", [0.0, 17.0])
def test_a_constant_scene_does_not_break(value):
    water = water_probability(anchor_of(np.full((3, 160, 160), value)), RGB, 3.0)
    assert np.isfinite(water).all()


def test_decibels():
    rng = np.random.default_rng(0)
    pixels = rng.normal(-22, 1.0, (1, 800, 1600))
    pixels[:, :, 800:] = rng.normal(-8, 3.0, (1, 800, 800))
    water = water_probability(anchor_of(pixels), ("vv",), 10.0)
    assert np.median(water[:, :98]) >= 0.5
    assert np.median(water[:, :98]) > np.median(water[:, 102:])
