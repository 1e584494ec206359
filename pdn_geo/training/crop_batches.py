"""Batches of crops as a function of the step, so that any worker makes the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.training.sources import Source
from pdn_geo.training.targets import draw_targets

_MULTIPLE = 32
_SIDES = {1.0: 0.6, 1.5: 0.25, 2.5: 0.15}
"""Shares of steps: small crops show more places, large ones whole ships."""


@dataclass(frozen=True, eq=False)
class CropBatches:
    """Crops of several sources, each with its weight.

    batch, side: of a step; where `mixed`, a step has crops of once, one and a half times or
    twice and a half the side, and as many as make up the same pixels.
    """

    sources: Sequence[tuple[Source, float]]
    batch: int
    side: int
    stride: int
    seed: int
    mixed: bool = False

    def __call__(self, step: int) -> dict[str, NDArray[np.float32]]:
        """Gives inputs (B, 9, side, side) and targets (B, 16, side / stride, side / stride)."""
        rng = np.random.default_rng([self.seed, step])
        scale = rng.choice(list(_SIDES), p=list(_SIDES.values())) if self.mixed else 1.0
        side = _MULTIPLE * round(self.side * scale / _MULTIPLE) if self.mixed else self.side
        batch = max(2, round(self.batch * (self.side / side) ** 2))
        weights = np.array([weight for _, weight in self.sources])
        inputs, targets = [], []
        for index in rng.choice(len(weights), size=batch, p=weights / weights.sum()):
            crop = self.sources[index][0].crop(rng, side)
            inputs.append(crop.network_input())
            targets.append(draw_targets(crop.boats, crop.ignore, side, self.stride))
        return {"inputs": np.stack(inputs), "targets": np.stack(targets)}
