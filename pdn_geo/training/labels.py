"""A scene's labels in its own pixels, from vector files of any format and from COCO."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.exceptions import ProjError

from pdn_geo.errors import VectorError
from pdn_geo.evaluation.hulls import Hulls
from pdn_geo.evaluation.plane import Plane
from pdn_geo.evaluation.truth import NO_BOATS, TruthFile, read_truth
from pdn_geo.evaluation.vectors import Layer
from pdn_geo.grid import PixelGrid
from pdn_geo.training.boats import Boats

_BOX_FILLED = 0.97
_BOX_ELONGATED = 2.0
"""A box along the pixel axes is that of a boat along them if it is so many times as long as
wide; else it says where a boat is, not how it lies."""


@dataclass(frozen=True, eq=False)
class Labels:
    """One scene's boats, and the areas (in pixels) that nothing is learnt from."""

    boats: Boats
    ignore: tuple[shapely.Geometry, ...]


def read_labels(path: Path, scene: Path, grid: PixelGrid) -> Labels:
    """The labels in `path` of a scene with that grid; those beyond its edges are left out.

    A COCO file has them under the scene's file name; every category is a boat but those that
    `evaluate` takes for none, by the same names (ignore, negative, ...), and crowds are areas to
    ignore. Any other file is read as `evaluate` reads truth; besides, `status` "underway" means a
    wake and any other word none, and `heading_deg` (from true north, without `heading_ambiguous`)
    where the bow points. A line needs a beam to teach its size. Raises VectorError.
    """
    annotations = _coco(path)
    if annotations is not None:
        file = TruthFile(_coco_layer(annotations, path, scene, grid))
    else:
        file = read_truth(path)
    labels = _in_pixels(file.labels, grid)
    ignore = None if file.ignore is None else _in_pixels(file.ignore, grid)
    frame = shapely.box(0, 0, grid.width, grid.height)
    areas = TruthFile(labels, ignore).on(Plane()).ignore
    return Labels(
        _boats(labels, grid, frame), tuple(area for area in areas if area.intersects(frame))
    )


def _boats(labels: Layer, grid: PixelGrid, frame: shapely.Polygon) -> Boats:
    rows = np.array([word not in NO_BOATS for word in labels.words("kind")], dtype=bool)
    rows &= shapely.intersects(frame, labels.geometry)
    shapes = labels.geometry[rows]
    hulls = Hulls.measure(shapes, labels.numbers("beam_px")[rows])
    heading = labels.numbers("heading_deg")[rows]
    heading[labels.numbers("heading_ambiguous")[rows] == 1] = np.nan
    # an axis has two ends; the bow is the one nearer to the heading
    bow = _pixel_angles(heading, hulls, grid)
    angle = np.where(np.isnan(hulls.angle), bow, hulls.angle)
    angle = np.where(np.cos(angle - bow) < 0, angle + np.pi, angle)
    loose = _is_loose_box(shapes, hulls) & np.isnan(bow)
    status = np.array(labels.words("status"), dtype=object)[rows]
    return Boats(
        x=hulls.x,
        y=hulls.y,
        length=np.where(loose, np.nan, hulls.length),
        width=np.where(loose | (hulls.width == 0), np.nan, hulls.width),
        angle=angle,
        wake=np.select([status == "", status == "underway"], [np.nan, 1.0], 0.0),
        bow_known=np.isfinite(bow),
        counts=labels.numbers("confidence")[rows] != 1,
    )


def _is_loose_box(shapes: NDArray[np.object_], hulls: Hulls) -> NDArray[np.bool_]:
    left, top, right, bottom = shapely.bounds(shapes).reshape(-1, 4).T
    fills = shapely.area(shapes) > _BOX_FILLED * (right - left) * (bottom - top)
    return np.asarray(fills & (hulls.length < _BOX_ELONGATED * hulls.width))


def _pixel_angles(
    heading_deg: NDArray[np.float64], hulls: Hulls, grid: PixelGrid
) -> NDArray[np.float64]:
    """Bearings as angles in pixel axes, radians; NaN stays, and off the map."""
    jacobian = grid.ground_jacobian(hulls.x, hulls.y)
    if not grid.is_georeferenced:
        jacobian[:] = np.diag([1.0, -1.0])  # north is up, and the scale does not matter
    known = np.isfinite(heading_deg) & np.isfinite(jacobian).all(axis=(1, 2))
    bearing = np.radians(heading_deg[known])
    east_north = np.stack([np.sin(bearing), np.cos(bearing)], axis=-1)
    ahead = np.linalg.solve(jacobian[known], east_north[..., None])[..., 0]
    angle = np.full(len(heading_deg), np.nan)
    angle[known] = np.arctan2(ahead[:, 1], ahead[:, 0])
    return angle


def _in_pixels(layer: Layer, grid: PixelGrid) -> Layer:
    """The layer in scene pixels, beams in metres as `beam_px`."""
    beam = layer.numbers("beam_px")
    for name in ("width_m", "beam_m"):
        metres = layer.numbers(name)
        beam = np.where(np.isfinite(metres), metres / grid.gsd_m, beam)
    placed = layer if layer.crs is None else replace(layer, geometry=_placed(layer, grid), crs=None)
    return replace(placed, fields={**layer.fields, "beam_px": beam})


def _placed(layer: Layer, grid: PixelGrid) -> NDArray[np.object_]:
    if grid.crs is None:
        raise VectorError(f"{layer.source}: has places on the ground but the scene only pixels")
    transformer = Transformer.from_crs(layer.crs, grid.crs, always_xy=True)

    def to_pixels(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = transformer.transform(points[:, 0], points[:, 1], errcheck=True)
        return np.column_stack(grid.to_pixel(x, y))

    try:
        return np.asarray(shapely.transform(layer.geometry, to_pixels))
    except ProjError:
        raise VectorError(f"{layer.source}: coordinates do not fit the scene's CRS") from None


def _coco(path: Path) -> dict[str, Any] | None:
    """The content of a COCO file; None for any other file."""
    if path.suffix.lower() != ".json" or not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise VectorError(f"{path}: not a readable JSON file: {error}") from error
    is_coco = isinstance(content, dict) and {"images", "annotations"} <= content.keys()
    return content if is_coco else None


def _coco_layer(content: dict[str, Any], path: Path, scene: Path, grid: PixelGrid) -> Layer:
    try:
        image = _coco_image(content, path, scene, grid)
        names = {item["id"]: str(item["name"]) for item in content.get("categories", ())}
        found = [item for item in content["annotations"] if item["image_id"] == image["id"]]
        kinds = [
            "ignore" if item.get("iscrowd") else names.get(item.get("category_id"), "")
            for item in found
        ]
        shapes = np.array([_coco_shape(item) for item in found], dtype=object)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise VectorError(f"{path}: not a valid COCO file: {error!r}") from error
    return Layer(str(path), shapely.make_valid(shapes), {"kind": np.array(kinds, dtype=object)})


def _coco_image(
    content: dict[str, Any], path: Path, scene: Path, grid: PixelGrid
) -> dict[str, Any]:
    images = [item for item in content["images"] if Path(item["file_name"]).name == scene.name]
    if len(images) != 1:
        raise VectorError(f"{path}: has {len(images) or 'no'} images named {scene.name}")
    image: dict[str, Any] = images[0]
    size = image.get("width", grid.width), image.get("height", grid.height)
    if size != (grid.width, grid.height):
        raise VectorError(
            f"{path}: {scene.name} is {size[0]} x {size[1]} px there, "
            f"but the scene is {grid.width} x {grid.height}"
        )
    return image


def _coco_shape(item: dict[str, Any]) -> shapely.Geometry:
    """The outline where there is one as polygons, else the box."""
    outline = item.get("segmentation")
    if isinstance(outline, list) and outline:
        return shapely.union_all(list(_rings(outline)))
    left, top, width, height = item["bbox"]
    return shapely.box(left, top, left + width, top + height)


def _rings(outline: list[list[float]]) -> Iterator[shapely.Geometry]:
    for ring in outline:
        yield shapely.make_valid(shapely.Polygon(np.reshape(ring, (-1, 2))))
