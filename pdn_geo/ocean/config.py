"""What one simulated sea is asked to be."""

from dataclasses import dataclass
from typing import Literal

from pdn_geo.errors import OptionError

BAND_NAMES = ("red", "green", "blue", "nir")
_BAND_STEPS_S = ((6.0, 0.5), (2.0, 0.3), (0.5, 0.08), (0.0, 0.01))  # from a GSD on, in metres


@dataclass(frozen=True, slots=True, kw_only=True)
class SeaConfig:
    """A square scene of open sea; two equal configurations give equal pixels.

    size: pixels a side. gsd_m: ground sampling distance, 0.1 to 30 m. wind_mps: at 10 m
    height, 0 to 30 m/s. clouds: share of the scene under cloud, 0 to 1. bands: 3 (red,
    green, blue) or 4 (and near infrared). band_times_s: when each band is exposed, in
    seconds; foam, waves and boats under way move in between (None: as is usual for
    sensors of that ground sampling distance). swell_m: significant
    height of the swell that comes from elsewhere. Raises OptionError.
    """

    size: int = 10240
    gsd_m: float = 1.0
    wind_mps: float = 8.0
    boats: int = 40
    seed: int = 0
    clouds: float = 0.0
    dtype: Literal["uint8", "uint16"] = "uint8"
    bands: int = 3
    band_times_s: tuple[float, ...] | None = None
    swell_m: float = 0.8

    def __post_init__(self) -> None:
        limits: tuple[tuple[str, float, float], ...] = (
            ("size", 1, 1_000_000),
            ("gsd_m", 0.1, 30),
            ("wind_mps", 0, 30),
            ("boats", 0, 100_000),
            ("seed", 0, 2**63 - 1),
            ("clouds", 0, 1),
            ("bands", 3, 4),
            ("swell_m", 0, 15),
        )
        for name, low, high in limits:
            value = getattr(self, name)
            if not low <= value <= high:
                label = name.removesuffix("_mps").removesuffix("_m")
                raise OptionError(f"{label} must be between {low:g} and {high:g}, got {value:g}")
        if self.dtype not in ("uint8", "uint16"):
            raise OptionError(f"dtype must be uint8 or uint16, got {self.dtype}")
        if self.band_times_s is not None and len(self.band_times_s) != self.bands:
            raise OptionError(
                f"band_times_s must hold {self.bands} times, got {len(self.band_times_s)}"
            )

    @property
    def times_s(self) -> tuple[float, ...]:
        """When each band is exposed.

        Cameras in aircraft expose all bands nearly at once; PlanetScope takes some tenths
        of a second, Sentinel-2 half a second from band to band (Heiselberg 2016, Remote
        Sens. 8, 1033).
        """
        if self.band_times_s is not None:
            return self.band_times_s
        step = next(step for finest, step in _BAND_STEPS_S if self.gsd_m >= finest)
        return tuple(step * band for band in range(self.bands))

    @property
    def extent_m(self) -> float:
        """Ground length of one side."""
        return self.size * self.gsd_m
