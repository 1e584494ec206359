"""Jetties on crops with a shore: from the land into the water, and never over a boat."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="training needs torch")
import numpy as np
from coasts import SHORE, SIDE, coast
from scipy import ndimage

from pdn_geo.training.boats import Boats
from pdn_geo.training.jetties import build


def built(crop, seed):
    """What stands out of the water, (rows, cols)."""
    after = build(crop, np.random.default_rng(seed))
    assert len(after.boats) == len(crop.boats)
    return (after.values - crop.values).min(0) > 10


def test_a_jetty_is_long_narrow_and_joined_to_the_land():
    found = 0
    for seed in range(40):
        new = built(coast(), seed)
        count = ndimage.label(new | (np.arange(SIDE) < SHORE))[1]
        if new[:, SHORE:].any():
            found += 1
            assert count == 1
    assert found > 25


def test_without_a_shore_nothing_is_built():
    crop = coast(water_everywhere=True)
    assert build(crop, np.random.default_rng(0)) is crop


def test_no_jetty_covers_a_boat():
    boats = Boats.concatenate(
        [Boats.one(SHORE + 12.0, y, 12.0, 4.0, np.pi / 2) for y in range(8, SIDE, 20)]
    )
    hulls = [(slice(y - 6, y + 7), slice(SHORE + 10, SHORE + 15)) for y in range(8, SIDE, 20)]
    built_at_all = 0
    for seed in range(60):
        new = built(coast(boats), seed)
        built_at_all += new[:, SHORE:].any()
        assert not any(new[hull].any() for hull in hulls)
    assert built_at_all > 5


def test_what_is_beyond_the_scene_stays_empty():
    crop = coast()
    valid = crop.valid.copy()
    valid[:60] = False
    crop = replace(crop, valid=valid, values=crop.values * valid, water=crop.water * valid)
    built_at_all = 0
    for seed in range(20):
        after = build(crop, np.random.default_rng(seed)).values
        assert (after[:, :60] == 0).all()
        built_at_all += (after != crop.values).any()
    assert built_at_all > 10
