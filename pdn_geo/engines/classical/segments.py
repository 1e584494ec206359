"""Threshold decomposition: every connected region above every level is a hypothesis.

A boat's hull is a region above *some* level: a low one for a faint boat on calm water,
a high one for a hull that rides on its own wake or lies at a quay. Which level is right
is for the score to say, so all are kept, as a forest: each region knows the region of
the level below that holds it (Salembier, Oliveras and Garrido 1998, max-tree).
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pdn_geo.engines.classical.contrast import ContrastMap

LEVELS = 4.5 * 1.4 ** np.arange(12)
"""Contrast over noise of the levels: 4.5 to 182. Fewer than one pixel in 100 000 of
Gaussian noise passes the first."""

HALF = 2
"""Levels from one to about half of it."""

SINGLE_PIXEL_LEVEL = 8.0
"""A region of one pixel must be stronger than this: spikes of noise are one pixel."""

MAX_REGIONS = 3000
"""Regions kept per level, the strongest by summed contrast: foam at 0.2 m has tens of thousands."""

MAX_SHARE = 0.3
"""Share of a patch that one region may fill; beyond it, it is land, a cloud, or a ship
that a coarser look sees whole."""

EIGHT = np.ones((3, 3), dtype=bool)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Segments:
    """N regions, ordered by level from low to high; every field is (N, ...).

    level: index into LEVELS. parent: index of the region around it, -1 for a root.
    pixel: flat index of one pixel of the region. area: pixels. x, y: centroid, pixel
    coordinates. cxx, cyy, cxy: second moments about it, px^2, of the pixels' centres.
    mean, peak, sign: mean and largest strength, mean signed contrast. slope: mean
    gradient on the region's outline. growth: log of the area, over its own, of what it is
    part of at half its level. colour: (N, bands) mean contrast.
    """

    level: Ints
    parent: Ints
    pixel: Ints
    area: Floats
    x: Floats
    y: Floats
    cxx: Floats
    cyy: Floats
    cxy: Floats
    mean: Floats
    peak: Floats
    sign: Floats
    slope: Floats
    growth: Floats
    colour: Floats

    def __len__(self) -> int:
        return len(self.area)

    def __getitem__(self, index: NDArray[np.generic]) -> "Segments":
        return Segments(**{f.name: getattr(self, f.name)[index] for f in fields(self)})


def decompose(contrast: ContrastMap) -> Segments:
    """All regions of a contrast map at all levels."""
    strength = contrast.strength
    parts: list[Segments] = []
    below = np.full(strength.size, -1, dtype=np.int64)  # region of the level below, per pixel
    start = 0
    sizes: list[NDArray[np.int32]] = []  # per level and pixel, the size of its region
    for level, threshold in enumerate(LEVELS):
        mask = strength > threshold
        if not mask.any():
            break
        pixels, first, size = _regions(mask)
        sizes.append(size)
        part = _measure(contrast, mask, pixels, first, level)
        part.parent[:] = below[part.pixel]
        part.growth[:] = np.log(sizes[max(0, level - HALF)][part.pixel] / part.area)
        kept = _worth_keeping(part)
        index = np.full(len(part), -1, dtype=np.int64)
        index[kept] = start + np.arange(len(kept))
        # a region that was dropped hands its own ancestor on to what lies inside it
        here = index.repeat(np.diff(first, append=len(pixels)))
        below[pixels] = np.where(here >= 0, here, below[pixels])
        start += len(kept)
        parts.append(part[kept])
    if not parts:
        return _empty(len(contrast.bands))
    return Segments(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Segments)}
    )


def _regions(mask: NDArray[np.bool_]) -> tuple[Ints, Ints, NDArray[np.int32]]:
    """Flat pixel indices, region after region, and where each region starts in them;
    and the size of its region for every pixel of the patch.

    Regions larger than MAX_SHARE of the patch are left out of the former.
    """
    labels, count = ndimage.label(mask, structure=EIGHT)
    pixels = np.flatnonzero(mask)
    label = labels.ravel()[pixels]
    size = np.bincount(label, minlength=count + 1)
    size_at = np.zeros(mask.size, dtype=np.int32)
    size_at[pixels] = size[label]
    fits = size <= MAX_SHARE * mask.size
    fits[0] = False
    pixels, label = pixels[fits[label]], label[fits[label]]
    if count < 2**16:
        label = label.astype(np.uint16)  # sorted by radix, in linear time
    kept = size[fits]
    return pixels[np.argsort(label, kind="stable")], np.cumsum(kept) - kept, size_at


def _worth_keeping(part: Segments) -> Ints:
    alone = (part.area < 2) & (part.peak < SINGLE_PIXEL_LEVEL)
    kept = np.flatnonzero(~alone)
    if len(kept) > MAX_REGIONS:
        weight = (part.mean * part.area)[kept]
        kept = np.sort(kept[np.argsort(-weight, kind="stable")[:MAX_REGIONS]])
    return kept


def _measure(
    contrast: ContrastMap, mask: NDArray[np.bool_], pixels: Ints, first: Ints, level: int
) -> Segments:
    """Sums over each region; `pixels` and `first` as `_regions` gives them."""
    if not len(first):
        return _empty(len(contrast.bands))
    area = np.diff(first, append=len(pixels)).astype(np.float64)
    y, x = np.divmod(pixels, mask.shape[1])
    # coordinates from each region's own first pixel: sums of squares stay small and exact
    x0, y0 = x[first], y[first]
    repeats = area.astype(np.int64)
    dx = (x - x0.repeat(repeats)).astype(np.float64)
    dy = (y - y0.repeat(repeats)).astype(np.float64)

    def mean(values: NDArray[np.generic]) -> Floats:
        return np.asarray(np.add.reduceat(values, first, dtype=np.float64) / area)

    mx, my = mean(dx), mean(dy)
    strength = contrast.strength.ravel()[pixels]
    outline = _outline(mask).ravel()[pixels]
    bands = [plane.ravel()[pixels] for plane in contrast.bands]
    return Segments(
        level=np.full(len(first), level),
        parent=np.full(len(first), -1),
        pixel=pixels[first],
        area=area,
        x=x0 + mx + 0.5,
        y=y0 + my + 0.5,
        cxx=mean(dx * dx) - mx**2,
        cyy=mean(dy * dy) - my**2,
        cxy=mean(dx * dy) - mx * my,
        mean=mean(strength),
        peak=np.maximum.reduceat(strength, first).astype(np.float64),
        sign=mean(contrast.sign.ravel()[pixels]),
        slope=mean(contrast.slope.ravel()[pixels] * outline) / mean(outline),
        growth=np.zeros(len(first)),
        colour=np.stack([mean(values) for values in bands], axis=1),
    )


def _outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the mask with a neighbour above, below or beside them that is not in it."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def _empty(bands: int) -> Segments:
    values: dict[str, Any] = dict.fromkeys((f.name for f in fields(Segments)), np.empty(0))
    values.update(dict.fromkeys(("level", "parent", "pixel"), np.empty(0, dtype=np.int64)))
    values["colour"] = np.empty((0, bands))
    return Segments(**values)
