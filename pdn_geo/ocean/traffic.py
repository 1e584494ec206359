"""Boats and their wakes as one window sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.hulls import Picture, extent_m, picture
from pdn_geo.ocean.light import Sun
from pdn_geo.ocean.looks import Looks, looks
from pdn_geo.ocean.masts import MastShadow, is_mast, mast_shadow
from pdn_geo.ocean.wakes import KELVIN_HALF_ANGLE, Wake

Image = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Vessel:
    """A boat with its looks, its wake if it moves, and what its shadow reaches.

    extent_m: left, top, right and bottom of hull and shadow from the boat's centre; the
    shadows of its masts (at time 0) lie beyond.
    """

    boat: Boat
    dress: Looks
    wake: Wake | None
    extent_m: tuple[float, float, float, float]
    masts: tuple[MastShadow, ...]

    @classmethod
    def of(cls, boat: Boat, wind_mps: float, sun: Sun) -> "Vessel":
        wake = Wake.of(boat, wind_mps) if boat.speed_mps > 0 else None
        dress = looks(boat)
        masts = [mast_shadow(b, boat, sun) for b in dress.blocks if is_mast(b, boat, sun)]
        return cls(boat, dress, wake, extent_m(boat, dress, sun), tuple(masts))

    def box(self, gsd_m: float, seconds: float) -> Window:
        """Pixels that the hull and its shadow touch at a moment, with one to spare."""
        x, y = self.boat.moved(seconds)
        left, top, right, bottom = self.extent_m
        col, row = int((x + left) // gsd_m) - 1, int((y + top) // gsd_m) - 1
        width = int((x + right) // gsd_m) + 2 - col
        height = int((y + bottom) // gsd_m) + 2 - row
        return Window(col_off=col, row_off=row, width=width, height=height)


class Traffic:
    """All boats of one scene, found by window and drawn in order."""

    def __init__(self, vessels: Sequence[Vessel], sun: Sun, config: SeaConfig) -> None:
        self._sun, self._gsd_m, self._times_s = sun, config.gsd_m, config.times_s
        self._vessels = vessels
        low, high = [], []
        for vessel in vessels:
            boxes = [vessel.box(config.gsd_m, seconds) for seconds in config.times_s]
            tips = [(m.tip[0] / config.gsd_m, m.tip[1] / config.gsd_m) for m in vessel.masts]
            corners = np.array([(b.col_off, b.row_off) for b in boxes]
                               + [(b.col_end, b.row_end) for b in boxes] + tips)  # fmt: skip
            low.append(corners.min(axis=0) - 2)
            high.append(corners.max(axis=0) + 2)
        self._low, self._high = np.reshape(low, (-1, 2)), np.reshape(high, (-1, 2))

    def paint(self, image: Image, window: Window) -> None:
        """Draw hulls and shadows onto (bands, rows, cols) in place.

        Boats that lie still throw their shadows on the water and the boats beside them;
        those under way are drawn band by band, each where it is at that moment.
        """
        hit = (self._high[:, 0] > window.col_off) & (self._low[:, 0] < window.col_end)
        hit &= (self._high[:, 1] > window.row_off) & (self._low[:, 1] < window.row_end)
        near = [self._vessels[i] for i in np.flatnonzero(hit).tolist()]
        still = [v for v in near if v.boat.speed_mps == 0]
        every = slice(0, len(image))
        drawn = [(where, self._seen(v, where, 0.0, every)) for v in still
                 if (where := v.box(self._gsd_m, 0.0).intersection(window))]  # fmt: skip
        for where, seen in drawn:
            seen.shade(image[(slice(None), *_slices(where, window))])
        for vessel in near:
            for mast in vessel.masts:
                mast.shade(image, window, self._gsd_m)
        for where, seen in drawn:
            seen.cover(image[(slice(None), *_slices(where, window))])
        for vessel in near:
            if vessel.boat.speed_mps > 0:
                self._paint_moving(image, window, vessel)

    def _paint_moving(self, image: Image, window: Window, vessel: Vessel) -> None:
        for band, seconds in enumerate(self._times_s):
            near = vessel.box(self._gsd_m, seconds).intersection(window)
            if near is not None:
                one = slice(band, band + 1)
                seen = self._seen(vessel, near, seconds, one)
                part = image[(one, *_slices(near, window))]
                seen.shade(part)
                seen.cover(part)

    def _seen(self, vessel: Vessel, where: Window, seconds: float, bands: slice) -> Picture:
        x, y = _centres(where, self._gsd_m)
        x_m, y_m = vessel.boat.moved(seconds)
        return picture(vessel.boat, vessel.dress, x - x_m, y - y_m, gsd_m=self._gsd_m,
                       sun=self._sun, bands=bands)  # fmt: skip


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


def _slices(part: Window, window: Window) -> tuple[slice, slice]:
    rows = slice(part.row_off - window.row_off, part.row_end - window.row_off)
    return rows, slice(part.col_off - window.col_off, part.col_end - window.col_off)


def _centres(window: Window, gsd_m: float) -> tuple[NDArray, NDArray]:
    """Metres of the pixel centres from the scene's corner, (cols,) and (rows,)."""
    x = (np.arange(window.col_off, window.col_end) + 0.5) * gsd_m
    y = (np.arange(window.row_off, window.row_end) + 0.5) * gsd_m
    return x, y
