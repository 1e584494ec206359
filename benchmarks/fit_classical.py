"""Fit the scores of the classical detector on labelled scenes, and say how well they do.

    python benchmarks/fit_classical.py            # writes scores.json and classical_folds.json
    python benchmarks/fit_classical.py --dry-run  # prints the held-out figures only
    python benchmarks/fit_classical.py --exclude-site planet_california/SF --out model.json

Imagery is found through the environment variable PDN_GEO_DATA. Every figure comes from
models that have seen neither the site of the scene nor the other dates of it.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from classical_scenes import Scene, labelled_scenes, patches_of, sites_by_fold
from numpy.typing import NDArray

from pdn_geo.engines.classical.hypotheses import choose, hypothesise
from pdn_geo.engines.classical.score import ScoreModel
from pdn_geo.engines.classical.segments import Segments
from pdn_geo.evaluation.matching import match_detections
from pdn_geo.evaluation.metrics import rates

ROOT = Path(__file__).parents[1]
FOLDS = 5
RIDGE = 3.0
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Examples:
    """The hypotheses of one scene, patch by patch (`forests`), and what they are.

    features: (N, F). x, y, length: scene pixels. hull: 1 the hull of a boat, 0 not,
    -1 cannot be told. core: the patch answers for its centre (patches overlap).
    """

    scene: Scene
    features: Floats
    forests: Sequence[Segments]
    x: Floats
    y: Floats
    length: Floats
    hull: NDArray[np.int64]
    core: NDArray[np.bool_]

    def chosen(self, logit: Floats) -> NDArray[np.int64]:
        """Indices of what the detector would report, whatever its score."""
        parts, start = [], 0
        for forest in self.forests:
            parts.append(start + choose(forest, logit[start : start + len(forest)]))
            start += len(forest)
        index = np.concatenate([np.empty(0, dtype=np.int64), *parts])
        return index[self.core[index]]


def examples_of(scene: Scene) -> Examples:
    """Run the detector's first half over the whole scene."""
    features, forests, x, y, length, core = [], [], [], [], [], []
    for patch, inner in patches_of(scene):
        found = hypothesise(patch, scene.sea)
        window = patch.look.window
        features.append(found.features)
        forests.append(found.segments)
        x.append(found.segments.x + window.col_off)
        y.append(found.segments.y + window.row_off)
        length.append(found.hulls.length)
        core.append(inner.contains(x[-1], y[-1]))
    x, y, length = (np.concatenate(parts) for parts in (x, y, length))
    hull = _is_hull(scene, x, y, length)
    return Examples(
        scene, np.concatenate(features), forests, x, y, length, hull, np.concatenate(core)
    )


def _is_hull(scene: Scene, x: Floats, y: Floats, length: Floats) -> NDArray[np.int64]:
    """1 where place and length fit a labelled boat; a boat that is off in size is none."""
    import shapely

    boats, gsd = scene.truth.boats, scene.gsd_m
    points = shapely.points(x * gsd, y * gsd)
    hull = np.zeros(len(x), dtype=np.int64)
    for areas, reach in ((scene.truth.ignore, 0.0), (scene.truth.doubtful.geometry, 15.0)):
        seen, _ = shapely.STRtree(areas).query(points, predicate="dwithin", distance=reach)
        hull[seen] = -1
    tree = shapely.STRtree(boats.geometry)
    seen, boat = tree.query(points, predicate="dwithin", distance=1.5 * gsd)
    true = boats.length[boat] / gsd
    near = np.hypot(x[seen] - boats.x[boat] / gsd, y[seen] - boats.y[boat] / gsd)
    near = near <= np.maximum(2.0, 0.25 * true)
    ratio = length[seen] / np.maximum(true, 1)
    fits = near & ((true < 6) & (length[seen] < 12) | (ratio > 0.6) & (ratio < 1.6))
    hull[seen[fits]] = 1
    return hull


def fit(examples: Sequence[Examples]) -> ScoreModel:
    """Logistic regression on all hypotheses, then calibrated on those that it reports.

    Which of nested regions is the hull and whether it is a boat are one question to the
    first; the second, of two numbers, makes the score the share of hulls among reports.
    """
    features = np.concatenate([e.features for e in examples])
    hull = np.concatenate([e.hull for e in examples])
    weight = np.concatenate([np.full(len(e.hull), _weight(e, examples)) for e in examples])
    usable = hull >= 0
    centre, scale = features[usable].mean(axis=0), features[usable].std(axis=0) + 1e-9
    standard = (features - centre) / scale
    beta = logistic(standard[usable], hull[usable], weight[usable], RIDGE)
    weights = beta[1:] / scale
    model = ScoreModel(weights, float(beta[0] - centre @ weights))
    slope, shift = calibration(model, examples)
    return ScoreModel(model.weights * slope, model.bias * slope + shift)


def _weight(one: Examples, all_of_them: Sequence[Examples]) -> float:
    """Every collection weighs as the square root of its size."""
    same = sum(len(e.hull) for e in all_of_them if e.scene.collection == one.scene.collection)
    return 30.0 / np.sqrt(max(same, 1))


def logistic(features: Floats, label: Floats, weight: Floats, ridge: float) -> Floats:
    """Newton's method (iteratively reweighted least squares), intercept first, unpenalised."""
    design = np.column_stack([np.ones(len(features)), features])
    penalty = np.diag([0.0, *[ridge] * features.shape[1]])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        gradient = design.T @ (weight * (label - p)) - penalty @ beta
        curvature = (design * (weight * p * (1 - p) + 1e-9)[:, None]).T @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        beta += step * min(1.0, 3.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-8:
            break
    return beta


def calibration(model: ScoreModel, examples: Sequence[Examples]) -> tuple[float, float]:
    """Platt's slope and shift of the log-odds, on what the model reports."""
    logit, label, weight = [], [], []
    for e in examples:
        value = model.logit(e.features)
        index = e.chosen(value)
        index = index[(value[index] > -6) & (e.hull[index] >= 0)]
        logit.append(value[index])
        label.append(e.hull[index])
        weight.append(np.full(len(index), _weight(e, examples)))
    columns = np.concatenate(logit)[:, None]
    shift, slope = logistic(columns, np.concatenate(label), np.concatenate(weight), 1e-3)
    return max(float(slope), 0.1), float(shift)


def judge(
    scene: Scene, x: Floats, y: Floats, score: Floats
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which detections hit a boat, and which count neither way."""
    gsd = scene.gsd_m
    match = match_detections(x * gsd, y * gsd, score, scene.truth, max(15.0, 1.5 * gsd))
    return match.boat >= 0, match.ignored


def report(examples: Sequence[Examples], models: dict[str, ScoreModel]) -> None:
    """Recall, precision, F1 and AP by collection, each scene by the model of its site."""
    print(
        f"{'collection':20s} boats  Mpx    AP   bestF1@score"
        "   R / P / F1 at 0.5   FA/100Mpx  mean score vs hits"
    )
    for collection in dict.fromkeys(e.scene.collection for e in examples):
        hits, false, boats, pixels = [], [], 0, 0
        for e in (e for e in examples if e.scene.collection == collection):
            score = models[e.scene.site].probability(e.features)
            index = e.chosen(score)
            index = index[score[index] >= 0.02]
            hit, ignored = judge(e.scene, e.x[index], e.y[index], score[index])
            hits.extend(score[index][hit])
            false.extend(score[index][~hit & ~ignored])
            boats += len(e.scene.truth.boats)
            pixels += e.scene.valid.size
        _print_row(collection, np.array(hits), np.array(false), boats, pixels / 1e6)


def _print_row(name: str, hits: Floats, false: Floats, boats: int, megapixels: float) -> None:
    found = np.concatenate([hits, np.full(boats - len(hits), np.nan)])
    at_half = rates(found, false, 0.5)
    best = max(
        ((rates(found, false, t).f1, t) for t in np.arange(0.05, 0.95, 0.05)), default=(0, 0)
    )
    claimed = np.concatenate([hits, false])
    claimed = claimed[claimed > 0.1]
    true = (hits > 0.1).sum() / max(len(claimed), 1)
    print(
        f"{name:20s} {boats:5d} {megapixels:5.1f} {at_half.average_precision:6.3f}"
        f"   {best[0]:.3f} @ {best[1]:.2f}   {at_half.recall:.3f} {at_half.precision:.3f}"
        f" {at_half.f1:.3f}   {(false >= 0.5).sum() / megapixels * 100:8.1f}"
        f"   {claimed.mean() if len(claimed) else 0:.3f} {true:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exclude-site", action="append", default=[], help="collection/site")
    parser.add_argument("--out", type=Path, help="write only one model, without the excluded sites")
    parser.add_argument("--dry-run", action="store_true", help="print figures, write nothing")
    options = parser.parse_args()
    scenes = (scene for scene in labelled_scenes() if scene.site not in options.exclude_site)
    examples = [examples_of(scene) for scene in scenes]
    if options.out:
        options.out.write_text(
            json.dumps(fit(examples).to_dict(), indent=1) + "\n", encoding="utf-8"
        )
        return
    fold_of = sites_by_fold((e.scene for e in examples), FOLDS)
    folds = [fit([e for e in examples if fold_of[e.scene.site] != fold]) for fold in range(FOLDS)]
    report(examples, {site: folds[fold] for site, fold in fold_of.items()})
    shipped = fit(examples)
    for name, value in shipped.to_dict().items():
        print(f"  {name:20s} {value:9.4f}")
    if not options.dry_run:
        _write(shipped, folds, fold_of)


def _write(shipped: ScoreModel, folds: Iterable[ScoreModel], fold_of: dict[str, int]) -> None:
    package = ROOT / "pdn_geo" / "engines" / "classical"
    text = json.dumps(shipped.to_dict(), indent=1) + "\n"
    (package / "scores.json").write_text(text, encoding="utf-8")
    record = {"sites": fold_of, "folds": [model.to_dict() for model in folds]}
    text = json.dumps(record, indent=1) + "\n"
    (ROOT / "benchmarks" / "classical_folds.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
