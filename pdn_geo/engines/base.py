"""The interface of everything that finds boats in a patch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.sea import SeaStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The pixels of one look, with what the coarse view knows about them.

    values: (bands, rows, cols) float32, 0 where not valid. valid: (rows, cols) bool.
    water: (rows, cols) float32, 0-1, how surely each pixel is water, from the saliency
    map (so in steps of a cell). jacobian: (2, 2) metres east and north per pixel of x
    and y, see `PixelGrid.ground_jacobian`; NaN where the scene's scale is unknown.
    """

    look: Look
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    water: NDArray[np.float32]
    jacobian: NDArray[np.float64]


class PatchDetector(Protocol):
    """Finds boats in patches. The result does not depend on how patches are batched."""

    @property
    def name(self) -> str:
        """What `--model` calls it."""

    def detect(self, patches: Sequence[Patch], sea: SeaStatistics) -> list[Detections]:
        """One Detections a patch, in scene pixels, `look` filled in."""
