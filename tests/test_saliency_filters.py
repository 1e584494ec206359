"""Local means, maxima and medians against brute force."""

import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from pdn_geo.saliency.filters import box_max, box_mean, local_mean, nan_median, odd, ring_mean


def test_box_and_ring_means_equal_brute_force():
    rng = np.random.default_rng(0)
    values = rng.random((20, 30)).astype(np.float32)
    padded = np.pad(values, 4)
    outer = np.array([[padded[i : i + 9, j : j + 9].sum() for j in range(30)] for i in range(20)])
    inner = np.array(
        [[padded[i + 3 : i + 6, j + 3 : j + 6].sum() for j in range(30)] for i in range(20)]
    )
    np.testing.assert_allclose(box_mean(values, 9), outer / 81, rtol=1e-4)
    np.testing.assert_allclose(ring_mean(values, 9, 3), (outer - inner) / 72, rtol=1e-3)


def test_local_mean_ignores_what_has_no_weight():
    values = np.ones((40, 40), np.float32)
    values[:, 20:] = 100
    weight = (values == 1).astype(np.float32)
    mean = local_mean(values, weight, box_mean(weight, 9), 9, fallback=-1)
    np.testing.assert_allclose(mean[:, :23], 1, rtol=1e-5)
    assert (mean[:, 25:] == -1).all()


@pytest.mark.parametrize("size", [1, 3, 5, 17])
@pytest.mark.parametrize("shape", [(20, 30), (1, 9), (4, 1)])
def test_box_max_equals_the_filter_of_ndimage(size, shape):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    before = values.copy()
    np.testing.assert_array_equal(box_max(values, size), maximum_filter(values, size))
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(("size", "side"), [(0.2, 1), (3, 3), (3.9, 3), (4.1, 5), (33, 33)])
def test_odd(size, side):
    assert odd(size) == side


def test_nan_median_equals_numpys_where_there_is_something():
    values = np.random.default_rng(0).random((40, 7)).astype(np.float32)
    values[values < 0.4] = np.nan
    values[0], values[1] = np.nan, 3
    medians = nan_median(values)
    assert np.isnan(medians[0])
    np.testing.assert_allclose(medians[1:], np.nanmedian(values[1:], axis=-1), rtol=1e-6)
