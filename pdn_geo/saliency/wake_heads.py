"""Streaks that begin at a cell: the wake tells a boat that is no brighter than the foam."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdn_geo.saliency.filters import Field
from pdn_geo.saliency.prior import SeaView, standardised

_DIRECTIONS = 24
# The boat's own cells say nothing of a streak behind it.
_START = 2
# Cells worked on at once: some shifted fields of them fit in the processor's cache.
_CELLS_AT_ONCE = 2**15
# No single cell makes a streak: brighter cells than this many spreads are cut to that.
_BRIGHTEST = 4.0


@dataclass(frozen=True, slots=True)
class WakeHeads:
    """Mean contrast along `length` cells on one side of a cell, less that on the other.

    On a streak both sides are bright and cancel; at its head one is bright and the other
    plain sea. Whitecaps gather into no lines, so a faint wake stands out among bright
    foam. The best of 24 directions counts.
    """

    length: int = 10
    name: str = "wake"
    reason: str = "head of a streak like a wake"

    def score(self, view: SeaView) -> Field:
        """(rows, cols) float32, see `Prior.score`."""
        contrast = np.clip(view.means.mean(axis=0), -_BRIGHTEST, _BRIGHTEST)
        contrast *= view.sea
        reach = _START + self.length
        padded = np.pad(contrast, reach)
        best = np.full(contrast.shape, -np.inf, np.float32)
        lines = list(self._half_lines())
        rows = max(1, _CELLS_AT_ONCE // contrast.shape[1])
        for row in range(0, len(best), rows):
            _best_of(lines, padded[row : row + rows + 2 * reach], best[row : row + rows], reach)
        return standardised(best, view)

    def _half_lines(self) -> Iterator[NDArray[np.int_]]:
        """(length, 2) offsets in rows and cols, for half of the directions."""
        radius = np.arange(_START, _START + self.length)
        for turn in np.arange(_DIRECTIONS // 2) * (2 * np.pi / _DIRECTIONS):
            yield np.rint(np.outer(radius, [np.sin(turn), np.cos(turn)])).astype(np.int_)


def _best_of(lines: Sequence[NDArray[np.int_]], padded: Field, best: Field, reach: int) -> None:
    """Raise `best` to the difference between the two sides along each line."""
    for steps in lines:
        ahead = _sum_along(padded, steps, reach)
        behind = _sum_along(padded, -steps, reach)
        # A dark side makes no head: only what is bright there counts against it.
        np.maximum(best, ahead - np.maximum(behind, 0), out=best)
        np.maximum(best, behind - np.maximum(ahead, 0), out=best)


def _sum_along(padded: Field, steps: NDArray[np.int_], reach: int) -> Field:
    rows, cols = padded.shape[0] - 2 * reach, padded.shape[1] - 2 * reach
    total = np.zeros((rows, cols), np.float32)
    for down, right in steps + reach:
        total += padded[down : down + rows, right : right + cols]
    return total
