"""GeoPackage: detections, looks and the searched area in the scene's CRS."""

from pathlib import Path
from typing import Any

from pdn_geo.products.account import account
from pdn_geo.products.georeference import georeference
from pdn_geo.products.ogr import UNDEFINED_CARTESIAN, crs_text, text_metadata, write_layer
from pdn_geo.products.result import Findings
from pdn_geo.products.searched_area import looks_table, searched_area_table

_TITLES = {
    "detections": "Boats in {scene}",
    "looks": "Where {scene} was looked at, in order",
    "searched_area": "Searched area of {scene}",
}


def write_geopackage(findings: Findings, path: Path) -> None:
    """A new file at `path`; the account of the run is its metadata."""
    note = "" if findings.grid.is_georeferenced else f" Georeferencing: {findings.georeferencing}."
    for make in (georeference, looks_table, searched_area_table):
        table = make(findings)
        created: dict[str, Any] = (
            {}
            if path.exists()
            else {
                "dataset_metadata": text_metadata(account(findings)),
                # GDAL's default, 1.4, makes the QGIS of stable distributions warn
                "dataset_options": {"VERSION": "1.3"},
            }
        )
        title = _TITLES[table.name].format(scene=findings.scene)
        write_layer(
            path,
            table,
            driver="GPKG",
            crs=crs_text(table.crs) or UNDEFINED_CARTESIAN,
            append=path.exists(),
            **created,
            layer_options={"IDENTIFIER": table.name, "DESCRIPTION": f"{title}.{note}"},
        )
