"""Stored pixels of a scene that were read before, so that no block is decoded twice."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pdn_geo.geometry import Window

MOST_BYTES = 400 << 20
"""Three bytes a pixel of a Sentinel-2 tile (10980 x 10980 px), with which a run's memory stays
below what 100K scenes take; larger scenes are decoded again where they are looked at."""

_CELL = 32
"""Pixels are known to be kept by squares of this side; looks and blocks start on multiples."""


class KeptPixels:
    """Windows of a scene's stored bands. Memory is taken as pixels come in. For many threads.

    shape: (bands, rows, cols).
    """

    def __init__(self, shape: tuple[int, int, int], dtype: DTypeLike) -> None:
        self._bands = np.empty(shape, dtype)
        self._known = np.zeros([-(-side // _CELL) for side in shape[1:]], np.bool_)

    @staticmethod
    def has_room(shape: tuple[int, int, int], dtype: DTypeLike) -> bool:
        return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize <= MOST_BYTES

    def put(self, window: Window, bands: NDArray) -> None:
        """Keep (bands, rows, cols) of a window."""
        self._bands[:, *window.slices] = bands
        rows, cols = self._bands.shape[1:]
        inside = [
            slice(-(-start // _CELL), -(-stop // _CELL) if stop == size else stop // _CELL)
            for start, stop, size in (
                (window.row_off, window.row_end, rows),
                (window.col_off, window.col_end, cols),
            )
        ]
        self._known[*inside] = True  # last: others may ask meanwhile

    def get(self, window: Window) -> NDArray | None:
        """A copy, (bands, rows, cols), or None unless all of the window was kept."""
        touched = [
            slice(start // _CELL, -(-stop // _CELL))
            for start, stop in (
                (window.row_off, window.row_end),
                (window.col_off, window.col_end),
            )
        ]
        if not self._known[*touched].all():
            return None
        return self._bands[:, *window.slices].copy()
