"""What one run found: the value that every product is made from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.grid import AffineMapping, PixelGrid


@dataclass(frozen=True, eq=False, kw_only=True)
class Findings:
    """scene: what users call the scene. detections: merged, in scene pixels.
    looks: every look that was analysed. searched_share: 0-1, of the valid pixels that the
    user wanted searched, how many lie in a look; NaN if unknown. expected_missed: boats
    expected outside the looks, missed_at_most: not exceeded in nine cases of ten; NaN if
    unknown. model: the detector's name and version, "patch 1" or "classical". threshold: the
    least score of the detections, NaN if unknown.
    notes: what a reader of the result must know, a sentence each.
    """

    scene: str
    grid: PixelGrid
    detections: Detections
    looks: Sequence[Look]
    searched_share: float
    expected_missed: float
    missed_at_most: float = math.nan
    model: str
    threshold: float = math.nan
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.searched_share < 0 or self.searched_share > 1 + 1e-6:  # sums of float32 cells
            raise ValueError(f"searched_share must be within 0-1, got {self.searched_share}")
        if self.expected_missed < 0:
            raise ValueError(f"expected_missed must not be negative, got {self.expected_missed}")

    @property
    def patches(self) -> float:
        """Pixels analysed, in units of 512 x 512."""
        return sum(look.window.area for look in self.looks) / 512**2

    @property
    def georeferencing(self) -> str:
        """In words, what the coordinates in the result mean."""
        grid = self.grid
        if grid.crs is None:
            note = "none: coordinates are pixels, x right, y down, from the scene's top-left corner"
            gsd = grid.assumed_gsd_m
            return note if gsd is None else f"{note}; lengths assume pixels of {gsd:g} m"
        kind = "affine" if isinstance(grid.mapping, AffineMapping) else "control points or RPC"
        return f"{kind}, {grid.crs.name}"
