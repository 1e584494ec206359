"""What a run may spend."""

import math
from dataclasses import dataclass

from pdn_geo.errors import OptionError

PATCH_PX = 512
"""Side of the patch that budgets count in."""

SMALLEST = 1 / 16
"""A budget that pays for one look, of up to 128 x 128 px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """patches: pixels to look at, in units of 512 x 512; None lets the drive decide.
    seconds: wall time; alone, it is the only limit. exhaustive: look at every searchable
    cell, water or not; goes with `seconds` only. Raises OptionError.
    """

    patches: float | None = None
    seconds: float | None = None
    exhaustive: bool = False

    def __post_init__(self) -> None:
        for name in ("patches", "seconds"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise OptionError(f"{name} must be a positive number, got {value}")
        if self.patches is not None and self.patches < SMALLEST:
            raise OptionError(f"patches must be at least {SMALLEST}, got {self.patches}")
        if self.exhaustive and self.patches is not None:
            raise OptionError("patches and exhaustive exclude each other: give one of them")

    @property
    def is_automatic(self) -> bool:
        return self.patches is None and self.seconds is None and not self.exhaustive
