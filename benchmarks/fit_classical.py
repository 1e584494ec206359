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
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
from classical_regression import logistic, train
from classical_scenes import (
    Scene,
    labelled_scenes,
    patches_of,
    simulated_scenes,
    sites_by_fold,
)
from numpy.typing import NDArray

from pdn_geo.engines.classical.hypotheses import choose, hypothesise
from pdn_geo.engines.classical.score import ScoreModel
from pdn_geo.engines.classical.segments import Segments
from pdn_geo.evaluation.matching import match_detections
from pdn_geo.evaluation.metrics import rates

ROOT = Path(__file__).parents[1]
FOLDS = 5
NETS = 2
"""Fits from different starts whose log-odds are averaged."""
TEST_KINDS = ((1, 8), (1, 13), (3, 8))
TEST_SEEDS = (1, 2, 3)
SEA_SHARE = 0.6
"""Weight of a collection of simulated seas in the fit; there are eight of them."""
SEA_SHARE_CALIBRATED = 0.15
"""The same in the calibration: real scenes say how common whitecaps are among reports."""
REPORTED = -4.0
"""Log-odds below which a region can be left out of the calibration."""
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
    scene = replace(scene, values=scene.values[:0], water=scene.water[:0])  # frees its memory
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
    """All hypotheses as hulls or not, not yet calibrated. Negatives are thinned by half."""
    features = np.concatenate([e.features for e in examples])
    hull = np.concatenate([e.hull for e in examples])
    weight = np.concatenate([np.full(len(e.hull), _weight(e, examples)) for e in examples])
    rng = np.random.default_rng(0)
    used = (hull == 1) | ((hull == 0) & (rng.random(len(hull)) < 0.5))
    weight = np.where(hull == 0, 2 * weight, weight)[used]
    low, high = np.percentile(features[used], [0.2, 99.8], axis=0)
    x = np.clip(features[used], low, high)
    centre, scale = x.mean(axis=0), x.std(axis=0) + 1e-9
    x = ((x - centre) / scale).astype(np.float32)
    label, weight = hull[used].astype(np.float32), (weight / weight.mean()).astype(np.float32)
    nets = [train(x, label, weight, rng) for _ in range(NETS)]
    hidden, hidden_bias, out, weights, bias = (
        np.concatenate(parts, axis=-1) for parts in zip(*nets, strict=True)
    )
    weights = weights.reshape(NETS, -1).mean(axis=0) / scale
    return ScoreModel(
        weights=weights,
        bias=float(bias.mean() - centre @ weights),
        low=low,
        high=high,
        hidden=hidden / scale[:, None],
        hidden_bias=hidden_bias - (centre / scale) @ hidden,
        out=out / NETS,
    )


def _weight(one: Examples, all_of_them: Sequence[Examples]) -> float:
    """Every collection weighs as the square root of its size."""
    collection = one.scene.collection
    same = sum(len(e.hull) for e in all_of_them if e.scene.collection == collection)
    return (SEA_SHARE if collection.startswith("sea_") else 1.0) * 30.0 / np.sqrt(max(same, 1))


@dataclass(frozen=True, eq=False)
class Reports:
    """What a model that has not seen a scene reports there. logit: log-odds."""

    collection: str
    site: str
    logit: Floats
    hit: NDArray[np.bool_]


def reports_of(e: Examples, model: ScoreModel) -> Reports:
    value = model.logit(e.features)
    index = e.chosen(value)
    index = index[value[index] > REPORTED]
    hit, ignored = judge(e.scene, e.x[index], e.y[index], value[index])
    index, hit = index[~ignored], hit[~ignored]
    return Reports(e.scene.collection, e.scene.site, value[index], hit)


def calibrated(model: ScoreModel, reports: Sequence[Reports]) -> ScoreModel:
    """Platt's slope and shift, so that the score is the share of hits."""
    total = {r.collection: 0 for r in reports}
    for r in reports:
        total[r.collection] += len(r.hit)
    weight = [_calibration_weight(r.collection, total[r.collection], len(r.hit)) for r in reports]
    logit = np.concatenate([r.logit for r in reports])[:, None]
    hit = np.concatenate([r.hit for r in reports]).astype(np.float64)
    shift, slope = logistic(logit, hit, np.concatenate(weight), 0.3)
    return replace(model, calibration=np.array([slope, shift]))


def _calibration_weight(collection: str, total: int, count: int) -> Floats:
    """Every collection weighs the same, save those of very few reports, and the seas."""
    share = SEA_SHARE_CALIBRATED if collection.startswith("sea_") else 1.0
    return np.full(count, 300 * share / max(total, 100))


def fit_folds(
    examples: Sequence[Examples],
) -> tuple[ScoreModel, list[ScoreModel], dict[str, int]]:
    """The model of all sites, one without each fold, and the fold of every site.

    Log-odds on the sites of a fit are too sure, so all are calibrated on those that each
    site gets from the model without it; a fold's model never on its own sites.
    """
    fold_of = sites_by_fold((e.scene for e in examples), FOLDS)
    folds = [fit([e for e in examples if fold_of[e.scene.site] != fold]) for fold in range(FOLDS)]
    reports = [reports_of(e, folds[fold_of[e.scene.site]]) for e in examples]
    folds = [
        calibrated(model, [r for r in reports if fold_of[r.site] != fold])
        for fold, model in enumerate(folds)
    ]
    return calibrated(fit(examples), reports), folds, fold_of


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
            index = e.chosen(models[e.scene.site].logit(e.features))
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
    scenes = chain(labelled_scenes(), simulated_scenes())
    examples = [examples_of(scene) for scene in scenes if scene.site not in options.exclude_site]
    shipped, folds, fold_of = fit_folds(examples)
    if options.out:
        text = json.dumps(shipped.to_dict()) + "\n"
        options.out.write_text(text, encoding="utf-8")
        return
    report(examples, {site: folds[fold] for site, fold in fold_of.items()})
    tests = [examples_of(scene) for scene in simulated_scenes(TEST_KINDS, TEST_SEEDS)]
    print("seeds that no fit has seen, the model that ships")
    report(tests, dict.fromkeys((e.scene.site for e in tests), shipped))
    print("calibration", shipped.calibration)
    if not options.dry_run:
        _write(shipped, folds, fold_of)


def _write(shipped: ScoreModel, folds: Iterable[ScoreModel], fold_of: dict[str, int]) -> None:
    package = ROOT / "pdn_geo" / "engines" / "classical"
    text = json.dumps(shipped.to_dict()) + "\n"
    (package / "scores.json").write_text(text, encoding="utf-8")
    record = {"sites": fold_of, "folds": [model.to_dict() for model in folds]}
    text = json.dumps(record) + "\n"
    (ROOT / "benchmarks" / "classical_folds.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
