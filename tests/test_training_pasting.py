"""Boats set on the water of training crops: as real ones look, and labelled as they look."""

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="training needs torch")
import numpy as np
from bright_boats import bright_boats

from pdn_geo.training.boats import Boats
from pdn_geo.training.crops import cut
from pdn_geo.training.light import Light, light_of
from pdn_geo.training.pasting import paste
from pdn_geo.training.sprites import Sprite, cut_sprites

SIDE = 96
LIGHT = Light(np.full(3, 220, np.float32))


@pytest.fixture(scope="module")
def scene():
    return bright_boats()


def at_sea(scene, **changes):
    """A crop of that scene where all is water."""
    wet = replace(scene, water=np.ones_like(scene.water), **changes)
    return cut(wet, (260, 180), np.eye(2), SIDE)


def set_on_flat_water(crop, sprites, light):
    """Boats without a wake set one by one on the crop's water without its waves, by many
    chances: each with the brightness, (bands, rows, cols), that it adds.
    """
    flat = replace(crop, values=crop.level.copy(), boats=Boats.empty())
    for seed in range(300):
        pasted = paste(flat, sprites, light, np.random.default_rng(seed))
        if len(pasted.boats) and pasted.boats.wake[0] != 1:
            yield pasted.boats, pasted.values - flat.values


def plain(gsd_m, length=20.0):
    """A sprite three times as long as broad, so many pixels of the crop long."""
    cover = np.ones((20, 60), np.float32)
    return Sprite(np.stack([cover] * 3), cover, gsd_m / 3, length * gsd_m, length / 3 * gsd_m)


def pasted_on(scene, *, under_way):
    """A crop without and with one more boat, and that boat."""
    empty = at_sea(scene)
    rng = np.random.default_rng(3)
    for _ in range(300):
        pasted = paste(empty, cut_sprites([scene]), LIGHT, rng)
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
    steepest = [
        np.abs(np.diff(bright[0], axis=1)).max() / bright[0].max()
        for boat, bright in set_on_flat_water(at_sea(scene, gsd_m=gsd_m), [plain(gsd_m)], LIGHT)
        if boat.width[0] > 4
    ]
    assert len(steepest) > 5
    assert steep[0] < max(steepest) < steep[1]


def test_pasted_boats_are_white_and_saturated_where_the_product_is_stretched(scene):
    """As on NAIP, where half of all boats are as bright as what is white there."""
    crop, peaks = at_sea(scene), {}
    for dtype in (np.uint8, np.uint16):
        light = light_of(replace(scene, values=scene.values.astype(dtype)))
        white = (light.white - crop.level[:, 0, 0]).max()
        set_there = list(set_on_flat_water(crop, cut_sprites([scene]), light))
        assert all((crop.level + bright).max() <= light.clipped_at for _, bright in set_there)
        peaks[dtype] = [bright.max() / white for boat, bright in set_there if boat.width[0] > 3]
    assert np.median(peaks[np.uint8]) > 0.9
    assert np.median(peaks[np.uint16]) < 0.65


@pytest.mark.parametrize(
    ("gsd_m", "clipped_at", "broadest"), [(3.0, 255, 2), (3.0, np.inf, 1), (0.5, 255, 1)],
    ids=["a satellite, stretched", "a satellite", "aerial"],
)  # fmt: skip
def test_boats_bloom_on_satellites_stretched_products(scene, gsd_m, clipped_at, broadest):
    """To twice their breadth at most, and are labelled as broad as they look."""
    light, broader = replace(LIGHT, clipped_at=clipped_at), []
    for boat, bright in set_on_flat_water(at_sea(scene, gsd_m=gsd_m), [plain(gsd_m)], light):
        length, width = boat.length[0], boat.width[0]
        if length > 15:
            area = (bright[0] > bright[0].max() / 2).sum()
            assert area == pytest.approx(length * width, rel=0.25)
            broader.append(3 * width / length)
    assert len(broader) > 10
    assert min(broader) >= 0.999
    assert 0.8 * broadest < max(broader) < 1.001 * broadest


@pytest.mark.parametrize("clipped_at", [255, np.inf], ids=["stretched", "not"])
def test_dim_decks_turn_black_where_the_product_is_stretched(scene, clipped_at):
    """Between a bright bow and a bright stern."""
    bare = plain(0.5)
    colour = bare.colour.copy()
    colour[:, :, 20:40] = 0.3
    light, decks = replace(LIGHT, clipped_at=clipped_at), []
    for boat, bright in set_on_flat_water(at_sea(scene), [replace(bare, colour=colour)], light):
        if boat.length[0] > 20:
            decks.append(bright[0, int(boat.y[0]), int(boat.x[0])] / bright[0].max())
    assert len(decks) > 5
    assert (min(decks) < 0.05) == np.isfinite(clipped_at)


@pytest.mark.parametrize(("water", "able"), [(0.73, True), (0.6, False)], ids=["rough", "unknown"])
def test_boats_are_set_on_rough_seas_too_but_not_where_water_is_unknown(scene, water, able):
    """Roughness alone makes no map surer of water than that, and no infrared is there to help."""
    empty = cut(replace(scene, water=np.full_like(scene.water, water)), (260, 180), np.eye(2), 96)
    light, sprites = light_of(scene), cut_sprites([scene])
    tries = [paste(empty, sprites, light, np.random.default_rng(seed)) for seed in range(60)]
    assert any(len(crop.boats) > len(empty.boats) for crop in tries) == able


def test_boats_under_way_trail_a_bright_wake_and_are_known_to(scene):
    empty, pasted, boat = pasted_on(scene, under_way=True)
    brighter = (pasted.values - empty.values).min(0) > 8
    rows, cols = np.nonzero(brighter)
    ahead = (cols + 0.5 - boat.x[0]) * np.cos(boat.angle[0])
    ahead += (rows + 0.5 - boat.y[0]) * np.sin(boat.angle[0])
    assert ahead.max() < boat.length[0] / 2 + 3
    assert ahead.min() < -boat.length[0]
    assert boat.bow_known.all()
