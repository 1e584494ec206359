"""What floats has water about it: how the coarse view's map of water bears on a detection."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from pdn_geo.geometry import nearest

Floats = NDArray[np.float64]

SURELY_LAND = 0.3
"""Where water is nowhere near likelier than this there is no boat: hulls and their berths
count as water in the map, puddles and dark roofs as land."""
_NEAR_PX = 16
_SUREST = 0.95


def water_near(water: NDArray[np.floating], step: int, x: Floats, y: Floats) -> Floats:
    """The likeliest water within some 16 pixels of points, (N,), 0-1.

    water: (rows, cols), 0-1, one value every `step` pixels. x, y: (N,) pixels.
    """
    reach = round(_NEAR_PX / step)
    widest = maximum_filter(np.asarray(water, np.float32), 2 * reach + 1, mode="nearest")
    return nearest(widest, step, x, y)


def evidence(water: Floats) -> Floats:
    """Log-odds of water, 0 where the map does not tell and never beyond 19 to 1."""
    likely = np.clip(water, 1 - _SUREST, _SUREST)
    return np.asarray(np.log(likely / (1 - likely)))
