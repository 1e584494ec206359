"""Scenes to train on: pixels as the file has them, boats, and what the survey says."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.io import VectorMasks
from pdn_geo.scene import Scene
from pdn_geo.sea import SeaStatistics
from pdn_geo.survey import opened, survey
from pdn_geo.training.boats import Boats

_COMPACT = {8: np.uint8, 16: np.uint16}


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainingScene:
    """One scene in memory.

    values: (bands, rows, cols), uint8 or uint16 where the pixels are whole numbers, else
    float32. valid: (rows, cols). gsd_m: NaN if unknown. ignore: areas in pixels that
    nothing is learnt from. stride: pixels per cell of water (float16) and expected
    (float32, expected boats by the saliency map), both (cells down, cells across).
    """

    name: str
    values: NDArray[Any]
    valid: NDArray[np.bool_]
    band_names: tuple[str, ...]
    gsd_m: float
    boats: Boats
    ignore: tuple[shapely.Geometry, ...]
    sea: SeaStatistics
    stride: int
    water: NDArray[np.float16]
    expected: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        return self.valid.shape[0], self.valid.shape[1]


def read_scene(
    source: Any,
    boats: Boats,
    ignore: Sequence[shapely.Geometry] = (),
    *,
    bands: Sequence[int | str] | None = None,
    gsd_m: float | None = None,
) -> TrainingScene:
    """Read all of a scene (a path, or whatever `pdn_geo.detect` takes) and survey it.

    Raises SceneError and OptionError as `pdn_geo.detect` does.
    """
    with opened(source, bands=bands, gsd_m=gsd_m) as scene:
        masks = VectorMasks.read(scene.grid, aoi=None, water=None, land=None, scene_name=scene.name)
        coarse = survey(scene, masks, threads=1)
        values, valid = _pixels(scene)
        return TrainingScene(
            name=Path(scene.name).name,
            values=values,
            valid=valid,
            band_names=tuple(scene.band_names),
            gsd_m=scene.grid.gsd_m,
            boats=boats,
            ignore=tuple(ignore),
            sea=coarse.sea,
            stride=coarse.saliency.stride,
            water=coarse.saliency.water,
            expected=coarse.saliency.expected_boats,
        )


def _pixels(scene: Scene) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    whole = Window(col_off=0, row_off=0, width=scene.grid.width, height=scene.grid.height)
    pixels = scene.read(whole)
    values: NDArray[Any] = pixels.values
    for dtype in _COMPACT.values():
        small = values.astype(dtype)
        if np.array_equal(small, values):
            return small, pixels.valid
    return values, pixels.valid
