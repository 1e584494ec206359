"""Training scenes drawn at random: every sensor, every weather, every kind of water."""

from typing import Any

import numpy as np

from pdn_geo.ocean.config import SeaConfig

_SENSORS_M = (0.3, 1.0, 3.0, 10.0)  # ground sampling distances that matter most
_SENSOR_SHARE = 0.75  # of scenes; the rest are log-uniform over their range
_LEAST_PX = 1.3  # boats at sea shorter than this are left out: nobody could see them
_BOATS = (3.0, 15.0)  # at sea, in 512 x 512 px of open water
_PLACES = {"sea": 0.52, "coast": 0.18, "harbour": 0.18, "surf": 0.12}
_PIXELS = 512**2
_WINDY_MPS, _WINDY_BOATS = (4.0, 15.0), 5.8


def random_sea(
    rng: np.random.Generator, *, size: int, gsd_m: float | None = None, bands: int = 3
) -> SeaConfig:
    """One varied scene of that many pixels a side, dense enough with boats to learn from.

    Open sea, coasts, harbours and surf; half of them 8-bit visual products, compressed or
    not, the rest 8 or 16 bit in proportion to reflectance. gsd_m: drawn from 0.3 to 10 m
    unless given. The same state of `rng` gives the same scene.
    """
    if gsd_m is None:
        free = float(np.exp(rng.uniform(np.log(_SENSORS_M[0]), np.log(_SENSORS_M[-1]))))
        gsd_m = float(rng.choice(_SENSORS_M)) if rng.random() < _SENSOR_SHARE else free
    extent_m = size * gsd_m
    place = str(rng.choice(list(_PLACES), p=list(_PLACES.values())))
    scene = _SETTINGS[place](rng, extent_m)
    boats = rng.uniform(*_BOATS) * size**2 / _PIXELS * scene.pop("traffic", 1.0)
    return SeaConfig(
        size=size,
        gsd_m=gsd_m,
        wind_mps=float(rng.uniform(1, 15)),
        boats=int(rng.poisson(boats)),
        boat_m=(_LEAST_PX * gsd_m, max(0.35 * extent_m, 12.0)),
        seed=int(rng.integers(2**31)),
        clouds=float(rng.beta(1, 5)) if rng.random() < 0.12 else 0.0,
        bands=bands,
        **{"swell_m": float(rng.gamma(2, 0.4)), **scene},
        **_product(rng, gsd_m),
    )


def windy_sea(rng: np.random.Generator, *, size: int, gsd_m: float, bands: int = 3) -> SeaConfig:
    """Open sea with whitecaps and a few boats of 4 m or 4 pixels up; as `random_sea`."""
    wind = float(rng.uniform(*_WINDY_MPS))
    boats = int(rng.poisson(_WINDY_BOATS * size**2 / _PIXELS))
    smallest = 4.0 * gsd_m if rng.random() < 0.5 else 4.0
    return SeaConfig(
        size=size,
        gsd_m=gsd_m,
        wind_mps=wind,
        boats=boats,
        boat_m=(smallest, 60.0 * gsd_m),
        seed=int(rng.integers(2**31)),
        bands=bands,
        swell_m=float(rng.gamma(2, 0.4)),
        **_product(rng, gsd_m),
    )


def _sea(rng: np.random.Generator, extent_m: float) -> dict[str, Any]:
    """Open water, at times with a field of moorings, marks or rocks awash."""
    scene: dict[str, Any] = {}
    if rng.random() < 0.25:
        scene["buoys"] = int(rng.poisson(4))
    if rng.random() < 0.15 and extent_m > 120:
        scene["moorings"] = int(rng.integers(6, 30))
    if rng.random() < 0.1:
        scene["rocks"] = int(rng.integers(3, 25))
    return scene


def _coast(rng: np.random.Generator, extent_m: float) -> dict[str, Any]:
    """A natural or built shore with piers and boats lying off it."""
    return {
        "land": float(rng.uniform(0.05, 0.7)),
        "beach": float(rng.beta(0.8, 0.8)),
        "town": float(rng.beta(0.7, 1.0)),
        "piers": int(rng.poisson(2.5)),
        "moorings": int(rng.integers(4, 30)) if rng.random() < 0.4 else 0,
        "buoys": int(rng.poisson(2)),
        "rocks": int(rng.poisson(6)) if rng.random() < 0.3 else 0,
        "traffic": 0.9,
    }


def _harbour(rng: np.random.Generator, extent_m: float) -> dict[str, Any]:
    """Marinas and quays, with little or no land in sight when close."""
    close = extent_m < 250
    afloat = close and rng.random() < 0.35
    return {
        "land": 0.0 if afloat else float(rng.uniform(0.1, 0.5)),
        "beach": float(rng.beta(0.6, 1.5)),
        "town": float(rng.beta(1.2, 0.8)),
        "marinas": 1 if close else int(rng.integers(0, 4)),
        "quays": int(rng.random() < 0.3) if close else int(rng.integers(0, 5)),
        "piers": int(rng.poisson(1.5)),
        "buoys": int(rng.poisson(1.5)),
        "moorings": int(rng.integers(4, 25)) if rng.random() < 0.2 else 0,
        "swell_m": float(rng.gamma(2, 0.1)),
        "traffic": 0.6,
    }


def _surf(rng: np.random.Generator, extent_m: float) -> dict[str, Any]:
    """Beaches and rocks that the swell breaks on; hardly a boat."""
    return {
        "land": float(rng.uniform(0.05, 0.6)),
        "beach": float(rng.uniform(0.5, 1.0)),
        "town": float(rng.beta(0.6, 1.5)),
        "piers": int(rng.random() < 0.3),
        "rocks": int(rng.poisson(8)) if rng.random() < 0.5 else 0,
        "swell_m": float(rng.uniform(0.5, 3.0)),
        "traffic": 0.4,
    }


_SETTINGS = {"sea": _sea, "coast": _coast, "harbour": _harbour, "surf": _surf}


def _product(rng: np.random.Generator, gsd_m: float) -> dict[str, Any]:
    """The numbers a user would be given: visual products are most of what is fine."""
    if rng.random() > (0.7 if gsd_m < 5 else 0.25):
        return {"dtype": "uint16" if rng.random() < 0.7 else "uint8"}
    return {"look": "photo", "jpeg": int(rng.integers(60, 97)) if rng.random() < 0.5 else None}
