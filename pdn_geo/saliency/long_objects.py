"""Things on the water that are longer than a look at full resolution sees well."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.saliency.prior import SeaView

LEAST_PX = 64.0
"""Longer hulls seldom lie whole in the inner part of the smallest look."""

LONGEST_SHIP_M = 460.0
"""Of all that ever were: Seawise Giant, 458 m."""

_STANDS_OUT = 8.0  # spreads of the sea
_CORE = 0.35  # of its own peak: a wake is fainter than the hull before it
_LONGEST_M = 1500.0  # the brightest part of a wake may go with the ship
_BLOCKY = 1.5  # length over width below which it is no hull
_AFLOAT = 0.3


@dataclass(frozen=True, slots=True)
class LongObject:
    """x, y: its middle, and its length, in scene pixels."""

    x: float
    y: float
    length: float


def long_objects(
    anchor: GlobalAnchor, view: SeaView, water: NDArray[np.float32], gsd_m: float
) -> list[LongObject]:
    """Those whose middle lies in the core of an anchor tile, by the moments of their cells.

    water: (rows, cols), 0-1. gsd_m: metres per pixel, NaN if unknown: no length is too long then.
    """
    stride = anchor.stride
    if LEAST_PX * gsd_m > LONGEST_SHIP_M:
        return []
    strength = np.where(water > _AFLOAT, np.abs(view.means).max(axis=0), 0)
    labels, _ = ndimage.label(strength > _STANDS_OUT, np.ones((3, 3)))
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if max(side.stop - side.start for side in box) * stride * np.sqrt(2) < LEAST_PX:
            continue
        own = np.where(labels[box] == number, strength[box], 0)
        rows, cols = np.nonzero(own > _CORE * own.max())
        y, x = rows.mean() + box[0].start, cols.mean() + box[1].start
        length, width = _axes(rows, cols)
        fits = length * stride >= LEAST_PX and not length * stride * gsd_m > _LONGEST_M
        if fits and length > _BLOCKY * width and _in_core(anchor, y, x):
            left, top = anchor.window.col_off, anchor.window.row_off
            x, y = (x + left + 0.5) * stride, (y + top + 0.5) * stride
            found.append(LongObject(x=float(x), y=float(y), length=float(length * stride)))
    return found


def _axes(rows: NDArray[np.intp], cols: NDArray[np.intp]) -> tuple[float, float]:
    """Length and width of the rectangle with the same second moments, in cells."""
    spread = np.cov(np.stack([rows, cols]), bias=True) + np.eye(2) / 12
    small, large = np.sqrt(12 * np.linalg.eigvalsh(spread))
    return float(large), float(small)


def _in_core(anchor: GlobalAnchor, row: float, col: float) -> bool:
    core, window = anchor.core, anchor.window
    row, col = round(row) + window.row_off, round(col) + window.col_off
    return core.row_off <= row < core.row_end and core.col_off <= col < core.col_end
