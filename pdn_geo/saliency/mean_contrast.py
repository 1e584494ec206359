"""A cell's mean against the water around it: what is large, and what single foam is not."""

from dataclasses import dataclass

import numpy as np

from pdn_geo.saliency.filters import Field
from pdn_geo.saliency.prior import SeaView, standardised


@dataclass(frozen=True, slots=True)
class MeanContrast:
    """The largest difference over bands, brighter or darker."""

    name: str = "mean"
    reason: str = "a patch of other brightness than the water around it"

    def score(self, view: SeaView) -> Field:
        """(rows, cols) float32, see `Prior.score`."""
        return standardised(np.abs(view.means).max(axis=0), view)
