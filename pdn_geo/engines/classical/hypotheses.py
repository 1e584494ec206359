"""Every region that could be a boat, described; and the best ones that do not overlap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.engines.base import Patch
from pdn_geo.engines.classical.contrast import ContrastMap, contrast_map
from pdn_geo.engines.classical.features import feature_matrix
from pdn_geo.engines.classical.hull import Rectangles, fit_rectangles
from pdn_geo.engines.classical.segments import Segments, decompose
from pdn_geo.sea import SeaStatistics

LENGTH_M = (2.0, 500.0)
WIDTH_M = (0.5, 90.0)
"""The longest ships are 400 m by 62 m; the rest is for blur and for error."""

MIN_FILL = 0.3
"""Share of its rectangle that a hull fills; a diamond fills half of its own."""

MAX_HYPOTHESES = 600
"""Regions of a patch that are described, the strongest by summed contrast: this bounds
the time on foam and cities, where there are tens of thousands."""

PIXEL_MOMENT = -1 / 12
"""Moments of pixel centres are short of those of the pixels' areas by this, px^2."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """N regions of one patch with their geometry and features, see the types.

    segments.parent points to the nearest region around each that is itself in the list.
    """

    contrast: ContrastMap
    segments: Segments
    hulls: Rectangles
    features: Floats


def hypothesise(patch: Patch, sea: SeaStatistics) -> Hypotheses:
    """All regions of a patch whose size and shape a boat's hull may have."""
    contrast = contrast_map(patch, sea)
    segments = decompose(contrast)
    moments = segments.cxx, segments.cyy, segments.cxy
    hulls = fit_rectangles(*moments, contrast.metric, PIXEL_MOMENT)
    kept = _plausible(segments, hulls)
    segments, hulls = segments.only(kept), hulls[kept]
    return Hypotheses(contrast, segments, hulls, feature_matrix(contrast, segments, hulls))


def choose(segments: Segments, value: Floats) -> NDArray[np.int64]:
    """Indices of regions that do not overlap, by the `value` (N,) of each.

    A region is chosen if nothing inside it is worth more and nothing around it is chosen:
    the outer one among equals. Parents come before children in `segments`.
    """
    worth, parents = value.tolist(), segments.parent.tolist()
    best = value.tolist()
    for index in range(len(best) - 1, -1, -1):
        parent = parents[index]
        if parent >= 0:
            best[parent] = max(best[parent], best[index])
    taken, chosen = [False] * len(best), []
    for index, parent in enumerate(parents):
        above = parent >= 0 and taken[parent]
        taken[index] = above or worth[index] >= best[index]
        if taken[index] and not above:
            chosen.append(index)
    return np.array(chosen, dtype=np.int64)


def _plausible(segments: Segments, hulls: Rectangles) -> NDArray[np.int64]:
    sized = (hulls.length_m >= LENGTH_M[0]) & (hulls.length_m <= LENGTH_M[1])
    sized &= (hulls.width_m >= WIDTH_M[0]) & (hulls.width_m <= WIDTH_M[1])
    full = segments.area >= MIN_FILL * hulls.length * hulls.width
    kept = np.flatnonzero(sized & full)
    if len(kept) > MAX_HYPOTHESES:
        weight = (segments.mean * segments.area)[kept]
        kept = np.sort(kept[np.argsort(-weight, kind="stable")[:MAX_HYPOTHESES]])
    return kept
