"""Scenes of 10240 x 10240 px on which the drive is set against tiling.

Simulated open sea at 1 m with 40 boats; mosaics of the labelled scenes of one fold, judged by the
network that never saw them (`mosaics.py`); and the same of the surf frames with hulls of held-out
marinas set on their water.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from pathlib import Path

import numpy as np
import patch_folds
from classical_scenes import labelled_scenes
from labelled import real_cases
from mosaics import Frame, mosaic
from numpy.typing import NDArray
from real_scenes import DATA, coarser, read_case
from selection_sites import mosaics

from pdn_geo.engines import load_detector
from pdn_geo.engines.base import PatchDetector
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.ocean import Sea, SeaConfig
from pdn_geo.testing import FakeScene
from pdn_geo.training.boats import Boats
from pdn_geo.training.crops import cut
from pdn_geo.training.light import light_of
from pdn_geo.training.pasting import paste
from pdn_geo.training.scenes import read_scene
from pdn_geo.training.sprites import cut_sprites

SIDE = 10240
WINDS_MPS = (3, 8, 12, 15)
CALM_MPS = 5
SEA_BOATS, SEA_SEEDS = 40, (0, 1)
"""Seed 1 looks into the sun: at 8 m/s glint has a spread of 20 of 255 levels."""
SURF_PX, FRAME_GSD_M, SURF_COARSER = 512, 0.2, 2
"""Surf is averaged to twice its pixels: hulls seen at 0.3 m cannot be drawn finer."""
SURF_GSD_M = FRAME_GSD_M * SURF_COARSER
SURF_BOATS, TRIES = 3.0, 100
"""On every other piece of surf, in the mean, and how often a place is sought for them."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Large:
    """A scene in memory, where its boats are (N, 2), and where nobody knows. detector_for: what
    judges pixels of so many metres.
    """

    name: str
    group: str
    scene: FakeScene
    boats: Floats
    unsure: NDArray[np.bool_]
    detector_for: Callable[[float], PatchDetector]


def large_scenes() -> Iterator[Large]:
    """All of them, made one after the other."""
    return chain(seas(), real_mosaics(), surf_mosaics())


def seas() -> Iterator[Large]:
    for wind, seed in product(WINDS_MPS, SEA_SEEDS):
        config = SeaConfig(size=SIDE, gsd_m=1.0, wind_mps=wind, boats=SEA_BOATS, seed=seed)
        sea = Sea(config)
        whole = Window(col_off=0, row_off=0, width=SIDE, height=SIDE)
        middle = float(np.mean(config.times_s))
        yield Large(
            name=f"{wind} m/s, seed {seed}",
            group="calm simulated sea" if wind < CALM_MPS else "windy simulated sea",
            scene=_scene(sea.render(whole).values, None, ("red", "green", "blue"), 1.0),
            boats=np.array([vessel.boat.moved(middle) for vessel in sea.vessels]),
            unsure=np.zeros((SIDE, SIDE), np.bool_),
            detector_for=lambda gsd_m: load_detector("network", gsd_m=gsd_m),
        )


def real_mosaics() -> Iterator[Large]:
    scenes = list(labelled_scenes())
    for family, usual_m in (("naip", 1.0), ("planet", 3.0), ("sentinel2", 10.0)):
        weights = patch_folds.name_for(usual_m)
        for made in mosaics(family, scenes, patch_folds.folds_of_sites(weights)):
            yield _large(
                f"fold {made.fold}", f"{family} mosaic", made.whole, made.bands, made.gsd_m,
                patch_folds.held_out_detector(weights, made.fold),
            )  # fmt: skip


def surf_mosaics() -> Iterator[Large]:
    """One for each fold that holds surf: pieces, every other one with boats."""
    weights = patch_folds.name_for(SURF_GSD_M)
    fold_of = patch_folds.folds_of_sites(weights)
    cases = list(real_cases(DATA))
    surf = [case for case in cases if case.collection == "surf_no_boats"]
    for fold in sorted({fold_of[case.site] for case in surf}):
        held = [case for case in cases if fold_of[case.site] == fold]
        marinas = (case for case in held if case.collection == "marina_030cm")
        sprites = cut_sprites(read_case(case) for case in marinas)
        frames = [
            piece
            for case in held
            if case.collection == "surf_no_boats"
            for piece in _pieces(case.path, sprites, np.random.default_rng(fold))
        ]
        frame = mosaic(frames, side=SIDE, cut=None, seed=fold)
        bands = ("red", "green", "blue")
        detector = patch_folds.held_out_detector(weights, fold)
        yield _large(f"fold {fold}", "surf with boats", frame, bands, SURF_GSD_M, detector)


def _pieces(path: Path, sprites: Sequence, rng: np.random.Generator) -> Iterator[Frame]:
    scene = coarser(read_scene(path, Boats.empty(), gsd_m=FRAME_GSD_M), SURF_COARSER)
    light = light_of(scene)
    rows, cols = scene.shape
    for number, col in enumerate(range(0, cols - SURF_PX + 1, SURF_PX)):
        crop = cut(scene, (col + SURF_PX / 2, rows / 2), np.eye(2), SURF_PX)
        crop = replace(crop, water=np.ones_like(crop.water))  # the frames do not tell
        wanted = int(rng.poisson(SURF_BOATS)) if number % 2 == 0 else 0
        for _ in range(TRIES):
            if len(crop.boats) < wanted:
                crop = paste(crop, sprites, light, rng)
        yield Frame(
            values=np.clip(np.round(crop.values), 0, 255).astype(np.uint8),
            valid=crop.valid,
            boats=np.stack([crop.boats.x, crop.boats.y], axis=1),
            unsure=np.zeros(crop.valid.shape, np.bool_),
        )


def _large(
    name: str, group: str, frame: Frame, bands: Sequence[str], gsd_m: float, detector: PatchDetector
) -> Large:
    return Large(
        name=name,
        group=group,
        scene=_scene(frame.values, frame.valid, bands, gsd_m),
        boats=frame.boats,
        unsure=frame.unsure,
        detector_for=lambda gsd_m: detector,
    )


def _scene(
    values: NDArray, valid: NDArray[np.bool_] | None, bands: Sequence[str], gsd_m: float
) -> FakeScene:
    grid = PixelGrid(height=SIDE, width=SIDE, assumed_gsd_m=gsd_m)
    return FakeScene(values, valid=valid, grid=grid, band_names=bands, name="mosaic")
