"""What the score looks at: named numbers with a physical meaning, for every segment."""

import numpy as np
from numpy.typing import NDArray

from pdn_geo.engines.classical.contrast import WATER, ContrastMap
from pdn_geo.engines.classical.hull import Rectangles
from pdn_geo.engines.classical.segments import LEVELS, Segments

NAMES = (
    "peak_snr",
    "contrast_ratio",
    "contrast_by_resolution",
    "length",
    "shortness",
    "resolution",
    "elongation",
    "elongation_squared",
    "elongation_by_length",
    "fill",
    "edge",
    "growth",
    "isolation",
    "crowding",
    "crowding_wide",
    "water_near",
    "brightness",
    "colour",
)
"""The features in the order of their columns; `feature_matrix` says what each one is."""

SHORT_M = 9.0
"""Below this length, fewer and fewer things are boats: buoys, floats, wave crests."""

Floats = NDArray[np.float64]


def feature_matrix(contrast: ContrastMap, segments: Segments, hulls: Rectangles) -> Floats:
    """(N, len(NAMES)), finite.

    peak_snr: log of the largest contrast over noise. contrast_ratio: log of the mean
    contrast over that of the surroundings, and its product with resolution. length: log
    of metres / 30. shortness: log of SHORT_M / metres, where positive. resolution: log of
    the hull's length in pixels. elongation: log of length / width, its square, and its
    product with length (large ships are slender). fill: share of the hull's rectangle
    that the segment holds. edge: log of the mean gradient of the outline over the mean
    contrast, per pixel. growth: log of how much larger the object becomes at half its
    level: what it is attached to. isolation: how free of other objects a frame around the
    hull is, 0-1. crowding: root of the share of other objects within 60 m; crowding_wide:
    within 400 m. water_near: share of water within 60 m. brightness: -1 for dark, 1 for
    bright. colour: spread of contrast between bands over its size.

    A wake is not among them: pieces of wakes have wakes at their ends, too.
    """
    surroundings = _Surroundings(contrast, segments)
    half = hulls.length / 2
    near = np.clip(60 / contrast.gsd_m, 8, 80) + half
    wide = np.clip(400 / contrast.gsd_m, 30, 200) + half
    clutter = surroundings.mean_strength(half * 1.5 + 4)
    contrast_ratio = np.log(segments.mean / (1 + clutter))
    length, resolution = np.log(hulls.length_m / 30), np.log(hulls.length)
    elongation = np.log(hulls.length / hulls.width)
    columns = (
        np.log(segments.peak),
        contrast_ratio,
        contrast_ratio * resolution,
        length,
        np.maximum(np.log(SHORT_M / hulls.length_m), 0),
        resolution,
        elongation,
        elongation**2,
        elongation * length,
        np.minimum(segments.area / (hulls.length * hulls.width), 1.5),
        np.log(np.maximum(segments.slope / segments.mean, 0.02)),
        np.minimum(segments.growth, 5),
        1 - np.sqrt(surroundings.others(half * 1.2 + 3)),
        np.sqrt(surroundings.others(near)),
        np.sqrt(surroundings.others(wide)),
        surroundings.water(near),
        segments.sign / segments.mean,
        _colour(segments),
    )
    return np.stack(columns, axis=1)


def _colour(segments: Segments) -> Floats:
    size = np.sqrt((segments.colour**2).mean(axis=1)) + 1e-9
    return np.asarray(segments.colour.std(axis=1) / size)


class _Surroundings:
    """Means over square boxes of any size about each segment, from running sums."""

    def __init__(self, contrast: ContrastMap, segments: Segments) -> None:
        self._segments = segments
        capped = np.minimum(contrast.strength, np.float32(LEVELS[-1]))
        self._strength = _running_sum(capped)
        self._object = _running_sum(contrast.strength > LEVELS[0])
        self._water = _running_sum(contrast.valid & (contrast.water >= WATER))
        self._valid = _running_sum(contrast.valid)

    def others(self, half: Floats) -> Floats:
        """Share of other objects' pixels, (N,), in boxes of half a side `half` px."""
        area = self._segments.area
        own = self._sum(self._object, half)
        rest = np.maximum(self._sum(self._valid, half) - area, 1)
        return np.clip((own - area) / rest, 0, 1)

    def mean_strength(self, half: Floats) -> Floats:
        """Mean contrast over noise of the surroundings, the segment left out."""
        area = self._segments.area
        own = np.minimum(self._segments.mean, LEVELS[-1]) * area
        rest = np.maximum(self._sum(self._valid, half) - area, 1)
        return np.maximum(self._sum(self._strength, half) - own, 0) / rest

    def water(self, half: Floats) -> Floats:
        """Share of water."""
        return self._sum(self._water, half) / np.maximum(self._sum(self._valid, half), 1)

    def _sum(self, table: NDArray[np.generic], half: Floats) -> Floats:
        rows, cols = table.shape[0] - 1, table.shape[1] - 1
        x, y = self._segments.x, self._segments.y
        left = np.clip(np.rint(x - half), 0, cols).astype(int)
        right = np.clip(cols - np.rint(cols - x - half), 0, cols).astype(int)
        top = np.clip(np.rint(y - half), 0, rows).astype(int)
        bottom = np.clip(rows - np.rint(rows - y - half), 0, rows).astype(int)
        return np.asarray(
            table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
        )


def _running_sum(image: NDArray[np.generic]) -> NDArray[np.generic]:
    """(rows + 1, cols + 1): sums of all above and left; exact for counts."""
    dtype = np.int32 if image.dtype == np.bool_ else np.float64
    table = np.zeros((image.shape[0] + 1, image.shape[1] + 1), dtype=dtype)
    np.cumsum(image, axis=0, dtype=dtype, out=table[1:, 1:])
    np.cumsum(table, axis=1, out=table)
    return table
