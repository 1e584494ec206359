"""Where the run looked: the footprint of each look and their union."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon

from pdn_geo.grid import AffineMapping, PixelGrid
from pdn_geo.products.georeference import place
from pdn_geo.products.result import Findings
from pdn_geo.products.table import Table, text_column

_CURVED_STEP_PX, _PROJECTED_STEP_PX = 64, 512
"""Edges get a vertex this often where a straight line in pixels is none on the map: under
control points or RPC, and from a projection to longitude and latitude, where an edge of
512 px of 10 m at 60 degrees bends by less than a metre."""


def looks_table(findings: Findings, *, lonlat: bool = False) -> Table:
    """One polygon a look, in order, in the scene's CRS (or in `grid.lonlat_crs`)."""
    looks = sorted(findings.looks, key=lambda look: look.order)
    orders = np.array([look.order for look in looks], dtype=np.int32)
    counts = np.bincount(findings.detections.look, minlength=orders.max(initial=0) + 1)
    columns = {
        "order": orders,
        "reason": text_column([look.reason for look in looks]),
        "expected_boats": np.round([float(look.expected_boats) for look in looks], 4),
        "detections": counts[orders].astype(np.int32),
    }
    geometry = _footprints(_boxes(findings), findings.grid, lonlat=lonlat)
    crs = findings.grid.lonlat_crs if lonlat else findings.grid.crs
    return Table(name="looks", geometry=geometry, geometry_type="Polygon", crs=crs, columns=columns)


def searched_area_table(findings: Findings, *, lonlat: bool = False) -> Table:
    """One row: the union of all looks within the scene, and the account of the run."""
    from pdn_geo import __version__

    union = shapely.normalize(shapely.union_all(_boxes(findings)))
    area = np.empty(1, dtype=object)
    area[0] = MultiPolygon([part for part in shapely.get_parts(union) if not part.is_empty])
    columns = {
        "scene": text_column([findings.scene]),
        "searched_share": np.array([round(findings.searched_share, 6)]),
        "expected_missed": np.array([round(findings.expected_missed, 4)]),
        "missed_at_most": np.array([float(findings.missed_at_most)]),
        "looks": np.array([len(findings.looks)], dtype=np.int32),
        "patches": np.array([round(findings.patches, 4)]),
        "boats": np.array([len(findings.detections)], dtype=np.int32),
        "model": text_column([findings.model]),
        "pdn_geo_version": text_column([__version__]),
        "georeferencing": text_column([findings.georeferencing]),
        "notes": text_column([" ".join(findings.notes)]),
    }
    return Table(
        name="searched_area",
        geometry=_footprints(area, findings.grid, lonlat=lonlat),
        geometry_type="MultiPolygon",
        crs=findings.grid.lonlat_crs if lonlat else findings.grid.crs,
        columns=columns,
    )


def _boxes(findings: Findings) -> NDArray[np.object_]:
    """Windows in pixels, in order, clipped to the scene, (looks,)."""
    looks = sorted(findings.looks, key=lambda look: look.order)
    windows = [look.window for look in looks]
    xyxy = np.array([(w.col_off, w.row_off, w.col_end, w.row_end) for w in windows], dtype=float)
    x0, y0, x1, y1 = xyxy.reshape(-1, 4).T
    width, height = findings.grid.width, findings.grid.height
    return np.asarray(
        shapely.box(x0.clip(0, width), y0.clip(0, height), x1.clip(0, width), y1.clip(0, height))
    )


def _footprints(
    polygons: NDArray[np.object_], grid: PixelGrid, *, lonlat: bool
) -> NDArray[np.object_]:
    """Pixel polygons on the map, their edges as curved as the map makes them."""
    is_affine = isinstance(grid.mapping, AffineMapping)
    if grid.is_georeferenced and (lonlat or not is_affine):
        step = _PROJECTED_STEP_PX if is_affine else _CURVED_STEP_PX
        polygons = np.asarray(shapely.segmentize(polygons, step))
    return place(polygons, grid, lonlat=lonlat)
