"""What a config's sources hold, read and ready to be cut into crops."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pdn_geo.engines.network.inputs import NEEDED
from pdn_geo.errors import OptionError
from pdn_geo.io import open_scene
from pdn_geo.training.boats import Boats
from pdn_geo.training.config import (
    LabelledScene,
    RunConfig,
    SceneSource,
    SimulatedSource,
    TrainingConfig,
)
from pdn_geo.training.crop_batches import CropBatches
from pdn_geo.training.labels import Labels, read_labels
from pdn_geo.training.scenes import TrainingScene, read_scene
from pdn_geo.training.simulated import SimulatedSeas
from pdn_geo.training.sources import LabelledScenes, Simulated, Source
from pdn_geo.training.sprites import cut_sprites

SEAS_GSD_M = (0.3, 10.0)


@dataclass(frozen=True, eq=False)
class Dataset:
    """batches: of a run. sites: the scenes' names, simulated seas apart. gsd_m: least and most;
    NaN where nobody knows. boats: how many are labelled in the scenes.
    """

    batches: CropBatches
    sites: tuple[str, ...]
    gsd_m: tuple[float, float]
    boats: int


def read_dataset(
    config: TrainingConfig, *, stride: int, progress: Callable[[str], None] | None = None
) -> Dataset:
    """Read all scenes into memory. progress: called with the name of each before it is read.

    Boats that are labelled in enough pixels are cut out, and set on the water of all scenes.
    Raises SceneError, VectorError, OptionError.
    """
    read: list[tuple[SceneSource, list[TrainingScene]]] = []
    for source in config.sources:
        if isinstance(source, SceneSource):
            read.append((source, [_scene(pair, source, progress) for pair in source.scenes]))
    scenes = [scene for _, group in read for scene in group]
    sprites = [sprite for sprite in cut_sprites(scenes) if np.isfinite(sprite.gsd_m)]
    sources: list[tuple[Source, float]] = [
        (LabelledScenes(group, _shares(group), sprites), source.weight) for source, group in read
    ]
    known = [scene.gsd_m for scene in scenes if np.isfinite(scene.gsd_m)]
    for source in config.sources:
        if isinstance(source, SimulatedSource):
            sources.append((_simulated(source, config.run), source.weight))
            known.extend(SEAS_GSD_M)
    run = config.run
    return Dataset(
        CropBatches(sources, batch=run.batch, side=run.crop_px, stride=stride, seed=run.seed),
        tuple(dict.fromkeys(Path(scene.name).stem for scene in scenes)),
        (min(known), max(known)) if known else (np.nan, np.nan),
        sum(int(scene.boats.counts.sum()) for scene in scenes),
    )


def leading_gsd(config: TrainingConfig) -> float:
    """Metres per pixel of the first scene; NaN where it does not tell, and without scenes."""
    for source in config.sources:
        if isinstance(source, SceneSource):
            with open_scene(source.scenes[0].scene, gsd_m=source.gsd_m) as scene:
                return scene.grid.gsd_m
    return float("nan")


def _scene(
    pair: LabelledScene, source: SceneSource, progress: Callable[[str], None] | None
) -> TrainingScene:
    if progress:
        progress(pair.scene.name)
    with open_scene(pair.scene, bands=source.bands, gsd_m=source.gsd_m) as scene:
        missing = [band for band in NEEDED if band not in scene.band_names]
        if missing:
            raise OptionError(
                f"{pair.scene}: the network needs {', '.join(NEEDED)}, and the scene has "
                f"{', '.join(scene.band_names)}; say which is which by bands"
            )
        labels = Labels(Boats.empty(), ())
        if pair.labels:
            labels = read_labels(pair.labels, pair.scene, scene.grid)
        return read_scene(scene, labels.boats, labels.ignore)


def _shares(scenes: list[TrainingScene]) -> np.ndarray:
    """Larger scenes are drawn more often, but not by as much as they are larger."""
    worth = np.sqrt([scene.valid.size for scene in scenes])
    return np.asarray(worth / worth.sum(), dtype=np.float64)


def _simulated(source: SimulatedSource, run: RunConfig) -> Simulated:
    return Simulated(SimulatedSeas(run.out / "seas", source.seas, seed=run.seed))
