"""Where the run did not look: the rest of the scene, as one polygon."""

import numpy as np
import shapely
from shapely.geometry import MultiPolygon

from pdn_geo.grid import AffineMapping
from pdn_geo.products.georeference import place
from pdn_geo.products.lonlat import parts_of
from pdn_geo.products.result import Findings
from pdn_geo.products.table import Table

_CURVED_STEP_PX = 64
"""As in `searched_area`: a vertex this often where a straight edge is none on the map."""


def unsearched_table(findings: Findings) -> Table:
    """One row in the scene's CRS: the scene less all looks, land and nodata included.

    An empty multipolygon where everything was searched.
    """
    grid = findings.grid
    windows = [look.window for look in findings.looks]
    looks = [shapely.box(w.col_off, w.row_off, w.col_end, w.row_end) for w in windows]
    scene = shapely.box(0, 0, grid.width, grid.height)
    rest = shapely.normalize(shapely.difference(scene, shapely.union_all(looks)))
    if not isinstance(grid.mapping, AffineMapping):
        rest = shapely.segmentize(rest, _CURVED_STEP_PX)
    area = np.empty(1, dtype=object)
    area[0] = MultiPolygon(parts_of(rest))
    columns = {
        "scene_share": np.array([round(rest.area / scene.area, 6)]),
        "expected_missed": np.array([round(findings.expected_missed, 4)]),
        "missed_at_most": np.array([float(findings.missed_at_most)]),
    }
    return Table(
        name="unsearched",
        geometry=place(area, grid, lonlat=False),
        geometry_type="MultiPolygon",
        crs=grid.crs,
        columns=columns,
    )
