"""Which cells are water: from the bands where they tell, else from how the scene looks."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.saliency.filters import Each, Field, box_max, box_mean, subsample

# Logistic weights of (log fine texture, log coarse texture, log brightness, blue - red,
# 2 green - red - blue) and the intercept. Texture and brightness are relative to the
# scene's bright end. SMOOTH was fitted on nine Sentinel-2 harbours (10 m) whose water
# NDWI and MNDWI gave, and holds for calm water; ROUGH on those and on 1 m frames with
# swell and glint, where water is no smoother than land but darker and bluer.
_SMOOTH = (-1.55, -1.05, 0.0, 2.4, -0.5, -10.0)
_ROUGH = (0.8, -1.45, -1.75, 5.2, -1.8, -4.4)
_SMOOTH_GRAY = (-1.5, -1.0, 0.0, -9.5)
_ROUGH_GRAY = (0.0, 0.0, -2.3, -4.2)
# Log brightness that speaks neither for water nor for land.
_UNTOLD_DARK = -1.2
_ROUGH_LIMIT = 1.0  # rough-sea evidence alone never says more than "probably" (p = 0.73)

# Land beyond doubt: a scene whose best-looking tenth stays below this logit has no water.
_SURELY_LAND = -3.0
_UNDECIDED = 0.9

# A gap in the water is a ship or an islet to search around, not land, up to this size.
_LARGEST_SHIP_M = (400.0, 80.0)
_SMALLEST_WATER_M2 = 2.0e4
_UNKNOWN_GSD_M = 3.0
_SAMPLE = 50_000


def water_probability(
    anchor: GlobalAnchor, band_names: Sequence[str], gsd_m: float, each: Each = map
) -> Field:
    """How surely each cell is water, (rows, cols) float32, 0-1; 0 where not valid.

    Uses NDWI (McFeeters 1996) and MNDWI (Xu 2006) where there are green and infrared
    bands, and always the look of the scene: water is smooth, dark and not reddish. Ships
    on open water count as water. 0.5 everywhere says that the scene does not tell.
    gsd_m: metres per pixel; NaN if unknown.
    """
    valid = anchor.valid > 0
    if not valid.any():
        return np.zeros(valid.shape, np.float32)
    logit = _appearance_logit(anchor, band_names, valid, each)
    index = _water_index(anchor, band_names)
    if index is not None:
        # 0.05 of index is one unit: haze and turbid water move NDWI by about 0.1.
        logit = np.clip(index / np.float32(0.05), -4, 4) + 0.5 * np.clip(logit, -4, 4)
    elif _scene_does_not_tell(logit.ravel()[subsample(valid.ravel(), _SAMPLE)]):
        return np.where(valid, np.float32(0.5), np.float32(0))
    probability = _sigmoid(logit)
    cell_m = anchor.stride * (gsd_m if np.isfinite(gsd_m) else _UNKNOWN_GSD_M)
    probability = _cleaned(probability, valid, cell_m)
    return np.where(valid, probability, np.float32(0))


def _scene_does_not_tell(logits: NDArray[np.float32]) -> bool:
    """Most cells look like either, or the best-looking tenth is poor water and poor land."""
    undecided = float(np.median(np.abs(logits))) < _UNDECIDED
    return undecided or _SURELY_LAND < float(np.percentile(logits, 90)) < 0


def _sigmoid(logit: Field) -> Field:
    return 1 / (1 + np.exp(-np.clip(logit, -30, 30, dtype=np.float32)))


def _water_index(anchor: GlobalAnchor, band_names: Sequence[str]) -> Field | None:
    """The smaller of NDWI and MNDWI: sand fools one, dark vegetation the other."""
    names = list(band_names)
    infrared = [b for b in ("nir", "swir") if b in names]
    if "green" not in names or not infrared:
        return None
    green = anchor.mean[names.index("green")]
    indices = []
    for band in infrared:
        other = anchor.mean[names.index(band)]
        indices.append((green - other) / np.maximum(np.abs(green) + np.abs(other), 1e-12))
    return np.minimum.reduce(indices)


def _appearance_logit(
    anchor: GlobalAnchor, band_names: Sequence[str], valid: NDArray[np.bool_], each: Each
) -> Field:
    names = list(band_names)
    visible = [names.index(b) for b in ("red", "green", "blue") if b in names]
    bands = visible if len(visible) == 3 else list(range(len(anchor.mean)))
    bright = _mean([anchor.mean[b] for b in bands])
    low, dim, high = np.percentile(bright.ravel()[subsample(valid.ravel(), _SAMPLE)], (0.1, 10, 99))
    low = min(float(low), 0.0)  # decibels and the like start below zero
    scale = max(float(high) - low, 1e-12)
    # Where the scene holds dark and bright, its brightest smooth cells are sand and roofs.
    contrast = np.clip(-np.log((dim - low) / scale + 0.02) - 0.5, 0, 1)
    bright = np.where(valid, (bright - low) / scale, 0).astype(np.float32)

    def fine_texture() -> Field:
        fine = np.sqrt(_mean([np.square(anchor.std[b]) for b in bands])) / scale
        return box_mean(np.log(fine.astype(np.float32) + np.float32(0.003)), 3)

    def coarse_texture() -> tuple[Field, Field]:
        """The brightness around a cell, too."""
        smooth = box_mean(bright, 5)
        coarse = np.sqrt(np.maximum(box_mean(bright * bright, 5) - smooth * smooth, 0))
        return smooth, np.log(-box_max(-coarse, 5) + np.float32(0.003))

    def hues() -> list[Field]:
        """Differences blue - red and 2 green - red - blue; none without the colours."""
        if len(visible) < 3:
            return []
        red, green, blue = (anchor.mean[b] for b in visible)
        return [box_mean(blue - red, 5), box_mean(2 * green - red - blue, 5)]

    parts = (coarse_texture, fine_texture, hues)
    (smooth, coarse), fine, colours = each(lambda part: part(), parts)
    dark = np.log(np.maximum(smooth, 0) + np.float32(0.02))
    # A scene of one brightness says nothing by it.
    dark = np.float32(_UNTOLD_DARK) + np.float32(contrast) * (dark - np.float32(_UNTOLD_DARK))
    glare = np.float32(8 * contrast) * np.maximum(dark - np.float32(np.log(0.5)), 0)
    if not colours:
        return _either(_SMOOTH_GRAY, _ROUGH_GRAY, (fine, coarse, dark)) - glare

    total = 3 * np.float32(scale) * (smooth + np.float32(0.02))
    features = (fine, coarse, dark, *(colour / total for colour in colours))
    return _either(_SMOOTH, _ROUGH, features) - glare


def _mean(planes: Sequence[Field]) -> Field:
    """Cell by cell, without a copy of them all as one array."""
    return np.asarray(reduce(np.add, planes) / len(planes))


def _either(smooth: Sequence[float], rough: Sequence[float], features: Sequence[Field]) -> Field:
    """Logit of water that is one or the other; rough seas are never sure."""
    unsure = np.minimum(_linear(rough, features), np.float32(_ROUGH_LIMIT))
    return np.maximum(_linear(smooth, features), unsure)


def _linear(weights: Sequence[float], features: Sequence[Field]) -> Field:
    total = np.full(features[0].shape, weights[-1], np.float32)
    for weight, feature in zip(weights, features, strict=False):
        total += np.float32(weight) * feature
    return total


def _cleaned(probability: Field, valid: NDArray[np.bool_], cell_m: float) -> Field:
    """Ships become water; puddles, roofs and shadows too small for a boat become land."""
    water = probability > 0.5
    puddles = _small_components(water, max(1.0, _SMALLEST_WATER_M2 / cell_m**2))
    length, beam = _LARGEST_SHIP_M
    # The texture windows (5 cells) widen what a ship disturbs by two cells on every side.
    largest = (length / cell_m + 4) * (beam / cell_m + 4)
    gaps = _small_components(~water | ~valid, largest)
    cleaned = np.where(puddles, np.minimum(probability, 0.3), probability)
    level = box_mean(probability, 9)
    return np.where(gaps & valid, np.maximum(cleaned, np.maximum(level, 0.6)), cleaned).astype(
        np.float32
    )


def _small_components(mask: NDArray[np.bool_], cells: float) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    small = sizes < cells
    small[0] = False
    return small[labels]
