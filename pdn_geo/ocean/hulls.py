"""What a boat looks like from above: outline, deck, superstructure, shadow."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.ocean.blocks import Block
from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.hashing import hashed_bytes
from pdn_geo.ocean.light import Sun
from pdn_geo.ocean.looks import Looks
from pdn_geo.ocean.masts import is_mast

Image = NDArray[np.float32]

_SHADE = 0.35  # light left in a shadow
_FLAT_M = 0.2  # height below which a box throws no shadow worth drawing
_CLUTTER_M = 0.4  # size of what lies about on deck
_CLUTTER_SEEN_M = 0.7  # ground sampling distance from which it is not seen
_CLUTTERED = 40  # of 256 cells
_LOW_PX = 0.3  # height in pixels below which the same holds
_SMALLEST_PX = 0.3  # area in pixels of the smallest box drawn
_TRANSOM = 0.8  # beam at the stern over the greatest beam


def half_beam(boat: Boat, along: Image) -> Image:
    """Half the hull's width in metres at positions -1 (stern) to 1 (stem); 0 outside."""
    entrance = np.float32(2 * boat.kind.bow)
    t = np.clip((along - (1 - entrance)) / entrance, 0, 1)
    run = np.clip((-0.4 - along) / np.float32(0.6), 0, 1)
    shape = (1 - t * t) * (1 - np.float32(1 - _TRANSOM) * run * run)
    return np.where(np.abs(along) <= 1, shape * np.float32(boat.beam_m / 2), 0)


@dataclass(frozen=True, slots=True)
class Picture:
    """A boat over one window of pixels, antialiased; (rows, cols) and (bands, rows, cols).

    covered: share of each pixel under the hull. shaded: share in its shadow. light: its
    reflectance times the share it covers, in the bands asked for.
    """

    covered: Image
    shaded: Image
    light: Image

    def shade(self, image: Image) -> None:
        """Darken (bands, rows, cols) in place where the boat's shadow falls."""
        image *= 1 - np.float32(1 - _SHADE) * self.shaded

    def cover(self, image: Image) -> None:
        """Draw the hull onto (bands, rows, cols) in place."""
        image *= 1 - self.covered
        image += self.light


def picture(
    boat: Boat,
    dress: Looks,
    x_m: NDArray[np.float64],
    y_m: NDArray[np.float64],
    *,
    gsd_m: float,
    sun: Sun,
    bands: slice,
) -> Picture:
    """The boat in some bands; x_m, y_m: pixel centres from its centre, (cols,) and (rows,).

    Masts' shadows, which reach far beyond it, are not part of it.
    """
    n = int(np.clip(np.ceil(10 * gsd_m / boat.beam_m), 2, 8))
    grid = _Raster.over(boat, x_m, y_m, n, gsd_m / n)
    paint = np.zeros(grid.hull.shape, np.uint8)
    light = grid.hull.astype(np.float32)
    shadow = grid.hull_at(sun.shadow_offset(boat.deck_height_m))
    blocks = [block for block in dress.blocks if _seen(block, boat, gsd_m)]
    for number, block in enumerate(blocks, start=1):
        if block.height_m > max(_FLAT_M, _LOW_PX * gsd_m) and not is_mast(block, boat, sun):
            where, mask = grid.block(block, sun.shadow_offset(block.height_m))
            light[where][mask] *= np.float32(_SHADE)
            where, mask = grid.block(block, sun.shadow_offset(block.height_m + boat.deck_height_m))
            shadow[where] |= mask
        where, mask = grid.block(block, (0.0, 0.0))
        mask &= grid.hull[where]
        paint[where][mask] = number
        light[where][mask] = 1
    if gsd_m < _CLUTTER_SEEN_M:
        light *= grid.clutter()
    palette = np.array([dress.deck, *(block.colour for block in blocks)], np.float32)
    shadow &= ~grid.hull
    colours = [_pooled(palette[:, band][paint] * light, n) for band in range(4)[bands]]
    return Picture(_pooled(grid.hull, n), _pooled(shadow, n), np.stack(colours))


def _seen(block: Block, boat: Boat, gsd_m: float) -> bool:
    """Whether a box covers enough of a pixel to be told from the deck about it."""
    along, across = block.size_m(boat)
    return along * across > _SMALLEST_PX * gsd_m**2


def extent_m(boat: Boat, dress: Looks, sun: Sun) -> tuple[float, float, float, float]:
    """Metres from the centre (left, top, right, bottom) that hold the hull and its shadow."""
    heights = [b.height_m for b in dress.blocks if not is_mast(b, boat, sun)]
    cast = sun.shadow_offset(max(heights, default=0.0) + boat.deck_height_m)
    cos, sin = abs(np.cos(boat.angle)), abs(np.sin(boat.angle))
    x = float(boat.length_m * cos + boat.beam_m * sin) / 2
    y = float(boat.length_m * sin + boat.beam_m * cos) / 2
    left, right = -x + min(cast[0], 0.0), x + max(cast[0], 0.0)
    return left, -y + min(cast[1], 0.0), right, y + max(cast[1], 0.0)


def _pooled(values: NDArray, n: int) -> Image:
    """Means over squares of n x n."""
    rows, cols = values.shape
    return values.reshape(rows // n, n, cols // n, n).mean(axis=(1, 3), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Raster:
    """A fine grid of points over a boat, `step_m` apart, in its hull's axes.

    x0, y0: the first point from the boat's centre in pixel axes. along, across, half (the
    hull's half beam there), hull (which points it covers): (rows, cols).
    """

    boat: Boat
    x0: float
    y0: float
    step_m: float
    along: Image
    across: Image
    half: Image
    hull: NDArray[np.bool_]

    @classmethod
    def over(
        cls, boat: Boat, x_m: NDArray[np.float64], y_m: NDArray[np.float64], n: int, step_m: float
    ) -> "_Raster":
        """N x n points in each pixel; x_m, y_m: pixel centres from the boat's centre."""
        parts = (np.arange(n) + 0.5 - n / 2) * step_m
        x, y = ((v[:, None] + parts).ravel().astype(np.float32) for v in (x_m, y_m))
        cos, sin = np.float32(np.cos(boat.angle)), np.float32(np.sin(boat.angle))
        along = x[None, :] * cos + y[:, None] * sin
        across = y[:, None] * cos - x[None, :] * sin
        half = half_beam(boat, along * np.float32(2 / boat.length_m))
        hull = (np.abs(across) <= half) & (half > 0)
        return cls(boat, float(x[0]), float(y[0]), step_m, along, across, half, hull)

    def hull_at(self, cast: tuple[float, float]) -> NDArray[np.bool_]:
        """Points under the hull's outline moved by `cast` metres, (rows, cols)."""
        ahead, aside = self._turned(cast)
        half = half_beam(self.boat, (self.along - ahead) * np.float32(2 / self.boat.length_m))
        return (np.abs(self.across - aside) <= half) & (half > 0)

    def block(
        self, block: Block, cast: tuple[float, float]
    ) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
        """The part of the grid around a box moved by `cast` metres, and its points there.

        Moved, it is a box even if its sides follow the hull.
        """
        ahead, aside = self._turned(cast)
        a0, a1 = (v * self.boat.length_m / 2 + ahead for v in block.along)
        c0, c1 = (v * self.boat.beam_m / 2 + aside for v in block.across)
        where = self._around((a0 + a1) / 2, (a1 - a0) / 2, (c0 + c1) / 2, (c1 - c0) / 2)
        along, across = self.along[where], self.across[where]
        inside = (along >= a0) & (along <= a1)
        if block.follows and cast == (0.0, 0.0):
            inside &= np.abs(across) <= self.half[where] * np.float32(block.across[1])
        else:
            inside &= (across >= c0) & (across <= c1)
        return where, inside

    def clutter(self) -> Image:
        """Brightness of ropes, rails, hatches and gear at every point, about 1, (rows, cols)."""
        cell = np.float32(1 / _CLUTTER_M)
        noise = hashed_bytes(
            np.floor(self.along * cell), np.floor(self.across * cell), self.boat.seed
        )
        dark = np.where(noise[0] < _CLUTTERED, np.float32(0.62), np.float32(0.92))
        return dark + noise[1] * np.float32(0.16 / 255)

    def _around(
        self, along: float, half_along: float, across: float, half_across: float
    ) -> tuple[slice, slice]:
        """Rows and columns that hold a box about a point, in the hull's axes."""
        cos, sin = math.cos(self.boat.angle), math.sin(self.boat.angle)
        wide = abs(half_along * cos) + abs(half_across * sin)
        high = abs(half_along * sin) + abs(half_across * cos)
        col = (along * cos - across * sin - self.x0) / self.step_m
        row = (along * sin + across * cos - self.y0) / self.step_m
        return (
            slice(max(math.ceil(row - high / self.step_m), 0),
                  max(math.floor(row + high / self.step_m) + 1, 0)),
            slice(max(math.ceil(col - wide / self.step_m), 0),
                  max(math.floor(col + wide / self.step_m) + 1, 0)),
        )  # fmt: skip

    def _turned(self, cast: tuple[float, float]) -> tuple[float, float]:
        """A shift in pixel axes along and across the hull."""
        cos, sin = math.cos(self.boat.angle), math.sin(self.boat.angle)
        return cast[0] * cos + cast[1] * sin, cast[1] * cos - cast[0] * sin
