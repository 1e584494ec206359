"""A greedy drive whose map a controller re-weights after every round of looks."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdn_geo.drive.budget import Budget
from pdn_geo.drive.greedy import ROUND, GreedyDrive
from pdn_geo.drive.look import Look
from pdn_geo.saliency.map import SaliencyMap

Controller = Callable[[Sequence[Look], Sequence[NDArray[np.floating]]], NDArray[np.floating]]
"""From the looks of one more round and the scores that each found, to a finite log-ratio per
cell (rows, cols): how many times more boats than the map says, by all rounds so far."""

MOST_LOG_RATIO = 4.0
"""A controller changes a cell by a factor of 55 at most: it never closes one for good."""


class RecurrentDrive(GreedyDrive):
    """A `Drive` that asks a controller, at the end of every round, where the rest lies.

    The controller says only *where*: its ratios are scaled so that the map as a whole keeps
    what it expects. *How many* stays with the feedback, which is calibrated. Without a round's
    end, or where all is seen by a tiling anyhow, the looks are those of the greedy drive.
    """

    def __init__(
        self,
        saliency: SaliencyMap,
        scene_shape: tuple[int, int],
        budget: Budget,
        controller: Controller,
        **greedy: Any,
    ) -> None:
        super().__init__(saliency, scene_shape, budget, **greedy)
        self._controller = controller
        self._told: list[tuple[Look, NDArray[np.floating]]] = []

    def update(
        self, looks: Sequence[Look], detection_scores: Sequence[NDArray[np.floating]]
    ) -> None:
        """Tell what each look found: the scores (N,), 0-1, of its detections."""
        super().update(looks, detection_scores)
        if self._plan is not None:
            return
        self._told += zip(looks, detection_scores, strict=True)
        if len(self._told) == ROUND:
            self._rest[:] = self._reweighted(*zip(*self._told, strict=True))
            self._sizes = None  # every candidate is to be summed again
            self._told.clear()

    def _reweighted(
        self, looks: Sequence[Look], scores: Sequence[NDArray[np.floating]]
    ) -> NDArray[np.floating]:
        log_ratio = self._controller(looks, scores)
        assert log_ratio.shape == self._rest.shape, "a controller answers for every cell"
        ratio = np.exp(np.clip(log_ratio, -MOST_LOG_RATIO, MOST_LOG_RATIO))
        # From the map, not from the last round's weights: what was said before does not pile up.
        rest = np.where(self._rest > 0, self._saliency.expected_boats * ratio, np.float32(0))
        total = rest.sum(dtype=np.float64)
        return rest * (self._left / total) if total > 0 else rest
