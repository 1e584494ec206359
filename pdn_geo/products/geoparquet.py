"""GeoParquet 1.1: the detections in the scene's CRS, for data frames and databases."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from pdn_geo.products.account import account
from pdn_geo.products.georeference import georeference
from pdn_geo.products.result import Findings
from pdn_geo.products.table import Table


def write_geoparquet(findings: Findings, path: Path) -> None:
    """A new file at `path`; the account of the run is in its metadata as ``pdn_geo``.

    Written with pyarrow alone: it keeps the types of an empty table, which a data frame
    forgets, and reproduces its bytes.
    """
    from pyarrow import Table as ArrowTable
    from pyarrow import array, binary, bool_, float64, int32, parquet, string

    types = {"f": float64(), "i": int32(), "b": bool_(), "O": string()}
    table = georeference(findings)
    columns = {
        name: array(values, type=types[values.dtype.kind], from_pandas=True)
        for name, values in table.columns.items()
    }
    columns["geometry"] = array(table.wkb(), type=binary())
    metadata = {"geo": _geo(table), "pdn_geo": account(findings)}
    texts = {name: json.dumps(value, ensure_ascii=False) for name, value in metadata.items()}
    parquet.write_table(ArrowTable.from_pydict(columns).replace_schema_metadata(texts), path)


def _geo(table: Table) -> dict[str, Any]:
    """The file's ``geo`` metadata (geoparquet.org, version 1.1.0)."""
    placed = [polygon for polygon in table.geometry if polygon is not None]
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({polygon.geom_type for polygon in placed}),
        "crs": None if table.crs is None else table.crs.to_json_dict(),
    }
    if placed:
        column["bbox"] = [float(v) for v in shapely.total_bounds(np.array(placed, dtype=object))]
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
