"""Boats and their wakes as one window sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.fleet import Boat
from pdn_geo.ocean.hulls import Looks, looks, paint, reach_m
from pdn_geo.ocean.light import Sun
from pdn_geo.ocean.wakes import KELVIN_HALF_ANGLE, Wake

Image = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Vessel:
    """A boat with its looks, its wake if it moves, and how far each may be seen."""

    boat: Boat
    dress: Looks
    wake: Wake | None
    hull_reach_m: float

    @classmethod
    def of(cls, boat: Boat, wind_mps: float, sun: Sun) -> "Vessel":
        wake = Wake.of(boat, wind_mps) if boat.speed_mps > 0 else None
        dress = looks(boat)
        return cls(boat, dress, wake, reach_m(boat, dress, sun))

    def paint(
        self, image: Image, window: Window, gsd_m: float, seconds: float, band: int, sun: Sun
    ) -> None:
        """Draw hull and shadow at a moment onto one band (rows, cols) of a window."""
        x_m, y_m = self.boat.moved(seconds)
        near = _box(x_m, y_m, self.hull_reach_m, gsd_m).intersection(window)
        if near is None:
            return
        rows = slice(near.row_off - window.row_off, near.row_end - window.row_off)
        cols = slice(near.col_off - window.col_off, near.col_end - window.col_off)
        x, y = _centres(near, gsd_m)
        paint(image[rows, cols], self.boat, self.dress, x - x_m, y - y_m, gsd_m, band, sun)


@dataclass(frozen=True, slots=True)
class WakeField:
    """All wakes over one window, (rows, cols) float32 each.

    foam: whiteness 0 to 1. trail: smoothing of short waves 0 to 1. slope_down and
    slope_cross: Kelvin waves, along and across the wind.
    """

    foam: Image
    trail: Image
    slope_down: Image
    slope_cross: Image

    @classmethod
    def over(
        cls,
        window: Window,
        vessels: Sequence[Vessel],
        *,
        lace: Image,
        gsd_m: float,
        wind_angle: float,
    ) -> "WakeField | None":
        """None where no wake reaches the window. lace: what is left of old foam."""
        shape = (window.height, window.width)
        field: WakeField | None = None
        for vessel in vessels:
            wake, boat = vessel.wake, vessel.boat
            if wake is None or not _box(boat.x, boat.y, wake.reach_m, gsd_m).intersection(window):
                continue
            x, y = _centres(window, gsd_m)
            cos, sin = np.cos(boat.angle), np.sin(boat.angle)
            x, y = x - boat.x, y - boat.y
            along = (x[None, :] * cos + y[:, None] * sin).astype(np.float32)
            side = (y[:, None] * cos - x[None, :] * sin).astype(np.float32)
            aft = -along - np.float32(boat.length_m / 2)
            if field is None:
                field = cls(*(np.zeros(shape, np.float32) for _ in range(4)))
            field._add_foam(wake, aft, side, lace, gsd_m)
            field._add_kelvin(wake, aft, side, gsd_m, wind_angle)
        return field

    def _add_foam(self, wake: Wake, aft: Image, side: Image, lace: Image, gsd_m: float) -> None:
        boat = wake.boat
        side = side - wake.track(aft)
        near = (aft > -boat.length_m) & (aft < 2 * wake.trail_m)
        near &= np.abs(side) < 4 * boat.beam_m + 1.5 * wake.arms * np.maximum(aft, 0) + gsd_m
        if near.any():
            a, s = aft[near], side[near]
            self.foam[near] = np.maximum(self.foam[near], wake.foam(a, s, lace[near]))
            self.trail[near] = np.maximum(self.trail[near], wake.trail(a, s))

    def _add_kelvin(
        self, wake: Wake, aft: Image, side: Image, gsd_m: float, wind_angle: float
    ) -> None:
        boat = wake.boat
        from_stem = aft + np.float32(wake.kelvin_origin_m)
        wedge = (from_stem > boat.length_m / 4) & (from_stem < wake.kelvin_m)
        wedge &= np.abs(side) < from_stem * np.float32(np.tan(KELVIN_HALF_ANGLE))
        if wedge.any():
            slope_aft, slope_side = wake.kelvin(from_stem[wedge], side[wedge], gsd_m)
            turn = wind_angle - boat.angle
            cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
            self.slope_down[wedge] += slope_side * sin - slope_aft * cos
            self.slope_cross[wedge] += slope_side * cos + slope_aft * sin


def _box(x_m: float, y_m: float, reach_m: float, gsd_m: float) -> Window:
    """Pixels within reach of a place, with one to spare."""
    col, row = int((x_m - reach_m) // gsd_m) - 1, int((y_m - reach_m) // gsd_m) - 1
    side = int(np.ceil(2 * reach_m / gsd_m)) + 3
    return Window(col_off=col, row_off=row, width=side, height=side)


def _centres(window: Window, gsd_m: float) -> tuple[NDArray, NDArray]:
    """Metres of the pixel centres from the scene's corner, (cols,) and (rows,)."""
    x = (np.arange(window.col_off, window.col_end) + 0.5) * gsd_m
    y = (np.arange(window.row_off, window.row_end) + 0.5) * gsd_m
    return x, y
