"""The outcome of one scene or of many, and every figure that follows from it."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdn_geo.errors import OptionError
from pdn_geo.evaluation.metrics import (
    Curve,
    Floats,
    Rates,
    intervals,
    precision_recall,
    rates,
    ratio,
)

SIZE_EDGES = {
    "m": (0.0, 10.0, 20.0, 50.0, 100.0, np.inf),
    "px": (0.0, 4.0, 8.0, 16.0, 32.0, np.inf),
}


@dataclass(frozen=True)
class Ground:
    """What was searched for boats: pixels (NaN if unknown) and km2 (NaN if unknown) of the
    "scene", or of the "looks" where no scene was given, or of "nothing" known.
    """

    basis: str = "nothing"
    pixels: float = np.nan
    km2: float = np.nan


@dataclass(frozen=True, eq=False)
class BoatOutcomes:
    """What became of each labelled boat, (T,) each.

    site: index into the evaluation's sites. length: of the labelled hull, NaN for points.
    hit_score: of the detection that found it, NaN if missed. overlap_score: the same with
    an oriented IoU of 0.5 asked for. looked: 1 where its centre lies in a look, 0 where
    not, NaN if the looks are unknown. length_error: detected minus labelled.
    heading_error_deg: between the axes, 0-90. Both are NaN where missed or not measurable.
    """

    site: NDArray[np.intp]
    length: Floats
    hit_score: Floats
    overlap_score: Floats
    looked: Floats
    length_error: Floats
    heading_error_deg: Floats


@dataclass(frozen=True, eq=False)
class AlarmOutcomes:
    """The detections that found no boat, (F,) each: their score and site."""

    site: NDArray[np.intp]
    score: Floats


@dataclass(frozen=True, eq=False)
class Evaluation:
    """unit: of lengths, "m" or "px". threshold: the score from which a detection counts.
    tolerance: by how much hulls were grown, in `unit` (the largest, when pooled).
    overlap_alarms: the false alarms when overlap is asked for, None where labels or
    detections have no area. ignored: detections that counted neither way, at any score.
    doubtful: labels that did.
    """

    sites: tuple[str, ...]
    unit: str
    threshold: float
    tolerance: float
    boats: BoatOutcomes
    alarms: AlarmOutcomes
    overlap_alarms: AlarmOutcomes | None
    ignored: int
    doubtful: int
    ground: Ground

    @property
    def labelled(self) -> int:
        """Boats that count."""
        return len(self.boats.site)

    @property
    def hits(self) -> int:
        """Boats found at the threshold."""
        return int((self.boats.hit_score >= self.threshold).sum())

    @property
    def false_alarms(self) -> int:
        """Detections at the threshold that are no boat."""
        return int((self.alarms.score >= self.threshold).sum())

    @cached_property
    def rates(self) -> Rates:
        """Recall, precision and F1 at the threshold, and average precision."""
        return rates(self.boats.hit_score, self.alarms.score, self.threshold)

    @cached_property
    def curve(self) -> Curve:
        """Recall and precision over all thresholds."""
        return precision_recall(self.boats.hit_score, self.alarms.score)

    @property
    def ap50(self) -> float:
        """Average precision at an oriented IoU of 0.5; NaN where shapes have no area."""
        if self.overlap_alarms is None:
            return float("nan")
        curve = precision_recall(self.boats.overlap_score, self.overlap_alarms.score)
        return curve.average_precision

    @property
    def selection_recall(self) -> float:
        """Share of boats that were looked at; NaN if the looks are unknown."""
        looked = self.boats.looked
        return float(looked.mean()) if len(looked) else float("nan")

    @property
    def alarms_per_100_mpx(self) -> float:
        """False alarms per 10^8 pixels of `ground`."""
        return ratio(self.false_alarms * 1e8, self.ground.pixels)

    @property
    def alarms_per_100_km2(self) -> float:
        """False alarms per 100 square kilometres of `ground`."""
        return ratio(self.false_alarms * 100, self.ground.km2)

    @property
    def median_length_error(self) -> float:
        """Median of |detected - labelled| over the boats found at the threshold."""
        return self._median(np.abs(self.boats.length_error))

    @property
    def median_length_bias(self) -> float:
        """Median of detected - labelled over the boats found at the threshold."""
        return self._median(self.boats.length_error)

    @property
    def median_heading_error_deg(self) -> float:
        """Median angle between the axes over the boats found at the threshold."""
        return self._median(self.boats.heading_error_deg)

    def _median(self, values: Floats) -> float:
        values = values[(self.boats.hit_score >= self.threshold) & np.isfinite(values)]
        return float(np.median(values)) if len(values) else float("nan")

    def recall_by_size(self) -> list[dict[str, Any]]:
        """One row a class of labelled length that has boats: from, to, boats, recall."""
        edges = SIZE_EDGES[self.unit]
        rows = []
        for low, high in itertools.pairwise(edges):
            chosen = (self.boats.length >= low) & (self.boats.length < high)
            if chosen.any():
                recall = float((self.boats.hit_score[chosen] >= self.threshold).mean())
                row = {"from": low, "to": high, "boats": int(chosen.sum()), "recall": recall}
                rows.append(row)
        return rows

    def intervals(
        self, *, level: float = 0.95, replicates: int = 1000, seed: int = 0
    ) -> dict[str, tuple[float, float]]:
        """Bootstrap intervals of the `rates`, over sites and within them."""
        return intervals(
            self.boats.hit_score,
            self.boats.site,
            self.alarms.score,
            self.alarms.site,
            sites=len(self.sites),
            threshold=self.threshold,
            level=level,
            replicates=replicates,
            seed=seed,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers for JSON; None where a figure is not defined."""
        figures: dict[str, Any] = {
            "sites": list(self.sites),
            "unit": self.unit,
            "threshold": self.threshold,
            "tolerance": self.tolerance,
            "labelled": self.labelled,
            "hits": self.hits,
            "false_alarms": self.false_alarms,
            "ignored_detections": self.ignored,
            "doubtful_labels": self.doubtful,
            **vars(self.rates),
            "ap50": self.ap50,
            "intervals": self.intervals(),
            "selection_recall": self.selection_recall,
            "recall_by_size": self.recall_by_size(),
            "ground": vars(self.ground),
            "false_alarms_per_100_mpx": self.alarms_per_100_mpx,
            "false_alarms_per_100_km2": self.alarms_per_100_km2,
            "median_length_error": self.median_length_error,
            "median_length_bias": self.median_length_bias,
            "median_heading_error_deg": self.median_heading_error_deg,
            "curve": {name: value.tolist() for name, value in vars(self.curve).items()},
        }
        plain: dict[str, Any] = _plain(figures)
        return plain


def pool(evaluations: Sequence[Evaluation]) -> Evaluation:
    """Many scenes as one: boats and alarms summed, equal site names made one site.

    Raises OptionError for none, and for a mix of thresholds or of metres and pixels.
    """
    if not evaluations:
        raise OptionError("nothing to pool")
    for name in ("unit", "threshold"):
        values = sorted({getattr(e, name) for e in evaluations})
        if len(values) > 1:
            raise OptionError(f"cannot pool evaluations that differ in {name}: {values}")
    sites = tuple(dict.fromkeys(site for e in evaluations for site in e.sites))
    overlap = [e.overlap_alarms for e in evaluations if e.overlap_alarms is not None]
    return Evaluation(
        sites=sites,
        unit=evaluations[0].unit,
        threshold=evaluations[0].threshold,
        tolerance=max(e.tolerance for e in evaluations),
        boats=_joined([e.boats for e in evaluations], evaluations, sites),
        alarms=_joined([e.alarms for e in evaluations], evaluations, sites),
        overlap_alarms=(
            _joined(overlap, evaluations, sites) if len(overlap) == len(evaluations) else None
        ),
        ignored=sum(e.ignored for e in evaluations),
        doubtful=sum(e.doubtful for e in evaluations),
        ground=_total([e.ground for e in evaluations]),
    )


def _joined(parts: Sequence[Any], evaluations: Sequence[Evaluation], sites: tuple[str, ...]) -> Any:
    """Outcomes of several evaluations end to end, their sites renumbered."""
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in vars(parts[0])}
    for part, evaluation in zip(parts, evaluations, strict=True):
        number = np.array([sites.index(site) for site in evaluation.sites], dtype=np.intp)
        for name, values in vars(part).items():
            columns[name].append(number[values] if name == "site" else values)
    return type(parts[0])(**{name: np.concatenate(values) for name, values in columns.items()})


def _total(grounds: Sequence[Ground]) -> Ground:
    bases = {ground.basis for ground in grounds}
    if len(bases) > 1:
        return Ground()
    return Ground(
        bases.pop(),
        float(sum(ground.pixels for ground in grounds)),
        float(sum(ground.km2 for ground in grounds)),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
