"""A memory of normal sea: distance to the nearest remembered cell (PatchCore, Roth 2022)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.saliency.filters import Field, box_mean
from pdn_geo.saliency.prior import SeaView, standardised

_CANDIDATES = 2048
_CHUNK = 1 << 13


@dataclass(frozen=True, slots=True)
class MemoryBank:
    """Greedy k-centre coreset of sea cells, each with its 3 x 3 context.

    A cell is described by its brightest, darkest and mean contrast, its texture, and the
    same of the eight cells around it. The most unusual share of the sea is not remembered:
    it may hold boats.
    """

    size: int = 64
    forgotten: float = 0.02
    name: str = "memory-bank"
    reason: str = "unlike any sea of this scene"

    def score(self, view: SeaView) -> Field:
        """(rows, cols) float32, see `Prior.score`."""
        picked = view.sample(_CANDIDATES)
        if len(picked) < self.size:
            return np.zeros(view.sea.shape, np.float32)
        features = _with_context(view)
        candidates = features[:, picked].T
        extent = np.square(candidates).sum(axis=1)
        candidates = candidates[extent <= np.quantile(extent, 1 - self.forgotten)]
        bank = _coreset(candidates, self.size)
        # |x - b|^2 = |x|^2 - 2 max over b of (b x - |b|^2 / 2): one product and one maximum.
        half = 0.5 * np.square(bank).sum(axis=1)[:, None]
        nearest = np.einsum("fn,fn->n", features, features)
        for start in range(0, features.shape[1], _CHUNK):
            product = bank @ features[:, start : start + _CHUNK]
            product -= half
            nearest[start : start + _CHUNK] -= 2 * product.max(axis=0)
        distance = np.sqrt(np.maximum(nearest, 0)).reshape(view.sea.shape)
        return standardised(distance, view)


def _with_context(view: SeaView) -> NDArray[np.float32]:
    """(8, cells): four statistics over all bands, of the cell and of its 3 x 3 box."""
    own = [
        view.maxima.max(axis=0),
        view.minima.min(axis=0),
        view.means.mean(axis=0),
        view.contrast[-1],
    ]
    return np.stack([field.ravel() for field in [*own, *(box_mean(f, 3) for f in own)]])


def _coreset(samples: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """k-centre by farthest point, from the most ordinary sample on."""
    first = int(np.square(samples).sum(axis=1).argmin())
    chosen = [first]
    distance = np.square(samples - samples[first]).sum(axis=1)
    for _ in range(size - 1):
        chosen.append(int(distance.argmax()))
        np.minimum(distance, np.square(samples - samples[chosen[-1]]).sum(axis=1), out=distance)
    return samples[chosen]
