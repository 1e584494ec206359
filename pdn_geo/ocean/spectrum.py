"""How much wave there is at each wavenumber, by wind speed.

Wavenumbers in rad/m, angles in radians from downwind, spectra in SI units.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

GRAVITY = 9.81
_K_CAPILLARY = 370.0  # rad/m, where phase speed is least
_C_CAPILLARY = 0.23  # m/s, that least speed
_CALM_MPS = 0.5  # the sea is never quite still; keeps the formulae finite at no wind
_FULLY_DEVELOPED = 0.84  # inverse wave age of a sea that grows no further


def phase_speed(k: ArrayLike) -> Floats:
    """Phase speed in deep water, m/s, gravity and capillary waves (Elfouhaily 1997, eq. 24)."""
    k = np.asarray(k, dtype=np.float64)
    return np.sqrt(GRAVITY / k * (1 + (k / _K_CAPILLARY) ** 2))


def peak_wavenumber(wind_mps: float, inverse_wave_age: float = _FULLY_DEVELOPED) -> float:
    """Wavenumber of the longest wind waves, g Ω² / U² (Elfouhaily 1997, eq. 3)."""
    return float(GRAVITY * (inverse_wave_age / max(wind_mps, _CALM_MPS)) ** 2)


def friction_velocity(wind_mps: float) -> float:
    """u* from the wind at 10 m with the drag law of Wu (1980), m/s."""
    wind = max(wind_mps, _CALM_MPS)
    return float(np.sqrt((0.8 + 0.065 * wind) * 1e-3) * wind)


def elfouhaily(k: ArrayLike, wind_mps: float, inverse_wave_age: float = _FULLY_DEVELOPED) -> Floats:
    """Omnidirectional elevation spectrum S(k), m³; its integral over k is the variance.

    Elfouhaily, Chapron, Katsaros & Vandemark (1997), J. Geophys. Res. 102, eqs. 30-45.
    `inverse_wave_age` is 0.84 for a fully developed sea, up to 5 for a short fetch.
    """
    k = np.asarray(k, dtype=np.float64)
    age, c, k_peak = inverse_wave_age, phase_speed(k), peak_wavenumber(wind_mps, inverse_wave_age)
    c_peak = float(phase_speed(k_peak))
    root = np.sqrt(k / k_peak) - 1
    gamma = 1.7 + 6 * np.log10(max(age, 1.0))
    peak = np.exp(-1.25 * (k_peak / k) ** 2)
    peak = peak * gamma ** np.exp(-(root**2) / (2 * (0.08 * (1 + 4 / age**3)) ** 2))
    alpha_peak = 6e-3 * np.sqrt(age)
    long_waves = 0.5 * alpha_peak * (c_peak / c) * peak * np.exp(-age / np.sqrt(10) * root)
    stress = np.log(friction_velocity(wind_mps) / _C_CAPILLARY)
    alpha_short = 0.01 * max(1 + stress * (1 if stress < 0 else 3), 0.0)
    short_waves = 0.5 * alpha_short * (_C_CAPILLARY / c) * peak
    short_waves = short_waves * np.exp(-0.25 * (k / _K_CAPILLARY - 1) ** 2)
    return (long_waves + short_waves) / k**3


def spreading_exponent(k: ArrayLike, wind_mps: float) -> Floats:
    """Exponent s of cos^2s(φ/2) that has the up/crosswind ratio of Elfouhaily (eq. 57).

    His 1 + Δ cos 2φ does not tell where waves run to; cos^2s does, and matches it where
    the mean of cos 2φ is Δ/2, that is s(s-1) / ((s+1)(s+2)) = Δ/2.
    """
    c = phase_speed(k)
    c_peak = float(phase_speed(peak_wavenumber(wind_mps)))
    capillary = 0.13 * friction_velocity(wind_mps) / _C_CAPILLARY
    delta = np.tanh(np.log(2) / 4 + 4 * (c / c_peak) ** 2.5 + capillary * (_C_CAPILLARY / c) ** 2.5)
    half = delta / 2
    linear = 1 + 3 * half
    return (linear + np.sqrt(linear**2 + 8 * half * (1 - half))) / (2 * (1 - half))


def spreading(angle: ArrayLike, exponent: ArrayLike) -> Floats:
    """Share of wave energy per radian at `angle` from downwind; integrates to one.

    cos^2s(φ/2) of Longuet-Higgins, Cartwright & Smith (1963).
    """
    s = np.asarray(exponent, dtype=np.float64)
    log_norm = (2 * s - 1) * np.log(2) - np.log(np.pi) + 2 * gammaln(s + 1) - gammaln(2 * s + 1)
    cosine = np.abs(np.cos(np.asarray(angle) / 2))
    return np.exp(log_norm + 2 * s * np.log(np.maximum(cosine, 1e-12)))


def wind_waves(k_down: ArrayLike, k_cross: ArrayLike, wind_mps: float) -> Floats:
    """Directional spectrum Ψ, m⁴, over wavenumbers along and across the wind; 0 at k = 0.

    What depends on k alone is read from a fine table, within 1e-4.
    """
    k_down = np.asarray(k_down, dtype=np.float64)
    k = np.hypot(k_down, k_cross)
    safe = np.where(k > 0, k, 1.0)
    table = np.geomspace(safe.min(), safe.max() * 1.001, 4096)
    exponents = spreading_exponent(table, wind_mps)
    along_wind = elfouhaily(table, wind_mps) * spreading(0.0, exponents) / table
    nodes, at = np.log(table), np.log(safe)
    density = np.exp(np.interp(at, nodes, np.log(np.maximum(along_wind, 1e-300))))
    # cos^2s(φ/2) is ((1 + cos φ) / 2)^s
    turned = np.maximum((1 + k_down / safe) / 2, 1e-12) ** np.interp(at, nodes, exponents)
    return np.where(k > 0, density * turned, 0.0)


def swell(
    k_x: ArrayLike,
    k_y: ArrayLike,
    *,
    height_m: float,
    wavelength_m: float,
    angle: float,
    least_width: float = 0.0,
) -> Floats:
    """Directional spectrum, m⁴, of one narrow train of swell running towards `angle`.

    A Gaussian in wavenumber, 12 % wide along the train and across it; its integral is the
    variance of a sea of that significant height, (H/4)². `least_width`, rad/m, keeps the
    bell from falling between the nodes of a coarse grid.
    """
    k_x, k_y = np.asarray(k_x), np.asarray(k_y)
    k_swell = 2 * np.pi / wavelength_m
    width = max(0.12 * k_swell, least_width)
    along = k_x * np.cos(angle) + k_y * np.sin(angle) - k_swell
    across = k_y * np.cos(angle) - k_x * np.sin(angle)
    bell = np.exp(-(along**2 + across**2) / (2 * width**2)) / (2 * np.pi * width**2)
    return (height_m / 4) ** 2 * bell


def cox_munk(wind_mps: float) -> tuple[float, float]:
    """Variance of the slope of a clean sea, along and across the wind.

    Cox & Munk (1954), J. Opt. Soc. Am. 44: 0.00316 U and 0.003 + 0.00192 U. The first
    is kept above the second's share at no wind, where theirs would vanish.
    """
    return max(0.00316 * wind_mps, 1e-4), 0.003 + 0.00192 * wind_mps
