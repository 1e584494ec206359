"""The parts of the classical detector, each against an oracle."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from test_classical import LEVEL, NOISE, hull, noise, patch_of, sea_of

from pdn_geo.engines.classical import ClassicalDetector, ScoreModel
from pdn_geo.engines.classical.background import estimate_background
from pdn_geo.engines.classical.contrast import contrast_map
from pdn_geo.engines.classical.detector import _plateau
from pdn_geo.engines.classical.features import NAMES
from pdn_geo.engines.classical.hull import fit_rectangles
from pdn_geo.engines.classical.hypotheses import choose, hypothesise
from pdn_geo.engines.classical.segments import LEVELS, decompose
from pdn_geo.engines.classical.wake import find_wakes
from pdn_geo.sea import SeaStatistics


def test_background_is_not_eaten_by_a_large_ship() -> None:
    shape = (256, 256)
    image = noise(shape) + hull(shape, 128, 128, 100, 15, 0.5, contrast=200)
    water = np.ones(shape, dtype=bool)
    background = estimate_background(image.astype(np.float32), water, sea_of(3))
    assert np.abs(background.mean - LEVEL).max() < NOISE / 2
    assert np.abs(background.std - NOISE).max() < NOISE / 2


def test_background_follows_haze_and_stays_out_of_land() -> None:
    ramp = np.broadcast_to(LEVEL + np.arange(256) / 4, (256, 256))
    image = noise((256, 256), 1) + ramp - LEVEL
    image[:, :, 200:] = 250
    water = np.ones((256, 256), dtype=bool)
    water[:, 200:] = False
    background = estimate_background(image.astype(np.float32), water, sea_of(1))
    inner = np.s_[60:-60, 60:140]
    assert np.abs(background.mean[0][inner] - ramp[inner]).max() < NOISE
    assert background.mean.max() < 120


def test_background_without_water_is_the_scenes() -> None:
    background = estimate_background(
        np.zeros((2, 40, 30), np.float32), np.zeros((40, 30), dtype=bool), sea_of(2)
    )
    np.testing.assert_array_equal(background.mean, np.float32(LEVEL))
    np.testing.assert_array_equal(background.std, np.float32(NOISE))


def test_background_lattice_is_fixed_to_the_scene() -> None:
    image = noise((400, 400), 1).astype(np.float32)
    water = np.ones((400, 400), dtype=bool)
    whole = estimate_background(image, water, sea_of(1)).mean
    crop = np.s_[:, 37:337, 51:351]
    part = estimate_background(image[crop], water[crop[1:]], sea_of(1), (51, 37)).mean
    inner = np.s_[:, 80:-80, 80:-80]
    np.testing.assert_allclose(part[inner], whole[crop][inner], atol=1e-4)


@pytest.mark.parametrize(("length", "width"), [(12, 3), (40, 40), (7, 1)])
def test_rectangle_from_moments_of_its_pixels(length: int, width: int) -> None:
    y, x = np.indices((width, length))
    for turned in (False, True):
        cxx, cyy = (y.var(), x.var()) if turned else (x.var(), y.var())
        got = fit_rectangles([cxx], [cyy], [0.0], 2.0 * np.eye(2), -1 / 12)
        assert got.length[0] == pytest.approx(length)
        assert got.width[0] == pytest.approx(width)
        assert got.length_m[0] == pytest.approx(2 * length)
        if length > width:
            assert abs(np.sin(got.angle[0])) == pytest.approx(float(turned), abs=1e-9)


def test_regions_match_scipy_at_every_level() -> None:
    shape = (96, 120)
    image = noise(shape) + hull(shape, 40, 40, 30, 8, 0.4) + hull(shape, 90, 60, 6, 3, 1.0)
    contrast = contrast_map(patch_of(image), sea_of(3))
    segments = decompose(contrast)
    for level, threshold in enumerate(LEVELS):
        labels, count = ndimage.label(contrast.strength > threshold, structure=np.ones((3, 3)))
        ours = segments.area[segments.level == level]
        sizes = ndimage.sum_labels(np.ones(shape), labels, np.arange(1, count + 1))
        peaks = ndimage.maximum(contrast.strength, labels, np.arange(1, count + 1))
        kept = (sizes > 1) | (np.asarray(peaks) >= 8)
        np.testing.assert_array_equal(ours, sizes[kept])


def test_parents_hold_their_children() -> None:
    shape = (96, 96)
    image = noise(shape) + hull(shape, 48, 48, 30, 8, 0.4) + hull(shape, 48, 48, 6, 4, 0.4)
    segments = decompose(contrast_map(patch_of(image), sea_of(3)))
    child = np.flatnonzero(segments.parent >= 0)
    parent = segments.parent[child]
    assert len(child) > 5
    assert (parent < child).all()
    assert (segments.area[parent] >= segments.area[child]).all()
    assert (segments.level[parent] < segments.level[child]).all()
    assert (segments.growth >= 0).all()


def test_choose_takes_the_best_of_each_nest() -> None:
    shape = (96, 96)
    image = noise(shape) + hull(shape, 30, 48, 20, 5, 0.4) + hull(shape, 70, 48, 20, 5, 1.4)
    found = hypothesise(patch_of(image), sea_of(3))
    value = np.random.default_rng(0).random(len(found.segments))
    chosen = choose(found.segments, value)
    for index in range(len(value)):
        line = [index]
        while found.segments.parent[line[-1]] >= 0:
            line.append(found.segments.parent[line[-1]])
        assert len(set(line) & set(chosen.tolist())) <= 1  # nothing chosen twice over
    assert value.argmax() in chosen


def test_features_are_finite_and_named() -> None:
    image = np.random.default_rng(0).gamma(0.3, 40, (3, 200, 180))
    found = hypothesise(patch_of(image), sea_of(3))
    assert found.features.shape == (len(found.segments), len(NAMES))
    assert len(found.segments) > 50
    assert np.isfinite(found.features).all()


def test_plain_record_is_a_logistic_regression() -> None:
    weights = dict(zip(NAMES, np.linspace(-1, 1, len(NAMES)).tolist(), strict=True))
    features = np.random.default_rng(0).normal(size=(20, len(NAMES)))
    odds = features @ np.linspace(-1, 1, len(NAMES)) + 0.5
    model = ScoreModel.from_dict({"bias": 0.5, **weights})
    np.testing.assert_allclose(model.logit(features), odds)
    np.testing.assert_allclose(model.probability(features), 1 / (1 + np.exp(-odds)))


def test_fringe_and_border_of_a_square() -> None:
    image = noise((60, 60))
    for band in range(3):
        image[band, 10:20, 10 + band : 20 + band] += 60
    segments = decompose(contrast_map(patch_of(image), sea_of(3)))
    assert segments.box[0].tolist() == [10, 10, 22, 20]
    assert segments.border[0] == 2 * 12 + 2 * 8
    assert segments.fringe[0] == pytest.approx(np.sqrt(2 / 3), rel=0.1)


def test_wake_side_and_none() -> None:
    sign = np.zeros((100, 100), np.float32)
    sign[49:52, 60:95] = 5
    at = (np.array([50.0]), np.array([50.5]), np.array([16.0]), np.array([4.0]))
    for angle, side in ((0.0, 1.0), (np.pi, -1.0)):
        wakes = find_wakes(sign, *at, np.array([angle]))
        assert wakes.side[0] == side
        assert wakes.clear[0]
    assert find_wakes(0 * sign, *at, np.array([0.0])).strength[0] == 0
    both = sign + sign[:, ::-1]
    assert not find_wakes(both, *at, np.array([0.0])).clear[0]


def test_score_model_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    model = ScoreModel(
        weights=np.linspace(-1, 1, len(NAMES)),
        bias=0.5,
        low=np.full(len(NAMES), -2.0),
        high=np.full(len(NAMES), 2.0),
        hidden=rng.normal(size=(len(NAMES), 3)),
        hidden_bias=rng.normal(size=3),
        out=rng.normal(size=3),
        calibration=np.array([0.8, -0.1]),
    )
    path = tmp_path / "model.json"
    path.write_text(json.dumps(model.to_dict()), encoding="utf-8")
    again = ScoreModel.from_json(path)
    features = np.random.default_rng(0).normal(size=(20, len(NAMES)))
    np.testing.assert_allclose(again.logit(features), model.logit(features), atol=1e-3)
    np.testing.assert_allclose(again.probability(features), model.probability(features), atol=1e-4)
    assert ((model.probability(1e6 * features) >= 0) & (model.probability(features) <= 1)).all()
    with pytest.raises(ValueError, match="lacks or adds"):
        ScoreModel.from_dict({"bias": 0.0})


@pytest.mark.parametrize(("x", "y", "length"), [(1677.2, 471.8, 83.0), (1758.5, 963.4, 62.2)])
def test_real_ship_is_found_whole(shared_data: Path, x: float, y: float, length: float) -> None:
    """Anchored ships of San Francisco Bay, measured by eye to 1.5 px an end."""
    import rasterio
    from rasterio.windows import Window as RasterioWindow

    col, row = int(x) - 200, int(y) - 210
    with rasterio.open(shared_data / "planet_california" / "scene_1.jpg") as source:
        image = source.read(window=RasterioWindow(col, row, 512, 512)).astype(float)
    sea = SeaStatistics(np.array([78, 91, 75], np.float32), np.array([4.5, 4.4, 3.9], np.float32))
    (found,) = ClassicalDetector().detect([patch_of(image, col=col, row=row)], sea)
    near = np.hypot(found.x - x, found.y - y) < 6
    assert near.sum() == 1
    assert found.length[near][0] == pytest.approx(length, rel=0.1)
    assert found.score[near][0] > 0.3


@pytest.mark.parametrize("count", [1, 3, 44, 45, 1000])
@pytest.mark.parametrize("value", [10.832051, 0.1, 1 / 3, 12345.678])
def test_the_plateau_of_equal_contrasts_is_their_value(count, value):
    assert _plateau(np.full(count, value, np.float32)) == pytest.approx(value, rel=1e-5)
