"""Which detection found which boat: one to one, best score first."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from pdn_geo.evaluation.hulls import Hulls
from pdn_geo.evaluation.truth import Truth

Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Match:
    """boat: (N,) the boat that each detection found, -1 for none. ignored: (N,) found no
    boat but lies where labels cannot say, so it is no false alarm either.
    """

    boat: Indices
    ignored: NDArray[np.bool_]

    @property
    def is_false(self) -> NDArray[np.bool_]:
        """(N,) the false alarms."""
        return (self.boat < 0) & ~self.ignored


def match_detections(
    x: ArrayLike, y: ArrayLike, score: ArrayLike, truth: Truth, tolerance: float
) -> Match:
    """Match centres to hulls grown by `tolerance` (all in the truth's plane and its unit).

    From the best score down, each detection takes the nearest boat that is still free:
    nearest hull first, then nearest centre. What a lower score does never changes a higher
    one's match, so the match at any threshold is a part of this one.
    """
    x, y, score = (np.asarray(v, dtype=np.float64) for v in (x, y, score))
    points = np.asarray(shapely.points(x, y), dtype=object)
    boats = truth.boats
    tree = shapely.STRtree(boats.geometry)
    seen, boat = tree.query(points, predicate="dwithin", distance=tolerance)
    to_hull = shapely.distance(points[seen], boats.geometry[boat])
    to_centre = np.hypot(x[seen] - boats.x[boat], y[seen] - boats.y[boat])
    # the places come last, so that the order of the input never decides
    places = (boats.y[boat], boats.x[boat], y[seen], x[seen])
    order = np.lexsort((*places, to_centre, to_hull, -score[seen]))
    return _match(points, _one_to_one(seen[order], boat[order], len(x)), truth, tolerance)


def match_hulls(
    hulls: Hulls, score: ArrayLike, truth: Truth, tolerance: float, min_iou: float = 0.5
) -> Match:
    """The same by overlap: oriented intersection over union of at least `min_iou`, from the
    best score down, each taking the boat it overlaps most. `tolerance` only grows doubtful
    boats, as in `match_detections`.
    """
    score = np.asarray(score, dtype=np.float64)
    boats = truth.boats
    seen, boat = shapely.STRtree(boats.geometry).query(hulls.geometry, predicate="intersects")
    shared = shapely.area(shapely.intersection(hulls.geometry[seen], boats.geometry[boat]))
    either = shapely.area(hulls.geometry)[seen] + shapely.area(boats.geometry)[boat] - shared
    iou = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    places = (boats.y[boat], boats.x[boat], hulls.y[seen], hulls.x[seen])
    order = np.lexsort((*places, -iou, -score[seen]))
    order = order[iou[order] >= min_iou]
    points = np.asarray(shapely.points(hulls.x, hulls.y), dtype=object)
    return _match(points, _one_to_one(seen[order], boat[order], len(hulls)), truth, tolerance)


def _one_to_one(seen: Indices, boat: Indices, count: int) -> Indices:
    """Take pairs in order where both sides are free; the boat per detection or -1."""
    found = np.full(count, -1, dtype=np.intp)
    taken: set[int] = set()
    for detection, candidate in zip(seen.tolist(), boat.tolist(), strict=True):
        if found[detection] < 0 and candidate not in taken:
            found[detection] = candidate
            taken.add(candidate)
    return found


def _match(points: NDArray[np.object_], boat: Indices, truth: Truth, tolerance: float) -> Match:
    excused = np.zeros(len(points), dtype=bool)
    doubtful = shapely.STRtree(truth.doubtful.geometry)
    excused[doubtful.query(points, predicate="dwithin", distance=tolerance)[0]] = True
    excused[shapely.STRtree(truth.ignore).query(points, predicate="intersects")[0]] = True
    return Match(boat, excused & (boat < 0))
