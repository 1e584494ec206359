"""Examples for the global stream: what the saliency is shown of a scene, and its boats."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.geometry import Window
from pdn_geo.io.cells import cell_statistics
from pdn_geo.saliency.builder import DEFAULT_PRIORS
from pdn_geo.saliency.fisher import surprise
from pdn_geo.saliency.planes import NetworkPlanes
from pdn_geo.saliency.prior import view_sea
from pdn_geo.saliency.water import water_probability
from pdn_geo.scene import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorExample:
    """One scene as the global stream sees it.

    site: never split between training and evaluation. group: what is drawn as often as
    any other group. planes: (C, rows, cols) float16, see `NetworkPlanes`. boats: (rows,
    cols) float32, boats centred in each cell. known: (rows, cols) bool, where the labels
    can say; False outside the scene, too. water: (rows, cols) float32, 0-1.
    """

    site: str
    group: str
    planes: NDArray[np.float16]
    boats: NDArray[np.float32]
    known: NDArray[np.bool_]
    water: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """In scene pixels. boats: (N, 2) centres, x and y. doubtful: (M, 2), boats or not.
    ignored: areas where boats are not told apart.
    """

    boats: NDArray[np.float64]
    doubtful: NDArray[np.float64]
    ignored: Sequence[shapely.Geometry] = ()

    def scaled(self, factor: float) -> "Labels":
        """The same in pixels that are `1 / factor` as wide."""
        ignored = [shapely.transform(area, lambda xy: xy * factor) for area in self.ignored]
        return Labels(boats=self.boats * factor, doubtful=self.doubtful * factor, ignored=ignored)


def anchor_example(
    pixels: Pixels,
    band_names: Sequence[str],
    gsd_m: float,
    labels: Labels,
    *,
    site: str,
    group: str,
    stride: int = 8,
) -> AnchorExample:
    """The example that a whole scene makes. pixels: values (bands, rows, cols)."""
    anchor = whole_anchor(pixels, stride)
    known = ~_ignored(labels, anchor.valid.shape, stride)
    return example_of_anchor(anchor, band_names, gsd_m, labels.boats, known, site=site, group=group)


def example_of_anchor(
    anchor: GlobalAnchor,
    band_names: Sequence[str],
    gsd_m: float,
    centres: NDArray[np.float64],
    known: NDArray[np.bool_],
    *,
    site: str,
    group: str,
) -> AnchorExample:
    """As `anchor_example`. centres: (N, 2) of boats in pixels. known: (rows, cols)."""
    water = water_probability(anchor, band_names, gsd_m)
    view = view_sea(anchor, water)
    planes = NetworkPlanes(anchor, band_names, view, water, anchor.stride * gsd_m)
    for number, prior in enumerate(DEFAULT_PRIORS):
        score = prior.score(view)
        planes.enter(number, score, surprise(score, view.sea))
    boats = np.zeros(anchor.valid.shape, np.float32)
    at = _cells(centres, anchor.valid.shape, anchor.stride)
    np.add.at(boats, at, 1)
    known = known & (anchor.valid > 0)
    known[at] = True
    return AnchorExample(
        site=site,
        group=group,
        planes=planes[:, :, :].astype(np.float16),
        boats=boats,
        known=known,
        water=water,
    )


def coarser(pixels: Pixels, factor: int) -> Pixels:
    """Averages of `factor` x `factor` valid pixels; what does not fill one is cut off."""
    bands, height, width = pixels.values.shape
    rows, cols = height // factor, width // factor
    cut = (slice(rows * factor), slice(cols * factor))
    valid = pixels.valid[cut].reshape(rows, factor, cols, factor)
    values = np.where(pixels.valid, pixels.values, 0)[:, *cut]
    count = valid.sum(axis=(1, 3))
    total = values.reshape(bands, rows, factor, cols, factor).sum(axis=(2, 4))
    mean = (total / np.maximum(count, 1)).astype(np.float32)
    return Pixels(values=mean, valid=2 * count > factor**2)


def whole_anchor(pixels: Pixels, stride: int) -> GlobalAnchor:
    """The global anchor of a scene that fits into memory."""
    cells = cell_statistics(pixels, stride)
    rows, cols = cells.valid.shape
    window = Window(col_off=0, row_off=0, width=cols, height=rows)
    mean, maximum, minimum, std = cells.statistics
    return GlobalAnchor(
        stride=stride, window=window, core=window,
        mean=mean, max=maximum, min=minimum, std=std, valid=cells.valid,
    )  # fmt: skip


def _cells(
    centres: NDArray[np.float64], shape: tuple[int, int], stride: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(rows, cols) of the cells that hold these points and lie in the scene."""
    cols, rows = (centres // stride).astype(np.intp).T
    inside = (rows >= 0) & (rows < shape[0]) & (cols >= 0) & (cols < shape[1])
    return rows[inside], cols[inside]


def _ignored(labels: Labels, shape: tuple[int, int], stride: int) -> NDArray[np.bool_]:
    """Cells in an ignored area or next to a doubtful boat."""
    cell_rows, cell_cols = np.mgrid[: shape[0], : shape[1]]
    ignored = np.zeros(shape, np.bool_)
    for area in labels.ignored:
        # A cell's reach more, so that what the area cuts does not count either.
        near = shapely.buffer(area, stride)
        ignored |= shapely.contains_xy(near, (cell_cols + 0.5) * stride, (cell_rows + 0.5) * stride)
    for row, col in zip(*_cells(labels.doubtful, shape, stride), strict=True):
        ignored[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2] = True
    return ignored
