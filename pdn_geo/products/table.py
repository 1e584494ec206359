"""A layer in memory: polygons and their attributes, before any file format."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """N features.

    geometry: shapely polygons, None where a place is off the map. geometry_type:
    "Polygon" or "MultiPolygon". crs: None for pixel coordinates. columns: name to (N,)
    float64 (NaN where unknown), int32, bool, or str as object.
    """

    name: str
    geometry: NDArray[np.object_]
    geometry_type: str
    crs: CRS | None
    columns: dict[str, NDArray[Any]]

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.columns.items()}
        if set(lengths.values()) - {len(self.geometry)}:
            raise ValueError(f"columns must have {len(self.geometry)} rows, got {lengths}")

    def __len__(self) -> int:
        return len(self.geometry)

    def wkb(self) -> NDArray[np.object_]:
        """Geometries as little-endian ISO WKB, None where there is none."""
        return np.asarray(shapely.to_wkb(self.geometry, flavor="iso", byte_order=1), dtype=object)

    def to_geodataframe(self) -> "GeoDataFrame":
        """The same as a GeoDataFrame; its `crs` is None for pixel coordinates."""
        from geopandas import GeoDataFrame

        return GeoDataFrame(self.columns, geometry=self.geometry, crs=self.crs)


def text_column(values: list[str]) -> NDArray[np.object_]:
    """An object column, (N,), also when it is empty."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
