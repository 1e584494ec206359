"""The inverse of a smooth mapping of the plane, many points at a time."""

from collections.abc import Callable

import numpy as np

from pdn_geo.grid import Floats

_STEPS = 15


def invert(
    function: Callable[[Floats], Floats],
    jacobian: Callable[[Floats], Floats],
    goals: Floats,
    *,
    start: Floats,
    tolerance: float,
) -> Floats:
    """Points (N, 2) with function(points) = goals, by Newton's iteration from `start`.

    jacobian gives (N, 2, 2), rows for the two values, columns for the two coordinates.
    NaN where the last step is still longer than `tolerance` in either coordinate.
    """
    point = start
    settled = np.zeros(len(point), dtype=bool)
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            step = solve_2x2(jacobian(point), function(point) - goals)
            point = point - step
            settled = np.abs(step).max(axis=-1) < tolerance
            if settled.all():
                break
    return np.where(settled[:, None], point, np.nan)


def solve_2x2(matrix: Floats, vector: Floats) -> Floats:
    """Solutions of (..., 2, 2) systems; infinite, not an error, where one is singular."""
    a, b, c, d = (matrix[..., i, j] for i in (0, 1) for j in (0, 1))
    u, v = vector[..., 0], vector[..., 1]
    return np.stack([d * u - b * v, a * v - c * u], axis=-1) / (a * d - b * c)[..., None]
