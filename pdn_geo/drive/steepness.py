"""Expected boats if they fell off more steeply than the saliency map says."""

import numpy as np
from numpy.typing import NDArray

from pdn_geo.drive.feedback import STEEPNESS, Floats

BLOCK_PX = 128
"""Density is compared between blocks of about this side: the least that a look covers."""


class Steepness:
    """A map (rows, cols) of expected boats per cell, each block of it times its density to the
    power of each steepness, scaled so that the whole keeps its sum over what is searchable.
    """

    def __init__(
        self, expected: NDArray[np.float32], searchable: NDArray[np.bool_], stride: int
    ) -> None:
        self._expected = expected
        self._block = max(1, BLOCK_PX // stride)
        rows, cols = (slice(0, size) for size in expected.shape)
        bands = [slice(row, row + self._block) for row in range(0, rows.stop, self._block)]
        # Band by band: the map of a large scene is not to be copied.
        blocks = np.concatenate(
            [
                self._by_block(
                    np.where(searchable[band], expected[band], 0), slice(0, self._block), cols
                )
                for band in bands
            ]
        )
        self.total = float(blocks.sum())
        density = blocks / max(blocks.max(initial=0.0), 1e-30)
        raw = [(blocks * density**power).sum() for power in STEEPNESS]
        scales = [self.total / at if at > 0 else 1.0 for at in raw]
        self._factors = np.stack(
            [scale * density**power for scale, power in zip(scales, STEEPNESS, strict=True)]
        )

    def expected(self, rows: slice, cols: slice, new: NDArray[np.bool_]) -> Floats:
        """Sums (steepnesses,) over the cells of a region that are `new`."""
        region = np.where(new, self._expected[rows, cols], np.float32(0))
        if not region.size:
            return np.zeros(len(STEEPNESS))
        blocks = self._by_block(region, rows, cols)
        first_row, first_col = rows.start // self._block, cols.start // self._block
        high, wide = blocks.shape
        factors = self._factors[:, first_row : first_row + high, first_col : first_col + wide]
        return np.asarray((factors * blocks).sum(axis=(1, 2)))

    def _by_block(self, region: NDArray[np.float32], rows: slice, cols: slice) -> Floats:
        """Sums of a region over the blocks that it touches."""
        by_row = np.add.reduceat(region, self._starts(rows), axis=0, dtype=np.float64)
        return np.asarray(np.add.reduceat(by_row, self._starts(cols), axis=1))

    def _starts(self, span: slice) -> NDArray[np.intp]:
        """Where blocks begin within a span of cells, the first one cut."""
        first = span.start // self._block * self._block
        return np.maximum(np.arange(first, span.stop, self._block) - span.start, 0)
