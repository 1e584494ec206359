"""What people build at the water's edge: walls, piers, pontoons, cranes, buoys; no boats."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.coverage import overlap
from pdn_geo.ocean.light import Sun
from pdn_geo.ocean.materials import Colour
from pdn_geo.ocean.texture import Textures
from pdn_geo.ocean.town import carpark, yard

Image = NDArray[np.float32]
Shape = Literal["bar", "disc"]
Surface = Literal["plain", "rubble", "yard", "carpark"]
_PATTERNS = {"yard": yard, "carpark": carpark}

_SHADE = 0.42  # light left in a shadow
_RAGGED_M = 0.9  # how far the stones of a rubble edge stand out
_SHADOW_STEPS = 3
_MOTTLE = {"plain": 0.08, "rubble": 0.2}  # relative change of brightness


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One built thing (or a rock), seen from above; metres in pixel axes.

    what: its name in the truth's negatives. height_m: of its top over what it shades.
    A disc has the diameter `length_m`.
    """

    what: str
    x: float
    y: float
    length_m: float
    width_m: float
    angle: float
    height_m: float
    colour: Colour
    surface: Surface = "plain"
    shape: Shape = "bar"

    @property
    def reach_m(self) -> float:
        """Radius around the centre that holds it."""
        return math.hypot(self.length_m, self.width_m) / 2 + _RAGGED_M


class Works:
    """All works of one scene, found by window and drawn in order."""

    def __init__(
        self, works: Sequence[Work], sun: Sun, textures: Textures, *, gsd_m: float, seed: int
    ) -> None:
        self.all = tuple(works)
        self._sun, self._textures, self._gsd_m, self._seed = sun, textures, gsd_m, seed
        lean = math.tan(sun.zenith)
        reach = np.array([w.reach_m + w.height_m * lean + gsd_m for w in works])
        centre = np.array([(w.x, w.y) for w in works]).reshape(-1, 2)
        self._low = (centre - reach[:, None]) / gsd_m
        self._high = (centre + reach[:, None]) / gsd_m

    def near(self, window: Window) -> list[Work]:
        """Works that may reach into a window, in the order they are drawn."""
        hit = (self._high[:, 0] > window.col_off) & (self._low[:, 0] < window.col_end)
        hit &= (self._high[:, 1] > window.row_off) & (self._low[:, 1] < window.row_end)
        return [self.all[i] for i in np.flatnonzero(hit).tolist()]

    def paint(self, image: Image, window: Window) -> None:
        """Draw shadows, then the works, onto (bands, rows, cols) in place."""
        near = self.near(window)
        for work in near:
            self._shade(image, window, work)
        for work in near:
            self._cover(image, window, work)

    def _shade(self, image: Image, window: Window, work: Work) -> None:
        end = self._sun.shadow_offset(work.height_m)
        if np.hypot(*end) < 0.25 * self._gsd_m:
            return
        box = _around(window, work, self._gsd_m, end)
        if box is None:
            return
        part = image[(slice(None), *box)]
        dark = np.zeros(part.shape[1:], np.float32)
        for step in range(1, _SHADOW_STEPS + 1):
            cast = (end[0] * step / _SHADOW_STEPS, end[1] * step / _SHADOW_STEPS)
            along, across = _axes(window, box, work, self._gsd_m, cast)
            np.maximum(dark, _coverage(work, along, across, self._gsd_m), out=dark)
        part *= 1 - np.float32(1 - _SHADE) * dark

    def _cover(self, image: Image, window: Window, work: Work) -> None:
        box = _around(window, work, self._gsd_m, (0.0, 0.0))
        if box is None:
            return
        along, across = _axes(window, box, work, self._gsd_m, (0.0, 0.0))
        grain = self._grain(window, box, work)
        ragged = np.float32(_RAGGED_M) * grain if work.surface == "rubble" else np.float32(0)
        share = _coverage(work, along + ragged, across + ragged, self._gsd_m)
        part = image[(slice(None), *box)]
        if work.surface in ("yard", "carpark"):
            colours = self._pattern(work, along, across, len(image))
            colours *= 1 + np.float32(_MOTTLE["plain"]) * grain
        else:
            mottled = 1 + np.float32(_MOTTLE[work.surface]) * grain
            tint = np.array(work.colour[: len(image)], np.float32)
            colours = tint[:, None, None] * np.maximum(mottled, np.float32(0.3))
        colours -= part
        colours *= share
        part += colours

    def _grain(self, window: Window, box: tuple[slice, slice], work: Work) -> Image:
        inner = Window(
            col_off=window.col_off + box[1].start,
            row_off=window.row_off + box[0].start,
            width=box[1].stop - box[1].start,
            height=box[0].stop - box[0].start,
        )
        rough = self._textures.draw("rough", inner, 7)
        if work.surface != "rubble":
            return rough
        # stones of a metre or two: grain from pixel to pixel only where a pixel holds one
        fine = self._textures.draw("fine", inner, 7)
        return rough + np.float32(min(self._gsd_m, 1.0)) * fine

    def _pattern(self, work: Work, along: Image, across: Image, bands: int) -> Image:
        x, y = self._sun.shadow_offset(1.0)
        cos, sin = np.cos(work.angle), np.sin(work.angle)
        shadow = (x * cos + y * sin, y * cos - x * sin)
        step = np.float32(self._gsd_m / 4)
        total: Image = np.zeros((4, along.size), np.float32)
        for du, dv in ((-1, -0.6), (1, 0.6)):
            u, v = (along + du * step).ravel(), (across + dv * step).ravel()
            total += _PATTERNS[work.surface](u, v, self._seed, shadow)
        return (total[:bands] * np.float32(0.5)).reshape(bands, *along.shape)


def _around(
    window: Window, work: Work, gsd_m: float, cast: tuple[float, float]
) -> tuple[slice, slice] | None:
    """Rows and columns of the window that a work and its shadow may touch."""
    cos, sin = abs(np.cos(work.angle)), abs(np.sin(work.angle))
    if work.shape == "disc":
        half = work.length_m / 2, work.length_m / 2
    else:
        half = (
            (work.length_m * cos + work.width_m * sin) / 2,
            (work.length_m * sin + work.width_m * cos) / 2,
        )
    spans = []
    for centre, reach, shift, start, count in (
        (work.y, half[1], cast[1], window.row_off, window.height),
        (work.x, half[0], cast[0], window.col_off, window.width),
    ):
        low = (centre - reach - _RAGGED_M + min(shift, 0)) / gsd_m - 1 - start
        high = (centre + reach + _RAGGED_M + max(shift, 0)) / gsd_m + 1 - start
        first, last = max(int(np.floor(low)), 0), min(int(np.ceil(high)), count)
        if first >= last:
            return None
        spans.append(slice(first, last))
    return spans[0], spans[1]


def _axes(
    window: Window,
    box: tuple[slice, slice],
    work: Work,
    gsd_m: float,
    cast: tuple[float, float],
) -> tuple[Image, Image]:
    """Metres along and across a work moved by `cast`, (rows, cols) each."""
    cols = np.arange(window.col_off + box[1].start, window.col_off + box[1].stop)
    rows = np.arange(window.row_off + box[0].start, window.row_off + box[0].stop)
    x = ((cols + 0.5) * gsd_m - work.x - cast[0]).astype(np.float32)[None, :]
    y = ((rows + 0.5) * gsd_m - work.y - cast[1]).astype(np.float32)[:, None]
    cos, sin = np.float32(np.cos(work.angle)), np.float32(np.sin(work.angle))
    return x * cos + y * sin, y * cos - x * sin


def _coverage(work: Work, along: Image, across: Image, gsd_m: float) -> Image:
    """Share of each pixel that a work covers, to within the turn of the pixel's square."""
    if work.shape == "disc":
        radius = work.length_m / 2
        off = np.hypot(along, across)
        return overlap(off, radius, gsd_m) * np.float32(min(1.0, 1.6 * radius / gsd_m))
    return overlap(along, work.length_m / 2, gsd_m) * overlap(across, work.width_m / 2, gsd_m)
