"""Training crops: geometry that keeps labels on their pixels, light that keeps colours."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="training needs torch")
import numpy as np
import shapely

from pdn_geo.grid import PixelGrid
from pdn_geo.sea import SeaLevel
from pdn_geo.testing import FakeScene
from pdn_geo.training.boats import Boats
from pdn_geo.training.crop_batches import CropBatches
from pdn_geo.training.crops import cut, in_other_light, random_turn
from pdn_geo.training.light import Light, light_of
from pdn_geo.training.pasting import paste
from pdn_geo.training.scenes import read_scene
from pdn_geo.training.sources import LabelledScenes
from pdn_geo.training.sprites import Sprite, cut_sprites

RGB = ("red", "green", "blue")


@pytest.fixture(scope="module")
def scene():
    """A sea of noise with three bright boats lying along x, and an area to leave out."""
    rng = np.random.default_rng(0)
    values = rng.normal(60, 2, (3, 256, 320)).round()
    places = [(60, 50), (200, 90), (150, 210)]
    for x, y in places:
        values[:, y - 4 : y + 4, x - 15 : x + 15] = 200
    count = len(places)
    x, y = np.array(places, float).T
    boats = Boats(
        x, y, np.full(count, 30.0), np.full(count, 8.0), np.zeros(count), np.full(count, np.nan),
        np.zeros(count, bool), np.ones(count, bool),
    )  # fmt: skip
    grid = PixelGrid(height=256, width=320, assumed_gsd_m=0.5)
    return read_scene(
        FakeScene(values, grid=grid, band_names=RGB), boats, [shapely.box(280, 220, 310, 250)]
    )


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


def pasted_on(scene, *, under_way):
    """A crop without and with one more boat, and that boat."""
    at_sea = replace(scene, water=np.ones_like(scene.water))
    empty = cut(at_sea, (260, 180), np.eye(2), 96)
    rng = np.random.default_rng(3)
    light = Light(np.full(3, 220, np.float32))
    for _ in range(300):
        pasted = paste(empty, cut_sprites([scene]), light, rng)
        boat = pasted.boats[np.arange(len(empty.boats), len(pasted.boats))]
        if len(boat) and (boat.wake[0] == 1) == under_way:
            return empty, pasted, boat
    raise AssertionError("chance never fell on such a boat")


def test_sprites_are_pasted_on_water_at_the_size_of_the_gsd(scene):
    assert len(cut_sprites([scene])) == 3
    empty, pasted, boat = pasted_on(scene, under_way=False)
    changed = np.abs(pasted.values - empty.values).max(0) > 8
    rows, cols = np.nonzero(changed)
    assert np.hypot(rows + 0.5 - boat.y[0], cols + 0.5 - boat.x[0]).max() < boat.length[0]
    assert changed.sum() == pytest.approx(boat.length[0] * boat.width[0], rel=0.5)


@pytest.mark.parametrize(
    ("gsd_m", "steep"), [(0.5, (0.75, 1.0)), (3.0, (0.45, 0.66))],
    ids=["aerial", "satellite"],
)  # fmt: skip
def test_pasted_boats_are_as_soft_as_what_sensors_show(scene, gsd_m, steep):
    """A Gaussian of s pixels leaves an edge a step of erf(0.5 / s / sqrt 2) at most."""
    at_sea = replace(scene, water=np.ones_like(scene.water), gsd_m=gsd_m)
    of = {"gsd_m": gsd_m / 3, "length": 10 * gsd_m, "width": 8 / 3 * gsd_m}
    sprites = [replace(sprite, **of) for sprite in cut_sprites([scene])]
    empty = cut(at_sea, (260, 180), np.eye(2), 96)
    light = Light(np.full(3, 220, np.float32))
    flat = replace(empty, values=empty.level.copy(), boats=Boats.empty())
    steepest = []
    for seed in range(300):
        pasted = paste(flat, sprites, light, np.random.default_rng(seed))
        if len(pasted.boats) and pasted.boats.width[0] > 4 and pasted.boats.wake[0] != 1:
            bright = pasted.values[0] - flat.values[0]
            steepest.append(np.abs(np.diff(bright, axis=1)).max() / bright.max())
    assert len(steepest) > 5
    assert steep[0] < max(steepest) < steep[1]


def test_pasted_boats_are_white_and_saturated_where_the_product_is_stretched(scene):
    """As on NAIP, where half of all boats are as bright as what is white there."""
    empty = cut(replace(scene, water=np.ones_like(scene.water)), (260, 180), np.eye(2), 96)
    flat = replace(empty, values=empty.level.copy(), boats=Boats.empty())
    bright = {}
    for dtype in (np.uint8, np.uint16):
        product = replace(scene, values=scene.values.astype(dtype))
        light = light_of(product)
        peaks = []
        for seed in range(300):
            pasted = paste(flat, cut_sprites([scene]), light, np.random.default_rng(seed))
            if len(pasted.boats) and pasted.boats.width[0] > 3:
                white = (light.white - flat.level[:, 0, 0]).max()
                peaks.append((pasted.values - flat.values).max() / white)
                assert pasted.values.max() <= light.clipped_at
        bright[dtype] = np.array(peaks)
    assert np.median(bright[np.uint8]) > 0.9
    assert np.median(bright[np.uint16]) < 0.65


@pytest.mark.parametrize(
    ("gsd_m", "clipped_at", "broadest"), [(3.0, 255, 2), (3.0, np.inf, 1), (0.5, 255, 1)],
    ids=["a satellite, stretched", "a satellite", "aerial"],
)  # fmt: skip
def test_boats_bloom_on_satellites_stretched_products(scene, gsd_m, clipped_at, broadest):
    """To twice their breadth at most, and are labelled as broad as they look."""
    at_sea = replace(scene, water=np.ones_like(scene.water), gsd_m=gsd_m)
    cover = np.ones((20, 60), np.float32)
    sprite = Sprite(np.stack([cover] * 3), cover, gsd_m / 3, 20 * gsd_m, 20 / 3 * gsd_m)
    empty = cut(at_sea, (260, 180), np.eye(2), 96)
    flat = replace(empty, values=empty.level.copy(), boats=Boats.empty())
    light, broader = Light(np.full(3, 220, np.float32), clipped_at), []
    for seed in range(200):
        pasted = paste(flat, [sprite], light, np.random.default_rng(seed))
        if len(pasted.boats) and pasted.boats.length[0] > 15 and pasted.boats.wake[0] != 1:
            bright = (pasted.values - flat.values)[0]
            area = (bright > bright.max() / 2).sum()
            length, width = pasted.boats.length[0], pasted.boats.width[0]
            assert area == pytest.approx(length * width, rel=0.25)
            broader.append(3 * width / length)
    assert len(broader) > 10
    assert min(broader) >= 0.999
    assert 0.8 * broadest < max(broader) < 1.001 * broadest


@pytest.mark.parametrize("clipped_at", [255, np.inf], ids=["stretched", "not"])
def test_dim_decks_turn_black_where_the_product_is_stretched(scene, clipped_at):
    """Between a bright bow and a bright stern."""
    cover = np.ones((10, 30), np.float32)
    colour = np.stack([cover] * 3)
    colour[:, :, 10:20] = 0.3
    sprite = Sprite(colour, cover, gsd_m=1 / 3, length=10.0, width=10 / 3)
    empty = cut(replace(scene, water=np.ones_like(scene.water)), (260, 180), np.eye(2), 96)
    flat = replace(empty, values=empty.level.copy(), boats=Boats.empty())
    light, decks = Light(np.full(3, 220, np.float32), clipped_at), []
    for seed in range(300):
        pasted = paste(flat, [sprite], light, np.random.default_rng(seed))
        if len(pasted.boats) and pasted.boats.length[0] > 20 and pasted.boats.wake[0] != 1:
            bright = (pasted.values - flat.values)[0]
            x, y = int(pasted.boats.x[0]), int(pasted.boats.y[0])
            decks.append(bright[y, x] / bright.max())
    assert len(decks) > 5
    assert (min(decks) < 0.05) == np.isfinite(clipped_at)


@pytest.mark.parametrize(("water", "able"), [(0.73, True), (0.6, False)], ids=["rough", "unknown"])
def test_boats_are_set_on_rough_seas_too_but_not_where_water_is_unknown(scene, water, able):
    """Roughness alone makes no map surer of water than that, and no infrared is there to help."""
    empty = cut(replace(scene, water=np.full_like(scene.water, water)), (260, 180), np.eye(2), 96)
    light, sprites = light_of(scene), cut_sprites([scene])
    tries = [paste(empty, sprites, light, np.random.default_rng(seed)) for seed in range(60)]
    assert any(len(crop.boats) > len(empty.boats) for crop in tries) == able


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


def test_boats_under_way_trail_a_bright_wake_and_are_known_to(scene):
    empty, pasted, boat = pasted_on(scene, under_way=True)
    brighter = (pasted.values - empty.values).min(0) > 8
    rows, cols = np.nonzero(brighter)
    ahead = (cols + 0.5 - boat.x[0]) * np.cos(boat.angle[0])
    ahead += (rows + 0.5 - boat.y[0]) * np.sin(boat.angle[0])
    assert ahead.max() < boat.length[0] / 2 + 3
    assert ahead.min() < -boat.length[0]
    assert boat.bow_known.all()


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
