"""Shadows of masts: lines, far longer than the boats that throw them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.blocks import Block
from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.coverage import overlap
from pdn_geo.ocean.light import Sun

Image = NDArray[np.float32]

_SLENDER = 4.0  # length of its shadow over the width of what is called a mast
_FINEST_PX = 0.12  # width in pixels of the finest line drawn
_SHADE = 0.35  # light left in a shadow


@dataclass(frozen=True, slots=True)
class MastShadow:
    """A line from a mast's foot to where its top's shadow falls; metres in pixel axes."""

    foot: tuple[float, float]
    tip: tuple[float, float]
    width_m: float

    def shade(self, image: Image, window: Window, gsd_m: float) -> None:
        """Darken (bands, rows, cols) of a window in place."""
        if self.width_m < _FINEST_PX * gsd_m:
            return
        ends = np.array([self.foot, self.tip]) / gsd_m
        (left, top), (right, bottom) = ends.min(axis=0).tolist(), ends.max(axis=0).tolist()
        around = Window(col_off=int(left) - 2, row_off=int(top) - 2, width=int(right - left) + 5,
                        height=int(bottom - top) + 5)  # fmt: skip
        near = around.intersection(window)
        if near is None:
            return
        middle, half = ends.mean(axis=0) * gsd_m, (ends[1] - ends[0]) * gsd_m / 2
        length = float(np.hypot(*half))
        x = ((np.arange(near.col_off, near.col_end) + 0.5) * gsd_m - middle[0])[None, :]
        y = ((np.arange(near.row_off, near.row_end) + 0.5) * gsd_m - middle[1])[:, None]
        along = (x * half[0] + y * half[1]) / length
        across = (y * half[0] - x * half[1]) / length
        dark = overlap(along, length, gsd_m) * overlap(across, self.width_m / 2, gsd_m)
        part = image[:, near.row_off - window.row_off : near.row_end - window.row_off,
                     near.col_off - window.col_off : near.col_end - window.col_off]  # fmt: skip
        part *= 1 - np.float32(1 - _SHADE) * dark.astype(np.float32)


def is_mast(block: Block, boat: Boat, sun: Sun) -> bool:
    """Whether a box throws a line rather than a patch of shadow."""
    reach = block.height_m * float(np.tan(sun.zenith))
    return reach > _SLENDER * max(block.size_m(boat))


def mast_shadow(block: Block, boat: Boat, sun: Sun) -> MastShadow:
    """The shadow that a mast throws on the water."""
    along = sum(block.along) / 2 * boat.length_m / 2
    across = sum(block.across) / 2 * boat.beam_m / 2
    cos, sin = np.cos(boat.angle), np.sin(boat.angle)
    x = boat.x + float(along * cos - across * sin)
    y = boat.y + float(along * sin + across * cos)
    cast = sun.shadow_offset(block.height_m + boat.deck_height_m)
    return MastShadow((x, y), (x + cast[0], y + cast[1]), max(block.size_m(boat)))
