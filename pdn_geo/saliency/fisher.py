"""One score from several priors, whatever their units: Fisher's method (Fisher 1925)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.saliency.filters import Field

_FEWEST_CELLS = 100
# Sign, exponent and 12 bits of mantissa: ranks to 1/4096 of a score, counted not sorted.
_KEY_BITS = 21


def surprise(score: Field, sea: NDArray[np.bool_]) -> Field:
    """-log of the share of sea cells that score as high; same shape, float32, >= 0.

    In the scene's own ranks a thousand whitecaps are ordinary however bright they are, and
    a prior that they flood has nothing to say, while another may. 0 where there are too
    few sea cells to tell.
    """
    keys = _ordered_keys(score)
    counts = np.bincount(keys[sea], minlength=1 << _KEY_BITS)
    total = int(counts.sum())
    if total < _FEWEST_CELLS:
        return np.zeros_like(score)
    share = np.cumsum(counts[::-1])[::-1] + 0.5
    share /= total
    np.log(np.minimum(share, 1, out=share), out=share)
    return -share.astype(np.float32)[keys]


def _ordered_keys(score: Field) -> NDArray[np.int64]:
    """Whole numbers in the order of the scores: the leading bits of IEEE 754 floats."""
    bits = np.ascontiguousarray(score, dtype=np.float32).view(np.uint32)
    negative = bits >> 31 != 0
    ordered = np.where(negative, ~bits, bits | np.uint32(1 << 31))
    return (ordered >> np.uint32(32 - _KEY_BITS)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Combined:
    """What several priors say together; arrays (rows, cols).

    strength: float32, mean over the priors of log(1 + score): how far from the sea, which
    in a calm sea is what counts. surprise: float32, mean over the priors of `surprise`:
    how rare in this scene, whatever floods one of them. strongest: index of the prior
    that is most surprised.
    """

    strength: Field
    surprise: Field
    strongest: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one prior says; arrays (rows, cols) float32 as in `Combined`, before the mean."""

    strength: Field
    surprise: Field


def judge(score: Field, sea: NDArray[np.bool_]) -> Judgement:
    """From a prior's score, (rows, cols), with centre 0 and spread 1 on the sea."""
    strength = np.maximum(score, 0)
    return Judgement(np.log1p(strength, out=strength), surprise(score, sea))


def combine(judgements: Iterable[Judgement], shape: tuple[int, ...]) -> Combined:
    """What all priors say of a map of `shape`."""
    strength = np.zeros(shape, np.float32)
    total = np.zeros(shape, np.float32)
    most = np.full(shape, -1, np.float32)
    strongest = np.zeros(shape, np.uint8)
    count = 0
    for count, one in enumerate(judgements, start=1):
        np.copyto(strongest, np.uint8(count - 1), where=one.surprise > most)
        np.maximum(most, one.surprise, out=most)
        total += one.surprise
        strength += one.strength
    share = np.float32(1 / max(count, 1))
    return Combined(strength * share, total * share, strongest)
