"""Ships too long for a look, seen from farther away: at a fraction of the resolution."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.cores import cores
from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.engines import Patch, PatchDetector
from pdn_geo.geometry import Window, oriented_polygons, square_about
from pdn_geo.io import read_salvaging
from pdn_geo.merge import best_of_each
from pdn_geo.saliency import SaliencyMap
from pdn_geo.saliency.filters import robust_centre_spread
from pdn_geo.saliency.long_objects import LEAST_PX, LONGEST_SHIP_M, LongObject
from pdn_geo.scene import Scene
from pdn_geo.sea import LEAST_SPREAD, SeaStatistics

REASON = "long ship, seen at a fraction of the resolution"

MOST = 24
"""Objects that are seen so, the longest first: together they cost a patch or two."""
_SHOWN_PX = (50.0, 25.0)  # about so long one is shown to the detector, in turn
_MOST_OCTAVES = 4
_SLENDER_FROM_M, _BROADEST = 60.0, 0.25
"""From that length ships are five times as long as broad and more (Watson and Gilfillan, Some ship
design methods, 1977); bright ones bloom."""
_SURE_OF_A_SHIP = 0.35
"""Score from which a long object is taken for a ship where the detector's threshold is higher:
that one is for boats of all sizes, most of them small and in harbours."""
_PIECE = 0.8  # of a ship's length, at most, is what looks take for boats of its decks
_ROOM, _LEAST_VIEW_PX = 2.2, 96  # sides of a view, in lengths of the object, and at least


@dataclass(frozen=True, slots=True)
class Ships:
    """boats: seen from afar, each with a look of its own that is just as large as it. note: for
    users, "" if there are none.
    """

    boats: Detections
    looks: tuple[Look, ...]
    note: str


@dataclass(frozen=True, slots=True)
class _View:
    """What lies about an object, averaged over factor x factor pixels, and the sea of the
    averages.
    """

    patch: Patch
    sea: SeaStatistics
    factor: int


def see_from_afar(
    scene: Scene,
    objects: Iterable[LongObject],
    detector_for: Callable[[float], PatchDetector],
    saliency: SaliencyMap,
    sea: SeaStatistics,
    *,
    par: float,
    least: float,
    first: int,
    threads: int | None = None,
) -> Ships:
    """Ships among long objects, with scores from `least` up.

    A view of the neighbourhood is no look: small boats are not seen in it. detector_for: the
    one for pixels of so many metres. par: threshold of the detector of the looks, as which
    scores count that reach their own detector's, or _SURE_OF_A_SHIP if that is less. first:
    order of the first look. threads: that read; default all cores. Parts that cannot be decoded
    are left out.
    """
    detector_for = cache(detector_for)
    longest = islice(sorted(objects, key=lambda item: -item.length), MOST)
    wanted = [(item, factor) for item in longest for factor in _factors(item.length)]
    with ThreadPoolExecutor(threads or cores()) as pool:
        views = list(pool.map(lambda one: _view(scene, one[0], one[1], saliency, sea), wanted))
    seen: list[Detections] = []
    names: set[str] = set()
    for view in views:
        if view is None:
            continue
        detector = detector_for(scene.grid.gsd_m * view.factor)
        found = _seen_in(view, detector, par, scene.grid.gsd_m)
        found = found[(found.score >= least) & _like_ships(found, scene.grid.gsd_m)]
        if len(found):
            seen.append(found)
            names.add(detector.name)
    boats = best_of_each(Detections.concatenate(seen))
    looks = [_look_at(boats[i : i + 1], scene, first + i) for i in range(len(boats))]
    by = " and ".join(sorted(names))
    note = f"Long objects were also seen at a fraction of the resolution, by {by}." if names else ""
    orders = np.arange(first, first + len(boats), dtype=np.int32)
    return Ships(replace(boats, look=orders), tuple(looks), note)


def apart_from(ships: Detections, boats: Detections) -> Detections:
    """The boats that are no pieces of ships: whose centre lies in none that is longer than they.

    ships: only those that are sure enough to be reported by default.
    """
    hulls = oriented_polygons(ships.x, ships.y, ships.length, ships.width, ships.angle)
    tree = shapely.STRtree(hulls)
    boat, ship = tree.query(shapely.points(boats.x, boats.y), predicate="within")
    piece = np.zeros(len(boats), bool)
    piece[boat[boats.length[boat] < _PIECE * ships.length[ship]]] = True
    return boats[~piece]


def _like_ships(found: Detections, gsd_m: float) -> NDArray[np.bool_]:
    """Which were seen whole and have a ship's size and shape, (N,)."""
    length_m = found.length * gsd_m
    broad = (length_m > _SLENDER_FROM_M) & (found.width > _BROADEST * found.length)
    return (found.length >= LEAST_PX) & ~found.cut & ~broad & ~(length_m > LONGEST_SHIP_M)


def _seen_in(view: _View, detector: PatchDetector, par: float, gsd_m: float) -> Detections:
    """What a detector finds in a view, in scene pixels, which are of so many metres."""
    (found,) = detector.detect([view.patch], view.sea)
    own = min(detector.threshold(gsd_m), _SURE_OF_A_SHIP)
    return replace(
        found,
        score=_at_par(found.score, own, par),
        x=view.factor * found.x,
        y=view.factor * found.y,
        length=view.factor * found.length,
        width=view.factor * found.width,
    )


def _at_par(score: NDArray[np.float64], own: float, par: float) -> NDArray[np.float64]:
    """Scores by a detector whose threshold is `own` as those by one whose threshold is `par`."""
    for_, against = score * par * (1 - own), (1 - score) * (1 - par) * own
    return np.asarray(for_ / (for_ + against))


def _factors(length: float) -> list[int]:
    """Over how many pixels a side an object's views are averaged."""
    octaves = np.round(np.log2(length / np.array(_SHOWN_PX))).astype(int)
    return [2**octave for octave in sorted(set(np.clip(octaves, 1, _MOST_OCTAVES).tolist()))]


def _view(
    scene: Scene, item: LongObject, factor: int, saliency: SaliencyMap, sea: SeaStatistics
) -> _View | None:
    """None where no water is near."""
    small = square_about(
        item.x / factor,
        item.y / factor,
        int(np.ceil(max(_ROOM * item.length / factor, _LEAST_VIEW_PX))),
        (scene.grid.height // factor, scene.grid.width // factor),
    )
    window = Window(
        col_off=factor * small.col_off,
        row_off=factor * small.row_off,
        width=factor * small.width,
        height=factor * small.height,
    )
    pixels, _ = read_salvaging(scene, window)
    values = _averaged(pixels.values, factor)
    middle = slice(factor // 2, None, factor)
    every = (middle, middle)
    known = tuple(cells[middle] for cells in saliency.cells_under(window))
    valid = pixels.valid.reshape(small.height, factor, small.width, factor).all(axis=(1, 3))
    valid &= saliency.searchable[known]
    water = saliency.water[known].astype(np.float32)
    level = np.broadcast_to(sea.level_at(window), pixels.values.shape)[:, *every]
    wet = (water >= 0.5) & valid  # it is that everywhere where the scene does not tell
    if not wet.any():
        return None
    centre = window.col_off + window.width / 2, window.row_off + window.height / 2
    patch = Patch(
        look=Look(order=0, window=small, reason=REASON, expected_boats=0.0),
        values=values * valid,
        valid=valid,
        water=water,
        density=saliency.density(window)[every] * np.float32(factor**2),
        jacobian=scene.grid.ground_jacobian(*centre) * factor,
        band_names=tuple(scene.band_names),
    )
    return _View(patch, _sea_of(values[:, wet], level[:, wet], sea), factor)


def _averaged(values: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    bands, rows, cols = values.shape
    blocks = values.reshape(bands, rows // factor, factor, cols // factor, factor)
    return blocks.mean(axis=(2, 4), dtype=np.float32)


def _sea_of(
    values: NDArray[np.float32], level: NDArray[np.float32], sea: SeaStatistics
) -> SeaStatistics:
    """Of averages on water and the level there, (bands, pixels) both."""
    std = [max(robust_centre_spread(contrast)[1], LEAST_SPREAD) for contrast in values - level]
    mean = np.median(level, axis=1).astype(np.float32)
    return SeaStatistics(mean, np.array(std, np.float32), extremes=sea.extremes).in_proportion()


def _look_at(ship: Detections, scene: Scene, order: int) -> Look:
    """The least window that holds a ship."""
    corners = ship.corners()[0]
    end = np.array([scene.grid.width, scene.grid.height])
    low = np.clip(np.floor(corners.min(axis=0)), 0, end - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)), low + 1, end).astype(int)
    (left, top), (width, height) = low.tolist(), (high - low).tolist()
    window = Window(col_off=left, row_off=top, width=width, height=height)
    return Look(order=order, window=window, reason=REASON, expected_boats=0.0)
