"""A small picture of the scene, gathered while its anchor passes by."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.errors import BlockReadError
from pdn_geo.geometry import Window
from pdn_geo.scene import Scene, colour_bands

_LONG_SIDE = 1600
_FEW_CELLS = 800


class Thumbnail:
    """Means of red, green and blue, or what stands for them, at `stride` scene pixels each.

    values: (3, rows, cols) float32, NaN where nothing is valid. band_names: of the scene; without
    the three colours its first three bands are shown, or its first one in grey.
    """

    def __init__(
        self, shape: tuple[int, int], anchor_stride: int, band_names: Sequence[str]
    ) -> None:
        self._shown = colour_bands(band_names)
        cells = [-(-side // anchor_stride) for side in shape]
        self._factor = max(1, -(-max(cells) // _LONG_SIDE))
        self.stride = anchor_stride * self._factor
        rows, cols = (-(-side // self._factor) for side in cells)
        self._sum = np.zeros((3, rows, cols), np.float32)
        self._weight = np.zeros((rows, cols), np.float32)

    def add(self, anchor: GlobalAnchor) -> None:
        """Take in the core of one anchor tile."""
        core, window = anchor.core, anchor.window
        inner = Window(
            col_off=core.col_off - window.col_off,
            row_off=core.row_off - window.row_off,
            width=core.width,
            height=core.height,
        ).slices
        weight = anchor.valid[inner]
        colours = anchor.mean[self._shown][:, *inner]
        if self._factor == 1:
            self._sum[:, *core.slices] += colours * weight
            self._weight[core.slices] += weight
            return
        rows = (core.row_off + np.arange(core.height)) // self._factor
        cols = (core.col_off + np.arange(core.width)) // self._factor
        self._sum += self._pool(colours * weight, rows, cols)
        self._weight += self._pool(weight, rows, cols)

    def _pool(
        self, values: NDArray[np.float32], rows: NDArray[np.int_], cols: NDArray[np.int_]
    ) -> NDArray[np.float32]:
        first_rows = np.flatnonzero(np.diff(rows, prepend=-1))
        first_cols = np.flatnonzero(np.diff(cols, prepend=-1))
        sums = np.add.reduceat(np.add.reduceat(values, first_rows, axis=-2), first_cols, axis=-1)
        pooled = np.zeros((*values.shape[:-2], *self._weight.shape), np.float32)
        pooled[..., rows[first_rows][:, None], cols[first_cols]] = sums
        return pooled

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        rows, cols = self._weight.shape
        return rows, cols

    @property
    def values(self) -> NDArray[np.float32]:
        return np.where(self._weight > 0, self._sum / np.maximum(self._weight, 1e-9), np.nan)


@dataclass(frozen=True, slots=True)
class Picture:
    """rgb: (rows, cols, 3) uint8. stride: scene pixels that one of its pixels spans."""

    rgb: NDArray[np.uint8]
    stride: int


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a picture is drawn from, if anybody asks for one.

    values: (3, rows, cols) float32, NaN where nothing is valid. stride: as of `Picture`.
    """

    values: NDArray[np.float32]
    stride: int

    def picture(self) -> Picture:
        """As people see it: stretched between the 1st and 99.8th percentile of all bands
        together, with a square root for dark seas; nodata is mid grey.
        """
        values = self.values
        if np.isnan(values).all():
            return Picture(np.full((*values.shape[1:], 3), 128, np.uint8), self.stride)
        # One range for all bands keeps the hue: each for itself turns a plain sea garish.
        low, high = np.nanpercentile(values, [1, 99.8])
        stretched = np.sqrt(np.clip((values - low) / max(high - low, 1e-9), 0, 1))
        rgb = np.where(np.isnan(stretched), 0.5, stretched) * 255
        return Picture(np.moveaxis(rgb, 0, -1).astype(np.uint8), self.stride)


def sketch(thumbnail: Thumbnail, scene: Scene) -> Sketch:
    """The thumbnail; a scene of few cells is read again, at full resolution: it is sharper."""
    if max(thumbnail.shape) < _FEW_CELLS:
        with suppress(BlockReadError):
            return Sketch(*_read_again(scene))
    return Sketch(thumbnail.values, thumbnail.stride)


def _read_again(scene: Scene) -> tuple[NDArray[np.float32], int]:
    height, width = scene.grid.height, scene.grid.width
    stride = max(1, -(-max(height, width) // _LONG_SIDE))
    rows, shown = 128 * stride, colour_bands(scene.band_names)
    thumbnail = np.full((3, -(-height // stride), -(-width // stride)), np.nan, np.float32)
    for row in range(0, height, rows):
        window = Window(col_off=0, row_off=row, width=width, height=min(rows, height - row))
        pixels = scene.read(window)
        values = np.where(pixels.valid, pixels.values, np.nan)[shown]
        sampled = values[:, ::stride, ::stride]
        top = row // stride
        thumbnail[:, top : top + sampled.shape[1]] = sampled
    return thumbnail, stride
