"""Expected missed boats are honest in the mean and in the tail."""

import numpy as np
import pytest
from scipy import stats

from pdn_geo.drive.feedback import MOST_RATIO, PRIOR_BOATS, Feedback


def test_no_look_leaves_the_expectation_as_it_is():
    assert Feedback().ratio == 1


def test_predictive_quantile_is_the_negative_binomial():
    feedback = Feedback()
    feedback.add(found=7.3, expected=4.0)
    law = stats.nbinom(PRIOR_BOATS + 7.3, (PRIOR_BOATS + 4) / (PRIOR_BOATS + 4 + 12.5))
    assert feedback.upper(12.5) == law.ppf(0.9)
    assert feedback.upper(12.5, level=0.5) == law.ppf(0.5)
    assert feedback.upper(0) == 0
    assert law.mean() == pytest.approx(12.5 * feedback.ratio)


@pytest.mark.parametrize(("looked_for", "rest"), [(3.0, 5.0), (40.0, 2.0)])
def test_prediction_is_calibrated_on_simulated_scenes(looked_for, rest):
    rng = np.random.default_rng(1)
    predicted, missed, within = [], [], []
    for _ in range(4000):
        ratio = rng.gamma(PRIOR_BOATS, 1 / PRIOR_BOATS)
        feedback = Feedback()
        feedback.add(found=rng.poisson(ratio * looked_for), expected=looked_for)
        missed.append(rng.poisson(ratio * rest))
        predicted.append(rest * feedback.ratio)
        within.append(missed[-1] <= feedback.upper(rest))
    error = np.subtract(predicted, missed)
    assert abs(error.mean()) < 4 * error.std() / np.sqrt(len(error))
    assert 0.89 <= np.mean(within) <= 0.99


def test_a_flood_of_detections_is_not_taken_for_boats():
    feedback = Feedback()
    feedback.add(found=1000, expected=3)
    assert feedback.ratio == MOST_RATIO
    assert feedback.upper(10) < 100
