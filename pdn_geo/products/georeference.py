"""From boats in pixels to boats on the ground. Called once, at the end."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from pdn_geo.detections import Detections
from pdn_geo.grid import AffineMapping, PixelGrid
from pdn_geo.products.lonlat import unwrapped, wrapped
from pdn_geo.products.result import Findings
from pdn_geo.products.table import Table, text_column

Floats = NDArray[np.float64]

_IMAGE_UP = np.diag([1.0, -1.0])
_ROUND = 1e-6
"""Axes that differ by less than this share have no direction of their own."""


@dataclass(frozen=True)
class GroundHulls:
    """Hulls as rectangles on the ground.

    length_m, width_m: (N,), NaN where the scale is unknown. bearing_deg: (N,), 0-360
    clockwise from true north (from image up without georeferencing), of the end that the
    pixel angle points to; NaN off the map. corners: (N, 4, 2) in pixels: front left, back
    left, back right, front right as seen on the ground, so counter-clockwise on a map.
    """

    length_m: Floats
    width_m: Floats
    bearing_deg: Floats
    corners: Floats


def ground_hulls(detections: Detections, grid: PixelGrid) -> GroundHulls:
    """Hulls on the ground, for pixels that need not be square there.

    A hull stands for its moment ellipse, Sigma = R diag(L², W²) Rᵀ. With the ground
    Jacobian J it is J Sigma Jᵀ on the ground, whose eigenvalues are the squared length and
    width and whose first eigenvector is the axis; taken here from the singular values of
    J R diag(L, W). So the same boat has the same hull in every georeferencing of a scene.
    """
    d = detections
    jacobian = grid.ground_jacobian(d.x, d.y)
    if not grid.is_georeferenced and grid.assumed_gsd_m is None:
        jacobian[:] = _IMAGE_UP
    on_map = np.flatnonzero(np.isfinite(jacobian).all(axis=(1, 2)))
    known = np.zeros(len(d), dtype=bool)
    known[on_map] = np.linalg.det(jacobian[on_map]) != 0
    jacobian[~known] = _IMAGE_UP
    ahead = np.stack([np.cos(d.angle), np.sin(d.angle)], axis=-1)
    right = np.stack([-ahead[:, 1], ahead[:, 0]], axis=-1)
    axes = np.stack([ahead * d.length[:, None], right * d.width[:, None]], axis=-1)
    vectors, sizes, _ = np.linalg.svd(jacobian @ axes)
    bow = (jacobian @ ahead[..., None])[..., 0]
    axis = vectors[:, :, 0]
    axis = axis * np.where((axis * bow).sum(axis=1) < 0, -1.0, 1.0)[:, None]
    is_round = sizes[:, 0] - sizes[:, 1] < _ROUND * sizes[:, 0]
    axis = np.where(is_round[:, None], bow / np.linalg.norm(bow, axis=1)[:, None], axis)
    along = axis * sizes[:, :1] / 2
    left = np.stack([-axis[:, 1], axis[:, 0]], axis=-1) * sizes[:, 1:] / 2
    ground = np.stack([along + left, left - along, -along - left, along - left], axis=-1)
    offsets = np.swapaxes(np.linalg.inv(jacobian) @ ground, 1, 2)
    corners = np.stack([d.x, d.y], axis=-1)[:, None, :] + offsets
    has_scale = known & (grid.is_georeferenced or grid.assumed_gsd_m is not None)
    sizes = np.where(has_scale[:, None], sizes, np.nan)
    bearing = np.where(known, np.degrees(np.arctan2(axis[:, 0], axis[:, 1])) % 360, np.nan)
    return GroundHulls(sizes[:, 0], sizes[:, 1], bearing, corners)


def georeference(findings: Findings, *, lonlat: bool = False) -> Table:
    """The detections as polygons in the scene's CRS (or in `grid.lonlat_crs`).

    Without georeferencing the polygons are in pixels, `lon` and `lat` unknown, and the
    heading is clockwise from image up; lengths are known only from `assumed_gsd_m`.
    """
    d, grid = findings.detections, findings.grid
    hulls = ground_hulls(d, grid)
    lon, lat = grid.to_lonlat(d.x, d.y)
    columns = {
        "score": np.round(d.score, 6),
        "class": text_column(["boat"] * len(d)),
        "length_m": np.round(hulls.length_m, 2),
        "width_m": np.round(hulls.width_m, 2),
        "heading_deg": _heading(hulls.bearing_deg, d.bow_known),
        "heading_ambiguous": ~d.bow_known | np.isnan(hulls.bearing_deg),
        "wake": np.round(d.wake, 4),
        "look": d.look,
        "lon": np.round(wrapped(lon), 7),
        "lat": np.round(lat, 7),
    }
    rings = np.concatenate([hulls.corners, hulls.corners[:, :1]], axis=1)
    polygons = np.empty(len(d), dtype=object)
    polygons[:] = shapely.polygons(rings)
    return Table(
        name="detections",
        geometry=place(polygons, grid, lonlat=lonlat),
        geometry_type="Polygon",
        crs=grid.lonlat_crs if lonlat else grid.crs,
        columns=columns,
    )


def place(polygons: NDArray[np.object_], grid: PixelGrid, *, lonlat: bool) -> NDArray[np.object_]:
    """Polygons in pixels to the scene's CRS, or to longitude and latitude; (N,) both.

    None where a vertex is off the map. Longitudes run on across the antimeridian.
    """
    lonlat = lonlat and grid.is_georeferenced
    is_affine = isinstance(grid.mapping, AffineMapping)
    may_jump = lonlat or (grid.crs is not None and grid.crs.is_geographic and not is_affine)
    vertices, owner = shapely.get_coordinates(polygons, return_index=True)
    moved = np.stack((grid.to_lonlat if lonlat else grid.to_crs)(*vertices.T), axis=-1)
    on_map = np.isfinite(moved).all(axis=-1)
    placed = polygons.copy()
    placed[owner[~on_map]] = None
    placed = shapely.set_coordinates(placed, moved[np.isin(owner, owner[~on_map], invert=True)])
    return unwrapped(placed) if may_jump else placed


def _heading(bearing_deg: Floats, bow_known: NDArray[np.bool_]) -> Floats:
    """0-360 where the bow is known, else the axis, 0-180; to 0.01 degree, (N,)."""
    turn = np.where(bow_known, 360.0, 180.0)
    return np.round(bearing_deg % turn, 2) % turn
