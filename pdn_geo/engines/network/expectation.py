"""What the global stream expects at a place: how it bears on a detection there."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEAST_PER_MPX = 0.1
"""Plain open water; less than that is a matter of the map's floors."""


def density_at(density: NDArray[np.floating], x: Floats, y: Floats) -> Floats:
    """Boats expected per million pixels near points, (N,).

    density: (rows, cols), as in `Patch`. x, y: (N,) pixels; points outside are taken for the
    nearest inside.
    """
    rows, cols = (
        np.clip(at, 0, size - 1).astype(int)
        for at, size in ((y, density.shape[0]), (x, density.shape[1]))
    )
    return np.asarray(density[rows, cols], np.float64)


def promise(density: Floats) -> Floats:
    """Logarithm of the boats expected per million pixels: 0 for one, never below plain sea."""
    return np.asarray(np.log(np.maximum(density, _LEAST_PER_MPX)), np.float64)
