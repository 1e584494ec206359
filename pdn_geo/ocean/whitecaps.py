"""Foam that breaking waves leave: how much of the sea it covers, and where it lies."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from pdn_geo.geometry import Window
from pdn_geo.ocean.surface import BREAKER_AGES_S, Surface, wrapped

Image = NDArray[np.float32]

_ACTIVE_SHARE = 0.3  # of all foam: crests that break now, the rest floats and decays
_STAGE_BRIGHTNESS = (1.0, 0.75, 0.5, 0.34, 0.22)  # active, then by BREAKER_AGES_S
_FADE = 0.93  # of whiteness from one band to the next
_SOFTEST = 8.0
_NONE = 1e-7  # coverage below which no foam is drawn
_LACE_SIZES = (784, 416)  # pixels, in full and compact; incommensurate with the wave tiles


def coverage(wind_mps: float) -> float:
    """Share of the sea under whitecaps, active and decaying, by wind at 10 m.

    3.84e-6 U^3.41, Monahan & O'Muircheartaigh (1980), J. Phys. Oceanogr. 10, eq. 5.
    """
    return float(3.84e-6 * wind_mps**3.41)


def breaker_size_m(wind_mps: float) -> float:
    """How far across a breaking crest is, a twentieth of the longest wave that the wind can
    raise: 0.4 m at 3 m/s, 2.7 m at 8 m/s, 7 m at 13 m/s.

    The longest wave is 2 pi U^2 / (0.877^2 g), Pierson & Moskowitz (1964), J. Geophys. Res. 69.
    The twentieth is a judgement from 0.3 and 1 m imagery.
    """
    return 0.05 * 2 * np.pi * wind_mps**2 / (0.877**2 * 9.81)


def edge_softness(gsd_m: float, wind_mps: float) -> float:
    """Standard deviations of crest acceleration over which a pixel fills with foam.

    Where breakers are larger than a pixel their edges are sharp; where they are smaller
    a pixel is nearly always part foam, part sea, and no whitecap shines like a hull.
    """
    return min(0.15 + gsd_m / max(breaker_size_m(wind_mps), 1e-6), _SOFTEST)


def ramp_share(threshold: float, softness: float) -> float:
    """Mean of clip((Z - threshold) / softness, 0, 1) for a standard normal Z."""

    def loss(t: float) -> float:
        return float(np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi) - t * ndtr(-t))

    return (loss(threshold) - loss(threshold + softness)) / softness


def ramp_threshold(share: float, softness: float) -> float:
    """The threshold whose `ramp_share` is `share`."""
    return float(brentq(lambda t: ramp_share(t, softness) - share, -8.0, 9.0))


@dataclass(frozen=True, slots=True)
class Foam:
    """Foam in one window of one band, (rows, cols) float32 each, 0 to 1.

    cover: share of the pixel that holds any foam. whiteness: how bright it is, where
    fresh dense foam is 1; never above `cover`.
    """

    cover: Image
    whiteness: Image

    def aged(self) -> "Foam":
        """The same foam at the next band's moment: fresh foam does not vanish at once."""
        return Foam(self.cover, self.whiteness * np.float32(_FADE))


class Whitecaps:
    """Foam of a sea state over its moving surface."""

    def __init__(
        self,
        surface: Surface,
        *,
        wind_mps: float,
        wind_angle: float,
        gsd_m: float,
        seed: int,
        compact: bool = False,
    ) -> None:
        """`compact`: quick to build, for small scenes."""
        self._surface = surface
        self._softness = edge_softness(gsd_m, wind_mps)
        self._share = coverage(wind_mps)
        rng = np.random.default_rng([seed, 2])
        self._lace = _lace(rng, _LACE_SIZES[compact], gsd_m, wind_angle)
        sample = [
            Window(col_off=5000 * i, row_off=7000 * i, width=512, height=512)
            for i in range(1, 2 if compact else 3)
        ]
        self._thresholds = self._solve(sample) if self._share > _NONE else None

    def _solve(self, sample: list[Window]) -> tuple[float, float]:
        """Thresholds of active and of floating foam whose union has the known share.

        The stages overlap as their waves move, so their share is found on a sample.
        """
        active = ramp_threshold(_ACTIVE_SHARE * self._share, self._softness)
        first_age = self._surface.band_count
        stages = [
            np.stack([self._surface.crests(w, m) for w in sample])
            for m in (0, *range(first_age, first_age + len(BREAKER_AGES_S)))
        ]

        def union(threshold: float) -> float:
            covers = [self._ramp(stages[0], active)]
            covers += [self._ramp(z, threshold) for z in stages[1:]]
            return float(np.max(covers, axis=0).mean()) - self._share

        low = ramp_threshold(self._share, self._softness)
        high = ramp_threshold(self._share / 20, self._softness)
        if union(low) <= 0 or union(high) >= 0:
            return active, ramp_threshold(self._share / 3, self._softness)
        return active, float(brentq(union, low, high, xtol=1e-3))

    def _ramp(self, crests: Image, threshold: float) -> Image:
        crests = crests - np.float32(threshold)
        crests *= np.float32(1 / self._softness)
        return np.clip(crests, 0, 1, out=crests)

    def lace(self, window: Window) -> Image:
        """How much of a decaying foam is left at each pixel, 0.1 to 1, (rows, cols)."""
        return wrapped(self._lace, window)

    def floating(self, window: Window) -> Foam | None:
        """Decaying foam, the same in every band: it stays where the crest left it."""
        if self._thresholds is None:
            return None
        cover = np.zeros((window.height, window.width), np.float32)
        whiteness = np.zeros_like(cover)
        for index, brightness in enumerate(_STAGE_BRIGHTNESS[1:]):
            crests = self._surface.crests(window, self._surface.band_count + index)
            stage = self._ramp(crests, self._thresholds[1])
            np.maximum(cover, stage, out=cover)
            stage *= np.float32(brightness)
            np.maximum(whiteness, stage, out=whiteness)
        whiteness *= self.lace(window)
        return Foam(cover, whiteness)

    def at(self, window: Window, band: int, before: Foam | None) -> Foam | None:
        """All foam at one band's moment, given the foam that was there before."""
        if self._thresholds is None or before is None:
            return None
        active = self._ramp(self._surface.crests(window, band), self._thresholds[0])
        return Foam(np.maximum(active, before.cover), np.maximum(active, before.whiteness))


def _lace(rng: np.random.Generator, n: int, gsd_m: float, wind_angle: float) -> Image:
    """Periodic texture of old foam: ragged patches drawn out along the wind."""
    f = scipy.fft.fftfreq(n, d=gsd_m)
    cos, sin = np.cos(wind_angle), np.sin(wind_angle)
    down, cross = f[None, :] * cos + f[:, None] * sin, f[:, None] * cos - f[None, :] * sin
    scale = (2 * down) ** 2 + cross**2 + (1 / 40) ** 2
    spectrum = scipy.fft.fft2(rng.standard_normal((n, n), dtype=np.float32)) * scale**-0.65
    noise = scipy.fft.ifft2(spectrum * np.exp(-((1.0 * cross) ** 2))).real
    return np.clip(0.5 + 0.4 * noise / noise.std(), 0.1, 1).astype(np.float32)
