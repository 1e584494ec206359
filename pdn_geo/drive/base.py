"""The interface of everything that chooses looks."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pdn_geo.drive.look import Look
from pdn_geo.geometry import Window


class Drive(Protocol):
    """Chooses windows, learns from what they held, and says what it left out."""

    def next_looks(self, count: int) -> list[Look]:
        """At most `count` further looks, best first; empty when the drive is done.

        Fewer than `count` does not mean done: the drive may want to hear of the looks it
        has given before it chooses more.
        """

    def look_again(self, windows: Sequence[Window], reason: str) -> list[Look]:
        """Looks at these windows of the caller's, as far as the budget goes.

        For when the drive is done; `update` is not told of them.
        """

    def update(
        self, looks: Sequence[Look], detection_scores: Sequence[NDArray[np.floating]]
    ) -> None:
        """Tell what each look found: the scores (N,), 0-1, of its boats."""

    @property
    def searched(self) -> float:
        """Share of the searchable cells that lie in some look, 0-1; 1 if there are none."""

    def expected_missed(self) -> float:
        """Boats expected where no look has seen them whole."""

    def expected_missed_upper(self) -> int:
        """Boats missed that are not exceeded in nine cases of ten."""
