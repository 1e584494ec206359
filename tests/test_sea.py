import numpy as np
import pytest

from pdn_geo.geometry import Window
from pdn_geo.sea import SeaLevel, SeaStatistics


def test_pooled_weighs_parts_by_their_water_and_takes_another_level_for_no_spread() -> None:
    parts = [SeaStatistics(np.float32([10]), np.float32([2])),
             SeaStatistics(np.float32([14]), np.float32([4]))]  # fmt: skip
    pooled = SeaStatistics.pooled(parts, [3000, 1000])
    assert pooled.mean[0] == pytest.approx(11)
    assert pooled.std[0] == pytest.approx(np.sqrt((3 * 4 + 16) / 4))


def test_pooled_reaches_from_the_darkest_to_the_brightest_of_the_parts_that_know() -> None:
    known = [np.float32([[low], [high]]) for low, high in ((5, 90), (8, 250))]
    parts = [SeaStatistics(np.float32([10]), np.float32([2]), extremes=e) for e in (*known, None)]
    np.testing.assert_array_equal(SeaStatistics.pooled(parts, [1, 0, 0]).extremes, [[5], [250]])
    assert SeaStatistics.pooled(parts[2:], [1]).extremes is None


@pytest.mark.parametrize(
    ("std", "kept"), [(0.01, 200 / 32), (9.0, 9.0), (90.0, 200 / 4)], ids=["black", "sea", "marina"]
)
@pytest.mark.parametrize(
    ("gain", "offset"), [(1, 0), (0.01, -3), (300, 20), (-1, 255)],
    ids=["bytes", "share", "counts", "bright water"],
)  # fmt: skip
def test_spread_is_kept_between_shares_of_the_scenes_range_in_any_unit(
    std: float, kept: float, gain: float, offset: float
) -> None:
    darkest, mean, brightest = (np.float32([v * gain + offset]) for v in (10, 20, 220))
    extremes = np.sort([darkest, brightest], axis=0)
    sea = SeaStatistics(mean, np.float32([std * abs(gain)]), extremes=extremes).in_proportion()
    np.testing.assert_allclose(sea.std, kept * abs(gain), rtol=1e-5)


def test_where_no_range_is_known_spread_stays_and_a_flat_scene_has_a_share_of_its_level() -> None:
    plain = SeaStatistics(np.float32([40]), np.float32([3]))
    assert plain.in_proportion().std == [3]
    flat = SeaStatistics(np.float32([40]), np.float32([1e-6]), extremes=np.float32([[40], [40]]))
    np.testing.assert_allclose(flat.in_proportion().std, 0.04)


def test_zero_spread_is_refused() -> None:
    with pytest.raises(ValueError, match="std must be positive"):
        SeaStatistics(np.zeros(2, np.float32), np.zeros(2, np.float32))


def test_level_is_linear_between_centres_of_blocks_and_constant_beyond() -> None:
    blocks = np.float32([[[0, 10], [20, 30], [40, 50]]])
    level = SeaLevel(blocks, block_px=8)
    whole = level.at(Window(col_off=0, row_off=0, width=16, height=24))
    assert whole.shape == (1, 24, 16)
    assert (whole[0, :4, :4] == 0).all()
    assert (whole[0, 20:, 12:] == 50).all()
    rows, cols = (
        np.clip((np.arange(size) + 0.5) / 8 - 0.5, 0, last) for size, last in ((24, 2), (16, 1))
    )
    np.testing.assert_allclose(whole[0], 20 * rows[:, None] + 10 * cols, atol=1e-4)


def test_level_of_a_window_is_that_part_of_the_scenes() -> None:
    blocks = np.random.default_rng(0).random((2, 9, 7), np.float32)
    level = SeaLevel(blocks, block_px=16)
    whole = level.at(Window(col_off=0, row_off=0, width=110, height=140))
    part = Window(col_off=37, row_off=91, width=40, height=25)
    np.testing.assert_allclose(level.at(part), whole[:, *part.slices], atol=1e-6)


def test_without_blocks_the_level_is_the_mean_everywhere() -> None:
    sea = SeaStatistics(np.float32([3, 4]), np.float32([1, 1]))
    window = Window(col_off=5, row_off=5, width=3, height=2)
    np.testing.assert_array_equal(sea.level_at(window).ravel(), [3, 4])
