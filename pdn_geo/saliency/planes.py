"""What the learned saliency is shown: an anchor tile as planes of numbers near 0."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pdn_geo.anchor import GlobalAnchor
from pdn_geo.saliency.filters import Field, box_mean, local_mean, subsample
from pdn_geo.saliency.prior import SeaView

VISIBLE = ("red", "green", "blue")
BANDS = (*VISIBLE, "nir")
PRIORS = ("cfar-bright", "cfar-dark", "mean", "rx", "wake")
CHANNELS = (
    *(f"{band} {statistic}" for band in BANDS for statistic in ("mean", "max", "min", "std")),
    *(f"prior {name}" for name in PRIORS),
    "water",
    "valid",
    "log cell size",
)

_NEIGHBOURHOOD = 33  # as the sea view's
_SAMPLE = 50_000
_USUAL_CELL_M = 16.0


def suits(band_names: Sequence[str]) -> bool:
    """Whether a scene with these bands can be shown: it needs red, green and blue."""
    return all(band in band_names for band in VISIBLE)


def network_planes(
    anchor: GlobalAnchor,
    band_names: Sequence[str],
    view: SeaView,
    scores: Iterable[Field],
    water: Field,
    cell_m: float,
) -> NDArray[np.float16]:
    """(CHANNELS, rows, cols), every cell measured against the sea around it.

    Mean, max and min in spreads of the sea and the priors' scores, both through asinh; std
    as the logarithm of its ratio to the sea's; a missing near infrared is 0. The planes
    of cells without valid pixels are 0 but for the last. scores: of `PRIORS`, in that
    order. water: 0-1. cell_m: metres across a cell.
    """
    names = list(band_names)
    planes = np.zeros((len(CHANNELS), *water.shape), np.float16)
    for i, band in enumerate(BANDS):
        if band not in names:
            continue
        at = names.index(band)
        for k, statistic in enumerate((view.means, view.maxima, view.minima)):
            planes[4 * i + k] = np.arcsinh(statistic[at])
        planes[4 * i + 3] = _relative_texture(anchor.std[at], view.sea)
    first = 4 * len(BANDS)
    for k, score in enumerate(scores):
        planes[first + k] = np.arcsinh(score)
    planes[-3] = water
    planes[-2] = anchor.valid
    planes[:, anchor.valid <= 0] = 0
    planes[-1] = np.log(cell_m / _USUAL_CELL_M)
    return planes


def prior_planes(planes: NDArray[np.float16]) -> NDArray[np.float16]:
    """(PRIORS, rows, cols): asinh of the priors' scores among the planes."""
    first = 4 * len(BANDS)
    return planes[first : first + len(PRIORS)]


def _relative_texture(std: Field, sea: NDArray[np.bool_]) -> Field:
    """Log of a cell's std over that of the sea around it; 0 where there is no sea."""
    picked = subsample(sea.ravel(), _SAMPLE)
    if not len(picked):
        return np.zeros_like(std)
    usual = float(std.ravel()[picked].mean())
    floor = np.float32(0.1 * usual or 1.0)
    capped = np.minimum(std, np.float32(4 * usual))
    weight = sea.astype(np.float32)
    share = box_mean(weight, _NEIGHBOURHOOD)
    around = local_mean(capped, weight, share, _NEIGHBOURHOOD, usual)
    return np.log((std + floor) / (around + floor))
