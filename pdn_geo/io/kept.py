"""Stored pixels of a scene that were read before, so that no block is decoded twice."""

import threading

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.io.dataset import Raw

MOST_BYTES = 400 << 20
"""Three bytes a pixel of a Sentinel-2 tile (10980 x 10980 px); the run's peak stays below 1.2 GB.
Larger scenes are decoded again where they are looked at."""

_CELL = 8
"""Pixels are known to be kept by squares of this side."""


class KeptPixels:
    """Windows of a scene of rows x cols pixels, where all of it has room; none that come with a
    mask or with opacity. Memory is taken as pixels come in. For many threads.
    """

    def __init__(self, rows: int, cols: int) -> None:
        self._size = rows, cols
        self._bands: NDArray | None = None
        self._known = np.zeros([-(-side // _CELL) for side in self._size], np.bool_)
        self._lock = threading.Lock()

    def put(self, window: Window, raw: Raw) -> None:
        """Keep what a window holds."""
        if raw.opacity is not None or raw.mask is not None:
            return
        rows, cols = self._size
        count, dtype = len(raw.bands), raw.bands.dtype  # what the file calls it, numpy may not
        if count * rows * cols * dtype.itemsize > MOST_BYTES:
            return
        with self._lock:
            if self._bands is None:
                self._bands = np.empty((count, rows, cols), dtype)
        self._bands[:, *window.slices] = raw.bands
        inside = [
            slice(-(-start // _CELL), -(-stop // _CELL) if stop == size else stop // _CELL)
            for start, stop, size in (
                (window.row_off, window.row_end, rows),
                (window.col_off, window.col_end, cols),
            )
        ]
        self._known[*inside] = True  # last: others may ask meanwhile

    def get(self, window: Window) -> Raw | None:
        """A copy, or None unless all of the window was kept."""
        touched = [
            slice(start // _CELL, -(-stop // _CELL))
            for start, stop in (
                (window.row_off, window.row_end),
                (window.col_off, window.col_end),
            )
        ]
        if self._bands is None or not self._known[*touched].all():
            return None
        return Raw(self._bands[:, *window.slices].copy())
