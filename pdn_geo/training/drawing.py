"""What all that is drawn on training crops needs: softness, and places as seen from a thing."""

import numpy as np
from numpy.typing import NDArray

WATER = 0.65
"""How likely water is at least where something is set on it. Without infrared no map is surer than
0.73, and 0.6 is what is not known."""
SATELLITE_M = 2.0
"""Metres per pixel from which a scene is a satellite's."""
_AERIAL_PX, _SATELLITE_PX = (0.2, 0.8), (0.6, 1.3)


def blur_px(gsd_m: float, rng: np.random.Generator) -> float:
    """Spread of the Gaussian, in pixels, that optics and resampling come to this time. Aerial
    frames are nearly twice as sharp in their own pixels as what satellites deliver.
    """
    return float(rng.uniform(*(_AERIAL_PX if gsd_m < SATELLITE_M else _SATELLITE_PX)))


def seen_from(
    shape: tuple[int, ...], x: float, y: float, heading: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far ahead of a place, and how far to its right, the centre of each pixel lies.

    shape: (rows, cols), as both results have. x, y: of the place, in pixels. heading: radians
    from +x towards +y.
    """
    rows, cols = (np.arange(size, dtype=np.float32) + np.float32(0.5) for size in shape)
    down, across = (rows - np.float32(y))[:, None], cols - np.float32(x)
    cos, sin = np.float32(np.cos(heading)), np.float32(np.sin(heading))
    return across * cos + down * sin, down * cos - across * sin


def box(row: int, col: int, reach: int) -> tuple[slice, slice]:
    """The pixels that lie no more than `reach` from one, as far as there are any."""
    return (
        slice(max(row - reach, 0), row + reach + 1),
        slice(max(col - reach, 0), col + reach + 1),
    )
