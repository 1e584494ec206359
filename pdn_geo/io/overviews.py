"""Stored overviews as a quick source of the global anchor, once they are found honest."""

import math
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pdn_geo.errors import BlockReadError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.io.cells import CellBlock, cell_statistics
from pdn_geo.scene import Pixels, Scene

Samples = NDArray[np.float64]
Verdict = Literal["averaged", "not averaged", "broken", "unknown"]

_SAMPLES_PER_SIDE = 5
_SAMPLE_PIXELS = 64
# Deviation of overview pixels from the mean of the pixels below them, in units of those
# pixels' spread. Picking one pixel (nearest) gives 1, the mean 0; in white noise GDAL's
# gauss, bilinear, cubic and lanczos stay below 0.5 (see tests).
_AVERAGED_BELOW = 0.65
_BROKEN_ABOVE = 3.0
_MISSING_ABOVE = 0.1
# Rounding or truncation: of whole numbers, and of floats relative to their size.
_ROUNDING, _FLOAT_ROUNDING = 0.6, 1e-5


@runtime_checkable
class OverviewScene(Scene, Protocol):
    """A scene with reduced copies of itself stored in its file.

    overview_factors: how many pixels a side each stored overview joins, ascending.
    """

    @property
    def overview_factors(self) -> list[int]: ...

    def read_decimated(self, window: Window, factor: int) -> Pixels:
        """`window` (full-resolution pixels, offsets multiples of `factor`) as stored in
        the overview of exactly that factor; shape rounded up at the scene's edges.
        """


@dataclass(frozen=True, slots=True)
class OverviewSource:
    """Cell statistics from the stored overview of one factor, which divides `stride`.

    std is that of the overview's pixels, lower than that of the scene's where neighbours
    differ at random; max and min are damped likewise.
    """

    scene: OverviewScene
    factor: int
    stride: int

    def cells(self, window: Window) -> CellBlock:
        """Cells of a window of full-resolution pixels that starts on a cell's corner."""
        pixels = self.scene.read_decimated(window, self.factor)
        block = cell_statistics(pixels, self.stride // self.factor)
        # An overview pixel on the scene's edge may stand for part of its area only.
        inside = _share_inside(window.height, self.stride)[:, None] * _share_inside(
            window.width, self.stride
        )
        return CellBlock(block.statistics, np.minimum(block.valid, inside))


def _share_inside(size: int, stride: int) -> NDArray[np.float32]:
    starts = np.arange(0, size, stride)
    return (np.minimum(size - starts, stride) / stride).astype(np.float32)


def choose_overviews(
    scene: Scene, *, stride: int, widest_m: float = math.inf
) -> tuple[OverviewSource | None, str]:
    """The stored overviews to build an anchor from, or None, and a sentence that says why.

    The finest whose factor divides the stride: its maxima are the least damped, and its
    own averages join to the cell's mean with the least rounding. widest_m: metres that a
    pixel of theirs may span; with a limit, a scene of unknown scale has none.
    """
    if not isinstance(scene, OverviewScene) or not scene.overview_factors:
        return None, f"{scene.name} has no stored overviews: its pixels were read instead."
    factors = sorted(f for f in scene.overview_factors if 1 < f <= stride and stride % f == 0)
    # A factor that is not a power of two has no whole number of pixels in a cell.
    if not factors:
        stored = ", ".join(str(f) for f in scene.overview_factors)
        return None, (
            f"no stored overview of {scene.name} fits cells of {stride} pixels "
            f"(factors {stored}): its pixels were read instead."
        )
    factor = factors[0]
    width_m = factor * scene.grid.gsd_m
    if math.isfinite(widest_m) and not width_m <= widest_m:  # NaN is no width
        size = f"{width_m:.3g} m" if math.isfinite(width_m) else "of unknown size"
        return None, (
            f"the stored overviews of {scene.name} are too coarse for small boats "
            f"(a pixel of 1/{factor} is {size}): its pixels were read instead."
        )
    verdict = check_overview(scene, factor)
    if verdict == "averaged":
        spoken = "" if factor < stride else " Every cell is one overview pixel: no spread in it."
        return OverviewSource(scene, factor, stride), (
            f"read from stored overviews, 1/{factor}: single bright pixels are damped.{spoken}"
        )
    reasons = {
        "not averaged": "do not hold averages (nearest-sampled?)",
        "broken": "do not match its pixels or cannot be read",
        "unknown": "could not be checked, no valid pixels were met",
    }
    return None, (
        f"the stored overviews (1/{factor}) of {scene.name} {reasons[verdict]}: "
        "its pixels were read instead."
    )


def check_overview(scene: OverviewScene, factor: int) -> Verdict:
    """Compare an overview with the pixels below it at 25 places spread over the scene."""
    deviation, spread, rounding, whole_blocks, missing = [], [], 0.0, 0, 0
    for window in _samples(scene.grid, scene.block_shape, factor):
        try:
            pixels = scene.read(window)
        except BlockReadError:
            continue  # says nothing about the overview
        whole, mean, std = _blocks(pixels, factor)
        if not whole.any():
            continue
        try:
            stored = scene.read_decimated(window, factor)
        except BlockReadError:
            return "broken"
        rows, cols = whole.shape
        seen = whole & stored.valid[:rows, :cols]
        whole_blocks += int(whole.sum())
        missing += int(whole.sum() - seen.sum())
        rounding = max(rounding, _rounding(pixels.values))
        if seen.any():
            deviation.append(_rms(stored.values[:, :rows, :cols] - mean, seen))
            spread.append(_rms(std, seen))
    if not whole_blocks:
        return "unknown"
    if missing > _MISSING_ABOVE * whole_blocks:
        return "broken"
    return _verdict(np.array(deviation), np.array(spread), rounding)


def _verdict(deviation: Samples, spread: Samples, rounding: float) -> Verdict:
    """Judge RMS deviations from the mean by the pixels' RMS spread, both (samples, bands)."""
    # In a quiet sample the noise of a lossy codec counts: the scene's usual spread helps.
    scale = np.maximum(spread, np.median(spread, axis=0) / 2)
    if (deviation > _BROKEN_ABOVE * scale + 3 * rounding).any():
        return "broken"
    limit = _AVERAGED_BELOW * np.sqrt((spread**2).mean(axis=0)) + rounding
    averaged = np.sqrt((deviation**2).mean(axis=0)) <= limit
    return "averaged" if averaged.all() else "not averaged"


def _rounding(values: NDArray[np.float32]) -> float:
    """What storing a mean may change it by."""
    if (values == np.rint(values)).all():
        return _ROUNDING
    return _FLOAT_ROUNDING * float(np.abs(values).max())


def _rms(values: Samples, where: NDArray[np.bool_]) -> Samples:
    return np.sqrt((values[:, where].astype(np.float64) ** 2).mean(axis=1))


def _samples(grid: PixelGrid, block_shape: tuple[int, int], factor: int) -> list[Window]:
    """Small windows on a lattice over the scene, each within one block where it fits."""
    rows = _sample_starts(grid.height, block_shape[0], factor)
    cols = _sample_starts(grid.width, block_shape[1], factor)
    size = max(_SAMPLE_PIXELS, 2 * factor)
    return [
        Window(
            col_off=col,
            row_off=row,
            width=min(size, grid.width - col),
            height=min(size, grid.height - row),
        )
        for row in rows
        for col in cols
    ]


def _sample_starts(length: int, block: int, factor: int) -> list[int]:
    size = max(_SAMPLE_PIXELS, 2 * factor)
    starts = set()
    for k in range(_SAMPLES_PER_SIDE):
        start = int((k + 0.5) / _SAMPLES_PER_SIDE * length)
        block_end = min((start // block + 1) * block, length)
        if block >= size:
            start = max(min(start, block_end - size), 0)
        starts.add(start // factor * factor)
    return sorted(starts)


def _blocks(pixels: Pixels, factor: int) -> tuple[NDArray[np.bool_], Samples, Samples]:
    """Which blocks of factor x factor pixels are whole and valid, their mean and std."""
    bands, height, width = pixels.values.shape
    rows, cols = height // factor, width // factor
    values = pixels.values[:, : rows * factor, : cols * factor].astype(np.float64)
    values = values.reshape(bands, rows, factor, cols, factor)
    valid = pixels.valid[: rows * factor, : cols * factor].reshape(rows, factor, cols, factor)
    whole: NDArray[np.bool_] = np.logical_and.reduce(valid, axis=(1, 3))
    return whole, values.mean(axis=(2, 4)), values.std(axis=(2, 4))
