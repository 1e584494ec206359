"""A STAC Item that describes one run: where, from what, with what, what came out."""

import json
import math
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, mapping
from shapely.geometry.polygon import orient

from pdn_geo.grid import PixelGrid
from pdn_geo.io.acquired import Acquired
from pdn_geo.products.account import account
from pdn_geo.products.atomic import complete_or_absent
from pdn_geo.products.lonlat import cut
from pdn_geo.products.ogr import crs_text
from pdn_geo.products.outline import scene_outline
from pdn_geo.products.result import Findings
from pdn_geo.products.write import PathLike
from pdn_geo.versions import versions

_EXTENSIONS = "https://stac-extensions.github.io"
_PROCESSING = f"{_EXTENSIONS}/processing/v1.1.0/schema.json"
_PROJECTION = f"{_EXTENSIONS}/projection/v2.0.0/schema.json"

_MEDIA_TYPES = {
    ".fgb": "application/vnd.flatgeobuf",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
    ".jp2": "image/jp2",
    ".json": "application/geo+json",
    ".parquet": "application/vnd.apache.parquet",
    ".qgz": "application/zip",
    ".tif": "image/tiff; application=geotiff",
    ".tiff": "image/tiff; application=geotiff",
}
_ROLES = {".png": "overview", ".html": "metadata", ".qgz": "metadata"}
_DECIMALS = 7
"""About a centimetre."""


def write_stac_item(
    findings: Findings,
    path: PathLike,
    *,
    outputs: Sequence[PathLike] = (),
    acquired: Acquired | None = None,
) -> None:
    """Write `stac_item` to a file, with the time of writing. Raises OutputError."""
    item = stac_item(findings, path, outputs=outputs, acquired=acquired, now=datetime.now(UTC))
    with complete_or_absent(path) as place:
        place.write_text(
            json.dumps(item, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
            encoding="utf-8",
        )


def stac_item(
    findings: Findings,
    path: PathLike,
    *,
    outputs: Sequence[PathLike] = (),
    acquired: Acquired | None = None,
    now: datetime,
) -> dict[str, Any]:
    """The run as a STAC 1.1 Item.

    path: where the Item will lie: its stem is the id, and links are relative to it. outputs:
    files that the run wrote. acquired: when the scene was taken; without it, `datetime` is
    `now`, the time of the run, and ``pdn_geo:datetime_source`` says so.

    The footprint is the scene's outline in longitude and latitude (RFC 7946), null without
    georeferencing or on another body. The MLM extension is for Items that are models: a
    run only names the one it used, in fields of the same name, and does not declare it.
    """
    footprint = _footprint(findings.grid)
    georeferenced = findings.grid.is_georeferenced
    item: dict[str, Any] = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [_PROCESSING, *([_PROJECTION] if georeferenced else [])],
        "id": Path(path).stem,
        "geometry": mapping(footprint) if footprint is not None else None,
    }
    if footprint is not None:
        item["bbox"] = _bbox(footprint)
    told = account(findings)
    del told["pdn_geo_version"]  # processing:software has it
    properties = {
        **_times(acquired, now),
        **_processing(findings),
        **_projection(findings.grid),
        **{f"pdn_geo:{name}": value for name, value in told.items()},
    }
    item["properties"] = {k: v for k, v in properties.items() if v not in (None, "")}
    item["links"] = []
    item["assets"] = _assets(findings.scene, outputs, Path(path).absolute().parent)
    return item


def _footprint(grid: PixelGrid) -> MultiPolygon | shapely.Polygon | None:
    """The scene's outline as RFC 7946 has it, cut at the antimeridian."""
    outline = scene_outline(grid)
    if outline is None:
        return None
    parts = [
        orient(shapely.transform(part, lambda xy: np.round(xy, _DECIMALS))) for part in cut(outline)
    ]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _bbox(footprint: MultiPolygon | shapely.Polygon) -> list[float]:
    """West, south, east, north; west is greater than east across the antimeridian."""
    west, south, east, north = footprint.bounds
    if isinstance(footprint, MultiPolygon) and west == -180 and east == 180:
        bounds = [part.bounds for part in footprint.geoms]
        west = min(b[0] for b in bounds if b[2] == 180)
        east = max(b[2] for b in bounds if b[0] == -180)
    return [float(value) for value in (west, south, east, north)]


def _times(acquired: Acquired | None, now: datetime) -> dict[str, str]:
    if acquired is None:
        source = "the run: the scene does not say when it was taken"
    else:
        source = f"{acquired.tag} of the scene"
    return {
        "datetime": _rfc3339(acquired.time if acquired else now),
        "pdn_geo:datetime_source": source,
        "created": _rfc3339(now),
    }


def _rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _processing(findings: Findings) -> dict[str, Any]:
    lineage = f"Boats found in {findings.scene}, in {len(findings.looks)} looks at full resolution"
    if math.isfinite(findings.searched_share):
        lineage += f", which searched {findings.searched_share:.1%} of what could be searched"
    unused = {"torch", "ONNX Runtime"} if findings.model == "classical" else {"torch"}
    software = {name: v for name, v in versions().items() if v and name not in unused}
    return {
        "processing:software": software,
        "processing:lineage": f"{lineage}.",
        "mlm:name": re.sub(r"[^\w.-]+", "-", f"pdn-geo-{findings.model}", flags=re.ASCII),
        "mlm:tasks": ["object-detection"],
    }


def _projection(grid: PixelGrid) -> dict[str, Any]:
    """Size, CRS and transform of the scene, in the projection extension's words."""
    if grid.crs is None:
        return {}
    code = crs_text(grid.crs) or ""
    named = re.fullmatch(r"\w+:\w+", code) is not None
    transform = grid.transform
    return {
        "gsd": round(grid.gsd_m, 4) if math.isfinite(grid.gsd_m) else None,
        "proj:code" if named else "proj:wkt2": code,
        "proj:shape": [grid.height, grid.width],
        "proj:transform": None if transform is None else list(transform)[:6],
    }


def _assets(scene: str, outputs: Sequence[PathLike], folder: Path) -> dict[str, Any]:
    assets: dict[str, Any] = {}
    href = _scene_href(scene, folder)
    if href is not None:
        assets["scene"] = _asset(href, "source")
    for output in outputs:
        name = Path(output).name
        role = _ROLES.get(Path(output).suffix.lower(), "data")
        assets[name] = _asset(_href(Path(output), folder), role)
    return assets


def _asset(href: str, role: str) -> dict[str, Any]:
    media_type = _MEDIA_TYPES.get(Path(href).suffix.lower()) or guess_type(href)[0]
    return {"href": href, **({"type": media_type} if media_type else {}), "roles": [role]}


def _scene_href(scene: str, folder: Path) -> str | None:
    """Where the scene is; None for one that is not a file or a URL, as a DataArray."""
    url = scene.removeprefix("/vsicurl/")
    if "://" in url:
        return url
    return _href(Path(scene), folder) if Path(scene).is_file() else None


def _href(path: Path, folder: Path) -> str:
    """Relative to the Item's folder, so that both can be moved together."""
    try:
        return Path(os.path.relpath(path.absolute(), folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return path.absolute().as_uri()
