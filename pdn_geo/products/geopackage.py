"""GeoPackage: boats, looks and what was searched in the scene's CRS, styled for QGIS."""

from pathlib import Path
from typing import Any

from pdn_geo.products import qml
from pdn_geo.products.account import account
from pdn_geo.products.georeference import georeference
from pdn_geo.products.layer_styles import write_layer_styles
from pdn_geo.products.ogr import UNDEFINED_CARTESIAN, crs_text, text_metadata, write_layer
from pdn_geo.products.result import Findings
from pdn_geo.products.searched_area import looks_table, searched_area_table
from pdn_geo.products.styles import layer_styles
from pdn_geo.products.unsearched import unsearched_table

_TITLES = {
    "detections": "Boats in {scene}",
    "looks": "Where {scene} was looked at, in order",
    "unsearched": "Where {scene} was not looked at",
    "searched_area": "Searched area of {scene}",
}


def write_geopackage(findings: Findings, path: Path) -> None:
    """A new file at `path`; the account of the run is the metadata of `searched_area`.

    Not of the file as a whole: GDAL copies that into an .aux.xml beside it at every reading. Each
    layer has its default style for QGIS in the table `layer_styles`.
    """
    note = "" if findings.grid.is_georeferenced else f" Georeferencing: {findings.georeferencing}."
    for make in (georeference, looks_table, unsearched_table, searched_area_table):
        table = make(findings)
        extra: dict[str, Any] = {}
        if not path.exists():
            # GDAL's default, 1.4, makes the QGIS of stable distributions warn
            extra["dataset_options"] = {"VERSION": "1.3"}
        if table.name == "searched_area":
            extra["layer_metadata"] = text_metadata(account(findings))
        title = _TITLES[table.name].format(scene=findings.scene)
        write_layer(
            path,
            table,
            driver="GPKG",
            crs=crs_text(table.crs) or UNDEFINED_CARTESIAN,
            append=path.exists(),
            **extra,
            layer_options={"IDENTIFIER": table.name, "DESCRIPTION": f"{title}.{note}"},
        )
    styles = layer_styles(findings)
    texts = {name: (qml.to_text(style), about) for name, (style, about) in styles.items()}
    write_layer_styles(path, texts)
