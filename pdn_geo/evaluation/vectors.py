"""Vector files as they are: geometries, attributes, and whether they speak of pixels."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from pdn_geo.errors import VectorError

Coordinates = Literal["auto", "pixels", "crs"]

_GEOJSON = {".geojson", ".json"}
_COLLECTION = shapely.GeometryType.GEOMETRYCOLLECTION
_PIXEL_NOTE = re.compile(r'"coordinate\w*": *"pixel|coordinates are pixels', re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer. `source`: its file, for messages. `geometry`: (N,) shapely, two-dimensional,
    valid, none missing or empty. `fields`: name to an array (N,). `crs`: None when the
    coordinates are scene pixels.
    """

    source: str
    geometry: NDArray[np.object_]
    fields: dict[str, NDArray[Any]] = field(default_factory=dict)
    crs: CRS | None = None

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A numeric attribute (N,); NaN where it is missing. VectorError if it is text."""
        column = self.fields.get(name)
        if column is None:
            return np.full(len(self.geometry), np.nan)
        try:
            return np.asarray(column, dtype=np.float64)
        except (TypeError, ValueError):
            raise VectorError(f"{self.source}: attribute {name!r} is not a number") from None

    def words(self, name: str) -> list[str]:
        """A text attribute in lower case, "" where it is missing."""
        column = self.fields.get(name)
        if column is None:
            return [""] * len(self.geometry)
        return [value.strip().lower() if isinstance(value, str) else "" for value in column]


def layer_names(path: Path) -> list[str]:
    """The layers with geometry. VectorError when the file is missing or not a vector file."""
    import pyogrio

    if not path.exists():
        raise VectorError(f"{path}: no such file")
    if path.suffix.lower() == ".parquet":
        return [path.stem]
    try:
        layers = pyogrio.list_layers(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise VectorError(f"{path}: not a readable vector file") from error
    return [str(name) for name, kind in layers if kind is not None]


def read_layer(path: Path, name: str | None = None, coordinates: Coordinates = "auto") -> Layer:
    """Read one layer (the only one when `name` is None).

    Coordinates are scene pixels when the caller says so, and with "auto" when the file has
    no CRS, when a GeoJSON's own header says ``"coordinates": "pixel ..."`` (or another member
    that begins with `coordinate`) or "coordinates are pixels", when its hulls have a
    `beam_px`, or when a geographic CRS meets numbers that are no degrees. GeoJSON
    readers claim WGS 84 for all of these.
    """
    geometry, fields, crs = _read(path, name)
    if coordinates == "pixels" or (
        coordinates == "auto" and _is_pixels(path, geometry, fields, crs)
    ):
        crs = None
    elif crs is None:
        raise VectorError(f"{path}: has no CRS; its coordinates can only be scene pixels")
    return Layer(str(path), geometry, fields, crs)


def choose_layer(path: Path, wanted: str | None, preferred: Sequence[str]) -> str:
    """`wanted` if it exists, else the first of `preferred` that does, else the only layer."""
    names = layer_names(path)
    if wanted is not None:
        if wanted not in names:
            raise VectorError(f"{path}: no layer {wanted!r}; it has {', '.join(names) or 'none'}")
        return wanted
    for name in preferred:
        if name in names:
            return name
    if not names:
        raise VectorError(f"{path}: has no layer with geometry")
    if len(names) > 1:
        raise VectorError(f"{path}: which layer? it has {', '.join(names)}")
    return names[0]


def _read(
    path: Path, name: str | None
) -> tuple[NDArray[np.object_], dict[str, NDArray[Any]], CRS | None]:
    import pyogrio

    try:
        if path.suffix.lower() == ".parquet":
            geometry, fields, crs = _read_parquet(path)
        else:
            meta, _, wkb, columns = pyogrio.raw.read(path, layer=name, force_2d=True)
            geometry = shapely.from_wkb(wkb)
            fields = dict(zip(meta["fields"].tolist(), columns, strict=True))
            crs = CRS(meta["crs"]) if meta["crs"] else None
    except (OSError, ValueError, RuntimeError, shapely.errors.ShapelyError, CRSError) as error:
        reason = " ".join(str(error).split())
        raise VectorError(f"{path}: cannot be read: {reason}") from error
    if crs is not None and crs.is_engineering:
        crs = None
    kept = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    geometry = geometry[kept]
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise VectorError(f"{path}: has coordinates that are not numbers")
    geometry = _simple(shapely.make_valid(geometry))
    return geometry, {key: np.asarray(column)[kept] for key, column in fields.items()}, crs


def _read_parquet(path: Path) -> tuple[NDArray[np.object_], dict[str, NDArray[Any]], CRS | None]:
    """GeoParquet by geopandas: GDAL's own driver is missing from the pyogrio wheels."""
    import geopandas

    frame = geopandas.read_parquet(path)
    geometry = shapely.force_2d(np.asarray(frame.geometry.array, dtype=object))
    columns = frame.drop(columns=frame.geometry.name)
    return geometry, {str(name): columns[name].to_numpy() for name in columns}, frame.crs


def _simple(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Collections (also what is left of a mended polygon) cut down to their largest kind:
    overlap is not defined for a mixture of areas and lines.
    """
    for index in np.flatnonzero(shapely.get_type_id(geometry) == _COLLECTION):
        parts = shapely.get_parts(geometry[index])
        dimension = shapely.get_dimensions(parts)
        geometry[index] = shapely.union_all(parts[dimension == dimension.max()])
    return geometry


def _is_pixels(
    path: Path, geometry: NDArray[np.object_], fields: dict[str, NDArray[Any]], crs: CRS | None
) -> bool:
    if crs is None:
        return True
    if path.suffix.lower() in _GEOJSON and ("beam_px" in fields or _says_pixels(path)):
        return True
    if not crs.is_geographic or not len(geometry):
        return False
    left, top, right, bottom = shapely.total_bounds(geometry)
    return bool(max(abs(left), abs(right)) > 360 or max(abs(top), abs(bottom)) > 90)


def _says_pixels(path: Path) -> bool:
    """Whether the members beside the features say so; not, for a sequence of features."""
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    header.pop("features", None)
    return _PIXEL_NOTE.search(json.dumps(header)) is not None
