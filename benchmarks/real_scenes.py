"""Real scenes as training material: labels, coarser copies, shares and folds."""

import json
import os
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import shapely
from folds import fold_of_sites
from labelled import Case, boats_at, real_cases, wake_cases
from numpy.typing import NDArray

from pdn_geo.grid import PixelGrid
from pdn_geo.testing import FakeScene
from pdn_geo.training.boats import Boats
from pdn_geo.training.scenes import TrainingScene, read_scene
from pdn_geo.training.sources import LabelledScenes
from pdn_geo.training.sprites import Sprite, cut_sprites

DATA = Path(os.environ.get("PDN_GEO_DATA", Path(__file__).parents[1].parent / "shared" / "data"))
FOLDS = 3
"""Of what is trained now; older weights keep theirs, see `patch_folds.record`."""

COARSER = {
    "planet_california": (3,),
    "naip_coast": (2, 3),
    "naip_no_boats": (2, 3),
    "marina_030cm": (2, 3),
    "surf_no_boats": (2, 4),
    "aerial_no_boats": (3,),
}
"""Copies averaged over n x n pixels, of other sensors' GSD, and their share of a collection."""
COARSE_SHARE = 0.35
_LEAST_PX = 1.5


def real_sources(
    shares: Mapping[str, float],
    gsd_m: tuple[float, float] | None,
    fold_of: Mapping[str, int],
    held_out: int | None,
    kept: Path,
) -> tuple[list[tuple[LabelledScenes, float]], list[Sprite]]:
    """Crops of all sites but those of a fold, each source with its weight, and the boats that can
    be cut out of them.

    shares: how often a crop is of each collection. gsd_m: metres per pixel of the scenes and of
    their coarser copies; None for any. fold_of: every site. kept: a file that keeps the surveyed
    scenes.
    """
    scenes = [
        item
        for item in surveyed(kept)
        if held_out is None or fold_of.get(item.case.site) != held_out
    ]
    sprites = cut_sprites(item.scene for item in scenes if item.factor == 1)
    sources: list[tuple[LabelledScenes, float]] = []
    for collection, weight in shares.items():
        set_on_water = [] if collection == "marina_030cm" else sprites
        of_collection = [item for item in scenes if item.case.collection == collection]
        for group, part in _by_fineness(of_collection, gsd_m):
            for dry, of_group, chosen in _by_dryness(group):
                source = LabelledScenes(chosen, _shares(chosen), set_on_water, dry=dry)
                sources.append((source, weight * part * of_group))
    return sources, sprites


@dataclass(frozen=True, eq=False)
class Surveyed:
    """A scene, or a copy of it averaged over factor x factor pixels."""

    case: Case
    factor: int
    scene: TrainingScene

    @property
    def dry(self) -> bool:
        """Whether there is nothing but land."""
        return self.case.collection == "aerial_no_boats" and not self.case.site.endswith("/beach")


def _by_fineness(
    scenes: list[Surveyed], gsd_m: tuple[float, float] | None
) -> list[tuple[list[Surveyed], float]]:
    """Those at these metres per pixel; where all will do, scenes as they are and coarser copies,
    each with their share.
    """
    if gsd_m is not None:
        return [([item for item in scenes if gsd_m[0] <= item.scene.gsd_m <= gsd_m[1]], 1.0)]
    coarse = [item for item in scenes if item.factor > 1]
    share = COARSE_SHARE if coarse else 0.0
    return [([item for item in scenes if item.factor == 1], 1 - share), (coarse, share)]


def _by_dryness(group: list[Surveyed]) -> Iterator[tuple[bool, float, list[TrainingScene]]]:
    """Scenes with water and those without, each with their share of a collection."""
    for dry in (False, True):
        chosen = [item.scene for item in group if item.dry == dry]
        if chosen:
            yield dry, len(chosen) / len(group), chosen


@cache
def surveyed(kept: Path) -> list[Surveyed]:
    """Every real scene and coarser copy, read and surveyed once."""
    if not kept.exists():
        scenes = [item for case in _cases() for item in _survey(case)]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pickle.dumps(scenes))
    return pickle.loads(kept.read_bytes())


def _survey(case: Case) -> Iterator[Surveyed]:
    scene = read_case(case)
    yield Surveyed(case, 1, scene)
    for factor in COARSER.get(case.collection, ()):
        yield Surveyed(case, factor, coarser(scene, factor))


def _cases() -> Iterator[Case]:
    return chain(real_cases(DATA), wake_cases(DATA))


@cache
def folds_of_sites() -> dict[str, int]:
    """The fold that each site "collection/place" is held out with."""
    return fold_of_sites(boats_at(_cases()), FOLDS)


def coarser(scene: TrainingScene, factor: int) -> TrainingScene:
    """As a sensor of `factor` times the ground sampling distance would see it."""
    rows, cols = (size // factor for size in scene.shape)

    def blocks(array: NDArray) -> NDArray:
        part = array[..., : rows * factor, : cols * factor]
        return part.reshape(*array.shape[:-2], rows, factor, cols, factor)

    values = np.round(blocks(scene.values.astype(np.float32)).mean((-3, -1)))
    grid = PixelGrid(height=rows, width=cols, assumed_gsd_m=scene.gsd_m * factor)
    boats = scene.boats.mapped(np.eye(2) / factor, np.zeros(2))
    boats = replace(boats, counts=boats.counts & (boats.length >= _LEAST_PX))
    source = FakeScene(
        values,
        valid=blocks(scene.valid).all((-3, -1)),
        grid=grid,
        band_names=scene.band_names,
        name=f"{scene.name} / {factor}",
    )
    areas = [shapely.transform(area, lambda points: points / factor) for area in scene.ignore]
    return read_scene(source, boats, areas)


def _shares(scenes: list[TrainingScene]) -> NDArray[np.float64]:
    worth = np.array(
        [np.sqrt(scene.valid.sum()) * (1 + len(scene.boats)) ** 0.25 for scene in scenes]
    )
    return worth / worth.sum()


def read_case(case: Case) -> TrainingScene:
    """A labelled scene as it is, surveyed."""
    boats, ignore = Boats.empty(), ()
    if case.labels is not None:
        features = json.loads(case.labels.read_text(encoding="utf-8"))["features"]
        boats, ignore = _boats(features), _areas(features)
    return read_scene(case.path, boats, ignore, bands=case.bands, gsd_m=case.gsd_m)


def _areas(features: list[dict]) -> tuple[shapely.Geometry, ...]:
    return tuple(
        shapely.geometry.shape(feature["geometry"])
        for feature in features
        if feature["properties"]["kind"] == "ignore"
    )


def _boats(features: list[dict]) -> Boats:
    rows = list(_rows(features))
    if not rows:
        return Boats.empty()
    *numbers, bow, counts = (np.array(column) for column in zip(*rows, strict=True))
    return Boats(*(column.astype(np.float64) for column in numbers), bow, counts)


def _rows(features: list[dict]) -> Iterator[tuple]:
    for feature in features:
        properties = feature["properties"]
        if properties["kind"] != "vessel":
            continue
        (x0, y0), *_, (x1, y1) = feature["geometry"]["coordinates"]
        length = float(np.hypot(x1 - x0, y1 - y0))
        beam = float(properties.get("beam_px") or np.nan)
        wake = {"underway": 1.0, "still": 0.0, "berthed": 0.0}.get(properties.get("status"), np.nan)
        angle = float(np.arctan2(y0 - y1, x0 - x1))
        sure = properties.get("confidence", 3) > 1
        yield ((x0 + x1) / 2, (y0 + y1) / 2, max(length, beam), min(length, beam), angle, wake,
               False, sure)  # fmt: skip
