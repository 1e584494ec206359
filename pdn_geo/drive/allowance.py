"""What a budget lets a drive spend on one scene, look by look."""

import math

from pdn_geo.drive.budget import PATCH_PX, Budget

# The automatic budget, in patches: at least MIN_PATCHES, and then on while a patch is worth
# WORTH boats or more than MISSED of all boats are still out there, up to MAX_SHARE of the
# searchable area; beyond that only while a patch is worth RICH boats: in harbours.
MIN_PATCHES = 16.0
WORTH = 0.05
MISSED = 0.05
MAX_SHARE = 0.08
RICH = 0.5

# Share of a budget that is kept for second, wider looks at boats seen in part, unless the
# budget is too small to divide.
RESERVE = 0.05
_LEAST_TO_RESERVE = 8.0


class Allowance:
    """Pixels that may be spent.

    usual_px: without a special reason; infinite where only time counts, or nothing.
    """

    def __init__(self, budget: Budget, searchable_px: int) -> None:
        self._automatic = budget.is_automatic
        self.usual_px = math.inf
        if budget.patches is not None:
            self.usual_px = budget.patches * PATCH_PX**2
        elif self._automatic:
            self.usual_px = max(MIN_PATCHES * PATCH_PX**2, MAX_SHARE * searchable_px)
        kept = RESERVE if self.usual_px >= _LEAST_TO_RESERVE * PATCH_PX**2 else 0.0
        self._first_px = (1 - kept) * self.usual_px
        self._kept = kept

    def has_room(self, spent_px: int, cost_px: int) -> bool:
        """Whether a first look of that cost is possible after so many."""
        return self._automatic or spent_px + cost_px <= self._first_px

    def is_worth_it(
        self, spent_px: int, cost_px: int, boats_per_pixel: float, missed_share: float
    ) -> bool:
        """Whether it pays, where `missed_share` of all boats are still out there."""
        if not self._automatic:
            return True
        boats_per_patch = boats_per_pixel * PATCH_PX**2
        if spent_px + cost_px > self._first_px:
            return boats_per_patch >= RICH
        if spent_px < MIN_PATCHES * PATCH_PX**2:
            return True
        return boats_per_patch >= WORTH or missed_share > MISSED

    def has_room_again(self, first_px: int, spent_px: int, cost_px: int) -> bool:
        """Whether a second look is possible; first_px: what all first looks have cost."""
        return spent_px + cost_px <= max(self.usual_px, first_px / (1 - self._kept))
