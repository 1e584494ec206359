"""The centre of the water about each block of cells, over a whole scene."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.saliency.filters import nan_median
from pdn_geo.sea import SeaLevel

BLOCK_CELLS = 16
"""Side of a block: wide enough that a ship is no majority in it, narrow against banks of silt."""

_EVERY = 2
"""Cells are sampled: a median of 64 says as much."""

_SMOOTH_BLOCKS = 1.0
_SCENE_WEIGHT = 0.05
"""What the scene's centre weighs beside a block's that is all water: a puddle says little."""


class SeaLevels:
    """Give it every anchor tile of a scene, then `finish`.

    scene_cells: (rows, cols) of the scene in cells. stride: pixels per cell.
    """

    def __init__(self, bands: int, scene_cells: tuple[int, int], stride: int) -> None:
        rows, cols = (-(-cells // BLOCK_CELLS) for cells in scene_cells)
        self._stride = stride
        self._centre = np.zeros((bands, rows, cols), np.float32)
        self._water = np.zeros((rows, cols), np.float32)

    def add(self, anchor: GlobalAnchor, sea: NDArray[np.bool_]) -> None:
        """Enter the blocks that begin in the tile's core; sea: (rows, cols) of its window.

        A median: boats that cover less than half of a block's water do not change it.
        """
        window, core = anchor.window, anchor.core
        down, rows = _blocks_of(core.row_off, core.row_end, window.row_off)
        across, cols = _blocks_of(core.col_off, core.col_end, window.col_off)
        shape, wet = self._water[down, across].shape, sea[rows, cols]
        share = _split(wet.astype(np.float32), *shape)
        self._water[down, across] = np.nan_to_num(share).mean(axis=-1)
        for band, mean in enumerate(anchor.mean):
            cells = _split(np.where(wet, mean[rows, cols], np.float32(np.nan)), *shape)
            self._centre[band, down, across] = np.nan_to_num(nan_median(cells))

    def finish(self, scene_mean: NDArray[np.float32]) -> SeaLevel:
        """scene_mean: (bands,), what holds where there is no water near."""
        weight = _smooth(self._water)
        near = np.stack([_smooth(centre * self._water) for centre in self._centre])
        near += np.float32(_SCENE_WEIGHT) * scene_mean[:, None, None]
        return SeaLevel(near / (weight + np.float32(_SCENE_WEIGHT)), BLOCK_CELLS * self._stride)


def _blocks_of(core_off: int, core_end: int, window_off: int) -> tuple[slice, slice]:
    """Along one axis: the blocks that begin in a core, and their sampled cells in its window."""
    first, last = -(-core_off // BLOCK_CELLS), -(-core_end // BLOCK_CELLS)
    start, stop = (block * BLOCK_CELLS - window_off for block in (first, last))
    return slice(first, last), slice(start, stop, _EVERY)


def _split(field: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """(rows, cols) of sampled cells to (blocks down, blocks across, cells); NaN beyond."""
    side = BLOCK_CELLS // _EVERY
    rows, cols = field.shape
    missing = (0, down * side - rows), (0, across * side - cols)
    whole = np.pad(field, missing, constant_values=np.nan)
    parts = whole.reshape(down, side, across, side).swapaxes(1, 2)
    return parts.reshape(down, across, side * side)


def _smooth(field: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(ndimage.gaussian_filter(field, _SMOOTH_BLOCKS, mode="nearest"), np.float32)
