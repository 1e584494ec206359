"""`--model classical`: no training data of the sensor, no network, no surprise."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pdn_geo.detections import Detections
from pdn_geo.engines.base import Patch
from pdn_geo.engines.classical.hull import fit_rectangles
from pdn_geo.engines.classical.hypotheses import Hypotheses, choose, hypothesise
from pdn_geo.engines.classical.score import ScoreModel, default_score_model
from pdn_geo.engines.classical.segments import EIGHT, LEVELS
from pdn_geo.engines.classical.wake import find_wakes
from pdn_geo.sea import SeaStatistics

MIN_SCORE = 0.05
"""Probability below which a region is not worth reporting."""

MAX_DETECTIONS = 500
"""Per patch, the best; a marina of 150 m by 150 m holds about 150 boats."""

RAMP = (0.25, 0.75)
"""Share of the hull's contrast at which a pixel counts 0 and 1: half counts half, which
puts the edge of a blurred hull where it is, to a fraction of a pixel."""

BLUR_PX2 = 0.1
"""Moment that sampling and blur add, px^2, less what the half-maximum edge takes back:
a point of light then gets a side of half a pixel or so."""

MARGIN = 2
"""Pixels by which a region may grow when its edge is refined."""

AROUND = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), dtype=bool)

Floats = NDArray[np.float64]


class ClassicalDetector:
    """Finds boats by contrast and shape. A `PatchDetector`; holds no state of a scene.

    score_model: the coefficients; those that ship with the package by default.
    min_score: detections below it are left out.
    """

    name = "classical"
    THRESHOLD = 0.5
    wants_batches = False

    def __init__(
        self, score_model: ScoreModel | None = None, *, min_score: float = MIN_SCORE
    ) -> None:
        self._model = score_model or default_score_model()
        self._min_score = min_score

    def threshold(self, gsd_m: float) -> float:
        """The same at every ground sampling distance."""
        return self.THRESHOLD

    def suits(self, band_names: Sequence[str]) -> str:
        """Any bands suit."""
        return ""

    def detect(self, patches: Sequence[Patch], sea: SeaStatistics) -> list[Detections]:
        """One Detections a patch, best first, in scene pixels."""
        return [self._detect(patch, sea) for patch in patches]

    def _detect(self, patch: Patch, sea: SeaStatistics) -> Detections:
        hypotheses = hypothesise(patch, sea)
        score = self._model.probability(hypotheses.features)
        chosen = choose(hypotheses.segments, self._model.logit(hypotheses.features))
        chosen = chosen[score[chosen] >= self._min_score]
        chosen = chosen[np.argsort(-score[chosen], kind="stable")][:MAX_DETECTIONS]
        if not len(chosen):
            return Detections.empty()
        window = patch.look.window
        found = outline(hypotheses, chosen, score[chosen], patch.look.order)
        return found.shifted(window.col_off, window.row_off)


def outline(
    hypotheses: Hypotheses, chosen: NDArray[np.int64], score: Floats, order: int
) -> Detections:
    """Hulls of the chosen regions to a fraction of a pixel, in patch pixels."""
    contrast = hypotheses.contrast
    shapes = np.array([_soft_moments(hypotheses, index) for index in chosen])
    x, y, cxx, cyy, cxy, cut = shapes.T
    hulls = fit_rectangles(cxx, cyy, cxy, contrast.metric, BLUR_PX2)
    wakes = find_wakes(contrast.sign, x, y, hulls.length, hulls.width, hulls.angle)
    towards_bow = np.where(wakes.clear & (wakes.side > 0), np.pi, 0.0)
    angle = hulls.angle + towards_bow
    return Detections(
        x=x,
        y=y,
        length=hulls.length,
        width=hulls.width,
        angle=np.arctan2(np.sin(angle), np.cos(angle)),
        score=score,
        wake=wakes.strength,
        bow_known=wakes.clear,
        cut=cut > 0,
        look=np.full(len(chosen), order),
    )


def _soft_moments(hypotheses: Hypotheses, index: int) -> tuple[float, ...]:
    """x, y, cxx, cyy, cxy of a region with soft edges, and 1.0 if the patch's edge cuts it.

    The region may grow by two pixels or shrink, to where contrast is half the hull's.
    """
    segments, strength = hypotheses.segments, hypotheses.contrast.strength
    rows, cols = strength.shape
    box = segments.box[index].tolist()
    left, top = max(0, box[0] - MARGIN), max(0, box[1] - MARGIN)
    crop = strength[top : box[3] + MARGIN, left : box[2] + MARGIN]
    row, col = divmod(int(segments.pixel[index]), cols)
    core = _region(crop > LEVELS[segments.level[index]], row - top, col - left)
    near = ndimage.binary_dilation(core, structure=AROUND)
    weight = np.clip((crop / _plateau(crop[core]) - RAMP[0]) / (RAMP[1] - RAMP[0]), 0, 1) * near
    weight[ndimage.binary_fill_holes(weight > 0.5) & (weight < 0.5)] = 1.0
    cut = box[0] == 0 or box[1] == 0 or box[2] == cols or box[3] == rows
    return (*_moments(weight, left, top), float(cut))


def _plateau(contrast: NDArray[np.floating]) -> float:
    """Mean of the upper half: what the deck has, without the blurred edge."""
    # The mean of equal numbers may be rounded to above them all.
    upper = contrast >= min(contrast.mean(), contrast.max())
    return float(contrast[upper].mean())


def _region(mask: NDArray[np.bool_], row: int, col: int) -> NDArray[np.bool_]:
    labels, _ = ndimage.label(mask, structure=EIGHT)
    return np.asarray(labels == labels[row, col])


def _moments(weight: NDArray[np.floating], left: int, top: int) -> tuple[float, ...]:
    mass = weight.sum(dtype=np.float64)
    dx, dy = np.arange(weight.shape[1]) + 0.5, np.arange(weight.shape[0]) + 0.5
    per_col, per_row = weight.sum(axis=0) / mass, weight.sum(axis=1) / mass
    x, y = float(per_col @ dx), float(per_row @ dy)
    cxx, cyy = float(per_col @ (dx - x) ** 2), float(per_row @ (dy - y) ** 2)
    cxy = float((dy - y) @ weight @ (dx - x) / mass)
    return left + x, top + y, cxx, cyy, cxy
