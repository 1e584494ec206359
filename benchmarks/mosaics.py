"""Large scenes from small real ones: every frame with boats once, the rest without boats.

Frames are laid in rows, turned and mirrored at random, each one whole; what they leave
free at the end of a row and under lower frames has no data. Their edges show: a saliency
that takes an edge for a boat pays for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CELL = 16  # frames start on it, so that anchor cells do not mix frames
_NEAR_PX = 32
_SURE_TO_FIT = 0.45  # share of the mosaic


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """values: (bands, rows, cols). valid: (rows, cols). boats: (N, 2), x and y in pixels.
    unsure: (rows, cols), where boats may be that do not count.
    """

    values: NDArray[np.unsignedinteger]
    valid: NDArray[np.bool_]
    boats: NDArray[np.float64]
    unsure: NDArray[np.bool_]

    def turned(self, turns: int, mirrored: bool) -> "Frame":
        """By quarter turns, then left for right."""
        values, valid, unsure, (x, y) = self.values, self.valid, self.unsure, self.boats.T
        for _ in range(turns):
            # A quarter turn anticlockwise takes (x, y) to (y, width - x).
            x, y = y, valid.shape[1] - x
            values, valid = np.rot90(values, axes=(1, 2)), np.rot90(valid)
            unsure = np.rot90(unsure)
        if mirrored:
            x = valid.shape[1] - x
            values, valid, unsure = values[:, :, ::-1], valid[:, ::-1], unsure[:, ::-1]
        boats = np.stack([x, y], axis=1)
        return Frame(values=values, valid=valid, boats=boats, unsure=unsure)


def mosaic(frames: Sequence[Frame], *, side: int, cut: int | None, seed: int) -> Frame:
    """A frame of frames, of side x side pixels; not valid between them.

    Frames with boats go in once. Those without are repeated until it is full; with `cut`
    they are squares of that side cut from all frames where nothing may be a boat.
    """
    rng = np.random.default_rng(seed)
    with_boats = [frame for frame in frames if len(frame.boats)]
    without = [frame for frame in frames if not len(frame.boats) and not frame.unsure.any()]
    if cut is not None:
        without = [part for frame in frames for part in _empty_squares(frame, cut)]
    rows = _Rows(side)
    canvas = np.zeros((len(frames[0].values), side, side), frames[0].values.dtype)
    valid, unsure = np.zeros((2, side, side), np.bool_)
    boats = [np.empty((0, 2))]
    for frame in _queue(with_boats, without, side, rng):
        turned = frame.turned(int(rng.integers(4)), bool(rng.integers(2)))
        at = rows.place(*turned.valid.shape)
        if at is None:
            assert not len(turned.boats), "the mosaic is too small for the frames with boats"
            continue
        canvas[:, *at] = turned.values
        valid[at], unsure[at] = turned.valid, turned.unsure
        boats.append(turned.boats + np.array([at[1].start, at[0].start]))
    return Frame(values=canvas, valid=valid, boats=np.concatenate(boats), unsure=unsure)


def _queue(
    with_boats: list[Frame], without: list[Frame], side: int, rng: np.random.Generator
) -> list[Frame]:
    """Boats lie anywhere in the first part, which surely fits; then frames without."""

    def fillers(share: float) -> list[Frame]:
        count = max(0, round(share * side**2 / np.mean([f.valid.size for f in without])))
        return [without[int(i)] for i in rng.integers(len(without), size=count)]

    used = sum(frame.valid.size for frame in with_boats) / side**2
    first = with_boats + fillers(_SURE_TO_FIT - used)
    return [first[int(i)] for i in rng.permutation(len(first))] + fillers(1 - _SURE_TO_FIT)


class _Rows:
    """Places for rectangles, in rows from the top."""

    def __init__(self, side: int) -> None:
        self._side = side
        self._left = self._top = self._height = 0

    def place(self, rows: int, cols: int) -> tuple[slice, slice] | None:
        """(rows, cols) of a rectangle of that size; None where it does not fit."""
        if self._left + cols > self._side:
            self._left, self._top, self._height = 0, self._top + self._height, 0
        if self._top + rows > self._side or cols > self._side:
            return None
        at = slice(self._top, self._top + rows), slice(self._left, self._left + cols)
        self._left += -(-cols // _CELL) * _CELL
        self._height = max(self._height, -(-rows // _CELL) * _CELL)
        return at


def _empty_squares(frame: Frame, side: int) -> list[Frame]:
    """Squares, on a grid, that hold nothing that may be a boat and are all valid."""
    squares = []
    taken = frame.unsure.copy()
    cols, rows = np.clip(frame.boats.astype(int), 0, np.array(taken.shape[::-1]) - 1).T
    taken[rows, cols] = True
    for row in range(0, taken.shape[0] - side + 1, side // 2):
        for col in range(0, taken.shape[1] - side + 1, side // 2):
            at = np.s_[row : row + side, col : col + side]
            near = taken[
                max(row - _NEAR_PX, 0) : row + side + _NEAR_PX,
                max(col - _NEAR_PX, 0) : col + side + _NEAR_PX,
            ]
            if frame.valid[at].all() and not near.any():
                values, valid, unsure = frame.values[:, *at], frame.valid[at], taken[at]
                squares.append(
                    Frame(values=values, valid=valid, boats=np.empty((0, 2)), unsure=unsure)
                )
    return squares
