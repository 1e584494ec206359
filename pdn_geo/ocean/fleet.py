"""Which boats are at sea, how large, where, and whether they move."""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.strtree import STRtree

from pdn_geo.errors import OptionError
from pdn_geo.geometry import oriented_polygons
from pdn_geo.ocean.boats import HARBOUR_KINDS, KINDS, Boat, Kind, random_length
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.site import Waters

_UNDERWAY_SHARE = 0.6
_TRIES = 200
_SHORE_M = 6.0  # least distance from the shore


def random_boat(rng: np.random.Generator, kinds: tuple[Kind, ...], extent_m: float) -> Boat:
    """A boat somewhere in a square of that side; may reach over its edge."""
    shares = np.array([kind.share for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
    length = random_length(rng, kind)
    underway = rng.random() < _UNDERWAY_SHARE
    speed = float(rng.uniform(*kind.speed_mps))
    return Boat(
        kind=kind,
        x=float(rng.uniform(0, extent_m)),
        y=float(rng.uniform(0, extent_m)),
        length_m=length,
        beam_m=length / float(rng.uniform(*kind.slenderness)),
        angle=float(rng.uniform(-np.pi, np.pi)),
        speed_mps=speed if underway else 0.0,
        seed=int(rng.integers(2**31)),
    )


def launch(
    config: SeaConfig, waters: Waters | None = None, harboured: Sequence[Boat] = ()
) -> list[Boat]:
    """The fleet at sea: whole inside the scene at every exposure, hulls well apart.

    Near a coast it keeps off the land and the harbours of `waters` and the boats that lie
    there, and is as large as there is room. In the open sea raises OptionError when that
    many do not fit.
    """
    rng = np.random.default_rng([config.seed, 6])
    least, greatest = config.boat_m or (0.0, np.inf)
    kinds = tuple(
        kind
        for kind in (*KINDS, *(HARBOUR_KINDS if waters else ()))
        if 3 * kind.length_m[1] <= config.extent_m
        and kind.length_m[1] <= greatest
        and kind.length_m[2] >= least
    )
    boats: list[Boat] = []
    outlines = [_swept(boat, config) for boat in harboured] + (waters.taken if waters else [])
    tree = STRtree(np.asarray(outlines, dtype=object))
    for _ in range(config.boats):
        for _ in range(_TRIES if kinds else 0):
            boat = random_boat(rng, kinds, config.extent_m)
            if not least <= boat.length_m <= greatest:
                continue
            outline = _swept(boat, config)
            if not _inside(outline, config.extent_m) or len(tree.query(outline, "intersects")):
                continue
            if waters is None or _afloat(outline, waters):
                break
        else:
            if waters is not None:
                break
            raise OptionError(
                f"{config.boats} boats do not fit into {config.extent_m:g} m x "
                f"{config.extent_m:g} m: room was found for {len(boats)}"
            )
        boats.append(boat)
        outlines.append(outline)
        tree = STRtree(np.asarray(outlines, dtype=object))
    return boats


def _afloat(outline: shapely.Polygon, waters: Waters) -> bool:
    """Whether a hull's outline lies on water, with room to the shore."""
    edge = shapely.segmentize(outline, max(outline.length / 24, 1.0))
    x, y = np.concatenate([shapely.get_coordinates(edge), np.array(outline.centroid.coords)]).T
    return bool(waters.wet(x, y, _SHORE_M).all())


def _swept(boat: Boat, config: SeaConfig) -> shapely.Polygon:
    """The water a hull covers over all exposures, with room around it."""
    times = config.times_s
    places = np.array([boat.moved(t) for t in (min(times), max(times))])
    room = max(3.0, 0.3 * boat.beam_m, 3 * config.gsd_m)
    hulls: NDArray[np.object_] = oriented_polygons(
        places[:, 0], places[:, 1], boat.length_m + room, boat.beam_m + room, boat.angle
    )
    return shapely.convex_hull(shapely.multipolygons(hulls))


def _inside(outline: shapely.Polygon, extent_m: float) -> bool:
    x0, y0, x1, y1 = outline.bounds
    return bool(x0 >= 0 and y0 >= 0 and x1 <= extent_m and y1 <= extent_m)
