"""An xarray DataArray as a source of raw pixels; lazy ones are read window by window."""

from typing import Any

import numpy as np
from affine import Affine

from pdn_geo.errors import SceneError
from pdn_geo.geometry import Window
from pdn_geo.grid import PixelGrid
from pdn_geo.io.bands import BandChoice
from pdn_geo.io.dataset import Raw
from pdn_geo.io.georef import locate
from pdn_geo.io.header import Header
from pdn_geo.io.limits import check_size
from pdn_geo.io.reasons import one_line

_Y_NAMES = ("y", "lat", "latitude", "row", "rows")
_X_NAMES = ("x", "lon", "longitude", "col", "cols")
_BLOCK = 512
_REGULAR = 1e-3


def is_dataarray(source: object) -> bool:
    """Without importing xarray for those who do not use it."""
    return type(source).__module__.startswith("xarray.") and hasattr(source, "isel")


class ArraySource:
    """A DataArray with dims (band, y, x) or (y, x), in any order, with or without a CRS.

    The array is never loaded as a whole: each window is an `isel`, computed on its own.
    """

    path = None

    def __init__(self, array: Any, name: str) -> None:
        if not hasattr(array, "dims") or hasattr(array, "data_vars"):
            raise SceneError(name, "is not a DataArray; choose a variable of the Dataset")
        y, x = _spatial_dims(array, name)
        others = [dim for dim in array.dims if dim not in (y, x)]
        extra = [dim for dim in others if array.sizes[dim] > 1]
        if len(extra) > 1:
            raise SceneError(name, f"has the dimensions {array.dims}; expected (band, y, x)")
        self._band = extra[0] if extra else next(iter(others), None)
        array = array.isel({dim: 0 for dim in others if dim != self._band})
        self._array = array.transpose(*([self._band] if self._band else []), y, x)
        self._y, self._x = y, x
        self.header = self._header(name)

    def _header(self, name: str) -> Header:
        array = self._array
        count = array.sizes[self._band] if self._band else 1
        height, width = array.sizes[self._y], array.sizes[self._x]
        check_size(name, width=width, height=height, bands=count)
        if array.dtype.kind not in "biufc":
            raise SceneError(name, f"holds {array.dtype} values, not numbers")
        names = self._band_names(count)
        chunks = dict(zip(array.dims, array.chunks or (), strict=False))
        wanted = array.encoding.get("preferred_chunks", {})
        rows, cols = (
            chunks[dim][0] if dim in chunks else wanted.get(dim, _BLOCK)
            for dim in (self._y, self._x)
        )
        return Header(
            height=height,
            width=width,
            dtypes=(str(array.dtype),) * count,
            descriptions=names,
            colour=self._colour(names),
            nodata=(self._nodata(),) * count,
            block_shape=(min(rows, height), min(cols, width)),
            storage=("xarray", "lazy" if array.chunks else "in memory or read on demand"),
        )

    def _colour(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Of three or four bytes without names the first three are red, green and blue, as for
        GDAL's GeoTIFF driver: rioxarray does not say what bands show.
        """
        stored = self._array.encoding.get("rasterio_dtype", self._array.dtype)
        if len(names) in (3, 4) and not any(names) and np.dtype(stored) == np.uint8:
            return ("red", "green", "blue", "undefined")[: len(names)]
        return ("gray",) if len(names) == 1 else ("undefined",) * len(names)

    def _band_names(self, count: int) -> tuple[str, ...]:
        names = self._array.attrs.get("long_name")
        if self._band in self._array.coords and self._array[self._band].dtype.kind in "UO":
            names = [str(value) for value in self._array[self._band].values]
        if isinstance(names, str):
            names = [names]
        if names is None or len(names) != count:
            return ("",) * count
        return tuple(str(n or "") for n in names)

    def _nodata(self) -> float | None:
        for place in (self._array.attrs, self._array.encoding):
            for key in ("_FillValue", "nodata", "missing_value"):
                if isinstance(place.get(key), int | float | np.number):
                    return float(place[key])
        return None

    def locate(self, gsd_m: float | None) -> tuple[PixelGrid, list[str]]:
        import rioxarray  # noqa: F401  # registers .rio

        array = self._array.rio.set_spatial_dims(x_dim=self._x, y_dim=self._y)
        crs, transform, note = None, Affine.identity(), ""
        try:
            crs = array.rio.crs.to_wkt() if array.rio.crs else None
            transform, note = self._transform(array)
            gcps = array.rio.get_gcps() or ()
        except Exception as error:  # a broken grid mapping fails in rasterio's own ways
            gcps, note = (), f"a grid mapping that cannot be read ({one_line(str(error))})"
        return locate(
            height=self.header.height,
            width=self.header.width,
            transform=transform,
            crs=crs,
            gcps=gcps,
            note=note,
            gsd_m=gsd_m,
        )

    def _transform(self, array: Any) -> tuple[Affine, str]:
        """From the coordinates, which slicing keeps true, else from the grid mapping."""
        have_coordinates = True
        for dim in (self._x, self._y):
            if dim not in array.coords or array.sizes[dim] < 2:
                have_coordinates = False
                continue
            steps = np.diff(np.asarray(array.coords[dim].values, dtype=np.float64))
            if not np.allclose(steps, steps.mean(), rtol=_REGULAR, atol=0):
                return Affine.identity(), f"coordinates of {dim} that are not evenly spaced"
        return array.rio.transform(recalc=have_coordinates), ""

    def read(self, choice: BandChoice, window: Window, level: int | None = None) -> Raw:
        assert level is None, "a DataArray has no stored overviews"
        rows, cols = window.slices
        part = self._array.isel({self._y: rows, self._x: cols})
        if self._band is None:
            return Raw(np.asarray(part.values)[None])
        return Raw(np.asarray(part.isel({self._band: [i - 1 for i in choice.indexes]}).values))

    def size(self, level: int) -> tuple[int, int]:
        raise AssertionError("a DataArray has no stored overviews")

    def close(self) -> None:
        """The array belongs to the caller."""


def _spatial_dims(array: Any, name: str) -> tuple[str, str]:
    if array.ndim < 2:
        raise SceneError(name, f"has the dimensions {array.dims}; expected (band, y, x)")
    y = next((d for d in array.dims if str(d).lower() in _Y_NAMES), array.dims[-2])
    x = next((d for d in array.dims if str(d).lower() in _X_NAMES), array.dims[-1])
    return y, x
