"""Cell-averaging CFAR: contrast against a ring of water (Finn and Johnson 1968)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pdn_geo.saliency.filters import Field, ring_mean
from pdn_geo.saliency.prior import SeaView, standardised

_OUTLIER = 4.0


@dataclass(frozen=True, slots=True)
class CaCfar:
    """Brightest (or darkest) pixel of a cell against the same statistic around it.

    The ring is `outer` cells wide without its inner `guard` cells, water only. Cells
    beyond four spreads are cut to that before they enter the ring, so that a neighbour's
    hull does not hide a boat. The ring's own deviation is the unit: in a rough or glinting
    patch of sea it takes more to stand out.
    """

    polarity: Literal["bright", "dark"] = "bright"
    outer: int = 21
    guard: int = 7

    @property
    def name(self) -> str:
        return f"cfar-{self.polarity}"

    @property
    def reason(self) -> str:
        return f"{self.polarity} against the water around it"

    def score(self, view: SeaView) -> Field:
        """(rows, cols) float32, see `Prior.score`."""
        extremes = view.maxima if self.polarity == "bright" else -view.minima
        peak = extremes.max(axis=0)
        weight = view.sea.astype(np.float32)
        capped = np.clip(peak, -_OUTLIER, _OUTLIER) * weight
        share = ring_mean(weight, self.outer, self.guard)
        known = share > 0.05
        np.maximum(share, 0.05, out=share)
        mean = ring_mean(capped, self.outer, self.guard) / share
        square = ring_mean(capped * capped, self.outer, self.guard) / share
        # A ring is a small sample: no patch of sea counts as quieter than half the usual.
        deviation = np.sqrt(np.maximum(square - mean * mean, 0.25))
        contrast = np.where(known, (peak - mean) / deviation, peak)
        return standardised(contrast, view)
