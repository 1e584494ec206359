"""Expected missed boats are honest in the mean and in the tail."""

import numpy as np
import pytest
from scipy import stats

from pdn_geo.drive.feedback import MOST_RATIO, PRIOR_BOATS, STEEPNESS, Feedback
from pdn_geo.drive.steepness import Steepness

FLAT = np.ones(len(STEEPNESS))


def looked(total, *looks):
    """Feedback after looks, each (boats found, boats expected by every steepness)."""
    feedback = Feedback(total)
    for found, expected in looks:
        feedback.see(np.asarray(expected))
        feedback.add(found=found, expected=np.asarray(expected))
    return feedback


def test_no_look_leaves_the_expectation_as_it_is():
    assert Feedback(7.5).ratio == pytest.approx(1)
    assert Feedback(7.5).missed == pytest.approx(7.5)


def test_predictive_quantile_is_the_negative_binomial():
    feedback = looked(16.5, (7.3, 4.0 * FLAT))
    law = stats.nbinom(PRIOR_BOATS + 7.3, (PRIOR_BOATS + 4) / (PRIOR_BOATS + 4 + 12.5))
    assert feedback.upper() == law.ppf(0.9)
    assert feedback.upper(level=0.5) == law.ppf(0.5)
    assert feedback.missed == pytest.approx(law.mean())


def test_nothing_is_missed_where_all_was_seen():
    feedback = looked(4.0, (1.0, 4.0 * FLAT))
    assert feedback.missed == feedback.upper() == 0


@pytest.mark.parametrize(("looked_for", "rest"), [(3.0, 5.0), (40.0, 2.0)])
def test_prediction_is_calibrated_on_simulated_scenes(looked_for, rest):
    rng = np.random.default_rng(1)
    predicted, missed, within = [], [], []
    for _ in range(4000):
        ratio = rng.gamma(PRIOR_BOATS, 1 / PRIOR_BOATS)
        feedback = looked(looked_for + rest, (rng.poisson(ratio * looked_for), looked_for * FLAT))
        missed.append(rng.poisson(ratio * rest))
        predicted.append(feedback.missed)
        within.append(missed[-1] <= feedback.upper())
    error = np.subtract(predicted, missed)
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(error))
    assert 0.89 <= np.mean(within) <= 0.99


def test_a_flood_of_detections_is_not_taken_for_boats():
    feedback = looked(13.0, (1000.0, 3 * FLAT))
    assert feedback.ratio == pytest.approx(MOST_RATIO)
    assert feedback.upper() < 100


@pytest.mark.parametrize(("steepness", "at_most"), [(0.0, 1.05), (1.0, 0.4), (2.0, 0.15)])
def test_a_map_that_is_too_flat_is_seen_through(steepness, at_most):
    """Blocks of falling density, the first two thirds looked at; boats fall off as the map says
    or more steeply. In the mean over scenes no less is expected than lies in the rest, and of
    what the map says no more than `at_most`.
    """
    rng = np.random.default_rng(2)
    density = np.geomspace(2, 0.02, 90)
    each = density[:, None] ** (1 + STEEPNESS)
    each *= density.sum() / each.sum(axis=0)
    truth = each[:, list(STEEPNESS).index(steepness)]
    scenes = [
        looked(density.sum(), *zip(rng.poisson(truth[:60]), each[:60], strict=True))
        for _ in range(300)
    ]
    expected = np.mean([feedback.missed for feedback in scenes])
    assert 0.9 * truth[60:].sum() <= expected <= at_most * each[60:, 0].sum()
    within = [rng.poisson(truth[60:].sum()) <= feedback.upper() for feedback in scenes]
    assert np.mean(within) >= 0.88


def test_steepnesses_share_a_total_and_agree_on_a_flat_map():
    rng = np.random.default_rng(3)
    cells = rng.gamma(0.3, 1, (70, 90)).astype(np.float32)
    searchable = rng.random(cells.shape) < 0.9
    steepness = Steepness(cells, searchable, stride=8)
    rows, cols = slice(5, 70), slice(0, 90)
    parts = [
        steepness.expected(slice(0, 5), cols, searchable[:5]),
        steepness.expected(rows, slice(0, 37), searchable[rows, :37]),
        steepness.expected(rows, slice(37, 90), searchable[rows, 37:]),
    ]
    assert steepness.total == pytest.approx(cells[searchable].sum())
    np.testing.assert_allclose(np.sum(parts, axis=0), steepness.total)
    assert parts[0][0] == pytest.approx(cells[:5][searchable[:5]].sum())
    even = Steepness(np.full((64, 64), 0.5, np.float32), np.ones((64, 64), np.bool_), stride=8)
    corner = even.expected(slice(3, 20), slice(40, 41), np.ones((17, 1), np.bool_))
    np.testing.assert_allclose(corner, 8.5)
