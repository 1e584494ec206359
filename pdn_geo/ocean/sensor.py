"""From reflectance to the numbers in a file: blur, noise, gain and rounding."""

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.surface import wrapped

Image = NDArray[np.float32]

HALO = 1  # pixels of context that the blur needs on every side
_PATH = np.array([0.012, 0.020, 0.036, 0.005])  # reflectance of the air between
_NOISE_SIZES = (509, 487)  # incommensurate tiles whose sum does not visibly repeat
_REFLECTANCE_SCALE = 10_000  # numbers per unit of reflectance at 16 bit, as satellites do


class Sensor:
    """One camera, the same over the whole scene."""

    def __init__(self, config: SeaConfig) -> None:
        rng = np.random.default_rng([config.seed, 4])
        self._side = np.float32(rng.uniform(0.10, 0.17))
        self._path = (_PATH * rng.uniform(0.6, 1.3))[: config.bands].astype(np.float32)
        self._noise_floor, self._shot = rng.uniform(0.0004, 0.0012), rng.uniform(0.002, 0.004)
        self._noise = [rng.standard_normal((n, n), dtype=np.float32) for n in _NOISE_SIZES]
        saturation = rng.uniform(0.32, 0.5)
        self._scale = np.float32(
            255 / saturation if config.dtype == "uint8" else _REFLECTANCE_SCALE
        )
        self._dtype = np.dtype(config.dtype)

    @property
    def nyquist_response(self) -> float:
        """Modulation transfer at the Nyquist frequency along a row."""
        return float(1 - 4 * self._side)

    def expose(self, reflectance: Image, window: Window) -> NDArray[np.unsignedinteger]:
        """Numbers (bands, rows, cols) of a window from the reflectance around it.

        reflectance: (bands, rows + 2 HALO, cols + 2 HALO) float32.
        """
        out = np.empty((len(reflectance), window.height, window.width), self._dtype)
        for band, image in enumerate(reflectance):
            seen = self._blurred(image)
            seen += self._path[band]
            seen += self._grain(window, band) * np.sqrt(
                np.float32(self._noise_floor**2) + np.float32(self._shot**2) * seen
            )
            seen *= self._scale
            seen += np.float32(0.5)
            np.clip(seen, 0, np.iinfo(self._dtype).max, out=seen)
            out[band] = seen.astype(self._dtype)
        return out

    def _blurred(self, image: Image) -> Image:
        """Convolved with the separable three-pixel point spread function, valid part."""
        middle = np.float32(1) - 2 * self._side
        rows = image[:-2] + image[2:]
        rows *= self._side
        rows += middle * image[1:-1]
        out = rows[:, :-2] + rows[:, 2:]
        out *= self._side
        out += middle * rows[:, 1:-1]
        return out

    def _grain(self, window: Window, band: int) -> Image:
        """Noise of unit variance, different in every band."""
        moved = Window(
            col_off=window.col_off + 131 * band,
            row_off=window.row_off + 211 * band,
            width=window.width,
            height=window.height,
        )
        one, other = (wrapped(tile, moved) for tile in self._noise)
        return (one + other) * np.float32(np.sqrt(0.5))
