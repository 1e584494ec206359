"""Local means over water only, in time that does not depend on their size."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Field = NDArray[np.float32]

Each = Callable[[Callable[..., Any], Iterable[Any]], Iterable[Any]]
"""How to go through parts that do not depend on each other: `map`, or that of a thread pool."""


def odd(size: float) -> int:
    """The nearest odd whole number, at least 1: the side of a centred box."""
    return max(1, 2 * round((size - 1) / 2) + 1)


def box_mean(values: Field, size: int) -> Field:
    """Mean over a centred size x size box, the outside taken as 0; (rows, cols) float32."""
    return np.asarray(ndimage.uniform_filter(values, size, mode="constant"), dtype=np.float32)


def box_max(values: Field, size: int) -> Field:
    """Maximum over a centred size x size box, `size` odd; (rows, cols).

    By whole shifted fields: several times as fast as ndimage's filter up to some 20 cells.
    """
    assert size % 2 == 1
    for axis in (0, 1):
        field = np.moveaxis(values, axis, 0)
        best = field.copy("K")
        for step in range(1, size // 2 + 1):
            np.maximum(best[step:], field[:-step], out=best[step:])
            np.maximum(best[:-step], field[step:], out=best[:-step])
        values = np.moveaxis(best, 0, axis)
    return values


def box_share(shape: tuple[int, ...], size: int) -> Field:
    """How much of such a box lies inside, 0-1; (rows, cols) float32."""
    rows, cols = (
        ndimage.uniform_filter1d(np.ones(side, np.float32), size, mode="constant") for side in shape
    )
    return np.asarray(rows[:, None] * cols, dtype=np.float32)


def ring_mean(values: Field, outer: int, inner: int) -> Field:
    """Mean over a square ring: the outer box without the inner one, both centred.

    The outside counts as 0, so divide by the ring mean of the weights that were
    multiplied into `values`.
    """
    assert outer > inner
    ring = box_mean(values, outer)
    ring *= np.float32(outer * outer)
    ring -= np.float32(inner * inner) * box_mean(values, inner)
    ring /= np.float32(outer * outer - inner * inner)
    return ring


def local_mean(values: Field, weight: Field, share: Field, size: int, fallback: float) -> Field:
    """Weighted mean over a centred box; `fallback` where the box has next to no weight.

    share: box_mean(weight, size), which several fields of one weight have in common.
    """
    mean = box_mean(values * weight, size)
    mean /= np.maximum(share, 1e-6)
    return np.where(share > 0.02, mean, np.float32(fallback))


def robust_centre_spread(values: NDArray[np.floating]) -> tuple[float, float]:
    """Median, and the standard deviation that a normal law of the same quartiles has."""
    low, middle, high = np.percentile(values, (25, 50, 75))
    return float(middle), float(high - low) / 1.349


def nan_median(values: Field) -> Field:
    """Median over the last axis without NaN; NaN where all are. No warning, no loop."""
    ordered = np.sort(values, axis=-1)  # NaN sort to the end
    count = np.isfinite(values).sum(axis=-1)
    low = np.maximum((count - 1) // 2, 0)[..., None]
    high = np.minimum(count // 2, values.shape[-1] - 1)[..., None]
    middle = np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1)
    return (middle[..., 0] / 2).astype(np.float32)


def subsample(flat_mask: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    """At most `count` indices where the mask holds, evenly spread, the same every run."""
    chosen = np.flatnonzero(flat_mask)
    if len(chosen) <= count:
        return chosen
    return chosen[np.linspace(0, len(chosen) - 1, count).astype(np.intp)]
