"""Scenes for benchmarks/selection.py: labelled ones, simulated ones, and 10K mosaics."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from classical_scenes import RGB, Scene
from mosaics import Frame, mosaic
from numpy.typing import NDArray

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.geometry import Window
from pdn_geo.io.cells import CellBlock, cell_statistics
from pdn_geo.ocean import SeaConfig
from pdn_geo.ocean.sea import Sea
from pdn_geo.scene import Pixels

SIDE = 10240
SIMULATED_BOATS = 40
FAMILIES = {
    "naip": (("naip_coast", "naip_no_boats"), 1.0, None),
    "planet": (("planet_california",), 3.0, 256),
    "sentinel2": (("sentinel2_ports",), None, 256),
}
"""Collections, GSD in metres (None: the scenes' own), and the side of the squares without
boats that fill the mosaic, cut from the same scenes where no frame is without boats."""
_STRIP = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One scene as the saliency sees it. boats: (N, 2), x and y in pixels. fold: the one in
    which it was held out from training, None where it never was in.
    """

    name: str
    shape: tuple[int, int]
    bands: tuple[str, ...]
    gsd_m: float
    anchor: GlobalAnchor
    boats: NDArray[np.float64]
    fold: int | None


def centres(scene: Scene) -> NDArray[np.float64]:
    """(N, 2) of the boats that count: not doubtful, and not in an ignored area."""
    boats = np.stack([scene.truth.boats.x, scene.truth.boats.y], axis=1)
    inside = np.zeros(len(boats), bool)
    for area in scene.truth.ignore:
        inside |= shapely.contains_xy(area, *boats.T)
    return boats[~inside] / scene.gsd_m


def real_site(scene: Scene, stride: int, fold: int) -> Site:
    pixels = Pixels(np.where(scene.valid, scene.values, np.float32(0)), scene.valid)
    cells = cell_statistics(pixels, stride)
    return Site(
        name=scene.name,
        shape=scene.valid.shape,
        bands=scene.band_names,
        gsd_m=scene.gsd_m,
        anchor=_anchor(cells, stride),
        boats=centres(scene),
        fold=fold,
    )


def simulated_site(
    wind: float, stride: int, *, size: int = SIDE, boats: int = SIMULATED_BOATS, seed: int = 0
) -> Site:
    """A sea at 1 m. Seeds 0 to 9 are never used for training."""
    config = SeaConfig(size=size, gsd_m=1.0, wind_mps=wind, boats=boats, seed=seed)
    sea = Sea(config)
    cells = CellBlock.empty(config.bands, -(-size // stride), -(-size // stride))
    for row in range(0, size, _STRIP):
        for col in range(0, size, _STRIP):
            width, height = min(_STRIP, size - col), min(_STRIP, size - row)
            window = Window(col_off=col, row_off=row, width=width, height=height)
            values = sea.render(window).values.astype(np.float32)
            part = cell_statistics(Pixels(values, np.ones(values.shape[1:], bool)), stride)
            cells.paste(part, row // stride, col // stride)
    middle = float(np.mean(config.times_s))
    at = np.array([vessel.boat.moved(middle) for vessel in sea.vessels]) / config.gsd_m
    return Site(
        name=f"wind {wind:g}",
        shape=(size, size),
        bands=RGB,
        gsd_m=1.0,
        anchor=_anchor(cells, stride),
        boats=at,
        fold=None,
    )


def mosaic_sites(
    family: str, scenes: Sequence[Scene], folds: dict[str, int], stride: int
) -> Iterator[Site]:
    """One 10240 x 10240 px mosaic of held-out scenes for each fold that holds boats."""
    collections, gsd_m, cut = FAMILIES[family]
    chosen = [scene for scene in scenes if scene.collection in collections]
    for fold in sorted({folds[scene.site] for scene in chosen}):
        frames = [_frame(scene) for scene in chosen if folds[scene.site] == fold]
        canvas, valid, boats = mosaic(frames, side=SIDE, cut=cut, seed=fold)
        if not len(boats):
            continue
        blocks = CellBlock.empty(len(canvas), SIDE // stride, SIDE // stride)
        for row in range(0, SIDE, _STRIP):
            rows = slice(row, row + _STRIP)
            pixels = Pixels(canvas[:, rows].astype(np.float32), valid[rows])
            blocks.paste(cell_statistics(pixels, stride), row // stride)
        yield Site(
            name=f"{family} fold {fold}",
            shape=(SIDE, SIDE),
            bands=chosen[0].band_names,
            gsd_m=gsd_m or float(np.median([scene.gsd_m for scene in chosen])),
            anchor=_anchor(blocks, stride),
            boats=boats,
            fold=fold,
        )


def _frame(scene: Scene) -> Frame:
    values = np.where(scene.valid, scene.values, 0)
    values = values.astype(np.uint16 if values.max() > 255 else np.uint8)
    doubtful = np.stack([scene.truth.doubtful.x, scene.truth.doubtful.y], axis=1)
    unsure = [shapely.transform(a, lambda xy: xy / scene.gsd_m) for a in scene.truth.ignore]
    unsure += [shapely.Point(*at).buffer(20) for at in doubtful / scene.gsd_m]
    return Frame(values=values, valid=scene.valid, boats=centres(scene), unsure=unsure)


def _anchor(cells: CellBlock, stride: int) -> GlobalAnchor:
    rows, cols = cells.valid.shape
    window = Window(col_off=0, row_off=0, width=cols, height=rows)
    mean, maximum, minimum, std = cells.statistics
    return GlobalAnchor(
        stride=stride, window=window, core=window,
        mean=mean, max=maximum, min=minimum, std=std, valid=cells.valid,
    )  # fmt: skip
