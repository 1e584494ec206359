"""What a label-free saliency sees, and the interface of those that judge it."""

from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.saliency.filters import (
    Each,
    Field,
    box_mean,
    local_mean,
    robust_centre_spread,
    subsample,
)

# Cells across the neighbourhood that says what the sea is like here: wide against a ship
# (400 m are 17 cells of 8 px at 3 m), narrow against haze, turbidity and glint.
_NEIGHBOURHOOD = 33
_SAMPLE = 50_000
# Farther out than this many spreads a cell no longer moves its neighbourhood's mean.
_OUTLIER = 4.0
_MOST = np.float32(1e4)  # keeps squares finite where the sea is all but constant


@dataclass(frozen=True, slots=True)
class SeaView:
    """An anchor tile in units of its own sea.

    contrast: (features, rows, cols) float32: per band mean, max and min, then one log std
    over all bands, each less the water around the cell and over its spread on water; so a
    quiet sea has centre 0 and spread 1 in every feature. sea: (rows, cols) bool, cells
    that are water or may well be; empty when there are too few to tell. spread: (bands,) float32,
    of the cells' means about the water around them, in the units of the scene; 0 without sea.
    """

    contrast: NDArray[np.float32]
    sea: NDArray[np.bool_]
    spread: NDArray[np.float32]

    @property
    def means(self) -> NDArray[np.float32]:
        """(bands, rows, cols)."""
        return self.contrast[:-1:3]

    @property
    def maxima(self) -> NDArray[np.float32]:
        """(bands, rows, cols)."""
        return self.contrast[1:-1:3]

    @property
    def minima(self) -> NDArray[np.float32]:
        """(bands, rows, cols)."""
        return self.contrast[2:-1:3]

    def sample(self, count: int = _SAMPLE) -> NDArray[np.intp]:
        """Flat indices of sea cells, evenly spread, the same every run."""
        return subsample(self.sea.ravel(), count)


class Prior(Protocol):
    """A score for how little a cell looks like the sea around it. Needs no labels."""

    @property
    def name(self) -> str: ...

    @property
    def reason(self) -> str:
        """Why the cell stands out, in words for an analyst."""

    def score(self, view: SeaView) -> Field:
        """(rows, cols) float32; centre 0 and spread 1 on the sea, high is unusual."""


def view_sea(anchor: GlobalAnchor, water: Field, each: Each = map) -> SeaView:
    """Measure every cell against the water around it; `water` (rows, cols), 0-1."""
    sea = (water >= 0.5) & (anchor.valid > 0.5)
    weight = sea.astype(np.float32)
    bands, rows, cols = anchor.mean.shape
    contrast = np.empty((3 * bands + 1, rows, cols), np.float32)
    spread = np.zeros(bands, np.float32)
    picked = subsample(sea.ravel(), _SAMPLE)
    if not len(picked):
        contrast[:] = 0
        return SeaView(contrast, sea, spread)
    share = box_mean(weight, _NEIGHBOURHOOD)

    def measure_band(band: int) -> None:
        mean = anchor.mean[band]
        around = _surroundings(mean, weight, share, picked)
        spread[band] = robust_centre_spread(mean.ravel()[picked] - around.ravel()[picked])[1]
        for i, statistic in enumerate((anchor.mean, anchor.max, anchor.min)):
            contrast[3 * band + i] = _in_spreads(statistic[band] - around, picked)

    def measure_texture() -> None:
        texture = np.log(_texture(anchor.std, picked))
        around = _surroundings(texture, weight, share, picked)
        contrast[-1] = _in_spreads(texture - around, picked)

    parts = (*(partial(measure_band, band) for band in range(bands)), measure_texture)
    list(each(lambda part: part(), parts))
    contrast[:, anchor.valid <= 0] = 0
    return SeaView(contrast, sea, spread)


def standardised(score: Field, view: SeaView) -> Field:
    """Centre 0 and spread 1 on the sea."""
    picked = view.sample()
    return _in_spreads(score, picked) if len(picked) else np.zeros_like(score)


def _surroundings(values: Field, weight: Field, share: Field, picked: NDArray[np.intp]) -> Field:
    centre, spread = robust_centre_spread(values.ravel()[picked])
    reach = _OUTLIER * spread + 1e-12
    capped = np.clip(values, np.float32(centre - reach), np.float32(centre + reach))
    return local_mean(capped, weight, share, _NEIGHBOURHOOD, centre)


def _in_spreads(values: Field, picked: NDArray[np.intp]) -> Field:
    sample = values.ravel()[picked]
    centre, spread = robust_centre_spread(sample)
    deviation = float(sample.std())
    # In a quantised sea most cells are equal but for rounding: then the plain deviation is
    # the yardstick.
    if spread <= 1e-3 * deviation:
        spread = deviation
    spread = spread or 1.0
    return np.clip((values - np.float32(centre)) / np.float32(spread), -_MOST, _MOST)


def _texture(std: NDArray[np.float32], picked: NDArray[np.intp]) -> Field:
    """Root mean square over bands of the std within a cell, never zero."""
    texture = np.sqrt(np.mean(np.square(std), axis=0))
    floor = 0.1 * float(texture.ravel()[picked].mean()) or 1.0
    return np.asarray(texture + np.float32(floor), dtype=np.float32)
