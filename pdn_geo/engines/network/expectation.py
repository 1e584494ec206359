"""What the global stream expects at a place: how it bears on a detection there."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_PER_MPX = 0.1
"""Plain open water; less than that is a matter of the map's floors."""


def promise(density: Floats) -> Floats:
    """Logarithm of the boats expected per million pixels: 0 for one, never below plain sea."""
    return np.asarray(np.log(np.maximum(density, _LEAST_PER_MPX)), np.float64)
