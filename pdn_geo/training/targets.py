"""What the patch network should draw for known boats."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.engines.network.maps import UNIT_PX
from pdn_geo.training.boats import Boats

Image = NDArray[np.float32]

TARGETS = ("boat", "known", "owned", "dx", "dy", "log_length", "log_width", "sin_2a", "cos_2a",
           "bow_x", "bow_y", "wake",
           "size_known", "axis_known", "bow_known", "wake_known")  # fmt: skip
"""Per cell. boat: 1 where a hull's centre lies, falling off around it. known: 0 where
labels cannot say. owned: 1 where a boat's shape is taught; the next nine as in MAPS; the
last four: how much that part of the shape counts."""

_LEAST_SIGMA = 0.55  # cells
_LENGTHS_PER_SIGMA, _WIDTHS_PER_SIGMA = 8.0, 5.0
_OWNED = 0.55
"""Cells at which the fall-off is at least this teach the shape: the centre and next to it."""
_POINT_PX = 3.0
_SHORT_PX, _LONG_PX = 5.0, 10.0
"""The axis of a hull shorter than the first is not taught, of one from the second on fully."""


def draw_targets(boats: Boats, ignore: Sequence[shapely.Geometry], side: int, stride: int) -> Image:
    """(16, side / stride, side / stride) float32, as named in TARGETS, for a crop of
    side x side pixels with these boats, in crop pixels, and areas to leave out.
    """
    cells = side // stride
    maps = np.zeros((len(TARGETS), cells, cells), np.float32)
    at = {name: maps[i] for i, name in enumerate(TARGETS)}
    at["known"][:] = 1
    for area in ignore:
        at["known"][_covered(area, cells, stride)] = 0
    inside = (boats.x >= 0) & (boats.x < side) & (boats.y >= 0) & (boats.y < side)
    taught = inside & boats.counts
    order = np.argsort(-np.nan_to_num(boats.length, nan=_POINT_PX), kind="stable").tolist()
    for i in order:
        if not taught[i]:
            _Boat.of(boats, i, stride).forgive(at)
    for i in order:
        if taught[i]:
            _Boat.of(boats, i, stride).draw(at)
    return maps


@dataclass(frozen=True, slots=True)
class _Boat:
    """One boat in cells; length_px as labelled, NaN for a point."""

    x: float
    y: float
    length: float
    width: float
    angle: float
    length_px: float
    width_px: float
    bow_known: bool
    wake: float

    @classmethod
    def of(cls, boats: Boats, i: int, stride: int) -> "_Boat":
        length_px, width_px = float(boats.length[i]), float(boats.width[i])
        return cls(
            float(boats.x[i]) / stride,
            float(boats.y[i]) / stride,
            (length_px if np.isfinite(length_px) else _POINT_PX) / stride,
            (width_px if np.isfinite(width_px) else _POINT_PX) / stride,
            float(np.nan_to_num(boats.angle[i])),
            length_px,
            width_px,
            bool(boats.bow_known[i]),
            float(boats.wake[i]),
        )

    def box(self, cells: int, reach: float) -> tuple[slice, slice]:
        rows, cols = (
            slice(max(0, int(at - reach)), max(0, min(cells, int(at + reach) + 2)))
            for at in (self.y, self.x)
        )
        return rows, cols

    def frame(self, box: tuple[slice, slice]) -> tuple[NDArray, NDArray]:
        """Distance of cell middles along and across the hull, in cells."""
        dy = np.arange(box[0].start, box[0].stop)[:, None] + 0.5 - self.y
        dx = np.arange(box[1].start, box[1].stop) + 0.5 - self.x
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return dx * cos + dy * sin, dy * cos - dx * sin

    def forgive(self, at: dict[str, Image]) -> None:
        """Leave out the cells under the hull."""
        box = self.box(len(at["known"]), self.length / 2 + 2)
        along, across = self.frame(box)
        under = (np.abs(along) < self.length / 2 + 1) & (np.abs(across) < self.width / 2 + 1)
        at["known"][box][under] = 0

    def draw(self, at: dict[str, Image]) -> None:
        cells = len(at["known"])
        along_sigma = max(_LEAST_SIGMA, self.length / _LENGTHS_PER_SIGMA)
        across_sigma = max(_LEAST_SIGMA, self.width / _WIDTHS_PER_SIGMA)
        box = self.box(cells, 3.5 * along_sigma)
        along, across = self.frame(box)
        bump = np.exp(-0.5 * ((along / along_sigma) ** 2 + (across / across_sigma) ** 2))
        row, col = min(int(self.y), cells - 1), min(int(self.x), cells - 1)
        bump[row - box[0].start, col - box[1].start] = 1.0
        owns = (bump > _OWNED) & (bump >= at["boat"][box])
        np.maximum(at["boat"][box], bump, out=at["boat"][box])
        at["known"][row, col] = 1
        rows, cols = np.nonzero(owns)
        self._teach(at, rows + box[0].start, cols + box[1].start)

    def _teach(self, at: dict[str, Image], rows: NDArray, cols: NDArray) -> None:
        sized = np.isfinite(self.length_px) and np.isfinite(self.width_px)
        axis = (self.length_px - _SHORT_PX) / (_LONG_PX - _SHORT_PX) if sized else 0.0
        axis_known = float(np.clip(axis, 0, 1)) * (self.length_px > 1.15 * self.width_px)
        values = {
            "owned": 1.0,
            "dx": self.x - cols - 0.5,
            "dy": self.y - rows - 0.5,
            "log_length": np.log(max(self.length_px, 0.5) / UNIT_PX) if sized else 0.0,
            "log_width": np.log(max(self.width_px, 0.5) / UNIT_PX) if sized else 0.0,
            "sin_2a": np.sin(2 * self.angle),
            "cos_2a": np.cos(2 * self.angle),
            "bow_x": np.cos(self.angle) * self.bow_known,
            "bow_y": np.sin(self.angle) * self.bow_known,
            "wake": np.nan_to_num(self.wake),
            "size_known": float(sized),
            "axis_known": axis_known,
            "bow_known": axis_known * self.bow_known,
            "wake_known": float(np.isfinite(self.wake)),
        }
        for name, value in values.items():
            at[name][rows, cols] = value


def _covered(area: shapely.Geometry, cells: int, stride: int) -> NDArray[np.bool_]:
    """Cells whose middle lies in an area given in pixels."""
    middles = (np.arange(cells) + 0.5) * stride
    x, y = np.meshgrid(middles, middles)
    return np.asarray(shapely.contains_xy(area, x, y))
