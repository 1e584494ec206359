"""GeoJSON as RFC 7946 has it: WGS 84 longitude and latitude, right-hand rule, no CRS."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.geometry.polygon import orient

from pdn_geo.products.account import account, known
from pdn_geo.products.georeference import georeference
from pdn_geo.products.lonlat import cut, parts_of
from pdn_geo.products.result import Findings
from pdn_geo.products.searched_area import searched_area_table
from pdn_geo.products.table import Table

_DEGREE_DECIMALS = 7
"""About a centimetre."""
_PIXEL_DECIMALS = 3


def write_geojson(findings: Findings, path: Path) -> None:
    """A new file at `path`: one feature a boat, one line a feature.

    Two foreign members: ``pdn_geo``, the account of the run and what the coordinates mean,
    and ``searched_area``, a geometry. Without georeferencing coordinates are pixels, which
    RFC 7946 does not know; on another body they are its own longitude and latitude.
    """
    georeferenced = findings.grid.is_georeferenced
    table = georeference(findings, lonlat=True)
    area = searched_area_table(findings, lonlat=True).geometry[0]
    head = {**account(findings), "coordinates": _coordinates(findings)}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"type": "FeatureCollection",\n"pdn_geo": {_text(head)},\n"features": [')
        for i in range(len(table)):
            feature = {
                "type": "Feature",
                "geometry": _geometry(table.geometry[i], georeferenced),
                "properties": _properties(table, i),
            }
            file.write(",\n" if i else "\n")
            file.write(_text(feature))
        file.write(f'\n],\n"searched_area": {_text(_geometry(area, georeferenced))}}}\n')


def _geometry(polygon: Polygon | MultiPolygon | None, georeferenced: bool) -> Any:
    """A geometry object: cut at the antimeridian, rounded, outer rings counter-clockwise."""
    if polygon is None:
        return None
    decimals = _DEGREE_DECIMALS if georeferenced else _PIXEL_DECIMALS
    parts = [
        orient(shapely.transform(part, lambda xy: np.round(xy, decimals)))
        for part in (cut(polygon) if georeferenced else parts_of(polygon))
    ]
    is_one = len(parts) == 1 and isinstance(polygon, Polygon)
    return mapping(parts[0] if is_one else MultiPolygon(parts))


def _properties(table: Table, i: int) -> dict[str, Any]:
    """The attributes of one row as plain values; None where unknown."""
    values = {name: column[i] for name, column in table.columns.items()}
    return {
        name: known(value, 7)
        if isinstance(value, float)
        else getattr(value, "item", value.__str__)()
        for name, value in values.items()
    }


def _coordinates(findings: Findings) -> str:
    grid = findings.grid
    if grid.lonlat_crs is None:
        return "pixels of the scene, x right, y down, from its top-left corner; not degrees"
    if grid.is_on_earth:
        return "longitude and latitude, WGS 84"
    return f"longitude and latitude, {grid.lonlat_crs.name}; not on Earth"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
