"""Recall, precision, average precision and how sure they are, from matched scores."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ratio(part: float, whole: float) -> float:
    """Part / whole, NaN for nothing of nothing."""
    return float(part / whole) if whole > 0 else float("nan")


@dataclass(frozen=True, eq=False)
class Curve:
    """Recall and precision when everything from `threshold` up counts; (P,) each, from the
    best score down.
    """

    threshold: Floats
    recall: Floats
    precision: Floats

    @property
    def average_precision(self) -> float:
        """Area under the curve, precision at each recall taken as the best at that recall or
        beyond (all-point interpolation, PASCAL VOC 2010). NaN without boats.
        """
        if np.isnan(self.recall).any():
            return float("nan")
        envelope = np.maximum.accumulate(self.precision[::-1])[::-1]
        return float(np.sum(np.diff(self.recall, prepend=0.0) * envelope))


def precision_recall(
    hit_score: Floats,
    false_score: Floats,
    hit_weight: Floats | None = None,
    false_weight: Floats | None = None,
) -> Curve:
    """hit_score: (T,) of the detection that found each boat, NaN if missed. false_score: (F,)
    of the false alarms. The weights count a boat or an alarm several times or not at all.
    Equal scores share one point. Without boats recall is NaN.
    """
    boats = np.ones(len(hit_score)) if hit_weight is None else hit_weight
    alarms = np.ones(len(false_score)) if false_weight is None else false_weight
    found = np.isfinite(hit_score)
    threshold, place = np.unique(
        -np.concatenate([hit_score[found], false_score]), return_inverse=True
    )
    split = int(found.sum())
    size = len(threshold)
    true = np.cumsum(np.bincount(place[:split], boats[found], minlength=size))
    false = np.cumsum(np.bincount(place[split:], alarms, minlength=size))
    total = boats.sum()
    # a resampled curve may begin with scores that were never drawn
    shown = np.maximum(true + false, np.finfo(float).tiny)
    if total == 0:
        return Curve(-threshold, np.full(size or 1, np.nan), true / shown)
    return Curve(-threshold, true / total, true / shown)


@dataclass(frozen=True)
class Rates:
    """The four figures of a detector at a threshold; NaN where they are not defined."""

    recall: float
    precision: float
    f1: float
    average_precision: float


def rates(
    hit_score: Floats,
    false_score: Floats,
    threshold: float,
    hit_weight: Floats | None = None,
    false_weight: Floats | None = None,
) -> Rates:
    """Recall, precision and F1 of scores from `threshold` up, average precision of all."""
    boats = np.ones(len(hit_score)) if hit_weight is None else hit_weight
    alarms = np.ones(len(false_score)) if false_weight is None else false_weight
    true = boats[hit_score >= threshold].sum()
    false = alarms[false_score >= threshold].sum()
    curve = precision_recall(hit_score, false_score, boats, alarms)
    total = boats.sum()
    return Rates(
        recall=ratio(true, total),
        precision=ratio(true, true + false),
        f1=ratio(2 * true, total + true + false) if total > 0 else float("nan"),
        average_precision=curve.average_precision,
    )


def intervals(
    hit_score: Floats,
    hit_site: NDArray[np.intp],
    false_score: Floats,
    false_site: NDArray[np.intp],
    *,
    sites: int,
    threshold: float,
    level: float = 0.95,
    replicates: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Percentile bootstrap intervals of the four `Rates`, by name.

    hit_site, false_site: which of the `sites` each boat and each false alarm belongs to.
    Every replicate draws sites with replacement, then boats and false alarms within each
    drawn site (two-stage bootstrap, Davison & Hinkley 1997, 3.8), so that the spread
    between places counts; with one site only the second stage is left. NaN where no
    replicate defines a figure.
    """
    generator = np.random.default_rng(seed)
    site = np.concatenate([hit_site, false_site])
    members = [np.flatnonzero(site == index) for index in range(sites)]
    drawn = np.empty((replicates, 4))
    for row in drawn:
        weight = np.zeros(len(site))
        for index, times in enumerate(generator.multinomial(sites, np.full(sites, 1 / sites))):
            count = len(members[index])
            if times and count:
                even = np.full(count, 1 / count)
                weight[members[index]] = generator.multinomial(times * count, even)
        split = len(hit_site)
        r = rates(hit_score, false_score, threshold, weight[:split], weight[split:])
        row[:] = r.recall, r.precision, r.f1, r.average_precision
    tail = (1 - level) / 2
    return {
        name: _span(drawn[:, column], tail)
        for column, name in enumerate(("recall", "precision", "f1", "average_precision"))
    }


def _span(values: Floats, tail: float) -> tuple[float, float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)
