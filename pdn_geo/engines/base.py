"""The interface of everything that finds boats in a patch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pdn_geo.detections import Detections
from pdn_geo.drive.look import Look
from pdn_geo.geometry import Window
from pdn_geo.saliency import SaliencyMap
from pdn_geo.scene import Scene
from pdn_geo.sea import SeaStatistics


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The pixels of one look, with what the coarse view knows about them.

    values: (bands, rows, cols) float32, 0 where not valid. valid: (rows, cols) bool.
    water: (rows, cols) float32, 0-1, how surely each pixel is water, from the saliency
    map (so in steps of a cell). density: (rows, cols) float32, likewise, boats that it expects per
    million pixels near each. jacobian: (2, 2) metres east and north per pixel of x
    and y, see `PixelGrid.ground_jacobian`; NaN where the scene's scale is unknown.
    band_names: of the bands of `values`, as in `Scene.band_names`.
    """

    look: Look
    values: NDArray[np.float32]
    valid: NDArray[np.bool_]
    water: NDArray[np.float32]
    density: NDArray[np.float32]
    jacobian: NDArray[np.float64]
    band_names: tuple[str, ...]

    @property
    def gsd_m(self) -> float:
        """The side of a square of one pixel's ground area, in metres; NaN if unknown."""
        (a, b), (c, d) = self.jacobian
        return float(np.sqrt(abs(a * d - b * c)))


@runtime_checkable
class PatchDetector(Protocol):
    """Finds boats in patches. The result does not depend on how patches are batched."""

    @property
    def name(self) -> str:
        """What users read in a result: "classical", or the weights, "patch 1.0"."""

    def threshold(self, gsd_m: float) -> float:
        """The score from which a detection is best taken for a boat, 0-1, at a ground
        sampling distance in metres, NaN if unknown.
        """

    @property
    def wants_batches(self) -> bool:
        """Whether `detect` does best with many patches at once, called from one thread; else
        with one at a time from many.
        """

    def suits(self, band_names: Sequence[str]) -> str:
        """Why this detector does not suit a scene of these bands, in words; "" if it does."""

    def detect(self, patches: Sequence[Patch], sea: SeaStatistics) -> list[Detections]:
        """One Detections a patch, in scene pixels, `look` filled in. Safe to call from
        many threads at once.
        """


class LookDetector(Protocol):
    """Finds boats in looks at one scene, whose pixels it has. For one thread."""

    def detect(self, looks: Sequence[Look]) -> list[Detections]:
        """One Detections a look, in scene pixels, `look` filled in."""

    def lost_in(self, window: Window) -> bool:
        """Whether some of a window could not be decoded: no boat is found there."""


@runtime_checkable
class TakesScenes(Protocol):
    """A patch detector that would rather have the whole scene where it works."""

    def resident(
        self, scene: Scene, saliency: SaliencyMap, sea: SeaStatistics, *, threads: int | None
    ) -> LookDetector | None:
        """None where there is no room for the scene, or nothing to be gained."""
