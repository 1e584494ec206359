"""Labelled scenes for the classical detector's fit: pixels, water, sea, truth, site."""

import csv
import os
import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.warp import transform

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.drive.look import Look
from pdn_geo.engines.base import Patch
from pdn_geo.evaluation.plane import Plane
from pdn_geo.evaluation.truth import Truth, TruthFile, read_truth
from pdn_geo.geometry import Window
from pdn_geo.ocean import SeaConfig, simulate_scene
from pdn_geo.saliency.prior import view_sea
from pdn_geo.saliency.sea_statistics import sea_statistics
from pdn_geo.saliency.water import water_probability
from pdn_geo.sea import SeaStatistics

SEAS = Path(tempfile.gettempdir()) / "pdn-geo-classical-seas"
SEA_KINDS = ((1, 3), (1, 6), (1, 8), (1, 10), (1, 13), (0.5, 8), (3, 8), (10, 8))  # m, m/s
SEA_SEEDS = (100, 101, 102)
"""Seeds 0 to 9 are for tests and benchmarks, never for fitting."""

DATA = Path(os.environ.get("PDN_GEO_DATA", Path(__file__).parents[1].parent / "shared" / "data"))
STRIDE = 8
SIDE, MARGIN = 512, 32
CHIPS_PER_CLASS = 4
WATER_UNKNOWN = ("marina_030cm", "surf_no_boats")  # smaller than what tells water from land
RGB = ("red", "green", "blue")
S2 = ("blue", "green", "red", "nir", "swir")


@dataclass(frozen=True, eq=False)
class Scene:
    """One picture. collection: its data set; site: "collection/place", never split."""

    name: str
    collection: str
    site: str
    gsd_m: float
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    water: NDArray[np.float32]
    sea: SeaStatistics
    truth: Truth
    band_names: tuple[str, ...]


def labelled_scenes() -> Iterator[Scene]:
    """All of them, in an order that does not change."""
    for number in (1, 2, 3, 4):
        place = "SF" if number in (1, 4) else "LongBeach"
        path = DATA / "planet_california" / f"scene_{number}.jpg"
        yield _scene(path, "planet_california", place, 3.0)
    for path in sorted((DATA / "sentinel2_ports").glob("*.tif")):
        yield _scene(path, "sentinel2_ports", path.stem, _ground_gsd(path), S2)
    for folder, collection in (("boats", "naip_coast"), ("no_boats", "naip_no_boats")):
        for path in sorted((DATA / "naip_coast" / folder).glob("*.png"))[
            :: 1 if folder == "boats" else 2
        ]:
            place = re.sub(r"_chunk\d+_|_f\d+$", "_", path.stem).strip("_")
            yield _scene(path, collection, place, 1.0)
    with (DATA / "marina_030cm" / "sites.csv").open(encoding="utf-8") as lines:
        marina = {row["chip"]: row["split_group"] for row in csv.DictReader(lines)}
    for path in sorted((DATA / "marina_030cm").glob("*.png")):
        yield _scene(path, "marina_030cm", marina[path.stem], 0.3048)
    for path in sorted((DATA / "surf_no_boats").glob("*.jpg")):
        yield _scene(path, "surf_no_boats", path.stem.split("_")[0], 0.2)
    for folder in sorted((DATA / "aerial_no_boats").iterdir()):
        for path in sorted(folder.glob("*.jpg"))[:CHIPS_PER_CLASS]:
            yield _scene(path, "aerial_no_boats", folder.name, 0.3048)


def simulated_scenes(
    kinds: Iterable[tuple[float, float]] = SEA_KINDS, seeds: Iterable[int] = SEA_SEEDS
) -> Iterator[Scene]:
    """Seas of (GSD, wind); drawn once and kept in SEAS. Every sea is a site."""
    SEAS.mkdir(exist_ok=True)
    seeds = tuple(seeds)
    for gsd_m, wind in kinds:
        collection = f"sea_{gsd_m:g}m_{wind:g}mps"
        for seed in seeds:
            path = SEAS / f"{collection}_{seed}.tif"
            if not path.exists():
                config = SeaConfig(size=1536, gsd_m=gsd_m, wind_mps=wind, boats=25, seed=seed)
                simulate_scene(path, config)
            yield _scene(path, collection, str(seed), gsd_m)


def sites_by_fold(scenes: Iterable[Scene], folds: int) -> dict[str, int]:
    """Fold of every site: in turn within each collection, alphabetically.

    NAIP frames with and without boats share sites, which stay together.
    """
    sites = sorted({scene.site for scene in scenes})
    count: dict[str, int] = {}
    fold_of = {}
    for site in sites:
        collection = site.split("/")[0]
        fold_of[site] = count.get(collection, 0) % folds
        count[collection] = count.get(collection, 0) + 1
    return fold_of


def patches_of(scene: Scene) -> Iterator[tuple[Patch, Window]]:
    """Overlapping patches that cover the scene, and the part each one answers for."""
    rows, cols = scene.valid.shape
    jacobian = np.diag([scene.gsd_m, -scene.gsd_m])
    for top, core_top, core_bottom, bottom in _spans(rows):
        for left, core_left, core_right, right in _spans(cols):
            window = Window(col_off=left, row_off=top, width=right - left, height=bottom - top)
            core = Window(
                col_off=core_left,
                row_off=core_top,
                width=core_right - core_left,
                height=core_bottom - core_top,
            )
            look = Look(order=0, window=window, reason="exhaustive", expected_boats=0.0)
            at = window.slices
            patch = Patch(
                look=look,
                values=scene.values[:, *at],
                valid=scene.valid[at],
                water=scene.water[at],
                density=np.ones_like(scene.water[at]),
                jacobian=jacobian,
                band_names=scene.band_names,
            )
            yield patch, core


def _spans(size: int) -> Iterator[tuple[int, int, int, int]]:
    step = SIDE - 2 * MARGIN
    for core in range(0, size, step):
        end = min(core + step, size)
        yield max(0, core - MARGIN), core, end, min(size, end + MARGIN)


def _scene(
    path: Path, collection: str, place: str, gsd_m: float, names: tuple[str, ...] = RGB
) -> Scene:
    warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)
    with rasterio.open(path) as source:
        values = source.read().astype(np.float32)
        if source.count == 1 and source.colorinterp[0].name == "palette":
            table = source.colormap(1)
            colours = np.array([table.get(i, (0, 0, 0))[:3] for i in range(256)], dtype=np.float32)
            values = np.moveaxis(colours[values[0].astype(int)], -1, 0)
    values = values[: len(names)]
    valid = np.ones(values.shape[1:], dtype=bool)
    if collection == "sentinel2_ports":
        valid = (values > 0).any(axis=0)
    anchor = _anchor(values, valid)
    cells = water_probability(anchor, names, gsd_m)
    if collection in WATER_UNKNOWN:
        cells = np.full_like(cells, 0.5)
    rows, cols = valid.shape
    water = cells.repeat(STRIDE, axis=0).repeat(STRIDE, axis=1)[:rows, :cols]
    truth = _truth(path, gsd_m)
    site = f"{collection.replace('naip_no_boats', 'naip_coast')}/{place}"
    sea = sea_statistics(anchor, view_sea(anchor, cells)).in_proportion()
    return Scene(path.stem, collection, site, gsd_m, values, valid, water, sea, truth, names)


def _truth(path: Path, gsd_m: float) -> Truth:
    """In metres from the scene's top left corner, y down."""
    labels = path.with_suffix(".hulls.geojson")
    simulated = path.with_suffix(".truth.gpkg")
    if labels.exists():
        return read_truth(labels, coordinates="pixels").on(Plane(pixel_m=gsd_m))
    if not simulated.exists():
        return Truth.empty()
    file = read_truth(simulated)
    with rasterio.open(path) as source:
        to_pixels = ~source.transform
    geometry = shapely.transform(
        file.labels.geometry, lambda points: np.column_stack(to_pixels * points.T)
    )
    return TruthFile(replace(file.labels, geometry=geometry, crs=None)).on(Plane(pixel_m=gsd_m))


def _anchor(values: NDArray[np.float32], valid: NDArray[np.bool_]) -> GlobalAnchor:
    """The global anchor of a small picture; cells that reach outside hold only what is in."""
    bands, rows, cols = values.shape
    high, wide = -(-rows // STRIDE), -(-cols // STRIDE)
    padded = np.full((bands, high * STRIDE, wide * STRIDE), np.nan, dtype=np.float32)
    padded[:, :rows, :cols] = np.where(valid, values, np.nan)
    cells = padded.reshape(bands, high, STRIDE, wide, STRIDE).swapaxes(2, 3)
    cells = cells.reshape(bands, high, wide, STRIDE * STRIDE)
    share = np.isfinite(cells[0]).mean(axis=-1).astype(np.float32)
    empty = share == 0
    cells[:, empty] = 0
    window = Window(col_off=0, row_off=0, width=wide, height=high)
    return GlobalAnchor(
        stride=STRIDE,
        window=window,
        core=window,
        mean=np.nanmean(cells, axis=-1),
        max=np.nanmax(cells, axis=-1),
        min=np.nanmin(cells, axis=-1),
        std=np.nanstd(cells, axis=-1),
        valid=share,
    )


@cache
def _ground_gsd(path: Path) -> float:
    with rasterio.open(path) as source:
        middle = source.transform * (source.width / 2, source.height / 2)
        _, (latitude,) = transform(source.crs, "EPSG:4326", [middle[0]], [middle[1]])
        return float(abs(source.transform.a) * np.cos(np.radians(latitude)))
