"""Simulated seas as training scenes: drawn when first asked for, then kept in a folder."""

import os
import pickle
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.ocean import Sea, random_sea, windy_sea
from pdn_geo.ocean.config import BAND_NAMES
from pdn_geo.ocean.labels import labels_of
from pdn_geo.testing import FakeScene
from pdn_geo.training.boats import Boats
from pdn_geo.training.scenes import TrainingScene, read_scene

_LEAST_VISIBLE = 0.4
"""Share of a boat's light that clouds must let through for it to count."""
_LEAST_PX = 2.0
"""Boats shorter than this are left out of teaching: real ones nobody labels."""
_APART_PX = 3.5
"""In rows of berths and moorings closer than this no boat can be told from the next."""


@dataclass(frozen=True)
class SimulatedSeas:
    """`count` seas of size x size pixels; the same seed gives the same seas.

    folder: where they are kept; one folder serves one set of the other options. gsd_m: least and
    most metres per pixel; default those of all sensors. windy: open sea with whitecaps alone,
    which goes with gsd_m.
    """

    folder: Path
    count: int
    size: int = 640
    seed: int = 1000
    gsd_m: tuple[float, float] | None = None
    windy: bool = False

    def __len__(self) -> int:
        return self.count

    def scene(self, index: int) -> TrainingScene:
        """Sea number `index`."""
        return _kept(self.folder / f"sea_{self.seed}_{self.size}_{index:05d}.pickle", self, index)

    def draw(self, index: int) -> TrainingScene:
        """Sea number `index`, drawn anew."""
        rng = np.random.default_rng([self.seed, index])
        gsd_m = None if self.gsd_m is None else float(np.exp(rng.uniform(*np.log(self.gsd_m))))
        bands = int(rng.choice([3, 3, 4]))
        if self.windy:
            assert gsd_m is not None
            config = windy_sea(rng, size=self.size, gsd_m=gsd_m, bands=bands)
        else:
            config = random_sea(rng, size=self.size, gsd_m=gsd_m, bands=bands)
        sea = Sea(config)
        whole = Window(col_off=0, row_off=0, width=self.size, height=self.size)
        grid = PixelGrid(height=self.size, width=self.size, assumed_gsd_m=config.gsd_m)
        names = BAND_NAMES[: config.bands]
        source = FakeScene(
            sea.render(whole).values, grid=grid, band_names=names, name=f"sea {index}"
        )
        return read_scene(source, _boats(sea))


@lru_cache(maxsize=1024)
def _kept(path: Path, seas: SimulatedSeas, index: int) -> TrainingScene:
    if path.exists():
        with path.open("rb") as file:
            scene: TrainingScene = pickle.load(file)
            return scene
    scene = seas.draw(index)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}")
    with aside.open("wb") as file:
        pickle.dump(scene, file)
    aside.replace(path)
    return scene


def _boats(sea: Sea) -> Boats:
    labels = labels_of(sea)
    told = (labels.length >= _LEAST_PX) & (_to_next(labels.x, labels.y) >= _APART_PX)
    return Boats(
        x=labels.x,
        y=labels.y,
        length=labels.length,
        width=labels.width,
        angle=labels.angle,
        wake=labels.underway.astype(np.float64),
        bow_known=np.ones(len(labels), bool),
        counts=(labels.visible >= _LEAST_VISIBLE) & told,
    )


def _to_next(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels from each boat to the nearest other one; infinite where there is none."""
    if len(x) < 2:
        return np.full(len(x), np.inf)
    places = np.column_stack([x, y])
    return np.asarray(cKDTree(places).query(places, k=2)[0][:, 1])
