"""Where the land lies: the signed distance to a shoreline drawn from smooth noise."""

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, label, map_coordinates

from pdn_geo.geometry import Window
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.lattice import Lattice

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

_CELLS = ((1024, 4), (4096, 8))  # pixels between nodes, up to a scene size
_WIDEST_CELL = 16
_LEVEL_STEPS = 10  # halvings: to a thousandth of the range of heights
_MARGIN = 12  # nodes around the scene
_BEND_M = 180.0  # shores are smooth at this scale; rocks and cusps are drawn as texture
_BEND_PX = 30.0
_FAR_M = 1e5  # said where there is no shore


class Shore:
    """The shoreline of one scene; lengths in metres, positions in pixels or metres as named.

    The land is where smooth noise on a ramp (most coasts have the sea on one side) rises
    over the level that gives its share, counted on the scene itself.
    """

    def __init__(self, config: SeaConfig) -> None:
        rng = np.random.default_rng([config.seed, 20])
        self._cell = next((c for size, c in _CELLS if config.size <= size), _WIDEST_CELL)
        self._step_m = self._cell * config.gsd_m
        inside = config.size // self._cell + 1
        n = scipy.fft.next_fast_len(inside + 2 * _MARGIN)
        height = _terrain(
            rng, n, extent=inside, smooth=max(_BEND_M, _BEND_PX * config.gsd_m) / self._step_m
        )
        scene = slice(_MARGIN, _MARGIN + inside)
        height = _flooded(height, scene, config.land)
        self._nodes = _signed_distance(height, self._step_m)
        self._lattice = Lattice.through(self._nodes, self._cell)
        down, across = np.gradient(self._nodes, self._step_m)
        self._gradient = np.stack([across, down])

    def distance(self, window: Window) -> Image:
        """Metres inland from the shoreline, negative at sea, (rows, cols) pixel centres."""
        shift = float(_MARGIN * self._cell)
        return self._lattice.draw(window, (shift, shift))

    def at(self, x_m: Floats, y_m: Floats) -> Floats:
        """The same at points (N,), to within a node's step where the shore bends."""
        return self._sample(self._nodes, x_m, y_m)

    def nearest(self, x_m: NDArray, y_m: NDArray) -> Floats:
        """The same at points (N,), quickly: at the node next to each."""
        last = len(self._nodes) - 1
        cols, rows = (
            np.clip(np.rint(c / self._step_m).astype(int) + _MARGIN, 0, last) for c in (x_m, y_m)
        )
        return self._nodes[rows, cols]

    def seaward(self, x_m: float, y_m: float) -> float:
        """The direction that leads away from the land there, radians in pixel axes."""
        x, y = np.array([x_m]), np.array([y_m])
        across, down = (self._sample(part, x, y)[0] for part in self._gradient)
        return float(np.arctan2(-down, -across))

    def waterline(self, size: int) -> Floats:
        """Points (N, 2) in metres on water within a node of the shore, inside the scene."""
        inside = slice(_MARGIN, _MARGIN + size // self._cell + 1)
        near = self._nodes[inside, inside]
        rows, cols = np.nonzero((near <= 0) & (near > -1.5 * self._step_m))
        return np.stack([cols, rows], axis=1).astype(np.float64) * self._step_m

    def _sample(self, nodes: Floats, x_m: Floats, y_m: Floats) -> Floats:
        at = np.stack([y_m, x_m]) / self._step_m + _MARGIN
        return map_coordinates(nodes, at, order=1, mode="nearest")


def _terrain(rng: np.random.Generator, n: int, *, extent: int, smooth: float) -> Floats:
    """Heights on (n, n) nodes: a ramp in a random direction under noise of random roughness.

    smooth: nodes within which the shore does not bend.
    """
    f = scipy.fft.fftfreq(n)
    longest = extent * rng.uniform(0.4, 0.9)
    squared = f[:, None] ** 2 + f[None, :] ** 2
    power = (squared + longest**-2.0) ** (-rng.uniform(3.2, 5.0) / 2)
    power *= np.exp(-squared * (rng.uniform(0.6, 1.6) * smooth) ** 2)
    power[0, 0] = 0
    white = scipy.fft.fft2(rng.standard_normal((n, n)))
    noise = scipy.fft.ifft2(white * np.sqrt(power / power.mean())).real
    angle, steepness = rng.uniform(-np.pi, np.pi), np.exp(rng.uniform(0.0, 2.0))
    place = (np.arange(n) - n / 2) / extent
    ramp = place[None, :] * np.cos(angle) + place[:, None] * np.sin(angle)
    return noise + steepness * ramp


def _flooded(height: Floats, scene: slice, land: float) -> Floats:
    """Heights over the level that leaves this share of the scene dry, lakes filled in.

    Lakes count as land: surf, harbours and the sea's boats have no place on them.
    """
    low, high = float(height.min()), float(height.max())
    drained = height - low
    for _ in range(_LEVEL_STEPS):
        level = (low + high) / 2
        drained = _without_lakes(height - level)
        dry = float((drained[scene, scene] > 0).mean())
        low, high = (level, high) if dry > land else (low, level)
    return drained


def _without_lakes(height: Floats) -> Floats:
    """Heights with every water filled in that does not reach the edge of the grid."""
    waters, _ = label(height <= 0)
    edge = np.concatenate([waters[0], waters[-1], waters[:, 0], waters[:, -1]])
    lake = (waters > 0) & ~np.isin(waters, np.unique(edge[edge > 0]))
    return np.where(lake, np.maximum(-height, 1e-3), height)


def _signed_distance(height: Floats, step_m: float) -> Floats:
    """Metres to the zero level of `height`, positive where it is above; (n, n)."""
    land = height > 0
    if land.all() or not land.any():
        return np.full(height.shape, _FAR_M if land.all() else -_FAR_M)
    far = np.where(land, distance_transform_edt(land), -distance_transform_edt(~land))
    far = (far - np.sign(far) / 2) * step_m
    # whole nodes are too coarse at the shore itself: there the slope tells the distance
    near = height * step_m / np.maximum(np.hypot(*np.gradient(height)), 1e-9)
    close = np.clip(2.5 - np.abs(far) / step_m, 0, 1)
    blended = close * np.clip(near, -3 * step_m, 3 * step_m) + (1 - close) * far
    return gaussian_filter(blended, 1.0)
