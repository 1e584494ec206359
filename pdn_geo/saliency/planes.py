"""What the learned saliency is shown: an anchor tile as planes of numbers near 0."""

from collections.abc import Sequence

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
    *(f"rank {name}" for name in PRIORS),
    "water",
    "valid",
    "log cell size",
)

_NEIGHBOURHOOD = 33  # as the sea view's
_SAMPLE = 50_000
_USUAL_CELL_M = 16.0
# Rarer than one cell in e^10 = 22 000 is as rare as that: small scenes know nothing rarer.
_RAREST = 10.0


def suits(band_names: Sequence[str]) -> bool:
    """Whether a scene with these bands can be shown: it needs red, green and blue."""
    return all(band in band_names for band in VISIBLE)


class NetworkPlanes:
    """(CHANNELS, rows, cols) of an anchor tile, cut like an array: `planes[:, rows, cols]` makes
    those of a part, float32, when they are asked for. All of them at once take hundreds of
    megabytes.

    Every cell is measured against the sea around it: mean, max and min in spreads of the sea
    and the priors' scores, both through asinh; std as the logarithm of its ratio to the sea's;
    ranks cut at 10; a missing near infrared is 0. The planes of cells without valid pixels are
    0 but for the last. water: 0-1. cell_m: metres across a cell. `enter` tells the priors'.
    """

    def __init__(
        self,
        anchor: GlobalAnchor,
        band_names: Sequence[str],
        view: SeaView,
        water: Field,
        cell_m: float,
    ) -> None:
        self.shape = (len(CHANNELS), *water.shape)
        self._view, self._water, self._valid = view, water, anchor.valid
        self._cell = np.float32(np.log(cell_m / _USUAL_CELL_M))
        names = list(band_names)
        self._bands = [(i, names.index(band)) for i, band in enumerate(BANDS) if band in names]
        self._textures = [
            _relative_texture(anchor.std[at], view.sea).astype(np.float16) for _, at in self._bands
        ]
        self.told = np.zeros((2 * len(PRIORS), *water.shape), np.float16)

    def enter(self, prior: int, score: Field, rank: Field) -> None:
        """The score of one of `PRIORS`, by its place there, and the `surprise` of it."""
        self.told[prior] = np.arcsinh(score)
        self.told[len(PRIORS) + prior] = np.minimum(rank, np.float32(_RAREST))

    @property
    def scores(self) -> NDArray[np.float16]:
        """(PRIORS, rows, cols): asinh of what was entered."""
        return self.told[: len(PRIORS)]

    def __getitem__(self, at: tuple[slice, slice, slice]) -> NDArray[np.float32]:
        every, rows, cols = at
        assert every == slice(None), "planes are made all together"
        view, valid = self._view, self._valid[rows, cols]
        planes = np.zeros((len(CHANNELS), *valid.shape), np.float32)
        for (i, band), texture in zip(self._bands, self._textures, strict=True):
            for k, statistic in enumerate((view.means, view.maxima, view.minima)):
                np.arcsinh(statistic[band, rows, cols], out=planes[4 * i + k])
            planes[4 * i + 3] = texture[rows, cols]
        first = 4 * len(BANDS)
        planes[first : first + len(self.told)] = self.told[:, rows, cols]
        planes[-3] = self._water[rows, cols]
        planes[-2] = valid
        planes[:, valid <= 0] = 0
        planes[-1] = self._cell
        return planes


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
