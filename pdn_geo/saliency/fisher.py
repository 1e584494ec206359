"""One score from several priors, whatever their units: Fisher's method (Fisher 1925)."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pdn_geo.saliency.filters import Field

_FEWEST_CELLS = 100


def surprise(score: Field, sea: NDArray[np.bool_]) -> Field:
    """-log of the share of sea cells that score as high; same shape, float32, >= 0.

    In the scene's own ranks a thousand whitecaps are ordinary however bright they are, and
    a prior that they flood has nothing to say, while another may. 0 where there are too
    few sea cells to tell.
    """
    ranked = np.sort(score[sea])
    if len(ranked) < _FEWEST_CELLS:
        return np.zeros_like(score)
    higher = len(ranked) - np.searchsorted(ranked, score.ravel(), side="left")
    share = np.minimum((higher + 0.5) / len(ranked), 1).astype(np.float32)
    return -np.log(share).reshape(score.shape)


def combined(scores: Iterable[Field], sea: NDArray[np.bool_]) -> tuple[Field, NDArray[np.uint8]]:
    """Mean surprise over the priors, and the index of the most surprised one."""
    total = np.zeros(sea.shape, np.float32)
    most = np.full(sea.shape, -1, np.float32)
    strongest = np.zeros(sea.shape, np.uint8)
    count = 0
    for count, score in enumerate(scores, start=1):
        surprised = surprise(score, sea)
        higher = surprised > most
        most[higher] = surprised[higher]
        strongest[higher] = count - 1
        total += surprised
    return total / np.float32(max(count, 1)), strongest
