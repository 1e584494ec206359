"""Soft clouds and the shadows that they throw on the sea."""

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.lattice import Lattice
from pdn_geo.ocean.light import Sun

Image = NDArray[np.float32]

_CELL = 16  # pixels between nodes
_SOFTNESS = 1.5  # standard deviations of thickness from clear to opaque
_SHADE = 0.62  # share of the light that an opaque cloud takes from the sea
_BRIGHTNESS = (0.3, 0.45)  # reflectance of thin cloud, and what thickness adds


class Clouds:
    """Fractal cloud over a share of the scene; spectrum k^-2.9 (Lovejoy & Schertzer 2006)."""

    def __init__(self, config: SeaConfig, sun: Sun) -> None:
        rng = np.random.default_rng([config.seed, 5])
        size_px = rng.uniform(1500, 4000) / config.gsd_m
        self._thickness = Lattice.noise(
            rng, pixels=config.size, cell=_CELL, slope=2.9, longest_px=max(size_px, 64)
        )
        inside = self._thickness.weights[: config.size // _CELL + 1, : config.size // _CELL + 1]
        low, high = float(inside.min()), float(inside.max())
        share = np.clip(config.clouds, 0, 1)
        middle = np.quantile(inside, 1 - share)
        if share in (0.0, 1.0):
            middle = high + 1 if share == 0 else low - 1
        self._threshold = np.float32(middle - _SOFTNESS / 2)
        offset = sun.shadow_offset(rng.uniform(600, 1500))
        self._shadow_px = (-offset[0] / config.gsd_m, -offset[1] / config.gsd_m)

    def cover(self, reflectance: Image, window: Window) -> None:
        """Shade and veil (bands, rows, cols) of a window in place."""
        shadow = self._opacity(self._thickness.draw(window, self._shadow_px))
        if shadow.any():
            reflectance *= 1 - np.float32(_SHADE) * shadow
        thickness = self._thickness.draw(window)
        opacity = self._opacity(thickness)
        if opacity.any():
            thickness -= self._threshold
            bright = np.tanh(np.maximum(thickness, 0) * np.float32(0.8))
            bright = bright * np.float32(_BRIGHTNESS[1]) + np.float32(_BRIGHTNESS[0])
            reflectance += opacity * (bright - reflectance)

    def opacity(self, window: Window) -> Image:
        """Share of what lies below that cloud hides, (rows, cols), 0 to 1."""
        return self._opacity(self._thickness.draw(window))

    def _opacity(self, thickness: Image) -> Image:
        t = np.clip((thickness - self._threshold) * np.float32(1 / _SOFTNESS), 0, 1)
        return t * np.sqrt(t)
