"""The saliency map: what a look at each cell of the scene is worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class SaliencyMap:
    """Per cell (stride x stride pixels) of the whole scene; all arrays (rows, cols).

    expected_boats: float32 >= 0, expected number of boats centred in the cell; 0 where
    not searchable. water: float16, 0-1, how surely the cell is water. searchable: bool,
    has valid pixels that the user wants searched. reason: uint8 index into `reasons`,
    what speaks most for the cell, in words that make sense to an analyst.
    """

    stride: int
    expected_boats: NDArray[np.float32]
    water: NDArray[np.float16]
    searchable: NDArray[np.bool_]
    reason: NDArray[np.uint8]
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = self.expected_boats.shape
        for name in ("water", "searchable", "reason"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must be {shape}, got {getattr(self, name).shape}")

    def cells_under(self, window: Window) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """Indices (rows, 1) and (cols,) of the cell of each pixel of a window in the scene."""
        rows = np.arange(window.row_off, window.row_end)[:, None] // self.stride
        return rows, np.arange(window.col_off, window.col_end) // self.stride
