"""A plot at the water's edge on which a harbour is laid out, in its own axes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.geometry import oriented_corners, oriented_polygons
from pdn_geo.ocean.boats import Boat
from pdn_geo.ocean.shore import Shore
from pdn_geo.ocean.works import Work

Floats = NDArray[np.float64]

_ROOM_M = 0.3  # least distance between two hulls


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Axes of a plot: `out` metres seaward and `side` metres along the shore from (x, y).

    seaward: direction of the first, radians in pixel axes.
    """

    x: float
    y: float
    seaward: float

    def place(self, out: float, side: float) -> tuple[float, float]:
        """Metres in pixel axes of a point of the plot."""
        cos, sin = float(np.cos(self.seaward)), float(np.sin(self.seaward))
        return self.x + out * cos - side * sin, self.y + out * sin + side * cos

    def work(self, work: Work, *, out: float, side: float, turn: float = 0.0) -> Work:
        """A work moved to a point of the plot, `turn` radians from the way seaward."""
        x, y = self.place(out, side)
        return replace(work, x=x, y=y, angle=self.seaward + turn)

    def boat(self, boat: Boat, *, out: float, side: float, turn: float) -> Boat:
        """A boat berthed at a point of the plot, its bow `turn` radians from seaward."""
        x, y = self.place(out, side)
        angle = (self.seaward + turn + np.pi) % (2 * np.pi) - np.pi
        return replace(boat, x=x, y=y, angle=float(angle), speed_mps=0.0, berthed=True)

    def outline(self, out: tuple[float, float], side: tuple[float, float]) -> shapely.Polygon:
        """The rectangle between two distances out and two along the shore."""
        corners = [(out[0], side[0]), (out[1], side[0]), (out[1], side[1]), (out[0], side[1])]
        return shapely.Polygon([self.place(*corner) for corner in corners])


class Waters:
    """The water of one scene that is still free, for layouts to claim."""

    def __init__(self, shore: Shore | None, extent_m: float) -> None:
        self.shore, self.extent_m = shore, extent_m
        self.taken: list[shapely.Polygon] = []

    def free(self, plot: shapely.Polygon) -> bool:
        """Whether no other layout lies there."""
        return not any(plot.intersects(other) for other in self.taken)

    def wet(self, x: Floats, y: Floats, depth_m: float) -> NDArray[np.bool_]:
        """Which points (N,) are water at least that far from the shore."""
        if self.shore is None:
            return np.ones(len(x), dtype=bool)
        return self.shore.at(x, y) < -depth_m

    def afloat(self, boats: list[Boat]) -> list[Boat]:
        """Those boats whose hulls lie whole in the scene, on water."""
        if not boats:
            return []
        rows = np.array([(b.x, b.y, b.length_m, b.beam_m, b.angle) for b in boats])
        points = np.concatenate([oriented_corners(*rows.T), rows[:, None, :2]], axis=1)
        inside = ((points >= 0) & (points <= self.extent_m)).all(axis=(1, 2))
        wet = self.wet(points[..., 0].ravel(), points[..., 1].ravel(), 3.0).reshape(-1, 5)
        return [boats[i] for i in np.flatnonzero(inside & wet.all(axis=1)).tolist()]

    def sites(self, rng: np.random.Generator, count: int, size: int) -> list[Site]:
        """Places at the shore, or anywhere where there is none, most central first."""
        if self.shore is None:
            places = rng.uniform(0.25, 0.75, (count, 2)) * self.extent_m
            angles = rng.uniform(-np.pi, np.pi, count)
        else:
            line = self.shore.waterline(size)
            if not len(line):
                return []
            places = line[rng.integers(len(line), size=count)]
            angles = np.array([self.shore.seaward(*place) for place in places])
        off = np.abs(places - self.extent_m / 2).max(axis=1)
        order = np.argsort(off + 0.3 * self.extent_m * rng.random(len(places)))
        return [
            Site(x=float(places[i, 0]), y=float(places[i, 1]), seaward=float(angles[i]))
            for i in order
        ]


def outlines(works: Sequence[Work]) -> NDArray[np.object_]:
    """The ground that each work covers, (N,) polygons."""
    rows = np.array([(w.x, w.y, w.length_m, w.width_m, w.angle) for w in works])
    return oriented_polygons(*rows.reshape(-1, 5).T)


def apart(boats: list[Boat], works: list[Work]) -> list[Boat]:
    """The boats less those that would touch one before them or lie on a work."""
    if not boats:
        return []
    rows = np.array([(b.x, b.y, b.length_m, b.beam_m, b.angle) for b in boats])
    solid = shapely.STRtree(outlines(works))
    dropped = set(solid.query(oriented_polygons(*rows.T), predicate="intersects")[0].tolist())
    rows[:, 2:4] += _ROOM_M
    hulls = oriented_polygons(*rows.T)
    one, other = shapely.STRtree(hulls).query(hulls, predicate="intersects")
    for late, early in sorted(zip(one.tolist(), other.tolist(), strict=True)):
        if early < late and early not in dropped:
            dropped.add(late)
    return [boat for index, boat in enumerate(boats) if index not in dropped]
