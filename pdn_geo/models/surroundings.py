"""What the global stream knows of the sea around each look, in 16 x 16 blocks of cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from pdn_geo.geometry import Window
from pdn_geo.models.tokens import PerLook

SIDE = 16
_REACH = 2
"""Sides of a look that its surroundings measure across."""


@dataclass(frozen=True, eq=False)
class Surroundings(PerLook):
    """The blocks about K looks, row by row: S = SIDE x SIDE, the look in their middle.

    features: (K, S, G) means over the cells of a block. place: (K, S, 2) its middle, in metres
    from the scene's corner. real: (K, S) bool, some of it is in the scene. cells: (K, 3) int64,
    first row and column of the blocks and cells along one, in cells of the scene.
    """

    features: Tensor
    place: Tensor
    real: Tensor
    cells: Tensor


def surroundings(
    features: Tensor, windows: Sequence[Window], *, stride: int, gsd_m: float
) -> Surroundings:
    """Blocks of the global features (G, h, w) about windows; `stride` pixels a cell.

    The cost is that of the looks, whatever the size of the scene.
    """
    cells = block_grid(windows, stride)
    share = block_sums(features.new_ones(1, *features.shape[1:]), cells)
    sums = block_sums(features, cells)
    first, side = cells[:, None, :2], cells[:, None, 2:]
    at = torch.stack(torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij"), -1)
    middle = first + (at.reshape(-1, 2) + 0.5) * side  # (K, S, 2), row and column
    return Surroundings(
        features=sums / share.clamp(min=1),
        place=(middle.flip(-1) * (stride * gsd_m)).float(),
        real=share[..., 0] > 0,
        cells=cells,
    )


def block_grid(windows: Sequence[Window], stride: int) -> Tensor:
    """Where the blocks about each window lie: `Surroundings.cells`."""
    rows = []
    for window in windows:
        side = -(-_REACH * max(window.width, window.height) // (SIDE * stride))
        middle = (window.row_off + window.height // 2, window.col_off + window.width // 2)
        row, col = (at // stride - SIDE * side // 2 for at in middle)
        rows.append((row, col, side))
    return torch.tensor(rows, dtype=torch.int64).reshape(-1, 3)


def block_sums(planes: Tensor, cells: Tensor) -> Tensor:
    """Sums of (C, h, w) over the blocks, (K, S, C); what lies outside the scene adds 0."""
    height, width = planes.shape[1:]
    sums = []
    for row, col, side in cells.tolist():
        reach = SIDE * side
        top, left = max(row, 0), max(col, 0)
        part = planes[:, top : max(row + reach, 0), left : max(col + reach, 0)]
        beyond = max(col + reach - width, 0), max(row + reach - height, 0)
        whole = functional.pad(part, (left - col, beyond[0], top - row, beyond[1]))
        blocks = functional.avg_pool2d(whole, side) * side**2
        sums.append(blocks.flatten(1).T)
    return torch.stack(sums) if sums else planes.new_zeros(0, SIDE * SIDE, len(planes))


def on_cells(log_ratio: Tensor, cells: Tensor, shape: tuple[int, int]) -> Tensor:
    """Bring what was said of blocks, (K, S), back to the cells of the scene, `shape`.

    Where the blocks of several looks overlap it is their mean; 0 where there are none.
    """
    total, looks = torch.zeros(shape), torch.zeros(shape)
    for values, (row, col, side) in zip(log_ratio.float(), cells.tolist(), strict=True):
        fine = values.view(SIDE, SIDE).repeat_interleave(side, 0).repeat_interleave(side, 1)
        inside = (slice(max(row, 0), row + len(fine)), slice(max(col, 0), col + len(fine)))
        fine = fine[max(-row, 0) : shape[0] - row, max(-col, 0) : shape[1] - col]
        total[inside] += fine
        looks[inside] += 1
    return total / looks.clamp(min=1)
