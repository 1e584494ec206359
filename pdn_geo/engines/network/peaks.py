"""The best peaks of many maps at once, found on the device and decoded on the host."""

import math

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from pdn_geo.engines.network.gather import Gather
from pdn_geo.engines.network.maps import MAPS, MAX_DETECTIONS

FIELDS = (*MAPS, "cell", "on_valid")
"""Of a peak: the maps' values, its cell's index (row by row), and whether its centre lies
on a pixel of the window that holds data. "boat" is minus infinity where there is no peak."""


def find_peaks(maps: Tensor, windows: Tensor, scene: Gather, stride: int) -> Tensor:
    """(N, K, len(FIELDS)) float32, in no order, on the device, K the same whatever was found.

    maps: raw, (N, 10, rows, cols) float32. windows: (N, 4) as `Gather` takes them, of which
    the maps were made. Peaks are those of `maps.decode` for a score of 0; where there are
    more than K, which is as many as it looks at, the best.
    """
    heat = maps[:, 0]
    cols = heat.shape[2]
    below = heat < F.max_pool2d(heat[:, None], 3, stride=1, padding=1)[:, 0]
    heat = heat.masked_fill(below, -math.inf).flatten(1)
    most = min(2 * MAX_DETECTIONS, heat.shape[1])
    best, cells = heat.topk(most, sorted=False)  # (N, K)
    wanted = cells[:, None, :].expand(-1, len(MAPS), -1)
    at = maps.flatten(2).gather(2, wanted).unbind(1)  # (N, K) each
    # In double precision, as on the host: both must take the same pixel.
    x = (cells % cols + 0.5 + at[MAPS.index("dx")].double()) * stride
    y = (cells // cols + 0.5 + at[MAPS.index("dy")].double()) * stride
    top, left, height, width = windows[:, :, None].unbind(1)  # (N, 1) each
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    on_valid = inside & scene.is_valid(top + y.floor().long(), left + x.floor().long())
    return torch.stack([best, *at[1:], cells.float(), on_valid.float()], dim=-1)


def sparse_maps(
    peaks: NDArray[np.float32], shape: tuple[int, int], stride: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Maps (10, rows, cols) with one look's peaks (K, len(FIELDS)) and nothing else, and the
    pixels (rows, cols) that are valid at their centres.

    What decodes whole maps finds the same boats in these. shape: of the pixels.
    """
    rows, cols = shape[0] // stride, shape[1] // stride
    peaks = peaks[peaks[:, 0] > -np.inf]
    cells = peaks[:, FIELDS.index("cell")].astype(np.int64)
    maps = np.zeros((len(MAPS), rows * cols), np.float32)
    maps[0] = -np.inf
    maps[:, cells] = peaks[:, : len(MAPS)].T
    shown = peaks[:, FIELDS.index("on_valid")] > 0
    at, cells = peaks[shown].astype(np.float64), cells[shown]
    x = (cells % cols + 0.5 + at[:, MAPS.index("dx")]) * stride
    y = (cells // cols + 0.5 + at[:, MAPS.index("dy")]) * stride
    valid = np.zeros(shape, np.bool_)
    valid[np.floor(y).astype(int), np.floor(x).astype(int)] = True
    return maps.reshape(len(MAPS), rows, cols), valid
