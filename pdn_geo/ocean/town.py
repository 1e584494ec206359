"""Streets, roofs, parked cars and stacked boxes, drawn point by point from hashed numbers.

Nothing is stored: what stands at a point follows from its block, its lot and the seed, so
that any window of an endless town is drawn alone. These are the confusers of a boat
detector: bright, small, rectangular, in rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.ocean import materials as m
from pdn_geo.ocean.hashing import hashed_bytes

Points = NDArray[np.float32]
Bools = NDArray[np.bool_]

_GROUND = (m.ASPHALT, m.CONCRETE, m.GRASS, m.DRY_GRASS)
_CARS = (m.WHITE, m.WHITE, m.LIGHT_GREY, m.GREY, m.BLACK, m.DARK_GREY, m.RED, m.BLUE)
_BOXES = (m.RUST, m.RUST, m.BLUE, m.TILE, m.GREY, m.LIGHT_GREY, m.GREEN, m.TILE)
_ROOFS = {
    "houses": (m.DARK_GREY, m.GREY, m.BROWN, m.TILE, m.GREY, m.BROWN, m.GREY, m.LIGHT_GREY),
    "tiles": (m.TILE, m.TILE, m.BROWN, m.CONCRETE, m.LIGHT_GREY, m.TILE, m.BROWN, m.CREAM),
    "sheds": (m.LIGHT_GREY, m.WHITE, m.GREY, m.LIGHT_GREY, m.DARK_GREY, m.STEEL, m.RUST,
              m.GREY),
}  # fmt: skip
_SHADE = np.float32(0.4)
_GLASS = np.float32(0.3)  # brightness of a car's windows over its paint's


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a district is laid out; lengths in metres."""

    roofs: str
    block: tuple[float, float]
    road_m: float
    lot_m: float
    height_m: float
    roof_share: tuple[float, float]  # of the lot's width and depth, least
    vacant: float
    parking: float  # share of blocks that are car parks
    green: bool  # gardens rather than paving between the houses


HOUSES = Plan(
    roofs="houses", block=(120, 66), road_m=9, lot_m=15, height_m=5, roof_share=(0.26, 0.2),
    vacant=0.12, parking=0.04, green=True,
)  # fmt: skip
OLD_TOWN = Plan(
    roofs="tiles", block=(60, 42), road_m=5, lot_m=10, height_m=11, roof_share=(0.4, 0.32),
    vacant=0.06, parking=0.06, green=False,
)  # fmt: skip
SHEDS = Plan(
    roofs="sheds", block=(180, 130), road_m=14, lot_m=56, height_m=10, roof_share=(0.25, 0.2),
    vacant=0.22, parking=0.25, green=False,
)  # fmt: skip


def town(
    plan: Plan,
    u: Points,
    v: Points,
    seed: int,
    shadow: tuple[float, float],
    settled: Callable[[Points, Points], Bools],
) -> tuple[Points, Bools]:
    """Reflectance (4, N) of a district at points (N,), in metres along its streets, and
    which points it covers.

    shadow: metres (u, v) from the foot of something one metre high to its shadow's end.
    settled: whether there is a district at points; asked once for each lot, so that no
    house is cut by its edge.
    """
    palette = np.array(_GROUND + _CARS + _ROOFS[plan.roofs], np.float32)
    first_car, first_roof = len(_GROUND), len(_GROUND) + len(_CARS)
    lots = _lots(plan, u, v, seed)
    here = settled(lots.centre_u, lots.centre_v)
    b2, b3 = lots.bytes[2], lots.bytes[3]
    index = np.where(b3 & 1, 3 if plan.green else 1, 2 if plan.green else 1)
    index[lots.road | lots.parking] = 0
    light = np.ones(len(u), np.float32)
    cast = _lots(plan, u - shadow[0] * plan.height_m, v - shadow[1] * plan.height_m, seed)
    light[cast.roof] = _SHADE
    cars, colour = _street_cars(plan, u, v, seed)
    cars &= lots.road
    lot_cars, lot_colour, along = _parked_cars(u, v, seed + 5)
    lot_cars &= lots.parking & ~lots.road
    index[cars] = first_car + (colour[cars] & 7)
    index[lot_cars] = first_car + (lot_colour[lot_cars] & 7)
    light[lot_cars & _glass(along)] = _GLASS
    roof = lots.roof
    index[roof] = first_roof + (b2[roof] & 7)
    slope = np.float32(0.14) * np.sign(lots.ridge[roof])
    light[roof] = 0.8 + lots.bytes[1][roof] * np.float32(0.4 / 255) + slope
    return (palette[index] * light[:, None]).T, here


def parked(
    u: Points,
    v: Points,
    seed: int,
    *,
    slot: float,
    row: float,
    rows: int,
    aisle: float,
    fill: float,
    size: tuple[float, float],
) -> tuple[Bools, NDArray[np.uint8], Points]:
    """Rectangles in rows between aisles: which points they cover, their colours' byte, and
    how far along each a point lies, -1 to 1.

    slot, row: pitch along u and v. size: of one rectangle along u and v.
    """
    pitch = rows * row + aisle
    group = np.floor(v / np.float32(pitch))
    w = v - group * np.float32(pitch)
    line = np.floor(w / np.float32(row))
    place = np.floor(u / np.float32(slot))
    b0, b1, _, _ = hashed_bytes(place, group * rows + line, seed)
    inside = np.abs(u - (place + np.float32(0.5)) * np.float32(slot)) < size[0] / 2
    along = (w - (line + np.float32(0.5)) * np.float32(row)) * np.float32(2 / size[1])
    inside &= np.abs(along) < 1
    inside &= (line < rows) & (b0 < fill * 256)
    return inside, b1, along


def _parked_cars(u: Points, v: Points, seed: int) -> tuple[Bools, NDArray[np.uint8], Points]:
    return parked(u, v, seed, slot=2.7, row=5.2, rows=2, aisle=6.5, fill=0.6, size=(1.8, 4.4))


def yard(u: Points, v: Points, seed: int, shadow: tuple[float, float]) -> Points:
    """Reflectance (4, N) of a container yard: stacks of coloured boxes on pale concrete."""

    def boxes(du: float, dv: float) -> tuple[Bools, NDArray[np.uint8], Points]:
        return parked(u - np.float32(du), v - np.float32(dv), seed, slot=13.0, row=2.8, rows=6,
                      aisle=9.0, fill=0.72, size=(12.2, 2.45))  # fmt: skip

    palette = np.array((m.CONCRETE, *_BOXES), np.float32)
    light = np.ones(len(u), np.float32)
    shade, _, _ = boxes(shadow[0] * 6, shadow[1] * 6)
    light[shade] = _SHADE
    covered, colour, _ = boxes(0, 0)
    index = np.where(covered, 1 + (colour & 7), 0)
    light[covered] = 0.65 + (colour[covered] >> 3) * np.float32(0.4 / 32)
    return (palette[index] * light[:, None]).T


def carpark(u: Points, v: Points, seed: int, shadow: tuple[float, float]) -> Points:
    """Reflectance (4, N) of a promenade: parked cars on asphalt, trees or beds here and there."""
    palette = np.array((m.ASPHALT, m.GRASS, m.CONCRETE, *_CARS), np.float32)
    cars, colour, along = _parked_cars(u, v, seed)
    cast_u, cast_v = np.float32(1.5 * shadow[0]), np.float32(1.5 * shadow[1])
    shade, _, _ = _parked_cars(u - cast_u, v - cast_v, seed)
    patch = hashed_bytes(np.floor(u / np.float32(23)), np.floor(v / np.float32(16.9)), seed + 3)[0]
    index = np.where(patch < 70, 1, np.where(patch < 120, 2, 0))
    cars &= patch > 100
    light = np.where(shade & (patch > 100), _SHADE, np.float32(1))
    light[cars] = np.where(_glass(along[cars]), _GLASS, np.float32(1))
    index[cars] = 3 + (colour[cars] & 7)
    return (palette[index] * light[:, None]).T


@dataclass(frozen=True, slots=True)
class _Lots:
    """What the layout says of points (N,): roof, road, car park; the bytes of each one's lot,
    the side of its ridge, and the lot's centre (on a road, the point itself).
    """

    roof: Bools
    road: Bools
    parking: Bools
    bytes: tuple[NDArray[np.uint8], ...]
    ridge: Points
    centre_u: Points
    centre_v: Points


def _lots(plan: Plan, u: Points, v: Points, seed: int) -> _Lots:
    i, j = np.floor(u / np.float32(plan.block[0])), np.floor(v / np.float32(plan.block[1]))
    p = u - i * np.float32(plan.block[0]) - np.float32(plan.road_m)
    q = v - j * np.float32(plan.block[1]) - np.float32(plan.road_m)
    road = (p < 0) | (q < 0)
    half = np.float32((plan.block[1] - plan.road_m) / 2)
    back = q > half
    lot = np.floor(p / np.float32(plan.lot_m))
    b0, b1, b2, b3 = hashed_bytes(i * 64 + lot, j * 2 + back, seed)
    parking = hashed_bytes(i, j, seed + 1)[0] < plan.parking * 256
    a = p - (lot + np.float32(0.5)) * np.float32(plan.lot_m)
    b = q - half * back - half / 2
    wide = np.float32(plan.lot_m) * (np.float32(plan.roof_share[0]) + b0 * np.float32(0.2 / 256))
    deep = half * (np.float32(plan.roof_share[1]) + b1 * np.float32(0.2 / 256))
    roof = (np.abs(a) < wide) & (np.abs(b) < deep) & ~road & ~parking
    roof &= b3 > plan.vacant * 256
    inside = ~road
    return _Lots(roof, road, parking, (b0, b1, b2, b3), np.where(b3 & 2, a, b),
                 u - a * inside, v - b * inside)  # fmt: skip


def _glass(along: Points) -> Bools:
    """Where along a car its windows are."""
    off = np.abs(along - np.float32(0.05))
    return (off > 0.28) & (off < 0.52)


def _street_cars(plan: Plan, u: Points, v: Points, seed: int) -> tuple[Bools, NDArray[np.uint8]]:
    """Cars at both kerbs of the streets that run along u."""
    j = np.floor(v / np.float32(plan.block[1]))
    q = v - j * np.float32(plan.block[1])
    far = q > plan.road_m / 2
    off = np.where(far, np.float32(plan.road_m) - q, q)
    place = np.floor(u / np.float32(6.2))
    b0, b1, _, _ = hashed_bytes(place, j * 2 + far, seed + 2)
    cars = (np.abs(u - (place + np.float32(0.5)) * np.float32(6.2)) < 2.2) & (b0 < 110)
    return cars & (off > 0.4) & (off < 2.2), b1
