"""The parts of a coast against formulae, other programs and their own promises."""

import io

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile

from pdn_geo.geometry import Window
from pdn_geo.ocean import SeaConfig, random_sea
from pdn_geo.ocean.hashing import hashed_bytes
from pdn_geo.ocean.jpeg import compressed, quantisation
from pdn_geo.ocean.light import Sun
from pdn_geo.ocean.materials import CONCRETE
from pdn_geo.ocean.sea import Sea, render_window
from pdn_geo.ocean.shallows import crest_phase, surf_width
from pdn_geo.ocean.texture import Textures
from pdn_geo.ocean.works import Work, Works


def test_waves_break_where_mccowan_says():
    assert surf_width(1.56, 0.02) == pytest.approx(100)


def test_crests_run_shoreward_at_the_speed_of_shallow_water():
    slope, period, step = 0.03, 8.0, 0.01
    x = np.array([20.0, 80.0])
    along = (crest_phase(x + step, 0, period, slope) - crest_phase(x, 0, period, slope)) / step
    in_time = (crest_phase(x, step, period, slope) - crest_phase(x, 0, period, slope)) / step
    speed = -in_time / along  # of a point of constant phase, metres offshore per second
    np.testing.assert_allclose(speed, -np.sqrt(9.81 * slope * x), rtol=0.01)


def test_hashed_bytes_are_uniform_and_independent_of_their_neighbours():
    i, j = (a.astype(np.float32) for a in np.meshgrid(np.arange(-60, 60), np.arange(-60, 60)))
    parts = np.stack(hashed_bytes(i, j, 5)).astype(float)
    assert parts.mean() == pytest.approx(127.5, abs=1.5)
    assert parts.std() == pytest.approx(73.9, abs=1)
    for a in range(4):
        assert abs(np.corrcoef(parts[a, 1:].ravel(), parts[a, :-1].ravel())[0, 1]) < 0.04
        assert abs(np.corrcoef(parts[a].ravel(), parts[(a + 1) % 4].ravel())[0, 1]) < 0.04
    other = np.stack(hashed_bytes(i, j, 6))
    assert (other != parts).mean() > 0.98


def test_quality_50_has_the_tables_of_the_standard():
    luma, chroma = quantisation(50)
    assert luma[0].tolist() == [16, 11, 10, 16, 24, 40, 51, 61]
    assert chroma[3].tolist() == [47, 66, 99, 99, 99, 99, 99, 99]
    assert quantisation(100)[0].max() == 1
    assert quantisation(20)[0][0, 0] == 40


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_compression_is_that_of_a_jpeg_library(quality):
    rng = np.random.default_rng(0)
    ramp = np.linspace(20, 200, 64)
    image = np.stack([ramp[None, :] * f + rng.normal(0, 12, (64, 64)) for f in (0.8, 1.0, 0.9)])
    image[:, 20:30, 16:50] += 50
    image = np.clip(image, 0, 255).astype(np.uint8)
    ours = compressed(image, quality).astype(float)
    profile = {"driver": "JPEG", "width": 64, "height": 64, "count": 3, "dtype": "uint8"}
    with MemoryFile() as memory:
        with memory.open(**profile, quality=quality) as file:
            file.write(image)
        with rasterio.open(io.BytesIO(memory.read())) as file:
            theirs = file.read().astype(float)
    change = np.sqrt(np.mean((theirs - image) ** 2))
    assert change > 1
    assert np.sqrt(np.mean((ours - image) ** 2)) == pytest.approx(change, rel=0.2)
    assert np.sqrt(np.mean((ours - theirs) ** 2)) < 0.6 * change


def test_compression_keeps_plain_colours_and_a_fourth_band():
    image = np.broadcast_to(np.array([40, 80, 60, 120], np.uint8)[:, None, None], (4, 32, 48))
    assert np.abs(compressed(image, 90).astype(int) - image).max() <= 3


def test_a_bar_covers_its_area_whatever_its_size():
    sun = Sun(zenith=0.5, angle=1.0)
    textures = Textures(1, size=64, gsd_m=1.0)
    for length, width, angle in ((20.0, 4.0, 0.0), (17.3, 0.4, 0.0), (12.0, 3.0, 0.7)):
        bar = Work(what="pier", x=31.7, y=30.2, length_m=length, width_m=width, angle=angle,
                   height_m=0.0, colour=CONCRETE)  # fmt: skip
        works = Works([bar], sun, textures, gsd_m=1.0, seed=1)
        image = np.zeros((1, 64, 64), np.float32)
        works.paint(image, Window(col_off=0, row_off=0, width=64, height=64))
        assert image.sum() / CONCRETE[0] == pytest.approx(length * width, rel=0.12)


def test_shadows_of_works_fall_away_from_the_sun():
    sun = Sun(zenith=np.radians(45), angle=0.0)  # in the east, so that shadows fall west
    textures = Textures(1, size=64, gsd_m=1.0)
    tower = Work(what="crane", x=32, y=32, length_m=4, width_m=4, angle=0.0, height_m=12.0,
                 colour=CONCRETE)  # fmt: skip
    image = np.ones((1, 64, 64), np.float32)
    works = Works([tower], sun, textures, gsd_m=1.0, seed=1)
    works.paint(image, Window(col_off=0, row_off=0, width=64, height=64))
    assert image[0, 32, 20] < 0.6
    assert image[0, 32, 40] == 1


def test_surf_is_brighter_on_a_beach_with_swell_than_without():
    window = Window(col_off=0, row_off=0, width=256, height=256)
    bright = []
    for swell in (0.0, 2.5):
        config = SeaConfig(size=256, wind_mps=1, boats=0, land=0.4, beach=1.0, town=0, seed=5,
                           swell_m=swell, dtype="uint16")  # fmt: skip
        sea = Sea(config)
        water = sea.coast.strand(window).land == 0
        bright.append((render_window(sea, window)[0][water] > 2500).mean())
    assert bright[0] < 0.01
    assert bright[1] > bright[0] + 0.03


def test_surf_moves_between_bands_and_land_does_not():
    config = SeaConfig(size=256, gsd_m=3, wind_mps=1, boats=0, land=0.4, beach=1.0, town=0, seed=5,
                       swell_m=2.5, band_times_s=(0.0, 0.0, 1.5), dtype="uint16")  # fmt: skip
    sea = Sea(config)
    window = Window(col_off=0, row_off=0, width=256, height=256)
    strand = sea.coast.strand(window)
    red, green, blue = render_window(sea, window).astype(float)
    surf = (strand.offshore > 5) & (strand.offshore < 60)
    land = strand.land == 1
    for where, together, apart in ((surf, 0.9, 0.85), (land, 0.9, None)):
        assert np.corrcoef(red[where], green[where])[0, 1] > together
        if apart:
            assert np.corrcoef(red[where], blue[where])[0, 1] < apart


def test_random_seas_are_repeatable_varied_and_can_all_be_built():
    rng = np.random.default_rng(3)
    drawn = [random_sea(rng, size=256) for _ in range(300)]
    again = np.random.default_rng(3)
    assert drawn == [random_sea(again, size=256) for _ in range(300)]
    assert {0.3, 1.0, 3.0, 10.0} <= {config.gsd_m for config in drawn}
    assert {"uint8", "uint16"} == {config.dtype for config in drawn}
    share = np.mean([config.coastal and config.land > 0 for config in drawn])
    assert 0.35 < share < 0.75
    assert 0.2 < np.mean([config.look == "photo" for config in drawn]) < 0.7
    for config in drawn[:6]:
        values = render_window(Sea(config), Window(col_off=0, row_off=0, width=64, height=64))
        assert values.shape == (3, 64, 64)


def test_random_sea_takes_a_resolution_and_bands():
    config = random_sea(np.random.default_rng(1), size=128, gsd_m=2.5, bands=4)
    assert (config.gsd_m, config.bands, config.size) == (2.5, 4, 128)
