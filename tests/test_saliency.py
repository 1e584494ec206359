"""Priors, calibration and the map that they make."""

import time
from dataclasses import replace

import numpy as np
import pytest
from anchors import RGB, STRIDE, all_water, anchor_of, calm_sea, saliency_of

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.geometry import Window
from pdn_geo.saliency.builder import DEFAULT_PRIORS, SWEEP, SaliencyBuilder
from pdn_geo.saliency.ca_cfar import CaCfar
from pdn_geo.saliency.calibration import SeaLaw
from pdn_geo.saliency.map import SaliencyMap
from pdn_geo.saliency.memory_bank import MemoryBank
from pdn_geo.saliency.prior import SeaView, view_sea
from pdn_geo.saliency.rx import Rx


@pytest.mark.parametrize("prior", DEFAULT_PRIORS, ids=lambda prior: prior.name)
def test_scores_are_in_spreads_of_the_sea(prior):
    pixels = calm_sea((800, 800))
    score = prior.score(view_sea(anchor_of(pixels), all_water(pixels)))
    assert score.shape == (100, 100)
    assert score.dtype == np.float32
    assert abs(np.median(score)) < 0.05
    low, high = np.percentile(score, (25, 75))
    assert (high - low) / 1.349 == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "prior", [CaCfar("bright"), Rx(), MemoryBank()], ids=lambda prior: prior.name
)
def test_a_boat_stands_out_beside_a_large_ship(prior):
    pixels = calm_sea((800, 800))
    pixels[:, 300:330, 300:420] = 220
    pixels[:, 500:503, 100:104] = 90
    pixels[:, 300:303, 480:484] = 90
    score = prior.score(view_sea(anchor_of(pixels), all_water(pixels)))
    quiet = np.percentile(score, 98)
    assert score[62, 12:14].max() > 2 * quiet
    assert score[37, 60] > 2 * quiet


def test_dark_cfar_finds_a_dark_hull():
    pixels = calm_sea((800, 800))
    pixels[:, 400:406, 400:406] = 5
    view = view_sea(anchor_of(pixels), all_water(pixels))
    assert np.unravel_index(CaCfar("dark").score(view).argmax(), (100, 100)) == (50, 50)
    assert CaCfar("bright").score(view)[50, 50] < 4


@pytest.mark.parametrize(
    ("draw", "expected"),
    [
        (lambda rng, n: rng.normal(size=n), 0.00135),
        (lambda rng, n: rng.exponential(size=n), 0.0117),
    ],
    ids=["gaussian", "exponential"],
)
def test_cfar_false_alarm_rate(draw, expected):
    """P(score > 3 spreads) on pure noise, where a spread is that of the quartiles.

    Gaussian: 1 - Phi(3). Exponential: the median is ln 2 and the quartiles ln 3 apart, so
    three spreads end at ln 2 + 3 ln 3 / 1.349 and the tail beyond is 0.0434; dividing by
    the ring's deviation changes neither. Clipping the ring at four spreads is small.
    """
    rng = np.random.default_rng(0)
    noise = draw(rng, (400, 400)).astype(np.float32)
    if expected > 0.01:
        expected = np.exp(-(np.log(2) + 3 * np.log(3) / 1.349))
    view = SeaView(np.stack([noise] * 4), np.ones(noise.shape, bool), np.ones(1, np.float32))
    rate = np.mean(CaCfar("bright").score(view) > 3)
    assert rate == pytest.approx(expected, rel=0.25)


def test_cfar_adapts_to_a_rough_patch():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(200, 200)).astype(np.float32)
    noise[:, 100:] *= 4
    view = SeaView(np.stack([noise] * 4), np.ones(noise.shape, bool), np.ones(1, np.float32))
    score = CaCfar("bright").score(view)
    assert np.mean(score[:, 120:] > 4) < 0.003


@pytest.mark.parametrize("shape", [1.0, 2.0], ids=["exponential", "gaussian-like"])
def test_pure_noise_has_next_to_no_anomalies(shape):
    rng = np.random.default_rng(0)
    scores = (rng.weibull(shape, 200_000)).astype(np.float32)
    anomalous = SeaLaw.fit(scores).probability(scores)
    assert anomalous.sum() < 5
    scores[:50] = 30
    anomalous = SeaLaw.fit(scores).probability(scores)
    assert anomalous[:50].min() > 0.9
    assert anomalous[50:].sum() < 5


def test_expectation_is_near_the_count():
    """No boats: next to none expected. Twelve: twelve within a factor of three."""
    pixels = calm_sea((1600, 1600))
    empty, _ = saliency_of(pixels)
    assert empty.expected_boats.sum() < 1
    rng = np.random.default_rng(5)
    for row, col in rng.integers(50, 1550, (12, 2)):
        pixels[:, row : row + 4, col : col + 12] = 160
    full, _ = saliency_of(pixels)
    assert 4 < full.expected_boats.sum() < 36


def test_the_highest_of_ordinary_cells_still_come_first():
    """Nothing is beyond chance in noise, yet the order of the cells must not be lost."""
    saliency, _ = saliency_of(calm_sea((800, 800), seed=7))
    best = np.sort(saliency.expected_boats, axis=None)[-10:]
    assert best.min() > 100 * np.median(saliency.expected_boats)
    assert np.ptp(best) > 0


def test_a_ship_of_many_cells_counts_about_once():
    pixels = calm_sea((1600, 1600))
    pixels[:, 800:815, 800:900] = 200  # 300 m x 45 m
    saliency, _ = saliency_of(pixels)
    around = saliency.expected_boats[95:107, 95:118]
    assert 0.3 < around.sum() < 3
    assert around.sum() > 0.5 * saliency.expected_boats.sum()


def test_reasons_are_words_that_fit():
    pixels = calm_sea((1600, 1600))
    pixels[:, 400:406, 400:406] = 200
    saliency, _ = saliency_of(pixels)
    row, col = np.unravel_index(saliency.expected_boats.argmax(), saliency.expected_boats.shape)
    assert (row, col) == (50, 50)
    assert saliency.reasons[saliency.reason[50, 50]] != SWEEP
    assert saliency.reasons[saliency.reason[150, 150]] == SWEEP
    assert (saliency.expected_boats > 0).all()


def test_only_what_is_valid_and_allowed_is_searchable():
    pixels = calm_sea((803, 405))
    pixels[:, :80] = np.nan
    allowed = np.ones((101, 51), bool)
    allowed[:, :10] = False
    saliency, _ = saliency_of(pixels, allowed=allowed)
    assert not saliency.searchable[:10].any()
    assert not saliency.searchable[:, :10].any()
    assert saliency.searchable[10:, 10:].all()
    assert (saliency.expected_boats[~saliency.searchable] == 0).all()
    assert (saliency.expected_boats[saliency.searchable] > 0).all()


def test_a_given_water_mask_wins():
    pixels = calm_sea((800, 800))
    water = np.zeros((100, 100), bool)
    water[:, :50] = True
    saliency, _ = saliency_of(pixels, water=water)
    np.testing.assert_array_equal(saliency.water, water)
    assert saliency.expected_boats[:, 60:].sum() == 0


def test_tiles_fill_the_scene_with_their_cores():
    pixels = calm_sea((1600, 800))
    builder = SaliencyBuilder((1600, 800), STRIDE, RGB, 3.0)
    for top, window_top, window_end in ((0, 0, 120), (100, 80, 200)):
        core = Window(col_off=0, row_off=top, width=100, height=100)
        part = pixels[:, window_top * STRIDE : window_end * STRIDE]
        builder.add(anchor_of(part, core=core, offset=(window_top, 0)))
    saliency, sea = builder.finish()
    assert saliency.searchable.all()
    np.testing.assert_allclose(sea.mean, [28, 40, 42], atol=0.2)


def test_threads_do_not_matter():
    pixels = calm_sea((800, 800))
    pixels[:, 300:330, 300:420] = 220
    pixels[:, 500:503, 100:104] = 90
    maps = []
    for threads in (1, 2):
        builder = SaliencyBuilder((800, 800), STRIDE, RGB, 3.0, threads=threads)
        builder.add(anchor_of(pixels))
        maps.append(builder.finish()[0])
    for name in ("expected_boats", "water", "reason"):
        assert getattr(maps[0], name).tobytes() == getattr(maps[1], name).tobytes()


@pytest.mark.parametrize("fill", [np.nan, 0.0], ids=["nodata", "constant"])
def test_empty_scenes(fill):
    saliency, sea = saliency_of(np.full((3, 100, 90), fill, np.float32))
    assert np.isfinite(saliency.expected_boats).all()
    assert saliency.searchable.any() == (fill == 0.0)
    assert np.isfinite(sea.mean).all()


def test_one_pixel():
    saliency, _ = saliency_of(np.full((3, 1, 1), 7, np.float32))
    assert saliency.expected_boats.shape == (1, 1)


def test_wrong_use_is_said():
    builder = SaliencyBuilder((80, 80), 16, RGB, 3.0)
    with pytest.raises(ValueError, match="no anchor tile"):
        builder.finish()
    with pytest.raises(ValueError, match="stride must be 16"):
        builder.add(anchor_of(calm_sea((80, 80))))


def test_the_density_about_a_pixel_is_of_the_square_around_it():
    expected = np.random.default_rng(0).random((30, 40), dtype=np.float32) / 25
    blank = np.zeros(expected.shape)
    known = SaliencyMap(
        stride=8,
        expected_boats=expected,
        water=blank.astype(np.float16),
        searchable=blank == 0,
        reason=blank.astype(np.uint8),
        reasons=("any",),
    )
    whole = known.density(Window(col_off=0, row_off=0, width=40 * 8 - 3, height=30 * 8))
    assert whole.shape == (240, 317)
    assert whole[15 * 8, 20 * 8 + 7] == pytest.approx(1e6 / 64 * expected[11:20, 16:25].mean())
    assert whole[0, 0] == pytest.approx(1e6 / 64 * expected[:5, :5].mean())
    window = Window(col_off=13, row_off=90, width=50, height=20)
    np.testing.assert_allclose(known.density(window), whole[window.slices], rtol=1e-5)
    # Sixty boats expected in a small scene are twice as many as are believed.
    many = replace(known, expected_boats=expected * np.float32(60 / expected.sum()))
    believed = whole[window.slices] * np.float32(30 / expected.sum())
    np.testing.assert_allclose(many.density(window), believed, rtol=1e-4)


def test_a_large_tile_takes_seconds_not_minutes():
    cells = 640
    rng = np.random.default_rng(0)
    mean = rng.normal(40, 1, (3, cells, cells)).astype(np.float32)
    window = Window(col_off=0, row_off=0, width=cells, height=cells)
    std = np.full_like(mean, 1.5)
    valid = np.ones((cells, cells), np.float32)
    anchor = GlobalAnchor(
        stride=STRIDE,
        window=window,
        core=window,
        mean=mean,
        max=mean + 3,
        min=mean - 3,
        std=std,
        valid=valid,
    )
    builder = SaliencyBuilder((cells * STRIDE, cells * STRIDE), STRIDE, RGB, 1.0)
    start = time.process_time()
    builder.add(anchor)
    assert time.process_time() - start < 3


def test_more_boats_may_hide_among_whitecaps():
    calm = calm_sea((800, 800))
    rough = calm.copy()
    rows, cols = np.random.default_rng(1).integers(0, 800, (2, 300))
    rough[:, rows, cols] = 250
    maps = [saliency_of(sea, water=all_water(sea))[0] for sea in (calm, rough)]
    expected = [float(known.expected_boats.sum()) for known in maps]
    assert expected[1] > 3 * expected[0]
