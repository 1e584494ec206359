"""What tells a boat among foam: wakes, ranks across priors, and honesty about hiding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdn_geo.saliency.fisher import combine, judge, surprise
from pdn_geo.saliency.mean_contrast import MeanContrast
from pdn_geo.saliency.prior import SeaView
from pdn_geo.saliency.wake_heads import WakeHeads

SIDE = 120


def view_of(means: np.ndarray) -> SeaView:
    """One band whose mean, maximum and minimum are the same."""
    contrast = np.stack([means, means, means, np.zeros_like(means)]).astype(np.float32)
    return SeaView(contrast, np.ones(means.shape, np.bool_), np.ones(1, np.float32))


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (SIDE, SIDE))


@pytest.mark.parametrize("degrees", [0, 40, 135, 250, 300])
def test_the_head_of_a_faint_wake_scores_highest(degrees: int) -> None:
    means = noise()
    angle = np.radians(degrees)
    for step in np.arange(30, 0, -0.5):
        row, col = (round(60 + step * f(angle)) for f in (np.sin, np.cos))
        means[row - 1 : row + 2, col - 1 : col + 2] = 3.5 * (1 - step / 35)
    score = WakeHeads().score(view_of(means))
    row, col = np.unravel_index(score.argmax(), score.shape)
    assert np.hypot(row - 60, col - 60) < 4
    middle = score[round(60 + 15 * np.sin(angle)), round(60 + 15 * np.cos(angle))]
    assert middle < 0.5 * score.max()


def test_single_bright_foam_is_no_wake() -> None:
    means = noise()
    means[30, 40] = 500.0
    score = WakeHeads().score(view_of(means))
    quiet = WakeHeads().score(view_of(noise()))
    assert score.max() < quiet.max() + 2


def test_mean_contrast_sees_dark_as_well_as_bright() -> None:
    means = noise()
    means[20, 20], means[90, 70] = 12.0, -14.0
    score = MeanContrast().score(view_of(means))
    assert set(np.argsort(score.ravel())[-2:]) == {20 * SIDE + 20, 90 * SIDE + 70}


@given(st.floats(0.1, 5))
def test_surprise_does_not_depend_on_units(scale: float) -> None:
    score = noise().astype(np.float32)
    sea = np.ones(score.shape, np.bool_)
    order = np.argsort(score.ravel(), kind="stable")
    plain = surprise(score, sea).ravel()[order]
    other = surprise((scale * score**3).astype(np.float32), sea).ravel()[order]
    assert (np.diff(other) >= 0).all()
    np.testing.assert_allclose(other, plain, atol=0.2)


def test_surprise_of_ordinary_cells_is_exponential() -> None:
    sea = np.ones((SIDE, SIDE), np.bool_)
    assert surprise(noise().astype(np.float32), sea).mean() == pytest.approx(1, abs=0.01)


def test_a_flooded_prior_does_not_drown_another() -> None:
    """A thousand whitecaps outshine a boat in brightness; only its wake is rare."""
    bright, wake = np.abs(noise(1)), np.abs(noise(2))
    foam = np.random.default_rng(3).choice(SIDE * SIDE, 1000, replace=False)
    bright.ravel()[foam] = 200 + foam
    boat = 77 * SIDE + 33
    bright.ravel()[boat], wake.ravel()[boat] = 150.0, 9.0
    sea = np.ones((SIDE, SIDE), np.bool_)
    both = combine([judge(score.astype(np.float32), sea) for score in (bright, wake)], sea.shape)
    assert np.count_nonzero(both.surprise > both.surprise.ravel()[boat]) < 30
    assert np.count_nonzero(both.strength > both.strength.ravel()[boat]) > 500
    assert both.strongest.ravel()[boat] == 1


def test_too_little_sea_says_nothing() -> None:
    sea = np.zeros((SIDE, SIDE), np.bool_)
    sea[0, :9] = True
    assert not surprise(noise().astype(np.float32), sea).any()
