"""A training crop with a straight shore."""

import numpy as np

from pdn_geo.sea import SeaStatistics
from pdn_geo.training.boats import Boats
from pdn_geo.training.crops import Crop

SIDE, SHORE = 128, 48
SEA, LAND = 40.0, 150.0


def coast(boats=None, water_everywhere=False):
    """Land of one grey up to column SHORE, water of another beyond."""
    values = np.full((3, SIDE, SIDE), SEA, np.float32)
    water = np.ones((SIDE, SIDE), np.float32)
    if not water_everywhere:
        values[:, :, :SHORE] = LAND
        water[:, :SHORE] = 0
    return Crop(
        values=values,
        valid=np.ones((SIDE, SIDE), bool),
        water=water,
        level=np.full_like(values, SEA),
        boats=boats or Boats.empty(),
        ignore=(),
        band_names=("red", "green", "blue"),
        gsd_m=3.0,
        sea=SeaStatistics(np.full(3, SEA, np.float32), np.full(3, 2, np.float32)),
    )
