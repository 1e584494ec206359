"""Where a scene's pixels lie on the ground."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError

Floats = NDArray[np.float64]

_EARTH_RADIUS_M = (6.3e6, 6.4e6)


class PixelMapping(Protocol):
    """Pixel coordinates to CRS coordinates and back, elementwise on float64 arrays."""

    def to_crs(self, x: Floats, y: Floats) -> tuple[Floats, Floats]: ...

    def to_pixel(self, crs_x: Floats, crs_y: Floats) -> tuple[Floats, Floats]: ...


@dataclass(frozen=True, slots=True)
class AffineMapping:
    """Six-parameter georeferencing; rotation, shear and south-up included."""

    transform: Affine

    def __post_init__(self) -> None:
        if self.transform.is_degenerate:
            raise ValueError(f"transform maps the scene onto a line: {self.transform[:6]}")

    def to_crs(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        t = self.transform
        return t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f

    def to_pixel(self, crs_x: Floats, crs_y: Floats) -> tuple[Floats, Floats]:
        t = ~self.transform
        return t.a * crs_x + t.b * crs_y + t.c, t.d * crs_x + t.e * crs_y + t.f


@dataclass(frozen=True)
class PixelGrid:
    """A scene's size and its place on the ground.

    `crs` and `mapping` are both None for a scene without georeferencing; metres are
    then known only if the user has said the ground sampling distance (`assumed_gsd_m`).
    A `crs` must lead to longitude and latitude; readers drop one that does not.
    """

    height: int
    width: int
    crs: CRS | None = None
    mapping: PixelMapping | None = None
    assumed_gsd_m: float | None = None

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if (self.crs is None) != (self.mapping is None):
            raise ValueError("crs and mapping go together: give both or neither")
        if self.assumed_gsd_m is not None and not self.assumed_gsd_m > 0:
            raise ValueError(f"assumed_gsd_m must be positive, got {self.assumed_gsd_m}")

    @property
    def is_georeferenced(self) -> bool:
        return self.crs is not None

    @property
    def transform(self) -> Affine | None:
        """The affine transform where the georeferencing is one, else None."""
        return self.mapping.transform if isinstance(self.mapping, AffineMapping) else None

    @cached_property
    def is_on_earth(self) -> bool:
        """False for georeferencing on another body (its lon/lat are then that body's)."""
        ellipsoid = self.crs.ellipsoid if self.crs else None
        if ellipsoid is None:
            return True
        return _EARTH_RADIUS_M[0] < ellipsoid.semi_major_metre < _EARTH_RADIUS_M[1]

    @cached_property
    def lonlat_crs(self) -> CRS | None:
        """WGS 84 on Earth, the body's own geographic CRS elsewhere."""
        if self.crs is None:
            return None
        return CRS.from_epsg(4326) if self.is_on_earth else self.crs.geodetic_crs

    @cached_property
    def _to_lonlat(self) -> Transformer:
        return Transformer.from_crs(self.crs, self.lonlat_crs, always_xy=True)

    @cached_property
    def _geod(self) -> Geod:
        crs = self.lonlat_crs
        assert crs is not None
        geod = crs.get_geod()
        assert geod is not None
        return geod

    def to_crs(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Pixel to CRS coordinates; pixel coordinates unchanged without georeferencing."""
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        return (x, y) if self.mapping is None else self.mapping.to_crs(x, y)

    def to_pixel(self, crs_x: ArrayLike, crs_y: ArrayLike) -> tuple[Floats, Floats]:
        """CRS to pixel coordinates, the inverse of `to_crs`."""
        crs_x, crs_y = np.asarray(crs_x, dtype=np.float64), np.asarray(crs_y, dtype=np.float64)
        return (crs_x, crs_y) if self.mapping is None else self.mapping.to_pixel(crs_x, crs_y)

    def to_lonlat(self, x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
        """Pixel coordinates to degrees; NaN without georeferencing or off the map."""
        unknown = np.full(np.shape(x), np.nan)
        if self.crs is None:
            return unknown, unknown.copy()
        try:
            lon, lat = self._to_lonlat.transform(*self.to_crs(x, y))
        except ProjError:
            return unknown, unknown.copy()
        bad = ~(np.isfinite(lon) & np.isfinite(lat))
        return np.where(bad, np.nan, lon), np.where(bad, np.nan, lat)

    def ground_jacobian(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Metres east and north per pixel of x and y at each point, (..., 2, 2).

        Row 0 is east, row 1 north; column 0 is per pixel in x, column 1 in y. Measured
        along the geodesic over one pixel (Karney 2013, through PROJ). Without
        georeferencing the image is taken as north-up at `assumed_gsd_m`; NaN if unknown.
        """
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        if self.crs is None:
            gsd = np.nan if self.assumed_gsd_m is None else self.assumed_gsd_m
            return np.broadcast_to(np.diag([gsd, -gsd]), (*x.shape, 2, 2)).copy()
        columns = []
        for dx, dy in ((0.5, 0.0), (0.0, 0.5)):
            lon0, lat0 = self.to_lonlat(x - dx, y - dy)
            lon1, lat1 = self.to_lonlat(x + dx, y + dy)
            known = np.isfinite(lon0) & np.isfinite(lon1)
            lon0, lat0, lon1, lat1 = (np.where(known, v, 0.0) for v in (lon0, lat0, lon1, lat1))
            bearing, _, distance = self._geod.inv(lon0, lat0, lon1, lat1)
            bearing = np.radians(bearing)
            vector = np.stack([np.sin(bearing), np.cos(bearing)], axis=-1)
            vector = vector * np.asarray(distance)[..., None]
            columns.append(np.where(known[..., None], vector, np.nan))
        return np.stack(columns, axis=-1)

    @cached_property
    def gsd_m(self) -> float:
        """Ground sampling distance at the scene's centre: the side of a square of one
        pixel's ground area, in metres. NaN if unknown.
        """
        (a, b), (c, d) = self.ground_jacobian(self.width / 2, self.height / 2)
        return float(np.sqrt(abs(a * d - b * c)))
