"""From unusual to expected boats, without labels. See docs/decisions/0002-expected-boats.md."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pdn_geo.saliency.filters import Field, box_max, odd, subsample

# The bulk of the sea, assumed free of boats: from its median to its upper tenth.
_BULK = (50.0, 75.0, 90.0)
# Scores are counted in bins of half the distance from the median to the upper quartile.
_BIN = 0.5
_MOST_BINS = 1000
_SAMPLE = 200_000
# The fitted tail may be off by this factor before an excess over it means anything.
_MISFIT = 2.0
# Weibull shapes from whitecapped (heavy) to calm (Gaussian) seas.
_SHAPES = (0.6, 2.0)
# Peaks nearer than this belong to one boat.
_BOAT_M = 40.0
# Boats that are nothing out of the way: a coastal sea holds about one per km2, a small
# mooring field as many as thirty.
_BOATS_PER_KM2 = 1.0
_USUAL_AT_LEAST = 30.0
# What the highest peak of a scene is worth even where no score is beyond chance.
_DOUBT = 0.005
_LARGEST_SHIP_M = 400.0
_OVERSIZE = 0.25
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class SeaLaw:
    """How scores fall on a sea without boats, and how the scene's own differ from it.

    Above `edges[0]` (the median) the null tail is a Weibull law through two quantiles of
    the bulk; `anomalous` (bins,) is 1 - the local false discovery rate (Efron 2004) in
    each bin of `edges` (bins + 1,), not falling with the score.
    """

    edges: NDArray[np.float32]
    anomalous: NDArray[np.float32]

    @classmethod
    def fit(cls, scores: NDArray[np.float32]) -> "SeaLaw":
        """From the scores (N,) of water cells; N may be 0."""
        if len(scores) < 100:
            return cls(np.array([0, 1], np.float32), np.zeros(1, np.float32))
        few = scores[subsample(np.ones(len(scores), np.bool_), _SAMPLE)]
        middle, upper, high = (float(q) for q in np.percentile(few, _BULK))
        scale = max(upper - middle, 1e-6)
        # Exceedance of 1/2 and 1/5 within the upper half: -log gives 0.693 and 1.609.
        shape = np.log(np.log(5) / np.log(2)) / np.log(max((high - middle) / scale, 1.2))
        shape = float(np.clip(shape, *_SHAPES))
        top = max(float(scores.max()), middle + 3 * scale)
        bins = min(int(np.ceil((top - middle) / (_BIN * scale))), _MOST_BINS)
        seen, edges = np.histogram(scores, bins, (middle, top))
        survival = 0.5 * np.exp(-np.log(2) * ((edges - middle) / scale) ** shape)
        null = -len(scores) * np.diff(survival)
        # In a bin, and from it on: a chance gathering in one bin is no excess, nor is an
        # ordinary cell unusual because a ship lies far beyond it. Half a cell of doubt.
        within = (_MISFIT * null + 0.5) / (seen + 1.0)
        beyond = (_MISFIT * len(scores) * survival[:-1] + 0.5) / (_from_here(seen) + 1.0)
        share = np.clip(1 - np.maximum(within, beyond), 0, 1)
        share = np.maximum.accumulate(np.where(seen > 0, share, 0))
        return cls(edges.astype(np.float32), share.astype(np.float32))

    def probability(self, scores: Field) -> Field:
        """That a cell is not ordinary sea; same shape as `scores`, float32, 0-1."""
        index = np.searchsorted(self.edges, scores, side="right") - 1
        np.clip(index, 0, len(self.anomalous) - 1, out=index)
        return np.where(scores < self.edges[0], np.float32(0), self.anomalous[index])


def _from_here(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.cumsum(counts[::-1])[::-1]


def boats_from_anomalies(
    anomalous: Field,
    score: Field,
    sea: NDArray[np.bool_],
    *,
    cell_m: float,
    water_km2: float,
    hidden: float,
) -> Field:
    """Expected boats from how surely each cell is not sea; all (rows, cols).

    Only the highest cell within a boat's length counts, less for each further one of the
    same object, and less the more there are as high in the scene. `hidden` boats are
    spread over the highest cells that are nothing out of the way.
    """
    anomalous = np.where(sea, anomalous, np.float32(0))
    reach = odd(max(3.0, _BOAT_M / cell_m))
    peak = sea & (score >= box_max(score, reach))
    boats = np.where(peak, np.maximum(anomalous, np.float32(_DOUBT)), np.float32(0))
    _share_objects(boats, anomalous > _SURE, cell_m)
    usual = max(_BOATS_PER_KM2 * water_km2, _USUAL_AT_LEAST)
    _share_ranks(boats, score, usual, hidden)
    return boats


def _share_objects(boats: Field, solid: NDArray[np.bool_], cell_m: float) -> None:
    """Lower, in place, the peaks of one connected object: they are not as many boats.

    An object with k peaks counts for about sqrt(k) boats (a ship has a few, a raft of boats
    many), and for a quarter of that when it is longer than any ship: pier, islet, surf.
    """
    labels, count = ndimage.label(solid, structure=np.ones((3, 3), bool))
    if not count:
        return
    peaks = np.bincount(labels[boats > 0], minlength=count + 1)
    factor = 1 / np.sqrt(np.maximum(peaks, 1))
    limit = _LARGEST_SHIP_M / cell_m + 3
    for index, (rows, cols) in enumerate(ndimage.find_objects(labels), start=1):
        if np.hypot(rows.stop - rows.start, cols.stop - cols.start) > limit:
            factor[index] *= _OVERSIZE
    factor[0] = 1
    boats *= factor[labels].astype(np.float32)


def _share_ranks(boats: Field, score: Field, usual: float, hidden: float) -> None:
    """Lower, in place, each peak by how many peaks are as high: boats are rare.

    Where as many boats are `usual` as there are higher peaks, a peak is as likely
    something else as a boat (so the k-th of them counts 1 / (1 + k / usual)).
    """
    at = np.flatnonzero(boats)
    order = at[np.argsort(-score.ravel()[at], kind="stable")]
    ranked = boats.ravel()[order]
    higher = np.cumsum(ranked, dtype=np.float64)
    least = 1 / (1 + np.arange(len(order)) / _USUAL_AT_LEAST)
    least *= max(_DOUBT, hidden / max(least.sum(), 1))
    boats.ravel()[order] = np.where(ranked > _DOUBT, ranked / (1 + higher / usual), least)
