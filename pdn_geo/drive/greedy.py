"""The greedy drive: most expected boats per pixel first, nothing seen twice."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pdn_geo.drive.allowance import Allowance
from pdn_geo.drive.budget import PATCH_PX, Budget
from pdn_geo.drive.candidates import Candidates
from pdn_geo.drive.feedback import Feedback, Floats
from pdn_geo.drive.look import Look
from pdn_geo.drive.steepness import Steepness
from pdn_geo.drive.tiling import Frame
from pdn_geo.geometry import Window
from pdn_geo.saliency.map import SaliencyMap

WINDOW_SIZES = (96, 256, 512)

# Pixels at a window's edge whose boats may be cut: they stay for a neighbour. 16 px hold
# half a boat of 10 m at 0.3 m, of 30 m at 1 m, of 320 m at 10 m.
MARGIN_PX = 16

# A look costs its pixels and as much again as these: a call, and blocks decoded in part.
OVERHEAD_PX = 64 * 64

# Looks between two hearings of feedback: decisions fall at the same looks whatever the
# size of the caller's batches.
ROUND = 16

# A window that needs at most this share of its pixels is cut down to them.
_TRIM_BELOW = 0.75
_TRIM_STEP = 64


class GreedyDrive:
    """A `Drive` that covers the saliency map greedily within a budget.

    Each look is the free window of 96, 256 or 512 px with most expected boats per pixel
    among cells not yet seen whole (see `tiling.Frame`). Where the budget suffices to see
    everything that may hold a boat, or `budget.exhaustive` asks for it, a regular tiling
    takes its place. The same map and budget give the same looks, however they are fetched;
    a limit in seconds is the exception.

    saliency: not changed. scene_shape: (rows, cols) in pixels. clock: seconds, for tests.
    """

    def __init__(
        self,
        saliency: SaliencyMap,
        scene_shape: tuple[int, int],
        budget: Budget,
        *,
        margin: int = MARGIN_PX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        height, width = scene_shape
        self._frame = Frame(height=height, width=width, stride=saliency.stride, margin=margin)
        if saliency.expected_boats.shape != self._frame.cells:
            shape = saliency.expected_boats.shape
            raise ValueError(f"saliency must be {self._frame.cells} cells, got {shape}")
        self._saliency = saliency
        self._budget = budget
        self._clock = clock
        self._deadline = math.inf if budget.seconds is None else clock() + budget.seconds
        # What is still expected, per cell not yet seen whole.
        self._rest = np.where(saliency.searchable, saliency.expected_boats, np.float32(0))
        self._unseen = saliency.searchable.copy()
        self._cells_to_see = int(np.count_nonzero(self._unseen))
        self._steepness = Steepness(saliency.expected_boats, saliency.searchable, saliency.stride)
        self._total = self._steepness.total
        self._left = self._total
        self._spent_px = 0  # by all looks
        self._first_px = 0  # by those before `look_again`
        self._ordered = 0  # all looks
        self._given = 0  # those that `update` hears of
        self._heard = 0
        self._feedback = Feedback(self._total)
        self._hopes: deque[Floats] = deque()  # of the looks that `update` has not yet told of
        self._ratio = self._feedback.ratio  # as known when the current round began
        self._allowance = Allowance(budget, self._cells_to_see * self._frame.stride**2)
        self._plan = self._whole_cover()
        self._sizes: dict[int, Candidates] | None = None

    @property
    def spent(self) -> float:
        """Pixels of all looks given, in patches of 512 x 512."""
        return self._spent_px / PATCH_PX**2

    @property
    def searched(self) -> float:
        """Share of the searchable cells that lie in some look, 0-1; 1 if there are none."""
        if not self._cells_to_see:
            return 1.0
        return 1 - int(np.count_nonzero(self._unseen)) / self._cells_to_see

    def expected_missed(self) -> float:
        """Boats expected where no look has seen them whole, by what the looks found."""
        return self._feedback.missed

    def expected_missed_upper(self) -> int:
        """Boats missed that are not exceeded in nine cases of ten."""
        return self._feedback.upper()

    def next_looks(self, count: int) -> list[Look]:
        """At most `count` further looks; empty when the drive is done.

        Never more than up to the end of the current round of ROUND looks; asserts that
        `update` has told of a round before the next is begun.
        """
        looks: list[Look] = []
        while len(looks) < count:
            at_start_of_round = self._given % ROUND == 0
            if at_start_of_round:
                if looks:
                    break
                assert self._heard == self._given, "update() comes before the next round"
                self._ratio = self._feedback.ratio
            window = self._next_window()
            if window is None:
                break
            look, hope = self._look_at(window)
            looks.append(look)
            self._hopes.append(hope)
            self._given += 1
            self._first_px = self._spent_px
        return looks

    def look_again(self, windows: Sequence[Window], reason: str) -> list[Look]:
        """Looks at these windows of the caller's, as far as the budget goes.

        For when the drive is done; `update` is not told of them.
        """
        looks = []
        for window in windows:
            in_time = self._clock() < self._deadline
            allowed = self._allowance.has_room_again(self._first_px, self._spent_px, window.area)
            if in_time and allowed:
                looks.append(replace(self._look_at(window)[0], reason=reason))
        return looks

    def update(
        self, looks: Sequence[Look], detection_scores: Sequence[NDArray[np.floating]]
    ) -> None:
        """Tell what each look found: the scores (N,), 0-1, of its boats."""
        for _, scores in zip(looks, detection_scores, strict=True):
            self._feedback.add(found=float(np.sum(scores)), expected=self._hopes.popleft())
            self._heard += 1

    def _whole_cover(self) -> list[Window] | None:
        """A tiling over all that may hold a boat, last look first; None if too dear."""
        wanted = self._saliency.searchable if self._budget.exhaustive else self._rest > 0
        if self._budget.seconds is not None and not self._budget.exhaustive:
            return None
        limit = self._allowance.usual_px
        if np.count_nonzero(wanted) * self._frame.stride**2 > limit:
            return None
        windows, pixels = [], 0
        for window in self._frame.tiling(max(WINDOW_SIZES)):
            rows, cols = self._frame.seen_whole(window)
            if wanted[rows, cols].any():
                windows.append((float(self._rest[rows, cols].sum()), window))
                pixels += window.area
                if pixels > limit:
                    return None
        windows.sort(key=lambda worth: -worth[0])
        return [window for _, window in reversed(windows)]

    def _next_window(self) -> Window | None:
        if self._clock() >= self._deadline:
            return None
        if self._plan is not None:
            return self._plan.pop() if self._plan else None
        return self._best_window()

    def _best_window(self) -> Window | None:
        if self._sizes is None:
            self._sizes = {
                size: Candidates(self._rest, *self._frame.inner_cells(size))
                for size in WINDOW_SIZES
            }
        best: tuple[float, int] | None = None
        for size, candidates in self._sizes.items():
            cost = self._pixels(size)
            gain = candidates.most
            if gain <= 0 or not self._allowance.has_room(self._spent_px, cost):
                continue
            worth = gain / (cost + OVERHEAD_PX)
            if best is None or worth > best[0]:
                best = worth, size
        if best is None:
            return None
        worth, size = best
        out_there = self._left / self._total if self._total else 0.0
        if not self._allowance.is_worth_it(
            self._spent_px, self._pixels(size), worth * self._ratio, out_there
        ):
            return None
        return self._trimmed(self._sizes[size].best_box(), size)

    def _pixels(self, size: int) -> int:
        rows, cols = self._frame.inner_cells(size)
        cells = Window(col_off=0, row_off=0, width=cols, height=rows)
        return self._frame.window_around(cells, size).area

    def _trimmed(self, box: Window, size: int) -> Window:
        """The window for a box of cells, cut down where much of it holds nothing new."""
        whole = self._frame.window_around(box, size)
        rows, cols = self._frame.seen_whole(whole)
        new = self._rest[rows, cols] > 0
        row_at, col_at = np.flatnonzero(new.any(axis=1)), np.flatnonzero(new.any(axis=0))
        needed = Window(
            col_off=cols.start + int(col_at[0]),
            row_off=rows.start + int(row_at[0]),
            width=int(np.ptp(col_at)) + 1,
            height=int(np.ptp(row_at)) + 1,
        )
        bare = self._frame.window_around(needed, 1)
        height, width = (-(-side // _TRIM_STEP) * _TRIM_STEP for side in (bare.height, bare.width))
        if height * width > _TRIM_BELOW * whole.area:
            return whole
        return self._frame.window_around(needed, _TRIM_STEP)

    def _look_at(self, window: Window) -> tuple[Look, Floats]:
        """Record a window as looked at; what each steepness expects there goes with the look."""
        rows, cols = self._frame.seen_whole(window)
        region = self._rest[rows, cols]
        hope = self._steepness.expected(rows, cols, region > 0)
        self._feedback.see(hope)
        expected = float(region.sum(dtype=np.float64))
        look = Look(
            order=self._ordered,
            window=window,
            reason=self._reason(rows, cols),
            expected_boats=expected,
        )
        region[:] = 0
        self._left = max(0.0, self._left - expected)
        self._unseen[self._frame.touched(window)] = False
        self._spent_px += window.area
        self._ordered += 1
        if self._sizes is not None:
            for candidates in self._sizes.values():
                candidates.refresh(rows, cols)
        return look, hope

    def _reason(self, rows: slice, cols: slice) -> str:
        """What speaks for most of the boats expected there."""
        reason = self._saliency.reason[rows, cols].ravel()
        weights = self._rest[rows, cols].ravel().astype(np.float64)
        by_reason = np.bincount(reason, weights=weights, minlength=len(self._saliency.reasons))
        return self._saliency.reasons[int(by_reason.argmax())]
