"""Which looks lie next to each other on the ground, by a spatial index."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

NEIGHBOURS = 8


def ground_neighbours(
    centre: NDArray[np.floating], *, reach: float, count: int = NEIGHBOURS
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The nearest `count` other looks within `reach` of each, nearest first.

    centre: (M, 2), in one unit with `reach`. Returns indices (M, count), 0 where there is no
    further neighbour, and a mask (M, count), True where there is one. Costs O(M log M). The
    order of the looks does not matter: equal distances go to the smaller coordinates.
    """
    looks = len(centre)
    if not looks:
        return np.zeros((0, count), np.int64), np.zeros((0, count), bool)
    # The tree breaks ties by its own order of points: give it one that places decide.
    order = np.lexsort((centre[:, 1], centre[:, 0]))
    placed = np.asarray(centre, dtype=np.float64)[order]
    within = np.nextafter(reach, np.inf)  # the tree's bound is exclusive
    _, near = cKDTree(placed).query(placed, k=range(1, count + 2), distance_upper_bound=within)
    found = near < looks  # the tree marks "none" by the number of points
    myself = near == np.arange(looks)[:, None]
    # Among many looks of one place a look may miss itself: then the farthest gives way.
    myself[~myself.any(axis=1), -1] = True
    others = near[~myself].reshape(looks, count)
    found = found[~myself].reshape(looks, count)
    index = np.zeros((looks, count), np.int64)
    mask = np.zeros((looks, count), bool)
    index[order] = np.where(found, order[np.where(found, others, 0)], 0)
    mask[order] = found
    return index, mask
