"""Local background and noise of water, that no ship and no shore can pull."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.saliency.filters import nan_median
from pdn_geo.sea import SeaStatistics

CELL = 16
"""Side of a lattice cell in pixels: small against currents and haze, large against waves."""

REACH = 3
"""Cells on each side whose medians are pooled: 7 x 7 cells are 112 px, more than twice
the area of a 100 px ship, so such a ship never holds the majority."""

MIN_SHARE = 0.125
"""Share of water in a cell below which its median says nothing."""

MAD_TO_STD = 1.2533
"""Standard deviation over mean absolute deviation of a normal law, sqrt(pi / 2). The
median deviation would be 0 on seas of two or three grey values."""

FLOOR = 0.2
"""Local noise is at least this share of the scene's, which holds currents and haze too:
real scenes have 0.12 to 0.7."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Background:
    """mean, std: (bands, rows, cols) float32; what the water would be without objects."""

    mean: Floats
    std: Floats


def estimate_background(
    values: Floats,
    water: NDArray[np.bool_],
    sea: SeaStatistics,
    offset: tuple[int, int] = (0, 0),
) -> Background:
    """Medians of water on a lattice of cells, pooled over neighbours, interpolated.

    values: (bands, rows, cols); water: (rows, cols), True where a pixel may be used.
    offset: (col, row) of the patch in the scene; the lattice is fixed to the scene, so
    that overlapping patches see nearly the same background. Without any water near, mean
    and noise are the scene's.
    """
    rows, cols = water.shape
    row_lattice, col_lattice = (
        _Lattice.over(size, start) for size, start in ((rows, offset[1]), (cols, offset[0]))
    )
    mean, std = np.empty_like(values), np.empty_like(values)
    for band, plane in enumerate(values):
        used = plane if water.all() else np.where(water, plane, np.float32(np.nan))
        centre, spread = _robust_cells(_cells(used, row_lattice, col_lattice))
        centre = _pool(centre, float(sea.mean[band]))
        floor = np.maximum(FLOOR * sea.std[band], _step(plane) / 2)
        spread = np.maximum(_pool(spread, float(sea.std[band])), floor)
        mean[band] = _between(_between(centre.T, row_lattice).T, col_lattice)
        std[band] = _between(_between(spread.T, row_lattice).T, col_lattice)
    return Background(mean, std)


@dataclass(frozen=True, slots=True)
class _Lattice:
    """Cells along one axis, fixed to multiples of CELL in the scene.

    before: padding that starts the first cell; count: cells; size: pixels.
    """

    before: int
    count: int
    size: int

    @classmethod
    def over(cls, size: int, offset: int) -> "_Lattice":
        before = offset % CELL
        return cls(before, -(-(before + size) // CELL), size)


def _between(cells: Floats, lattice: _Lattice) -> Floats:
    """Linear between the centres of cells along the last axis, constant beyond the outer ones."""
    padded = np.concatenate([cells[:, :1], cells, cells[:, -1:]], axis=1)[..., None]
    share = ((np.arange(CELL) + 0.5) / CELL).astype(np.float32)
    pixels = padded[:, :-1] + np.diff(padded, axis=1) * share
    start = CELL // 2 + lattice.before
    return pixels.reshape(len(cells), -1)[:, start : start + lattice.size]


def _cells(plane: Floats, row_lattice: _Lattice, col_lattice: _Lattice) -> Floats:
    """(rows, cols) with NaN to (cell rows, cell cols, CELL * CELL)."""
    rows, cols = plane.shape
    padded = np.full((row_lattice.count * CELL, col_lattice.count * CELL), np.nan, np.float32)
    top, left = row_lattice.before, col_lattice.before
    padded[top : top + rows, left : left + cols] = plane
    blocks = padded.reshape(row_lattice.count, CELL, col_lattice.count, CELL).swapaxes(1, 2)
    return blocks.reshape(row_lattice.count, col_lattice.count, CELL * CELL)


def _robust_cells(cells: Floats) -> tuple[Floats, Floats]:
    """Median and noise of every cell; NaN where it has too little water."""
    centre = nan_median(cells)
    count = np.isfinite(cells).sum(axis=-1)
    deviation = np.nansum(np.abs(cells - centre[..., None]), axis=-1)
    spread = deviation / np.maximum(count, 1) * np.float32(MAD_TO_STD)
    known = count >= MIN_SHARE * CELL * CELL
    return np.where(known, centre, np.nan), np.where(known, spread, np.nan)


def _step(plane: Floats) -> float:
    """Smallest difference between values, in a sample: the quantum of a quantised band."""
    values = np.unique(plane.ravel()[:: max(1, plane.size // 4096)])
    return float(np.diff(values).min()) if len(values) > 1 else 0.0


def _pool(cells: Floats, otherwise: float) -> Floats:
    """Median over each cell's neighbours within REACH; `otherwise` where none is known."""
    padded = np.pad(cells, REACH, constant_values=np.nan)
    side = 2 * REACH + 1
    around = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    pooled = nan_median(around.reshape(*cells.shape, side * side))
    return np.where(np.isfinite(pooled), pooled, np.float32(otherwise))
