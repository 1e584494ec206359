"""A QGIS project: the scene under its boats, ready to open."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from pyproj import CRS

from pdn_geo.errors import OptionError
from pdn_geo.io import open_scene
from pdn_geo.products import qgis_rasters, qml
from pdn_geo.products.atomic import complete_or_absent
from pdn_geo.products.result import Findings
from pdn_geo.products.styles import layer_styles
from pdn_geo.products.write import PathLike

_TITLES = {
    "detections": "Boats",
    "looks": "Looks, in order",
    "unsearched": "Not searched",
    "searched_area": "Searched",
}
_GROUPS = {
    "Boats": ("detections",),
    "Search": ("looks", "unsearched", "searched_area", "saliency"),
    "Scene": ("scene",),
}
_VSI = {"http://": "/vsicurl/http://", "https://": "/vsicurl/https://", "s3://": "/vsis3/",
        "gs://": "/vsigs/", "az://": "/vsiaz/"}  # fmt: skip
"""Remote scenes as GDAL names them: QGIS knows no other way."""
_DATE = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """name: unique in the project. source: as QGIS writes it. style: children and
    attributes of its own, None to leave it to QGIS.
    """

    name: str
    title: str
    kind: str
    provider: str
    source: str
    crs: CRS | None
    style: Element | None
    shown: bool = True


def write_qgis_project(
    path: PathLike,
    findings: Findings,
    *,
    geopackage: PathLike,
    saliency: PathLike | None = None,
) -> None:
    """Write a .qgz that shows the layers of `geopackage` over the scene they come from.

    geopackage: of these findings, already written. saliency: a map from `pdn-geo saliency`,
    switched off at first. Files are named relative to the project, so that a folder can be
    moved as a whole. Map CRS and first view are the scene's. The same findings give the
    same bytes.

    Raises as `check_qgis_project`, SceneError when the scene is no file that can be opened
    again, and OutputError.
    """
    check_qgis_project(path, findings)
    folder = Path(path).absolute().parent
    layers = [*_vector_layers(findings, folder, geopackage)]
    if saliency is not None:
        layers.append(_saliency_layer(folder, saliency))
    layers.append(_scene_layer(findings, folder))
    text = qml.to_text(_project(findings, layers))
    with complete_or_absent(path) as place, ZipFile(place, "w", ZIP_DEFLATED) as archive:
        archive.writestr(ZipInfo(f"{Path(path).stem}.qgs", _DATE), text, ZIP_DEFLATED)


def check_qgis_project(path: PathLike, findings: Findings) -> None:
    """Raises OptionError for another extension than .qgz and for a scene without
    georeferencing: QGIS draws its rows downwards and the y of its boats upwards.
    """
    if Path(path).suffix.lower() != ".qgz":
        raise OptionError(f"{path}: a QGIS project must end in .qgz")
    if findings.grid.crs is None:
        raise OptionError(f"{path}: no QGIS project, as {findings.scene} has no georeferencing")


def _vector_layers(findings: Findings, folder: Path, geopackage: PathLike) -> Iterator[_Layer]:
    file = _seen_from(folder, os.fspath(geopackage))
    for name, (style, _) in layer_styles(findings).items():
        yield _Layer(
            name=name,
            title=_TITLES[name],
            kind="vector",
            provider="ogr",
            source=f"{file}|layername={name}",
            crs=findings.grid.crs,
            style=style,
        )


def _saliency_layer(folder: Path, saliency: PathLike) -> _Layer:
    with open_scene(saliency) as raster:
        style, crs = qgis_rasters.saliency_style(raster), raster.grid.crs
    return _Layer(
        name="saliency",
        title="Saliency: boats expected in a cell",
        kind="raster",
        provider="gdal",
        source=_seen_from(folder, os.fspath(saliency)),
        crs=crs,
        style=style,
        shown=False,
    )


def _scene_layer(findings: Findings, folder: Path) -> _Layer:
    with open_scene(findings.scene) as raster:
        style, crs = qgis_rasters.scene_style(raster), raster.grid.crs
    return _Layer(
        name="scene",
        title=Path(findings.scene).name,
        kind="raster",
        provider="gdal",
        source=_seen_from(folder, findings.scene),
        crs=crs,
        style=style,
    )


def _seen_from(folder: Path, source: str) -> str:
    """A file relative to the project's folder; anything else as GDAL names it."""
    if not os.path.exists(source):  # noqa: PTH110  # a URL or a name of GDAL's is no Path
        start = next((start for start in _VSI if source.startswith(start)), None)
        return source if start is None else _VSI[start] + source[len(start) :]
    try:
        relative = Path(os.path.relpath(source, folder)).as_posix()
    except ValueError:  # another drive
        return Path(source).absolute().as_posix()
    return relative if relative.startswith("../") else f"./{relative}"


def _project(findings: Findings, layers: Sequence[_Layer]) -> Element:
    crs = findings.grid.crs
    assert crs is not None
    root = Element("qgis", version="3.22.0", projectname=f"Boats in {Path(findings.scene).name}")
    SubElement(root, "title").text = f"Boats in {Path(findings.scene).name}"
    SubElement(root, "projectCrs").append(_crs(crs))
    root.append(_tree(layers))
    canvas = SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    bounds = _bounds(findings)
    extent = SubElement(canvas, "extent")
    for name, value in bounds.items():
        SubElement(extent, name).text = value
    SubElement(canvas, "destinationsrs").append(_crs(crs))
    all_layers = SubElement(root, "projectlayers")
    for layer in layers:
        all_layers.append(_map_layer(layer))
    properties = SubElement(root, "properties")
    SubElement(SubElement(properties, "Paths"), "Absolute", type="bool").text = "false"
    projected = SubElement(properties, "SpatialRefSys")
    SubElement(projected, "ProjectionsEnabled", type="int").text = "1"
    view = SubElement(root, "ProjectViewSettings")
    SubElement(view, "DefaultViewExtent", bounds).append(_crs(crs))
    return root


def _tree(layers: Sequence[_Layer]) -> Element:
    """The layer panel: groups, the topmost first."""
    named = {layer.name: layer for layer in layers}
    root = Element("layer-tree-group")
    for title, names in _GROUPS.items():
        group = SubElement(
            root, "layer-tree-group", name=title, checked="Qt::Checked", expanded="1"
        )
        for layer in (named[name] for name in names if name in named):
            SubElement(
                group,
                "layer-tree-layer",
                id=_id(layer),
                name=layer.title,
                providerKey=layer.provider,
                source=layer.source,
                checked="Qt::Checked" if layer.shown else "Qt::Unchecked",
                expanded="1" if layer.name == "detections" else "0",
            )
    return root


def _map_layer(layer: _Layer) -> Element:
    element = Element("maplayer", type=layer.kind)
    SubElement(element, "id").text = _id(layer)
    SubElement(element, "datasource").text = layer.source
    SubElement(element, "layername").text = layer.title
    SubElement(element, "provider", encoding="UTF-8").text = layer.provider
    if layer.crs is not None:
        SubElement(element, "srs").append(_crs(layer.crs))
    if layer.style is not None:
        element.attrib.update(layer.style.attrib)
        element.extend(layer.style)
    return element


def _id(layer: _Layer) -> str:
    return f"pdn_geo_{layer.name}"


def _crs(crs: CRS) -> Element:
    element = Element("spatialrefsys")
    SubElement(element, "wkt").text = crs.to_wkt("WKT2_2019")
    authority = crs.to_authority(min_confidence=100)
    SubElement(element, "authid").text = ":".join(authority) if authority else ""
    return element


def _bounds(findings: Findings) -> dict[str, str]:
    """The scene's, in its CRS, found along its edge."""
    grid = findings.grid
    t = np.linspace(0, 1, 33)
    x = np.concatenate([t, np.ones_like(t), t, np.zeros_like(t)]) * grid.width
    y = np.concatenate([np.zeros_like(t), t, np.ones_like(t), t]) * grid.height
    crs_x, crs_y = grid.to_crs(x, y)
    known = np.isfinite(crs_x) & np.isfinite(crs_y)
    values = {
        "xmin": crs_x[known].min(initial=math.inf),
        "ymin": crs_y[known].min(initial=math.inf),
        "xmax": crs_x[known].max(initial=-math.inf),
        "ymax": crs_y[known].max(initial=-math.inf),
    }
    return {name: repr(float(value)) for name, value in values.items()}
