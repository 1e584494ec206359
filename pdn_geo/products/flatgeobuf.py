"""FlatGeobuf: the detections in the scene's CRS, with a spatial index."""

import json
from pathlib import Path

from pdn_geo.products.account import account
from pdn_geo.products.georeference import georeference
from pdn_geo.products.ogr import crs_text, write_layer
from pdn_geo.products.result import Findings


def write_flatgeobuf(findings: Findings, path: Path) -> None:
    """A new file at `path`; its description is the account of the run as JSON."""
    table = georeference(findings)
    all_placed = all(polygon is not None for polygon in table.geometry)
    options = {
        "TITLE": f"Boats in {findings.scene}",
        "DESCRIPTION": json.dumps(account(findings), ensure_ascii=False),
        "SPATIAL_INDEX": "YES" if all_placed else "NO",  # the index takes no missing places
    }
    write_layer(path, table, driver="FlatGeobuf", crs=crs_text(table.crs), layer_options=options)
