"""Boats on moorings, all lying to the wind, and the buoys and rocks between them."""

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.ocean import materials as m
from pdn_geo.ocean.boats import Boat, boat_of, kinds_named
from pdn_geo.ocean.materials import Colour
from pdn_geo.ocean.rocks import Rock
from pdn_geo.ocean.site import Waters
from pdn_geo.ocean.works import Work

_TRIES = 30
_SWING = 0.2  # rad, from boat to boat
_BUOYS: tuple[Colour, ...] = (m.RED, m.GREEN, m.YELLOW, m.WHITE, m.ORANGE, m.WHITE)


def mooring_field(
    rng: np.random.Generator, waters: Waters, count: int, wind_angle: float
) -> tuple[list[Work], list[Boat]]:
    """Up to `count` boats on their own buoys, spaced to swing, and some empty buoys."""
    works: list[Work] = []
    boats: list[Boat] = []
    kinds = kinds_named("sailing boat", "motor boat", "motor yacht", "dinghy")
    shares = rng.dirichlet((2, 2, 0.5, 0.7))
    pitch = float(rng.uniform(22, 42))
    wide = pitch * np.sqrt(count) / 2 + pitch
    low = min(wide, waters.extent_m / 2)
    middle = rng.uniform(low, waters.extent_m - low + 1e-6, 2)
    # tide turns the whole field off the wind now and then
    lie = wind_angle + np.pi + float(rng.normal(0, 0.35))
    places = middle + _jittered(rng, pitch, wide)
    rng.shuffle(places)
    for x, y in places:
        if len(boats) >= count:
            break
        if not waters.wet(np.array([x]), np.array([y]), 10.0)[0]:
            continue
        angle = float(lie + rng.normal(0, _SWING))
        kind = kinds[int(rng.choice(4, p=shares))]
        boat = boat_of(rng, kind, None, limits=(4.0, 16.0))
        ahead = boat.length_m / 2 + float(rng.uniform(1.5, 5))
        if rng.random() < 0.7:
            works.append(_buoy(x + ahead * np.cos(angle), y + ahead * np.sin(angle), 0.8, m.WHITE))
        if rng.random() < 0.8:
            boat = boat.at(float(x), float(y), angle)
            if waters.afloat([boat]) and waters.free(_circle(boat)):
                boats.append(boat)
    return works, boats


def buoys(rng: np.random.Generator, waters: Waters, count: int, least_m: float) -> list[Work]:
    """Navigation marks on open water, large enough to be seen."""
    places = rng.uniform(0, waters.extent_m, (count, 2))
    wet = waters.wet(places[:, 0], places[:, 1], 15.0)
    return [
        _buoy(
            x, y, max(float(rng.uniform(1.2, 4.0)), least_m), _BUOYS[int(rng.integers(len(_BUOYS)))]
        )
        for x, y in places[wet]
    ]


def rocks(rng: np.random.Generator, waters: Waters, count: int, swell_m: float) -> list[Rock]:
    """Rocks in clusters off the shore, or anywhere where there is none."""
    out: list[Rock] = []
    middle = rng.uniform(0, waters.extent_m, 2)
    for _ in range(count * _TRIES):
        if len(out) >= count:
            break
        if rng.random() < 0.12:
            middle = rng.uniform(0, waters.extent_m, 2)
        x, y = middle + rng.normal(0, 25, 2)
        if not ((0 < x < waters.extent_m) and (0 < y < waters.extent_m)):
            continue
        near = waters.shore is None or waters.shore.at(np.array([x]), np.array([y]))[0] > -90
        if near and waters.wet(np.array([x]), np.array([y]), 2.0)[0]:
            out.append(
                Rock(
                    x=float(x),
                    y=float(y),
                    radius_m=float(np.exp(rng.normal(0.7, 0.6))),
                    foam=float(np.clip(rng.uniform(0.1, 0.9) * (0.3 + 0.7 * swell_m), 0, 1)),
                    phase=float(rng.uniform(0, 2 * np.pi)),
                )
            )
    return out


def _buoy(x: float, y: float, diameter_m: float, colour: Colour) -> Work:
    return Work(what="buoy", x=float(x), y=float(y), length_m=diameter_m, width_m=diameter_m,
                angle=0.0, height_m=diameter_m, colour=colour, shape="disc")  # fmt: skip


def _jittered(rng: np.random.Generator, pitch: float, wide: float) -> NDArray[np.float64]:
    n = max(int(2 * wide / pitch), 1)
    grid = (np.stack(np.meshgrid(np.arange(n), np.arange(n)), -1).reshape(-1, 2) + 0.5) * pitch
    return grid - wide + rng.uniform(-0.22, 0.22, grid.shape) * pitch


def _circle(boat: Boat) -> shapely.Polygon:
    return shapely.Point(boat.x, boat.y).buffer(boat.length_m)
