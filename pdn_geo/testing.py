"""A scene in memory, so that everything but `io` is tested without a file."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.scene import Pixels


class FakeScene:
    """A `Scene` over an array (bands, rows, cols).

    NaN and `valid == False` are nodata. `reads` records every window asked for.
    """

    def __init__(
        self,
        values: ArrayLike,
        *,
        valid: NDArray[np.bool_] | None = None,
        grid: PixelGrid | None = None,
        band_names: Sequence[str] | None = None,
        block_shape: tuple[int, int] = (256, 256),
        name: str = "fake scene",
    ) -> None:
        self._values = np.asarray(values, dtype=np.float32)
        bands, height, width = self._values.shape
        finite = np.isfinite(self._values).all(axis=0)
        self._valid = np.asarray(finite if valid is None else finite & valid, dtype=np.bool_)
        self.name = name
        self.grid = grid or PixelGrid(height=height, width=width)
        self.band_names = tuple(band_names or [f"band {i + 1}" for i in range(bands)])
        self.block_shape = block_shape
        self.reads: list[Window] = []

    def read(self, window: Window) -> Pixels:
        self.reads.append(window)
        rows, cols = window.slices
        valid = self._valid[rows, cols]
        assert valid.shape == (window.height, window.width), f"{window} is not inside the scene"
        return Pixels(np.where(valid, self._values[:, rows, cols], np.float32(0)), valid.copy())
