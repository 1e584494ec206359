"""From logits to probabilities: fit the score laws of the patch networks on held-out sites.

    python benchmarks/calibrate_patch.py --runs runs

Stores the folds' networks beside this file too, so that results.py needs no training run.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from labelled import Case, real_cases
from numpy.typing import NDArray
from patch_folds import RECORD, WEIGHTS, fold_detector, keep_fold
from real_scenes import DATA, FOLDS, fold_of
from scipy.optimize import minimize

import pdn_geo
from pdn_geo.engines.network.maps import ScoreLaw
from pdn_geo.evaluation import evaluate

LEAST = 0.02
"""Raw score below which peaks are neither reported nor calibrated."""
_SMOOTHING = 0.02  # prior towards a = 1, b = c = 0, per collection

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Detections of one scene: logits, whether each is a boat, and boats never detected."""

    case: Case
    gsd_m: float
    logit: Floats
    is_boat: NDArray[np.bool_]
    unseen: int


def score_case(case: Case) -> Scored:
    detector = fold_detector(fold_of(case.site), ScoreLaw(), LEAST)
    findings = pdn_geo.detect(
        case.path, bands=case.bands, gsd_m=case.gsd_m, model=detector, threshold=LEAST
    ).findings
    outcome = evaluate(
        findings.detections,
        case.labels,
        scene=findings.grid,
        looks=[look.window for look in findings.looks],
        gsd_m=case.gsd_m,
        site=case.site,
    )
    hit = outcome.boats.hit_score
    found = hit[np.isfinite(hit)]
    score = np.clip(np.concatenate([found, outcome.alarms.score]), 1e-6, 1 - 1e-6)
    is_boat = np.arange(len(score)) < len(found)
    logit = np.log(score / (1 - score))
    return Scored(case, findings.grid.gsd_m, logit, is_boat, int(np.isnan(hit).sum()))


def fit_law(scored: Sequence[Scored]) -> ScoreLaw:
    """Logistic regression; every collection weighs the same."""
    x, y, weight = _gathered(scored)

    def loss(coefficients: Floats) -> float:
        z = x @ coefficients
        misfit = np.logaddexp(0, z) - y * z
        a, b, c = coefficients
        return float(misfit @ weight + _SMOOTHING * ((a - 1) ** 2 + b**2 + c**2))

    a, b, c = minimize(loss, [1.0, 0.0, 0.0]).x
    return ScoreLaw(a=round(float(a), 4), b=round(float(b), 4), c=round(float(c), 4))


def _gathered(scored: Sequence[Scored]) -> tuple[Floats, Floats, Floats]:
    size = {s.case.collection: 0 for s in scored}
    for s in scored:
        size[s.case.collection] += len(s.logit)
    features = [
        np.column_stack([s.logit, np.ones(len(s.logit)), np.full(len(s.logit), np.log2(s.gsd_m))])
        for s in scored
    ]
    weight = [np.full(len(s.logit), 1 / max(size[s.case.collection], 100)) for s in scored]
    truth = np.concatenate([s.is_boat for s in scored]).astype(np.float64)
    return np.concatenate(features), truth, np.concatenate(weight)


@dataclass(frozen=True)
class Counts:
    """Detections of a collection at one threshold, against its boats."""

    hits: int
    alarms: int
    boats: int

    @property
    def figures(self) -> dict[str, float]:
        recall, precision = (
            self.hits / max(total, 1) for total in (self.boats, self.hits + self.alarms)
        )
        f1 = 2 * self.hits / max(self.hits + self.alarms + self.boats, 1)
        return {"recall": round(recall, 3), "precision": round(precision, 3), "f1": round(f1, 3)}


def count(scored: Sequence[Scored], laws: Sequence[ScoreLaw], threshold: float) -> Counts:
    """Every scene by the law of its own fold."""
    hits = alarms = boats = 0
    for s in scored:
        kept = laws[fold_of(s.case.site)].probability(s.logit, s.gsd_m) >= threshold
        hits += int((kept & s.is_boat).sum())
        alarms += int((kept & ~s.is_boat).sum())
        boats += int(s.is_boat.sum()) + s.unseen
    return Counts(hits, alarms, boats)


def by_collection(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    """Of the scenes with boats."""
    groups: dict[str, list[Scored]] = {}
    for s in scored:
        if s.case.labels is not None:
            groups.setdefault(s.case.collection, []).append(s)
    return groups


def best_threshold(scored: Sequence[Scored], laws: Sequence[ScoreLaw]) -> float:
    """The score at which the mean F1 of the labelled collections is best."""
    groups = by_collection(scored).values()
    grid = np.round(np.linspace(0.1, 0.9, 81), 2)
    means = [np.mean([count(g, laws, t).figures["f1"] for g in groups]) for t in grid]
    return float(grid[int(np.argmax(means))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, help="store the folds' networks of these runs first")
    options = parser.parse_args()
    if options.runs:
        for fold in range(FOLDS):
            keep_fold(fold, options.runs)
    scored = [score_case(case) for case in real_cases(DATA)]
    # A fold's law comes from the scores of the other folds: its own labels never enter.
    laws = [fit_law([s for s in scored if fold_of(s.case.site) != fold]) for fold in range(FOLDS)]
    threshold = best_threshold(scored, laws)
    record = {
        "laws": [asdict(law) for law in laws],
        "shipped": asdict(fit_law(scored)),
        "threshold": threshold,
        "figures": {
            name: count(group, laws, threshold).figures
            for name, group in by_collection(scored).items()
        },
    }
    WEIGHTS.mkdir(exist_ok=True)
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
