"""Ships too long for a look, seen from farther away: at a fraction of the resolution."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.engines import Patch, PatchDetector
from pdn_geo.geometry import Window, square_about
from pdn_geo.io import read_salvaging
from pdn_geo.saliency import SaliencyMap
from pdn_geo.saliency.filters import robust_centre_spread
from pdn_geo.saliency.long_objects import LEAST_PX, LONGEST_SHIP_M, LongObject
from pdn_geo.scene import Scene
from pdn_geo.sea import LEAST_SPREAD, SeaStatistics

REASON = "long ship, seen at a fraction of the resolution"

MOST = 24
"""Objects that are seen so, the longest first: together they cost a patch or two."""
_SHOWN_PX = 50.0  # about so long is one shown to the detector
_ROOM = 2.2  # sides of a view, in lengths of the object


@dataclass(frozen=True, slots=True)
class Ships:
    """boats: seen from afar, each with a look of its own that is just as large as it. note: for
    users, "" if there are none.
    """

    boats: Detections
    looks: tuple[Look, ...]
    note: str


def see_from_afar(
    scene: Scene,
    objects: Iterable[LongObject],
    detector_for: Callable[[float], PatchDetector],
    saliency: SaliencyMap,
    sea: SeaStatistics,
    *,
    least: float,
    first: int,
) -> Ships:
    """Ships among long objects, with scores from `least` up.

    A view of the neighbourhood is no look: small boats are not seen in it. detector_for: the
    one for pixels of so many metres. first: order of the first look. Parts that cannot be
    decoded are left out.
    """
    detector_for = cache(detector_for)
    looks: list[Look] = []
    ships: list[Detections] = []
    names: set[str] = set()
    for item in islice(sorted(objects, key=lambda item: -item.length), MOST):
        view = _view(scene, item, saliency, sea)
        if view is None:
            continue
        patch, yardstick, factor = view
        detector = detector_for(scene.grid.gsd_m * factor)
        (found,) = detector.detect([patch], yardstick)
        found = replace(
            found,
            x=factor * found.x,
            y=factor * found.y,
            length=factor * found.length,
            width=factor * found.width,
        )
        wanted = (found.score >= least) & (found.length >= LEAST_PX) & ~found.cut
        wanted &= ~(found.length * scene.grid.gsd_m > LONGEST_SHIP_M)
        for ship in np.flatnonzero(wanted):
            order = first + len(looks)
            one = replace(found[ship : ship + 1], look=np.array([order]))
            looks.append(_look_at(one, scene, order))
            ships.append(one)
            names.add(detector.name)
    note = ""
    if ships:
        by = " and ".join(sorted(names))
        note = f"Long objects were also seen at a fraction of the resolution, by {by}."
    return Ships(Detections.concatenate(ships), tuple(looks), note)


def _view(
    scene: Scene, item: LongObject, saliency: SaliencyMap, sea: SeaStatistics
) -> tuple[Patch, SeaStatistics, int] | None:
    """What lies about an object, averaged over factor x factor pixels, the sea of the averages
    and the factor; None where no water is near.
    """
    factor = 2 ** int(np.clip(np.round(np.log2(item.length / _SHOWN_PX)), 1, 4))
    small = square_about(
        item.x / factor,
        item.y / factor,
        int(np.ceil(_ROOM * item.length / factor)),
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
    known = saliency.cells_under(window)
    valid = pixels.valid.reshape(small.height, factor, small.width, factor).all(axis=(1, 3))
    valid &= saliency.searchable[known][every]
    water = saliency.water[known][every].astype(np.float32)
    level = np.broadcast_to(sea.level_at(window), pixels.values.shape)[:, *every]
    wet = (water > 0.5) & valid
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
    return patch, _sea_of(values[:, wet], level[:, wet], sea), factor


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
