"""What the anchor tells of a scene's sea: its statistics, and its level from place to place."""

from itertools import pairwise, product

import numpy as np
from anchors import RGB, STRIDE, anchor_of, calm_sea, saliency_of

from pdn_geo.geometry import Window
from pdn_geo.saliency.builder import SaliencyBuilder


def test_sea_statistics_are_those_of_pixels_without_boats():
    pixels = calm_sea((800, 800))
    pixels[:, ::200, ::40] = 250
    _, sea = saliency_of(pixels)
    np.testing.assert_allclose(sea.mean, [28, 40, 42], atol=0.3)
    np.testing.assert_allclose(sea.std, 1.5, rtol=0.15)


def test_a_boat_stands_out_alike_from_a_sea_clipped_to_black_and_a_dark_one():
    contrasts = []
    for black in (0, 60):
        pixels = np.maximum(calm_sea((800, 800)) - black, 0)
        pixels[:, :, 700:] = 230
        _, sea = saliency_of(pixels)
        contrasts.append((220 - sea.mean) / sea.std)
    np.testing.assert_allclose(contrasts[0], contrasts[1], rtol=0.3)


def test_silt_is_level_and_not_spread():
    pixels = calm_sea((1024, 1024))
    pixels += np.linspace(0, 60, 1024, dtype=np.float32)
    _, sea = saliency_of(pixels)
    np.testing.assert_allclose(sea.std, 1.5, rtol=0.4)


def test_the_level_of_the_sea_goes_from_place_to_place_and_boats_do_not_move_it():
    pixels = calm_sea((1024, 1024))
    silt = np.float32([30, 20, 10])
    pixels[:, :, 512:] += silt[:, None, None]
    clean = pixels.copy()
    pixels[:, 600:616, 100:160] = 250
    pixels[:, ::40, ::40] = 250
    _, sea = saliency_of(pixels)
    level = sea.level_at(Window(col_off=0, row_off=0, width=1024, height=1024))
    for half, of in ((slice(0, 128), "clear"), (slice(896, 1024), "turbid")):
        expected = clean[:, :, half].mean((1, 2))
        np.testing.assert_allclose(level[:, :, half].mean((1, 2)), expected, atol=2, err_msg=of)
        assert np.ptp(level[:, :, half], axis=(1, 2)).max() < 1


def test_the_level_of_the_sea_does_not_depend_on_tiles():
    pixels = calm_sea((1600, 800)) + np.linspace(0, 40, 1600, dtype=np.float32)[:, None]
    levels = []
    for tops, lefts in (((0,), (0,)), ((0, 100), (0,)), ((0, 40, 83, 150), (0, 37))):
        builder = SaliencyBuilder((1600, 800), STRIDE, RGB, 3.0)
        for (top, end), (left, right) in product(pairwise((*tops, 200)), pairwise((*lefts, 100))):
            core = Window(col_off=left, row_off=top, width=right - left, height=end - top)
            whole = Window(col_off=0, row_off=0, width=100, height=200)
            window = core.expanded(24).intersection(whole)
            rows, cols = (slice(at.start * STRIDE, at.stop * STRIDE) for at in window.slices)
            part = anchor_of(
                pixels[:, rows, cols], core=core, offset=(window.row_off, window.col_off)
            )
            builder.add(part)
        levels.append(builder.finish()[1].level.blocks)
    assert levels[0].shape == (3, 13, 7)
    for other in levels[1:]:
        np.testing.assert_allclose(other, levels[0], atol=0.6)
    assert levels[0][0, -1, 3] - levels[0][0, 0, 3] > 30


def test_where_there_is_no_water_the_level_is_the_scenes():
    pixels = calm_sea((1024, 1024))
    water = np.zeros((128, 128), bool)
    water[:, :40] = True
    pixels[:, :, 320:] = 150
    _, sea = saliency_of(pixels, water=water)
    inland = sea.level_at(Window(col_off=960, row_off=0, width=64, height=1024))
    np.testing.assert_allclose(
        inland, np.broadcast_to(sea.mean[:, None, None], inland.shape), rtol=0.01
    )
