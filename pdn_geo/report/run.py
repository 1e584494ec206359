"""A run read back from its GeoPackage, in pixels of its scene."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from pdn_geo.drive.look import Look
from pdn_geo.errors import VectorError
from pdn_geo.evaluation.vectors import Layer, layer_names, read_layer
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid

_HULL_POINTS = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Boat:
    """One detection.

    rank: 1 for the best score. outline: (P, 2) its hull in scene pixels, closed. x, y,
    size: centre and longest side in scene pixels. bow: (2,) the middle of the hull's front
    edge, None where the heading is ambiguous. score, wake: 0-1; length_m, width_m;
    heading_deg clockwise from north (of the axis, 0-180, where `bow` is None); lon, lat in
    degrees; NaN where unknown.
    """

    rank: int
    outline: NDArray[np.float64]
    bow: NDArray[np.float64] | None
    score: float
    wake: float
    length_m: float
    width_m: float
    heading_deg: float
    lon: float
    lat: float

    @property
    def x(self) -> float:
        return float((self.outline[:, 0].min() + self.outline[:, 0].max()) / 2)

    @property
    def y(self) -> float:
        return float((self.outline[:, 1].min() + self.outline[:, 1].max()) / 2)

    @property
    def size(self) -> float:
        edges = np.diff(self.outline, axis=0)
        return float(np.hypot(*edges.T).max(initial=1.0))


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """account: what the file says of the run, as text. grid: of the scene, with the metres per
    pixel that `detect` was told if nobody else says them. date: of the file, UTC. boats: best
    score first. looks: in order, within the scene. found: (looks,) boats kept from each.
    """

    account: dict[str, str]
    grid: PixelGrid
    date: datetime
    boats: tuple[Boat, ...]
    looks: tuple[Look, ...]
    found: NDArray[np.int64]

    def number(self, name: str) -> float:
        """A number of the account, NaN where it is missing."""
        try:
            value = float(self.account.get(name, "nan"))
        except ValueError:
            return math.nan
        return value if math.isfinite(value) else math.nan

    @cached_property
    def searched(self) -> Any:
        """The union of the looks, a shapely geometry in scene pixels."""
        windows = [look.window for look in self.looks]
        boxes = [shapely.box(w.col_off, w.row_off, w.col_end, w.row_end) for w in windows]
        return shapely.union_all(boxes)


def read_run(path: Path, grid: PixelGrid) -> Run:
    """Read what `detect` wrote as GeoPackage, for the scene with this grid.

    Raises VectorError when it cannot be read, holds no looks, or is not of this scene.
    """
    import pyogrio

    missing = {"detections", "looks", "searched_area"} - set(layer_names(path))
    if missing:
        names = " and ".join(sorted(missing))
        raise VectorError(f"{path}: has no layer {names}; a report needs a GeoPackage by detect")
    told = pyogrio.read_info(path, layer="searched_area")["layer_metadata"] or {}
    account = {str(name): str(value) for name, value in told.items()}
    footprints = read_layer(path, "looks")
    hulls = read_layer(path, "detections", "pixels" if footprints.crs is None else "crs")
    order, looks, found = _looks(footprints, grid)
    return Run(
        account=account,
        grid=_scaled(grid, account.get("assumed_gsd_m", "")),
        date=datetime.fromtimestamp(path.stat().st_mtime, tz=UTC),
        boats=_boats(hulls, grid),
        looks=tuple(looks[i] for i in order),
        found=found[order],
    )


def _scaled(grid: PixelGrid, gsd_m: str) -> PixelGrid:
    """The grid with pixels of so many metres, "" if unknown, where it has no scale of its own."""
    if grid.is_georeferenced or grid.assumed_gsd_m is not None:
        return grid
    try:
        return replace(grid, assumed_gsd_m=float(gsd_m))
    except ValueError:
        return grid


def _looks(layer: Layer, grid: PixelGrid) -> tuple[NDArray[np.intp], list[Look], NDArray[np.int64]]:
    boxes = shapely.bounds(_in_pixels(layer, grid)).reshape(-1, 4)
    edges = np.round(boxes)
    limit = np.array([grid.width, grid.height, grid.width, grid.height])
    if (edges < -1).any() or (edges > limit + 1).any() or not np.isfinite(edges).all():
        raise VectorError(f"{layer.source}: is not a result for this scene: it looked elsewhere")
    left, top, right, bottom = edges.clip(0, limit).astype(int).T
    orders, expected, found = (
        np.nan_to_num(layer.numbers(name), posinf=0, neginf=0).clip(0)
        for name in ("order", "expected_boats", "detections")
    )
    reasons = layer.fields.get("reason", [""] * len(edges))
    looks = [
        Look(
            order=int(orders[i]),
            window=Window(
                col_off=int(left[i]),
                row_off=int(top[i]),
                width=max(int(right[i] - left[i]), 1),
                height=max(int(bottom[i] - top[i]), 1),
            ),
            reason=str(reasons[i] or ""),
            expected_boats=float(expected[i]),
        )
        for i in range(len(edges))
    ]
    return np.argsort(orders, kind="stable"), looks, found.astype(np.int64)


def _boats(layer: Layer, grid: PixelGrid) -> tuple[Boat, ...]:
    geometry = _in_pixels(layer, grid)
    names = ("score", "wake", "length_m", "width_m", "heading_deg", "lon", "lat")
    numbers = {name: layer.numbers(name) for name in names}
    scores = numbers["score"]
    if not np.isfinite(scores).all():
        raise VectorError(f"{layer.source}: a detection has no score")
    ambiguous = np.asarray(layer.fields.get("heading_ambiguous", np.ones(len(scores))), dtype=bool)
    boats = []
    for rank, i in enumerate(np.argsort(-scores, kind="stable"), start=1):
        outline = shapely.get_coordinates(geometry[i])
        # The first edge runs along the port side from the bow, the third back to it.
        is_hull = len(outline) == _HULL_POINTS and not ambiguous[i]
        bow = (outline[0] + outline[3]) / 2 if is_hull else None
        values = {name: float(column[i]) for name, column in numbers.items()}
        boat = Boat(rank=rank, outline=outline, bow=bow, **values)
        if not (0 <= boat.x <= grid.width and 0 <= boat.y <= grid.height):
            raise VectorError(f"{layer.source}: is not a result for this scene: a boat is outside")
        boats.append(boat)
    return tuple(boats)


def _in_pixels(layer: Layer, grid: PixelGrid) -> NDArray[np.object_]:
    """A layer's geometries in scene pixels; VectorError where the scene has no place."""
    if layer.crs is None:
        return layer.geometry
    if grid.crs is None:
        raise VectorError(f"{layer.source}: has places on the ground, but the scene only pixels")
    transformer = Transformer.from_crs(layer.crs, grid.crs, always_xy=True)
    middle = float(grid.to_crs(grid.width / 2, grid.height / 2)[0])
    turns = grid.crs.is_geographic

    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = transformer.transform(points[:, 0], points[:, 1])
        if turns:  # longitudes run on across the antimeridian
            x = x - 360 * np.round((x - middle) / 360)
        return np.column_stack(grid.to_pixel(x, y))

    return np.asarray(shapely.transform(layer.geometry, place), dtype=object)
