"""The saliency map: what a look at each cell of the scene is worth."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.saliency.filters import box_mean, box_share

NEAR_PX = 72
"""Side of the square in which boats are expected near a pixel."""
_USUAL, _USUAL_PER_MPX = 30.0, 1.0
"""Boats in a small scene and per million pixels of a large one beyond which a map's sum is not
believed: where JPEG has wiped the sea flat, every speck of foam stands out.
"""


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
    _excess: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shape = self.expected_boats.shape
        for name in ("water", "searchable", "reason"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must be {shape}, got {getattr(self, name).shape}")
        searchable_mpx = 1e-6 * self.stride**2 * np.count_nonzero(self.searchable)
        usual = max(_USUAL, _USUAL_PER_MPX * searchable_mpx)
        object.__setattr__(self, "_excess", max(1.0, float(self.expected_boats.sum()) / usual))

    def cells_under(self, window: Window) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """Indices (rows, 1) and (cols,) of the cell of each pixel of a window in the scene."""
        rows = np.arange(window.row_off, window.row_end)[:, None] // self.stride
        return rows, np.arange(window.col_off, window.col_end) // self.stride

    def density(self, window: Window) -> NDArray[np.float32]:
        """Boats expected per million pixels near each pixel of a window, (rows, cols); less where
        the map expects more of them in all than is usual.
        """
        rows, cols = self.cells_under(window)
        reach = round((NEAR_PX / self.stride - 1) / 2)
        top, left = (max(int(cells.min()) - reach, 0) for cells in (rows, cols))
        bottom, right = (int(cells.max()) + reach + 1 for cells in (rows, cols))
        about = self.expected_boats[top:bottom, left:right]
        near = box_mean(about, 2 * reach + 1) / box_share(about.shape, 2 * reach + 1)
        near *= np.float32(1e6 / self.stride**2 / self._excess)
        return near[rows - top, cols - left]
