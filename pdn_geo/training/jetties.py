"""Jetties on real shores: long, bright and in the water like a hull, and none."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter

from pdn_geo.training.crops import Crop
from pdn_geo.training.drawing import WATER, blur_px, box, seen_from

Image = NDArray[np.float32]
Vector = NDArray[np.float64]

_LAND = 0.3
_ROOT_PX = 10.0  # begun so far inland: the water map is one of cells
_LENGTH_PX, _WIDTH_PX = (4.0, 40.0), (1.0, 5.0)
_FINGERS, _MOST, _APART = 0.3, 5, (2.0, 5.0)  # share of several, their number, widths apart
_HEAD, _HEAD_PX = 0.3, (2.0, 8.0)  # share with a cross-piece, and its reach to either side
_ASKEW = 0.4
_LIKE_PX, _BRIGHT, _BRIGHTNESS = 12, 75, (0.7, 1.4)  # how far off land is like it, and which
_CLEAR_PX = 3


def build(crop: Crop, rng: np.random.Generator) -> Crop:
    """The crop with a jetty, or a few side by side, from its land into its water, where it has a
    shore and no boat is in the way.
    """
    wet, land = crop.water > WATER, (crop.water < _LAND) & crop.valid
    shore = np.flatnonzero(land & binary_dilation(wet, iterations=2))
    if not len(shore):
        return crop
    row, col = divmod(int(rng.choice(shore)), len(land))
    root = np.array([col, row]) + 0.5
    near = box(row, col, _LIKE_PX)
    places = np.argwhere(wet[near])
    if not len(places):
        return crop
    seaward = places.mean(0)[::-1] + (near[1].start, near[0].start) + 0.5 - root
    drawn = _plan(land.shape, root, float(np.arctan2(seaward[1], seaward[0])), rng)
    if _on_boats(drawn, crop):
        return crop
    drawn = gaussian_filter(drawn, blur_px(crop.gsd_m, rng)) * crop.valid
    stone = np.percentile(crop.values[:, near[0], near[1]][:, land[near]], _BRIGHT, axis=1)
    stone = (stone * rng.uniform(*_BRIGHTNESS)).astype(np.float32)
    return replace(crop, values=crop.values + drawn * (stone[:, None, None] - crop.values))


def _plan(shape: tuple[int, int], root: Vector, seaward: float, rng: np.random.Generator) -> Image:
    """What jetties cover, (rows, cols), 0-1. seaward: radians from +x towards +y."""
    ahead, along = _way(seaward + rng.normal(0, _ASKEW)), _way(seaward + np.pi / 2)
    length, width = (float(np.exp(rng.uniform(*np.log(span)))) for span in (_LENGTH_PX, _WIDTH_PX))
    count = int(rng.integers(2, _MOST + 1)) if rng.random() < _FINGERS else 1
    apart = width * rng.uniform(*_APART)
    reach = rng.uniform(*_HEAD_PX, 2) * (rng.random() < _HEAD)
    drawn = np.zeros(shape, np.float32)
    for number in range(count):
        start = root + (number - (count - 1) / 2) * apart * along
        end = start + length * ahead
        _bar(drawn, start - _ROOT_PX * ahead, end, width)
        if reach.any():
            _bar(drawn, end - reach[0] * along, end + reach[1] * along, width)
    return drawn


def _way(angle: float) -> Vector:
    return np.array([np.cos(angle), np.sin(angle)])


def _bar(drawn: Image, start: Vector, end: Vector, width: float) -> None:
    """Cover, in place, what lies within half a width of the line from start to end, both (x, y)."""
    (x, y), (dx, dy) = start, end - start
    length = float(np.hypot(dx, dy))
    along, across = seen_from(drawn.shape, x, y, float(np.arctan2(dy, dx)))
    beyond = np.maximum(np.abs(along - length / 2) - length / 2, np.abs(across) - width / 2)
    np.maximum(drawn, np.clip(0.5 - beyond, 0, 1).astype(np.float32), out=drawn)


def _on_boats(drawn: Image, crop: Crop) -> bool:
    """Whether a hull, bow to stern, lies under what is drawn or touches it."""
    boats, side = crop.boats, len(drawn)
    half = np.nan_to_num(boats.length)[:, None] / 2 * np.linspace(-1, 1, 9)
    cols, rows = (
        np.clip(at[:, None] + half * way(boats.angle)[:, None], 0, side - 1).astype(int)
        for at, way in ((boats.x, np.cos), (boats.y, np.sin))
    )
    return bool(binary_dilation(drawn > 0, iterations=_CLEAR_PX)[rows, cols].any())
