"""Areas that a user draws: where to search, where water or land is."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from rasterio.features import rasterize
from shapely.geometry.base import BaseGeometry

from pdn_geo.errors import VectorError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid

Bools = NDArray[np.bool_]
Box = tuple[float, float, float, float]
PathLike = str | os.PathLike[str]

# Straight lines of one CRS are curves in another: edges are cut into pieces of this
# share of the scene's extent before they are reprojected, an error far below a pixel.
_EDGE_SHARE = 1 / 256
_OUTLINE_POINTS = 33
_MARGIN = 0.05
_POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True)
class VectorMasks:
    """Areas in scene pixels, clipped to the scene; None where the user has drawn none.

    aoi: where to search. water, land: what is known to be water or land.
    """

    aoi: BaseGeometry | None = None
    water: BaseGeometry | None = None
    land: BaseGeometry | None = None

    @classmethod
    def read(
        cls,
        grid: PixelGrid,
        *,
        aoi: PathLike | None = None,
        water: PathLike | None = None,
        land: PathLike | None = None,
        scene_name: str = "the scene",
    ) -> "VectorMasks":
        """Read vector files of any format and CRS.

        A file without a CRS is taken to be in the scene's. For a scene without
        georeferencing, coordinates are pixels (x right, y down). A land file may well
        have nothing in an open-sea scene; the other two must.

        Raises VectorError naming the file: it cannot be read, has no polygons, does not
        touch the scene.
        """
        areas = {}
        for name, path in (("aoi", aoi), ("water", water), ("land", land)):
            if path is None:
                continue
            area = read_area(path, grid)
            if area.is_empty and name != "land":
                raise VectorError(f"{os.fspath(path)}: does not touch {scene_name}")
            areas[name] = area
        return cls(**areas)

    def cells(self, window: Window, stride: int) -> tuple[Bools | None, Bools | None]:
        """(allowed, water) for a window of cells, (rows, cols) each.

        allowed: the cell touches the area of interest; None without one. water: the
        cell's centre is water; None where neither water nor land is known. Land wins
        where both are drawn.
        """
        allowed = None
        if self.aoi is not None:
            allowed = _burn(self.aoi, window, stride, all_touched=True)
        water = None
        if self.water is not None:
            water = _burn(self.water, window, stride)
        if self.land is not None:
            dry = _burn(self.land, window, stride)
            water = ~dry if water is None else water & ~dry
        return allowed, water

    def allows(self, x: ArrayLike, y: ArrayLike) -> Bools:
        """Which points (pixel coordinates) lie in the area of interest; all without one."""
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if self._prepared_aoi is None:
            return np.ones(x.shape, np.bool_)
        return np.asarray(shapely.intersects_xy(self._prepared_aoi, x, y))

    @cached_property
    def _prepared_aoi(self) -> BaseGeometry | None:
        if self.aoi is not None:
            shapely.prepare(self.aoi)
        return self.aoi


def read_area(path: PathLike, grid: PixelGrid) -> BaseGeometry:
    """The polygons of a vector file, joined, in pixels and clipped to the scene.

    Of several layers the first that has polygons counts. Empty where they do not touch
    the scene. Raises VectorError.
    """
    from pyogrio import list_layers, read_info
    from pyogrio.errors import CRSError as VectorCRSError
    from pyogrio.errors import DataLayerError, DataSourceError

    name = os.fspath(path)
    seen = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL's remarks on other people's files
            for layer, kind in list_layers(name):
                if kind is None:  # a table without geometry
                    continue
                crs = _crs(read_info(name, layer=layer)["crs"], grid)
                boxes = _extent(grid, crs)
                polygons = [_read_polygons(name, layer, box) for box in boxes]
                if sum(map(len, polygons)):
                    return _joined(polygons, boxes, crs, grid)
                seen = seen or len(_read_polygons(name, layer)) > 0
    except (DataSourceError, DataLayerError, VectorCRSError, ProjError, CRSError) as error:
        raise VectorError(f"{name}: {_reason(error, name)}") from error
    if not seen:
        raise VectorError(f"{name}: has no polygons")
    return shapely.MultiPolygon()


def _reason(error: Exception, name: str) -> str:
    """GDAL's words without the path, and without pyogrio's advice to programmers."""
    first = str(error).splitlines()[0].split(";")[0]
    return first.removeprefix(f"{name}: ").removeprefix(f"'{name}' ")


def _read_polygons(name: str, layer: str, box: Box | None = None) -> NDArray[np.object_]:
    """Valid polygons of one layer; those that meet a box, cut to it, if one is given."""
    from pyogrio.raw import read

    _, _, wkb, _ = read(name, layer=layer, bbox=box, columns=[], force_2d=True)
    geometries = shapely.from_wkb(wkb, on_invalid="ignore")
    polygons = shapely.make_valid(_only_polygons(geometries[~shapely.is_missing(geometries)]))
    return _only_polygons(polygons if box is None else shapely.clip_by_rect(polygons, *box))


def _joined(
    polygons: list[NDArray[np.object_]], boxes: list[Box], crs: CRS | None, grid: PixelGrid
) -> BaseGeometry:
    """One area in pixels from the polygons found in each box."""
    found = np.concatenate(polygons)
    is_straight = crs == grid.crs and (crs is None or grid.transform is not None)
    if not is_straight:
        left, bottom, right, top = boxes[0]
        found = shapely.segmentize(found, _EDGE_SHARE * max(right - left, top - bottom))
    placed = shapely.transform(found, _placer(grid, None if crs == grid.crs else crs))
    scene = shapely.box(0, 0, grid.width, grid.height)
    clipped = shapely.intersection(shapely.make_valid(placed), scene)
    return shapely.union_all(_only_polygons(clipped))


def _only_polygons(geometries: Any) -> NDArray[np.object_]:
    """Polygons among the parts (two levels: collections may hold multipolygons)."""
    parts = shapely.get_parts(shapely.get_parts(geometries))
    return np.asarray(
        parts[np.isin(shapely.get_type_id(parts), _POLYGONAL) & ~shapely.is_empty(parts)]
    )


def _crs(code: str | None, grid: PixelGrid) -> CRS | None:
    """The CRS of a layer's coordinates; None where they are pixels."""
    if grid.crs is None:
        return None
    return CRS.from_user_input(code) if code else grid.crs


def _extent(grid: PixelGrid, crs: CRS | None) -> list[Box]:
    """Boxes of a layer's coordinates that hold the scene, with a margin.

    Three for longitudes, which may be counted past 180 or not on either side.
    """
    if crs is None or grid.crs is None:
        return [(0, 0, grid.width, grid.height)]
    x, y = np.meshgrid(
        np.linspace(0, grid.width, _OUTLINE_POINTS), np.linspace(0, grid.height, _OUTLINE_POINTS)
    )
    east, north = Transformer.from_crs(grid.crs, crs, always_xy=True).transform(
        *grid.to_crs(x.ravel(), y.ravel())
    )
    known = np.isfinite(east) & np.isfinite(north)
    if not known.any():
        raise ProjError(f"the scene has no place in its CRS, {crs.name}")
    east, north = east[known], north[known]
    if crs.is_geographic:
        east = _near(east, east[len(east) // 2])
    margin = _MARGIN * max(np.ptp(east), np.ptp(north))
    west, south = float(east.min() - margin), float(north.min() - margin)
    east_end, north_end = float(east.max() + margin), float(north.max() + margin)
    turns = (0, -360, 360) if crs.is_geographic else (0,)
    return [(west + turn, south, east_end + turn, north_end) for turn in turns]


def _near(longitude: NDArray[np.float64], middle: float) -> NDArray[np.float64]:
    """The same longitudes, at most half a turn from `middle`."""
    return longitude - 360 * np.round((longitude - middle) / 360)


def _placer(
    grid: PixelGrid, crs: CRS | None
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """From coordinates (N, 2) of a layer to pixels; `crs` None: they are the scene's."""
    transformer = crs and Transformer.from_crs(crs, grid.crs, always_xy=True)
    middle = float(grid.to_crs(grid.width / 2, grid.height / 2)[0])
    is_longitude = grid.crs is not None and grid.crs.is_geographic

    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = points[:, 0], points[:, 1]
        if transformer:
            x, y = transformer.transform(x, y)
        x, y = grid.to_pixel(_near(x, middle) if is_longitude else x, y)
        if not (np.isfinite(x).all() and np.isfinite(y).all()):
            raise ProjError("parts of it have no place in the scene's CRS")
        return np.column_stack([x, y])

    return place


def _burn(area: BaseGeometry, window: Window, stride: int, *, all_touched: bool = False) -> Bools:
    """Which cells of a window of cells an area (in pixels) covers."""
    shape = (window.height, window.width)
    # Clipped one cell outside the window: what GDAL walks through stays small.
    wide = window.expanded(1)
    bounds = (wide.col_off, wide.row_off, wide.col_end, wide.row_end)
    near = shapely.clip_by_rect(area, *(stride * value for value in bounds))
    if near.is_empty:
        return np.zeros(shape, np.bool_)
    transform = Affine.scale(stride) * Affine.translation(window.col_off, window.row_off)
    burnt = rasterize([near], shape, transform=transform, all_touched=all_touched, dtype="uint8")
    return burnt.astype(np.bool_)
