"""From reflectance to the numbers in a file: blur, noise, tone and rounding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.jpeg import compressed
from pdn_geo.ocean.surface import wrapped

Image = NDArray[np.float32]

HALO = 3  # pixels of context that blur and sharpening need on every side
_PATH = np.array([0.012, 0.020, 0.036, 0.005])  # reflectance of the air between
_NOISE_SIZES = (509, 487)  # incommensurate tiles whose sum does not visibly repeat
_REFLECTANCE_SCALE = 10_000  # numbers per unit of reflectance at 16 bit, as satellites do


@dataclass(frozen=True, slots=True)
class Tone:
    """The curve of a visual product: `black` and `white` reflectance, and between them a
    power below one, which lifts dark water. (bands,) each.
    """

    black: Image
    white: Image
    gamma: float

    @classmethod
    def of(cls, rng: np.random.Generator, bands: int) -> "Tone":
        """Curves as PlanetScope visual, NAIP and map tiles have them; some crush the sea."""
        crushed = rng.random() < 0.3
        black = rng.uniform(0.03, 0.09) if crushed else rng.uniform(-0.01, 0.035)
        tint = rng.uniform(0.9, 1.1, bands)
        return cls(
            (black * tint).astype(np.float32),
            (rng.uniform(0.28, 0.6) * rng.uniform(0.9, 1.1, bands)).astype(np.float32),
            float(rng.uniform(0.7, 1.0) if crushed else rng.uniform(0.5, 0.85)),
        )

    def develop(self, seen: Image, band: int) -> Image:
        """Bytes, not yet rounded, of reflectances (rows, cols)."""
        span = np.float32(1 / (self.white[band] - self.black[band]))
        share = np.clip((seen - self.black[band]) * span, 0, 1)
        return np.power(share, np.float32(self.gamma)) * np.float32(255)


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
        self._jpeg = config.jpeg
        self._tone, self._soften, self._sharpen = None, 0, np.float32(0)
        if config.look == "photo":
            self._tone = Tone.of(rng, config.bands)
            self._soften = int(rng.random() < 0.45)  # resampled once more
            self._sharpen = np.float32(rng.choice((0.0, 0.5, 1.4), p=(0.5, 0.3, 0.2)))
            self._noise_floor *= np.exp(rng.normal(0.6, 0.7))
            self._path += np.float32(rng.exponential(0.012))  # haze

    @property
    def nyquist_response(self) -> float:
        """Modulation transfer of the optics at the Nyquist frequency along a row."""
        return float(1 - 4 * self._side)

    def expose(self, reflectance: Image, window: Window) -> NDArray[np.unsignedinteger]:
        """Numbers (bands, rows, cols) of a window from the reflectance around it.

        reflectance: (bands, rows + 2 HALO, cols + 2 HALO) float32. With JPEG the window
        must lie on the grid of its blocks.
        """
        out = np.empty((len(reflectance), window.height, window.width), self._dtype)
        for band, image in enumerate(reflectance):
            seen = self._focused(image)
            seen += self._path[band]
            seen += self._grain(window, band) * np.sqrt(
                np.float32(self._noise_floor**2)
                + np.float32(self._shot**2) * np.maximum(seen, np.float32(0))
            )
            seen = seen * self._scale if self._tone is None else self._tone.develop(seen, band)
            seen += np.float32(0.5)
            np.clip(seen, 0, np.iinfo(self._dtype).max, out=seen)
            out[band] = seen.astype(self._dtype)
        if self._jpeg is not None:
            out = compressed(out.view(np.uint8), self._jpeg)
        return out

    def _focused(self, image: Image) -> Image:
        """Blurred by the optics, then perhaps softened and sharpened; without the halo."""
        out, spent = _blurred(image, self._side), 1
        if self._soften:
            out, spent = _blurred(out, np.float32(0.22)), spent + 1
        if self._sharpen:
            soft = _blurred(out, np.float32(0.25))
            out, spent = out[1:-1, 1:-1] * (1 + self._sharpen) - soft * self._sharpen, spent + 1
        rest = HALO - spent
        return out[rest:-rest, rest:-rest] if rest else out

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


def _blurred(image: Image, side: np.float32) -> Image:
    """Convolved with the separable kernel (side, 1 - 2 side, side), valid part."""
    middle = np.float32(1) - 2 * side
    rows = image[:-2] + image[2:]
    rows *= side
    rows += middle * image[1:-1]
    out = rows[:, :-2] + rows[:, 2:]
    out *= side
    out += middle * rows[:, 1:-1]
    return out
