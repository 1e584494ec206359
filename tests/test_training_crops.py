"""Training crops: geometry that keeps labels on their pixels, light that keeps colours."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="training needs torch")
import numpy as np
import shapely
from bright_boats import bright_boats

from pdn_geo.sea import SeaLevel
from pdn_geo.training.crop_batches import CropBatches
from pdn_geo.training.crops import cut, in_other_light, random_turn
from pdn_geo.training.sources import LabelledScenes
from pdn_geo.training.sprites import cut_sprites


@pytest.fixture(scope="module")
def scene():
    return bright_boats()


def brightness_at(crop, boats):
    """Mean of the first band within two pixels of each centre that lies well inside."""
    side = crop.values.shape[1]
    for x, y in zip(boats.x, boats.y, strict=True):
        if 4 < x < side - 4 and 4 < y < side - 4:
            yield crop.values[0, int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].mean()


def test_whole_numbers_are_kept_small(scene):
    assert scene.values.dtype == np.uint8
    assert scene.gsd_m == 0.5


@pytest.mark.parametrize("seed", range(12))
def test_labels_stay_on_their_boats_however_the_crop_is_turned(scene, seed):
    rng = np.random.default_rng(seed)
    crop = cut(scene, (160, 110), random_turn(rng), 256)
    bright = list(brightness_at(crop, crop.boats))
    assert bright
    assert min(bright) > 150
    # Half way along the hull it is still bright, half a hull beyond its side it is not.
    ahead = np.stack([np.cos(crop.boats.angle), np.sin(crop.boats.angle)]) * crop.boats.length
    for x, y, dx, dy in zip(crop.boats.x, crop.boats.y, *ahead * 0.4, strict=True):
        inside = min(x + dx, y + dy) > 3 and max(x + dx, y + dy) < 253
        if inside:
            assert crop.values[0, int(y + dy), int(x + dx)] > 120


def test_a_crop_without_a_turn_is_the_pixels_of_the_scene(scene):
    crop = cut(scene, (100, 80), np.eye(2), 64)
    assert (crop.values == scene.values[:, 48:112, 68:132]).all()
    assert crop.valid.all()
    assert crop.boats.x[0] == 60 - 68


def test_outside_the_scene_nothing_is_valid(scene):
    crop = cut(scene, (0, 0), np.eye(2), 64)
    assert not crop.valid[:32].any()
    assert not crop.valid[:, :32].any()
    assert crop.valid[32:, 32:].all()
    assert (crop.values[:, ~crop.valid] == 0).all()


def test_scaling_changes_the_gsd_and_the_hulls_together(scene):
    crop = cut(scene, (160, 110), 0.75 * np.eye(2), 192)
    assert crop.gsd_m == pytest.approx(0.5 / 0.75)
    assert crop.boats.length * crop.gsd_m == pytest.approx(np.full(len(crop.boats), 15.0))


def test_ignored_areas_move_with_the_pixels(scene):
    crop = cut(scene, (290, 230), np.eye(2), 64)
    assert crop.ignore[0].equals(shapely.box(22, 22, 52, 52))
    assert not cut(scene, (60, 60), np.eye(2), 64).ignore


def test_other_light_keeps_grey_grey_and_colour_coloured(scene):
    crop = cut(scene, (60, 50), np.eye(2), 32)
    crop.values[0, :4] += 40  # a red fringe
    for seed in range(8):
        lit = in_other_light(crop, np.random.default_rng(seed))
        contrast = lit.values - lit.sea.mean[:, None, None]
        deck = contrast[:, 14:18, 12:20].mean((1, 2))
        assert deck.max() / deck.min() < 1.4
        fringe = contrast[:, :4].mean((1, 2))
        assert fringe[0] - fringe[1] > 10


@pytest.mark.parametrize(("gsd_m", "share"), [(10.0, (0.2, 0.5)), (1.0, (0, 0.05))])
def test_other_light_makes_the_water_of_some_wide_crops_uneven(scene, gsd_m, share):
    crop = cut(scene, (270, 150), np.eye(2), 96)
    crop = replace(crop, values=crop.level.copy(), gsd_m=gsd_m)
    uneven = []
    for seed in range(200):
        lit = in_other_light(crop, np.random.default_rng(seed))
        left, right = (
            (lit.values - lit.level)[:, :, side].mean() for side in (slice(8), slice(-8, None))
        )
        uneven.append(abs(left - right) > 0.5 * crop.sea.std.mean())
    assert share[0] <= np.mean(uneven) < share[1]


def test_of_some_glints_the_scenes_spread_does_not_know(scene):
    """On NAIP they lie in patches."""
    crop = cut(scene, (270, 150), np.eye(2), 64)
    flat = replace(crop, values=crop.level.copy())
    rough = []
    for seed in range(200):
        lit = in_other_light(flat, np.random.default_rng(seed))
        spread = (lit.values - lit.level)[:, 8:-8, 8:-8].std() / lit.sea.std.mean()
        rough.append(spread)
    assert 0.08 < np.mean(np.array(rough) > 1) < 0.3


def test_a_batch_is_a_function_of_its_step(scene):
    source = LabelledScenes([scene], np.ones(1), cut_sprites([scene]))
    batches = CropBatches([(source, 1.0)], batch=3, side=64, stride=4, seed=5)
    first, again, other = batches(2), batches(2), batches(3)
    assert first["inputs"].shape == (3, 9, 64, 64)
    assert first["targets"].shape == (3, 16, 16, 16)
    assert all((first[name] == again[name]).all() for name in first)
    assert (first["inputs"] != other["inputs"]).any()


def test_mixed_batches_have_crops_of_three_sides_and_about_as_many_pixels(scene):
    source = LabelledScenes([scene], np.ones(1), [])
    batches = CropBatches([(source, 1.0)], batch=8, side=64, stride=2, seed=0, mixed=True)
    shapes = {batches(step)["inputs"].shape for step in range(24)}
    assert {shape[-1] for shape in shapes} == {64, 96, 160}
    assert all(0.6 < n * side**2 / (8 * 64**2) < 1.7 for n, *_, side in shapes)


@pytest.mark.parametrize("seed", range(6))
def test_the_level_of_the_water_turns_with_the_pixels(scene, seed):
    rng = np.random.default_rng(seed)
    slope = np.linspace(20, 90, 320, dtype=np.float32) + np.zeros((3, 256, 1), np.float32)
    level = SeaLevel(slope[:, 8::16, 8::16], block_px=16)
    tilted = replace(scene, values=slope, sea=replace(scene.sea, level=level))
    crop = cut(tilted, (160, 110), random_turn(rng), 96)
    inner = crop.valid & (crop.values[0] > 30) & (crop.values[0] < 80)
    assert inner.mean() > 0.5
    np.testing.assert_allclose(crop.level[:, inner], crop.values[:, inner], atol=0.5)
