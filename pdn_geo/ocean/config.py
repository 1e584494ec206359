"""What one simulated sea is asked to be."""

from dataclasses import dataclass
from typing import Literal

from pdn_geo.errors import OptionError

BAND_NAMES = ("red", "green", "blue", "nir")
_COUNTS = ("marinas", "quays", "piers", "moorings", "buoys", "rocks")
_BAND_STEPS_S = ((6.0, 0.5), (2.0, 0.3), (0.5, 0.08), (0.0, 0.01))  # from a GSD on, in metres


@dataclass(frozen=True, slots=True, kw_only=True)
class SeaConfig:
    """A square scene of open sea; two equal configurations give equal pixels.

    size: pixels a side. gsd_m: ground sampling distance, 0.1 to 30 m. wind_mps: at 10 m
    height, 0 to 30 m/s. clouds: share of the scene under cloud, 0 to 1. bands: 3 (red,
    green, blue) or 4 (and near infrared). band_times_s: when each band is exposed, in
    seconds; foam, waves and boats under way move in between (None: as is usual for
    sensors of that ground sampling distance). swell_m: significant
    height of the swell that comes from elsewhere. boat_m: least and greatest length of
    `boats` (None: every kind as it comes).

    A coast: land: share of the scene that is land, 0 to 1. beach: share of the shore that is
    sand, where waves break in lines. town: share of the land under streets and roofs.
    marinas, quays, piers: how many of each, as far as there is room; boats berth there, on
    top of `boats`. moorings: boats on moorings, likewise on top. buoys, rocks: how many.
    Near a coast `boats`, too, are as many as there is room for.

    look: "linear" (numbers follow reflectance) or "photo" (8 bit only: the tone curve, clipped
    whites and sharpening of visual products). jpeg: quality, 1 to 100, of the JPEG
    compression that the picture has been through (8 bit only; None: not at all). Raises
    OptionError.
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
    boat_m: tuple[float, float] | None = None
    land: float = 0.0
    beach: float = 0.5
    town: float = 0.4
    marinas: int = 0
    quays: int = 0
    piers: int = 0
    moorings: int = 0
    buoys: int = 0
    rocks: int = 0
    look: Literal["linear", "photo"] = "linear"
    jpeg: int | None = None

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
            ("land", 0, 1),
            ("beach", 0, 1),
            ("town", 0, 1),
            *((name, 0, 10_000) for name in _COUNTS),
        )
        for name, low, high in limits:
            value = getattr(self, name)
            if not low <= value <= high:
                label = name.removesuffix("_mps").removesuffix("_m")
                raise OptionError(f"{label} must be between {low:g} and {high:g}, got {value:g}")
        if self.dtype not in ("uint8", "uint16"):
            raise OptionError(f"dtype must be uint8 or uint16, got {self.dtype}")
        if self.look not in ("linear", "photo"):
            raise OptionError(f"look must be linear or photo, got {self.look}")
        if self.jpeg is not None and not 1 <= self.jpeg <= 100:
            raise OptionError(f"jpeg must be between 1 and 100, got {self.jpeg}")
        if self.dtype != "uint8" and (self.look != "linear" or self.jpeg is not None):
            raise OptionError(f"look and jpeg are for uint8, got {self.dtype}")
        if self.boat_m is not None and not 0 <= self.boat_m[0] < self.boat_m[1]:
            raise OptionError(f"boat_m must be a range of lengths, got {self.boat_m}")
        if self.band_times_s is not None and len(self.band_times_s) != self.bands:
            raise OptionError(
                f"band_times_s must hold {self.bands} times, got {len(self.band_times_s)}"
            )

    @property
    def coastal(self) -> bool:
        """Whether there is anything but open water and boats on it."""
        return self.land > 0 or any(getattr(self, name) > 0 for name in _COUNTS)

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
