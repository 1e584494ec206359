"""The moving sea surface: slopes and breaking crests in any window of an endless sea.

Long waves live on a coarse lattice, short ones on two periodic tiles of incommensurate
size, so that every window is drawn alone, seamlessly, and the whole does not visibly repeat.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.ocean.lattice import Lattice
from pdn_geo.ocean.spectrum import GRAVITY, peak_wavenumber, phase_speed, swell, wind_waves

Image = NDArray[np.float32]
Spectrum = NDArray[np.complexfloating]

_CELL = 8  # pixels between lattice nodes
_LATTICE_SIZE = 512  # nodes a side: long waves repeat after 4096 px
_TILE_SIZES = (1024, 900)  # short waves repeat after 230 400 px
COMPACT_PX = 1024  # scenes up to this size, made by the thousand, are built on less:
_COMPACT_LATTICE_SIZE = 180  # 1440 px
_COMPACT_TILE_SIZES = (384, 350)
_SPLIT_PX = 4 * _CELL  # wavelength that divides long from short
_SWELL_K = 0.2  # rad/m beyond which swell has no waves
_BREAKER_K = 1.2  # rad/m: in high wind most breakers are still waves of a few metres
BREAKER_AGES_S = (0.3, 0.8, 1.4, 2.2)  # when the foam that still floats was made


@dataclass(frozen=True, slots=True, kw_only=True)
class SeaState:
    """What drives the waves. Directions are where they run to, radians in pixel axes."""

    wind_mps: float
    wind_angle: float
    swell_m: float
    swell_wavelength_m: float
    swell_angle: float


class Waves:
    """Random waves on one periodic square of `n` samples `step_m` apart, at any moment."""

    def __init__(
        self,
        state: SeaState,
        rng: np.random.Generator,
        *,
        n: int,
        step_m: float,
        band: tuple[float, float],
        share: float,
    ) -> None:
        """Waves of wavenumbers in `band` (rad/m) with `share` of the sea's variance."""
        k = 2 * np.pi * scipy.fft.fftfreq(n, d=step_m)
        k_x, k_y = k[None, :], k[:, None]
        cos, sin = np.cos(state.wind_angle), np.sin(state.wind_angle)
        self.k_down = (k_x * cos + k_y * sin).astype(np.float32)
        self.k_cross = (k_y * cos - k_x * sin).astype(np.float32)
        self.k = np.hypot(self.k_down, self.k_cross)
        density = wind_waves(self.k_down, self.k_cross, state.wind_mps)
        if band[0] < _SWELL_K:
            density = density + swell(
                k_x,
                k_y,
                height_m=state.swell_m,
                wavelength_m=state.swell_wavelength_m,
                angle=state.swell_angle,
                least_width=0.7 * float(k[1]),
            )
        kept = (self.k > band[0]) & (self.k <= band[1])
        self.variance = np.where(kept, share * density, 0.0) * (2 * np.pi / (n * step_m)) ** 2
        white = rng.standard_normal((2, n, n), dtype=np.float32)
        # real elevation Re Σ a exp(ik·x) of variance Σ|a|²/2
        self._amplitude = (white[0] + 1j * white[1]) * np.sqrt(self.variance / 4).astype(np.float32)
        self._mirrored = _mirrored(self._amplitude).conj()
        safe = np.where(self.k > 0, self.k, 1.0)
        self._omega = (safe * phase_speed(safe)).astype(np.float32)

    def at(self, time_s: float) -> tuple[Spectrum, Spectrum]:
        """Amplitudes of the waves at a moment, and the conjugates of the opposite waves.

        Their sum is the Fourier transform of the real elevation; (n, n) each.
        """
        phase = self._omega * np.float32(-time_s)
        turn = np.empty(phase.shape, np.complex64)
        turn.real, turn.imag = np.cos(phase), np.sin(phase)
        return turn * self._amplitude, turn.conj() * self._mirrored

    def slopes(self, waves: tuple[Spectrum, Spectrum]) -> tuple[Image, Image]:
        """Slope along and across the wind at a moment, (n, n) each."""
        elevation = waves[0] + waves[1]
        return _two_fields(1j * self.k_down * elevation, 1j * self.k_cross * elevation)

    def weighted(self, waves: tuple[Spectrum, Spectrum], gain: NDArray[np.floating]) -> Spectrum:
        """Transform of the elevation with every wave multiplied by `gain`, (n, n)."""
        return gain * waves[0] + _mirrored(gain) * waves[1]


def _mirrored(values: NDArray) -> NDArray:
    """Values at the opposite wavenumbers."""
    return np.roll(values[::-1, ::-1], (1, 1), axis=(0, 1))


def _two_fields(one: Spectrum, other: Spectrum) -> tuple[Image, Image]:
    """The real fields that two transforms belong to, by one complex transform."""
    both = (one + 1j * other).astype(np.complex64, copy=False)
    both = scipy.fft.ifft2(both, norm="forward", overwrite_x=True)
    return both.real.copy(), both.imag.copy()


def breaker_gain(
    k_down: NDArray[np.floating], k: NDArray[np.floating], wind_mps: float, k_max: float
) -> NDArray[np.floating]:
    """Weight of each wave in the crest acceleration that decides where waves break.

    Downward acceleration at the crest is g k times elevation, and water breaks where it
    exceeds a share of g (Snyder, Smith & Kennedy 1983, J. Phys. Oceanogr. 13). Only waves
    that run with the wind count, which draws breakers out along the crest; ripples that
    ride on them roughen their edge but do not break themselves.
    """
    k_peak = min(peak_wavenumber(wind_mps), 0.25 * k_max)
    with_wind = np.maximum(k_down, 0) / np.where(k > 0, k, 1)
    ripples = 1 / (1 + (k / max(16 * k_peak, _BREAKER_K)) ** 2)
    return GRAVITY * k * with_wind**2 * ripples * (k > 0.5 * k_peak)


class Surface:
    """Slopes and crests of one sea at the exposure times of its bands."""

    def __init__(
        self,
        state: SeaState,
        *,
        gsd_m: float,
        times_s: Sequence[float],
        seed: int,
        compact: bool = False,
    ) -> None:
        """A compact surface is built ten times faster and repeats itself sooner."""
        tile_sizes = _COMPACT_TILE_SIZES if compact else _TILE_SIZES
        lattice_size = _COMPACT_LATTICE_SIZE if compact else _LATTICE_SIZE
        k_split, k_max = 2 * np.pi / (_SPLIT_PX * gsd_m), 0.95 * np.pi / gsd_m
        short = [(n, gsd_m, (k_split, k_max), 1 / len(tile_sizes)) for n in tile_sizes]
        parts = [(lattice_size, _CELL * gsd_m, (0.0, k_split), 1.0), *short]
        self.band_count = len(times_s)
        self.resolved_variance = np.zeros(2)
        self._slopes: list[list[tuple[Image | Lattice, Image | Lattice]]] = []
        self._crests: list[list[Image | Lattice]] = []
        past_s = [min(times_s) - age for age in BREAKER_AGES_S]
        crest_variance = 0.0
        for index, (n, step_m, band, share) in enumerate(parts):
            rng = np.random.default_rng([seed, 1, index])
            waves = Waves(state, rng, n=n, step_m=step_m, band=band, share=share)
            gain = breaker_gain(waves.k_down, waves.k, state.wind_mps, k_max)
            crest_variance += float((waves.variance * gain**2).sum())
            self.resolved_variance += [
                float((waves.variance * k**2).sum()) for k in (waves.k_down, waves.k_cross)
            ]
            keep = _as_lattice if index == 0 else _as_tile
            self._slopes.append([])
            self._crests.append([])
            waiting: Spectrum | None = None
            for time_s in (*times_s, *past_s):
                moment = waves.at(time_s)
                if len(self._slopes[-1]) < len(times_s):
                    down, cross = waves.slopes(moment)
                    self._slopes[-1].append((keep(down), keep(cross)))
                crests = waves.weighted(moment, gain)
                if waiting is None:
                    waiting = crests
                else:
                    self._crests[-1] += [keep(field) for field in _two_fields(waiting, crests)]
                    waiting = None
            if waiting is not None:
                self._crests[-1].append(keep(_two_fields(waiting, np.zeros_like(waiting))[0]))
        self._crest_scale = np.float32(1 / np.sqrt(max(crest_variance, 1e-30)))

    def slopes(self, window: Window, band: int, roughness: Image) -> tuple[Image, Image]:
        """Slope along and across the wind at a band's moment, (rows, cols) each.

        Short waves are multiplied by `roughness`, (rows, cols), about 1.
        """
        long, *short = self._slopes
        out = []
        for axis in (0, 1):
            total = sum_of([part[band][axis] for part in short], window)
            total *= roughness
            total += _draw(long[band][axis], window)
            out.append(total)
        return out[0], out[1]

    def crests(self, window: Window, moment: int) -> Image:
        """Crest acceleration in standard deviations, (rows, cols), Gaussian.

        Moments 0.. are the bands; those after are BREAKER_AGES_S before the first band.
        """
        total = sum_of([part[moment] for part in self._crests], window)
        total *= self._crest_scale
        return total


def sum_of(fields: Sequence[Image | Lattice], window: Window) -> Image:
    """The sum of periodic fields over a window, a fresh array (rows, cols)."""
    total = _draw(fields[0], window) + _draw(fields[1], window)
    for field in fields[2:]:
        total += _draw(field, window)
    return total


def wrapped(tile: Image, window: Window) -> Image:
    """Window of a plane that `tile` covers again and again; a view where it can be."""
    n_rows, n_cols = tile.shape
    row, col = window.row_off % n_rows, window.col_off % n_cols
    if row + window.height <= n_rows and col + window.width <= n_cols:
        return tile[row : row + window.height, col : col + window.width]
    out = np.empty((window.height, window.width), tile.dtype)
    for top in range(-row, window.height, n_rows):
        for left in range(-col, window.width, n_cols):
            part = out[max(top, 0) : top + n_rows, max(left, 0) : left + n_cols]
            first_row, first_col = max(-top, 0), max(-left, 0)
            part[:] = tile[
                first_row : first_row + part.shape[0], first_col : first_col + part.shape[1]
            ]
    return out


def _draw(field: Image | Lattice, window: Window) -> Image:
    return field.draw(window) if isinstance(field, Lattice) else wrapped(field, window)


def _as_lattice(nodes: Image) -> Image | Lattice:
    return Lattice.through(nodes, _CELL)


def _as_tile(tile: Image) -> Image | Lattice:
    return tile
