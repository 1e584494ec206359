"""The global anchor: what one coarse look at the scene keeps of every cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalAnchor:
    """Statistics of the cells of one anchor tile (most scenes are one tile).

    A cell is `stride` x `stride` scene pixels; cell (0, 0) of the *scene* starts at
    pixel (0, 0), and the last row and column may be partly outside it.
    window: the cells held, in units of cells of the scene.
    core: the cells this tile answers for; the rest of `window` is halo.
    mean, max, min, std: (bands, rows, cols) float32 over the valid pixels of a cell;
    0 where it has none. valid: (rows, cols) float32, the share of the cell's area
    (stride x stride pixels) that is valid.
    """

    stride: int
    window: Window
    core: Window
    mean: NDArray[np.float32]
    max: NDArray[np.float32]
    min: NDArray[np.float32]
    std: NDArray[np.float32]
    valid: NDArray[np.float32]

    def __post_init__(self) -> None:
        shape = (self.window.height, self.window.width)
        for name in ("mean", "max", "min", "std"):
            if getattr(self, name).shape[1:] != shape:
                got = getattr(self, name).shape
                raise ValueError(f"{name} must be (bands, {shape}), got {got}")
        if self.valid.shape != shape:
            raise ValueError(f"valid must be {shape}, got {self.valid.shape}")
