"""Inputs and outputs of the patch network, without a network."""

import numpy as np
import pytest

from pdn_geo.engines.network.inputs import CHANNELS, network_input
from pdn_geo.engines.network.maps import MAPS, UNIT_PX, ScoreLaw, decode
from pdn_geo.sea import SeaStatistics

RGB = ("red", "green", "blue")
SEA = SeaStatistics(np.array([50, 60, 70], np.float32), np.array([2, 2, 4], np.float32))


def inputs(values, *, valid=None, names=RGB, sea=SEA, gsd_m=3.0):
    valid = np.ones(values.shape[1:], bool) if valid is None else valid
    water = np.full(valid.shape, 0.7, np.float32)
    level = sea.mean[:, None, None]
    drawn = network_input(values.astype(np.float32), valid, water, level, names, gsd_m, sea)
    return dict(zip(CHANNELS, drawn, strict=True))


def maps(*, boats, cells=16):
    """Maps with a boat at each (row, col, logit, length, width, angle, bow)."""
    drawn = np.zeros((len(MAPS), cells, cells), np.float32)
    drawn[0] = -8
    at = dict(zip(MAPS, drawn, strict=True))
    for row, col, logit, length, width, angle, bow in boats:
        cell = row, col
        at["boat"][cell] = logit
        at["log_length"][cell], at["log_width"][cell] = np.log(np.array([length, width]) / UNIT_PX)
        at["sin_2a"][cell], at["cos_2a"][cell] = np.sin(2 * angle), np.cos(2 * angle)
        at["bow_x"][cell], at["bow_y"][cell] = bow * np.cos(angle), bow * np.sin(angle)
    return drawn


def found(drawn, **options):
    water = np.full([4 * side for side in drawn.shape[1:]], 0.5, np.float32)
    chosen = {
        "stride": 4, "law": ScoreLaw(), "gsd_m": 3.0, "water": water,
        "density": np.ones_like(water), "min_score": 0.1, **options
    }  # fmt: skip
    return decode(drawn, **chosen)


def test_the_level_of_the_sea_is_zero_in_every_band():
    values = np.broadcast_to(SEA.mean[:, None, None], (3, 4, 5))
    channels = inputs(values)
    for band in RGB:
        assert (channels[band] == 0).all()


def test_equal_contrast_in_spreads_gives_equal_values_whatever_the_band_or_unit():
    values = (SEA.mean + 3 * SEA.std)[:, None, None] * np.ones((1, 4, 5))
    in_other_units = SeaStatistics(SEA.mean * 256, SEA.std * 256)
    bytes_, words = inputs(values), inputs(values * 256, sea=in_other_units)
    for band in RGB:
        assert bytes_[band] == pytest.approx(bytes_["red"])
        assert words[band] == pytest.approx(bytes_[band])
    assert words["sea_state"] == pytest.approx(bytes_["sea_state"])


def test_bands_are_found_by_name():
    values = np.arange(60).reshape(3, 4, 5)
    back = [2, 1, 0]
    turned = SeaStatistics(SEA.mean[back], SEA.std[back])
    straight = inputs(values)
    by_name = inputs(values[back], names=RGB[::-1], sea=turned)
    for name in CHANNELS:
        assert (by_name[name] == straight[name]).all()


def test_infrared_is_said_to_be_there_or_not():
    four = SeaStatistics(np.append(SEA.mean, 10).astype(np.float32), np.append(SEA.std, 1))
    with_it = inputs(np.full((4, 2, 2), 90), names=(*RGB, "nir"), sea=four)
    assert (with_it["has_nir"] == 1).all()
    assert (with_it["nir"] > 0).all()
    without = inputs(np.full((3, 2, 2), 90))
    assert (without["has_nir"] == 0).all()
    assert (without["nir"] == 0).all()


def test_what_is_not_valid_is_zero_in_every_channel():
    valid = np.ones((4, 5), bool)
    valid[1, 2] = False
    channels = inputs(np.full((3, 4, 5), 200), valid=valid)
    assert all(channels[name][1, 2] == 0 for name in CHANNELS)
    assert channels["valid"][0, 0] == 1


def test_gsd_grows_evenly_with_its_octaves_and_may_be_unknown():
    one, two, four = (inputs(np.zeros((3, 1, 1)), gsd_m=g)["gsd"][0, 0] for g in (1, 2, 4))
    assert one == 0
    assert four == pytest.approx(2 * two)
    assert np.isfinite(inputs(np.zeros((3, 1, 1)), gsd_m=np.nan)["gsd"]).all()


def test_a_boat_is_decoded_with_its_place_shape_and_bow():
    drawn = maps(boats=[(3, 5, 4.0, 20.0, 6.0, 2.5, 1.0)])
    drawn[MAPS.index("dx"), 3, 5], drawn[MAPS.index("dy"), 3, 5] = 0.25, -0.5
    boat = found(drawn)
    assert (boat.x[0], boat.y[0]) == pytest.approx((4 * 5.75, 4 * 3.0))
    assert (boat.length[0], boat.width[0]) == pytest.approx((20, 6), rel=1e-5)
    assert boat.angle[0] == pytest.approx(2.5, abs=1e-6)
    assert boat.bow_known[0]
    assert boat.score[0] == pytest.approx(1 / (1 + np.exp(-4)))


def test_without_a_clear_bow_the_angle_is_an_axis():
    boat = found(maps(boats=[(3, 5, 4.0, 20.0, 6.0, 2.5, 0.2)]))
    assert not boat.bow_known[0]
    assert np.mod(boat.angle[0], np.pi) == pytest.approx(2.5, abs=1e-6)


def test_a_second_peak_on_the_same_hull_is_the_same_boat():
    along = [(8, 4, 3.0, 60.0, 8.0, 0.0, 0.0), (8, 6, 2.0, 60.0, 8.0, 0.0, 0.0)]
    abreast = [(4, 8, 3.0, 40.0, 8.0, 0.0, 0.0), (6, 8, 2.0, 40.0, 8.0, 0.0, 0.0)]
    assert len(found(maps(boats=along))) == 1
    assert len(found(maps(boats=abreast))) == 2


def test_best_first_and_none_below_the_least_score():
    boats = [(2, 2, -1.0, 8, 4, 0, 0), (6, 6, 2.0, 8, 4, 0, 0), (12, 12, -3.0, 8, 4, 0, 0)]
    drawn = maps(boats=boats)
    assert found(drawn).score == pytest.approx(1 / (1 + np.exp([-2.0, 1.0])))
    assert len(found(drawn, min_score=0.99)) == 0


def test_the_score_law_bends_scores_by_gsd():
    law = ScoreLaw(a=0.5, b=-1.0, c=0.25)
    boat = found(maps(boats=[(2, 2, 3.0, 8, 4, 0, 0)]), law=law, gsd_m=4.0)
    assert boat.score[0] == pytest.approx(1 / (1 + np.exp(-(1.5 - 1 + 0.5))))
    unknown = found(maps(boats=[(2, 2, 3.0, 8, 4, 0, 0)]), law=law, gsd_m=np.nan)
    assert unknown.score[0] == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert law.least_logit(float(boat.score[0]), 4.0, 0.5, 1.0) == pytest.approx(3.0)


def test_what_has_no_water_near_is_no_boat():
    boats = [(2, 2, 3.0, 8, 4, 0, 0), (12, 12, 2.0, 8, 4, 0, 0)]
    water = np.full((64, 64), 0.9, np.float32)
    water[:22, :22] = 0.1  # the first lies at (10, 10)
    assert len(found(maps(boats=boats), water=water)) == 2
    water[:40, :40] = 0.1
    assert found(maps(boats=boats), water=water).score == pytest.approx([1 / (1 + np.exp(-2.0))])
    assert len(found(maps(boats=boats), water=np.full((64, 64), 0.29, np.float32))) == 0


def test_more_water_makes_a_boat_likelier():
    boats = [(2, 2, 1.0, 8, 4, 0, 0), (12, 12, 0.9, 8, 4, 0, 0)]
    water = np.full((64, 64), 0.5, np.float32)
    water[40:, 40:] = 0.9
    both = found(maps(boats=boats), law=ScoreLaw(d=0.5), water=water)
    assert both.score == pytest.approx(1 / (1 + np.exp([-0.9 - 0.5 * np.log(9), -1.0])))
    assert both.x[0] > both.x[1]
    strict = found(maps(boats=boats), law=ScoreLaw(d=0.5), water=water, min_score=0.8)
    assert len(strict) == 1


def test_a_boat_is_likelier_where_the_saliency_map_expects_more():
    boats = [(2, 2, 1.0, 8, 4, 0, 0), (12, 12, 0.9, 8, 4, 0, 0)]
    density = np.full((64, 64), 0.01, np.float32)  # counts as 0.1, plain sea
    density[40:, 40:] = 10
    both = found(maps(boats=boats), law=ScoreLaw(e=0.5), density=density)
    expected = 1 / (1 + np.exp([-0.9 - 0.5 * np.log(10), -1.0 + 0.5 * np.log(10)]))
    assert both.score == pytest.approx(expected)
    strict = found(maps(boats=boats), law=ScoreLaw(e=0.5), density=density, min_score=0.8)
    assert len(strict) == 1
