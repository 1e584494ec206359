"""Reed-Xiaoli anomaly detection over the statistics of a cell (Reed and Yu 1990)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.saliency.filters import Field
from pdn_geo.saliency.prior import SeaView, standardised

_ROUNDS = 3
_KEPT = 0.95
_RIDGE = 1e-3
_CHUNK = 1 << 17


@dataclass(frozen=True, slots=True)
class Rx:
    """Mahalanobis distance from the sea, its covariance trimmed of the farthest cells."""

    name: str = "rx"
    reason: str = "unusual for this sea"

    def score(self, view: SeaView) -> Field:
        """(rows, cols) float32, see `Prior.score`."""
        features = view.contrast.reshape(len(view.contrast), -1)
        picked = view.sample()
        if len(picked) <= 2 * len(features):
            return np.zeros(view.sea.shape, np.float32)
        centre, whitening = _trimmed_law(features[:, picked].T)
        distance = np.empty(features.shape[1], np.float32)
        for start in range(0, features.shape[1], _CHUNK):
            chunk = slice(start, start + _CHUNK)
            white = whitening @ (features[:, chunk] - centre[:, None])
            distance[chunk] = np.sqrt(np.einsum("fn,fn->n", white, white))
        return standardised(distance.reshape(view.sea.shape), view)


def _trimmed_law(
    samples: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean (F,) and whitening matrix (F, F) of the samples (N, F) that lie nearest."""
    kept = samples[np.abs(samples).max(axis=1) <= np.quantile(np.abs(samples).max(axis=1), _KEPT)]
    for _ in range(_ROUNDS):
        centre = kept.mean(axis=0)
        covariance = np.cov(kept, rowvar=False)
        # Features may say the same (one value a cell, equal bands): keep it invertible.
        covariance += _RIDGE * max(1.0, float(covariance.diagonal().mean())) * np.eye(len(centre))
        whitening = np.linalg.inv(np.linalg.cholesky(covariance))
        distance = np.square((samples - centre) @ whitening.T).sum(axis=1)
        kept = samples[distance <= np.quantile(distance, _KEPT)]
    return centre.astype(np.float32), whitening.astype(np.float32)
