"""Statistics per cell of a window of pixels: the inner loop of the global anchor.

Every reduction runs in one fixed order (down the rows of a cell, then halving its
columns), so a cell's numbers depend on its own pixels only: not on the window it was
read in, nor on the number of threads.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.io.byte_cells import BytePixels, reduce_bytes
from pdn_geo.scene import Pixels

Floats = NDArray[np.float32]

STATISTICS = ("mean", "max", "min", "std")

# Pixels of one band worked on at a time: small enough for the processor's cache, large
# enough that threads do not queue for the interpreter between numpy's loops.
_SLAB_PIXELS = 2**18

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class CellBlock:
    """Statistics of a rectangle of cells.

    statistics: (4, bands, rows, cols) float32 in the order of `STATISTICS`, over the
    valid pixels of each cell, finite, 0 where it has none. valid: (rows, cols) float32,
    the share of stride x stride pixels that is valid.
    """

    statistics: Floats
    valid: Floats

    @classmethod
    def empty(cls, bands: int, rows: int, cols: int) -> "CellBlock":
        """Cells without one valid pixel."""
        shape = (len(STATISTICS), bands, rows, cols)
        return cls(np.zeros(shape, np.float32), np.zeros((rows, cols), np.float32))

    @property
    def height(self) -> int:
        return self.valid.shape[0]

    def rows(self, start: int, stop: int) -> "CellBlock":
        """A view of some rows of cells."""
        return CellBlock(self.statistics[:, :, start:stop], self.valid[start:stop])

    def paste(self, other: "CellBlock", row: int, col: int = 0) -> None:
        """Put another block at a place inside this one."""
        height, width = other.valid.shape
        self.statistics[:, :, row : row + height, col : col + width] = other.statistics
        self.valid[row : row + height, col : col + width] = other.valid


def cell_statistics(pixels: Pixels | BytePixels, stride: int) -> CellBlock:
    """Reduce a window whose top-left corner is a cell's corner to its cells.

    `stride` is a power of two, 4 to 256 for bytes. The last row and column of cells may be
    partly covered.
    The spread is two-pass (deviations from the cell's own mean), so 16-bit data far from
    zero do not cancel: the relative error of std stays below 1e-3.
    """
    bands, height, width = pixels.values.shape
    rows, cols = -(-height // stride), -(-width // stride)
    block = CellBlock.empty(bands, rows, cols)
    whole_rows, whole_cols = height // stride, width // stride
    # Cells cut by the window's right and lower edge are padded apart, so that the rest
    # needs no copy.
    row_parts = [(0, whole_rows), (whole_rows, rows)]
    col_parts = [(0, whole_cols), (whole_cols, cols)]
    for row, row_end in row_parts:
        for col, col_end in col_parts:
            if row < row_end and col < col_end:
                cut = np.s_[..., row * stride : row_end * stride, col * stride : col_end * stride]
                values, valid = _padded(pixels.values[cut], pixels.valid[cut], stride)
                out = block.statistics[:, :, row:row_end, col:col_end]
                _reduce(values, valid, stride, out, block.valid[row:row_end, col:col_end])
    return block


def _padded(
    values: NDArray, valid: NDArray[np.bool_], stride: int
) -> tuple[NDArray, NDArray[np.bool_]]:
    """Whole cells only; what is added is not valid."""
    height, width = valid.shape
    below, right = -height % stride, -width % stride
    if below == 0 and right == 0:
        return values, valid
    return (
        np.pad(values, ((0, 0), (0, below), (0, right))),
        np.pad(valid, ((0, below), (0, right))),
    )


def _reduce(
    values: NDArray, valid: NDArray[np.bool_], stride: int, statistics: Floats, share: Floats
) -> None:
    """Fill `statistics` (4, bands, rows, cols) and `share` (rows, cols), slab by slab."""
    rows, cols = share.shape
    step = max(1, _SLAB_PIXELS // (cols * stride * stride))
    for row in range(0, rows, step):
        end = min(row + step, rows)
        cut = slice(row * stride, end * stride)
        count = np.full((end - row, cols), stride * stride, np.float32)
        mask = None
        if not valid[cut].all():
            mask = valid[cut].astype(np.float32)
            count = _to_cells(mask, stride, np.add)
        share[row:end] = count / np.float32(stride * stride)
        if values.dtype == np.uint8:
            some = None if mask is None else count
            reduce_bytes(values[:, cut], valid[cut], stride, some, statistics[:, :, row:end])
            continue
        for band, slab in enumerate(values[:, cut]):
            _reduce_slab(slab, mask, count, stride, statistics[:, band, row:end])


def _reduce_slab(
    slab: Floats, mask: Floats | None, count: Floats, stride: int, out: Floats
) -> None:
    """Statistics of one band: `out` is (4, rows, cols); `slab` is 0 where `mask` is 0."""
    # Unflagged nodata near the largest float overflows; the result is clipped below. The
    # penalty of what is masked is 1 / 0: np.where costs four times as much.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        number = count if mask is None else np.maximum(count, 1)
        mean = _to_cells(slab, stride, np.add) / number
        penalty = 0 if mask is None else 1 / mask - 1
        out[0] = mean
        out[1] = _to_cells(slab if mask is None else slab - penalty, stride, np.maximum)
        out[2] = _to_cells(slab if mask is None else slab + penalty, stride, np.minimum)
        deviation = slab.reshape(len(mean), stride, -1) - np.repeat(mean, stride, axis=1)[:, None]
        deviation = deviation.reshape(slab.shape)
        if mask is not None:
            np.multiply(deviation, mask, out=deviation)
        np.multiply(deviation, deviation, out=deviation)
        out[3] = np.sqrt(_to_cells(deviation, stride, np.add) / number)
    if mask is not None:
        out[:, count == 0] = 0
    if not np.isfinite(out).all():
        np.nan_to_num(out, copy=False, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)


def _to_cells(plane: Floats, stride: int, combine: np.ufunc) -> Floats:
    """(rows x stride, cols x stride) to (rows, cols): rows first, they are contiguous."""
    plane = combine.reduce(plane.reshape(-1, stride, plane.shape[1]), axis=1)
    for _ in range(stride.bit_length() - 1):
        plane = combine(plane[:, 0::2], plane[:, 1::2])
    return plane
