"""Figures against brute force and against exact expectations."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdn_geo.evaluation.metrics import intervals, precision_recall, rates

scores = st.lists(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), max_size=12).map(np.array)
hits = st.lists(st.sampled_from([np.nan, 0.1, 0.3, 0.5, 0.7, 0.9]), max_size=12).map(np.array)


def brute_force_average_precision(hit, false):
    """The definition: at every recall step, the best precision at that recall or more."""
    points = []
    for threshold in np.unique(np.concatenate([hit[np.isfinite(hit)], false])):
        true, wrong = (hit >= threshold).sum(), (false >= threshold).sum()
        points.append((true / len(hit), true / (true + wrong)))
    steps = sorted({recall for recall, _ in points} | {0.0})
    area = 0.0
    for low, high in itertools.pairwise(steps):
        area += (high - low) * max(p for r, p in points if r >= high)
    return area


@given(hits.filter(len), scores)
def test_average_precision_equals_its_definition(hit, false):
    expected = brute_force_average_precision(hit, false)
    assert precision_recall(hit, false).average_precision == pytest.approx(expected, abs=1e-12)


@given(hits.filter(len), scores)
def test_average_precision_is_the_same_however_the_list_is_turned(hit, false):
    turned = precision_recall(hit[::-1], false[::-1]).average_precision
    assert turned == precision_recall(hit, false).average_precision


@given(hits, scores, st.integers(0, 2**32 - 1))
def test_weights_are_repeats(hit, false, seed):
    generator = np.random.default_rng(seed)
    times, turns = generator.integers(0, 4, len(hit)), generator.integers(0, 4, len(false))
    weighted = rates(hit, false, 0.4, times.astype(float), turns.astype(float))
    repeated = rates(np.repeat(hit, times), np.repeat(false, turns), 0.4)
    for a, b in zip(vars(weighted).values(), vars(repeated).values(), strict=True):
        assert a == pytest.approx(b, nan_ok=True)


def test_known_rates():
    hit, false = np.array([0.9, 0.8, 0.3, np.nan]), np.array([0.85, 0.2])
    r = rates(hit, false, 0.5)
    assert (r.recall, r.precision, r.f1) == pytest.approx((2 / 4, 2 / 3, 4 / 7))
    assert r.average_precision == pytest.approx(0.25 * 1 + 0.25 * 0.75 + 0.25 * 0.75)


def test_nothing_found_and_nothing_there():
    found_none = rates(np.array([np.nan, np.nan]), np.array([]), 0)
    assert (found_none.recall, found_none.f1, found_none.average_precision) == (0, 0, 0)
    assert np.isnan(found_none.precision)
    empty_sea = rates(np.array([]), np.array([0.4]), 0)
    assert np.isnan([empty_sea.recall, empty_sea.f1, empty_sea.average_precision]).all()
    assert empty_sea.precision == 0
    nothing = rates(np.array([]), np.array([]), 0)
    assert np.isnan(list(vars(nothing).values())).all()


def spans(found, sites, **options):
    hit = np.where(found, 0.9, np.nan)
    none = np.array([])
    site = np.asarray(sites)
    return intervals(
        hit, site, none, none.astype(int), sites=site.max() + 1, threshold=0, **options
    )["recall"]


def test_one_site_gives_the_binomial_interval():
    low, high = spans(np.arange(100) < 70, np.zeros(100, dtype=int), replicates=2000)
    assert low == pytest.approx(0.61, abs=0.015)  # exact bootstrap: binomial(100, 0.7) / 100
    assert high == pytest.approx(0.79, abs=0.015)


def test_sites_that_differ_widen_the_interval():
    found = np.repeat([True, False, True, False], 100)
    one_place = spans(found, np.zeros(400, dtype=int))
    four_places = spans(found, np.repeat(np.arange(4), 100))
    assert np.diff(four_places) > 3 * np.diff(one_place)


def test_intervals_are_seeded_and_survive_empty_sites():
    found, site = np.array([True, False]), np.array([0, 2])
    first, second = (spans(found, site, seed=5, replicates=200) for _ in range(2))
    assert first == second
    assert all(0 <= v <= 1 for v in first)
    none = intervals(
        np.array([]), np.array([], int), np.array([]), np.array([], int), sites=2, threshold=0
    )
    assert np.isnan(list(none.values())).all()
