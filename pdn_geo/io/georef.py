"""From what a file says of its place on the ground to a `PixelGrid`.

In GDAL's order: an affine transform, ground control points, RPCs. Whatever does not lead
to longitude and latitude is dropped, with a note that says why.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyproj
from affine import Affine
from pyproj.exceptions import CRSError
from rasterio.control import GroundControlPoint
from rasterio.io import DatasetReader
from rasterio.rpc import RPC

from pdn_geo.errors import OptionError
from pdn_geo.grid import AffineMapping, PixelGrid, PixelMapping
from pdn_geo.io.gcps import fit_gcps
from pdn_geo.io.reasons import one_line
from pdn_geo.io.rpcs import RpcMapping

_WGS84 = 4326
_POLE = 90 + 1e-6
_PROBE = np.linspace(0, 1, 5)

Located = tuple[pyproj.CRS, PixelMapping, str]
"""CRS, mapping, and a note for the user ("" if there is nothing to say)."""


class UnusableError(Exception):
    """Georeferencing that is there and cannot be used; the text says why."""


def locate_dataset(dataset: DatasetReader, gsd_m: float | None) -> tuple[PixelGrid, list[str]]:
    """The grid of an open dataset, and notes.

    gsd_m: what the user says one pixel measures; only a scene without georeferencing may
    take it. Raises OptionError otherwise.
    """
    crs_wkt, crs_note = _crs_text(dataset)
    gcps, gcp_crs = dataset.gcps
    try:
        rpc = dataset.rpcs
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        rpc, crs_note = None, f"RPCs that cannot be read ({one_line(str(error))})"
    return locate(
        height=dataset.height,
        width=dataset.width,
        transform=dataset.transform,
        crs=crs_wkt,
        gcps=gcps,
        gcp_crs=gcp_crs.to_wkt() if gcp_crs else None,
        rpc=rpc,
        note=crs_note,
        gsd_m=gsd_m,
    )


def _crs_text(dataset: DatasetReader) -> tuple[str | None, str]:
    """The CRS as WKT (which keeps what an EPSG code would lose), or why there is none."""
    try:
        crs = dataset.crs
        return (crs.to_wkt() if crs else None), ""
    except Exception as error:  # rasterio lets GDAL's own errors through here
        return None, f"a CRS that cannot be read ({one_line(str(error))})"


def locate(
    *,
    height: int,
    width: int,
    transform: Affine,
    crs: str | None,
    gcps: Sequence[GroundControlPoint] = (),
    gcp_crs: str | None = None,
    rpc: RPC | None = None,
    note: str = "",
    gsd_m: float | None = None,
) -> tuple[PixelGrid, list[str]]:
    """The grid from the first georeferencing that can be used, and notes.

    An identity transform is what GDAL gives for none.
    """
    problems = [note] if note else []
    attempts: list[Callable[[], Located]] = []
    if transform != Affine.identity():
        attempts.append(lambda: _affine(transform, crs))
    elif crs and not gcps and rpc is None:
        problems.append("a CRS, but no transform")
    if gcps:
        attempts.append(lambda: _gcps(gcps, gcp_crs or crs, height, width))
    if rpc is not None:
        attempts.append(lambda: _rpc(rpc))
    for attempt in attempts:
        try:
            found, mapping, remark = attempt()
            grid = PixelGrid(height=height, width=width, crs=found, mapping=mapping)
            _check_on_map(grid)
        except UnusableError as reason:
            problems.append(str(reason))
            continue
        if gsd_m is not None:
            raise OptionError(
                f"a ground sampling distance of {gsd_m:g} m was given, but the scene is "
                f"georeferenced, at {grid.gsd_m:.4g} m"
            )
        return grid, [remark] if remark else []
    grid = PixelGrid(height=height, width=width, assumed_gsd_m=gsd_m)
    why = f" ({'; '.join(problems)})" if problems else ""
    return grid, [f"no georeferencing{why}: results are in pixel coordinates"]


def _affine(transform: Affine, crs: str | None) -> Located:
    if crs is None:
        raise UnusableError("a transform, but no CRS")
    if not np.isfinite(transform[:6]).all():
        raise UnusableError("a transform that is not finite")
    try:
        return horizontal_crs(crs), AffineMapping(transform), ""
    except ValueError as error:
        raise UnusableError(str(error)) from error


def _gcps(
    points: Sequence[GroundControlPoint], crs: str | None, height: int, width: int
) -> Located:
    if crs is None:
        raise UnusableError(f"{len(points)} ground control points, but no CRS")
    found = horizontal_crs(crs)
    try:
        mapping = fit_gcps(points, height=height, width=width, is_lonlat=found.is_geographic)
    except (ValueError, np.linalg.LinAlgError) as error:
        raise UnusableError(f"ground control points that cannot be used: {error}") from error
    note = (
        f"georeferenced by {len(points)} ground control points: {mapping.fit.basis.words}, "
        f"leave-one-out error "
        + ("below 0.01 px" if mapping.error_px < 0.01 else f"{mapping.error_px:.2g} px")
    )
    return found, mapping, note


def _rpc(rpc: RPC) -> Located:
    try:
        mapping = RpcMapping.at_mean_height(rpc)
    except ValueError as error:
        raise UnusableError(f"RPCs that cannot be used: {error}") from error
    note = f"georeferenced by RPCs at their mean height of {mapping.height_m:g} m"
    return pyproj.CRS.from_epsg(_WGS84), mapping, note


def horizontal_crs(text: str) -> pyproj.CRS:
    """The horizontal part of a CRS; raises UnusableError if it has no longitude and latitude."""
    try:
        crs = pyproj.CRS.from_user_input(text)
        if crs.is_compound:
            crs = crs.sub_crs_list[0]
        leads_to_lonlat = crs.geodetic_crs is not None and not crs.is_geocentric
    except CRSError as error:
        raise UnusableError(f"a CRS that PROJ does not know ({one_line(str(error))})") from error
    if not leads_to_lonlat:
        raise UnusableError(f"a local CRS ({crs.name})")
    return crs


def _check_on_map(grid: PixelGrid) -> None:
    """Some point of a grid over the scene must have a longitude and latitude."""
    x, y = np.meshgrid(_PROBE * grid.width, _PROBE * grid.height)
    try:
        lon, lat = grid.to_lonlat(x, y)
    except CRSError as error:
        raise UnusableError(f"a CRS that PROJ cannot use ({one_line(str(error))})") from error
    if not (np.isfinite(lon) & (np.abs(lat) <= _POLE)).any():
        raise UnusableError("coordinates that lie off the map of its CRS")
    gsd = grid.gsd_m
    if np.isfinite(gsd) and not gsd > 0:
        raise UnusableError("pixels without extent on the ground")
