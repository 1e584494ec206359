"""What is really there: labelled boats, and where labels cannot say."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pdn_geo.evaluation.hulls import Hulls
from pdn_geo.evaluation.plane import Plane
from pdn_geo.evaluation.vectors import Coordinates, Layer, choose_layer, layer_names, read_layer

_IGNORE = "ignore"
NO_BOATS = {_IGNORE, "negative", "rejected", "wake"}
_LAYERS = ("hulls", "truth", "vessels", "boats", "detections")


@dataclass(frozen=True, eq=False)
class Truth:
    """One scene's labels in a plane.

    boats count. doubtful ones (confidence 1) and detections in `ignore` (M,) areas count
    neither way.
    """

    boats: Hulls
    doubtful: Hulls
    ignore: NDArray[np.object_]

    @classmethod
    def empty(cls) -> "Truth":
        """A scene known to hold no boats."""
        nothing = np.empty(0, dtype=object)
        return cls(Hulls.measure(nothing), Hulls.measure(nothing), nothing)


@dataclass(frozen=True, eq=False)
class TruthFile:
    """The layers of a truth file, not yet in a plane. ignore: the layer of that name."""

    labels: Layer
    ignore: Layer | None = None

    def on(self, plane: Plane) -> Truth:
        """Sort the features and put them into the plane.

        The attribute `kind` says what a feature is: "ignore" an area to leave out,
        "negative", "rejected" and "wake" no boat, anything else (vessel, tug) or nothing a boat.
        A line is a hull end to end; its beam is `beam_m` or `width_m`, else `beam_px`.
        """
        labels = self.labels
        kind = np.array(labels.words("kind"), dtype=object)
        is_boat = np.array([word not in NO_BOATS for word in kind], dtype=bool)
        is_doubtful = is_boat & (labels.numbers("confidence") == 1)
        geometry = plane.from_layer(labels)
        hulls = Hulls.measure(geometry, _beam(labels, plane))
        areas = [geometry[kind == _IGNORE]]
        if self.ignore is not None:
            areas.append(plane.from_layer(self.ignore))
        ignore = np.concatenate(areas)
        return Truth(hulls[is_boat & ~is_doubtful], hulls[is_doubtful], ignore)


def read_truth(
    path: Path, *, layer: str | None = None, coordinates: Coordinates = "auto"
) -> TruthFile:
    """Read labels from any vector file: points, boxes, polygons or hull lines.

    Without `layer` the one named hulls, truth, vessels, boats or detections is taken, else
    the only one beside `ignore`. Raises VectorError.
    """
    others = [name for name in layer_names(path) if name != _IGNORE]
    only = others if len(others) == 1 else []
    labels = read_layer(path, choose_layer(path, layer, (*_LAYERS, *only)), coordinates)
    ignore = None
    if len(others) < len(layer_names(path)):
        ignore = read_layer(path, _IGNORE, coordinates)
    return TruthFile(labels, ignore)


def _beam(labels: Layer, plane: Plane) -> NDArray[np.float64]:
    beam = labels.numbers("beam_px") * plane.pixel
    if plane.unit == "m":
        for name in ("width_m", "beam_m"):
            metres = labels.numbers(name)
            beam = np.where(np.isfinite(metres), metres, beam)
    return beam
