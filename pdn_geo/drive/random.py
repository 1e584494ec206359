"""The drive that knows nothing: the mark that every map has to beat."""

from dataclasses import replace
from typing import Any

import numpy as np

from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.saliency.map import SaliencyMap

_WATER = 0.5
_PEAKED = 20
"""Power of a uniform variate: few cells stand out, as on a map of boats, so that windows are
placed and sized as they are there."""


class RandomDrive(GreedyDrive):
    """A `Drive` over chance: as many boats expected as the map's, anywhere on its water.

    seed: the same one gives the same looks.
    """

    def __init__(
        self,
        saliency: SaliencyMap,
        scene_shape: tuple[int, int],
        budget: Budget,
        *,
        seed: int,
        **greedy: Any,
    ) -> None:
        noise = np.random.default_rng(seed).random(saliency.water.shape, dtype=np.float32)
        worth = np.where(saliency.searchable & (saliency.water >= _WATER), noise**_PEAKED, 0)
        total = worth.sum(dtype=np.float64)
        if total > 0:
            worth *= saliency.expected_boats.sum(dtype=np.float64) / total
        chance = replace(saliency, expected_boats=worth.astype(np.float32))
        super().__init__(chance, scene_shape, budget, **greedy)
