"""From logits to probabilities: fit the score laws of the patch networks on held-out sites.

    python benchmarks/calibrate_patch.py patch --runs runs

With --runs the folds' networks are stored beside this file first, so that results.py needs no
training run. Only sensors whose scenes these weights judge by default count.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from judge import judge
from labelled import Case, real_cases
from numpy.typing import NDArray
from patch_folds import (
    count_folds,
    fold_detector,
    folds_of_sites,
    keep_folds,
    keep_record,
    name_for,
)
from patch_recipes import RECIPES
from real_scenes import DATA
from saliency_folds import held_out_saliency
from scipy.optimize import minimize

import pdn_geo
from pdn_geo.engines.network.afloat import evidence, water_near
from pdn_geo.engines.network.expectation import promise
from pdn_geo.engines.network.maps import ScoreLaw
from pdn_geo.geometry import Window, nearest
from pdn_geo.ocean.config import SeaConfig
from pdn_geo.ocean.scene import simulate_scene, truth_path
from pdn_geo.result import DetectionResult

SEAS = ((1, 3, 12), (1, 8, 12), (1, 13, 12), (3, 6, 20), (10, 8, 20))
"""GSD in metres, wind in m/s, boats."""
ALL_SEAS = list(product(SEAS, (100, 101)))
SENSORS_M = {
    "marina_030cm": 0.3,
    "naip_coast": 1.0,
    "planet_california": 3.0,
    "sentinel2_ports": 10.0,
}
"""Collections that stand for a GSD in metres."""
GRID = np.round(np.linspace(0.1, 0.9, 81), 2)
SAME_SENSOR = {
    "naip_no_boats": "naip_coast",
    "surf_no_boats": "marina_030cm",
    "aerial_no_boats": "marina_030cm",
}
LEAST = 0.02
"""Raw score below which peaks are neither reported nor calibrated."""
USUAL = 0.4
"""Raw score from which the drive takes a peak for a boat and looks at it again where it is cut:
about what the thresholds come to, so that boats are seen as often as they will be.
"""
PLATEAU = 0.01
"""F1 as near as this to the best is as good."""
_SMOOTHING = 0.02  # prior towards a = 1 and nothing else, per collection

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Detections of one scene: logits, the likeliest water about each, how many boats the
    saliency map expects there, whether each is a boat, and boats never detected.
    """

    case: Case
    fold: int
    gsd_m: float
    logit: Floats
    water: Floats
    density: Floats
    is_boat: NDArray[np.bool_]
    unseen: int


def score_case(name: str, case: Case, fold: int) -> Scored:
    detector = fold_detector(name, fold, ScoreLaw(), ((1.0, USUAL),))
    with held_out_saliency(case.site):
        result = pdn_geo.detect(
            case.path, bands=case.bands, gsd_m=case.gsd_m, model=detector, threshold=LEAST
        )
    outcome = judge(result.findings, case)
    hit = outcome.boats.hit_score
    found = hit[np.isfinite(hit)]
    score = np.concatenate([found, outcome.alarms.score])
    water, density = _places_of(score, result)
    score = np.clip(score, 1e-6, 1 - 1e-6)
    is_boat = np.arange(len(score)) < len(found)
    logit = np.log(score / (1 - score))
    gsd_m = result.findings.grid.gsd_m
    unseen = int(np.isnan(hit).sum())
    return Scored(case, fold, gsd_m, logit, water, density, is_boat, unseen)


def _places_of(score: Floats, result: DetectionResult) -> tuple[Floats, Floats]:
    """Water and density about the detections with these scores, which tell them apart."""
    boats, known = result.findings.detections, result.saliency_map
    order = np.argsort(boats.score)
    at = order[np.searchsorted(boats.score[order], score)] if len(score) else order[:0]
    assert (boats.score[at] == score).all()
    x, y, grid = boats.x[at], boats.y[at], result.findings.grid
    whole = Window(col_off=0, row_off=0, width=grid.width, height=grid.height)
    water = water_near(known.water, known.stride, x, y)
    return water, nearest(known.density(whole), 1, x, y)


def score_sea(weights: str, number: int) -> Scored:
    """The sea of that number, in ALL_SEAS; no network has seen these."""
    (gsd_m, wind, boats), seed = ALL_SEAS[number]
    name = f"sea {gsd_m:g} m, {wind} m/s"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sea.tif"
        config = SeaConfig(size=2560, gsd_m=gsd_m, wind_mps=wind, boats=boats, seed=seed)
        simulate_scene(path, config)
        case = Case(collection=name, site=name, path=path, labels=truth_path(path))
        return score_case(weights, case, number % count_folds(weights))


def sensor(case: Case) -> str:
    """The collection with boats of the same sensor."""
    return SAME_SENSOR.get(case.collection, case.collection)


def fit_law(scored: Sequence[Scored]) -> ScoreLaw:
    """Logistic regression; every collection weighs the same."""
    x, y, weight = _gathered(scored)

    def loss(coefficients: Floats) -> float:
        z = x @ coefficients
        misfit = np.logaddexp(0, z) - y * z
        bent = coefficients - start
        return float(misfit @ weight + _SMOOTHING * bent @ bent)

    start = np.array([1.0, 0, 0, 0, 0])
    signed = [(None, None)] * 3 + [(0, None)] * 2
    return ScoreLaw(*(round(float(x), 4) for x in minimize(loss, start, bounds=signed).x))


def _gathered(scored: Sequence[Scored]) -> tuple[Floats, Floats, Floats]:
    size = {s.case.collection: 0 for s in scored}
    for s in scored:
        size[s.case.collection] += len(s.logit)
    features = [
        np.column_stack(
            [
                s.logit,
                np.ones(n),
                np.full(n, np.log2(s.gsd_m)),
                evidence(s.water),
                promise(s.density),
            ]
        )
        for s in scored
        for n in [len(s.logit)]
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


def figures(
    scored: Sequence[Scored],
    laws: Sequence[ScoreLaw],
    thresholds: Sequence[Sequence[Sequence[float]]],
) -> dict[str, dict[str, float]]:
    """Recall, precision and F1 of every collection with boats, by laws and thresholds that
    never saw its fold. Windy seas were in neither.
    """
    found = {}
    for name, group in by_sensor(scored).items():
        parts = []
        for fold in range(len(laws)):
            listed, scores = zip(*thresholds[fold], strict=True)
            mine = [s for s in group if s.fold == fold and s.case.labels is not None]
            if mine:
                gsd_m = float(np.median([s.gsd_m for s in mine]))
                threshold = float(np.interp(np.log(gsd_m), np.log(listed), scores))
                parts.append(count(mine, laws, threshold))
        hits, alarms, boats = (
            sum(getattr(p, n) for p in parts) for n in ("hits", "alarms", "boats")
        )
        found[name] = Counts(hits, alarms, boats).figures
    return found


def count(scored: Sequence[Scored], laws: Sequence[ScoreLaw], threshold: float) -> Counts:
    """Every scene by the law of its own fold."""
    hits = alarms = boats = 0
    for s in scored:
        kept = laws[s.fold].probability(s.logit, s.gsd_m, s.water, s.density) >= threshold
        hits += int((kept & s.is_boat).sum())
        alarms += int((kept & ~s.is_boat).sum())
        boats += int(s.is_boat.sum()) + s.unseen
    return Counts(hits, alarms, boats)


def by_sensor(scored: Sequence[Scored]) -> dict[str, list[Scored]]:
    """Scenes with boats together with those without of the same sensor."""
    groups: dict[str, list[Scored]] = {}
    for s in scored:
        groups.setdefault(sensor(s.case), []).append(s)
    return groups


def best_thresholds(scored: Sequence[Scored], laws: Sequence[ScoreLaw]) -> list[list[float]]:
    """Per sensor its GSD and the highest score at which F1 is about as good as it gets: of equals,
    the one with the fewest false alarms.

    Scenes without boats count: most of the world's water is empty.
    """
    groups = by_sensor(scored)
    pairs = []
    for name, group in groups.items():
        f1 = np.array([count(group, laws, t).figures["f1"] for t in GRID])
        best = GRID[f1 >= f1.max() - PLATEAU].max()
        pairs.append([SENSORS_M[name], round(float(best), 3)])
    return sorted(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=RECIPES, help="weights to calibrate")
    parser.add_argument("--runs", type=Path, help="store the folds' networks of these runs first")
    options = parser.parse_args()
    if options.runs:
        keep_folds(options.name, options.runs)
    fold_of, folds = folds_of_sites(options.name), range(count_folds(options.name))
    cases = [c for c in real_cases(DATA) if name_for(SENSORS_M[sensor(c)]) == options.name]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        held_out_with = [fold_of[case.site] for case in cases]
        real = list(pool.map(partial(score_case, options.name), cases, held_out_with, chunksize=8))
        seas = [n for n, sea in enumerate(ALL_SEAS) if name_for(sea[0][0]) == options.name]
        scored = [*real, *pool.map(partial(score_sea, options.name), seas)]
    # A fold's law and thresholds come from the other folds: its own labels never enter.
    others = [[s for s in real if s.fold != fold] for fold in folds]
    laws = [fit_law(part) for part in others]
    thresholds = [best_thresholds(part, laws) for part in others]
    record = {
        "laws": [asdict(law) for law in laws],
        "thresholds": thresholds,
        "shipped": {"law": asdict(fit_law(real)), "thresholds": best_thresholds(real, laws)},
        "figures": figures(scored, laws, thresholds),
    }
    keep_record(options.name, record)
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
