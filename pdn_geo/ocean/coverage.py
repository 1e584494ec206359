"""How much of a pixel a straight-edged thing covers, without drawing it finer."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


def overlap(position: Image, half: float, gsd_m: float) -> Image:
    """Share of the interval of one pixel about `position` that lies within ±half."""
    pixel = np.float32(gsd_m / 2)
    high = np.minimum(position + pixel, np.float32(half))
    low = np.maximum(position - pixel, np.float32(-half))
    return np.clip((high - low) * np.float32(1 / gsd_m), 0, 1)
