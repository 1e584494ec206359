"""Which boats are at sea, how large, where, and whether they move."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.strtree import STRtree

from pdn_geo.errors import OptionError
from pdn_geo.geometry import oriented_polygons
from pdn_geo.ocean.config import SeaConfig

_UNDERWAY_SHARE = 0.6
_TRIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of boat: its share of the fleet and how it is built."""

    name: str
    share: float
    length_m: tuple[float, float, float]  # median, least, greatest
    spread: float  # of the logarithm of length
    slenderness: tuple[float, float]  # length over beam
    speed_mps: tuple[float, float]
    freeboard: float  # height of the deck over beam
    bow: float  # share of the length over which the hull narrows to the stem


KINDS = (
    Kind(
        name="dinghy", share=0.14, length_m=(5, 4, 7), spread=0.18, slenderness=(2.2, 2.9),
        speed_mps=(1, 11), freeboard=0.2, bow=0.45,
    ),
    Kind(
        name="motor boat", share=0.32, length_m=(9.5, 6, 28), spread=0.35, slenderness=(2.8, 3.7),
        speed_mps=(3, 17), freeboard=0.35, bow=0.5,
    ),
    Kind(
        name="sailing boat", share=0.18, length_m=(11, 6.5, 24), spread=0.25,
        slenderness=(2.9, 3.7), speed_mps=(1.5, 4), freeboard=0.3, bow=0.6,
    ),
    Kind(
        name="fishing boat", share=0.18, length_m=(17, 8, 60), spread=0.45, slenderness=(2.9, 4.0),
        speed_mps=(1.5, 6), freeboard=0.35, bow=0.4,
    ),
    Kind(
        name="ferry", share=0.06, length_m=(60, 25, 190), spread=0.5, slenderness=(4.2, 6.5),
        speed_mps=(5, 13), freeboard=0.5, bow=0.28,
    ),
    Kind(
        name="tanker", share=0.06, length_m=(165, 80, 300), spread=0.35, slenderness=(5.6, 6.6),
        speed_mps=(4, 8), freeboard=0.3, bow=0.13,
    ),
    Kind(
        name="container ship", share=0.06, length_m=(185, 90, 300), spread=0.35,
        slenderness=(6.2, 7.6), speed_mps=(5, 11), freeboard=0.45, bow=0.2,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Boat:
    """One boat. Metres in pixel axes from the scene's top-left corner, at time 0.

    angle: where the bow points, radians from +x towards +y. speed_mps is 0 for a still
    one. seed: decides its looks.
    """

    kind: Kind
    x: float
    y: float
    length_m: float
    beam_m: float
    angle: float
    speed_mps: float
    seed: int

    @property
    def deck_height_m(self) -> float:
        """Height of the deck over the water."""
        return self.kind.freeboard * self.beam_m

    def moved(self, seconds: float) -> tuple[float, float]:
        """Where its centre is at another time, metres."""
        way = self.speed_mps * seconds
        return self.x + way * float(np.cos(self.angle)), self.y + way * float(np.sin(self.angle))


def random_boat(rng: np.random.Generator, kinds: tuple[Kind, ...], extent_m: float) -> Boat:
    """A boat somewhere in a square of that side; may reach over its edge."""
    shares = np.array([kind.share for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
    median, least, greatest = kind.length_m
    length = float(np.clip(median * np.exp(kind.spread * rng.standard_normal()), least, greatest))
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


def launch(config: SeaConfig) -> list[Boat]:
    """The fleet of a scene: whole inside it at every exposure, hulls well apart.

    Raises OptionError when that many do not fit.
    """
    rng = np.random.default_rng([config.seed, 6])
    kinds = tuple(kind for kind in KINDS if 3 * kind.length_m[1] <= config.extent_m)
    boats: list[Boat] = []
    tree, outlines, grown = STRtree([]), [], np.empty(0, dtype=object)
    for _ in range(config.boats):
        for _ in range(_TRIES if kinds else 0):
            boat = random_boat(rng, kinds, config.extent_m)
            outline = _swept(boat, config)
            if _inside(outline, config.extent_m) and not len(tree.query(outline, "intersects")):
                break
        else:
            raise OptionError(
                f"{config.boats} boats do not fit into {config.extent_m:g} m x "
                f"{config.extent_m:g} m: room was found for {len(boats)}"
            )
        boats.append(boat)
        outlines.append(outline)
        grown = np.asarray(outlines, dtype=object)
        tree = STRtree(grown)
    return boats


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
