"""Cars on crops of land: as large as cars, in rows, and never a boat."""

import pytest

pytest.importorskip("torch", reason="training needs torch")
import numpy as np
from scipy import ndimage

from pdn_geo.grid import PixelGrid
from pdn_geo.testing import FakeScene
from pdn_geo.training.boats import Boats
from pdn_geo.training.cars import MOST_GSD_M, park
from pdn_geo.training.crops import cut
from pdn_geo.training.scenes import read_scene
from pdn_geo.training.sources import LabelledScenes

WHITE = np.full(3, 250, np.float32)


def land(gsd_m):
    values = np.random.default_rng(0).normal(90, 2, (3, 256, 256)).round()
    grid = PixelGrid(height=256, width=256, assumed_gsd_m=gsd_m)
    names = ("red", "green", "blue")
    return read_scene(FakeScene(values, grid=grid, band_names=names), Boats.empty(), [])


@pytest.mark.parametrize("gsd_m", [0.3, 0.6])
def test_bright_cars_have_the_size_of_cars(gsd_m):
    crop = cut(land(gsd_m), (128, 128), np.eye(2), 224)
    sizes = []
    for seed in range(20):
        parked = park(crop, WHITE, np.random.default_rng(seed))
        labels, count = ndimage.label(parked.values.min(0) > 200)
        sizes += list(ndimage.sum_labels(np.ones_like(labels), labels, range(1, count + 1)))
        assert len(parked.boats) == 0
    whole_m2 = np.percentile(sizes, 90) * gsd_m**2
    assert 2 < whole_m2 < 5.4 * 2.1  # roofs and bonnets, between dark windows


def test_what_is_beyond_the_scene_stays_empty():
    crop = cut(land(0.3), (0, 0), np.eye(2), 160)
    for seed in range(10):
        parked = park(crop, WHITE, np.random.default_rng(seed))
        assert (parked.values[:, ~crop.valid] == 0).all()


@pytest.mark.parametrize(("gsd_m", "parks"), [(0.3, True), (2 * MOST_GSD_M, False)])
def test_cars_are_set_on_dry_land_where_pixels_show_them(gsd_m, parks):
    source = LabelledScenes([land(gsd_m)], np.ones(1), dry=True)
    rng = np.random.default_rng(1)
    crops = [source.crop(rng, 160) for _ in range(12)]
    standing_out = [(crop.values - crop.level)[:, crop.valid].max() > 90 for crop in crops]
    assert any(standing_out) == parks
    assert not all(standing_out)
