"""Threshold decomposition: every connected region above every level is a hypothesis.

A boat's hull is a region above *some* level: a low one for a faint boat on calm water,
a high one for a hull that rides on its own wake or lies at a quay. Which level is right
is for the score to say, so all are kept, as a forest: each region knows the region of
the level below that holds it (Salembier, Oliveras and Garrido 1998, max-tree).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import pairwise
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
    box: (N, 4) left, top, right, bottom; half open. mean, peak, sign: mean and largest
    strength, mean signed contrast. slope: mean gradient on the region's outline; border:
    pixels of the outline. growth: log of the area, over its own, of what it is part of at
    half its level. colour: (N, bands) mean contrast. fringe: pixels between the centroids
    of the bands, root mean square.
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
    box: Ints
    mean: Floats
    peak: Floats
    sign: Floats
    slope: Floats
    border: Floats
    growth: Floats
    colour: Floats
    fringe: Floats

    def __len__(self) -> int:
        return len(self.area)

    def __getitem__(self, index: NDArray[np.generic]) -> "Segments":
        return Segments(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def only(self, kept: Ints) -> "Segments":
        """The given segments; parents become the nearest ancestors among them."""
        own = np.full(len(self) + 1, -1, dtype=np.int64)  # one more for "none", at -1
        own[kept] = np.arange(len(kept))
        nearest = own.copy()  # of the segment itself or what is around it
        starts = np.searchsorted(self.level, np.arange(len(LEVELS) + 1))
        for start, end in pairwise(starts.tolist()):
            above = nearest[self.parent[start:end]]
            nearest[start:end] = np.where(own[start:end] >= 0, own[start:end], above)
        rest = self[kept]
        rest.parent[:] = nearest[self.parent[kept]]
        return rest


def decompose(contrast: ContrastMap) -> Segments:
    """All regions of a contrast map at all levels, lone pixels of noise left out."""
    objects = _Objects.of(contrast)
    if not len(objects.pixel):
        return _empty(len(contrast.bands))
    region = np.full(len(objects.pixel), -1, dtype=np.int64)  # the innermost so far
    sizes: list[Ints] = []
    members, areas, parents, growths = [], [], [], []
    count = 0
    for level in range(int(objects.height.max())):
        inside = np.flatnonzero(objects.height > level)
        label = objects.labels(inside, level)
        size = np.bincount(label)
        sizes.append(np.zeros(len(region), dtype=np.int64))
        sizes[-1][inside] = size[label]
        member = _by_region(objects, inside, label, size)
        area = np.bincount(label[member])
        area = area[area > 0]
        member = inside[member]
        first = member[np.cumsum(area) - area]
        parents.append(region[first])
        growths.append(np.log(sizes[max(0, level - HALF)][first] / area))
        region[member] = count + np.arange(len(area)).repeat(area)
        count += len(area)
        members.append(member)
        areas.append(area)
    levels = np.arange(len(areas)).repeat([len(area) for area in areas])
    link = np.concatenate(parents), np.concatenate(growths), levels
    return _measure(contrast, objects, np.concatenate(members), np.concatenate(areas), link)


@dataclass(frozen=True, slots=True)
class _Objects:
    """The pixels above the lowest level, (N,) each: where, and how many levels they pass.

    image: (rows, cols) the same number for every pixel.
    """

    pixel: Ints
    x: Ints
    y: Ints
    height: Ints
    strength: NDArray[np.float32]
    shape: tuple[int, int]

    @classmethod
    def of(cls, contrast: ContrastMap) -> "_Objects":
        pixel = np.flatnonzero(contrast.strength > LEVELS[0])
        y, x = np.divmod(pixel, contrast.strength.shape[1])
        strength = contrast.strength.ravel()[pixel]
        height = np.searchsorted(LEVELS, strength)
        return cls(pixel, x, y, height, strength, contrast.strength.shape)

    def labels(self, inside: Ints, level: int) -> Ints:
        """Number from 0 of the connected region of each pixel in `inside`."""
        x, y = self.x[inside], self.y[inside]
        left, top = int(x.min()), int(y[0])
        mask = np.zeros((int(y[-1]) - top + 1, int(x.max()) - left + 1), dtype=bool)
        mask[y - top, x - left] = True
        labels, _ = ndimage.label(mask, structure=EIGHT)
        return np.asarray(labels[y - top, x - left]) - 1


def _by_region(objects: _Objects, inside: Ints, label: Ints, size: Ints) -> Ints:
    """Indices into `inside`, region after region, without noise and what is too large."""
    area = size[label]
    noise = (area < 2) & (objects.strength[inside] < SINGLE_PIXEL_LEVEL)
    kept = np.flatnonzero(~noise & (area <= MAX_SHARE * objects.shape[0] * objects.shape[1]))
    key = label[kept]
    if len(size) < 2**16:
        key = key.astype(np.uint16)  # sorted by radix, in linear time
    return kept[np.argsort(key, kind="stable")]


def _measure(
    contrast: ContrastMap,
    objects: _Objects,
    member: Ints,
    areas: Ints,
    link: tuple[Ints, Floats, Ints],
) -> Segments:
    """Sums over each region; `member` are indices of pixels in `objects`, region after region."""
    parent, growth, level = link
    if not len(areas):
        return _empty(len(contrast.bands))
    first = np.cumsum(areas) - areas
    area = areas.astype(np.float64)

    def mean(values: NDArray[np.generic]) -> Floats:
        return np.asarray(np.add.reduceat(values, first, dtype=np.float64) / area)

    x, y = objects.x[member], objects.y[member]
    # coordinates from each region's own first pixel: sums of squares stay small and exact
    x0, y0 = x[first], y[first]
    dx = (x - x0.repeat(areas)).astype(np.float64)
    dy = (y - y0.repeat(areas)).astype(np.float64)
    mx, my = mean(dx), mean(dy)
    left, right = np.minimum.reduceat(x, first), np.maximum.reduceat(x, first) + 1
    strength = objects.strength[member]
    pixel = objects.pixel[member]
    slope, least = _edges(contrast.strength, objects)
    outline = least[member] <= LEVELS[level].repeat(areas)
    border = mean(outline)
    bands = [plane.ravel()[objects.pixel][member] for plane in contrast.bands]
    return Segments(
        level=level,
        parent=parent,
        pixel=pixel[first],
        area=area,
        x=x0 + mx + 0.5,
        y=y0 + my + 0.5,
        cxx=mean(dx * dx) - mx**2,
        cyy=mean(dy * dy) - my**2,
        cxy=mean(dx * dy) - mx * my,
        box=np.stack([left, y0, right, y[first + areas - 1] + 1], axis=1),
        mean=mean(strength),
        peak=np.maximum.reduceat(strength, first).astype(np.float64),
        sign=mean(contrast.sign.ravel()[objects.pixel][member]),
        slope=mean(slope[member] * outline) / border,
        border=border * area,
        growth=growth,
        colour=np.stack([mean(values) for values in bands], axis=1),
        fringe=_fringe(bands, dx, dy, mean),
    )


def _fringe(
    bands: list[NDArray[np.float32]], dx: Floats, dy: Floats, mean: Callable[[Any], Floats]
) -> Floats:
    """Spread of the bands' own centroids, pixels."""
    sizes = [np.abs(values) for values in bands]
    means = [mean(size) + 1e-9 for size in sizes]
    cx, cy = (
        np.stack([mean(size * d) / total for size, total in zip(sizes, means, strict=True)])
        for d in (dx, dy)
    )
    return np.asarray(np.sqrt(cx.var(axis=0) + cy.var(axis=0)))


def _edges(
    strength: NDArray[np.float32], objects: _Objects
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gradient per pixel by central differences, and the least of the four neighbours, at
    the objects' pixels. Beyond the edge is nothing, and the gradient repeats the pixels.
    """
    rows, cols = strength.shape
    x, y, own = objects.x, objects.y, objects.strength
    flat = strength.ravel()
    steps = ((x > 0, -1), (x < cols - 1, 1), (y > 0, -cols), (y < rows - 1, cols))
    around = [np.where(ok, flat[np.where(ok, objects.pixel + step, 0)], own) for ok, step in steps]
    slope = np.hypot(around[1] - around[0], around[3] - around[2]) / np.float32(2)
    inner = np.logical_and.reduce([ok for ok, _ in steps])
    return slope, np.where(inner, np.minimum.reduce(around), np.float32(0))


def _empty(bands: int) -> Segments:
    values: dict[str, Any] = dict.fromkeys((f.name for f in fields(Segments)), np.empty(0))
    values.update(dict.fromkeys(("level", "parent", "pixel"), np.empty(0, dtype=np.int64)))
    values["box"] = np.empty((0, 4), dtype=np.int64)
    values["colour"] = np.empty((0, bands))
    return Segments(**values)
