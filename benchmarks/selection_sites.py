"""Scenes for benchmarks/selection.py: labelled ones, simulated ones, and 10K mosaics."""

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from classical_scenes import RGB, Scene, labelled_scenes
from mosaics import Frame, mosaic
from numpy.typing import NDArray
from rasterio.features import rasterize
from real_scenes import folds_of_sites

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.geometry import Window
from pdn_geo.io.cells import CellBlock, cell_statistics
from pdn_geo.ocean import SeaConfig
from pdn_geo.ocean.sea import Sea
from pdn_geo.scene import Pixels

STRIDE = 8
SIDE = 10240
WINDS_MPS = (3, 8, 13)
SETS = ("planet_california", "sentinel2_ports", "naip_coast")
SIMULATED_BOATS = 40
FAMILIES = {
    "naip": (("naip_coast", "naip_no_boats"), 1.0, None),
    "planet": (("planet_california",), 3.0, 256),
    "sentinel2": (("sentinel2_ports",), None, 256),
}
"""Collections, GSD in metres (None: the scenes' own), and the side of the squares without
boats that fill the mosaic, cut from the same scenes where no frame is without boats."""
_STRIP = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Site:
    """One scene as the saliency sees it. boats: (N, 2), x and y in pixels. fold: the one in
    which it was held out from training, None where it never was in. known: per cell of the
    anchor, whether the labels tell what is a boat.
    """

    name: str
    shape: tuple[int, int]
    bands: tuple[str, ...]
    gsd_m: float
    anchor: GlobalAnchor
    boats: NDArray[np.float64]
    fold: int | None
    known: NDArray[np.bool_]


def kept(path: Path, make: Callable[[], Iterable[Site]]) -> list[Site]:
    """The scenes in that file, made and written there if it is not there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(list(make())))
    return pickle.loads(path.read_bytes())


def data_sets(wanted: Callable[[str], bool], folder: Path) -> Iterator[tuple[str, list[Site]]]:
    """Title and scenes of every table, the large ones first."""

    @cache
    def scenes() -> list[Scene]:
        return list(labelled_scenes())

    def own(collection: str) -> Iterator[Site]:
        chosen = [scene for scene in scenes() if scene.collection == collection]
        return (real_site(scene, folds_of_sites()[scene.site]) for scene in chosen)

    makers: dict[str, Callable[[], Iterable[Site]]] = {
        f"{family} mosaics": lambda f=family: mosaic_sites(f, scenes()) for family in FAMILIES
    }
    makers |= {f"wind {w} m per s": lambda w=w: [simulated_site(w)] for w in WINDS_MPS}
    makers |= {collection: lambda c=collection: own(c) for collection in SETS}
    for title, make in makers.items():
        if wanted(title):
            yield title, kept(folder / f"{title}.pickle", make)


def centres(scene: Scene) -> NDArray[np.float64]:
    """(N, 2) of the boats that count: not doubtful, and not in an ignored area."""
    boats = np.stack([scene.truth.boats.x, scene.truth.boats.y], axis=1)
    inside = np.zeros(len(boats), bool)
    for area in scene.truth.ignore:
        inside |= shapely.contains_xy(area, *boats.T)
    return boats[~inside] / scene.gsd_m


def real_site(scene: Scene, fold: int) -> Site:
    pixels = Pixels(np.where(scene.valid, scene.values, np.float32(0)), scene.valid)
    cells = cell_statistics(pixels, STRIDE)
    return Site(
        name=scene.name,
        shape=scene.valid.shape,
        bands=scene.band_names,
        gsd_m=scene.gsd_m,
        anchor=_anchor(cells),
        boats=centres(scene),
        fold=fold,
        known=np.ones(cells.valid.shape, np.bool_),
    )


def simulated_site(wind: float, *, seed: int = 0) -> Site:
    """A sea at 1 m. Seeds 0 to 9 are never used for training."""
    config = SeaConfig(size=SIDE, gsd_m=1.0, wind_mps=wind, boats=SIMULATED_BOATS, seed=seed)
    sea = Sea(config)
    cells = CellBlock.empty(config.bands, SIDE // STRIDE, SIDE // STRIDE)
    for row in range(0, SIDE, _STRIP):
        for col in range(0, SIDE, _STRIP):
            window = Window(col_off=col, row_off=row, width=_STRIP, height=_STRIP)
            values = sea.render(window).values.astype(np.float32)
            part = cell_statistics(Pixels(values, np.ones(values.shape[1:], bool)), STRIDE)
            cells.paste(part, row // STRIDE, col // STRIDE)
    middle = float(np.mean(config.times_s))
    at = np.array([vessel.boat.moved(middle) for vessel in sea.vessels]) / config.gsd_m
    return Site(
        name=f"wind {wind:g}",
        shape=(SIDE, SIDE),
        bands=RGB,
        gsd_m=1.0,
        anchor=_anchor(cells),
        boats=at,
        fold=None,
        known=np.ones(cells.valid.shape, np.bool_),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mosaic:
    """One 10240 x 10240 px mosaic of the scenes of a fold."""

    fold: int
    whole: Frame
    bands: tuple[str, ...]
    gsd_m: float


def mosaics(family: str, scenes: Sequence[Scene], folds: dict[str, int]) -> Iterator[Mosaic]:
    """Of each fold that holds boats; `folds` by site."""
    collections, gsd_m, cut = FAMILIES[family]
    chosen = [scene for scene in scenes if scene.collection in collections]
    for fold in sorted({folds[scene.site] for scene in chosen}):
        frames = [_frame(scene) for scene in chosen if folds[scene.site] == fold]
        if any(len(frame.boats) for frame in frames):
            yield Mosaic(
                fold=fold,
                whole=mosaic(frames, side=SIDE, cut=cut, seed=fold),
                bands=chosen[0].band_names,
                gsd_m=gsd_m or float(np.median([scene.gsd_m for scene in chosen])),
            )


def mosaic_sites(family: str, scenes: Sequence[Scene]) -> Iterator[Site]:
    """As the saliency sees them, held out with the folds of the networks trained now."""
    for made in mosaics(family, scenes, folds_of_sites()):
        whole = made.whole
        cells = SIDE // STRIDE
        blocks = CellBlock.empty(len(whole.values), cells, cells)
        for row in range(0, SIDE, _STRIP):
            rows = slice(row, row + _STRIP)
            pixels = Pixels(whole.values[:, rows].astype(np.float32), whole.valid[rows])
            blocks.paste(cell_statistics(pixels, STRIDE), row // STRIDE)
        yield Site(
            name=f"{family} fold {made.fold}",
            shape=(SIDE, SIDE),
            bands=made.bands,
            gsd_m=made.gsd_m,
            anchor=_anchor(blocks),
            boats=whole.boats,
            fold=made.fold,
            known=~whole.unsure.reshape(cells, STRIDE, cells, STRIDE).any(axis=(1, 3)),
        )


def wider(site: Site) -> Site:
    """The same with cells twice as wide."""

    def blocks(cells: NDArray) -> NDArray:
        """By pairs along rows and columns, which are even in number."""
        *bands, rows, cols = cells.shape
        return cells.reshape(*bands, rows // 2, 2, cols // 2, 2)

    def over_pairs(how: np.ufunc, cells: NDArray) -> NDArray:
        return how.reduce(blocks(cells), axis=(-3, -1))

    anchor = site.anchor
    share = anchor.valid / 4
    valid = over_pairs(np.add, share)
    whole = np.maximum(valid, 1e-9)
    mean = over_pairs(np.add, anchor.mean * share) / whole
    square = over_pairs(np.add, (anchor.std**2 + anchor.mean**2) * share) / whole
    held = anchor.valid > 0
    high = over_pairs(np.maximum, np.where(held, anchor.max, -np.inf))
    low = over_pairs(np.minimum, np.where(held, anchor.min, np.inf))
    window = Window(col_off=0, row_off=0, width=valid.shape[1], height=valid.shape[0])
    statistics = {
        "mean": mean,
        "max": np.where(valid > 0, high, 0),
        "min": np.where(valid > 0, low, 0),
        "std": np.sqrt(np.maximum(square - mean**2, 0)),
        "valid": valid,
    }
    arrays = {name: array.astype(np.float32) for name, array in statistics.items()}
    coarse = replace(anchor, stride=2 * anchor.stride, window=window, core=window, **arrays)
    return replace(site, anchor=coarse, known=over_pairs(np.logical_and, site.known))


def _frame(scene: Scene) -> Frame:
    values = np.where(scene.valid, scene.values, 0)
    values = values.astype(np.uint16 if values.max() > 255 else np.uint8)
    doubtful = np.stack([scene.truth.doubtful.x, scene.truth.doubtful.y], axis=1)
    areas = [shapely.transform(a, lambda xy: xy / scene.gsd_m) for a in scene.truth.ignore]
    areas += [shapely.Point(*at).buffer(20) for at in doubtful / scene.gsd_m]
    unsure = np.zeros(scene.valid.shape, np.uint8)
    if areas:
        rasterize(areas, out=unsure, all_touched=True)
    boats = centres(scene)
    return Frame(values=values, valid=scene.valid, boats=boats, unsure=unsure > 0)


def _anchor(cells: CellBlock) -> GlobalAnchor:
    rows, cols = cells.valid.shape
    window = Window(col_off=0, row_off=0, width=cols, height=rows)
    mean, maximum, minimum, std = cells.statistics
    return GlobalAnchor(
        stride=STRIDE, window=window, core=window,
        mean=mean, max=maximum, min=minimum, std=std, valid=cells.valid,
    )  # fmt: skip
