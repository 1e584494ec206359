"""Batches of crops as a function of the step, so that any worker makes the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.training.sources import Source
from pdn_geo.training.targets import draw_targets


@dataclass(frozen=True, eq=False)
class CropBatches:
    """Crops of several sources, each with its weight."""

    sources: Sequence[tuple[Source, float]]
    batch: int
    side: int
    stride: int
    seed: int

    def __call__(self, step: int) -> dict[str, NDArray[np.float32]]:
        """Gives inputs (B, 9, side, side) and targets (B, 16, side / stride, side / stride)."""
        rng = np.random.default_rng([self.seed, step])
        weights = np.array([weight for _, weight in self.sources])
        inputs, targets = [], []
        for index in rng.choice(len(weights), size=self.batch, p=weights / weights.sum()):
            crop = self.sources[index][0].crop(rng, self.side)
            inputs.append(crop.network_input())
            targets.append(draw_targets(crop.boats, crop.ignore, self.side, self.stride))
        return {"inputs": np.stack(inputs), "targets": np.stack(targets)}
