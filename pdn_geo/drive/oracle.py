"""The drive that knows all: the mark that no map can beat by much."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import GreedyDrive
from pdn_geo.saliency.map import SaliencyMap


class OracleDrive(GreedyDrive):
    """A `Drive` over the true number of boats in every cell; done when all are seen.

    x, y: (N,) centres of the boats in scene pixels. Greedy, so a little short of the best
    cover there is.
    """

    def __init__(
        self,
        saliency: SaliencyMap,
        scene_shape: tuple[int, int],
        budget: Budget,
        *,
        x: ArrayLike,
        y: ArrayLike,
        **greedy: Any,
    ) -> None:
        boats = boats_per_cell(x, y, saliency.expected_boats.shape, saliency.stride)
        super().__init__(replace(saliency, expected_boats=boats), scene_shape, budget, **greedy)


def boats_per_cell(
    x: ArrayLike, y: ArrayLike, shape: tuple[int, ...], stride: int
) -> NDArray[np.float32]:
    """How many boats have their centre in each cell, `shape`; those in no cell do not count."""
    row, col = (np.floor_divide(v, stride).astype(np.intp) for v in (y, x))
    inside = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
    boats = np.zeros(shape, np.float32)
    np.add.at(boats, (row[inside], col[inside]), 1)
    return boats
