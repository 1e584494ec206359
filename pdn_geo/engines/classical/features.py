"""What the score looks at: named numbers with a physical meaning, for every segment."""

import numpy as np
from numpy.typing import NDArray

from pdn_geo.engines.classical.contrast import WATER, ContrastMap
from pdn_geo.engines.classical.hull import Rectangles
from pdn_geo.engines.classical.segments import LEVELS, Segments
from pdn_geo.engines.classical.wake import find_wakes

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
    "raggedness",
    "fringe",
    "chroma",
    "alike",
    "field",
    "shadow",
    "halo",
    "wake",
)
"""The features in the order of their columns; `feature_matrix` says what each one is."""

SHORT_M = 9.0
"""Below this length, fewer and fewer things are boats: buoys, floats, wave crests."""

LIKE = 0.5
"""Of a segment's summed contrast: objects of at least this are a crowd of its like."""

RIM_PX = 2.0
RIM_SAMPLES = 16

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
    bright. colour: spread of contrast between bands over its size; chroma: the same of the
    bands' values, where foam is grey. raggedness: log of the outline over that of the
    hull's rectangle. fringe: how far the bands' centroids lie apart, over the length.
    alike: log of other objects per megapixel of the patch that are about as strong or
    stronger; field: of all others. shadow: log of the darkest quarter of a rim around the
    hull, in noise; halo: log of its brightest quarter over the mean contrast. wake: 0-1.
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
        _colour(segments.colour),
        np.log(segments.border / (2 * (hulls.length + hulls.width))),
        np.minimum(segments.fringe / hulls.length, 0.5),
        _colour(segments.colour * _noise(contrast, segments)),
        np.log1p(_others(contrast, segments, LIKE)),
        np.log1p(_others(contrast, segments, 0.0)),
        *_rim(contrast, segments, hulls),
        _wake(contrast, segments, hulls),
    )
    return np.stack(columns, axis=1)


def _colour(colour: Floats) -> Floats:
    size = np.sqrt((colour**2).mean(axis=1)) + 1e-9
    return np.asarray(colour.std(axis=1) / size)


def _noise(contrast: ContrastMap, segments: Segments) -> Floats:
    """(N, bands), at the centre of each segment."""
    at = contrast.noise[:, segments.y.astype(int), segments.x.astype(int)]
    return np.asarray(at.T, dtype=np.float64)


def _others(contrast: ContrastMap, segments: Segments, share: float) -> Floats:
    """Other objects per megapixel of at least `share` of each segment's summed contrast."""
    total = segments.mean * segments.area
    objects = np.sort(total[segments.parent < 0])
    count = len(objects) - np.searchsorted(objects, share * total) - 1
    # a small patch says little about a density: one more object there is no crowd
    return np.maximum(count, 0) / (contrast.valid.sum() / 1e6 + 0.02)


def _rim(contrast: ContrastMap, segments: Segments, hulls: Rectangles) -> tuple[Floats, Floats]:
    """Shadow and halo: the rim is a rectangle RIM_PX outside the hull's."""
    turn = np.linspace(0, 2 * np.pi, RIM_SAMPLES, endpoint=False)
    square = np.stack([np.cos(turn), np.sin(turn)])
    square /= np.abs(square).max(axis=0)
    along = (hulls.length[:, None] / 2 + RIM_PX) * square[0]
    across = (hulls.width[:, None] / 2 + RIM_PX) * square[1]
    cos, sin = np.cos(hulls.angle)[:, None], np.sin(hulls.angle)[:, None]
    rows, cols = contrast.sign.shape
    x = np.clip(segments.x[:, None] + along * cos - across * sin, 0, cols - 1).astype(int)
    y = np.clip(segments.y[:, None] + along * sin + across * cos, 0, rows - 1).astype(int)
    rim = np.sort(contrast.sign[y, x].astype(np.float64), axis=1)
    quarter = RIM_SAMPLES // 4
    dark, bright = rim[:, :quarter].mean(axis=1), rim[:, -quarter:].mean(axis=1)
    shadow = np.log1p(np.clip(-dark, 0, 50))
    return shadow, np.log1p(np.clip(bright, 0, 200)) - np.log(segments.mean)


def _wake(contrast: ContrastMap, segments: Segments, hulls: Rectangles) -> Floats:
    axis = hulls.length, hulls.width, hulls.angle
    return find_wakes(contrast.sign, segments.x, segments.y, *axis).strength


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
    if image.dtype == np.bool_ and image.all():  # most patches are all valid, all water
        sides = (np.arange(side + 1, dtype=np.int32) for side in image.shape)
        return np.multiply.outer(*sides)
    dtype = np.int32 if image.dtype == np.bool_ else np.float64
    table = np.zeros((image.shape[0] + 1, image.shape[1] + 1), dtype=dtype)
    np.cumsum(image, axis=0, dtype=dtype, out=table[1:, 1:])
    np.cumsum(table, axis=1, out=table)
    return table
