"""What a run says: boats, and where it looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.detections import Detections
from pdn_geo.evaluation.vectors import Coordinates, Layer, choose_layer, layer_names, read_layer
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.products.georeference import ground_hulls


@dataclass(frozen=True, eq=False)
class Predictions:
    """boats: one feature a detection, with `score`. looks: footprints, None if unknown."""

    boats: Layer
    looks: Layer | None = None

    @property
    def score(self) -> NDArray[np.float64]:
        """(N,) 1 where the file gives none, so that everything counts alike."""
        score = self.boats.numbers("score")
        return np.where(np.isfinite(score), score, 1.0)


def read_predictions(path: Path, *, coordinates: Coordinates = "auto") -> Predictions:
    """Read a result file of any format that we write; only a GeoPackage holds the looks.

    Raises VectorError.
    """
    names = layer_names(path)
    boats = read_layer(path, choose_layer(path, None, ("detections",)), coordinates)
    if "looks" not in names:
        return Predictions(boats)
    return Predictions(boats, read_layer(path, "looks", "pixels" if boats.crs is None else "crs"))


def predictions_in_pixels(
    detections: Detections, grid: PixelGrid | None, looks: Sequence[Window] | None = None
) -> Predictions:
    """The same from a run in memory, in pixels of `grid` (None: any square pixels)."""
    corners = detections.corners() if grid is None else ground_hulls(detections, grid).corners
    polygons = np.asarray(shapely.polygons(corners), dtype=object)
    boats = Layer("detections", polygons, {"score": detections.score})
    if looks is None:
        return Predictions(boats)
    edges = np.array([(w.col_off, w.row_off, w.col_end, w.row_end) for w in looks], dtype=float)
    return Predictions(boats, Layer("looks", shapely.box(*edges.reshape(-1, 4).T)))
