"""Where to look again: wider, about boats that no look saw whole."""

import numpy as np

from pdn_geo.detections import Detections
from pdn_geo.drive.greedy import MARGIN_PX
from pdn_geo.geometry import Window, square_about

REASON = "goes on beyond the look"

WIDER_PX = (128, 256, 512)
"""Sides of second looks: the least is wider than most first ones."""

_EDGE_PX = 1.5
"""A hull this near to the scene's own edge cannot be seen whole by any look."""


def second_windows(boats: Detections, scene_shape: tuple[int, int]) -> list[Window]:
    """Windows of 128 to 512 px about the boats that are cut, the surest boat first.

    boats: merged, in scene pixels. scene_shape: (rows, cols). A window has room for a hull
    twice as long to either side, as far as sizes go; one that an earlier window shows whole
    gets none of its own. Boats at the scene's edge get none.
    """
    rows, cols = scene_shape
    cut = boats[boats.cut]
    cut = cut[np.argsort(-cut.score, kind="stable")]
    corners = cut.corners()
    lows, highs = corners.min(axis=1), corners.max(axis=1)
    inside = (lows >= _EDGE_PX).all(axis=1)
    inside &= (highs <= np.array([cols, rows]) - _EDGE_PX).all(axis=1)
    windows: list[Window] = []
    starts, ends = np.empty((2, len(cut), 2))  # of the windows so far, which may be thousands
    for boat in np.flatnonzero(inside):
        low, high, done = lows[boat], highs[boat], len(windows)
        if ((starts[:done] <= low) & (high < ends[:done])).all(axis=1).any():
            continue
        needed = 2 * (cut.length[boat] + MARGIN_PX)
        side = next((size for size in WIDER_PX if size >= needed), max(WIDER_PX))
        x, y = (low + high) / 2
        window = square_about(x, y, side, scene_shape)
        starts[done] = window.col_off, window.row_off
        ends[done] = window.col_end, window.row_end
        windows.append(window)
    return windows
