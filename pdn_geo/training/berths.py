"""Places alongside quays, jetties and other boats, where half of all boats lie."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter

from pdn_geo.engines.network.afloat import SURELY_LAND
from pdn_geo.training.crops import Crop
from pdn_geo.training.drawing import box, seen_from

Place = tuple[float, float, float]
"""x, y in pixels, and the heading in radians from +x towards +y."""

_RISES = 4.0  # spreads of the sea: what differs more is no water
_SPECK_PX, _EDGE_PX = 0.8, 3.0  # blur that removes glints, and over which an edge has a direction
_LAND, _LAND_PX = 0.5, 24  # as the water map knows it, and how near to a berth it is
_GAP_PX = 1.5
_STERN_TO = 0.25
_ASKEW = 0.05
_OVER = 0.1  # share of a hull that may lie over what is no water
_LEAST_PX = 1.5  # what a hull covers at least, to be asked about
_CLEAR = 0.9  # least distance between the centres of boats, in their mean width


def berth(crop: Crop, length: float, width: float, rng: np.random.Generator) -> Place | None:
    """Where a hull of so many pixels may lie alongside, sometimes with its stern to it; None
    where chance falls on no such place.
    """
    solid = _solid(crop)
    edges = np.flatnonzero(binary_dilation(solid) & ~solid & crop.valid)
    if not len(edges):
        return None
    row, col = divmod(int(rng.choice(edges)), solid.shape[1])
    near = box(row, col, _LAND_PX)
    if (crop.water[near] >= _LAND)[crop.valid[near]].all():
        return None  # a whitecap, most likely
    down, across = np.gradient(gaussian_filter(solid[near].astype(np.float32), _EDGE_PX))
    at = row - near[0].start, col - near[1].start
    seaward = float(np.arctan2(-down[at], -across[at]))
    stern_to = rng.random() < _STERN_TO
    away = (length if stern_to else width) / 2 + rng.uniform(0, _GAP_PX)
    x, y = col + 0.5 + away * np.cos(seaward), row + 0.5 + away * np.sin(seaward)
    heading = seaward + (0.0 if stern_to else np.pi / 2) + np.pi * rng.integers(2)
    place = float(x), float(y), float(heading + rng.normal(0, _ASKEW))
    return place if _free(place, length, width, solid, crop) else None


def _solid(crop: Crop) -> NDArray[np.bool_]:
    """What is no water by the pixels themselves, for the water map is one of cells."""
    contrast = np.abs(crop.values - crop.level) / crop.sea.std[:, None, None]
    # What is beyond the scene is no quay.
    rises = (contrast.max(0) > _RISES).astype(np.float32)
    return np.asarray((gaussian_filter(rises, _SPECK_PX) > 0.5) & crop.valid)


def _free(place: Place, length: float, width: float, solid: NDArray[np.bool_], crop: Crop) -> bool:
    x, y, heading = place
    apart = np.hypot(crop.boats.x - x, crop.boats.y - y)
    if (apart < _CLEAR * (np.nan_to_num(crop.boats.width, nan=3.0) + width) / 2).any():
        return False
    ahead, aside = (np.abs(part) for part in seen_from(solid.shape, x, y, heading))
    hull = (ahead <= max(length, _LEAST_PX) / 2) & (aside <= max(width, _LEAST_PX) / 2)
    if not hull.any() or not crop.valid[hull].all():
        return False
    # Yards and the shadows of parked cars may be as dark as water.
    return bool(solid[hull].mean() <= _OVER and crop.water[hull].mean() >= SURELY_LAND)
