"""Windows of one size over a map of expectation, the best of them found fast."""

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window

_NEARLY = 0.8  # share of the best that a box may hold and still be taken for its place
_GROUP = 32  # candidates per side of a group, whose best is remembered
_SLAB = 64  # candidate rows summed at once: bounds the memory of the running sums


class Candidates:
    """Boxes of `rows` x `cols` cells at every `step`-th cell, and what each holds.

    `rest` is the caller's map (rows, cols) float32; after changing a part of it, call
    `refresh` with that part.
    """

    def __init__(self, rest: NDArray[np.float32], rows: int, cols: int) -> None:
        self._rest = rest
        self.rows, self.cols = rows, cols
        self._row_at = _positions(rest.shape[0], rows)
        self._col_at = _positions(rest.shape[1], cols)
        self._held = _box_sums(rest, self._row_at, self._col_at, rows, cols)
        groups = (-(-len(self._row_at) // _GROUP), -(-len(self._col_at) // _GROUP))
        self._best = np.zeros(groups, np.float32)
        self._refresh_groups(range(groups[0]), range(groups[1]))

    @property
    def most(self) -> float:
        """What the best box holds."""
        return float(self._best.max())

    def best_box(self) -> Window:
        """The best box in units of cells, moved between candidates to where it holds most.

        The first in reading order among equals.
        """
        row_group, col_group = np.unravel_index(int(self._best.argmax()), self._best.shape)
        top, left = int(row_group) * _GROUP, int(col_group) * _GROUP
        held = self._held[top : top + _GROUP, left : left + _GROUP]
        i, j = np.unravel_index(int(held.argmax()), held.shape)
        row_at = _around(self._row_at, top + int(i))
        col_at = _around(self._col_at, left + int(j))
        near = _few_box_sums(self._rest, row_at, col_at, self.rows, self.cols)
        i, j = np.unravel_index(int(near.argmax()), near.shape)
        return self._centred(int(row_at[i]), int(col_at[j]))

    def _centred(self, row: int, col: int) -> Window:
        """The box at a cell, or the one about its strongest cell if that holds nearly as much.

        A boat in the middle of a look is seen whole, with the water around it.
        """
        held = self._rest[row : row + self.rows, col : col + self.cols]
        down, right = np.unravel_index(int(held.argmax()), held.shape)
        height, width = self._rest.shape
        middle_row = min(max(row + int(down) - self.rows // 2, 0), height - self.rows)
        middle_col = min(max(col + int(right) - self.cols // 2, 0), width - self.cols)
        about = self._rest[middle_row : middle_row + self.rows, middle_col : middle_col + self.cols]
        if about.sum() >= _NEARLY * held.sum():
            row, col = middle_row, middle_col
        return Window(col_off=col, row_off=row, width=self.cols, height=self.rows)

    def refresh(self, rows: slice, cols: slice) -> None:
        """Sum again the boxes that touch the changed cells."""
        i0, i1 = np.searchsorted(self._row_at, (rows.start - self.rows + 1, rows.stop))
        j0, j1 = np.searchsorted(self._col_at, (cols.start - self.cols + 1, cols.stop))
        if i0 >= i1 or j0 >= j1:
            return
        self._held[i0:i1, j0:j1] = _few_box_sums(
            self._rest, self._row_at[i0:i1], self._col_at[j0:j1], self.rows, self.cols
        )
        self._refresh_groups(
            range(int(i0) // _GROUP, (int(i1) - 1) // _GROUP + 1),
            range(int(j0) // _GROUP, (int(j1) - 1) // _GROUP + 1),
        )

    def _refresh_groups(self, row_groups: range, col_groups: range) -> None:
        for i in row_groups:
            band = self._held[i * _GROUP : (i + 1) * _GROUP]
            for j in col_groups:
                self._best[i, j] = band[:, j * _GROUP : (j + 1) * _GROUP].max()


def _positions(length: int, box: int) -> NDArray[np.intp]:
    """Every sixth of a box, the last one flush with the end."""
    last = length - box
    return np.unique(np.append(np.arange(0, last + 1, max(1, box // 6)), last))


def _around(positions: NDArray[np.intp], index: int) -> NDArray[np.intp]:
    """Every cell between the neighbours of a position."""
    before = positions[max(index - 1, 0)]
    after = positions[min(index + 1, len(positions) - 1)]
    return np.arange(before, after + 1)


def _box_sums(
    values: NDArray[np.float32],
    row_at: NDArray[np.intp],
    col_at: NDArray[np.intp],
    rows: int,
    cols: int,
) -> NDArray[np.float32]:
    """Sums of rows x cols boxes at the given top-left cells, (len(row_at), len(col_at))."""
    sums = np.empty((len(row_at), len(col_at)), np.float32)
    left, right = int(col_at[0]), int(col_at[-1]) + cols
    for start in range(0, len(row_at), _SLAB):
        at = row_at[start : start + _SLAB]
        slab = values[at[0] : at[-1] + rows, left:right]
        down = np.zeros((len(slab) + 1, slab.shape[1]))
        np.cumsum(slab, axis=0, out=down[1:])
        tall = down[at - at[0] + rows] - down[at - at[0]]
        across = np.zeros((len(at), slab.shape[1] + 1))
        np.cumsum(tall, axis=1, out=across[:, 1:])
        sums[start : start + _SLAB] = across[:, col_at - left + cols] - across[:, col_at - left]
    # Differences of running sums leave dust where nothing is: far below any expectation.
    sums[sums < 1e-9] = 0
    return sums


def _few_box_sums(
    values: NDArray[np.float32],
    row_at: NDArray[np.intp],
    col_at: NDArray[np.intp],
    rows: int,
    cols: int,
) -> NDArray[np.float32]:
    """As `_box_sums`, by small matrix products: faster for one neighbourhood."""
    top, left = int(row_at[0]), int(col_at[0])
    part = values[top : int(row_at[-1]) + rows, left : int(col_at[-1]) + cols]
    down = np.arange(part.shape[0]) - (row_at - top)[:, None]
    across = np.arange(part.shape[1]) - (col_at - left)[:, None]
    in_rows = ((down >= 0) & (down < rows)).astype(np.float64)
    in_cols = ((across >= 0) & (across < cols)).astype(np.float64)
    return np.asarray(in_rows @ part @ in_cols.T, dtype=np.float32)
