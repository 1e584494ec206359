"""What the rest of the package knows of a raster: a grid, bands, and windows of pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid


@dataclass(frozen=True, slots=True)
class Pixels:
    """One window of a scene.

    values: (bands, rows, cols) float32, finite, 0 where not valid; the file's own
    numbers (amplitude for complex). valid: (rows, cols) bool.
    """

    values: NDArray[np.float32]
    valid: NDArray[np.bool_]


class Scene(Protocol):
    """One raster on the ground, read window by window. Safe to read from many threads."""

    @property
    def name(self) -> str:
        """What users call it: the path as given, or a short description."""

    @property
    def grid(self) -> PixelGrid: ...

    @property
    def band_names(self) -> Sequence[str]:
        """The chosen bands in reading order; roles in lower case where they are known
        ("red", "green", "blue", "nir", "swir", "gray"), else the file's own names.
        """

    @property
    def block_shape(self) -> tuple[int, int]:
        """(rows, cols) of the native block: what one decode yields at the least."""

    def read(self, window: Window) -> Pixels:
        """Full-resolution pixels of a window that lies inside the scene.

        Raises BlockReadError when it cannot be decoded.
        """


def colour_bands(band_names: Sequence[str]) -> list[int]:
    """Indices of the three bands that a picture shows as red, green and blue: those of these
    names, else the first three, else three times the first.
    """
    names, colours = list(band_names), ("red", "green", "blue")
    if all(colour in names for colour in colours):
        return [names.index(colour) for colour in colours]
    return [0, 1, 2] if len(names) >= 3 else [0, 0, 0]
