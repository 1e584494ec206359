"""`evaluate`: detections against truth, from files or from memory."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.detections import Detections
from pdn_geo.errors import OptionError
from pdn_geo.evaluation.hulls import Hulls, axis_difference_deg
from pdn_geo.evaluation.matching import Match, match_detections, match_hulls
from pdn_geo.evaluation.plane import Plane, common_plane
from pdn_geo.evaluation.predictions import (
    Predictions,
    predictions_in_pixels,
    read_predictions,
)
from pdn_geo.evaluation.result import AlarmOutcomes, BoatOutcomes, Evaluation, Ground
from pdn_geo.evaluation.truth import Truth, TruthFile, read_truth
from pdn_geo.evaluation.vectors import Coordinates
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid

PathLike = str | os.PathLike[str]

MEASURABLE_PX = 5.0
"""Shorter labelled hulls are blur: where they are is known, not their length or axis."""


def evaluate(
    detections: PathLike | Detections,
    truth: PathLike | None,
    *,
    scene: PathLike | PixelGrid | None = None,
    looks: Sequence[Window] | None = None,
    gsd_m: float | None = None,
    truth_layer: str | None = None,
    truth_coordinates: Coordinates = "auto",
    threshold: float = 0.0,
    site: str = "",
) -> Evaluation:
    """Compare detections with labels.

    detections: a result file, or detections in pixels of `scene` with their `looks` (a
    GeoPackage brings its own). truth: any vector file, None for a scene known to hold no
    boats. scene: needed where one side is in pixels and the other on the ground, and to
    give false alarms a per-pixel rate. gsd_m: metres a pixel of a scene without
    georeferencing. site: the place, for pooling. Raises VectorError and OptionError.
    """
    if not 0 <= threshold <= 1:
        raise OptionError(f"the threshold must be between 0 and 1, got {threshold}")
    grid = _grid(scene)
    if isinstance(detections, Detections):
        predictions = predictions_in_pixels(detections, grid, looks)
    elif looks is not None:
        raise OptionError("looks go with detections in memory; a result file has its own")
    else:
        predictions = read_predictions(Path(detections))
    labels = None
    if truth is not None:
        labels = read_truth(Path(truth), layer=truth_layer, coordinates=truth_coordinates)
    plane = common_plane(grid, *_layers(predictions, labels), gsd_m=gsd_m)
    return _compare(
        predictions,
        Truth.empty() if labels is None else labels.on(plane),
        plane,
        threshold,
        site or Path(predictions.boats.source).stem,
    )


def _grid(scene: PathLike | PixelGrid | None) -> PixelGrid | None:
    if scene is None or isinstance(scene, PixelGrid):
        return scene
    from pdn_geo.io import open_scene

    return open_scene(scene).grid


def _layers(predictions: Predictions, labels: TruthFile | None) -> list:
    layers = [predictions.boats, predictions.looks]
    if labels is not None:
        layers += [labels.labels, labels.ignore]
    return [layer for layer in layers if layer is not None]


def _compare(
    predictions: Predictions, truth: Truth, plane: Plane, threshold: float, site: str
) -> Evaluation:
    hulls = Hulls.measure(plane.from_layer(predictions.boats))
    score = predictions.score
    looks = None if predictions.looks is None else plane.from_layer(predictions.looks)
    match = match_detections(hulls.x, hulls.y, score, truth, plane.tolerance)
    overlap = None
    if truth.boats.has_area.all() and (hulls.has_area.any() or not len(hulls)):
        overlap = match_hulls(hulls, score, truth, plane.tolerance)
    return Evaluation(
        sites=(site,),
        unit=plane.unit,
        threshold=threshold,
        tolerance=plane.tolerance,
        boats=_boat_outcomes(hulls, score, truth, looks, match, overlap, plane),
        alarms=_alarms(match, score),
        overlap_alarms=None if overlap is None else _alarms(overlap, score),
        ignored=int(match.ignored.sum()),
        doubtful=len(truth.doubtful),
        ground=_ground(plane, looks),
    )


def _boat_outcomes(
    hulls: Hulls,
    score: NDArray[np.float64],
    truth: Truth,
    looks: NDArray[np.object_] | None,
    match: Match,
    overlap: Match | None,
    plane: Plane,
) -> BoatOutcomes:
    boats = truth.boats
    looked = np.full(len(boats), np.nan)
    if looks is not None:
        centres = shapely.points(boats.x, boats.y)
        looked[:] = 0.0
        looked[shapely.STRtree(looks).query(centres, predicate="intersects")[0]] = 1.0
    measurable = ~(boats.length < MEASURABLE_PX * plane.pixel)
    length = _per_boat(match, hulls.length, len(boats))
    angle = _per_boat(match, hulls.angle, len(boats))
    nothing = np.full(len(boats), np.nan)
    return BoatOutcomes(
        site=np.zeros(len(boats), dtype=np.intp),
        length=boats.length,
        hit_score=_per_boat(match, score, len(boats)),
        overlap_score=nothing if overlap is None else _per_boat(overlap, score, len(boats)),
        looked=looked,
        length_error=np.where(measurable, length - boats.length, np.nan),
        heading_error_deg=np.where(measurable, axis_difference_deg(angle, boats.angle), np.nan),
    )


def _per_boat(match: Match, values: NDArray[np.float64], boats: int) -> NDArray[np.float64]:
    """Values of detections, moved to the boats that they found; NaN for missed boats."""
    moved = np.full(boats, np.nan)
    found = match.boat >= 0
    moved[match.boat[found]] = values[found]
    return moved


def _alarms(match: Match, score: NDArray[np.float64]) -> AlarmOutcomes:
    scores = score[match.is_false]
    return AlarmOutcomes(np.zeros(len(scores), dtype=np.intp), scores)


def _ground(plane: Plane, looks: NDArray[np.object_] | None) -> Ground:
    """The scene's whole grid where there is a scene, else the union of the looks."""
    if plane.grid is not None:
        pixels = float(plane.grid.width * plane.grid.height)
        return Ground("scene", pixels, pixels * plane.pixel_m**2 / 1e6)
    if looks is None or not len(looks):
        return Ground()
    area = float(shapely.area(shapely.union_all(looks)))
    km2 = area / 1e6 if plane.unit == "m" else np.nan
    return Ground("looks", area / plane.pixel**2, km2)
