"""The sea near land: the bed that shines through, waves in the lee, surf and swash."""

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean import materials as m
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.spectrum import GRAVITY
from pdn_geo.ocean.texture import Textures

Image = NDArray[np.float32]

BREAKING_INDEX = 0.78  # greatest height of a wave over the depth, McCowan (1894)
_CLEAR_KD = np.array([0.35, 0.07, 0.045, 2.5])  # 1/m, diffuse attenuation; Kirk (2011), ch. 6
_BED_SEEN = 0.55  # what crosses the surface twice
_PATCH_M = 6.0  # ground sampling distance at which half the contrast of weed and sand is left
_LEE_M = 90.0  # from a rocky shore to waves of full height
_CALMEST = 0.3


def surf_width(height_m: float, slope: float) -> float:
    """Metres from the shore at which waves of that height begin to break on that slope."""
    return height_m / BREAKING_INDEX / slope


def crest_phase(offshore_m: Image, seconds: float, period_s: float, slope: float) -> Image:
    """Waves between a point and the shore, in periods; constant where a crest runs.

    Over a plane slope waves run at sqrt(g h), so that they are 2 ω sqrt(x / (g slope))
    away from the shore (linear shallow-water theory, Green's law's phase).
    """
    away = 2 * np.sqrt(np.abs(offshore_m) * np.float32(1 / (GRAVITY * slope)))
    return (np.copysign(away, offshore_m) + np.float32(seconds)) * np.float32(1 / period_s)


class Shallows:
    """Water within some hundred metres of the shore of one scene.

    Distances are metres offshore, (rows, cols); `beach` is 0 on rocky and 1 on sandy shores.
    """

    def __init__(
        self, config: SeaConfig, textures: Textures, *, period_s: float, wind_wave_m: float
    ) -> None:
        rng = np.random.default_rng([config.seed, 23])
        self._textures, self._gsd_m, self._bands = textures, config.gsd_m, config.bands
        self._slope = float(np.exp(rng.uniform(np.log(0.012), np.log(0.06))))
        self._period_s = period_s
        self._attenuation = 2 * _CLEAR_KD * np.exp(rng.uniform(0.0, 2.6))
        self._attenuation[:2] += rng.uniform(0, 0.6)
        self._sand = np.array(m.SAND) * rng.uniform(0.6, 1.1)
        self._weed = np.array((0.02, 0.035, 0.02, 0.06))
        self.height_m = 1.2 * float(np.hypot(config.swell_m, 0.7 * wind_wave_m))
        self._width_m = surf_width(self.height_m, self._slope)

    def shelter(self, offshore: Image, beach: Image) -> Image:
        """How much of the waves' slope is left, 0 to 1."""
        lee = np.clip(offshore * np.float32(1 / _LEE_M), 0, 1)
        rocky = np.float32(_CALMEST) + np.float32(1 - _CALMEST) * lee
        return rocky + (1 - rocky) * beach

    def show_bed(
        self, water: Image, window: Window, offshore: Image, beach: Image, clear: Image
    ) -> None:
        """Mix the bed into the water (bands, rows, cols) in place; clear: 0 where it is murky.

        R = R_deep + (R_bed - R_deep) exp(-2 K z), Maritorena, Morel & Gentili (1994).
        """
        clumps = self._textures.draw("clumps", window, 3)
        clumps = clumps * np.float32(1 / (1 + self._gsd_m / _PATCH_M))
        depth = np.maximum(offshore + np.float32(3) * clumps, 0) * np.float32(self._slope)
        depth += np.float32(0.15)
        if float(depth.min()) * float(self._attenuation[: self._bands].min()) > 6:
            return
        sandy = np.clip(clumps * np.float32(0.8) + beach * np.float32(1.4), 0, 1)
        for band in range(self._bands):
            weed, sand = (np.float32(_BED_SEEN * c[band]) for c in (self._weed, self._sand))
            seen = np.exp(depth * np.float32(-self._attenuation[band]))
            seen *= clear
            seen *= weed + sandy * (sand - weed) - water[band]
            water[band] += seen

    def surf(
        self, window: Window, offshore: Image, beach: Image, lace: Image, seconds: float
    ) -> Image:
        """Whiteness of breakers and swash at a moment, (rows, cols) 0 to 1."""
        if offshore.min() > 2 * self._width_m + 10 * self.height_m:
            return np.zeros_like(offshore)
        draw = self._textures.draw
        slow, rough = draw("slow", window), draw("rough", window, 1)
        if not beach.any():
            return self._fringe(offshore, beach, rough, lace) * (offshore > -2)
        bent = offshore + np.float32(0.12 * self._width_m + 2) * slow
        phase = crest_phase(bent, seconds, self._period_s, self._slope)
        phase += np.float32(0.1) * draw("clumps", window, 4)
        count = np.floor(phase)
        behind = phase - count  # since the crest went by, in periods
        # every crest breaks along other stretches of itself
        broken = draw("slow", window, 5) * np.cos(count * 2.4) + slow * np.sin(count * 2.4)
        begun = 1.5 * (1 - offshore / np.float32(self._width_m)) + np.float32(0.8) * broken
        begun = np.clip(begun - np.float32(0.2), 0, 1)
        ragged = behind + np.float32(0.03) * rough
        # the front crosses one pixel in this share of a period
        celerity = np.sqrt(np.maximum(offshore, 3) * np.float32(GRAVITY * self._slope))
        crossing = np.float32(1.5 * self._gsd_m / self._period_s) / celerity
        front = np.exp(-np.square(np.maximum(ragged - crossing, 0) * 9))
        front *= np.clip(ragged / crossing, 0, 1)
        trail = np.exp(behind * np.float32(-2.2)) * lace
        white = begun * np.maximum(front, np.float32(0.75) * trail) * beach
        white = np.maximum(white, self._fringe(offshore, beach, rough, lace))
        return np.clip(white, 0, 1) * (offshore > -2)

    def _fringe(self, offshore: Image, beach: Image, rough: Image, lace: Image) -> Image:
        """Foam where water meets the land: a thin line of swash, spray about rocks."""
        energy = np.float32(min(self.height_m, 2.5))
        wide = np.float32(0.4) + energy * (np.float32(2.2) - np.float32(1.2) * beach)
        rim = np.clip(1 - np.abs(offshore - energy * rough) / wide, 0, 1)
        return rim * np.clip(energy * (np.float32(0.5) + np.float32(0.6) * rough), 0, 1) * lace
