"""The flat plane in which labelled hulls and detections are compared."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from pdn_geo.errors import OptionError, VectorError
from pdn_geo.evaluation.vectors import Layer
from pdn_geo.grid import PixelGrid

Geometries = NDArray[np.object_]

TOLERANCE_M = 15.0
TOLERANCE_PX = 1.5


@dataclass(frozen=True)
class Plane:
    """Metres on the ground where the scale is known, else scene pixels.

    crs: an azimuthal equidistant projection about the scene, or None when the plane is the
    scene's pixels (times `pixel_m` where that is known). grid: the scene's, if one was
    given. pixel_m: the ground sampling distance, NaN if unknown.
    """

    grid: PixelGrid | None = None
    crs: CRS | None = None
    pixel_m: float = np.nan

    @property
    def unit(self) -> str:
        """Metres ("m") or pixels ("px")."""
        return "m" if self.crs is not None or np.isfinite(self.pixel_m) else "px"

    @property
    def pixel(self) -> float:
        """Units of the plane per pixel; NaN if unknown."""
        return self.pixel_m if self.unit == "m" else 1.0

    @property
    def tolerance(self) -> float:
        """How far a hull is grown before a detection's centre must lie in it:
        max(15 m, 1.5 px) of what is known.
        """
        if self.unit == "px":
            return TOLERANCE_PX
        return float(np.nanmax([TOLERANCE_M, TOLERANCE_PX * self.pixel_m]))

    def from_pixels(self, geometry: Geometries) -> Geometries:
        """Geometries in scene pixels, put into the plane."""
        if self.crs is None:
            scale = 1.0 if self.unit == "px" else self.pixel_m
            return np.asarray(shapely.transform(geometry, lambda points: points * scale))
        assert self.grid is not None
        grid = self.grid
        on_map = shapely.transform(
            geometry, lambda points: np.column_stack(grid.to_crs(points[:, 0], points[:, 1]))
        )
        assert grid.crs is not None
        return self._project(on_map, grid.crs, "the scene")

    def from_layer(self, layer: Layer) -> Geometries:
        """A layer's geometries, put into the plane. VectorError where they leave the map."""
        if not len(layer.geometry):
            return layer.geometry
        if layer.crs is None:
            return self.from_pixels(layer.geometry)
        return self._project(layer.geometry, layer.crs, layer.source)

    def _project(self, geometry: Geometries, crs: CRS, source: str) -> Geometries:
        transformer = Transformer.from_crs(crs, self.crs, always_xy=True)
        try:
            projected = shapely.transform(
                geometry,
                lambda points: np.column_stack(
                    transformer.transform(points[:, 0], points[:, 1], errcheck=True)
                ),
            )
        except ProjError:
            raise VectorError(f"{source}: coordinates do not fit their CRS ({crs.name})") from None
        return np.asarray(projected)


def common_plane(grid: PixelGrid | None, *layers: Layer, gsd_m: float | None = None) -> Plane:
    """The plane for one scene's detections and truth.

    `gsd_m` is the pixel size of a scene that is not georeferenced. Raises OptionError when
    pixels and places would have to be compared without a scene to tell how they relate.
    """
    if gsd_m is not None and not gsd_m > 0:
        raise OptionError(f"the ground sampling distance must be positive, got {gsd_m}")
    on_ground = [layer for layer in layers if layer.crs is not None and len(layer.geometry)]
    in_pixels = [layer for layer in layers if layer.crs is None and len(layer.geometry)]
    if grid is not None and grid.is_georeferenced:
        lon, lat = grid.to_lonlat(grid.width / 2, grid.height / 2)
        return Plane(grid, _equidistant(float(lon), float(lat)), grid.gsd_m)
    if on_ground and (grid is not None or in_pixels):
        pixels = "the scene" if grid is not None else in_pixels[0].source
        remedy = "" if grid is not None else "; give the scene that the pixels belong to"
        raise OptionError(
            f"{on_ground[0].source} has places on the ground but {pixels} only pixels{remedy}"
        )
    placed = [layer for layer in layers if layer.crs is not None]
    if placed and grid is None and not in_pixels:
        return Plane(None, _equidistant(*_middle(placed)))
    if grid is not None and gsd_m is not None:
        grid = replace(grid, assumed_gsd_m=gsd_m)
    assumed = gsd_m if grid is None else grid.assumed_gsd_m
    return Plane(grid, None, np.nan if assumed is None else assumed)


def _equidistant(lon: float, lat: float) -> CRS:
    """True in distance and direction from its centre; at 300 km off, 0.04 % long across."""
    if not np.isfinite([lon, lat]).all():
        raise OptionError("the scene's centre is not on the map; evaluate it in pixels")
    return CRS.from_proj4(f"+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84 +units=m")


def _middle(layers: list[Layer]) -> tuple[float, float]:
    """A longitude and latitude amid the features, on the right side of the antimeridian."""
    vectors = []
    for layer in layers:
        points = shapely.get_coordinates(layer.geometry)
        to_lonlat = Transformer.from_crs(layer.crs, "EPSG:4326", always_xy=True)
        lon, lat = (np.radians(v) for v in to_lonlat.transform(points[:, 0], points[:, 1]))
        vectors.append(
            np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
        )
    x, y, z = np.nansum(np.concatenate(vectors, axis=1), axis=1)
    if not np.isfinite([x, y, z]).all():
        raise VectorError(f"{layers[0].source}: coordinates do not fit their CRS")
    return float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arctan2(z, np.hypot(x, y))))
