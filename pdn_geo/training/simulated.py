"""Simulated seas as training scenes: drawn when first asked for, then kept in a folder."""

import os
import pickle
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.ocean import Sea, random_sea
from pdn_geo.ocean.config import BAND_NAMES
from pdn_geo.ocean.labels import labels_of
from pdn_geo.testing import FakeScene
from pdn_geo.training.boats import Boats
from pdn_geo.training.scenes import TrainingScene, read_scene

_LEAST_VISIBLE = 0.4
"""Share of a boat's light that clouds must let through for it to count."""
_LEAST_BERTHED_PX = 1.5


@dataclass(frozen=True)
class SimulatedSeas:
    """`count` seas of size x size pixels; the same seed gives the same seas.

    folder: where they are kept; one folder serves one seed and size.
    """

    folder: Path
    count: int
    size: int = 640
    seed: int = 1000

    def __len__(self) -> int:
        return self.count

    def scene(self, index: int) -> TrainingScene:
        """Sea number `index`."""
        return _kept(self.folder / f"sea_{self.seed}_{self.size}_{index:05d}.pickle", self, index)

    def draw(self, index: int) -> TrainingScene:
        """Sea number `index`, drawn anew."""
        rng = np.random.default_rng([self.seed, index])
        config = random_sea(rng, size=self.size, bands=int(rng.choice([3, 3, 4])))
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
    # In rows of berths that narrow no boat can be told from the next.
    too_fine = (labels.status == "berthed") & (labels.width < _LEAST_BERTHED_PX)
    return Boats(
        x=labels.x,
        y=labels.y,
        length=labels.length,
        width=labels.width,
        angle=labels.angle,
        wake=labels.underway.astype(np.float64),
        bow_known=np.ones(len(labels), bool),
        counts=(labels.visible >= _LEAST_VISIBLE) & ~too_fine,
    )
