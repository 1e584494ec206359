"""Where the whole scene lies."""

import numpy as np
import shapely

from pdn_geo.grid import PixelGrid
from pdn_geo.products.georeference import place

_EDGE_PARTS = 16
"""The scene's edges are curves in degrees: each gets this many vertices at least."""


def scene_outline(grid: PixelGrid) -> shapely.Polygon | None:
    """The scene's edge in longitude and latitude, which run on across the antimeridian.

    None without georeferencing, on another body, and where part of it is off the map.
    """
    if not grid.is_georeferenced or not grid.is_on_earth:
        return None
    edge = np.empty(1, dtype=object)
    edge[0] = shapely.box(0, 0, grid.width, grid.height)
    edge = np.asarray(shapely.segmentize(edge, min(grid.width, grid.height) / _EDGE_PARTS))
    placed: shapely.Polygon | None = place(edge, grid, lonlat=True)[0]
    return placed
