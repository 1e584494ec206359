"""One detection a boat, where several looks saw the same one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.geometry import oriented_polygons

_SHARE = 0.5
"""Two hulls are one boat when they share this much of the smaller. Hulls of boats that
lie side by side share the error of their outlines only."""
_CENTRES = 0.5
"""So are hulls whose centres lie closer than this share of the smaller one's width;
side by side, the centres are a whole width apart."""
_BLUR_PX = 1.0
"""Centres closer than this cannot be told apart; ends this close touch."""
_JOIN_ANGLE = np.radians(20)
_STUB = 0.2
"""Share of the beam by which the longer side of a stub may miss it."""


def merge(detections: Detections, looks: Sequence[Look]) -> Detections:
    """Keep one detection of each boat, best score first in the result.

    `looks` holds at least every look that a detection names; ValueError if not. In turn:
    a hull cut by its look's edge yields to one that covers half of it and is not cut,
    whatever their scores; pieces of a boat that no look saw whole are joined; of hulls
    that overlap, or whose centres coincide, the best score stays. The result depends
    neither on the order of `detections` nor on that of `looks`.

    Apply a threshold before, not after: a whole hull scored below it would first take the
    place of a cut one scored above.
    """
    if unknown := set(detections.look.tolist()) - {look.order for look in looks}:
        raise ValueError(f"detections name looks that are not given: {sorted(unknown)}")
    detections = _sorted(detections)
    detections = detections[~_seen_whole_elsewhere(detections)]
    return best_of_each(_join_pieces(detections, looks))


def best_of_each(detections: Detections) -> Detections:
    """Of hulls that overlap, or whose centres coincide, that with the best score; best first."""
    detections = _sorted(detections)
    return detections[_best_of_each(detections)]


def _sorted(detections: Detections) -> Detections:
    """Best score first; ties in an order that does not depend on the input's."""
    d = detections
    keys = (d.look, d.cut, d.bow_known, d.wake, d.angle, d.width, d.length, d.x, d.y, -d.score)
    return detections[np.lexsort(keys)]


def _neighbours(d: Detections) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs i < j whose bounding boxes, grown by the blur, meet; (P,) each, in order."""
    x0, y0, x1, y1 = shapely.bounds(_hulls(d)).reshape(-1, 4).T
    reach = _BLUR_PX / 2
    boxes = shapely.box(x0 - reach, y0 - reach, x1 + reach, y1 + reach)
    i, j = shapely.STRtree(boxes).query(boxes)
    i, j = i[i < j], j[i < j]
    order = np.lexsort((j, i))
    return i[order], j[order]


def _hulls(d: Detections) -> NDArray[np.object_]:
    """Hulls as polygons; a hull thinner than the blur still has an area."""
    length, width = np.maximum(d.length, _BLUR_PX), np.maximum(d.width, _BLUR_PX)
    return oriented_polygons(d.x, d.y, length, width, d.angle)


def _seen_whole_elsewhere(d: Detections) -> NDArray[np.bool_]:
    """Which detections are cut and covered by one that is not, (N,)."""
    i, j = _neighbours(d)
    one_cut = d.cut[i] != d.cut[j]
    i, j = i[one_cut], j[one_cut]
    piece, whole = np.where(d.cut[i], i, j), np.where(d.cut[i], j, i)
    hulls = _hulls(d)
    shared = shapely.area(shapely.intersection(hulls[piece], hulls[whole]))
    gone = np.zeros(len(d), dtype=bool)
    gone[piece[shared >= _SHARE * shapely.area(hulls[piece])]] = True
    return gone


def _best_of_each(d: Detections) -> NDArray[np.bool_]:
    """Which detections to keep, (N,), for detections sorted best first."""
    i, j = _neighbours(d)
    near = np.maximum(_CENTRES * np.minimum(d.width[i], d.width[j]), _BLUR_PX)
    same = np.hypot(d.x[i] - d.x[j], d.y[i] - d.y[j]) < near
    hulls = _hulls(d)
    area = shapely.area(hulls)
    a, b = i[~same], j[~same]
    shared = shapely.area(shapely.intersection(hulls[a], hulls[b]))
    same[~same] = shared >= _SHARE * np.minimum(area[a], area[b])
    i, j = i[same], j[same]
    keep = np.ones(len(d), dtype=bool)
    starts = np.searchsorted(i, np.arange(len(d) + 1))
    for one in np.unique(i):
        if keep[one]:
            keep[j[starts[one] : starts[one + 1]]] = False
    return keep


def _join_pieces(d: Detections, looks: Sequence[Look]) -> Detections:
    """Replace pieces of one boat, cut by the edges of different looks, by their union."""
    cut = np.flatnonzero(d.cut)
    pieces = d[cut]
    i, j = _neighbours(pieces)
    one = _are_pieces_of_one(pieces, i, j, looks)
    groups = _connected(i[one], j[one])
    lone = np.ones(len(d), dtype=bool)
    for group in groups:
        lone[cut[group]] = False
    return Detections.concatenate([d[lone], *(_joined(pieces[group]) for group in groups)])


def _connected(i: NDArray[np.intp], j: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Groups of indices that the pairs connect, each sorted, in order of the first."""
    home: dict[int, list[int]] = {}
    for pair in zip(i.tolist(), j.tolist(), strict=True):
        one, other = (home.setdefault(k, [k]) for k in pair)
        if one is not other:
            one.extend(other)
            home.update(dict.fromkeys(other, one))
    groups = {id(group): sorted(group) for group in home.values()}
    return [np.array(group, dtype=np.intp) for group in sorted(groups.values())]


def _are_pieces_of_one(
    d: Detections, i: NDArray[np.intp], j: NDArray[np.intp], looks: Sequence[Look]
) -> NDArray[np.bool_]:
    """Which pairs are in line, touch, and together fit into neither's look, (P,)."""
    hulls = _hulls(d)
    touch = shapely.dwithin(hulls[i], hulls[j], _BLUR_PX)
    turn = np.abs((d.angle[i] - d.angle[j] + np.pi / 2) % np.pi - np.pi / 2)
    along = np.where(d.length[i] >= d.length[j], d.angle[i], d.angle[j])
    dx, dy = d.x[j] - d.x[i], d.y[j] - d.y[i]
    aside = np.abs(-np.sin(along) * dx + np.cos(along) * dy)
    # What is cut off may be as short as the hull is wide: then its longer side is the beam.
    beam = np.where(d.length[i] >= d.length[j], d.width[i], d.width[j])
    side = np.minimum(d.length[i], d.length[j])
    stub = (np.pi / 2 - turn < _JOIN_ANGLE) & (np.abs(side - beam) < _STUB * beam)
    straight = (turn < _JOIN_ANGLE) | stub
    in_line = straight & (aside < _CENTRES * (d.width[i] + d.width[j]) / 2)
    windows = _window_boxes(d, looks)
    bounds = shapely.bounds(hulls).reshape(-1, 4)
    low = np.minimum(bounds[i, :2], bounds[j, :2]) + _BLUR_PX
    high = np.maximum(bounds[i, 2:], bounds[j, 2:]) - _BLUR_PX
    fit = [
        (low >= windows[k, :2]).all(axis=1) & (high <= windows[k, 2:]).all(axis=1) for k in (i, j)
    ]
    return touch & in_line & ~fit[0] & ~fit[1]


def _window_boxes(d: Detections, looks: Sequence[Look]) -> NDArray[np.float64]:
    """Window of the look of each detection as x0, y0, x1, y1, (N, 4)."""
    windows = {look.order: look.window for look in looks}
    boxes = [windows[order] for order in d.look.tolist()]
    xyxy = [(w.col_off, w.row_off, w.col_end, w.row_end) for w in boxes]
    return np.array(xyxy, dtype=np.float64).reshape(-1, 4)


def _joined(pieces: Detections) -> Detections:
    """One hull around the pieces along the axis of the longest; fields of the best.

    `pieces` are sorted best first.
    """
    longest = pieces[np.array([np.argmax(pieces.length)])]
    along = np.array([np.cos(longest.angle[0]), np.sin(longest.angle[0])])
    axes = np.stack([along, [-along[1], along[0]]])
    ends = pieces.corners().reshape(-1, 2) @ axes.T
    x, y = (ends.min(axis=0) + ends.max(axis=0)) / 2 @ axes
    length, width = np.ptp(ends, axis=0)
    turn = np.pi / 2 if width > length else 0.0
    return replace(
        longest,
        x=np.array([x]),
        y=np.array([y]),
        length=np.array([max(length, width)]),
        width=np.array([min(length, width)]),
        angle=longest.angle + turn,
        bow_known=longest.bow_known & (turn == 0),
        score=pieces.score.max(keepdims=True),
        wake=pieces.wake.max(keepdims=True),
        look=pieces.look[:1],
    )
