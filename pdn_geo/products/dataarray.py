"""A map of cells as an xarray DataArray that knows where it lies."""

from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from pdn_geo.grid import PixelGrid

if TYPE_CHECKING:
    from xarray import DataArray


def cells_to_dataarray(
    values: NDArray[np.float32], grid: PixelGrid, stride: int, *, name: str
) -> "DataArray":
    """Values per cell of `stride` x `stride` scene pixels as (y, x) with the scene's CRS.

    values: (rows, cols). Coordinates are cell centres in the CRS where the georeferencing
    is an affine transform without rotation; else in scene pixels, and a rotated transform
    is kept for rioxarray all the same.
    """
    import rioxarray  # noqa: F401  # registers the .rio accessor
    from xarray import DataArray

    rows, cols = values.shape
    x = (np.arange(cols) + 0.5) * stride
    y = (np.arange(rows) + 0.5) * stride
    transform = grid.transform
    if transform is not None and transform.b == transform.d == 0:
        x, y = transform.a * x + transform.c, transform.e * y + transform.f
    array = DataArray(values, dims=("y", "x"), coords={"y": y, "x": x}, name=name)
    if transform is not None and grid.crs is not None:
        array = array.rio.write_crs(grid.crs.to_wkt())
        array = array.rio.write_transform(transform * Affine.scale(stride))
    return array
