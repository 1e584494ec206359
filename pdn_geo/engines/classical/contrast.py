"""How far every pixel is from water, in units of the noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pdn_geo.engines.base import Patch
from pdn_geo.engines.classical.background import estimate_background
from pdn_geo.sea import SeaStatistics

WATER = 0.5
"""Water probability from which a pixel may speak for the background; 0.5 is "cannot tell"."""

SHORE_M = 60.0
"""Land farther than this from water cannot be a berthed ship's berth."""

ASSUMED_GSD_M = 3.0
"""For scenes of unknown scale: hulls of 1 to 150 px are then 3 to 450 m long."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastMap:
    """bands: (bands, rows, cols) contrast over noise, signed. strength: (rows, cols),
    their root mean square, 0 off the valid pixels and far inland. sign: (rows, cols),
    their mean, that is the signed brightness. noise: (bands, rows, cols), the
    standard deviation of the water around. water: (rows, cols) float32 0-1. valid: (rows,
    cols) bool. metric: (2, 2) metres per pixel of x and y; gsd_m: side of a square of one
    pixel's ground area.
    """

    bands: Floats
    strength: Floats
    sign: Floats
    noise: Floats
    water: Floats
    valid: NDArray[np.bool_]
    metric: NDArray[np.float64]
    gsd_m: float


def contrast_map(patch: Patch, sea: SeaStatistics) -> ContrastMap:
    """Whiten a patch by its local background and noise.

    A mean of squares over bands keeps a hull of any colour, and joins a ship's dark and
    bright parts; one-band scenes lose nothing.
    """
    metric = patch.jacobian if np.isfinite(patch.jacobian).all() else ASSUMED_GSD_M * np.eye(2)
    gsd_m = float(np.sqrt(abs(np.linalg.det(metric))))
    usable = patch.valid & (patch.water >= WATER)
    offset = (patch.look.window.col_off, patch.look.window.row_off)
    background = estimate_background(patch.values, usable, sea, offset)
    bands = (patch.values - background.mean) / background.std
    bands *= patch.valid & _near_water(usable, gsd_m)
    strength = np.sqrt(np.einsum("brc,brc->rc", bands, bands) / np.float32(len(bands)))
    return ContrastMap(
        bands=bands,
        strength=strength,
        sign=bands.mean(axis=0),
        noise=background.std,
        water=np.where(patch.valid, patch.water, np.float32(0)),
        valid=patch.valid,
        metric=metric,
        gsd_m=gsd_m,
    )


def _near_water(water: NDArray[np.bool_], gsd_m: float) -> NDArray[np.bool_]:
    reach = round(float(np.clip(SHORE_M / gsd_m, 4, 64)))
    if water.all():
        return water
    return ndimage.maximum_filter(water, size=2 * reach + 1, mode="constant")
