"""Evidence for a wake: a line behind the hull, on its axis and on one side only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

SAMPLES = 12
ON_AXIS = np.radians([-6.0, 0.0, 6.0])
"""A wake drifts with wind and current, and the axis of a small hull is only roughly known."""

OFF_AXIS = np.radians([-35.0, 35.0])
"""Beside the turbulent wake and outside the Kelvin angle of 19.5 degrees."""

CLIP = 8.0
"""Contrast over noise beyond which more brightness says no more about a wake."""

DETECTABLE = 2.0
"""Contrast over noise of the mean along a wake at which evidence is one half."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wakes:
    """strength: (N,) 0-1. side: (N,) +1 where the wake lies in the direction of the
    angle, -1 opposite. clear: (N,) bool, one side stands out enough to tell the bow.
    """

    strength: Floats
    side: Floats
    clear: NDArray[np.bool_]


def find_wakes(
    sign: NDArray[np.float32], x: Floats, y: Floats, length: Floats, width: Floats, angle: Floats
) -> Wakes:
    """Mean brightness on the hull's axis beyond each end, less that off the axis.

    sign: (rows, cols) signed contrast over noise; hulls in pixel coordinates of it.
    """
    ahead = _streak(sign, x, y, length, width, angle)
    behind = _streak(sign, x, y, length, width, angle + np.pi)
    side = np.where(ahead >= behind, 1.0, -1.0)
    best, other = np.maximum(ahead, behind), np.minimum(ahead, behind)
    excess = np.minimum(best, 1.5 * (best - np.maximum(other, 0)))
    strength = 1 / (1 + np.exp(-3 * (excess - DETECTABLE) / DETECTABLE))
    return Wakes(np.where(excess > 0, strength, 0.0), side, strength > 0.5)


def _streak(
    sign: NDArray[np.float32], x: Floats, y: Floats, length: Floats, width: Floats, angle: Floats
) -> Floats:
    """On-axis less off-axis brightness beyond the end that `angle` points to, (N,)."""
    start = length / 2 + 1.5
    reach = np.clip(2.5 * length, 10, 60)
    distance = start[:, None] + reach[:, None] * (np.arange(SAMPLES) + 0.5) / SAMPLES
    directions = angle[:, None, None] + np.concatenate([ON_AXIS, OFF_AXIS])[:, None]
    px = x[:, None, None] + distance[:, None] * np.cos(directions) - 0.5
    py = y[:, None, None] + distance[:, None] * np.sin(directions) - 0.5
    values = ndimage.map_coordinates(sign, [py, px], order=1, mode="nearest")
    inside = (px > -0.5) & (py > -0.5) & (px < sign.shape[1] - 0.5) & (py < sign.shape[0] - 0.5)
    values = np.clip(values, -CLIP, CLIP)
    mean = (values * inside).sum(-1) / np.maximum(inside.sum(-1), 1)
    on, off = mean[:, : len(ON_AXIS)], mean[:, len(ON_AXIS) :]
    streak = on.max(axis=1) - off.max(axis=1)
    return np.where(inside[:, : len(ON_AXIS)].sum(-1).min(axis=1) >= SAMPLES / 2, streak, 0.0)
