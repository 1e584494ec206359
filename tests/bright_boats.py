"""A training scene with bright boats on a sea of noise."""

import numpy as np
import shapely

from pdn_geo.grid import PixelGrid
from pdn_geo.testing import FakeScene
from pdn_geo.training.boats import Boats
from pdn_geo.training.scenes import read_scene

RGB = ("red", "green", "blue")


def bright_boats():
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
