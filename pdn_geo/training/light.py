"""What a scene shows as white, and how bright the paint of a boat in it may be."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pdn_geo.training.scenes import TrainingScene

Bands = NDArray[np.float32]

_WHITE, _OVER_SEA = 99.7, 2.5  # percentile, and times the sea's mean where nothing is white
_PAINT = (0.2, 1.2)  # brightness over white
_STRETCHED = (0.15, 2.7)  # likewise where white paint saturates
_BLACK = 0.5  # most of paint that a stretched product shows as black as water
_BYTES, _LEAST_OF_BYTES = 255, 128  # the most they hold, and what white is at least among them


@dataclass(frozen=True, eq=False)
class Light:
    """white: (bands,). clipped_at: the value at which white paint saturates, because the product
    is stretched, as bytes are; infinite where it is not.
    """

    white: Bands
    clipped_at: float = np.inf

    @property
    def clipped(self) -> bool:
        """Whether white paint saturates."""
        return bool(np.isfinite(self.clipped_at))

    def of_paint(self, level: Bands, rng: np.random.Generator) -> Bands:
        """How much brighter than the water around, (bands,), the paint of a boat is this time.

        White paint saturates on most boats of NAIP and of Planet's visual product; on
        Sentinel-2's reflectances ships are a quarter as bright as roofs and clouds.
        """
        share = rng.uniform(*_STRETCHED) if self.clipped else np.exp(rng.uniform(*np.log(_PAINT)))
        return np.asarray((self.white - level) * np.float32(share))

    def black(self, rng: np.random.Generator) -> float:
        """Share of a paint's brightness below which a boat is as dark as the water this time."""
        return rng.uniform(0, _BLACK) if self.clipped else 0.0


@lru_cache(maxsize=4096)
def light_of(scene: TrainingScene) -> Light:
    """What the scene's brightest pixels tell, whatever they are."""
    few = scene.values[:, ::3, ::3][:, scene.valid[::3, ::3]]
    white = np.maximum(np.percentile(few, _WHITE, axis=1), _OVER_SEA * scene.sea.mean)
    if scene.values.dtype == np.uint8:
        return Light(np.maximum(white, _LEAST_OF_BYTES).astype(np.float32), _BYTES)
    return Light(white.astype(np.float32))
