"""Rows of parked cars on real land: what lies side by side like boats at berth and is none."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pdn_geo.training.crops import Crop
from pdn_geo.training.drawing import seen_from

Image = NDArray[np.float32]

MOST_GSD_M = 1.2
"""Coarser pixels than these show no single cars."""

_LENGTH_M, _WIDTH_M = (3.8, 5.4), (1.65, 2.05)
_PITCH_M = (2.3, 3.2)  # from one to the next in a row
_ROWS_M = (5.2, 13.0)  # from row to row: bumper to bumper, or with an aisle between
_MOST_ROWS = 6
_LOT_M = (15.0, 60.0)  # length of a row
_TAKEN = (0.35, 1.0)
_ASKEW = 0.04
_PAINTS = {0.95: 0.3, 0.65: 0.25, 0.35: 0.15, 0.08: 0.3}
"""Share of white that a paint throws back, and how many cars have it."""
_COLOURED, _TINT = 0.25, 0.45
_WINDOWS = ((0.12, 0.3), (-0.42, -0.28))  # wind screen and rear window, in lengths ahead
_WINDOW_WIDTH, _GLASS = 0.8, 0.1
_SHADE, _SHADE_M = 0.5, (0.3, 1.8)
_EDGE_PX = 0.6  # half of what a sensor makes of an edge
_ROUND = 4.0  # exponent of the superellipse that a car is taken for


@dataclass(frozen=True, slots=True)
class _Car:
    """x, y, length and width in pixels; angle as a hull's; colour (bands,), shares of white."""

    x: float
    y: float
    length: float
    width: float
    angle: float
    colour: NDArray[np.float64]


def park(crop: Crop, white: NDArray[np.float32], rng: np.random.Generator) -> Crop:
    """The crop of land with a few rows of cars somewhere on it, which hide what lies there.

    white: (bands,), what the scene holds for white.
    """
    if not crop.valid.any():
        return crop
    values = crop.values.copy()
    shade = rng.uniform(0, 2 * np.pi), rng.uniform(*_SHADE_M) / crop.gsd_m
    cars = _lot(crop, rng)
    black = np.percentile(values, 1, axis=(1, 2)).astype(np.float32)
    for car in cars:
        drop = np.array([np.cos(shade[0]), np.sin(shade[0])]) * shade[1]
        _paint(values, replace(car, x=car.x + drop[0], y=car.y + drop[1]), black, _SHADE)
    for car in cars:
        _paint(values, car, black + car.colour.astype(np.float32) * (white - black), 1.0)
        for start, end in _WINDOWS:
            at = (start + end) / 2 * car.length
            pane = replace(
                car, x=car.x + at * np.cos(car.angle), y=car.y + at * np.sin(car.angle),
                length=(end - start) * car.length, width=_WINDOW_WIDTH * car.width,
            )  # fmt: skip
            _paint(values, pane, black + np.float32(_GLASS) * (white - black), 0.9)
    return replace(crop, values=np.where(crop.valid, values, 0).astype(np.float32))


def _lot(crop: Crop, rng: np.random.Generator) -> list[_Car]:
    """Cars in rows about a place of the crop."""
    side = crop.valid.shape[0]
    row, col = divmod(int(rng.choice(np.flatnonzero(crop.valid))), side)
    middle = np.array([col, row], np.float64)
    turn = rng.uniform(0, 2 * np.pi)
    along, across = (np.array([np.cos(turn + q), np.sin(turn + q)]) for q in (0, np.pi / 2))
    pitch, apart = (rng.uniform(*span) / crop.gsd_m for span in (_PITCH_M, _ROWS_M))
    per_row = int(rng.uniform(*_LOT_M) / crop.gsd_m / pitch)
    rows = int(rng.integers(1, _MOST_ROWS + 1))
    taken = rng.uniform(*_TAKEN)
    cars = []
    for row in range(rows):
        for place in range(per_row):
            if rng.random() > taken:
                continue
            offset = (place - per_row / 2) * pitch * along + (row - rows / 2) * apart * across
            x, y = middle + offset + rng.normal(0, 0.15 / crop.gsd_m, 2)
            if 0 <= x < side and 0 <= y < side:
                ahead = turn + np.pi / 2 + np.pi * rng.integers(2) + rng.normal(0, _ASKEW)
                cars.append(_car(x, y, ahead, crop, rng))
    return cars


def _car(x: float, y: float, angle: float, crop: Crop, rng: np.random.Generator) -> _Car:
    paint = rng.choice(list(_PAINTS), p=list(_PAINTS.values()))
    colour = np.full(len(crop.band_names), float(paint))
    if rng.random() < _COLOURED:
        colour *= 1 - _TINT * rng.random(len(colour))
    length, width = (rng.uniform(*span) / crop.gsd_m for span in (_LENGTH_M, _WIDTH_M))
    return _Car(x, y, length, width, angle, colour)


def _paint(values: Image, shape: _Car, colour: Image, opacity: float) -> None:
    """Cover, in place, what lies under a rounded box; colour: (bands,)."""
    reach = int(np.hypot(shape.length, shape.width) / 2) + 2
    left, top = int(shape.x) - reach, int(shape.y) - reach
    rows = slice(max(top, 0), max(top + 2 * reach, 0))
    cols = slice(max(left, 0), max(left + 2 * reach, 0))
    part = values[:, rows, cols]
    if not part.size:
        return
    at = shape.x - cols.start, shape.y - rows.start
    ahead, aside = map(np.abs, seen_from(part.shape[1:], *at, shape.angle))
    half = np.array([shape.length, shape.width]) / 2
    edge = ((ahead / half[0]) ** _ROUND + (aside / half[1]) ** _ROUND) ** (1 / _ROUND)
    inside = np.clip(0.5 + (1 - edge) * half.min() / (2 * _EDGE_PX), 0, 1) * opacity
    part += inside.astype(np.float32) * (colour[:, None, None] - part)
