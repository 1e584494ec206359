"""Periodic noise that gives land, foam and concrete their grain."""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.surface import COMPACT_PX, wrapped

Image = NDArray[np.float32]

_SIZES = (810, 360)  # pixels, in full and compact; incommensurate with the wave tiles
_CROWN_M = 7.0  # from tree to tree
_CLUMP_M = 60.0


class Textures:
    """Noise of mean 0 and variance 1 over the endless plane of one scene.

    fine: rough from pixel to pixel. rough: fractal. slow: bends over tens of pixels.
    crowns: bumps of the size of trees. clumps: patches of some ten metres.
    """

    def __init__(self, seed: int, *, size: int, gsd_m: float) -> None:
        rng = np.random.default_rng([seed, 21])
        self._n = _SIZES[size <= COMPACT_PX]
        n = self._n
        f = np.hypot(scipy.fft.fftfreq(n)[:, None], scipy.fft.fftfreq(n)[None, :])
        f[0, 0] = 1
        crown = np.clip(gsd_m / _CROWN_M, 4 / n, 0.4)
        clump = np.clip(gsd_m / _CLUMP_M, 3 / n, 0.2)
        bell = np.exp(-np.square(np.log(f / crown)) / 0.3)
        gains = {
            "fine": f**-0.3,
            "rough": f**-1.3,
            "slow": (f**2 + (4 / n) ** 2) ** -1.6,
            "crowns": bell,
            "clumps": (f**2 + clump**2) ** -1.3,
        }
        self._tiles = {name: _noise(rng, gain) for name, gain in gains.items()}

    def draw(self, name: str, window: Window, offset: int = 0) -> Image:
        """One texture over a window, (rows, cols); each `offset` gives another of its kind."""
        moved = Window(
            col_off=window.col_off + 97 * offset,
            row_off=window.row_off + 149 * offset,
            width=window.width,
            height=window.height,
        )
        return wrapped(self._tiles[name], moved)


def _noise(rng: np.random.Generator, gain: NDArray[np.floating]) -> Image:
    """Noise whose Fourier amplitudes follow `gain`, (n, n)."""
    n = len(gain)
    white = scipy.fft.rfft2(rng.standard_normal((n, n), dtype=np.float32))
    white *= gain[:, : n // 2 + 1].astype(np.float32)
    white[0, 0] = 0
    field = scipy.fft.irfft2(white, s=(n, n), overwrite_x=True)
    field /= field.std()
    return field
